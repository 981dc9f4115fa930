//! Random scripts whose callbacks do as they please: whatever they do, all waits end, and what is told adds up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pinzero::EventKind::{self, Activated, Clicked, Deactivated, Held};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{Animation, ErrorKind, Handler};
use pinzero_core::Bias;
use pinzero_tests::{Log, without_hanging};
use proptest::prelude::*;

const LED: u32 = 17;
const BUTTON: u32 = 24;
/// An input wired to each of them. It is open all the time.
const PROBES: [(u32, u32); 2] = [(22, LED), (27, BUTTON)];

/// What happens next, in the script or in a callback.
#[derive(Debug, Clone)]
enum Act {
    Press(Duration),
    Drive(Level),
    Set(bool),
    Toggle,
    Blink(Duration, Duration, Option<u32>),
    CloseLed,
    ReopenLed,
    CloseButton,
    ReopenButton,
    /// Adds a callback that does this.
    Handle(EventKind, Box<Act>),
    /// Takes the callback out that does this.
    RemoveItself,
    ForgetHandlers,
    Sleep(Duration),
    WaitForButton(bool, Duration),
    WaitForEvent(Duration),
    WaitForBlink(Duration),
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(ms)
}

/// What is done in callbacks as well as in the script.
fn deed() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => any::<bool>().prop_map(Act::Set),
        1 => Just(Act::Toggle),
        3 => (millis(1..50), millis(1..50), prop::option::of(1..5u32))
            .prop_map(|(on, off, times)| Act::Blink(on, off, times)),
        1 => Just(Act::CloseLed),
        2 => Just(Act::ReopenLed),
        1 => Just(Act::CloseButton),
        2 => Just(Act::ReopenButton),
        1 => Just(Act::RemoveItself),
        1 => Just(Act::ForgetHandlers),
        2 => millis(0..100).prop_map(Act::Sleep),
        2 => (any::<bool>(), millis(0..200)).prop_map(|(pressed, timeout)| Act::WaitForButton(pressed, timeout)),
        1 => millis(0..200).prop_map(Act::WaitForEvent),
        2 => millis(0..200).prop_map(Act::WaitForBlink),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop::sample::select(vec![Activated, Deactivated, Held, Clicked]);
    prop_oneof![
        3 => deed(),
        2 => millis(1..1_500).prop_map(Act::Press),
        1 => any::<bool>().prop_map(|high| Act::Drive(Level::from(high))),
        2 => (kind, deed()).prop_map(|(kind, deed)| Act::Handle(kind, Box::new(deed))),
        1 => millis(100..2_000).prop_map(Act::Sleep),
    ]
}

/// An LED and a button, and what goes wrong with them.
#[derive(Clone)]
struct Bench {
    gpio: MockGpio,
    devices: Arc<Mutex<Devices>>,
    wrong: Log<String>,
    calls: Log<(Instant, EventKind)>,
    is_calling: Arc<AtomicBool>,
}

struct Devices {
    led: Led,
    button: Button,
    blink: Option<Animation>,
}

impl Bench {
    fn new(gpio: &MockGpio) -> pinzero::Result<Self> {
        let led = Led::builder(LED).gpio(gpio).open()?;
        let button = Button::builder(BUTTON).gpio(gpio).open()?;
        let devices = Arc::new(Mutex::new(Devices { led, button, blink: None }));
        let (wrong, calls, is_calling) = (Log::new(), Log::new(), Arc::default());
        Ok(Bench { gpio: gpio.clone(), devices, wrong, calls, is_calling })
    }

    /// Not to be kept while a device does something: callbacks want it, too.
    fn devices(&self) -> MutexGuard<'_, Devices> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something. `own` is the callback that it is done in.
    fn act(&self, act: &Act, own: Option<&Handler>) {
        let (led, button, blink) = {
            let devices = self.devices();
            (devices.led.clone(), devices.button.clone(), devices.blink.clone())
        };
        let start = self.gpio.now();
        match act {
            Act::Press(time) => self.gpio.line(BUTTON).press(*time),
            Act::Drive(level) => self.gpio.line(BUTTON).drive(*level),
            Act::Set(lit) => self.check(act, led.set_value(*lit)),
            Act::Toggle => self.check(act, led.toggle()),
            Act::Blink(on, off, times) => {
                let plan = Blink::new(*on, *off);
                match led.blink_with(times.map_or(plan, |times| plan.times(times))) {
                    Ok(blink) => drop(self.devices().blink.replace(blink)),
                    error => self.check(act, error.map(drop)),
                }
            }
            Act::CloseLed => self.check(act, led.close()),
            Act::ReopenLed => {
                self.check(act, led.close());
                match Led::builder(LED).gpio(&self.gpio).open() {
                    Ok(led) => drop(std::mem::replace(&mut self.devices().led, led)),
                    error => self.check(act, error.map(drop)),
                }
            }
            Act::CloseButton => self.check(act, button.close()),
            Act::ReopenButton => {
                self.check(act, button.close());
                match Button::builder(BUTTON).gpio(&self.gpio).open() {
                    Ok(button) => drop(std::mem::replace(&mut self.devices().button, button)),
                    error => self.check(act, error.map(drop)),
                }
            }
            Act::Handle(kind, act) => self.handle(&button, *kind, act),
            Act::RemoveItself => own.into_iter().for_each(Handler::remove),
            Act::ForgetHandlers => button.clear_handlers(),
            Act::Sleep(time) => self.gpio.advance(*time),
            Act::WaitForButton(pressed, timeout) => {
                let ended = match pressed {
                    true => button.wait_for_press_timeout(*timeout),
                    false => button.wait_for_release_timeout(*timeout),
                };
                self.waited(act, start, *timeout, ended);
            }
            Act::WaitForEvent(timeout) => {
                let event = button.events().next_timeout(*timeout);
                self.waited(act, start, *timeout, Ok(event.is_some() || button.is_closed()));
            }
            Act::WaitForBlink(timeout) => {
                let runs = blink.is_some();
                let ended = blink.map_or(Ok(None), |blink| blink.wait_timeout(*timeout));
                self.waited(act, start, *timeout, ended.map(|end| end.is_some() || !runs));
            }
        }
    }

    fn handle(&self, button: &Button, kind: EventKind, act: &Act) {
        let own = Arc::new(Mutex::new(None));
        let handler = button.input().on(kind, {
            let (bench, act, own) = (self.clone(), act.clone(), own.clone());
            move |event| {
                bench.calls.push((event.at, event.kind));
                if bench.is_calling.swap(true, Ordering::Relaxed) {
                    bench.wrong.push(format!("{event:?} is told in the middle of another call"));
                }
                let own: Option<Handler> = own.lock().unwrap_or_else(PoisonError::into_inner).clone();
                bench.act(&act, own.as_ref());
                bench.is_calling.store(false, Ordering::Relaxed);
            }
        });
        *own.lock().unwrap_or_else(PoisonError::into_inner) = Some(handler);
    }

    /// A device that somebody has closed, or is about to, is all that may come in the way.
    fn check(&self, act: &Act, result: pinzero::Result<()>) {
        match result.map_err(|error| error.kind()) {
            Ok(()) | Err(ErrorKind::Closed | ErrorKind::PinInUse) => {}
            Err(kind) => self.wrong.push(format!("{act:?}: {kind:?}")),
        }
    }

    /// A wait has come to its end, and not before its time.
    fn waited(&self, act: &Act, start: Instant, timeout: Duration, ended: pinzero::Result<bool>) {
        let waited = self.gpio.now() - start;
        if ended.as_ref().is_ok_and(|reached| !reached) && waited < timeout {
            self.wrong.push(format!("{act:?}: over after {waited:?}"));
        }
        self.check(act, ended.map(drop));
    }
}

/// Levels, and from when on.
type History = Vec<(Duration, Level)>;

/// What the probes have told, and when callbacks were called.
type Traces = (Vec<History>, Vec<(Instant, EventKind)>);

fn play(acts: &[Act]) -> pinzero::Result<Result<Traces, TestCaseError>> {
    let gpio = mock::gpio();
    let mut probes = Vec::new();
    for (probe, wired) in PROBES {
        gpio.wire(probe, wired);
        let input = gpio.input(probe).bias(Bias::Disabled).open()?;
        let told = Log::new();
        for kind in [Activated, Deactivated] {
            let told = told.clone();
            input.on(kind, move |event| told.push((event.at - Instant::ZERO, event.level)));
        }
        gpio.line(probe).clear();
        probes.push((probe, input, told));
    }
    let bench = Bench::new(&gpio)?;
    acts.iter().for_each(|act| bench.act(act, None));
    // Scripts come to their end, and callbacks to theirs.
    gpio.advance(secs(4));
    let calls = bench.calls.take();
    bench.devices().led.close()?;
    bench.devices().button.close()?;
    let (writes, told) =
        (gpio.line(LED).writes(), probes.iter().map(|probe| probe.2.take()).collect::<Vec<_>>());
    gpio.line(BUTTON).press(ms(500));
    gpio.advance(secs(1));

    Ok((|| {
        prop_assert_eq!(bench.wrong.take(), [""; 0]);
        prop_assert_eq!(gpio.panics(), 0);
        prop_assert_eq!(gpio.line(LED).writes(), writes, "a write after close");
        prop_assert_eq!(bench.calls.take(), [], "a call after close");
        for ((probe, _, after), told) in probes.iter().zip(&told) {
            let all = [told.clone(), after.take()].concat();
            prop_assert_eq!(&all, &gpio.line(*probe).history(), "on {}", probe);
        }
        Ok((told, calls))
    })())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_callbacks_do_waits_end_and_no_event_is_lost(acts in prop::collection::vec(act(), 0..60)) {
        let once = without_hanging({
            let acts = acts.clone();
            move || play(&acts)
        })??;
        prop_assert_eq!(play(&acts)??, once, "the same once more");
    }
}
