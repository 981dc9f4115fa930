//! Notifications, filters and watchdogs, to the microsecond.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod client;

use std::time::Duration;

use client::{Client, Report};
use fake_pigpiod::{Fake, Options};

const PUD: u32 = 2;
const WDOG: u32 = 9;
const TICK: u32 = 16;
const NB: u32 = 19;
const NP: u32 = 20;
const NC: u32 = 21;
const FG: u32 = 97;
const FN: u32 = 98;
const NOIB: u32 = 99;
const EVM: u32 = 115;
const EVT: u32 = 116;

/// The levels at first: nine pulls.
const REST: u32 = 0x1ff;

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A fake whose time stands still, and a client that is told of GPIO 17.
fn listening(options: Options) -> (Fake, Client) {
    let fake = Fake::with(Options { is_frozen: true, ..options });
    let mut client = Client::new(&fake);
    assert_eq!(client.call(NOIB, 0, 0), 0);
    assert_eq!(client.call(NB, 0, 1 << 17), 0);
    (fake, client)
}

fn from(tick: u32) -> (Fake, Client) {
    listening(Options { tick, ..Options::default() })
}

/// The next report is this one, and comes alone.
#[track_caller]
fn only(client: &mut Client, report: Report) {
    assert_eq!(client.report(), report);
    assert!(client.is_quiet());
}

#[test]
fn changes_are_told_with_all_levels() {
    let (fake, mut client) = from(1000);
    assert!(client.is_quiet());
    fake.drive(17, Some(true));
    only(&mut client, (0, 0, 1000, REST | 1 << 17));
    // One that is not asked for, and then two at once.
    fake.drive(22, Some(true));
    assert!(client.is_quiet());
    fake.advance(us(50));
    fake.drive_all(&[(17, Some(false)), (22, Some(false))]);
    only(&mut client, (1, 0, 1050, REST));
    assert_eq!(client.call(NB, 0, 1 << 17 | 1 << 22), 0);
    fake.drive_all(&[(17, Some(true)), (22, Some(true))]);
    only(&mut client, (2, 0, 1050, REST | 1 << 17 | 1 << 22));
    // Not while it is paused.
    assert_eq!(client.call(NP, 0, 0), 0);
    fake.drive(17, Some(false));
    assert_eq!(client.call(NB, 0, 1 << 17), 0);
    assert!(client.is_quiet());
}

#[test]
fn pulses_have_exact_ticks_across_the_end_of_ticks() {
    let (fake, mut client) = from(u32::MAX - 20);
    fake.drive_for(17, &[(true, 15), (false, 30), (true, 0)]);
    assert_eq!(client.report(), (0, 0, u32::MAX - 20, REST | 1 << 17));
    assert_eq!(client.report(), (1, 0, u32::MAX - 5, REST));
    assert_eq!(client.report(), (2, 0, 24, REST | 1 << 17));
    assert_eq!((fake.tick(), client.call(TICK, 0, 0)), (24, 24));
    let ticks: Vec<_> = fake.changes(17).iter().map(|change| change.tick).collect();
    assert_eq!(ticks, [u32::MAX - 20, u32::MAX - 5, 24]);
}

#[test]
fn older_changes_are_told_only_if_the_test_says_so() {
    for late_reports in [false, true] {
        let (fake, mut client) = listening(Options { tick: 1000, late_reports, ..Options::default() });
        client.call(PUD, 22, 2);
        fake.advance(us(1_999));
        assert_eq!(client.call(NB, 0, 1 << 22), 0);
        if late_reports {
            assert_eq!(client.report(), (0, 0, 1000, REST | 1 << 22));
        }
        assert!(client.is_quiet());
        // Nor are they told twice, or when they are older than that.
        fake.drive(22, Some(false));
        assert_eq!(client.report(), (late_reports.into(), 0, 2999, REST));
        assert_eq!(client.call(NB, 0, 1 << 22 | 1 << 23), 0);
        fake.drive(24, Some(true));
        fake.advance(us(2_001));
        assert_eq!(client.call(NB, 0, 1 << 24), 0);
        assert!(client.is_quiet());
    }
}

#[test]
fn handles_are_few_and_anybodys() {
    let (fake, mut first) = from(1000);
    let mut second = Client::new(&fake);
    for handle in 1..32 {
        assert_eq!(second.call(NOIB, 0, 0), handle);
    }
    assert_eq!(second.call(NOIB, 0, 0), -24);
    assert_eq!(fake.handles().notify, 32);
    assert_eq!(second.call(NC, 0, 0), 0);
    fake.drive(17, Some(true));
    assert!(first.is_quiet());
    assert_eq!(first.call(NOIB, 0, 0), 0);
    // With a client its handles go.
    drop(second);
    assert!(fake.wait_until(us(1_000_000), |fake| fake.handles().notify == 1));
    assert_eq!(first.call(NOIB, 0, 0), 1);
}

#[test]
fn glitches_are_not_told() {
    let (fake, mut client) = from(1000);
    assert_eq!(client.call(FG, 17, 100), 0);
    // The time begins anew whenever the level comes back.
    fake.drive_for(17, &[(true, 99), (false, 50), (true, 60), (false, 1), (true, 99)]);
    assert!(client.is_quiet());
    fake.advance(us(1));
    only(&mut client, (0, 0, 1000 + 99 + 50 + 60 + 1 + 100, REST | 1 << 17));
    // Others see the level that is told, not the one that is there.
    client.call(NB, 0, 1 << 17 | 1 << 22);
    fake.drive_all(&[(17, Some(false)), (22, Some(true))]);
    only(&mut client, (1, 0, 1310, REST | 1 << 17 | 1 << 22));
    // Without the filter it is told.
    assert_eq!(client.call(FG, 17, 0), 0);
    fake.tick();
    only(&mut client, (2, 0, 1310, REST | 1 << 22));
}

#[test]
fn noise_is_not_told() {
    let (fake, mut client) = from(1_000_000);
    assert_eq!(client.call_with(FN, 17, 1_000, &[500]), 0);
    // Quiet before, so that changes pass for a while; then not until it has been quiet again.
    fake.drive_for(17, &[(true, 400), (false, 200), (true, 900), (false, 0)]);
    assert_eq!(client.report(), (0, 0, 1_000_000, REST | 1 << 17));
    only(&mut client, (1, 0, 1_000_400, REST));
    fake.advance(us(1_000));
    assert!(client.is_quiet());
    fake.drive(17, Some(true));
    only(&mut client, (2, 0, 1_002_500, REST | 1 << 17));
}

#[test]
fn watchdogs_bark_until_something_happens() {
    let (fake, mut client) = from(1_000_000);
    assert_eq!(client.call(WDOG, 17, 2), 0);
    fake.advance(us(4_500));
    assert_eq!(client.report(), (0, 0x20 | 17, 1_002_000, REST));
    assert_eq!(client.report(), (1, 0x20 | 17, 1_004_000, REST));
    fake.drive(17, Some(true));
    assert_eq!(client.report(), (2, 0, 1_004_500, REST | 1 << 17));
    fake.advance(us(1_999));
    assert!(client.is_quiet());
    fake.advance(us(1));
    only(&mut client, (3, 0x20 | 17, 1_006_500, REST | 1 << 17));
    assert_eq!(client.call(WDOG, 17, 0), 0);
    fake.advance(us(100_000));
    assert!(client.is_quiet());
}

#[test]
fn silence_is_told_after_a_minute() {
    let (fake, mut client) = from(1_000_000);
    assert_eq!(client.call(NB, 0, 0), 0);
    fake.advance(Duration::from_secs(121));
    assert_eq!(client.report(), (0, 0x40, 61_000_000, REST));
    only(&mut client, (1, 0x40, 121_000_000, REST));
}

#[test]
fn events_are_told_to_those_who_want_them() {
    let (_fake, mut client) = from(1000);
    let mut other = Client(client.0.try_clone().unwrap());
    assert_eq!(other.call(EVT, 3, 0), 0);
    assert!(client.is_quiet());
    assert_eq!(other.call(EVM, 0, 1 << 3), 0);
    assert_eq!(other.call(EVT, 3, 0), 0);
    only(&mut client, (0, 0x83, 1000, REST));
    assert_eq!(other.call(EVT, 32, 0), -143);
}

#[test]
fn lost_reports_leave_a_gap() {
    let (fake, mut client) = from(1000);
    fake.lose_reports(2);
    fake.drive_for(17, &[(true, 1), (false, 1), (true, 0)]);
    only(&mut client, (2, 0, 1002, REST | 1 << 17));
}
