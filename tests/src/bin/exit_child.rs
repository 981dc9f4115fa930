//! Lights a LED, says that it is ready, and ends in one of many ways: `exit_child PINS MODE`.
//!
//! PINS is `cdev`, or the file in which the mock keeps its journal.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
#[path = "exit_child/forks.rs"]
mod forks;

#[cfg(unix)]
fn main() -> pinzero::Result<()> {
    unix::main()
}

#[cfg(unix)]
mod unix {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;
    use std::{env, mem, process, thread};

    use pinzero::mock;
    use pinzero::prelude::*;
    use pinzero::{Capabilities, ErrorKind, PinSpec, Result, Support, board::Board};
    use pinzero_core::{Host, InputConfig, Line, LineInfo, OutputConfig, OutputPin, Pin, PinFactory};

    /// The pins that the program is to use, and how to press the button on GPIO2.
    fn open(pins: &str, is_guarded: bool) -> Result<(Gpio, Box<dyn Fn()>)> {
        #[cfg(target_os = "linux")]
        if pins == "cdev" {
            let gpio = Gpio::builder(pinzero::cdev::CdevFactory::new()?).exit_guard(is_guarded).open()?;
            return Ok((gpio, Box::new(press_simulated)));
        }
        if pins.starts_with("pigpio://") {
            let pi = pinzero::pigpio::PigpioFactory::connect(pins)?;
            let gpio = Gpio::builder(pi).exit_guard(is_guarded).open()?;
            // GPIO3 is joined to GPIO2 by a wire.
            let press = gpio.clone();
            let press = move || drop(press.output(3).open().map(std::mem::forget));
            return Ok((gpio, Box::new(press)));
        }
        let mock = mock::builder().journal(pins).realtime().exit_guard(is_guarded).open();
        let gpio = Gpio::clone(&mock);
        Ok((gpio, Box::new(move || mock.line(2).drive(Level::Low))))
    }

    /// Pulls GPIO2 of the kernel's simulated chip down.
    #[cfg(target_os = "linux")]
    fn press_simulated() {
        let chips = std::fs::read_dir("/sys/devices/platform/gpio-sim.0").into_iter().flatten().flatten();
        for pull in chips.map(|chip| chip.path().join("sim_gpio2/pull")).filter(|pull| pull.exists()) {
            std::fs::write(pull, "pull-down").unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// Puts a bus on the LED's pin, and forgets the handle.
    fn leak_bus(gpio: &Gpio, led: Led) -> Result<()> {
        drop(led);
        match gpio.soft_i2c(17, 27).open() {
            Ok(i2c) => mem::forget((i2c.clone(), i2c)),
            // Not every backend's lines can turn.
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
        }
        Ok(())
    }

    static KEPT: OnceLock<Led> = OnceLock::new();

    extern "C" fn write_at_exit() {
        // The thread that ends the program may do as it likes, and learns that the pins are closed.
        let written = KEPT.get().map(Led::on);
        let is_closed =
            written.is_some_and(|written| written.is_err_and(|error| error.kind() == ErrorKind::Closed));
        if !is_closed {
            // SAFETY: the call ends the process, and does nothing else.
            unsafe { libc::_exit(9) };
        }
    }

    pub(super) fn main() -> Result<()> {
        let words: Vec<String> = env::args().skip(1).collect();
        let [pins, mode] = &words[..] else { panic!("usage: exit_child PINS MODE") };
        let flag = Arc::new(AtomicBool::new(false));
        match &mode[..] {
            "signal-hook-before" => drop(signal_hook::flag::register(libc::SIGTERM, flag.clone())),
            "ctrlc-before" | "pause-with-ctrlc" => take_over_by_ctrlc(&flag),
            // SAFETY: the function stays loaded and never unwinds. It runs after the guard, which is installed later.
            "write-at-exit" => drop(unsafe { libc::atexit(write_at_exit) }),
            // SAFETY: nothing else runs yet, and ignoring a signal runs no code.
            "nohup" => drop(unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) }),
            // SAFETY: nothing else runs yet that could look at the environment.
            "no-guard-by-variable" => unsafe { env::set_var("PINZERO_NO_EXIT_GUARD", "1") },
            _ => {}
        }
        if let Some(run) = crate::forks::mode(mode) {
            return run(pins, &|| open(pins, true).map(|(gpio, _)| gpio));
        }
        let (gpio, press) = open(pins, mode != "no-guard-by-builder")?;
        let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
        match &mode[..] {
            "signal-hook-after" | "signal-hook-twice" => {
                drop(signal_hook::flag::register(libc::SIGTERM, flag.clone()));
            }
            "ctrlc-after" => take_over_by_ctrlc(&flag),
            _ => {}
        }
        act(mode, &gpio, &*press, led, &flag)
    }

    fn act(mode: &str, gpio: &Gpio, press: &dyn Fn(), led: Led, flag: &AtomicBool) -> Result<()> {
        match mode {
            "return" => {}
            "return-error" => drop(Led::builder("GPIO99").gpio(gpio).open()?),
            "exit" => process::exit(3),
            "exit-in-callback" => in_callback(gpio, press, || process::exit(3))?,
            "exit-in-thread" => drop(thread::spawn(|| process::exit(3)).join()),
            "exit-while-blinking" => {
                led.blink(ms(1), ms(1))?;
                thread::sleep(ms(20));
                process::exit(3);
            }
            "leak-bus-and-return" => leak_bus(gpio, led)?,
            "panic" => panic!("as it was told"),
            "panic-in-thread" => drop(thread::spawn(|| panic!("as it was told")).join()),
            "panic-in-callback" => {
                in_callback(gpio, press, || panic!("as it was told"))?;
            }
            "leak-and-return" => mem::forget(led),
            "leak-in-cycle-and-exit" => {
                struct Cycle(
                    #[expect(dead_code, reason = "it is owned, not used")] Led,
                    RefCell<Option<Rc<Cycle>>>,
                );
                let cycle = Rc::new(Cycle(led, RefCell::new(None)));
                *cycle.1.borrow_mut() = Some(cycle.clone());
                process::exit(3);
            }
            "leak-in-static-and-return" => {
                static LED: OnceLock<Led> = OnceLock::new();
                LED.get_or_init(|| led);
            }
            "nohup" => {
                println!("ready");
                // The signal comes, and nothing comes of it.
                thread::sleep(ms(200));
            }
            "wait-for-press" | "wait-for-events" => {
                let button = Button::builder(2).gpio(gpio).open()?;
                // Leaked, so that only the guard gives its pin back.
                mem::forget(led);
                println!("ready");
                if mode == "wait-for-press" {
                    button.wait_for_press()?;
                } else {
                    button.events().for_each(drop);
                }
            }
            "wait-for-blink" => {
                let blink = led.blink(ms(1), ms(1))?;
                mem::forget(led);
                println!("ready");
                blink.wait()?;
            }
            "pause" | "pause-with-ctrlc" => {
                mem::forget(led);
                // Said when `main` waits: `pause` knows nothing of a signal that the program has handled before.
                thread::spawn(|| {
                    thread::sleep(ms(200));
                    println!("ready");
                });
                pinzero::pause();
            }
            "write-all-the-time" | "fade-all-the-time" | "read-all-the-time" | "open-all-the-time" => {
                let button = Button::builder(2).gpio(gpio).open()?;
                let fan = PwmOutputDevice::builder(18).gpio(gpio).open()?;
                mem::forget(led.clone());
                println!("ready");
                for step in 0_u32.. {
                    match mode {
                        "write-all-the-time" => led.toggle()?,
                        "fade-all-the-time" => fan.set_value(f64::from(step % 100) / 100.0)?,
                        "read-all-the-time" => _ = button.is_pressed()?,
                        _ => _ = Led::builder(27).gpio(gpio).open()?.is_lit()?,
                    }
                }
            }
            "write-in-handler" | "wait-in-handler" => {
                let button = Button::builder(2).gpio(gpio).open()?;
                let (heard, is_waiting) = (button.clone(), mode == "wait-in-handler");
                let at_work = led.clone();
                let _timer = gpio.every(ms(1), move |_| {
                    at_work.toggle()?;
                    if is_waiting { heard.wait_for_press() } else { Ok(()) }
                })?;
                mem::forget(led);
                println!("ready");
                button.wait_for_press()?;
            }
            "exit-while-main-waits" => {
                let button = Button::builder(2).gpio(gpio).open()?;
                mem::forget(led);
                thread::spawn(|| {
                    thread::sleep(ms(20));
                    process::exit(3);
                });
                button.wait_for_press()?;
            }
            "write-at-exit" => {
                let _ = KEPT.set(led);
                process::exit(3);
            }
            "close-all-in-thread" => {
                mem::forget(led);
                drop(thread::spawn(pinzero::close_all));
                thread::sleep(Duration::from_micros(100));
            }
            "signal-is-awaited" => await_signal(),
            "signal-hook-before" | "signal-hook-after" | "ctrlc-before" | "ctrlc-after" => wait_for(flag),
            "signal-hook-twice" => {
                wait_for(flag);
                flag.store(false, Ordering::Relaxed);
                wait_for(flag);
            }
            "tokio" => tokio(),
            "hang" | "hang-and-exit" => hang(mode),
            "fork-exits" | "fork-is-killed" => {
                // By its own hooks, or by a signal: the default action, or the guard's handler.
                // SAFETY: raising a signal is all that it does.
                let killed = || unsafe { _ = libc::raise(libc::SIGTERM) };
                wait_for_child(if mode == "fork-exits" { fork(|| process::exit(0)) } else { fork(killed) });
                assert!(led.is_lit()?, "the fork has switched it off");
            }
            "fork-closes" => {
                let led = Cell::new(Some(led));
                let close_all = || {
                    let led = led.take().unwrap_or_else(|| unreachable!("it is there"));
                    let closed = led.close().and(gpio.close_pins([17])).and(gpio.close());
                    drop(led);
                    process::exit(if closed.is_ok() { 0 } else { 9 });
                };
                wait_for_child(fork(close_all));
                assert!(
                    led.take().is_some_and(|led| led.is_lit().is_ok_and(|lit| lit)),
                    "the fork has closed it"
                );
            }
            "fork-exits-and-parent-is-killed" => {
                wait_for_child(fork(|| process::exit(0)));
                // Whatever has become of the line so far, the fork has done.
                // SAFETY: it ends this process, and nothing else.
                unsafe { libc::raise(libc::SIGKILL) };
            }
            _ => {
                println!("ready");
                loop {
                    thread::park();
                }
            }
        }
        Ok(())
    }

    /// Runs `work` in a button's callback, and returns if that panics.
    fn in_callback(gpio: &Gpio, press: &dyn Fn(), work: fn()) -> Result<()> {
        let button = Button::builder(2).gpio(gpio).open()?;
        button.when_pressed(move |_| work());
        press();
        while gpio.panics() == 0 {
            thread::sleep(ms(1));
        }
        Ok(())
    }

    fn take_over_by_ctrlc(flag: &Arc<AtomicBool>) {
        let flag = flag.clone();
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
            .unwrap_or_else(|error| panic!("{error}"));
    }

    fn wait_for(flag: &AtomicBool) {
        println!("ready");
        while !flag.load(Ordering::Relaxed) {
            thread::sleep(ms(1));
        }
        // A guard that did not notice would end the program in this time.
        thread::sleep(ms(100));
    }

    /// Blocks SIGTERM after the pins are open, and waits for it, as programs do that have a thread for signals.
    fn await_signal() {
        let mut set = mem::MaybeUninit::<libc::sigset_t>::uninit();
        let mut signal = 0;
        // SAFETY: `set` is initialised by `sigemptyset`, and both live until the calls return.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGTERM);
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            println!("ready");
            libc::sigwait(set.as_ptr(), &raw mut signal);
        }
        assert_eq!(signal, libc::SIGTERM);
    }

    fn tokio() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        let (result, ()) =
            runtime.block_on(async { tokio::join!(tokio::signal::ctrl_c(), async { println!("ready") }) });
        result.unwrap_or_else(|error| panic!("{error}"));
        // The graceful path takes its time.
        thread::sleep(ms(100));
    }

    /// A second factory, whose pin cannot be closed.
    fn hang(mode: &str) {
        let gpio = Gpio::new(Stuck).unwrap_or_else(|error| panic!("{error}"));
        let relay = gpio.output(PinSpec::from(4)).open().unwrap_or_else(|error| panic!("{error}"));
        if mode == "hang-and-exit" {
            process::exit(3);
        }
        println!("ready");
        mem::forget(relay);
        loop {
            thread::park();
        }
    }

    /// Forks; the child does `work`, which ends it.
    fn fork(work: impl FnOnce()) -> libc::pid_t {
        // SAFETY: the child does what a program may do after a fork from several threads, but for what is tested here: it ends
        // by `exit`, and closes what it has been left.
        match unsafe { libc::fork() } {
            0 => {
                work();
                process::exit(9);
            }
            child => child,
        }
    }

    fn wait_for_child(child: libc::pid_t) {
        let mut status = 0;
        // SAFETY: `status` lives until the call returns.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert!(status == 0 || libc::WTERMSIG(status) == libc::SIGTERM, "the fork ended with {status}");
    }

    /// A backend that is out of reach.
    #[derive(Debug)]
    struct Stuck;

    impl PinFactory for Stuck {
        fn name(&self) -> &'static str {
            "stuck"
        }

        fn host(&self) -> Host {
            Host::Remote("nowhere".to_owned())
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities { output: Support::Native, ..Capabilities::NONE }
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
            Ok(Box::new(Stuck))
        }

        fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
            Err(pinzero::Error::new(ErrorKind::Unsupported, "no inputs"))
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    impl Pin for Stuck {
        fn level(&self) -> Result<Level> {
            Ok(Level::Low)
        }

        fn close(&self) -> Result<()> {
            println!("closing");
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }

    impl OutputPin for Stuck {
        fn set(&self, _: Level) -> Result<()> {
            Ok(())
        }

        fn confirm(&self) -> Result<()> {
            Ok(())
        }
    }
}
