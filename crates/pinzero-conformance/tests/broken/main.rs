//! Who judges the judge: each trial has to fail on a backend that spoils what it is about, and on no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on shall panic")]

#[allow(missing_docs, unreachable_pub, reason = "it is a crate of its own elsewhere")]
#[path = "../../../../tests/third_party_backend/src/lib.rs"]
mod breadboard;
mod factory;
mod roles;
mod waves;

use std::any::Any;
use std::env;
use std::process::{Command, ExitCode};
use std::sync::PoisonError;
use std::thread;

use breadboard::Desk;
use factory::{Broken, Fault};
use libtest_mimic::{Arguments, Conclusion};
use pinzero_conformance::{Deviation, OtherProcess, Pulses, Rig, Suite, WiredPins, run};
use pinzero_core::mock::{self, MockGpio};
use pinzero_core::time::Instant;
use pinzero_core::{Bias, Error, Gpio, InputConfig, Level, Line, PinFactory, Result};

use Fault::*;
use waves::Wave;

/// What a rig sees of waves.
#[derive(Debug, Clone, Copy)]
enum Sight {
    /// What the backend has noted of them.
    Pulses,
    /// A record of levels.
    Changes,
    /// The level of the moment.
    Levels,
}

struct OnADesk {
    gpio: Gpio,
    desk: Desk,
    factory: Broken,
    sight: Sight,
}

impl OnADesk {
    fn new(fault: Fault, sight: Sight) -> Result<Self> {
        let desk = Desk::new();
        let factory = Broken::new(fault, &desk);
        Ok(OnADesk { gpio: Gpio::new(factory.clone())?, desk, factory, sight })
    }

    fn waves(&self, line: Line) -> Vec<Wave> {
        let waves = self.factory.waves.lock().unwrap_or_else(PoisonError::into_inner);
        waves.iter().copied().filter(|wave| wave.line == line).collect()
    }
}

impl Rig for OnADesk {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        [2, 3, 4, 5].map(Line).to_vec()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.factory.drive(line, level);
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        let wave = self.waves(line).pop().and_then(|wave| wave.level(self.gpio.now()));
        Ok(wave.unwrap_or_else(|| self.desk.level(line)))
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let mut changes = self.desk.changes(line);
        match self.sight {
            Sight::Pulses => {}
            Sight::Changes => {
                changes.extend(self.waves(line).iter().flat_map(|wave| wave.changes(self.gpio.now())));
                changes.sort_by_key(|(at, _)| *at);
            }
            Sight::Levels => return Ok(None),
        }
        Ok(Some(changes))
    }

    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let wave = self.waves(line).pop().filter(|wave| wave.to.is_none());
        Ok(wave.filter(|_| matches!(self.sight, Sight::Pulses)).map(|wave| wave.pulses))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(self.factory.another())))
    }

    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let config = InputConfig::new(Bias::AsIs);
        Ok(Some(Box::new(breadboard::Breadboard::new(&self.desk).open_input(line, config)?)))
    }
}

fn suite(fault: Fault) -> Suite {
    showing(Sight::Pulses, fault)
}

/// A suite whose rig sees waves like this.
fn showing(sight: Sight, fault: Fault) -> Suite {
    Suite::new("broken", move || OnADesk::new(fault, sight))
}

/// Runs one trial of a suite.
fn outcome(suite: &Suite, trial: &str) -> Conclusion {
    let thread = thread::current().id();
    // No colon, for the sake of Windows.
    let name = trial.replace("::", "-");
    let log = format!("{}/{name}-{thread:?}.log", env!("CARGO_TARGET_TMPDIR"));
    let arguments = Arguments {
        filter: Some(format!("broken::{trial}")),
        exact: true,
        test_threads: Some(1),
        logfile: Some(log),
        ..Arguments::default()
    };
    libtest_mimic::run(&arguments, suite.trials())
}

/// What is wrong, and a trial that is there to notice.
const FAULTS: &[(Fault, &str)] = &[
    (RefusesOutputs, "honesty::output"),
    (RefusesInputs, "honesty::input"),
    (RefusesPulls, "honesty::bias"),
    (ClaimsGroups, "honesty::group"),
    (RefusesOutputs, "honesty::spi"),
    (ClaimsSpi, "honesty::native_spi"),
    (ClaimsPwm, "honesty::pwm"),
    (ClaimsHardwareSpi, "honesty::hardware_spi"),
    (HidesHardwareSpi, "honesty::hardware_spi"),
    (ClaimsI2c, "honesty::i2c"),
    (ClaimsSoftI2c, "honesty::soft_i2c"),
    (ClaimsSerial, "honesty::serial"),
    (HidesKeep, "honesty::keep"),
    (RefusesPulls, "boundary::gives_what_is_declared"),
    (DeclaresEmulation, "boundary::gives_what_is_declared"),
    (HidesPulls, "boundary::refuses_what_is_not_declared"),
    (HidesPullsOnClose, "boundary::refuses_what_is_not_declared"),
    (HidesEdges, "boundary::refuses_what_is_not_declared"),
    (HidesGroups, "boundary::refuses_what_is_not_declared"),
    (HidesKeep, "boundary::refuses_what_is_not_declared"),
    (HidesSpi, "boundary::refuses_what_is_not_declared"),
    (HasAHostOfItsOwn, "boundary::is_known_by_its_host"),
    (AnswersWhenClosed, "boundary::a_closed_pin_says_so"),
    (NeverGivesBack, "boundary::a_dropped_pin_is_free"),
    (ClosesOnce, "boundary::a_factory_closes_after_its_pins"),
    (ForgetsTheInitialLevel, "output::starts_at_its_level"),
    (IsLateWithTheInitialLevel, "output::starts_without_a_blip"),
    (BlipsOnAdopting, "output::adopts_without_a_blip"),
    (BlipsOnClosing, "output::ends_without_a_blip"),
    (IsLateWithTheInitialLevel, "group::starts_without_a_blip"),
    (BlipsOnClosing, "group::ends_without_a_blip"),
    (IsLateWithTheInitialLevel, "pwm::starts_without_a_blip"),
    (BlipsOnClosing, "pwm::ends_without_a_blip"),
    (AdoptsLow, "output::adopts_the_level"),
    (DropsWrites, "output::drives_and_reads"),
    (RestoresNothing, "output::restores_what_it_found"),
    (RestoresAndDrives, "output::restores_what_it_found"),
    (LeavesNoPull, "output::leaves_the_pull_asked_for"),
    (LeavesNoLevel, "output::leaves_low_or_high"),
    (KeepsNoLevel, "output::keeps_its_level"),
    (RestoresNothing, "group::restores_what_it_found"),
    (RestoresAndDrives, "group::restores_what_it_found"),
    (LeavesNoPull, "group::leaves_the_pull_asked_for"),
    (LeavesNoLevel, "group::leaves_low_or_high"),
    (KeepsNoLevel, "group::keeps_its_level"),
    (RestoresNothing, "pwm::restores_what_it_found"),
    (RestoresAndDrives, "pwm::restores_what_it_found"),
    (LeavesNoPull, "pwm::leaves_the_pull_asked_for"),
    (LeavesNoLevel, "pwm::leaves_low_or_high"),
    (KeepsNoLevel, "pwm::keeps_its_level"),
    (GroupIgnoresTheInitialLevels, "group::starts_at_its_levels"),
    (GroupIgnoresMasks, "group::sets_what_the_mask_says"),
    (GroupIgnoresMasks, "group::a_member_is_written_alone"),
    (GroupIsSlow, "group::blinks_as_one"),
    (GroupIgnoresMasks, "group::a_member_leaves_a_blink"),
    (GroupIsSlow, "group::changes_in_one_instant"),
    (GroupNeverGivesBack, "group::is_taken_and_closed_as_one"),
    (GroupTakesWhatItCanGet, "group::is_opened_as_a_whole_or_not_at_all"),
    (FreezesInputs, "input::follows_the_line"),
    (IgnoresPulls, "input::is_pulled"),
    (IgnoresPulls, "input::a_driver_beats_the_pull"),
    (ReadsThePull, "input::a_pull_gives_way_to_a_driver"),
    (KeepsPulls, "input::gives_the_pull_back"),
    (StampsLate, "input::is_sampled_by_the_clock"),
    (FreezesInputs, "inputs::read_their_levels"),
    (IgnoresPulls, "inputs::are_pulled"),
    (StampsBackwards, "inputs::hear_edges_in_one_order"),
    (MixesLines, "inputs::hear_edges_in_one_order"),
    (LosesEdges, "inputs::count_what_is_lost"),
    (NeverGivesBack, "inputs::are_taken_and_closed_as_one"),
    (SharesLines, "inputs::are_opened_as_a_whole_or_not_at_all"),
    (TurnsEdgesRound, "edges::have_time_and_level"),
    (StampsLate, "edges::have_time_and_level"),
    (ReportsThePull, "edges::do_not_come_of_opening"),
    (StampsBackwards, "edges::come_in_order"),
    (MixesLines, "edges::stay_on_their_line"),
    (LosesEdges, "edges::a_burst_is_whole_or_counted"),
    (BringsUpOldEdges, "edges::end_with_close"),
    (StampsLate, "debounce::settle_counts_what_lasts"),
    (LosesFallingEdges, "debounce::settle_passes_over_the_rest"),
    (StampsLate, "debounce::lockout_counts_at_once"),
    (LosesFallingEdges, "debounce::lockout_keeps_the_last_level"),
    (StampsLate, "debounce::settle_comes_before_lockout"),
    (AnswersWhenClosed, "ownership::a_closed_output_says_so"),
    (AnswersWhenClosed, "ownership::a_closed_input_says_so"),
    (NeverGivesBack, "ownership::a_line_can_be_opened_again"),
    (IsOfManyHosts, "ownership::one_holder_in_a_process"),
    (SharesLines, "ownership::one_holder_among_processes"),
    (TakesWhatItRefuses, "ownership::a_refused_line_stays_free"),
    (RestoresNothing, "ownership::the_factory_closes_all"),
    (LiesWhenLookedAt, "line_info::at_an_output_takes_nothing"),
    (LiesWhenLookedAt, "line_info::at_an_input_takes_nothing"),
    (LiesWhenLookedAt, "line_info::at_pwm_takes_nothing"),
    (FindsEverything, "names::lead_to_their_lines"),
    (FindsEverything, "names::of_no_line_are_refused"),
    (PwmKnowsWholePercents, "pwm::has_the_duty_set"),
    (PwmAddsThreePercent, "pwm::has_the_duty_set"),
    (PwmHalvesPulses, "pwm::starts_with_its_duty"),
    (PwmHasOnePeriod, "pwm::keeps_its_duty_at_another_frequency"),
    (PwmTogglesAtTheEnds, "pwm::never_toggles_at_the_ends"),
    (PwmHalvesPulses, "pwm::refuses_what_is_no_wave"),
    (PwmAnswersWhenClosed, "pwm::ends_with_close"),
    (SpiDeselects, "spi::keeps_the_device_selected"),
    (SpiDeselects, "spi::clocks_as_its_mode_says"),
    (SpiKnowsOneMode, "spi::clocks_as_its_mode_says"),
];

/// The trials about what the backend does not do, unless that is the fault.
const NOT_DECLARED: [&str; 2] = ["group::changes_in_one_instant", "honesty::native_spi"];

/// The trials that take a wire.
const WIRES: [&str; 4] = [
    "spi::comes_back_over_a_wire",
    "wires::carry_a_level",
    "wires::a_driver_beats_a_pull",
    "wires::carry_a_pull",
];

/// A mock, with a wire that joins two lines or is broken.
struct Wire(MockGpio);

impl Wire {
    const ENDS: [Line; 2] = [Line(22), Line(27)];
}

impl Rig for Wire {
    fn gpio(&self) -> &Gpio {
        &self.0
    }

    fn lines(&self) -> Vec<Line> {
        vec![Line(17)]
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        level.map_or_else(|| self.0.line(line).release(), |level| self.0.line(line).drive(level));
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.0.line(line).level())
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(Some(Wire::ENDS))
    }
}

#[test]
fn a_broken_wire_is_noticed() {
    let whole = Suite::new("broken", || {
        let mock = mock::gpio();
        mock.wire(Wire::ENDS[0], Wire::ENDS[1]);
        Ok(Wire(mock))
    });
    let broken = Suite::new("broken", || Ok(Wire(mock::gpio())));
    for trial in WIRES {
        assert_eq!(outcome(&whole, trial).num_passed, 1, "{trial}");
        assert_eq!(outcome(&broken, trial).num_failed, 1, "{trial}");
    }
}

#[test]
fn every_fault_is_noticed() {
    // Side by side, as some are noticed by an edge that does not come.
    let is_noticed = |fault, trial| outcome(&suite(fault), trial).num_failed == 1;
    let unnoticed: Vec<_> = thread::scope(|scope| {
        let run = |(fault, trial)| (fault, trial, scope.spawn(move || is_noticed(fault, trial)));
        let running: Vec<_> = FAULTS.iter().copied().map(run).collect();
        let ended = running.into_iter().map(|(fault, trial, run)| (fault, trial, run.join().unwrap()));
        ended.filter(|(_, _, is_noticed)| !is_noticed).map(|(fault, trial, _)| (fault, trial)).collect()
    });
    assert_eq!(unnoticed, []);
}

#[test]
fn every_trial_has_its_fault() {
    let trials = suite(Nothing).trials();
    let names = trials.iter().filter_map(|trial| trial.name().strip_prefix("broken::"));
    let is_known = |name: &str| {
        let mut faulty = FAULTS.iter().map(|(_, trial)| *trial).chain(roles::trials());
        faulty.any(|trial| trial == name) || WIRES.contains(&name)
    };
    let without: Vec<_> = names.filter(|name| !is_known(name)).collect();
    assert_eq!(without, [""; 0]);
}

#[test]
fn no_fault_is_seen_where_there_is_none() {
    for (_, trial) in FAULTS {
        let Conclusion { num_failed, num_passed, num_ignored, .. } = outcome(&suite(Nothing), trial);
        let wanted = if NOT_DECLARED.contains(trial) { (0, 0, 1) } else { (0, 1, 0) };
        assert_eq!((num_failed, num_passed, num_ignored), wanted, "{trial}");
    }
}

#[test]
fn a_wrong_wave_is_noticed_whatever_the_rig_sees_of_it() {
    let trials = [
        (PwmAddsThreePercent, "pwm::has_the_duty_set"),
        (PwmHalvesPulses, "pwm::starts_with_its_duty"),
        (PwmHalvesPeriods, "pwm::starts_with_its_duty"),
        (PwmHasOnePeriod, "pwm::keeps_its_duty_at_another_frequency"),
        (PwmTogglesAtTheEnds, "pwm::never_toggles_at_the_ends"),
    ];
    for sight in [Sight::Pulses, Sight::Changes, Sight::Levels] {
        thread::scope(|scope| {
            for (fault, trial) in trials {
                scope.spawn(move || {
                    let conclusion = outcome(&showing(sight, fault), trial);
                    assert_eq!(conclusion.num_failed, 1, "{fault:?}, {sight:?}");
                });
            }
        });
        for (_, trial) in trials {
            assert_eq!(outcome(&showing(sight, Nothing), trial).num_passed, 1, "{trial}, {sight:?}");
        }
    }
}

#[test]
fn a_loss_that_is_counted_is_no_fault() {
    assert_eq!(outcome(&suite(LosesAndCountsEdges), "edges::a_burst_is_whole_or_counted").num_passed, 1);
}

#[test]
fn a_deviation_has_to_fail() {
    let trial = "output::drives_and_reads";
    let listed = |fault| suite(fault).deviations(&[Deviation { trial, reason: "it was built like that" }]);
    assert_eq!(outcome(&listed(DropsWrites), trial).num_ignored, 1);
    assert_eq!(outcome(&listed(Nothing), trial).num_failed, 1);
    let unknown =
        suite(Nothing).deviations(&[Deviation { trial: "output::glows", reason: "it has no light" }]);
    assert_eq!(outcome(&unknown, "output::glows").num_failed, 1);
    let no_reason = suite(DropsWrites).deviations(&[Deviation { trial, reason: " " }]);
    assert_eq!(outcome(&no_reason, trial).num_failed, 1);
}

#[test]
fn a_broken_rig_is_no_deviation() {
    let trial = "output::drives_and_reads";
    let deviation = Deviation { trial, reason: "it was built like that" };
    let suite = Suite::new("broken", || -> Result<OnADesk> { Err(Error::unsupported("a rig")) });
    assert_eq!(outcome(&suite.deviations(&[deviation]), trial).num_failed, 1);
    let suite = Suite::new("broken", || Ok(Blind(mock::gpio())));
    assert_eq!(outcome(&suite.deviations(&[deviation]), trial).num_failed, 1);
}

/// A rig that sees nothing.
struct Blind(MockGpio);

impl Rig for Blind {
    fn gpio(&self) -> &Gpio {
        &self.0
    }

    fn lines(&self) -> Vec<Line> {
        vec![Line(17)]
    }

    fn drive(&self, _: Line, _: Option<Level>) -> Result<()> {
        Err(Error::unsupported("driving"))
    }

    fn observe(&self, _: Line) -> Result<Level> {
        Err(Error::unsupported("looking"))
    }
}

#[test]
fn without_a_rig_everything_is_ignored() {
    let suite = Suite::new("broken", || -> Result<OnADesk> { panic!("there is no rig") });
    let conclusion = outcome(&suite.missing(Some("no rig")), "honesty::output");
    assert_eq!((conclusion.num_ignored, conclusion.num_failed), (1, 0));
}

#[test]
fn a_main_that_forgets_to_ask_for_its_task_ends_at_once() {
    if OtherProcess::task().is_some() {
        assert_eq!(format!("{:?}", run([suite(Nothing)])), format!("{:?}", ExitCode::FAILURE));
        assert!(OtherProcess::start("a line").is_err());
        return;
    }
    let test = "a_main_that_forgets_to_ask_for_its_task_ends_at_once";
    passes_with(test, &[("PINZERO_CONFORMANCE_TASK", "a line")]);
}

#[test]
fn wired_pins_are_named_both_or_not_at_all() {
    let test = "wired_pins_are_named_both_or_not_at_all";
    let [pin, other] = ["PINZERO_TEST_PIN", "PINZERO_TEST_INPUT_PIN"];
    match [pin, other].map(|name| env::var(name).ok()) {
        [None, None] => {
            assert_eq!(WiredPins::in_environment().unwrap(), None);
            passes_with(test, &[(pin, "17"), (other, "27")]);
            passes_with(test, &[(pin, "17")]);
            passes_with(test, &[(other, "27")]);
        }
        [Some(_), Some(_)] => assert!(WiredPins::in_environment().unwrap().is_some()),
        [one, _] => {
            let missing = if one.is_some() { other } else { pin };
            let message = WiredPins::in_environment().unwrap_err().to_string();
            assert!(message.contains(&format!("set {missing} ")), "{message}");
        }
    }
}

/// Fails unless a test passes in a process of its own that has these variables.
fn passes_with(test: &str, variables: &[(&str, &str)]) {
    let mut again = Command::new(env::current_exe().unwrap());
    let output = again.args([test, "--exact"]).envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
