//! Runs user code in handlers as a program does: `handler_child MODE`. The tests in `tests/handlers.rs` read its output.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> pinzero::Result<()> {
    unix::main()
}

#[cfg(unix)]
mod unix {
    use std::env;
    use std::process::{Child, Command};
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use pinzero::mock::{self, MockGpio};
    use pinzero::prelude::*;
    use pinzero::{ErrorKind, Result};

    pub(super) fn main() -> Result<()> {
        let mode = env::args().nth(1);
        let gpio = mock::builder().realtime().open();
        match mode.as_deref() {
            Some("children") => children(&gpio),
            Some("errors") => errors(&gpio),
            Some("errors-are-silenced") => {
                gpio.on_error(|_| {});
                errors(&gpio)
            }
            Some("errors-are-logged") => {
                let _ = log::set_logger(&Printer);
                log::set_max_level(log::LevelFilter::Info);
                errors(&gpio)
            }
            Some("dropped") => dropped(&gpio),
            _ => panic!("usage: handler_child MODE"),
        }
    }

    fn press(gpio: &MockGpio) {
        gpio.line(2).drive(Level::Low);
        gpio.line(2).drive(Level::High);
    }

    /// Starts a process in each kind of user code, and says how each ended after SIGTERM.
    fn children(gpio: &MockGpio) -> Result<()> {
        let (sender, started) = channel();
        let start = |place: &'static str| {
            let sender = sender.clone();
            move || run(place, &sender)
        };
        let button = Button::builder(2).gpio(gpio).open()?;
        let led = Led::builder(17).gpio(gpio).open()?;
        let (handler, error, every, thread) =
            (start("handler"), start("on_error"), start("timer"), start("thread"));
        gpio.on_error(move |_| error());
        led.close()?;
        button.when_pressed(move |_| handler());
        button.when_released(move |_| led.on());
        gpio.after(Duration::from_millis(1), every)?;
        gpio.every_on_thread(Duration::from_millis(1), move |timer| {
            timer.cancel();
            thread();
        })?;
        press(gpio);
        for _ in 0..4 {
            let (place, mut child): (_, Child) =
                started.recv().unwrap_or_else(|_| unreachable!("there is a sender"));
            // SAFETY: sends a signal to a child that has not been waited for.
            unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGTERM) };
            let status = child.wait().unwrap_or_else(|error| panic!("{error}"));
            println!("{place}: {status}");
        }
        Ok(())
    }

    fn run(place: &'static str, sender: &Sender<(&'static str, Child)>) {
        let child = Command::new("sleep").arg("30").spawn().unwrap_or_else(|error| panic!("{error}"));
        drop(sender.send((place, child)));
    }

    /// Lets handlers fail in several ways, each twice.
    fn errors(gpio: &MockGpio) -> Result<()> {
        let (sender, done) = channel();
        let button = Button::builder(2).gpio(gpio).open()?;
        let led = Led::builder(17).gpio(gpio).open()?;
        led.close()?;
        button.when_pressed(move |_| led.on());
        button.when_pressed(|_| Err::<(), _>("the door is locked"));
        button.when_pressed(|_| Err::<(), _>(pinzero::Error::new(ErrorKind::InvalidValue, "no such floor")));
        button.when_released(move |_| sender.send(()));
        for _ in 0..2 {
            press(gpio);
            done.recv().unwrap_or_else(|_| unreachable!("there is a sender"));
        }
        Ok(())
    }

    /// Loses handlers and a blink, and keeps others. Without a logger, only the first would be seen.
    fn dropped(gpio: &MockGpio) -> Result<()> {
        let _ = log::set_logger(&Printer);
        log::set_max_level(log::LevelFilter::Info);
        let set_up = || -> Result<()> {
            let button = Button::builder(2).gpio(gpio).open()?;
            button.when_pressed(|_| println!("pressed"));
            Ok(())
        };
        set_up()?;
        Led::builder(17).gpio(gpio).open()?.blink(ms(100), ms(100))?;
        PwmOutputDevice::builder(18).gpio(gpio).open()?.pulse(secs(1), secs(1))?;
        // All that follows is as it should be.
        Led::builder(17).gpio(gpio).open()?.blink_with(Blink::new(ms(1), ms(1)).times(1))?.wait()?;
        let closed = Button::builder(2).gpio(gpio).open()?;
        closed.when_pressed(|_| println!("pressed"));
        closed.close()?;
        drop(closed);
        let (sender, pressed) = channel();
        let used = Button::builder(2).gpio(gpio).open()?;
        used.when_pressed(move |_| sender.send(()));
        press(gpio);
        pressed.recv().unwrap_or_else(|_| unreachable!("there is a sender"));
        drop(used);
        let old = Button::builder(2).gpio(gpio).open()?;
        old.when_pressed(|_| println!("pressed"));
        gpio.sleep(ms(150));
        drop(old);
        Ok(())
    }

    struct Printer;

    impl log::Log for Printer {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            println!("{}: {}", record.level(), record.args());
        }

        fn flush(&self) {}
    }
}
