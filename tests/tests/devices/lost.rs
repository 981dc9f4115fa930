//! A chip that is unplugged: waits and iterators end, the program is told, and the pin can be opened again.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use pinzero::board::Board;
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{Capabilities, Effects, ErrorKind, Machine, Result, Support};
use pinzero_core::{
    EdgeSink, FlexConfig, FlexPin, Host, InputConfig, Line, LineInfo, OutputConfig, OutputPin, Pin,
    PinFactory,
};
use pinzero_tests::{eventually, receive};

/// A backend whose chip can be unplugged.
#[derive(Debug, Clone)]
struct Plug {
    edges: Support,
    sinks: Arc<Mutex<HashMap<Line, EdgeSink>>>,
    unplugged: Arc<Mutex<bool>>,
    /// Is unplugged right after a line has been opened, before the caller knows.
    goes_at_once: Arc<Mutex<bool>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone() -> Error {
    Error::new(ErrorKind::NoChip, "no GPIO chip at /dev/gpiochip9")
}

impl Plug {
    fn plugged(edges: Support) -> Result<(Plug, Gpio, Receiver<String>)> {
        let plug =
            Plug { edges, sinks: Arc::default(), unplugged: Arc::default(), goes_at_once: Arc::default() };
        let gpio = Gpio::new(plug.clone())?;
        let (sender, errors) = mpsc::channel();
        gpio.on_error(move |error| drop(sender.send(error.to_string())));
        Ok((plug, gpio, errors))
    }

    fn unplug(&self) {
        *lock(&self.unplugged) = true;
        let sinks: Vec<EdgeSink> = lock(&self.sinks).values().cloned().collect();
        sinks.iter().for_each(|sink| sink.lose(gone()));
    }

    fn open(&self, line: Line, sink: Option<EdgeSink>) -> Result<Plug> {
        if *lock(&self.unplugged) {
            return Err(gone());
        }
        if let Some(sink) = sink.as_ref().filter(|_| *lock(&self.goes_at_once)) {
            sink.lose(gone());
        }
        lock(&self.sinks).extend(sink.map(|sink| (line, sink)));
        Ok(self.clone())
    }
}

impl PinFactory for Plug {
    fn name(&self) -> &'static str {
        "plug"
    }

    fn host(&self) -> Host {
        Host::Chip(format!("{:p}", Arc::as_ptr(&self.sinks)))
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities {
            input: native,
            output: native,
            flex: native,
            bias: native,
            edges: self.edges,
            ..Capabilities::NONE
        }
    }

    fn board(&self) -> Board {
        Board::generic(8)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, line: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Ok(Box::new(self.open(line, None)?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        Ok(Box::new(self.open(line, config.edges)?))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        Ok(Box::new(self.open(line, config.edges)?))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl Pin for Plug {
    fn level(&self) -> Result<Level> {
        if *lock(&self.unplugged) { Err(gone()) } else { Ok(Level::Low) }
    }

    fn close(&self) -> Result<()> {
        if *lock(&self.unplugged) { Err(gone()) } else { Ok(()) }
    }
}

impl OutputPin for Plug {
    fn set(&self, _: Level) -> Result<()> {
        Pin::close(self)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl FlexPin for Plug {
    fn turn(&self, _: pinzero::Drive) -> Result<()> {
        Pin::close(self)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

/// How a backend tells that the chip is gone: by its sinks, or by what a read of the level ends in.
const WAYS: [Support; 2] = [Support::Native, Support::None];

#[test]
fn waits_end_with_the_error_that_the_chip_is_gone() -> Result<()> {
    for way in WAYS {
        let (plug, gpio, errors) = Plug::plugged(way)?;
        let sensor = DigitalInputDevice::builder(4).gpio(&gpio).open()?;
        let mut events = sensor.events();
        let waits = thread::scope(|scope| {
            let waits = [
                scope.spawn(|| sensor.wait_for_active().unwrap_err()),
                scope.spawn(|| sensor.wait_for_active_timeout(secs(60)).unwrap_err()),
            ];
            thread::sleep(ms(20));
            plug.unplug();
            assert_eq!(events.next(), None);
            waits.map(|wait| wait.join().unwrap())
        });
        for error in waits {
            assert_eq!(error.kind(), ErrorKind::NoChip, "{error}");
            assert!(error.to_string().contains("GPIO4"), "{error}");
        }
        assert_eq!(events.error().map(|error| error.kind()), Some(ErrorKind::NoChip));
        assert!(sensor.is_closed());
        // Whether the device has been closed by now or not.
        for _ in 0..20 {
            assert_eq!(sensor.is_active().unwrap_err().kind(), ErrorKind::NoChip);
            thread::sleep(ms(1));
        }
        // Once, however many wait.
        let told = receive(&errors);
        assert!(told.starts_with("DigitalInputDevice on GPIO4: ") && told.contains("gpiochip9"), "{told}");
        assert_eq!(errors.recv_timeout(ms(50)).ok(), None);
        // The line is free, though the old device is still there.
        *lock(&plug.unplugged) = false;
        eventually("the pin can be opened again", || gpio.input(4).open().is_ok());
    }
    Ok(())
}

#[test]
fn a_chip_that_goes_while_a_line_is_opened_is_not_forgotten() -> Result<()> {
    let (plug, gpio, errors) = Plug::plugged(Support::Native)?;
    *lock(&plug.goes_at_once) = true;
    let (input, flex) = (gpio.input(4).open().map(drop), gpio.flex(5).open().map(drop));
    for error in [input.unwrap_err(), flex.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NoChip, "{error}");
        assert!(receive(&errors).contains("gpiochip9"));
    }
    // The lines are free.
    *lock(&plug.goes_at_once) = false;
    gpio.input(4).open()?.close()?;
    gpio.flex(5).open()?.close()
}

#[test]
fn inputs_that_belong_together_are_lost_together() -> Result<()> {
    let (plug, gpio, errors) = Plug::plugged(Support::Native)?;
    let inputs = gpio.inputs([1, 2]).open()?;
    let mut together = inputs.events();
    let mut apart: Vec<_> = inputs.inputs().iter().map(pinzero::Input::events).collect();
    plug.unplug();
    assert_eq!(together.next(), None);
    assert!(apart.iter_mut().all(|events| events.next().is_none()));
    assert!(inputs.is_closed() && inputs.inputs().iter().all(pinzero::Input::is_closed));
    receive(&errors);
    assert_eq!(errors.recv_timeout(ms(50)).ok(), None);
    Ok(())
}

#[test]
fn a_flexible_line_is_lost_as_well() -> Result<()> {
    for way in WAYS {
        let (plug, gpio, errors) = Plug::plugged(way)?;
        let line = gpio.flex(3).open()?;
        let mut edges = line.edges();
        plug.unplug();
        assert_eq!(edges.next(), None);
        assert_eq!(edges.error().map(|error| error.kind()), Some(ErrorKind::NoChip));
        assert!(line.is_closed());
        assert!(receive(&errors).contains("Flex on GPIO3"));
    }
    Ok(())
}

/// Counts the edges of its lines.
#[derive(Debug, Default)]
struct Counter {
    edges: u32,
    has_ended: bool,
}

impl Machine for Counter {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: pinzero::Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.edges += 1;
        effects.emit(Event::new(EventKind::Activated, edge.at));
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn end(&mut self) {
        self.has_ended = true;
    }
}

/// One line is lost, and the other ones are still there: their edges no longer count.
#[test]
fn a_machine_ends_with_the_first_line_that_is_lost() -> Result<()> {
    for lost in [1, 3] {
        let (plug, gpio, errors) = Plug::plugged(Support::Native)?;
        let (inputs, flex) = (gpio.inputs([1, 2]).open()?, gpio.flex(3).open()?);
        let counter = gpio.machine("Counter").inputs(inputs).flex(flex).start(|_, _| Counter::default())?;
        let sinks = lock(&plug.sinks).clone();
        let push = |line| {
            for level in [Level::High, Level::Low] {
                sinks[&Line(line)].push([pinzero::Edge { at: gpio.now(), level, missed: 0 }]);
            }
        };
        push(2);
        push(3);
        counter.wait_until(None, |counter| (counter.edges == 4).then_some(()))?;
        let mut events = counter.events();
        let waited = thread::scope(|scope| {
            let wait = scope.spawn(|| counter.wait_until(None, |counter| (counter.edges > 4).then_some(())));
            thread::sleep(ms(20));
            sinks[&Line(lost)].lose(gone());
            wait.join().unwrap()
        });
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::NoChip);
        assert_eq!(
            (events.next(), events.error().map(|error| error.kind())),
            (None, Some(ErrorKind::NoChip))
        );
        let error = counter.look(|_| ()).unwrap_err();
        assert!(error.kind() == ErrorKind::NoChip && error.to_string().contains("Counter"), "{error}");
        assert!(counter.is_closed());
        assert!(receive(&errors).contains("gpiochip9"));
        push(2);
        push(3);
        // A pass of the runtime takes the edges in before it does what is due.
        let (sender, passed) = mpsc::channel();
        let _timer = gpio.after(ms(1), move || _ = sender.send(()))?;
        receive(&passed);
        assert_eq!(counter.peek(|counter| (counter.edges, counter.has_ended)), Some((4, true)));
        counter.close()?;
        eventually("the pins can be opened again", || gpio.inputs([1, 2, 3]).open().is_ok());
        assert_eq!(errors.try_recv().ok(), None, "told once");
    }
    Ok(())
}

#[test]
fn a_blink_ends_with_the_error_and_says_so() -> Result<()> {
    let (plug, gpio, errors) = Plug::plugged(Support::Native)?;
    let led = Led::builder(5).gpio(&gpio).open()?;
    let blink = led.blink(ms(5), ms(5))?;
    plug.unplug();
    assert_eq!(blink.wait().unwrap_err().kind(), ErrorKind::NoChip);
    assert!(receive(&errors).contains("a blink ends early"));
    Ok(())
}

/// An iterator that ends because the device was closed has no error to tell.
#[test]
fn a_close_is_no_loss() -> Result<()> {
    let (_, gpio, errors) = Plug::plugged(Support::Native)?;
    let input = gpio.input(4).open()?;
    let mut events = input.events();
    input.close()?;
    assert_eq!(events.next(), None);
    assert!(events.error().is_none());
    drop(gpio);
    assert_eq!(errors.try_recv().ok(), None);
    Ok(())
}
