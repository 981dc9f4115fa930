//! A daemon that reports more than anybody can take, or what no daemon reports.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fake_pigpiod::Fake;
use pinzero_core::time::{ms, secs};
use pinzero_core::{ErrorKind, EventKind, Gpio, Level};
use pinzero_pigpio::{LinkEvents, PigpioFactory};
use remote::proxy::Proxy;
use remote::{PATIENCE, eventually, lost, op, restored};

/// The line whose reports come.
const LINE: u32 = 4;

/// What the memory of this process may grow by under any flood.
const ROOM: u64 = 48 << 20;

/// One flood at a time: the memory is that of the whole process.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A connection that reports of our own can be put into.
struct Rig {
    fake: Fake,
    proxy: Proxy,
    gpio: Gpio,
    events: LinkEvents,
}

impl Rig {
    fn start() -> Self {
        let fake = low();
        let proxy = Proxy::start("127.0.0.1:0", fake.address()).unwrap();
        let builder = PigpioFactory::builder(proxy.address.to_string()).reconnect(ms(5), ms(20));
        let (gpio, events) = remote::open_with(builder);
        Rig { fake, proxy, gpio, events }
    }

    /// Reports without end, with `flags`, until told to stop.
    fn flood(&self, flags: u16) -> Flood {
        Flood::start(&self.proxy, self.fake.tick(), flags)
    }
}

/// A daemon whose line is low.
fn low() -> Fake {
    let fake = Fake::start();
    fake.drive(LINE, Some(false));
    fake
}

/// Reports that come as fast as the network takes them.
struct Flood {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start(proxy: &Proxy, tick: u32, flags: u16) -> Self {
        let (is_over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut stream = proxy.client(1);
        let thread = thread::spawn({
            let (is_over, sent) = (is_over.clone(), sent.clone());
            move || {
                let start = Instant::now();
                let mut sequence = 0_u16;
                while !is_over.load(Ordering::Relaxed) {
                    let tick = tick.wrapping_add(start.elapsed().as_micros() as u32);
                    let mut bytes = Vec::new();
                    // An even number, so that the line is low at the end.
                    for count in 0..4096_u32 {
                        bytes.extend(report(sequence, flags, tick, u32::from(count % 2 == 0) << LINE));
                        sequence = sequence.wrapping_add(1);
                    }
                    if stream.write_all(&bytes).is_err() {
                        return;
                    }
                    sent.fetch_add(4096, Ordering::Relaxed);
                }
            }
        });
        Flood { is_over, sent, thread }
    }

    /// Ends it; how many reports were sent.
    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

fn report(sequence: u16, flags: u16, tick: u32, levels: u32) -> Vec<u8> {
    let halves = [sequence, flags].into_iter().flat_map(u16::to_le_bytes);
    halves.chain([tick, levels].into_iter().flat_map(u32::to_le_bytes)).collect()
}

/// The memory of this process, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() << 10
}

/// What the memory grows by in that time, at most.
fn growth(time: Duration) -> u64 {
    let (before, start) = (memory(), Instant::now());
    let mut most = before;
    while start.elapsed() < time {
        thread::sleep(ms(10));
        most = most.max(memory());
    }
    most - before
}

/// Fails unless the memory stays flat, and the factory serves its user, and ends, while reports with `flags` come.
fn survive(flags: u16) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut rig = Rig::start();
    let input = rig.gpio.input(LINE).open().unwrap();
    let flood = rig.flood(flags);
    let grown = growth(secs(2));
    let start = Instant::now();
    let output = rig.gpio.output(17).open().unwrap();
    output.set(Level::High).unwrap();
    let served = start.elapsed();
    let start = Instant::now();
    drop((input, output));
    rig.gpio.close().unwrap();
    let closed = start.elapsed();
    eprintln!("{} reports, {grown} bytes more, served in {served:?}, closed in {closed:?}", flood.end());
    assert!(grown < ROOM, "the memory grew by {grown} bytes");
    // A request has 2 s.
    assert!(served < secs(2), "an output took {served:?}");
    assert!(closed < secs(2), "closing took {closed:?}");
    assert!(rig.events.next_timeout(secs(0)).is_none(), "the connection was never lost");
}

#[test]
fn a_flood_of_changes_keeps_the_memory_flat() {
    survive(0);
}

#[test]
fn a_flood_of_signs_of_life_keeps_the_memory_flat() {
    survive(0x40);
}

/// A daemon that floods and answers nothing: closing has the time of one request.
#[test]
fn closing_in_a_flood_takes_one_request_and_no_more() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rig = Rig::start();
    let inputs = [LINE, 17, 22].map(|line| rig.gpio.input(line).open().unwrap());
    let flood = rig.flood(0);
    thread::sleep(ms(200));
    rig.fake.silence(true);
    let start = Instant::now();
    assert_eq!(rig.gpio.close().unwrap_err().kind(), ErrorKind::Disconnected);
    drop((inputs, rig.gpio));
    eventually("all threads end", || remote::threads::of_the_library().is_empty());
    let closed = start.elapsed();
    drop(rig.proxy);
    flood.thread.join().unwrap();
    // A request has 2 s.
    assert!(closed < secs(4), "closing took {closed:?}");
}

#[test]
fn the_last_level_of_a_flood_is_known_and_what_is_dropped_is_counted() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rig = Rig::start();
    let input = rig.gpio.input(LINE).open().unwrap();
    let seen = Arc::new(AtomicU64::new(0));
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let seen = seen.clone();
        input.on(kind, move |event| {
            seen.fetch_add(1 + u64::from(event.missed), Ordering::Relaxed);
        });
    }
    let seen = || seen.load(Ordering::Relaxed);
    let flood = rig.flood(0);
    eventually("edges come", || seen() > 10_000);
    let sent = flood.end();
    eventually("all of them are seen or counted", || seen() >= sent);
    assert_eq!(seen(), sent);
    assert!(!input.was_active(), "the line was low in the end");
}

/// The daemon answers the request for the first levels late, and reports all the while.
#[test]
fn a_flood_before_the_first_level_is_known_keeps_the_memory_flat() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let fake = low();
    let (asked, go_on) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let proxy = Proxy::stepwise(fake.address(), {
        let (asked, go_on) = (asked.clone(), go_on.clone());
        move |command| {
            // The levels are read twice, each time after the tick.
            if command == op::BR1 && asked.fetch_add(1, Ordering::Relaxed) == 1 {
                while !go_on.load(Ordering::Relaxed) {
                    thread::sleep(ms(1));
                }
            }
        }
    });
    let builder = PigpioFactory::builder(proxy.address.to_string()).request_timeout(PATIENCE);
    let (gpio, mut events) = remote::open_with(builder);
    let (grown, sent, input) = thread::scope(|scope| {
        let opening = scope.spawn(|| gpio.input(LINE).open().unwrap());
        eventually("the levels are asked for", || asked.load(Ordering::Relaxed) == 2);
        let flood = Flood::start(&proxy, fake.tick(), 0);
        let grown = growth(secs(2));
        let sent = flood.end();
        go_on.store(true, Ordering::Relaxed);
        (grown, sent, opening.join().unwrap())
    });
    eprintln!("{sent} reports, {grown} bytes more, {} missed", input.missed());
    assert!(grown < ROOM, "the memory grew by {grown} bytes");
    assert!(events.next_timeout(secs(0)).is_none(), "the connection was never lost");
    eventually("what was dropped is counted", || input.missed() > sent / 2);
    eventually("the last level is known", || !input.was_active());
    proxy.inject(1, &report(sent as u16, 0, fake.tick(), 1 << LINE));
    eventually("an edge comes as ever", || input.was_active());
}

#[test]
fn what_no_daemon_reports_ends_the_connection() {
    let mut rig = Rig::start();
    let input = rig.gpio.input(LINE).open().unwrap();
    let now = rig.fake.tick();
    let cases = [
        (0x0100, now, "flags 0x100"),
        (0x8000, now, "flags 0x8000"),
        (0x0001, now, "flags 0x1"),
        (0x0041, now, "flags 0x41"),
        (0x00a0, now, "flags 0xa0"),
        (0, now.wrapping_add(60_000_000), "ahead"),
        (0x40, now.wrapping_add(60_000_000), "ahead"),
        (0, now.wrapping_sub(60_000_000), "before"),
    ];
    let mut accepted = rig.proxy.accepted();
    for (flags, tick, why) in cases {
        rig.proxy.inject(accepted - 1, &report(0, flags, tick, 1 << LINE));
        let error = lost(&mut rig.events);
        assert_eq!(error.kind(), ErrorKind::Disconnected);
        assert!(error.to_string().contains(why), "{flags:#x} at {tick}: {error}");
        restored(&mut rig.events);
        accepted = rig.proxy.accepted();
        assert_eq!(input.level().unwrap(), Level::Low);
    }
    // All that daemons report is no reason.
    for (sequence, flags) in [(0, 0x24), (1, 0x3f), (2, 0x40), (3, 0x80), (4, 0x9f), (5, 0)] {
        rig.proxy.inject(
            accepted - 1,
            &report(sequence, flags, rig.fake.tick(), u32::from(sequence == 5) << LINE),
        );
    }
    eventually("the edge comes", || input.was_active());
    assert!(rig.events.next_timeout(secs(0)).is_none());
}

/// A flood of what no daemon reports is over with the first of them.
#[test]
fn a_flood_of_nonsense_is_cut() {
    let mut rig = Rig::start();
    let _input = rig.gpio.input(LINE).open().unwrap();
    let flood = rig.flood(0x0200);
    assert!(lost(&mut rig.events).to_string().contains("flags 0x200"));
    flood.thread.join().unwrap();
}
