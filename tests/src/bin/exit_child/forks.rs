//! Forks: what a child may do with its parent's devices, and with its own.
//!
//! What goes wrong in a child ends the child, and that ends the program. A child that hangs is ended by an alarm.

use std::future::Future;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::{env, io, mem, process, thread};

use pinzero::pigpio::PigpioFactory;
use pinzero::prelude::*;
use pinzero::{
    AnimationEnd, Blink, Capabilities, Delay, Drive, ErrorKind, Events, Flex, I2c, Input, Inputs, Output,
    OutputGroup, PinSpec, Pwm, Result, Spi, Support, Timer, board::Board, default_gpio, mock, set_default,
    with_default,
};
use pinzero_core::{Host, I2cConfig, Line, LineInfo, OutputConfig, OutputPin, Pin, PinFactory};

/// How long a child may take, in seconds.
const LIMIT: u32 = 20;

type Mode = fn(pins: &str, open: &dyn Fn() -> Result<Gpio>) -> Result<()>;

/// The modes. The line that the child uses is GPIO17; `open` starts a factory of its own.
const MODES: &[(&str, Mode)] = &[
    ("fork-opens-and-exits", |_, open| opens(open, || process::exit(0), |status| status == 0)),
    ("fork-opens-and-is-killed", |_, open| {
        // SAFETY: raising a signal is all that it does.
        let killed = || unsafe { _ = libc::raise(libc::SIGTERM) };
        opens(open, killed, |status| libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGTERM)
    }),
    ("fork-uses-its-parents", |_, open| Family::open(&open()?)?.outlives_its_forks()),
    ("fork-with-locks-held", |_, open| locks_held(open)),
    ("fork-default", |pins, _| default(pins)),
    ("fork-set-default", |_, open| named_default(open)),
    ("fork-daemon", |_, open| daemon(open)),
    ("fork-of-a-client", client),
];

/// Returns the mode of this name, if there is one.
pub(crate) fn mode(name: &str) -> Option<Mode> {
    MODES.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// Forks, lets the child work, and returns its status. The child ends with code 0, unless `work` ends it.
fn fork(work: impl FnOnce() -> Result<()>) -> libc::c_int {
    // SAFETY: what the child may do is what is tested here.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: a signal without a handler ends the process, and touches nothing.
            unsafe { libc::alarm(LIMIT) };
            match work() {
                Ok(()) => process::exit(0),
                Err(error) => {
                    eprintln!("the child: {error:?}");
                    process::exit(1)
                }
            }
        }
        child => {
            let mut status = 0;
            // SAFETY: `status` lives until the call returns.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            status
        }
    }
}

fn led(gpio: &Gpio, pin: u32) -> Result<Led> {
    Led::builder(pin).initial_value(true).gpio(gpio).open()
}

/// The child drives a pin of its own, and ends.
fn opens(open: &dyn Fn() -> Result<Gpio>, end: fn(), is_right: fn(libc::c_int) -> bool) -> Result<()> {
    let gpio = open()?;
    let ours = led(&gpio, 18)?;
    let status = fork(|| {
        let gpio = open()?;
        // The parent holds this one, but the child does not: only the kernel, if there is one, may refuse.
        match led(&gpio, 18) {
            Err(error) if error.kind() != ErrorKind::Busy => return Err(error),
            tried => drop(tried),
        }
        let led = led(&gpio, 17)?;
        led.blink_with(Blink::new(ms(1), ms(1)).times(2))?.wait()?;
        led.on()?;
        // Leaked, so that only the guard gives the pin back.
        mem::forget(led);
        end();
        loop {
            thread::park();
        }
    });
    assert!(is_right(status), "the child ended with {status}");
    assert!(ours.is_lit()?, "the child has switched it off");
    Ok(())
}

/// A device of each kind.
struct Family {
    gpio: Gpio,
    led: Led,
    lamp: PwmOutputDevice,
    output: Output,
    pwm: Pwm,
    group: OutputGroup,
    flex: Flex,
    spi: Spi,
    /// Where lines can turn.
    i2c: Option<I2c>,
    delay: Delay,
    button: Button,
    input: Input,
    inputs: Inputs,
    blink: Animation,
    events: Events,
    timer: Timer,
    handler: pinzero::Handler,
    encoder: RotaryEncoder,
    sensor: DistanceSensor,
}

impl Family {
    fn open(gpio: &Gpio) -> Result<Family> {
        let blinking = led(gpio, 6)?;
        let button = Button::builder(2).gpio(gpio).open()?;
        Ok(Family {
            gpio: gpio.clone(),
            led: led(gpio, 17)?,
            lamp: PwmOutputDevice::builder(12).initial_value(0.5).gpio(gpio).open()?,
            output: gpio.output(5).open()?,
            pwm: gpio.pwm(13).open()?,
            group: gpio.group([22, 27]).open()?,
            flex: gpio.flex(4).open()?,
            spi: gpio.spi(11).mosi(10).miso(9).select(8).open()?,
            i2c: gpio.soft_i2c(14, 15).open().ok(),
            delay: gpio.delay(),
            input: gpio.input(24).settle(ms(1)).open()?,
            inputs: gpio.inputs([25, 26]).open()?,
            blink: blinking.blink(ms(1), ms(1))?,
            events: button.events(),
            timer: gpio.every(ms(1), |_| {})?,
            handler: button.when_pressed(|_| {}),
            button,
            encoder: RotaryEncoder::builder(20, 21).gpio(gpio).open()?,
            sensor: DistanceSensor::builder(23, 19).gpio(gpio).open()?,
        })
    }

    /// The child tries whatever can block or touch a pin, again and again, while the parent's threads work.
    fn outlives_its_forks(mut self) -> Result<()> {
        for _ in 0..10 {
            let status = fork(|| self.is_closed_here());
            assert!(status == 0, "the child ended with {status}");
        }
        let mut family = Some(self);
        let status = fork(|| {
            drop(family.take());
            pinzero::close_all()
        });
        assert!(status == 0, "the child ended with {status}");
        // All goes on in the parent.
        let family = family.unwrap_or_else(|| unreachable!("the child dropped its copy"));
        assert!(family.led.is_lit()? && !family.button.is_closed() && family.timer.is_active());
        assert!(family.blink.is_running());
        family.led.blink_with(Blink::new(ms(1), ms(1)).times(2))?.wait()?;
        family.lamp.set_value(0.1)?;
        family.spi.transfer(&mut [1])?;
        family.gpio.close()
    }

    fn is_closed_here(&mut self) -> Result<()> {
        let Family { gpio, led, lamp, output, pwm, group, flex, spi, button, input, inputs, .. } = self;
        let Family { encoder, sensor, i2c, delay, .. } = self;
        refused("on", led.on());
        refused("off", led.off());
        refused("toggle", led.toggle());
        refused("is_lit", led.is_lit());
        refused("blink", led.blink(ms(1), ms(1)));
        refused("set", output.set(Level::High));
        refused("toggle", output.toggle());
        refused("level", output.level());
        refused("on", lamp.on());
        refused("toggle", lamp.toggle());
        refused("value", lamp.value());
        refused("pulse", lamp.pulse(ms(1), ms(1)));
        refused("set_frequency", lamp.set_frequency(50.0));
        refused("set_duty", pwm.set_duty(0.1));
        refused("blink", pwm.blink(Blink::new(ms(1), ms(1)), Level::High));
        refused("set", group.set(1));
        refused("set_masked", group.set_masked(1, 1));
        refused("levels", group.levels());
        refused("blink", group.blink(Blink::new(ms(1), ms(1)), Level::High));
        refused("set", group.outputs()[0].set(Level::High));
        refused("turn", flex.turn(Drive::Output(Level::High)));
        refused("level", flex.level());
        refused("transfer", spi.transfer(&mut [1]));
        refused("read", spi.read(1));
        refused("write", spi.write(&[1]));
        if let Some(i2c) = i2c {
            refused("write", i2c.write(0x20, &[1]));
            refused("write_read", i2c.write_read(0x20, &[1], &mut [0]));
            refused("scan", i2c.scan());
            assert!(i2c.is_closed());
            i2c.close()?;
        }
        refused("soft_i2c", gpio.soft_i2c(16, 7).open());
        refused("i2c", gpio.i2c(1).open());
        refused("serial", gpio.serial("/dev/serial0").open());
        delay.pause(ms(1));
        refused("pause_async", now(delay.pause_async(ms(1))));
        refused("is_pressed", button.is_pressed());
        refused("wait_for_press", button.wait_for_press());
        refused("wait_for_press_timeout", button.wait_for_press_timeout(ms(1)));
        refused("pressed", now(button.pressed()));
        refused("clicked", now(button.clicked()));
        refused("level", input.level());
        refused("is_active", input.is_active());
        refused("wait_for", input.wait_for(true));
        refused("levels", inputs.levels());
        refused("steps", encoder.steps());
        refused("set_steps", encoder.set_steps(1));
        refused("wait_for_rotate", encoder.wait_for_rotate());
        refused("rotated", now(encoder.rotated()));
        refused("value", sensor.value());
        refused("in_range", sensor.in_range());
        refused("wait_for_in_range_timeout", sensor.wait_for_in_range_timeout(ms(1)));
        refused("set_max_distance", sensor.set_max_distance(2.0));
        refused("set_temperature", sensor.set_temperature(0.0));
        refused("wait", self.blink.wait());
        refused("wait_timeout", self.blink.wait_timeout(ms(1)));
        refused("finished", now(self.blink.finished()));
        refused("stop", self.blink.stop());
        refused("open", gpio.output(16).open());
        refused("open", gpio.input(16).open());
        refused("line_info", gpio.line_info(17));
        refused("resolve", gpio.resolve(17));
        refused("every", gpio.every(ms(1), |_| {}));
        refused("after", gpio.after(ms(1), || {}));

        // Iterators end, and say why.
        assert_eq!(
            (self.events.next(), self.events.try_next(), self.events.next_timeout(ms(1))),
            (None, None, None)
        );
        assert_eq!(now(self.events.next_async()), None);
        refused("error", self.events.error().map_or(Ok(()), Err));
        assert_eq!((button.events().next(), inputs.events().next(), flex.edges().next()), (None, None, None));

        // What cannot fail has no effect: nothing of it happens in this process.
        button.when_pressed(|_| {}).remove();
        input.clear_handlers();
        self.handler.remove();
        self.timer.cancel();
        gpio.on_error(|_| {});
        let _ =
            (button.pressed_time(), button.is_held(), input.was_active(), input.missed(), lamp.frequency());
        let _ =
            format!("{led:?} {lamp:?} {output:?} {pwm:?} {group:?} {flex:?} {button:?} {input:?} {inputs:?}");
        let _ = format!("{encoder:?} {sensor:?} {sensor}");
        let _ = (encoder.missed(), encoder.active_time(), sensor.missed_echoes(), sensor.max_distance());
        encoder.when_rotated(|_| {}).remove();
        assert_eq!((encoder.events().next(), sensor.events().next()), (None, None));
        assert!(encoder.is_closed() && sensor.is_closed());
        assert!(led.is_closed() && button.is_closed() && flex.is_closed() && gpio.is_closed());
        assert!(!self.timer.is_active());

        // Closed it is already.
        led.close()?;
        button.close()?;
        group.close()?;
        flex.close()?;
        spi.close()?;
        encoder.close()?;
        sensor.close()?;
        gpio.close_pins([17])?;
        gpio.close()?;
        pinzero::close_all()
    }
}

fn refused<R>(what: &str, result: Result<R>) {
    match result {
        Ok(_) => panic!("{what} on a device of another process has done something"),
        Err(error) => {
            let is_clear =
                error.kind() == ErrorKind::Closed && error.to_string().contains("opened by another process");
            assert!(is_clear, "{what}: {error:?}");
        }
    }
}

/// Polls a future that must be ready.
fn now<R>(future: impl Future<Output = R>) -> R {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits for ever"),
    }
}

/// Forks at the first write of a blink, where this very thread holds the lock of the runtime.
fn locks_held(open: &dyn Fn() -> Result<Gpio>) -> Result<()> {
    static HANDLES: OnceLock<(Led, Input, Gpio)> = OnceLock::new();
    static FORKS: AtomicBool = AtomicBool::new(false);

    #[derive(Debug)]
    struct Forking;

    impl PinFactory for Forking {
        fn name(&self) -> &'static str {
            "forking"
        }

        fn host(&self) -> Host {
            Host::Remote("nowhere".to_owned())
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { output: Support::Native, input: Support::Native, ..Capabilities::NONE }
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

        fn open_output(&self, _: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
            Ok(Box::new(Forking))
        }

        fn open_input(&self, _: Line, _: pinzero_core::InputConfig) -> Result<Box<dyn Pin>> {
            Ok(Box::new(Forking))
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    impl Pin for Forking {
        fn level(&self) -> Result<Level> {
            Ok(Level::High)
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    impl OutputPin for Forking {
        fn set(&self, _: Level) -> Result<()> {
            if FORKS.swap(false, Ordering::Relaxed) {
                let status = fork(in_child);
                assert!(status == 0, "the child ended with {status}");
            }
            Ok(())
        }

        fn confirm(&self) -> Result<()> {
            Ok(())
        }
    }

    fn in_child() -> Result<()> {
        let (led, input, gpio) = HANDLES.get().unwrap_or_else(|| unreachable!("they are open"));
        refused("on", led.on());
        refused("blink", led.blink(ms(1), ms(1)));
        refused("wait_for", input.wait_for(false));
        refused("open", gpio.output(PinSpec::from(3)).open());
        led.close()?;
        gpio.close()?;
        // A factory of its own has locks of its own.
        let mock = mock::builder().realtime().open();
        Led::builder(4).gpio(&mock).open()?.blink_with(Blink::new(ms(1), ms(1)).times(2))?.wait()?;
        Ok(())
    }

    let gpio = Gpio::new(Forking)?;
    let handles = (led(&gpio, 4)?, gpio.input(2).open()?, gpio);
    let (led, ..) = HANDLES.get_or_init(|| handles);
    FORKS.store(true, Ordering::Relaxed);
    let blink = led.blink_with(Blink::new(ms(1), ms(1)).times(1))?;
    assert_eq!(blink.wait()?, AnimationEnd::Finished);
    // For the test, which looks at this line.
    drop(self::led(&open()?, 17)?);
    Ok(())
}

/// The child takes devices without naming a factory, as its parent did.
fn default(pins: &str) -> Result<()> {
    let name = if pins == "cdev" || pins.starts_with("pigpio") { pins } else { "mock" };
    // SAFETY: nothing else runs yet that could look at the environment.
    unsafe { env::set_var("PINZERO_PIN_FACTORY", name) };
    let ours = Led::new(18)?;
    ours.blink(ms(1), ms(1))?;
    let status = fork(|| {
        let led = Led::new(17)?;
        assert_eq!(led.blink_with(Blink::new(ms(1), ms(1)).times(3))?.wait()?, AnimationEnd::Finished);
        assert_ne!(format!("{:p}", led.gpio()), format!("{:p}", ours.gpio()));
        Ok(())
    });
    assert!(status == 0, "the child ended with {status}");
    ours.on()
}

/// The parent names its factory: the child has to name one, too.
fn named_default(open: &dyn Fn() -> Result<Gpio>) -> Result<()> {
    let gpio = open()?;
    set_default(&gpio);
    let ours = led(&gpio, 18)?;
    let named = |result: Result<Led>| {
        let message = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert!(message.contains("set_default"), "{message}");
        refused("new", result);
    };
    let status = with_default(&gpio, || {
        fork(|| {
            named(Led::new(17));
            Ok(())
        })
    });
    assert!(status == 0, "the child ended with {status}");
    let status = fork(|| {
        named(Led::new(17));
        refused("default_gpio", default_gpio());
        named(Led::builder(17).gpio(&gpio).open());
        set_default(&open()?);
        Led::new(17)?.blink_with(Blink::new(ms(1), ms(1)).times(2))?.wait()?;
        Ok(())
    });
    assert!(status == 0, "the child ended with {status}");
    assert!(ours.is_lit()?);
    default_gpio().map(drop)
}

/// The program opens a LED and becomes a daemon, as in C: the process that opened the LED ends at once.
fn daemon(open: &dyn Fn() -> Result<Gpio>) -> Result<()> {
    let (mut read, write) = UnixStream::pair().unwrap_or_else(|error| panic!("{error}"));
    let status = fork(|| {
        let gpio = open()?;
        let ours = led(&gpio, 18)?;
        ours.blink(ms(1), ms(1))?;
        // SAFETY: the parent ends, and the child goes on.
        assert_eq!(unsafe { libc::daemon(1, 1) }, 0);
        // SAFETY: as above.
        unsafe { libc::alarm(LIMIT) };
        refused("off", ours.off());
        let gpio = open()?;
        mem::forget(led(&gpio, 17)?);
        let done = || io::Write::write_all(&mut &write, b"done");
        done().unwrap_or_else(|error| panic!("{error}"));
        // The pipe stays open until the guard has given the pin back.
        process::exit(0)
    });
    assert!(status == 0, "the child ended with {status}");
    drop(write);
    let mut said = String::new();
    io::Read::read_to_string(&mut read, &mut said).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(said, "done", "the daemon ended too early");
    Ok(())
}

/// The child has copies of its parent's connection to a daemon, and leaves them alone.
fn client(address: &str, open: &dyn Fn() -> Result<Gpio>) -> Result<()> {
    let pi = PigpioFactory::connect(address)?;
    let mut events = pi.link_events();
    let mut family = Some((pi, events.next_timeout(ms(1))));
    let status = fork(|| {
        let (pi, _) = family.take().unwrap_or_else(|| unreachable!("it is there"));
        assert!(!pi.is_connected());
        assert!(events.next().is_none() && pi.link_events().next().is_none());
        refused("is_busy", pi.waves().is_busy());
        refused("open_i2c", pi.open_i2c(I2cConfig::new(1)));
        drop(pi);
        led(&open()?, 17).map(drop)
    });
    assert!(status == 0, "the child ended with {status}");
    let (pi, _) = family.unwrap_or_else(|| unreachable!("the child dropped its copy"));
    assert!(pi.is_connected());
    pi.waves().is_busy().map(drop)
}
