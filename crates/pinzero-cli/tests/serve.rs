//! `pinzero serve` as a program.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pinzero_pigpio::protocol::{Command as Word, Report, Request};

/// A program that is ended when the test ends.
struct Server {
    child: Child,
    addr: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        Server::start_with(arguments, Stdio::inherit())
    }

    fn start_with(arguments: &[&str], stderr: Stdio) -> Server {
        let mut child = serve(arguments).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim().rsplit(' ').next().unwrap().to_owned();
        Server { child, addr }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Ends the program as systemd does; returns its status. `None` if it does not end.
    fn end(&mut self) -> Option<i32> {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinzero"));
    command.args(["serve", "--port", "0"]).args(arguments);
    command.env_remove("PINZERO_PIN_FACTORY").env_remove("PIGPIO_PORT");
    command
}

/// What a start that must fail says.
fn complaint(arguments: &[&str]) -> String {
    complaint_of(&mut serve(arguments))
}

fn complaint_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{command:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn ask(stream: &mut TcpStream, command: Word, p1: u32, p2: u32) -> i32 {
    let mut frame = Vec::new();
    Request::new(command, p1, p2).encode(&mut frame);
    stream.write_all(&frame).unwrap();
    stream.read_exact(&mut frame).unwrap();
    i32::from_le_bytes(frame[12..].try_into().unwrap())
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("pinzero-cli-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_mock_with_a_wire_is_served_until_sigterm() {
    let mut server = Server::start(&["--factory", "mock", "--wire", "22:27"]);
    let mut client = server.connect();
    assert_eq!(ask(&mut client, Word::Write, 22, 1), 0);
    assert_eq!(ask(&mut client, Word::Read, 27, 0), 1);

    assert_eq!(server.end(), Some(0));
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "connections are closed");
}

#[test]
fn sigterm_ends_it_while_clients_do_their_worst() {
    let mut server = Server::start(&["--factory", "mock"]);
    let (mut pulses, mut script) = (Vec::new(), Vec::new());
    let mut client = server.connect();
    Request::new(Word::Proc, 0, 0).with(b"tag 1 trig 18 100 1 jmp 1").encode(&mut script);
    client.write_all(&script).unwrap();
    client.read_exact(&mut [0; 16]).unwrap();
    ask(&mut client, Word::Procr, 0, 0);
    Request::new(Word::Wvas, 17, 100_000)
        .with(&[[8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0].as_slice(), &[0x55; 1200]].concat())
        .encode(&mut pulses);
    Request::new(Word::Wvnew, 0, 0).encode(&mut pulses);
    let busy: Vec<_> = (0..8)
        .map(|_| {
            let (mut stream, pulses) = (server.connect(), pulses.clone());
            std::thread::spawn(move || while stream.write_all(&pulses).is_ok() {})
        })
        .collect();
    ask(&mut client, Word::Pigpv, 0, 0);
    let start = Instant::now();
    assert_eq!(server.end(), Some(0));
    // In 10 ms or so, if nothing else runs.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    busy.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_script_answers_a_trigger_with_an_echo() {
    let path = file(
        "echo",
        "# an echo of 3 ms\nwhen 22 falls, after 500us 27 high, after 3ms 27 low\nat 0s 27 low\n",
    );
    let server = Server::start(&["--factory", "mock", "--script", path.to_str().unwrap()]);
    std::fs::remove_file(path).unwrap();
    let (mut client, mut reports) = (server.connect(), server.connect());
    let handle = ask(&mut reports, Word::Noib, 0, 0) as u32;
    ask(&mut client, Word::Nb, handle, 1 << 27);
    ask(&mut client, Word::Write, 22, 1);
    ask(&mut client, Word::Write, 22, 0);
    let mut report = || {
        let mut bytes = [0; Report::LENGTH];
        reports.read_exact(&mut bytes).unwrap();
        Report::decode(&bytes).unwrap()
    };
    let (rise, fall) = (report(), report());
    assert_eq!((rise.levels >> 27 & 1, fall.levels >> 27 & 1), (1, 0));
    assert!(fall.tick.wrapping_sub(rise.tick) > 1000);
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let mut second = Command::new(env!("CARGO_BIN_EXE_pinzero"));
    second.args(["serve", "--factory", "mock", "--bind", "127.0.0.1", "--port", &port]);
    let complaint = complaint_of(&mut second);
    assert!(complaint.contains(&format!("127.0.0.1 port {port}")), "{complaint}");
    assert!(
        complaint.contains("pigpiod or another `pinzero serve`") && complaint.contains("--port 0"),
        "{complaint}"
    );
}

#[test]
fn an_address_that_others_can_reach_must_be_asked_for() {
    let complaint = complaint(&["--factory", "mock", "--bind", "0.0.0.0"]);
    assert!(complaint.contains("0.0.0.0") && complaint.contains("SSH tunnel"), "{complaint}");
    Server::start(&["--factory", "mock", "--bind", "0.0.0.0", "--public", "--allow", "10.0.0.0/8"]);
}

#[test]
#[cfg(not(feature = "rppal"))]
fn registers_that_are_not_built_in_are_said_to_be_so() {
    let complaint = complaint(&["--factory", "rppal"]);
    assert!(
        complaint.contains(if cfg!(target_os = "linux") { "--features rppal" } else { "Linux" }),
        "{complaint}"
    );
}

#[test]
fn who_is_not_allowed_cannot_fill_the_log() {
    let arguments = ["--factory", "mock", "--allow", "10.0.0.0/8"];
    let mut server = Server::start_with(&arguments, Stdio::piped());
    for _ in 0..20 {
        assert_eq!(server.connect().read(&mut [0; 1]).unwrap(), 0, "it is hung up on");
    }
    assert_eq!(server.end(), Some(0));
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.matches("is not allowed to connect").count(), 1, "{log}");
}

#[test]
fn a_standard_error_that_nobody_reads_holds_up_neither_clients_nor_the_end() {
    let (_unread, mut stderr) = UnixStream::pair().unwrap();
    stderr.set_nonblocking(true).unwrap();
    while stderr.write_all(&[b'.'; 1024]).is_ok() {}
    stderr.set_nonblocking(false).unwrap();
    let stderr = Stdio::from(OwnedFd::from(stderr));
    let mut server = Server::start_with(&["--factory", "mock", "--verbose"], stderr);
    let mut client = server.connect();
    for _ in 0..1000 {
        // A request that is too long: an end that is logged.
        let _ = server.connect().write_all(&[0xff; 16]);
        assert_eq!(ask(&mut client, Word::Write, 17, 1), 0);
    }
    assert_eq!(server.end(), Some(0));
}

#[test]
fn what_a_client_does_wrong_a_thousand_times_is_logged_once_a_second_with_a_count() {
    const COUNT: usize = 1000;
    let start = Instant::now();
    let mut server = Server::start_with(&["--factory", "mock"], Stdio::piped());
    let mut client = server.connect();
    let mut open = Vec::new();
    Request::new(Word::Spio, 0, 50_000).with(&[0; 4]).encode(&mut open);
    client.write_all(&open).unwrap();
    client.read_exact(&mut [0; 16]).unwrap();
    for _ in 0..COUNT {
        assert_eq!(ask(&mut client, Word::Write, 11, 1), -50, "the bus has it");
    }
    assert_eq!(server.end(), Some(0));
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("a bus has the line")).collect();
    assert!(lines.len() as u64 <= start.elapsed().as_secs() + 2, "{log}");
    let more = |line: &&str| {
        line.split_once("(and ").map_or(1, |(_, rest)| rest.split(' ').next().unwrap().parse().unwrap())
    };
    let told: usize = lines.iter().map(more).sum();
    assert_eq!(told, COUNT, "{log}");
}

#[test]
fn a_factory_named_by_the_environment_is_checked_alike() {
    for (name, part) in [
        ("lgpio", "use \"cdev\""),
        ("pigpio://pi.local", "takes the place of pigpiod"),
        ("parallel-port", "possible values: cdev, rppal, mock"),
    ] {
        let output = serve(&[]).env("PINZERO_PIN_FACTORY", name).output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && complaint.contains(part), "{name}: {complaint}");
        assert!(complaint.contains(&format!("PINZERO_PIN_FACTORY is {name:?}")), "{name}: {complaint}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_chip_the_mock_is_named() {
    // On a Raspberry Pi, there is nothing to complain about.
    if std::path::Path::new("/dev/gpiochip0").exists() {
        return;
    }
    let complaint = complaint(&["--factory", "cdev"]);
    assert!(complaint.contains("`pinzero serve --factory mock`"), "{complaint}");
}

#[test]
fn mistakes_are_named() {
    let path = file("bad", "wire 22 27\nwhen 22 jumps, 4 low\n");
    let script = complaint(&["--factory", "mock", "--script", path.to_str().unwrap()]);
    std::fs::remove_file(path).unwrap();
    assert!(script.contains("line 2: unknown edge \"jumps\""), "{script}");
    for (arguments, part) in [
        (&["--factory", "mock", "--script", "/nowhere"][..], "/nowhere: No such file"),
        (&["--factory", "mock", "--wire", "22"], "a wire connects two different pins"),
        (&["--factory", "mock", "--wire", "22:22"], "two different pins"),
        (&["--factory", "mock", "--wire", "22:99"], "GPIO99"),
        (&["--factory", "mock", "--gpios", "0xg"], "write a bit for each GPIO: 0x20010"),
        (&["--factory", "mock", "--gpios", ""], "write a bit for each GPIO"),
        (&["--factory", "mock", "--gpios", "0x1FFFFFFFFFFFFFFFF"], "write a bit for each GPIO"),
        (&["--factory", "mock", "--allow", "home"], "\"home\" is no network"),
        (&["--factory", "mock", "--legacy", "--safe-state"], "cannot be used with"),
        (&["--factory", "cdev", "--wire", "22:27"], "--wire and --script need the mock"),
        (&["--factory", "rppal", "--wire", "22:27"], "--wire and --script need the mock"),
        (&["--factory", "parallel-port"], "possible values: cdev, rppal, mock"),
        (&["--factory", "lgpio"], "use \"cdev\""),
        (&["--factory", "RPiGPIO"], "use \"cdev\""),
        (&["--factory", "pigpio"], "use cdev, rppal or mock"),
        (&["--factory", "mock", "--bind", "0.0.0.0"], "`--public`"),
    ] {
        let complaint = complaint(arguments);
        assert!(complaint.contains(part), "{arguments:?}: {complaint}");
    }
}
