//! The trials: what a program may rely on, whatever drives its pins.

mod boundary;
mod closing;
mod debounce;
mod edges;
mod flex;
mod group;
mod honesty;
mod i2c;
mod input;
mod inputs;
mod line_info;
mod names;
mod output;
mod ownership;
mod pwm;
mod spi;
mod wires;

use crate::driven::Role::{self, Flex, Group, Output, Steady, Wave};
use crate::fixture::{
    BIAS, FLEX, Fixture, GROUP, INPUT, INPUTS, KEEP, NATIVE_EDGES, NATIVE_GROUP, NATIVE_SPI, Need, OUTPUT,
    PWM, SOFT_I2C, SPI,
};
use crate::verdict::Verdict;

/// A trial, and the capabilities that it needs.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(&Fixture<'_>) -> Verdict,
}

const fn check(name: &'static str, needs: &'static [Need], run: fn(&Fixture<'_>) -> Verdict) -> Check {
    Check { name, needs, run }
}

/// Steady PWM, and PWM with a wave.
fn both(fixture: &Fixture<'_>, check: fn(&Fixture<'_>, Role) -> Verdict) -> Verdict {
    [Steady, Wave].into_iter().try_for_each(|role| check(fixture, role))
}

/// All of them.
pub(crate) const ALL: &[Check] = &[
    check("honesty::output", &[], honesty::output),
    check("honesty::input", &[], honesty::input),
    check("honesty::bias", &[INPUT], honesty::bias),
    check("honesty::group", &[], honesty::group),
    check("honesty::inputs", &[], honesty::inputs),
    check("honesty::flex", &[], honesty::flex),
    check("honesty::spi", &[], honesty::spi),
    check("honesty::native_spi", &[NATIVE_SPI], honesty::native_spi),
    check("honesty::pwm", &[], honesty::pwm),
    check("honesty::hardware_spi", &[], boundary::hardware_spi),
    check("honesty::i2c", &[], boundary::i2c),
    check("honesty::soft_i2c", &[], honesty::soft_i2c),
    check("honesty::serial", &[], boundary::serial),
    check("honesty::keep", &[OUTPUT], honesty::keep),
    check("boundary::gives_what_is_declared", &[], boundary::gives_what_is_declared),
    check("boundary::refuses_what_is_not_declared", &[], boundary::refuses_what_is_not_declared),
    check("boundary::is_known_by_its_host", &[], boundary::is_known_by_its_host),
    check("boundary::a_closed_pin_says_so", &[], boundary::a_closed_pin_says_so),
    check("boundary::a_dropped_pin_is_free", &[], boundary::a_dropped_pin_is_free),
    check("boundary::a_factory_closes_after_its_pins", &[], boundary::a_factory_closes_after_its_pins),
    check("output::starts_at_its_level", &[OUTPUT], output::starts_at_its_level),
    check("output::starts_without_a_blip", &[OUTPUT], |fixture| closing::starts_straight(fixture, Output)),
    check("output::adopts_without_a_blip", &[OUTPUT], closing::adopts_straight),
    check("output::ends_without_a_blip", &[OUTPUT], |fixture| closing::ends_straight(fixture, Output)),
    check("output::adopts_the_level", &[OUTPUT], output::adopts_the_level),
    check("output::drives_and_reads", &[OUTPUT], output::drives_and_reads),
    check("output::restores_what_it_found", &[OUTPUT], |fixture| closing::restores(fixture, Output)),
    check("output::leaves_the_pull_asked_for", &[OUTPUT, BIAS], |fixture| {
        closing::leaves_a_pull(fixture, Output)
    }),
    check("output::leaves_low_or_high", &[OUTPUT], |fixture| closing::leaves_a_level(fixture, Output)),
    check("output::keeps_its_level", &[OUTPUT, KEEP], |fixture| closing::keeps(fixture, Output)),
    check("group::starts_at_its_levels", &[GROUP], group::starts_at_its_levels),
    check("group::starts_without_a_blip", &[GROUP], |fixture| closing::starts_straight(fixture, Group)),
    check("group::ends_without_a_blip", &[GROUP], |fixture| closing::ends_straight(fixture, Group)),
    check("group::sets_what_the_mask_says", &[GROUP], group::sets_what_the_mask_says),
    check("group::a_member_is_written_alone", &[GROUP], group::a_member_is_written_alone),
    check("group::blinks_as_one", &[GROUP], group::blinks_as_one),
    check("group::a_member_leaves_a_blink", &[GROUP], group::a_member_leaves_a_blink),
    check("group::changes_in_one_instant", &[NATIVE_GROUP], group::changes_in_one_instant),
    check("group::is_taken_and_closed_as_one", &[GROUP, OUTPUT], group::is_taken_and_closed_as_one),
    check("group::restores_what_it_found", &[GROUP], |fixture| closing::restores(fixture, Group)),
    check("group::leaves_the_pull_asked_for", &[GROUP, BIAS], |fixture| {
        closing::leaves_a_pull(fixture, Group)
    }),
    check("group::leaves_low_or_high", &[GROUP], |fixture| closing::leaves_a_level(fixture, Group)),
    check("group::keeps_its_level", &[GROUP, KEEP], |fixture| closing::keeps(fixture, Group)),
    check(
        "group::is_opened_as_a_whole_or_not_at_all",
        &[GROUP, OUTPUT],
        group::is_opened_as_a_whole_or_not_at_all,
    ),
    check("input::follows_the_line", &[INPUT], input::follows_the_line),
    check("input::is_pulled", &[INPUT, BIAS], input::is_pulled),
    check("input::a_driver_beats_the_pull", &[INPUT, BIAS], input::a_driver_beats_the_pull),
    check("input::a_pull_gives_way_to_a_driver", &[INPUT, BIAS], input::a_pull_gives_way_to_a_driver),
    check("input::gives_the_pull_back", &[INPUT, BIAS], input::gives_the_pull_back),
    check("input::is_sampled_by_the_clock", &[INPUT], input::is_sampled_by_the_clock),
    check("inputs::read_their_levels", &[INPUTS], inputs::read_their_levels),
    check("inputs::are_pulled", &[INPUTS, BIAS], inputs::are_pulled),
    check("inputs::hear_edges_in_one_order", &[INPUTS], inputs::hear_edges_in_one_order),
    check("inputs::count_what_is_lost", &[INPUTS, NATIVE_EDGES], inputs::count_what_is_lost),
    check("inputs::are_taken_and_closed_as_one", &[INPUTS], inputs::are_taken_and_closed_as_one),
    check(
        "inputs::are_opened_as_a_whole_or_not_at_all",
        &[INPUTS],
        inputs::are_opened_as_a_whole_or_not_at_all,
    ),
    check("flex::starts_as_it_is_told", &[FLEX], flex::starts_as_it_is_told),
    check("flex::starts_without_a_blip", &[FLEX], |fixture| closing::starts_straight(fixture, Flex)),
    check("flex::turns_round", &[FLEX], flex::turns_round),
    check("flex::turns_without_a_blip", &[FLEX], flex::turns_without_a_blip),
    check("flex::is_pulled_as_it_turns", &[FLEX, BIAS], flex::is_pulled_as_it_turns),
    check("flex::hears_edges_only_as_an_input", &[FLEX, NATIVE_EDGES], flex::hears_edges_only_as_an_input),
    check("flex::carries_pulses", &[FLEX, PWM], flex::carries_pulses),
    check("flex::is_held_throughout", &[FLEX, OUTPUT], flex::is_held_throughout),
    check("flex::a_closed_line_says_so", &[FLEX], flex::a_closed_line_says_so),
    check("flex::ends_without_a_blip", &[FLEX], |fixture| closing::ends_straight(fixture, Flex)),
    check("flex::restores_what_it_found", &[FLEX], |fixture| closing::restores(fixture, Flex)),
    check("flex::leaves_the_pull_asked_for", &[FLEX, BIAS], |fixture| closing::leaves_a_pull(fixture, Flex)),
    check("flex::leaves_low_or_high", &[FLEX], |fixture| closing::leaves_a_level(fixture, Flex)),
    check("flex::keeps_its_level", &[FLEX, KEEP], |fixture| closing::keeps(fixture, Flex)),
    check("edges::have_time_and_level", &[INPUT], edges::have_time_and_level),
    check("edges::do_not_come_of_opening", &[INPUT, BIAS], edges::do_not_come_of_opening),
    check("edges::come_in_order", &[INPUT, NATIVE_EDGES], edges::come_in_order),
    check("edges::stay_on_their_line", &[INPUT], edges::stay_on_their_line),
    check("edges::a_burst_is_whole_or_counted", &[INPUT, NATIVE_EDGES], edges::a_burst_is_whole_or_counted),
    check("edges::end_with_close", &[INPUT], edges::end_with_close),
    check("debounce::settle_counts_what_lasts", &[INPUT], debounce::settle_counts_what_lasts),
    check("debounce::settle_passes_over_the_rest", &[INPUT], debounce::settle_passes_over_the_rest),
    check("debounce::lockout_counts_at_once", &[INPUT], debounce::lockout_counts_at_once),
    check("debounce::lockout_keeps_the_last_level", &[INPUT], debounce::lockout_keeps_the_last_level),
    check("debounce::settle_comes_before_lockout", &[INPUT], debounce::settle_comes_before_lockout),
    check("ownership::a_closed_output_says_so", &[OUTPUT], ownership::a_closed_output_says_so),
    check("ownership::a_closed_input_says_so", &[INPUT], ownership::a_closed_input_says_so),
    check("ownership::a_line_can_be_opened_again", &[INPUT, OUTPUT], ownership::a_line_can_be_opened_again),
    check("ownership::one_holder_in_a_process", &[OUTPUT], ownership::one_holder_in_a_process),
    check("ownership::one_holder_among_processes", &[OUTPUT], ownership::one_holder_among_processes),
    check("ownership::a_refused_line_stays_free", &[OUTPUT], ownership::a_refused_line_stays_free),
    check("ownership::the_factory_closes_all", &[INPUT, OUTPUT], ownership::the_factory_closes_all),
    check("line_info::at_an_output_takes_nothing", &[OUTPUT], line_info::at_an_output_takes_nothing),
    check("line_info::at_an_input_takes_nothing", &[INPUT, BIAS], line_info::at_an_input_takes_nothing),
    check("line_info::at_pwm_takes_nothing", &[PWM], line_info::at_pwm_takes_nothing),
    check("names::lead_to_their_lines", &[], names::lead_to_their_lines),
    check("names::of_no_line_are_refused", &[], names::of_no_line_are_refused),
    check("pwm::starts_with_its_duty", &[PWM], pwm::starts_with_its_duty),
    check("pwm::has_the_duty_set", &[PWM], pwm::has_the_duty_set),
    check("pwm::keeps_its_duty_at_another_frequency", &[PWM], pwm::keeps_its_duty_at_another_frequency),
    check("pwm::never_toggles_at_the_ends", &[PWM], pwm::never_toggles_at_the_ends),
    check("pwm::refuses_what_is_no_wave", &[PWM], pwm::refuses_what_is_no_wave),
    check("pwm::starts_without_a_blip", &[PWM], |fixture| closing::starts_straight(fixture, Steady)),
    check("pwm::ends_without_a_blip", &[PWM], |fixture| closing::ends_straight(fixture, Steady)),
    check("pwm::ends_with_close", &[PWM], pwm::ends_with_close),
    check("pwm::restores_what_it_found", &[PWM], |fixture| both(fixture, closing::restores)),
    check("pwm::leaves_the_pull_asked_for", &[PWM, BIAS], |fixture| both(fixture, closing::leaves_a_pull)),
    check("pwm::leaves_low_or_high", &[PWM], |fixture| both(fixture, closing::leaves_a_level)),
    check("pwm::keeps_its_level", &[PWM, KEEP], |fixture| both(fixture, closing::keeps)),
    check("i2c::calls_a_device", &[SOFT_I2C], i2c::calls_a_device),
    check("i2c::waits_for_a_held_line_and_no_longer", &[SOFT_I2C], i2c::waits_for_a_held_line_and_no_longer),
    check("i2c::gives_its_lines_back", &[SOFT_I2C, OUTPUT], i2c::gives_its_lines_back),
    check("spi::comes_back_over_a_wire", &[SPI], spi::comes_back_over_a_wire),
    check("spi::keeps_the_device_selected", &[SPI], spi::keeps_the_device_selected),
    check("spi::clocks_as_its_mode_says", &[SPI], spi::clocks_as_its_mode_says),
    check("wires::carry_a_level", &[INPUT, OUTPUT], wires::carry_a_level),
    check("wires::a_driver_beats_a_pull", &[INPUT, OUTPUT, BIAS], wires::a_driver_beats_a_pull),
    check("wires::carry_a_pull", &[INPUT, BIAS], wires::carry_a_pull),
];
