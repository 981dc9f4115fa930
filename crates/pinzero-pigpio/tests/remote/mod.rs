//! What the tests of the client share. They see it as users do, and a model of the daemon from its other side.

#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod proxy;
pub(crate) mod threads;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Wall};

use fake_pigpiod::{Change, Fake};
use pinzero_core::time::{Clock, Instant, ms, secs};
use pinzero_core::{Error, Gpio, Level};
use pinzero_pigpio::{LinkEvent, LinkEvents, PigpioBuilder, PigpioFactory};

/// How long a test waits for what must happen before it fails. Nothing takes this long but a hang.
pub(crate) const PATIENCE: Duration = secs(20);

/// The numbers of commands, written down once more so that the client cannot be wrong just as its tests are.
#[rustfmt::skip]
pub(crate) mod op {
    pub(crate) const MODES: u32 = 0;
    pub(crate) const MODEG: u32 = 1;
    pub(crate) const PUD: u32 = 2;
    pub(crate) const READ: u32 = 3;
    pub(crate) const WRITE: u32 = 4;
    pub(crate) const PWM: u32 = 5;
    pub(crate) const PRS: u32 = 6;
    pub(crate) const PFS: u32 = 7;
    pub(crate) const SERVO: u32 = 8;
    pub(crate) const BR1: u32 = 10;
    pub(crate) const BC1: u32 = 12;
    pub(crate) const BS1: u32 = 14;
    pub(crate) const TICK: u32 = 16;
    pub(crate) const HWVER: u32 = 17;
    pub(crate) const NB: u32 = 19;
    pub(crate) const NC: u32 = 21;
    pub(crate) const PRG: u32 = 22;
    pub(crate) const PFG: u32 = 23;
    pub(crate) const WVAG: u32 = 28;
    pub(crate) const WVBSY: u32 = 32;
    pub(crate) const WVHLT: u32 = 33;
    pub(crate) const WVCRE: u32 = 49;
    pub(crate) const WVDEL: u32 = 50;
    pub(crate) const WVTX: u32 = 51;
    pub(crate) const WVTXR: u32 = 52;
    pub(crate) const WVNEW: u32 = 53;
    pub(crate) const I2CO: u32 = 54;
    pub(crate) const I2CC: u32 = 55;
    pub(crate) const SPIO: u32 = 71;
    pub(crate) const SPIC: u32 = 72;
    pub(crate) const SPIX: u32 = 75;
    pub(crate) const SERO: u32 = 76;
    pub(crate) const SERC: u32 = 77;
    pub(crate) const SERR: u32 = 80;
    pub(crate) const HP: u32 = 86;
    pub(crate) const BI2CC: u32 = 89;
    pub(crate) const BI2CO: u32 = 90;
    pub(crate) const BI2CZ: u32 = 91;
    pub(crate) const I2CZ: u32 = 92;
    pub(crate) const FG: u32 = 97;
    pub(crate) const NOIB: u32 = 99;
    pub(crate) const BSPIC: u32 = 111;
    pub(crate) const BSPIO: u32 = 112;
}

/// Waits until `is_so`; fails if that takes for ever.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Wall::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "never came true: {what}");
        std::thread::sleep(ms(1));
    }
}

/// A client that is soon there again.
pub(crate) fn builder(fake: &Fake) -> PigpioBuilder {
    PigpioFactory::builder(fake.address().to_string()).reconnect(ms(5), ms(20))
}

pub(crate) fn connect(fake: &Fake) -> PigpioFactory {
    builder(fake).connect().unwrap()
}

/// A client in use.
pub(crate) fn open(fake: &Fake) -> Gpio {
    Gpio::new(connect(fake)).unwrap()
}

/// A client in use, and what happens to its connection.
pub(crate) fn open_with(builder: PigpioBuilder) -> (Gpio, LinkEvents) {
    let factory = builder.connect().unwrap();
    let events = factory.link_events();
    (Gpio::new(factory).unwrap(), events)
}

/// Waits for the loss of the connection; what was met.
#[track_caller]
pub(crate) fn lost(events: &mut LinkEvents) -> Error {
    match events.next_timeout(PATIENCE) {
        Some(LinkEvent::Lost { error, .. }) => error,
        other => panic!("not the loss of the connection: {other:?}"),
    }
}

/// Waits for the return of the connection; whether the daemon is another.
#[track_caller]
pub(crate) fn restored(events: &mut LinkEvents) -> bool {
    match events.next_timeout(PATIENCE) {
        Some(LinkEvent::Restored { is_new_daemon, .. }) => is_new_daemon == Some(true),
        other => panic!("not the return of the connection: {other:?}"),
    }
}

/// The requests with these commands so far: command and parameters.
pub(crate) fn told(fake: &Fake, commands: &[u32]) -> Vec<[u32; 3]> {
    let journal = fake.journal().into_iter();
    let told = journal.filter(|frame| commands.contains(&frame.command));
    told.map(|frame| [frame.command, frame.p1, frame.p2]).collect()
}

/// What another client is answered.
pub(crate) fn ask(fake: &Fake, command: u32, p1: u32, p2: u32) -> i32 {
    ask_with(fake, command, p1, p2, &[])
}

/// The same with words that follow.
pub(crate) fn ask_with(fake: &Fake, command: u32, p1: u32, p2: u32, words: &[u32]) -> i32 {
    let mut stream = TcpStream::connect(fake.address()).unwrap();
    let head = [command, p1, p2, words.len() as u32 * 4];
    let bytes: Vec<u8> = head.iter().chain(words).flat_map(|word| word.to_le_bytes()).collect();
    stream.write_all(&bytes).unwrap();
    let mut reply = [0; 16];
    stream.read_exact(&mut reply).unwrap();
    i32::from_le_bytes(reply[12..].try_into().unwrap())
}

/// The levels that a line went to.
pub(crate) fn levels(fake: &Fake, gpio: u32) -> Vec<Level> {
    fake.changes(gpio).iter().map(|change| Level::from(change.level)).collect()
}

/// When a change of a line was, on the clock of the client.
pub(crate) fn at(change: &Change) -> Instant {
    let (ours, theirs) = (Clock::real().now(), Wall::now());
    Instant::from_nanos(0)
        + (ours.since(Instant::ZERO) + change.at.saturating_duration_since(theirs)
            - theirs.saturating_duration_since(change.at))
}

/// How far two moments are apart.
pub(crate) fn apart(one: Instant, other: Instant) -> Duration {
    one.since(other).max(other.since(one))
}
