//! Random scripts of a user and the world outside, and what holds whatever they do.

use std::time::Duration;

use pinzero::EventKind::{Clicked, DoubleClicked, Held, LongPressed, Pressed, Released};
use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Event, Events};
use proptest::prelude::*;

const LED: u32 = 17;
const BUTTON: u32 = 24;

/// What the user or the world does next.
#[derive(Debug, Clone)]
enum Step {
    Advance(Duration),
    Drive(Level),
    Release,
    Press(Duration),
    Blink(Duration, Duration, Option<u32>),
    On,
    Off,
    Toggle,
    Close,
    CloseButton,
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(ms)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => millis(0..400).prop_map(Step::Advance),
        1 => millis(1_000..3_000).prop_map(Step::Advance),
        3 => any::<bool>().prop_map(|high| Step::Drive(Level::from(high))),
        1 => Just(Step::Release),
        3 => millis(1..1_500).prop_map(Step::Press),
        2 => (millis(0..50), millis(1..50), prop::option::of(0..5u32))
            .prop_map(|(on, off, times)| Step::Blink(on, off, times)),
        1 => Just(Step::On),
        2 => Just(Step::Off),
        1 => Just(Step::Toggle),
        1 => Just(Step::Close),
        1 => Just(Step::CloseButton),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    bounce: Duration,
    lockout: Duration,
    repeat: bool,
    active_high: bool,
}

fn settings() -> impl Strategy<Value = Settings> {
    let debounce = prop_oneof![Just(ms(0)), millis(1..30)];
    (debounce.clone(), debounce, any::<bool>(), any::<bool>())
        .prop_map(|(bounce, lockout, repeat, active_high)| Settings { bounce, lockout, repeat, active_high })
}

/// A LED and a button in use; closing one opens it anew.
struct Bench {
    gpio: MockGpio,
    settings: Settings,
    led: Led,
    button: Button,
    events: Events,
    pressed_at_first: bool,
    /// What the buttons so far have told.
    told: Vec<Event>,
    /// The writes of the LED's pin at the time of a write of the user's, until the next blink.
    quiet: Option<u64>,
}

impl Bench {
    fn new(gpio: &MockGpio, settings: Settings) -> pinzero::Result<Self> {
        let led = Led::builder(LED).active_high(settings.active_high).gpio(gpio).open()?;
        let (button, events, pressed_at_first) = Bench::button(gpio, settings)?;
        let gpio = gpio.clone();
        let quiet = Some(gpio.line(LED).writes());
        Ok(Bench { gpio, settings, led, button, events, pressed_at_first, told: vec![], quiet })
    }

    fn button(gpio: &MockGpio, settings: Settings) -> pinzero::Result<(Button, Events, bool)> {
        let builder = Button::builder(BUTTON).bounce_time(settings.bounce).lockout_time(settings.lockout);
        let builder = if settings.repeat { builder.hold_repeat(secs(1)) } else { builder };
        let button = builder.gpio(gpio).open()?;
        let (events, pressed) = (button.events(), button.is_pressed()?);
        Ok((button, events, pressed))
    }

    fn writes(&self) -> u64 {
        self.gpio.line(LED).writes()
    }

    fn run(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Advance(time) => self.gpio.advance(time),
            Step::Drive(level) => self.gpio.line(BUTTON).drive(level),
            Step::Release => self.gpio.line(BUTTON).release(),
            Step::Press(time) => self.gpio.line(BUTTON).press(time),
            Step::Blink(on, off, times) => {
                let mut plan = Blink::new(on, off);
                plan = times.map_or(plan, |times| plan.times(times));
                self.led.blink_with(plan)?;
                self.quiet = None;
            }
            Step::On => self.write(DigitalOutputDevice::on, Some(true))?,
            Step::Off => self.write(DigitalOutputDevice::off, Some(false))?,
            Step::Toggle => {
                let lit = self.led.is_lit()?;
                self.write(DigitalOutputDevice::toggle, Some(!lit))?;
            }
            Step::Close => {
                self.led.close()?;
                prop_assert_eq!(self.gpio.line(LED).function(), LineFunction::Input);
                let writes = self.writes();
                self.gpio.advance(ms(200));
                prop_assert_eq!(self.writes(), writes, "a write after close");
                self.led =
                    Led::builder(LED).active_high(self.settings.active_high).gpio(&self.gpio).open()?;
                prop_assert!(!self.led.is_lit()?);
                self.quiet = Some(self.writes());
            }
            Step::CloseButton => {
                self.gpio.advance(ms(100));
                self.check_button(false)?;
                self.button.close()?;
                self.gpio.advance(ms(50));
                prop_assert_eq!(self.events.next(), None, "an event after close");
                (self.button, self.events, self.pressed_at_first) = Bench::button(&self.gpio, self.settings)?;
            }
        }
        if let Some(writes) = self.quiet {
            prop_assert_eq!(self.writes(), writes, "a write that nobody asked for");
        }
        Ok(())
    }

    fn write(
        &mut self,
        write: impl FnOnce(&DigitalOutputDevice) -> pinzero::Result<()>,
        lit: Option<bool>,
    ) -> Result<(), TestCaseError> {
        write(&self.led)?;
        prop_assert_eq!(self.led.is_lit().ok(), lit);
        let level = Level::from(lit == Some(self.settings.active_high));
        prop_assert_eq!(self.gpio.line(LED).level(), level);
        self.quiet = Some(self.writes());
        Ok(())
    }

    /// What the button has told must add up; `is_over` says that no script moves it any more.
    fn check_button(&mut self, is_over: bool) -> Result<(), TestCaseError> {
        let told: Vec<Event> = std::iter::from_fn(|| self.events.try_next()).collect();
        let changes: Vec<&Event> =
            told.iter().filter(|event| matches!(event.kind, Pressed | Released)).collect();
        let mut pressed = self.pressed_at_first;
        for change in &changes {
            prop_assert_eq!(change.kind == Pressed, !pressed, "pressed and released take turns");
            prop_assert_eq!(change.level, Level::from(pressed));
            pressed = !pressed;
        }
        prop_assert!(told.is_sorted_by_key(|event| event.at), "in the order of time");
        prop_assert_eq!(self.button.is_pressed()?, pressed);
        prop_assert_eq!(self.button.pressed_time().is_some(), pressed);
        if is_over {
            let line = self.gpio.line(BUTTON).level();
            prop_assert_eq!(pressed, line == Level::Low, "the state that remains is told");
            let count = |kind| told.iter().filter(|event| event.kind == kind).count();
            let gestures = count(Clicked) + 2 * count(DoubleClicked) + count(LongPressed);
            // A press that was there at first is none unless it becomes a long one.
            let end = told.iter().find(|event| matches!(event.kind, Released | LongPressed));
            let is_long = self.pressed_at_first && end.is_some_and(|event| event.kind == LongPressed);
            let presses = count(Pressed) + usize::from(is_long);
            prop_assert_eq!(presses, gestures, "each press is one gesture");
            prop_assert!(count(Held) >= count(LongPressed));
        }
        self.told.extend(told);
        Ok(())
    }
}

/// All that can be seen of a run from outside.
type Traces = (Vec<(Duration, Level)>, Vec<(Duration, Level)>, Vec<Event>);

fn play(settings: Settings, steps: &[Step]) -> Result<Traces, TestCaseError> {
    let gpio = mock::gpio();
    let mut bench = Bench::new(&gpio, settings)?;
    for step in steps {
        bench.run(step)?;
    }
    // Scripts come to their end, and so do presses and gestures.
    gpio.advance(secs(4));
    bench.check_button(true)?;
    let histories = [LED, BUTTON].map(|pin| gpio.line(pin).history());
    for history in &histories {
        for pair in history.windows(2) {
            prop_assert!(pair[0].0 <= pair[1].0, "in the order of time");
            prop_assert_ne!(pair[0].1, pair[1].1, "levels take turns");
        }
    }
    let [led, button] = histories;
    Ok((led, button, bench.told))
}

/// The same steps with all time cut into slices.
fn sliced(steps: &[Step], slice: Duration) -> Vec<Step> {
    let slices = |time: Duration| {
        let count = time.as_nanos() / slice.as_nanos();
        let rest = time - slice * u32::try_from(count).unwrap_or(u32::MAX);
        (0..count).map(move |_| Step::Advance(slice)).chain([Step::Advance(rest)])
    };
    let cut = |step: &Step| match step {
        Step::Advance(time) => slices(*time).collect(),
        other => vec![other.clone()],
    };
    steps.iter().flat_map(cut).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_histories_writes_and_events_add_up(
        settings in settings(), steps in prop::collection::vec(step(), 0..60),
    ) {
        play(settings, &steps)?;
    }

    #[test]
    fn the_same_script_gives_the_same_run(
        settings in settings(), steps in prop::collection::vec(step(), 0..40), slice in 1u64..50,
    ) {
        let once = play(settings, &steps)?;
        prop_assert_eq!(&play(settings, &steps)?, &once);
        prop_assert_eq!(&play(settings, &sliced(&steps, ms(slice)))?, &once, "in slices of {} ms", slice);
    }
}
