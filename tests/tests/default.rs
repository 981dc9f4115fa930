//! The factory that devices take when they are given none: named in the program, by the environment, or not at all.

use std::process::{Command, Output};

use pinzero::prelude::*;
use pinzero::{ErrorKind, default_gpio, mock, set_default};

const VARIABLE: &str = "PINZERO_PIN_FACTORY";

/// Runs `light_a_led` in a process of its own, with the variable set, or not.
fn child(factory: Option<&str>) -> std::io::Result<Output> {
    command(factory)?.output()
}

fn command(factory: Option<&str>) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "light_a_led", "--ignored", "--nocapture"]).env_remove(VARIABLE);
    command.envs(factory.map(|factory| (VARIABLE, factory)));
    Ok(command)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
#[ignore = "the other tests run it, as a program of its own"]
fn light_a_led() {
    match Led::new(17).and_then(|led| led.on().map(|()| led)) {
        Ok(led) => println!("lit on {}", led.gpio().name()),
        Err(error) => println!("{:?}: {error}", error.kind()),
    }
}

#[test]
fn the_variable_names_the_mock_which_shows_its_pins() -> std::io::Result<()> {
    for name in ["mock", "MOCK", " mock "] {
        let output = child(Some(name))?;
        assert!(text(&output.stdout).contains("lit on mock"), "{output:?}");
        assert!(
            text(&output.stderr).lines().any(|line| line.contains("GPIO17") && line.contains("high")),
            "{output:?}"
        );
    }
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_that_nobody_reads_stops_no_pin() -> std::io::Result<()> {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let (_unread, mut stderr) = UnixStream::pair()?;
    stderr.set_nonblocking(true)?;
    while stderr.write_all(&[b'.'; 1024]).is_ok() {}
    stderr.set_nonblocking(false)?;
    let mut command = command(Some("mock"))?;
    let mut child = command.stderr(Stdio::from(OwnedFd::from(stderr))).stdout(Stdio::piped()).spawn()?;
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait()?.is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    // It has ended, unless it hangs.
    let _ = child.kill();
    let output = child.wait_with_output()?;
    assert!(output.status.success() && text(&output.stdout).contains("lit on mock"), "{output:?}");
    Ok(())
}

#[test]
fn a_name_that_is_none_is_refused_with_those_that_are() -> std::io::Result<()> {
    let said = text(&child(Some("parallel-port"))?.stdout);
    for word in ["NoFactory", VARIABLE, "parallel-port", "cdev", "mock"] {
        assert!(said.contains(word), "{word:?} is missing in {said:?}");
    }
    Ok(())
}

#[test]
fn a_name_of_gpiozeros_and_an_address_are_answered_with_what_to_write() -> std::io::Result<()> {
    for (name, words) in [
        ("lgpio", &["NoFactory", VARIABLE, "\"lgpio\"", "use \"cdev\""]),
        ("pigpio:pi:8888", &["NoFactory", VARIABLE, "pigpio://host:port", "pigpio://pi:8888"]),
    ] {
        let said = text(&child(Some(name))?.stdout);
        for word in words {
            assert!(said.contains(word), "{word:?} is missing in {said:?}");
        }
    }
    Ok(())
}

#[test]
fn where_no_daemon_is_it_says_how_to_start_one() -> std::io::Result<()> {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    for scheme in ["pigpio", "PIGPIO"] {
        let said = text(&child(Some(&format!("{scheme}://localhost:{port}")))?.stdout);
        for word in ["Disconnected", &format!("localhost:{port}"), "start `pinzero serve` or `pigpiod`"] {
            assert!(said.contains(word), "{word:?} is missing in {said:?}");
        }
    }
    Ok(())
}

/// What is said depends on the feature, which is off unless somebody asks for all of them, and on the machine.
#[test]
fn registers_are_had_by_name_or_it_is_said_what_is_missing() -> std::io::Result<()> {
    for name in ["rppal", "RPPAL"] {
        let said = text(&child(Some(name))?.stdout);
        let ends = [
            "Unsupported: the feature `rppal` is not switched on",
            "Unsupported: it needs Linux",
            "NoChip: this is no Raspberry Pi that rppal knows: take cdev",
            "lit on rppal",
        ];
        assert!(ends.iter().any(|end| said.contains(end)), "{said}");
    }
    Ok(())
}

#[test]
fn without_pins_and_without_a_name_it_says_what_was_tried_and_how_to_go_on() -> std::io::Result<()> {
    for factory in [None, Some(""), Some(" ")] {
        let said = text(&child(factory)?.stdout);
        assert!(!said.contains("lit on mock"), "the mock is never picked by itself: {said}");
        if !said.contains("lit on") {
            for word in ["NoFactory", "cdev: ", "PINZERO_PIN_FACTORY=mock"] {
                assert!(said.contains(word), "{word:?} is missing in {said:?}");
            }
        }
    }
    Ok(())
}

/// The only one that sets the default of this process.
#[test]
fn the_program_names_a_default_for_what_is_opened_from_then_on() -> pinzero::Result<()> {
    let (first, second) = (mock::gpio(), mock::gpio());
    set_default(&first);
    let led = Led::new(17)?;
    let before = set_default(&second);
    assert!(before.is_some_and(|before| before.resolve(17).is_ok()));
    let (lamp, button) = (PwmOutputDevice::new(18)?, Button::new(2)?);
    let (relay, sensor) = (DigitalOutputDevice::new(27)?, DigitalInputDevice::new(24)?);
    led.on()?;
    relay.on()?;
    lamp.on()?;
    second.line(2).drive(Level::Low);
    second.line(24).drive(Level::High);
    assert!(button.is_pressed()? && sensor.is_active()?);
    assert_eq!((first.line(17).level(), second.line(17).level()), (Level::High, Level::Low));
    assert_eq!(second.line(27).level(), Level::High);
    assert_eq!(second.line(18).pulses().len(), 2);

    let (error, line) = (Led::new(27).unwrap_err(), line!());
    assert!(error.to_string().contains("DigitalOutputDevice opened at"), "{error}");
    let (other, place) = (Button::new(22)?, line!());
    let error = Button::new(22).unwrap_err().to_string();
    assert!(error.contains(&format!("{}:{place}:", file!())) && place > line, "{error}");
    other.close()?;

    // It is a default and no more: a device may still name another, and a closed one is not replaced.
    drop(Led::builder(18).gpio(&first).open()?);
    default_gpio()?.close()?;
    assert_eq!(Led::new(5).unwrap_err().kind(), ErrorKind::Closed);
    let _ = set_default(&first);
    Led::new(5)?.close()
}

#[test]
fn a_thread_may_have_a_default_of_its_own() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = pinzero::with_default(&gpio, || {
        let inner = mock::gpio();
        // Innermost first, and the outer one again after a panic as well.
        pinzero::with_default(&inner, || Led::new(17)?.on()).unwrap();
        assert_eq!(inner.line(17).writes(), 1);
        let panic = std::panic::catch_unwind(|| pinzero::with_default(&inner, || panic!("as it was told")));
        assert!(panic.is_err());
        Led::new(17)
    })?;
    led.on()?;
    assert_eq!(gpio.line(17).level(), Level::High);
    // Another thread has none of that.
    let foreign = pinzero::with_default(&gpio, || {
        std::thread::spawn(|| Led::new(17).map(|led| led.gpio().name())).join().unwrap()
    });
    assert!(!matches!(foreign, Err(error) if error.kind() == ErrorKind::PinInUse));
    Ok(())
}

#[test]
fn pause_on_virtual_time_is_refused() {
    let gpio = mock::gpio();
    let panic = std::panic::catch_unwind(|| pinzero::with_default(&gpio, pinzero::pause)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("pause() would never end") && message.contains("`gpio.advance(secs(1))`"));
}
