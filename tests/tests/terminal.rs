//! The mock on a terminal: it shows what happens to the pins, takes commands, and answers each.
#![cfg(unix)]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use pinzero::prelude::*;

/// A program in a process of its own, on the mock.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stderr: BufReader<ChildStderr>,
}

impl Program {
    fn start(name: &str) -> io::Result<Self> {
        Program::start_on(name, Stdio::piped())
    }

    fn start_on(name: &str, stdin: Stdio) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", name, "--ignored", "--nocapture"]).env("PINZERO_PIN_FACTORY", "mock");
        let mut child = command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Program { stdin: child.stdin.take(), child, stderr: BufReader::new(stderr) })
    }

    fn type_line(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{line}\n").as_bytes())
    }

    /// Reads what is shown up to a line that has all these words.
    fn shows(&mut self, words: &[&str]) -> io::Result<String> {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line)? > 0, "it ends without {words:?}, after {before}");
            if words.iter().all(|word| line.contains(word)) {
                return Ok(line);
            }
            before += &line;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "the other tests run it, as a program of its own"]
fn light_a_led_and_wait() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    led.on()?;
    let button = Button::new(2)?;
    loop {
        button.wait_for_press()?;
        led.toggle()?;
        button.wait_for_release()?;
    }
}

#[test]
#[ignore = "the other tests run it, as a program of its own"]
fn toggle_ten_thousand_times_and_wait() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    for _ in 0..9_999 {
        led.toggle()?;
    }
    std::thread::sleep(Duration::from_secs(60));
    Ok(())
}

#[test]
#[ignore = "the other tests run it, as a program of its own"]
fn send_pulses_over_a_wire() -> pinzero::Result<()> {
    let gpio = pinzero::mock::builder().show_changes().open();
    gpio.wire(22, 27);
    let _meter = gpio.input(27).open()?;
    let fan = gpio.pwm(22).frequency(1000.0).initial(0.25).open()?;
    gpio.advance(ms(1100));
    fan.close()?;
    let lamp = gpio.output(4).open()?;
    lamp.set(Level::High)
}

#[test]
#[ignore = "the other tests run it, as a program of its own"]
fn show_by_a_led_what_sensors_see() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    let distance = DistanceSensor::builder(23, 24).queue_len(1).open()?;
    let light = LightSensor::builder(18).queue_len(1).threshold(0.5).open()?;
    let knob = RotaryEncoder::new(20, 21)?;
    knob.when_rotated({
        let led = led.clone();
        move |rotation| led.set_value(rotation.steps == 3)
    });
    let _row = DigitalOutputDevice::new(5)?;
    let _column = Button::new(16)?;
    let _servo = PwmOutputDevice::builder(12).frequency(50.0).initial_value(0.1).open()?;
    let _motor = DigitalOutputDevice::builder(4).initial_value(true).open()?;

    distance.wait_for_in_range()?;
    led.on()?;
    distance.wait_for_out_of_range()?;
    led.off()?;
    light.wait_for_light()?;
    led.on()?;
    light.wait_for_dark()?;
    led.off()?;
    pinzero::pause();
    Ok(())
}

#[test]
fn each_command_is_answered() -> io::Result<()> {
    let mut program = Program::start("light_a_led_and_wait")?;
    program.shows(&["`help`"])?;
    program.shows(&["GPIO17", "->", "●", "high"])?;
    for (typed, shown) in [
        ("2", &["GPIO2", "<-", "○ low"][..]),
        ("", &[]),
        ("HELP", &["2 low, 2 high", "GPIO2"]),
        ("?", &["`2 free`"]),
        ("help", &["wait 500"]),
        ("help", &["distance 23 24 0.5", "`none`"]),
        ("help", &["motor 4 14"]),
        ("help", &["GPIO17 -> ● high", "drives GPIO17 high, an output"]),
        ("help 2", &["quit", "ends the program"]),
        ("17", &["GPIO17 is an output", "a press is for inputs", "`17 low`"]),
        ("GPIO17 press 500", &["GPIO17 is an output", "`GPIO17 low`"]),
        ("17 low", &["GPIO17 is an output", "low wins", "`17 free`"]),
        ("17 free", &[]),
        ("2 high", &["GPIO2", "<-", "● high"]),
        ("2 jump", &["unknown action \"jump\""]),
        ("2 press soon", &["bad time \"soon\""]),
        ("2 press 99999999999999", &["bad time", "up to 3600000"]),
        ("wait", &["`wait 500`"]),
        ("wait a bit", &["`wait 500`"]),
        ("wait -1", &["bad time \"-1\""]),
        ("distance", &["`distance 23 24 0.5`"]),
        ("distance 23 24 far", &["bad number \"far\"", "0 to 1000 metres, or `none`"]),
        ("distance 23 24 -1", &["bad number \"-1\""]),
        ("distance 23 24 nan", &["bad number \"nan\""]),
        ("distance 23 23 1", &["GPIO23", "two different ones"]),
        ("distance 17 24 1", &["GPIO17 is an output", "the echo first, then the trigger"]),
        ("distance 99 24 1", &["99"]),
        ("light 18", &["`light 18 0.8`"]),
        ("Light 18 2", &["bad number \"2\"", "0 to 1"]),
        ("dht22 4", &["`dht22 4 21.5 40`"]),
        ("dht22 4 100 40", &["bad number \"100\"", "-40 to 80 °C"]),
        ("dht11 4 20 101", &["bad number \"101\"", "0 to 100 % humidity"]),
        ("dht22 4 20 40", &[]),
        ("dht11 4 20 40", &["GPIO4 has a dht22 already"]),
        ("ir 18 4", &["`ir 18 4 8`"]),
        ("ir 18 4 256", &["bad number \"256\"", "0 to 255 for the command"]),
        ("ir 17 4 8", &["GPIO17 is an output"]),
        ("knob 20 21", &["`knob 20 21 3`"]),
        ("knob 20 21 much", &["bad number \"much\"", "-1000 to 1000 detents"]),
        ("knob 20 17 1", &["GPIO17 is an output"]),
        ("key 5", &["`key 5 16`"]),
        ("key 5 16 soon", &["bad time \"soon\""]),
        ("servo", &["`servo 17`"]),
        ("motor 4", &["`motor 4 14`"]),
        ("adc 0 3", &["`adc 0 3 0.5`"]),
        ("adc 2 3 0.5", &["bad number \"2\"", "0 to 1"]),
        ("adc 0 3 2", &["bad number \"2\"", "0 to 1"]),
        ("adc 0 3 0.5 MCP3009", &["there is no MCP3009", "MCP3008"]),
        ("adc 0 8 0.5", &["bad number \"8\"", "0 to 7"]),
        ("adc 0 0 0.5 MCP3208", &["has an MCP3008"]),
        ("99", &["99"]),
        ("nonsense", &["nonsense"]),
    ] {
        program.type_line(typed)?;
        if !shown.is_empty() {
            program.shows(shown)?;
        }
    }
    Ok(())
}

#[test]
fn circuits_are_connected_and_played() -> io::Result<()> {
    let mut program = Program::start("show_by_a_led_what_sensors_see")?;
    for (typed, shown) in [
        ("distance 23 24 0.1", &["GPIO17", "high"][..]),
        ("distance 23 24 0.8", &["GPIO17", "low"]),
        ("light 18 0.95", &["GPIO17", "high"]),
        ("light 18 0", &["GPIO17", "low"]),
        ("knob 20 21 3", &["GPIO17", "high"]),
        ("knob 20 21 -1", &["GPIO17", "low"]),
        ("key 5 16", &["GPIO16", "low"]),
        ("", &["GPIO16", "high"]),
        ("key BOARD29 16 10", &["GPIO16", "low"]),
        ("", &["GPIO16", "high"]),
        ("servo 12", &["GPIO12", "°", "2ms"]),
        ("servo 13", &["GPIO13", "0°", "no pulses"]),
        ("motor 4 14", &["GPIO4 and GPIO14 runs at 0."]),
        ("wait 1100", &[]),
        ("servo 12", &["at 90°"]),
        ("motor 4 14", &["runs at 1.00"]),
    ] {
        program.type_line(typed)?;
        if !shown.is_empty() {
            program.shows(shown)?;
        }
    }
    Ok(())
}

#[test]
fn quit_ends_the_program_as_ctrl_c_does() -> io::Result<()> {
    for word in ["quit", "exit", "q", "Quit"] {
        let mut program = Program::start("light_a_led_and_wait")?;
        program.shows(&["GPIO17", "high"])?;
        program.type_line(word)?;
        program.shows(&["GPIO17", "low"])?;
        // SIGTERM where Ctrl-C is ignored, as in the background of a script.
        let signal = program.child.wait()?.signal();
        assert!([Some(libc::SIGINT), Some(libc::SIGTERM)].contains(&signal), "{signal:?}");
    }
    Ok(())
}

#[test]
fn the_end_of_the_input_is_answered_on_a_terminal_and_the_program_goes_on() -> io::Result<()> {
    // A pipe is the input of a program in the background: nobody typed anything.
    let mut program = Program::start("light_a_led_and_wait")?;
    program.shows(&["GPIO17", "high"])?;
    program.stdin = None;

    let (mut master, slave) = terminal()?;
    let mut on_terminal = Program::start_on("light_a_led_and_wait", slave.into())?;
    on_terminal.shows(&["GPIO17", "high"])?;
    master.write_all(b"\x04")?;
    on_terminal.shows(&["no more commands", "goes on", "Ctrl-C"])?;
    for program in [&mut program, &mut on_terminal] {
        assert!(program.child.try_wait()?.is_none(), "it goes on");
    }
    program.child.kill()?;
    let mut rest = String::new();
    program.stderr.read_to_string(&mut rest)?;
    assert!(!rest.contains("no more commands"), "{rest}");
    Ok(())
}

/// A new terminal: the end of the person, and that of the program.
fn terminal() -> io::Result<(File, OwnedFd)> {
    let (mut master, mut slave) = (-1, -1);
    let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the call writes the two descriptors, and takes null for all that has a default.
    let result = unsafe { libc::openpty(&mut master, &mut slave, name, settings, size) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both are open, and nothing else owns them.
    Ok(unsafe { (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) })
}

#[test]
fn a_pin_that_changes_all_the_time_does_not_flood_the_terminal() -> io::Result<()> {
    let start = Instant::now();
    let mut program = Program::start("toggle_ten_thousand_times_and_wait")?;
    let (mut shown, mut hidden) = (0, 0);
    while shown + hidden < 9_999 {
        let line = program.shows(&["GPIO17"])?;
        shown += 1;
        let more = line.split_once('(').and_then(|(_, more)| more.strip_suffix(" more changes)\n"));
        hidden += more.map_or(0, |count| count.parse().unwrap_or(0));
        assert!(hidden == 0 || shown + hidden < 9_999 || line.contains("● high"), "the last one: {line}");
    }
    let seconds = start.elapsed().as_secs() + 2;
    assert!(shown <= 10 * seconds, "{shown} lines in {seconds} seconds");
    Ok(())
}

#[test]
fn pulses_are_shown_as_a_signal_at_both_ends_of_a_wire() -> io::Result<()> {
    let mut program = Program::start("send_pulses_over_a_wire")?;
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains("GPIO4")) {
        lines.push(program.shows(&["GPIO"])?);
    }
    let about = |pin: &str| lines.iter().filter(|line| line.starts_with(pin)).collect::<Vec<_>>();
    let (driven, heard) = (about("GPIO22"), about("GPIO27"));
    assert!(driven[0].contains("-> █████·") && driven[0].contains("25.0 % of 1000 Hz"), "{driven:?}");
    assert!(heard[0].contains("<- █████·") && heard[0].contains("25.0 % of 1000 Hz"), "{heard:?}");
    assert!(heard[1].contains("<- ○ low") && heard.len() == 2, "{heard:?}");
    Ok(())
}
