//! Measures a fleet against a real mosquitto: `cargo bench -p pinzero-mqtt --bench fleet`.
//!
//! A hundred nodes with twenty devices each run in this process, on simulated pins; the broker is a process of its own, and so is the one node
//! whose memory and wake-ups are measured. All share the processors of this machine, so the figures are those of the whole fleet, not
//! those of a broker alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on may end")]

mod fleet;
mod observer;
#[allow(dead_code, reason = "the rest is for tests")]
#[path = "../../tests/mosquitto/server.rs"]
mod server;

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fleet::{Fleet, Member};
use observer::Observer;
use server::Mosquitto;

/// The number of nodes, unless `PINZERO_FLEET` says otherwise.
const NODES: usize = 100;

/// The number of commands whose time is taken.
const COMMANDS: usize = 5000;

/// How long events are made.
const EVENTS_FOR: Duration = Duration::from_secs(5);

/// How long the idle node is watched.
const WATCHED: Duration = Duration::from_secs(65);

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--one-node") {
        let member = Member::start(0, arguments[at + 1].parse().unwrap());
        member.join();
        return;
    }
    let nodes = env::var("PINZERO_FLEET").map_or(NODES, |number| number.parse().unwrap());
    // By default, mosquitto drops messages for a subscriber with more than 1000 of them waiting.
    let mut broker = Mosquitto::with(|_| "allow_anonymous true\nmax_queued_messages 0\n".to_owned());
    idle(&broker);
    let begin = Instant::now();
    let mut observer = Observer::connect(broker.port());
    let fleet = Fleet::start(nodes, broker.port());
    observer.expect_nodes(nodes);
    println!(
        "{nodes} nodes with {} devices each: all there after {:.1} s",
        fleet::DEVICES,
        begin.elapsed().as_secs_f64()
    );
    commands(&fleet, &mut observer, 1);
    commands(&fleet, &mut observer, 16);
    events(&fleet, &mut observer);
    restart(&fleet, &mut observer, &mut broker);
    fleet.stop();
}

/// Watches one node that nobody commands.
fn idle(broker: &Mosquitto) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--one-node", &broker.port().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(2));
    let field = |path: String, name: &str| -> u64 {
        let text = fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let tasks = format!("/proc/{}/task", child.id());
    let sleeps = || -> u64 {
        let tasks = fs::read_dir(&tasks).unwrap().flatten();
        tasks.map(|task| field(format!("{}/status", task.path().display()), "voluntary_ctxt_switches:")).sum()
    };
    let before = sleeps();
    thread::sleep(WATCHED);
    let (woken, kilobytes) = (sleeps() - before, field(format!("/proc/{}/status", child.id()), "VmRSS:"));
    child.kill().unwrap();
    child.wait().unwrap();
    println!(
        "one idle node: {kilobytes} kB, woken {woken} times in {} s, with a keep-alive of 30 s",
        WATCHED.as_secs()
    );
}

/// Sends commands, so many at a time, and takes the time until the state comes back.
fn commands(fleet: &Fleet, observer: &mut Observer, at_a_time: usize) {
    let begin = Instant::now();
    let mut times: Vec<Duration> = Vec::with_capacity(COMMANDS);
    let mut round = 0;
    while times.len() < COMMANDS {
        let targets: Vec<(usize, usize)> = (0..at_a_time)
            .map(|index| {
                let number = round * at_a_time + index;
                (number % fleet.len(), number / fleet.len() % fleet::RELAYS)
            })
            .collect();
        times.extend(observer.toggle(&targets));
        round += 1;
    }
    let second = begin.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "command to state, {at_a_time} at a time: p50 {:.2} ms, p99 {:.2} ms, worst {:.1} ms; {:.0} commands a second",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len() as f64 / second
    );
}

/// Presses all buttons as fast as this machine can, and counts what arrives.
fn events(fleet: &Fleet, observer: &mut Observer) {
    let before = observer.events();
    let begin = Instant::now();
    let presses = fleet.press_for(EVENTS_FOR);
    let counts = fleet.settle();
    let seconds = begin.elapsed().as_secs_f64();
    observer.expect_events(counts.told);
    println!(
        "{presses} presses in {:.0} s: {} events made, {} told, {} lost and counted, {} seen; {:.0} events a second",
        EVENTS_FOR.as_secs_f64(),
        counts.made,
        counts.told,
        counts.lost,
        observer.events() - before,
        counts.told as f64 / seconds
    );
    assert_eq!(counts.told, counts.made - counts.lost);
}

/// Kills the broker while buttons are pressed and relays are switched, and starts another.
fn restart(fleet: &Fleet, observer: &mut Observer, broker: &mut Mosquitto) {
    let presser = fleet.press_slowly();
    thread::sleep(Duration::from_secs(1));
    // Nobody waits for these: the broker is killed while they are on their way.
    let targets: Vec<(usize, usize)> = (0..fleet.len()).map(|node| (node, node % fleet::RELAYS)).collect();
    observer.send_toggles(&targets);
    broker.kill();
    thread::sleep(Duration::from_secs(1));
    broker.come_back();
    let begin = Instant::now();
    observer.connect_again(broker.port());
    observer.expect_states(fleet);
    let states = begin.elapsed();
    drop(presser);
    let counts = fleet.settle();
    println!(
        "the broker killed and started again under load: all {} states right after {:.1} s; {} events made, {} told, {} lost and counted",
        fleet.len() * fleet::RELAYS,
        states.as_secs_f64(),
        counts.made,
        counts.told,
        counts.lost
    );
    assert_eq!(counts.told, counts.made - counts.lost);
}
