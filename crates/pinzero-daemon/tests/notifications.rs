//! What a client is told over its notification connection.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::thread;
use std::time::Instant;

use client::{Client, mock, serve, until};
use pinzero_core::Level;
use pinzero_core::time::{ms, us};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Code, Command, Report, ReportKind};

/// A connection that carries reports, with its handle.
fn listener(daemon: &Daemon) -> (Client, u32) {
    let mut client = Client::connect(daemon);
    let handle = client.must(Command::Noib, 0, 0);
    (client, handle)
}

#[test]
fn edges_of_watched_lines_are_reported_with_the_levels_of_all() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 1 << 4);

    gpio.line(4).drive(Level::Low);
    gpio.line(17).drive(Level::High);
    gpio.line(4).drive(Level::High);
    let [fall, rise] = [reports.report(), reports.report()];
    assert_eq!((fall.sequence, fall.kind(), fall.levels), (0, ReportKind::Levels, 0x1ec));
    assert_eq!((rise.sequence, rise.kind(), rise.levels), (1, ReportKind::Levels, 0x2_01fc));
    assert!(reports.is_silent());
}

#[test]
fn a_flood_of_two_lines_is_reported_in_order_while_handlers_are_busy() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    let both = 1 << 17 | 1 << 27;
    client.must(Command::Nb, handle, both);
    // Some dozens of changes wait each time.
    let _timer = gpio.every(ms(5), |_| thread::sleep(ms(3)));

    // Forwards, the one line changes ahead of the other.
    const EDGES: u32 = 20_000;
    let mut expected = Vec::new();
    let mut levels = 0;
    for count in 0..EDGES {
        let line = if count % 2 == 0 { 17 } else { 27 };
        levels ^= 1 << line;
        gpio.line(line).drive(Level::from(levels >> line & 1 == 1));
        expected.push(levels);
        // Changes of a microsecond share a report.
        let start = Instant::now();
        while start.elapsed() < us(20) {
            std::hint::spin_loop();
        }
    }
    let heard: Vec<u32> = (0..EDGES).map(|_| reports.report().levels & both).collect();
    assert!(heard == expected, "the changes of two lines are out of order");
}

#[test]
fn the_tick_of_an_edge_is_the_time_that_clients_can_ask_for() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 1 << 4);
    let before = client.ask(Command::Tick, 0, 0) as u32;
    gpio.line(4).drive(Level::Low);
    let tick = reports.report().tick;
    let after = client.ask(Command::Tick, 0, 0) as u32;
    assert!(tick.wrapping_sub(before) <= after.wrapping_sub(before), "{before} {tick} {after}");
}

#[test]
fn there_is_no_report_of_a_level_that_is_known() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, u32::MAX);
    assert!(reports.is_silent());
}

#[test]
fn a_change_before_the_watch_began_is_told_when_it_begins() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    // Known to the daemon once it has been read: the edge came before.
    gpio.line(4).drive(Level::Low);
    client.must(Command::Nb, handle, 1 << 5);
    until("the daemon sees the edge", || {
        client.must(Command::Nb, handle, 0);
        client.must(Command::Nb, handle, 1 << 4);
        !reports.is_silent()
    });
}

#[test]
fn writes_to_watched_outputs_are_reported() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 3 << 17);
    client.must(Command::Write, 17, 1);
    client.must(Command::Write, 18, 0);
    client.must(Command::Bs1, 3 << 17, 0);
    client.must(Command::Bc1, 3 << 17, 0);
    let levels = [reports.report(), reports.report(), reports.report()].map(|report| report.levels & 3 << 17);
    assert_eq!(levels, [1 << 17, 3 << 17, 0], "both fall at once");
    assert!(reports.is_silent());
}

#[test]
fn a_wire_carries_what_an_output_drives_to_an_input_that_is_watched() {
    let gpio = mock();
    gpio.wire(22, 27);
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 1 << 27);
    client.must(Command::Write, 22, 1);
    assert_eq!(reports.report().levels >> 27 & 1, 1);
    assert_eq!(client.must(Command::Read, 27, 0), 1);
}

#[test]
fn a_pulse_that_is_too_short_for_the_glitch_filter_is_not_reported() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Fg, 17, 50_000);
    client.must(Command::Nb, handle, 3 << 17);
    gpio.line(17).drive(Level::High);
    gpio.line(17).drive(Level::Low);
    gpio.line(18).drive(Level::High);
    assert_eq!(reports.report().levels & 3 << 17, 1 << 18);

    gpio.line(17).drive(Level::High);
    let risen = gpio.line(17).history().last().unwrap().0;
    let tick = (risen.as_micros() + 50_000) as u32;
    assert_eq!(reports.report().tick, tick, "the tick is that of the edge and the filter's time");
}

#[test]
fn a_watchdog_barks_at_a_silent_line() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 1 << 4);
    client.must(Command::Wdog, 4, 10);
    let [first, second]: [Report; 2] = [reports.report(), reports.report()];
    assert_eq!((first.flags, second.flags), (0x24, 0x24));
    assert_eq!(second.tick.wrapping_sub(first.tick), 10_000);
}

#[test]
fn handles_are_steered_from_any_connection_and_end_with_theirs() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (first, zero) = listener(&daemon);
    let (mut second, one) = listener(&daemon);
    assert_eq!((zero, one), (0, 1));
    client.must(Command::Evm, one, 1 << 3);
    client.must(Command::Evt, 3, 0);
    assert_eq!(second.report().kind(), ReportKind::Event(3));

    drop(first);
    until("the handle is free", || client.ask(Command::Nb, zero, 0) == Code::BAD_HANDLE.0);
    let (_third, again) = listener(&daemon);
    assert_eq!(again, 0);

    client.must(Command::Nc, one, 0);
    assert_eq!(client.ask(Command::Nb, one, 0), Code::BAD_HANDLE.0);
    client.must(Command::Evt, 3, 0);
    assert!(second.is_silent());
}

#[test]
fn a_paused_handle_is_silent_until_it_is_begun_again() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    client.must(Command::Nb, handle, 1 << 17);
    client.must(Command::Np, handle, 0);
    client.must(Command::Write, 17, 1);
    assert!(reports.is_silent());
    client.must(Command::Nb, handle, 1 << 17);
    assert_eq!(reports.report().levels >> 17 & 1, 1);
}

#[test]
fn a_line_that_nobody_has_touched_is_opened_when_it_is_watched() {
    let gpio = mock();
    let daemon = Daemon::builder(&gpio).port(0).start().unwrap();
    let mut client = Client::connect(&daemon);
    let (mut reports, handle) = listener(&daemon);
    assert_eq!(client.must(Command::Br1, 0, 0), 0);
    // High by its pull-up, which the client could not know.
    client.must(Command::Nb, handle, 1 << 4);
    assert_eq!(reports.report().levels, 1 << 4);
    assert_eq!(client.must(Command::Br1, 0, 0), 1 << 4);
    gpio.line(4).drive(Level::Low);
    assert_eq!(reports.report().levels, 0);
}
