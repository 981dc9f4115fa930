//! Devices on a backend of somebody else's that is late, loses edges, breaks, and reports at the worst moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Wall};

use pinzero::EventKind::{self, Activated, Deactivated, Held, Pressed, Released};
use pinzero::board::Board;
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{Capabilities, Error, ErrorKind, Result, Support};
use pinzero_core::{
    Edge, EdgeSink, Host, InputConfig, Line, LineInfo, OutputConfig, OutputPin, Pin, PinFactory, PwmConfig,
    PwmPin,
};
use pinzero_tests::{Log, PATIENCE, eventually};

/// A backend whose lines are in the hand of the test.
#[derive(Debug, Clone, Default)]
struct Rig {
    calls: Log<String>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    sinks: HashMap<Line, EdgeSink>,
    /// The level of all inputs.
    level: Level,
    /// What every call to a pin ends in.
    fault: Option<ErrorKind>,
    /// An edge to this level comes right after the level is next read.
    edge_after_read: Option<Level>,
    /// What was last written to any output.
    written: Option<Level>,
    /// The next write of this level takes so long that another may overtake it.
    slow: Option<Level>,
    /// Of this, which does not block, the next input reads its edges: one to low for each byte.
    #[cfg(target_os = "linux")]
    socket: Option<std::os::unix::net::UnixStream>,
    #[cfg(target_os = "linux")]
    registration: Option<pinzero_core::Registration>,
}

impl Default for State {
    fn default() -> Self {
        State {
            sinks: HashMap::new(),
            level: Level::High,
            fault: None,
            edge_after_read: None,
            written: None,
            slow: None,
            #[cfg(target_os = "linux")]
            socket: None,
            #[cfg(target_os = "linux")]
            registration: None,
        }
    }
}

impl Rig {
    /// The rig in use; each on a host of its own, so that tests do not take lines from each other.
    fn start() -> Result<(Rig, Gpio)> {
        let rig = Rig::default();
        let gpio = Gpio::new(rig.clone())?;
        Ok((rig, gpio))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: u32, at: Instant, level: Level, missed: u32) {
        self.push_all(line, &[Edge { at, level, missed }]);
    }

    fn push_all(&self, line: u32, edges: &[Edge]) {
        let sink = {
            let mut state = self.state();
            state.level = edges.last().map_or(state.level, |edge| edge.level);
            state.sinks.get(&Line(line)).cloned()
        };
        if let Some(sink) = sink {
            sink.push(edges.iter().copied());
        }
    }

    fn break_with(&self, fault: impl Into<Option<ErrorKind>>) {
        self.state().fault = fault.into();
    }

    fn check(&self) -> Result<()> {
        self.state().fault.map_or(Ok(()), |kind| Err(Error::new(kind, "the rig is broken")))
    }

    fn open(&self, line: Line) -> Result<RigPin> {
        self.check()?;
        self.calls.push(format!("open {line}"));
        Ok(RigPin { rig: self.clone(), line })
    }
}

impl PinFactory for Rig {
    fn name(&self) -> &'static str {
        "rig"
    }

    fn host(&self) -> Host {
        Host::Remote(format!("{:p}", Arc::as_ptr(&self.state)))
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities {
            output: native,
            input: native,
            bias: native,
            edges: native,
            pwm: native,
            ..Capabilities::NONE
        }
    }

    fn board(&self) -> Board {
        Board::generic(32)
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        Ok((name == "the lamp").then_some(Line(9)))
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, line: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Ok(Box::new(self.open(line)?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let pin = self.open(line)?;
        #[cfg(target_os = "linux")]
        let socket = self.state().socket.take();
        #[cfg(target_os = "linux")]
        if let (Some(socket), Some(sink)) = (socket, config.edges.clone()) {
            let registration = watch(sink, socket)?;
            self.state().registration = Some(registration);
            return Ok(Box::new(pin));
        }
        self.state().sinks.extend(config.edges.map(|sink| (line, sink)));
        Ok(Box::new(pin))
    }

    fn open_pwm(&self, line: Line, _: PwmConfig) -> Result<Box<dyn PwmPin>> {
        Ok(Box::new(self.open(line)?))
    }

    fn close(&self) -> Result<()> {
        self.calls.push("close rig".to_owned());
        Ok(())
    }
}

#[derive(Debug)]
struct RigPin {
    rig: Rig,
    line: Line,
}

impl Pin for RigPin {
    fn level(&self) -> Result<Level> {
        self.rig.check()?;
        let (level, edge) = {
            let mut state = self.rig.state();
            (state.level, state.edge_after_read.take())
        };
        if let Some(edge) = edge {
            self.rig.push(self.line.0, pinzero::time::Clock::real().now(), edge, 0);
        }
        Ok(level)
    }

    fn close(&self) -> Result<()> {
        self.rig.calls.push(format!("close {}", self.line));
        self.rig.check()
    }
}

impl OutputPin for RigPin {
    fn set(&self, level: Level) -> Result<()> {
        self.rig.check()?;
        if self.rig.state().slow.take_if(|slow| *slow == level).is_some() {
            let start = Wall::now();
            while self.rig.state().written != Some(!level) && start.elapsed() < ms(200) {
                thread::sleep(ms(1));
            }
        }
        self.rig.state().written = Some(level);
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl PwmPin for RigPin {
    fn set(&self, _: Duration, _: Duration) -> Result<()> {
        self.rig.check()
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Pin::close(self)
    }
}

/// Has the runtime read edges from a socket, and gives it the time to do so before the input is there.
#[cfg(target_os = "linux")]
fn watch(sink: EdgeSink, mut socket: std::os::unix::net::UnixStream) -> Result<pinzero_core::Registration> {
    use std::io::Read;

    let polled = socket.try_clone().unwrap_or_else(|error| panic!("{error}"));
    let own = sink.clone();
    let registration = sink.watch(polled, move |edges| {
        let mut bytes = [0; 8];
        let count = socket.read(&mut bytes).unwrap_or(0);
        let at = pinzero::time::Clock::real().now();
        (0..count).for_each(|_| edges.push(&own, Edge { at, level: Level::Low, missed: 0 }));
        Ok(())
    })?;
    thread::sleep(ms(50));
    Ok(registration)
}

/// The next `count` events, as milliseconds since `start`.
fn take(events: &mut pinzero::Events, count: usize, start: Instant) -> Vec<(u64, EventKind)> {
    let told = std::iter::from_fn(|| events.next_timeout(PATIENCE)).take(count);
    told.map(|event| ((event.at - start).as_millis() as u64, event.kind)).collect()
}

#[test]
fn an_edge_right_after_the_first_look_at_the_level_is_not_lost() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    rig.state().edge_after_read = Some(Level::Low);
    let button = Button::builder(4).gpio(&gpio).open()?;
    assert!(button.is_pressed()?, "the line itself tells");
    eventually("the press is known", || button.pressed_time().is_some());
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn an_edge_that_is_there_before_the_input_is_not_lost() -> Result<()> {
    use std::io::Write;

    let (rig, gpio) = Rig::start()?;
    // The descriptor says once that it can be read: before there is anybody to take the edge.
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.write_all(b"x").unwrap();
    rig.state().socket = Some(near);
    let button = Button::builder(4).gpio(&gpio).open()?;
    eventually("the press is known", || button.pressed_time().is_some());
    Ok(())
}

#[test]
fn events_carry_the_time_of_the_edge_however_late_it_is_told() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let sensor = DigitalInputDevice::builder(4).pull_up(true).gpio(&gpio).open()?;
    let mut events = sensor.events();
    let start = gpio.now();
    gpio.sleep(ms(3));
    rig.push(4, start + ms(1), Level::Low, 0);
    rig.push(4, start + ms(2), Level::High, 0);
    assert_eq!(take(&mut events, 2, start), [(1, Activated), (2, Deactivated)]);
    Ok(())
}

#[test]
fn debounce_and_hold_are_decided_by_the_times_of_the_edges() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let builder = Button::builder(4).bounce_time(ms(20)).hold_time(ms(200)).double_click_time(ms(5));
    let button = builder.gpio(&gpio).open()?;
    let mut events = button.events();
    let start = gpio.now();
    gpio.sleep(ms(500));
    // All of it comes at once, half a second late.
    let edges = [
        (10, Level::Low),
        (15, Level::High),
        (100, Level::Low),
        (400, Level::High),
        (410, Level::Low),
        (415, Level::High),
    ];
    rig.push_all(4, &edges.map(|(at, level)| Edge { at: start + ms(at), level, missed: 0 }));
    let told: Vec<_> = take(&mut events, 4, start);
    assert_eq!(told, [(120, Pressed), (320, Held), (320, EventKind::LongPressed), (435, Released)]);
    Ok(())
}

#[test]
fn a_hold_comes_before_the_release_even_if_both_are_told_together() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let button = Button::builder(4).hold_time(ms(200)).double_click_time(ms(5)).gpio(&gpio).open()?;
    let mut events = button.events();
    let start = gpio.now();
    gpio.sleep(ms(500));
    let edges = [(100, Level::Low), (400, Level::High)];
    rig.push_all(4, &edges.map(|(at, level)| Edge { at: start + ms(at), level, missed: 0 }));
    let told: Vec<_> = take(&mut events, 4, start);
    assert_eq!(told, [(100, Pressed), (300, Held), (300, EventKind::LongPressed), (400, Released)]);
    Ok(())
}

#[test]
fn an_edge_that_is_told_too_late_changes_nothing_of_what_is_decided() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let button = Button::builder(4).hold_time(ms(20)).gpio(&gpio).open()?;
    let mut events = button.events();
    let start = gpio.now();
    rig.push(4, start + ms(10), Level::Low, 0);
    assert_eq!(take(&mut events, 3, start), [(10, Pressed), (30, Held), (30, EventKind::LongPressed)]);
    // It was released before it was held, but nobody knew.
    rig.push(4, start + ms(15), Level::High, 0);
    assert_eq!(take(&mut events, 1, start), [(30, Released)]);
    Ok(())
}

#[test]
fn a_stamp_that_is_out_of_order_does_not_turn_time_back() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let sensor = DigitalInputDevice::builder(4).pull_up(true).gpio(&gpio).open()?;
    let mut events = sensor.events();
    let start = gpio.now();
    for (at, level) in [(5, Level::Low), (3, Level::High), (6, Level::Low)] {
        rig.push(4, start + ms(at), level, 0);
    }
    assert_eq!(take(&mut events, 3, start), [(5, Activated), (5, Deactivated), (6, Activated)]);
    Ok(())
}

#[test]
fn edges_that_the_backend_has_lost_are_counted() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let sensor = DigitalInputDevice::builder(4).pull_up(true).gpio(&gpio).open()?;
    let mut events = sensor.events();
    rig.push(4, gpio.now(), Level::Low, 0);
    rig.push(4, gpio.now(), Level::High, 6);
    let told = std::iter::from_fn(|| events.next_timeout(PATIENCE)).take(2);
    let missed: Vec<_> = told.map(|event| event.missed).collect();
    assert_eq!((missed, sensor.missed()), (vec![0, 6], 6));
    Ok(())
}

#[test]
fn edges_after_the_close_are_nobodys() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let button = Button::builder(4).gpio(&gpio).open()?;
    let mut events = button.events();
    button.close()?;
    rig.push(4, gpio.now(), Level::Low, 0);
    assert_eq!(events.next(), None);
    let now = gpio.now();
    drop((button, events, gpio));
    rig.push(4, now, Level::High, 0);
    Ok(())
}

#[test]
fn an_error_of_the_backend_reaches_the_caller_with_its_kind_and_changes_nothing() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(5).initial_value(0.5).gpio(&gpio).open()?;
    let button = Button::builder(6).gpio(&gpio).open()?;
    rig.break_with(ErrorKind::Disconnected);
    let refused = [
        led.on(),
        led.toggle(),
        led.is_lit().map(drop),
        lamp.on(),
        lamp.set_frequency(50.0),
        button.is_pressed().map(drop),
        button.wait_for_release(),
        Led::builder(7).gpio(&gpio).open().map(drop),
    ];
    for error in refused.map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    }
    assert_eq!((led.output().last(), lamp.value()?, lamp.frequency()), (Level::Low, 0.5, 100.0));
    rig.break_with(None);
    led.on()?;
    drop(Led::builder(7).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn a_blink_that_cannot_write_ends_with_the_error() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let blink = led.blink(ms(1), ms(1))?;
    rig.break_with(ErrorKind::Disconnected);
    assert_eq!(blink.wait_timeout(PATIENCE).unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(!blink.is_running());
    rig.break_with(None);
    led.on()?;
    assert!(led.is_lit()?);
    led.blink_with(Blink::new(ms(1), ms(1)).times(2))?.wait()?;
    Ok(())
}

#[test]
fn of_two_writes_at_once_the_one_that_reached_the_pin_last_is_the_state() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    rig.state().slow = Some(Level::High);
    let other = thread::spawn({
        let led = led.clone();
        move || led.on()
    });
    eventually("the slow write is under way", || rig.state().slow.is_none());
    led.off()?;
    assert!(matches!(other.join(), Ok(Ok(()))));
    let last = rig.state().written;
    assert_eq!(Some(led.output().last()), last);
    led.toggle()?;
    assert_eq!(rig.state().written, last.map(|level| !level), "toggle goes to the other level");
    Ok(())
}

#[test]
fn everyone_who_asks_hears_why_a_blink_has_ended() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let blink = led.blink(ms(1), ms(1))?;
    rig.break_with(ErrorKind::Disconnected);
    for handle in [blink.clone(), blink] {
        let ended = handle.wait_timeout(PATIENCE);
        assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::Disconnected));
    }
    Ok(())
}

#[test]
fn a_blink_whose_first_write_fails_is_refused() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(5).gpio(&gpio).open()?;
    rig.break_with(ErrorKind::Disconnected);
    assert_eq!(led.blink(ms(1), ms(1)).map_err(|error| error.kind()).err(), Some(ErrorKind::Disconnected));
    assert_eq!(lamp.pulse(ms(1), ms(1)).map_err(|error| error.kind()).err(), Some(ErrorKind::Disconnected));
    Ok(())
}

#[test]
fn the_last_opened_is_the_first_closed_and_the_factory_comes_last() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let _led = Led::builder(4).gpio(&gpio).open()?;
    let _button = Button::builder(6).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(5).gpio(&gpio).open()?;
    let _relay = DigitalOutputDevice::builder("the lamp").gpio(&gpio).open()?;
    lamp.close()?;
    rig.calls.take();
    gpio.close()?;
    assert_eq!(rig.calls.take(), ["close GPIO9", "close GPIO6", "close GPIO4", "close rig"]);
    Ok(())
}

#[test]
fn the_factory_is_closed_with_its_last_handle() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    drop(gpio);
    assert_eq!(rig.calls.take(), ["open GPIO4"]);
    drop(led);
    assert_eq!(rig.calls.take(), ["close GPIO4", "close rig"]);
    Ok(())
}

#[test]
fn an_error_on_closing_is_told_and_the_pin_is_free_all_the_same() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let button = Button::builder(6).gpio(&gpio).open()?;
    rig.break_with(ErrorKind::Disconnected);
    assert_eq!(led.close().unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(button.close().unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(led.is_closed() && button.is_closed());
    led.close()?;
    rig.break_with(None);
    drop(Led::builder(4).gpio(&gpio).open()?);
    drop(Led::builder(6).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn closing_the_factory_goes_on_after_an_error_and_tells_the_first() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let led = Led::builder(4).gpio(&gpio).open()?;
    let button = Button::builder(6).gpio(&gpio).open()?;
    rig.break_with(ErrorKind::Disconnected);
    assert_eq!(gpio.close().unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(led.is_closed() && button.is_closed());
    assert_eq!(rig.calls.take()[2..], ["close GPIO6", "close GPIO4", "close rig"]);
    Ok(())
}

#[test]
fn a_sensor_that_answers_at_once_is_refused_over_a_network() -> Result<()> {
    let (rig, gpio) = Rig::start()?;
    let error = Dht22::builder(4).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    assert!(message.starts_with("Dht22 on GPIO4") && message.contains("a network is too slow"), "{message}");
    assert_eq!(rig.calls.take(), Vec::<String>::new(), "no line is opened");
    Ok(())
}
