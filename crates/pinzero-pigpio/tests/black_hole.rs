//! A network that swallows all packets without a word.
//!
//! Each trial runs in a network of its own: two namespaces of the kernel's and a wire between them, on one end the client
//! and on the other the daemon. The daemon's end then loses its address, and whatever is sent there is dropped. Where this
//! user must not make namespaces, the trials are ignored.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fake_pigpiod::Fake;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use pinzero_core::time::{ms, secs};
use pinzero_core::{Bias, Blink, ErrorKind, Gpio, Level};
use pinzero_pigpio::{LinkEvents, PigpioBuilder, PigpioFactory};
use remote::proxy::Proxy;
use remote::threads::of_the_library;
use remote::{PATIENCE, eventually, lost, open_with, restored};

/// Tells a child process of this program which part it has.
const ROLE: &str = "PINZERO_TEST_ROLE";

/// The part of the daemon's end.
const FAR: &str = "the daemon's end";

/// What a busy machine may add to a time limit.
const SLACK: Duration = secs(1);

const REQUEST: Duration = ms(500);

type Scenario = fn(&mut Far);

const SCENARIOS: [(&str, Scenario); 6] = [
    ("an_idle_connection_is_given_up_within_the_keep_alive_time", idle),
    ("a_request_is_given_up_within_its_time", request),
    ("a_blink_notices_as_well", blink),
    ("connecting_has_its_time", connecting),
    ("closing_takes_one_request_and_no_more", closing),
    ("a_short_break_is_no_loss", short_break),
];

fn main() -> ExitCode {
    match env::var(ROLE) {
        Ok(role) if role == FAR => far_end(),
        Ok(role) => {
            let (_, scenario) = SCENARIOS.into_iter().find(|(name, _)| *name == role).unwrap();
            scenario(&mut Far::start());
        }
        Err(_) => {
            let arguments = Arguments::from_args();
            let insist = arguments.include_ignored || arguments.ignored;
            let trials = SCENARIOS.map(|(name, _)| Trial::ignorable_test(name, move || trial(name, insist)));
            return libtest_mimic::run(&arguments, trials.into()).exit_code();
        }
    }
    ExitCode::SUCCESS
}

/// Runs a scenario in a process and a network of its own.
fn trial(name: &str, insist: bool) -> Result<Completion, Failed> {
    let wire = "ip link set lo up && ip link add veth0 type veth peer name veth1";
    let probe = Command::new("unshare").args(["-Urn", "sh", "-c", wire]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        let reason = "this user can make no networks here";
        return if insist { Err(reason.into()) } else { Ok(Completion::ignored_with(reason)) };
    }
    let this = env::current_exe()?;
    let output = Command::new("unshare").arg("-Urn").arg(this).env(ROLE, name).output()?;
    match output.status.success() {
        true => Ok(Completion::Completed),
        false => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {output:?}");
}

/// The daemon's end of the wire, in a process and a network of its own. It ends with this one.
struct Far {
    #[allow(dead_code, reason = "it ends when its input does")]
    process: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: String,
}

impl Far {
    fn start() -> Self {
        let mut process = Command::new("unshare")
            .arg("-n")
            .arg(env::current_exe().unwrap())
            .env(ROLE, FAR)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (words, answers) =
            (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut far = Far { words, answers, address: String::new(), process };
        // Its network is there once it speaks.
        assert_eq!(far.hear(), "ready");
        ip("link set lo up");
        ip("link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 address 02:00:00:00:00:02");
        ip(&format!("link set veth1 netns {}", far.process.id()));
        ip("addr add 10.0.0.1/24 dev veth0");
        ip("link set veth0 up");
        // So that packets are sent to an end that does not answer any more.
        ip("neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent dev veth0");
        far.address = far.tell("begin");
        let address = far.address.parse().unwrap();
        eventually("the wire carries", || TcpStream::connect_timeout(&address, ms(200)).is_ok());
        far
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn tell(&mut self, word: &str) -> String {
        writeln!(self.words, "{word}").unwrap();
        self.hear()
    }

    /// Swallows all packets from now on; when that was.
    fn swallow(&mut self) -> Instant {
        self.tell("swallow");
        Instant::now()
    }

    fn pass(&mut self) {
        self.tell("pass");
    }

    fn builder(&self) -> PigpioBuilder {
        let builder = PigpioFactory::builder(&self.address).reconnect(ms(50), ms(200));
        builder.keep_alive(secs(6)).request_timeout(REQUEST).connect_timeout(ms(700))
    }

    fn open(&self) -> (Gpio, LinkEvents) {
        open_with(self.builder())
    }
}

/// What goes on at the daemon's end.
fn far_end() {
    println!("ready");
    let mut ends = None;
    for word in std::io::stdin().lines() {
        let add = || {
            ip("addr add 10.0.0.2/24 dev veth1");
            ip("neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 nud permanent dev veth1");
        };
        match word.unwrap().as_str() {
            "begin" => {
                ip("link set lo up");
                ip("link set veth1 up");
                add();
                let fake = Fake::start();
                let proxy = Proxy::start("10.0.0.2:0", fake.address()).unwrap();
                println!("{}", proxy.address);
                ends = Some((fake, proxy));
                continue;
            }
            "swallow" => ip("addr del 10.0.0.2/24 dev veth1"),
            _ => add(),
        }
        println!("done");
    }
    drop(ends);
}

/// Fails unless it was noticed in time.
#[track_caller]
fn noticed(since: Instant, limit: Duration) {
    let time = since.elapsed();
    eprintln!("noticed after {time:?}, allowed are {limit:?}");
    assert!(time < limit + SLACK, "noticed after {time:?}, not within {limit:?}");
}

fn idle(far: &mut Far) {
    let (gpio, mut events) = far.open();
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    let _input = gpio.input(4).bias(Bias::PullUp).open().unwrap();
    let start = far.swallow();
    assert_eq!(lost(&mut events).kind(), ErrorKind::Disconnected);
    noticed(start, secs(6));
    let start = Instant::now();
    assert_eq!(output.set(Level::Low).unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(start.elapsed() < ms(300), "a command fails at once");
    far.pass();
    assert!(!restored(&mut events));
    assert_eq!(output.level().unwrap(), Level::High);
}

fn request(far: &mut Far) {
    let (gpio, mut events) = far.open();
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    let input = gpio.input(4).bias(Bias::PullUp).open().unwrap();
    for round in 0..2 {
        let start = far.swallow();
        let error = match round {
            0 => output.set(Level::Low).unwrap_err(),
            _ => input.level().unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::Disconnected);
        noticed(start, REQUEST);
        lost(&mut events);
        far.pass();
        assert!(!restored(&mut events));
        assert_eq!((output.level().unwrap(), input.level().unwrap()), (Level::High, Level::High));
    }
}

fn blink(far: &mut Far) {
    let (gpio, mut events) = far.open();
    let output = gpio.output(17).open().unwrap();
    let blink = output.blink(Blink::new(ms(5), ms(5)), Level::High).unwrap();
    let start = far.swallow();
    lost(&mut events);
    noticed(start, REQUEST);
    far.pass();
    assert!(!restored(&mut events));
    assert!(blink.is_running());
    for level in [Level::High, Level::Low] {
        eventually("it blinks", || output.level().unwrap() == level);
    }
}

fn connecting(far: &mut Far) {
    let start = far.swallow();
    let error = far.builder().connect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    noticed(start, ms(700));
    assert!(error.to_string().contains("no answer within 700ms"), "{error}");
    far.pass();
    // One that is lost on the way back is tried again.
    let (gpio, mut events) = far.open();
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    far.swallow();
    assert!(output.set(Level::High).is_err());
    lost(&mut events);
    assert!(events.next_timeout(secs(2)).is_none());
    far.pass();
    assert!(!restored(&mut events));
    output.set(Level::Low).unwrap();
}

fn closing(far: &mut Far) {
    let (gpio, _) = far.open();
    let outputs: Vec<_> = (17..27).map(|line| gpio.output(line).open().unwrap()).collect();
    let start = far.swallow();
    assert_eq!(gpio.close().unwrap_err().kind(), ErrorKind::Disconnected);
    noticed(start, REQUEST);
    drop((outputs, gpio));
    eventually("all threads end", || of_the_library().is_empty());

    // And nobody keeps on trying.
    far.pass();
    let (gpio, mut events) = far.open();
    let output = gpio.output(17).open().unwrap();
    far.swallow();
    assert!(output.set(Level::High).is_err());
    lost(&mut events);
    thread::sleep(ms(300));
    let start = Instant::now();
    drop((output, gpio));
    eventually("all threads end", || of_the_library().is_empty());
    noticed(start, ms(700));
}

fn short_break(far: &mut Far) {
    let builder = far.builder().request_timeout(PATIENCE);
    let (gpio, mut events) = open_with(builder);
    let output = gpio.output(17).open().unwrap();
    far.swallow();
    thread::scope(|scope| {
        let writer = scope.spawn(|| output.set(Level::High));
        thread::sleep(secs(1));
        far.pass();
        writer.join().unwrap().unwrap();
    });
    assert_eq!(output.level().unwrap(), Level::High);
    assert!(events.next_timeout(ms(100)).is_none());
}
