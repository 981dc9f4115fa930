//! Who may connect, how much anybody may ask for, and that nobody is held up by others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::Duration;

use client::{Client, builder, mock, serve, until, without_controllers, words};
use pinzero_core::{ErrorKind, Level};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Code, Command, ReportKind, Request};
use proptest::prelude::*;

#[test]
fn it_listens_on_this_computer_only_unless_told_otherwise() {
    let gpio = mock();
    let daemon = serve(&gpio);
    assert!(daemon.addrs().iter().all(|addr| addr.ip().is_loopback()), "{:?}", daemon.addrs());
    assert_eq!(daemon.addrs()[0].ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));

    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let error = builder(&gpio).bind(any).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    builder(&gpio).bind(any).public(true).start().unwrap();
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let port = daemon.addrs()[0].port();
    let error = builder(&gpio).port(port).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[test]
fn who_is_not_allowed_is_hung_up_on() {
    let gpio = mock();
    let daemon = builder(&gpio).allow("10.0.0.0/8".parse().unwrap()).start().unwrap();
    assert!(Client::connect(&daemon).is_dropped());

    let both = builder(&gpio).allow("10.0.0.0/8".parse().unwrap()).allow("127.0.0.1".parse().unwrap());
    Client::connect(&both.start().unwrap()).must(Command::Pigpv, 0, 0);
}

#[test]
fn one_more_than_the_limit_is_turned_away_and_has_room_later() {
    let gpio = mock();
    let daemon = builder(&gpio).max_connections(2).start().unwrap();
    let mut first = Client::connect(&daemon);
    let mut second = Client::connect(&daemon);
    first.must(Command::Noib, 0, 0);
    second.must(Command::Noib, 0, 0);
    assert_eq!(second.ask(Command::Noib, 0, 0), Code::NO_HANDLE.0);
    assert!(Client::connect(&daemon).is_dropped());

    drop(first);
    until("there is room again", || {
        let mut third = Client::connect(&daemon);
        third.send(Request::new(Command::Pigpv, 0, 0));
        third.stream.read_exact(&mut [0; 16]).is_ok()
    });
}

#[test]
fn no_command_reaches_a_line_that_is_not_for_clients() {
    let gpio = mock();
    let daemon = builder(&gpio).gpios(1 << 17 | 1 << 5 | 1 << 6 | 1 << 13).start().unwrap();
    let mut client = Client::connect(&daemon);
    let (one, bits) = (words(&[1]), 1 << 4);
    use Command::*;
    for (command, p1, p2, extension) in [
        (Modes, 4, 1, &[][..]),
        (Modeg, 4, 0, &[]),
        (Pud, 4, 2, &[]),
        (Read, 4, 0, &[]),
        (Write, 4, 1, &[]),
        (Pwm, 4, 1, &[]),
        (Prs, 4, 100, &[]),
        (Pfs, 4, 100, &[]),
        (Prg, 4, 0, &[]),
        (Pfg, 4, 0, &[]),
        (Prrg, 4, 0, &[]),
        (Gdc, 4, 0, &[]),
        (Gpw, 4, 0, &[]),
        (Servo, 4, 1500, &[]),
        (Hp, 12, 100, &one),
        (Trig, 4, 10, &one),
        (Wdog, 4, 10, &[]),
        (Fg, 4, 10, &[]),
        (Fn, 4, 10, &one),
        (Wvas, 4, 9600, &words(&[8, 2, 0, 0x55])),
        (Spio, 0, 50_000, &words(&[0])),
        (Bspio, 4, 0, &words(&[13, 6, 5, 50_000, 0])),
        (Bspio, 17, 0, &words(&[4, 6, 5, 50_000, 0])),
        (Slr, 4, 0, &[]),
        (Hc, 4, 0, &[]),
        (Bi2co, 4, 5, &words(&[50_000])),
        (Bi2co, 5, 4, &words(&[50_000])),
        (Bi2cz, 4, 0, &[3, 0]),
    ] {
        let (result, _) = client.ask_with(command, p1, p2, extension);
        assert_eq!(result, Code::NOT_PERMITTED.0, "{} {p1}", command.name());
    }
    for command in [Bs1, Bc1] {
        assert_eq!(client.ask(command, bits, 0), Code::SOME_PERMITTED.0, "{}", command.name());
    }
    assert_eq!(client.ask_with(Wvag, 0, 0, &words(&[bits, 0, 5])).0, Code::SOME_PERMITTED.0);
    let wave = client.must(Wvcre, 0, 0);
    client.must(Wvtx, wave, 0);
    // High by its pull-up, and told to nobody.
    assert_eq!(client.must(Br1, 0, 0) & bits, 0);
    let mut reports = Client::connect(&daemon);
    let handle = reports.must(Noib, 0, 0);
    client.must(Nb, handle, u32::MAX);
    gpio.line(4).drive(Level::Low);
    assert!(reports.is_silent());
    let script = client.ask_with(Proc, 0, 0, b"w 4 0").0 as u32;
    client.must(Procr, script, 0);
    until("the script is through", || client.ask_with(Procp, script, 0, &[]).1[0] == 1);
    assert_eq!(gpio.line(4).writes(), 0);
}

/// With any numbers, to be safe: what a command makes of them must not matter.
#[test]
fn none_of_256_commands_touches_a_line_that_is_not_for_clients() {
    let gpio = mock();
    let daemon = builder(&gpio).gpios(!(1 << 4 | 1 << 18) & 0x0fff_fffc).start().unwrap();
    let mut client = Client::connect(&daemon);
    let mut reports = Client::connect(&daemon);
    let extensions = [
        vec![],
        words(&[1]),
        words(&[1000, 1000]),
        words(&[1 << 4 | 1 << 18, 0, 5]),
        words(&[4, 18, 4, 50_000, 0]),
        b"w 4 1 p 18 5".to_vec(),
    ];
    for command in 0..256 {
        // A pause is no harm, but takes its time. Handles of this connection would mix reports with replies.
        if [Command::Mics, Command::Mils, Command::Noib].map(Command::code).contains(&command) {
            continue;
        }
        for (p1, p2) in [(4, 0), (4, 1), (18, 1), (18, 1000), (1 << 4 | 1 << 18, 0), (0, 1 << 4), (0, 50_000)]
        {
            for extension in &extensions {
                client.send(Request { command, p1, p2, extension });
                client.receive_bytes().unwrap();
            }
        }
    }
    for line in [4, 18] {
        gpio.line(line).drive(Level::High);
        gpio.line(line).drive(Level::Low);
        assert_eq!(gpio.line(line).writes(), 0, "GPIO{line}");
        drop(gpio.input(line).open().unwrap());
    }
    let handle = reports.must(Command::Noib, 0, 0);
    client.must(Command::Nb, handle, u32::MAX);
    gpio.line(4).drive(Level::High);
    assert!(reports.is_silent());
    assert_eq!(client.must(Command::Br1, 0, 0) & (1 << 4 | 1 << 18), 0);
}

#[test]
fn who_speaks_another_protocol_is_hung_up_on_at_its_first_word() {
    let gpio = mock();
    let daemon = serve(&gpio);
    // By chance, what follows is WRITE 17 1.
    let mut write = Vec::new();
    Request::new(Command::Write, 17, 1).encode(&mut write);
    for first in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"POST",
        b"SSH-2.0-x",
        // TLS: a handshake. STUN: a binding request.
        &[0x16, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0],
        &[119, 0, 0, 0],
        &[0xff; 4],
    ] {
        let mut client = Client::connect(&daemon);
        client.stream.write_all(first).unwrap();
        // The daemon may have hung up already.
        let _ = client.stream.write_all(&write);
        assert_eq!(client.stream.read(&mut [0]).unwrap_or(0), 0, "{first:?}");
    }
    assert_eq!(gpio.line(17).level(), Level::Low);

    let mut client = Client::connect(&daemon);
    client.must(Command::Pigpv, 0, 0);
    for command in [119, 255, u32::MAX] {
        client.send(Request { command, p1: 17, p2: 1, extension: &[] });
        assert_eq!(client.receive().0, Code::UNKNOWN_COMMAND.0, "{command}");
    }
    client.must(Command::Pigpv, 0, 0);
}

#[test]
fn thousands_of_connections_of_garbage_leave_nothing_behind() {
    let gpio = mock();
    let daemon = builder(&gpio).max_connections(16).start().unwrap();
    let mut state = 1u32;
    let mut random = || {
        // Any sequence will do, as long as it is the same each time.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    for _ in 0..3000 {
        let mut bytes: Vec<u8> = (0..random() % 64).map(|_| random() as u8).collect();
        if random() % 2 == 0 && bytes.len() >= 16 {
            // Not only what is dropped at its first word. A pause would take its time.
            let command =
                [Command::Write, Command::Spio, Command::Noib, Command::Bspix][random() as usize % 4];
            bytes[..4].copy_from_slice(&command.code().to_le_bytes());
            bytes[14..16].fill(0);
        }
        let mut stream = TcpStream::connect(daemon.addrs()[0]).unwrap();
        // It may hang up in the middle, which is its right.
        let _ = stream.write_all(&bytes);
    }
    until("there is room for as many as before", || {
        let mut clients: Vec<Client> = (0..16).map(|_| Client::connect(&daemon)).collect();
        clients.iter_mut().for_each(|client| client.send(Request::new(Command::Pigpv, 0, 0)));
        clients.iter_mut().all(|client| client.receive_bytes().is_ok())
    });
}

#[test]
fn what_would_be_a_root_shell_is_refused() {
    let gpio = without_controllers();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    use Command::*;
    for (command, p1, extension, code) in [
        (Shell, 1, &b"x\0; touch /tmp/x"[..], Code::UNKNOWN_COMMAND),
        (Fo, 1, b"/etc/passwd", Code::NO_FILE_ACCESS),
        (Fl, 100, b"/*", Code::NO_FILE_ACCESS),
        (Fr, 0, b"", Code::BAD_HANDLE),
        (Cf1, 1, b"x", Code::UNKNOWN_COMMAND),
        (Cf2, 1, b"x", Code::UNKNOWN_COMMAND),
        (Bscx, 0, b"", Code::UNKNOWN_COMMAND),
        (No, 0, b"", Code::NO_HANDLE),
        (Sero, 9600, b"/etc/passwd", Code::BAD_SER_DEVICE),
        (Sero, 9600, b"/dev/ttyAMA0", Code::SER_OPEN_FAILED),
        (I2co, 1, &[0; 4], Code::I2C_OPEN_FAILED),
    ] {
        assert_eq!(client.ask_with(command, p1, 0, extension), (code.0, vec![]), "{}", command.name());
    }
}

#[test]
fn a_request_may_come_byte_by_byte_and_many_at_once() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let mut frame = Vec::new();
    Request::new(Command::Hp, 18, 1000).with(&words(&[500_000])).encode(&mut frame);
    for byte in &frame {
        client.stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(client.receive().0, 0);

    const COUNT: u32 = 20_000;
    let mut frames = Vec::new();
    (0..COUNT).for_each(|count| Request::new(Command::Prs, 17, 25 + count).encode(&mut frames));
    let mut writer = client.stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(&frames));
    for count in 0..COUNT {
        let reply = client.receive_bytes().unwrap();
        assert_eq!(reply[8..12], (25 + count).to_le_bytes());
    }
    writing.join().unwrap().unwrap();
    assert_eq!(client.must(Command::Prg, 17, 0), 25 + COUNT - 1);
}

#[test]
fn what_was_asked_before_a_hang_up_is_answered() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    client.send(Request::new(Command::Mils, 20, 0));
    client.send(Request::new(Command::Pigpv, 0, 0));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.receive().0, 0);
    assert_eq!(client.receive().0, 79);
    assert!(client.is_dropped());
}

#[test]
fn a_request_that_is_too_long_ends_the_connection_and_no_other() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    client.stream.write_all(&words(&[Command::Proc.code(), 0, 0, 65_536])).unwrap();
    assert!(client.is_dropped());
    assert_eq!(other.must(Command::Pigpv, 0, 0), 79);
}

#[test]
fn a_pause_holds_up_its_own_connection_only_and_keeps_the_order() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut slow = Client::connect(&daemon);
    let mut other = Client::connect(&daemon);
    slow.send(Request::new(Command::Mils, 60_000, 0));
    slow.send(Request::new(Command::Write, 17, 1));
    other.must(Command::Write, 18, 1);
    assert_eq!(gpio.line(17).level(), Level::Low);

    let mut quick = Client::connect(&daemon);
    quick.send(Request::new(Command::Mics, 1000, 0));
    quick.send(Request::new(Command::Pigpv, 0, 0));
    assert_eq!([quick.receive().0, quick.receive().0], [0, 79]);
    assert_eq!(quick.ask(Command::Mics, 0, 0), Code::BAD_MICS_DELAY.0);
    assert_eq!(quick.ask(Command::Mils, 60_001, 0), Code::BAD_MILS_DELAY.0);
}

#[test]
fn who_does_not_read_is_dropped_and_holds_up_nobody() {
    let gpio = mock();
    let daemon = builder(&gpio).max_backlog(4096).start().unwrap();
    let mut client = Client::connect(&daemon);
    let mut deaf = Client::connect(&daemon);
    let deaf_handles = all_handles(&mut deaf);
    deaf_handles.iter().for_each(|&handle| _ = client.must(Command::Evm, handle, 1));
    let mut good = Client::connect(&daemon);
    let handle = good.must(Command::Noib, 0, 0);
    client.must(Command::Evm, handle, 1);

    let mut counts = 0..60_000u16;
    let mut is_dropped = false;
    while !is_dropped {
        for count in counts.by_ref().take(1000) {
            client.must(Command::Evt, 0, 0);
            let report = good.report();
            assert_eq!((report.kind(), report.sequence), (ReportKind::Event(0), count));
        }
        is_dropped = client.ask(Command::Nb, deaf_handles[0], 0) == Code::BAD_HANDLE.0;
        assert!(is_dropped || !counts.is_empty(), "its buffer is never full");
    }
}

/// All further handles that a client can have: each event told to all of them fills its buffer fast.
fn all_handles(client: &mut Client) -> Vec<u32> {
    std::iter::from_fn(|| u32::try_from(client.ask(Command::Noib, 0, 0)).ok()).collect()
}

/// Both ends of a thousand connections are in this process.
#[cfg(unix)]
fn raise_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
#[cfg(unix)]
fn a_thousand_clients_hear_everything_while_one_of_them_is_deaf() {
    const CLIENTS: u32 = 1000;
    const EVENTS: usize = 50;
    const DEAF: u32 = 500;
    raise_limit();
    let gpio = mock();
    let daemon = builder(&gpio).max_connections(1100).max_backlog(4096).start().unwrap();
    let mut control = Client::connect(&daemon);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::connect(&daemon)).collect();
    for (handle, client) in (0..).zip(&mut clients) {
        assert_eq!(client.must(Command::Noib, 0, 0), handle);
        control.must(Command::Nb, handle, 1 << 17);
    }
    let mut deaf = clients.remove(DEAF as usize);
    let deaf_handles = all_handles(&mut deaf);
    let sequences: Vec<u16> = (0..EVENTS as u16).collect();
    // Some of what all are told, and then what only the deaf one is told until it is dropped.
    for count in 0..EVENTS {
        gpio.line(17).drive(Level::from(count % 2 == 0));
    }
    deaf_handles.iter().for_each(|&handle| _ = control.must(Command::Evm, handle, 1));
    let is_dropped = (0..60).any(|_| {
        let mut frames = Vec::new();
        (0..1000).for_each(|_| Request::new(Command::Evt, 0, 0).encode(&mut frames));
        let mut writer = control.stream.try_clone().unwrap();
        let writing = std::thread::spawn(move || writer.write_all(&frames));
        assert!((0..1000).all(|_| control.receive().0 == 0));
        writing.join().unwrap().unwrap();
        control.ask(Command::Nb, DEAF, 1 << 17) == Code::BAD_HANDLE.0
    });
    assert!(is_dropped, "its buffer is never full");
    // More of what all are told, the deaf one gone.
    gpio.line(17).drive(Level::High);
    for (index, client) in clients.iter_mut().enumerate() {
        let reports: Vec<_> = (0..=EVENTS).map(|_| client.report()).collect();
        let told: Vec<u16> = reports.iter().map(|report| report.sequence).collect();
        assert_eq!(told[..EVENTS], sequences, "client {index}");
        let levels = reports.iter().map(|report| report.levels >> 17 & 1);
        assert!(levels.eq((0..=EVENTS as u32).map(|count| (count + 1) % 2)), "client {index}");
        assert!(client.is_silent(), "client {index}");
    }
    assert!(deaf.is_dropped());
}

#[test]
fn a_client_has_no_more_handles_than_it_can_need() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    (0..32).for_each(|_| _ = client.must(Command::Noib, 0, 0));
    assert_eq!(client.ask(Command::Noib, 0, 0), -24);
    Client::connect(&daemon).must(Command::Noib, 0, 0);
}

#[test]
fn reports_that_come_faster_than_their_client_reads_hold_up_nobody() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    for _ in 0..32 {
        let handle = client.must(Command::Noib, 0, 0);
        client.must(Command::Nb, handle, 1 << 17);
    }
    let mut other = Client::connect(&daemon);
    other.must(Command::Modes, 17, 1);
    other.ask_with(Command::Wvag, 0, 0, &words(&[1 << 17, 0, 1, 0, 1 << 17, 1]));
    let wave = other.must(Command::Wvcre, 0, 0);
    other.must(Command::Wvtxr, wave, 0);
    until("it is dropped", || other.ask(Command::Nb, 0, 1 << 17) == Code::BAD_HANDLE.0);
    assert!(client.is_dropped());
    other.must(Command::Wvhlt, 0, 0);
}

#[test]
fn a_client_that_asks_and_does_not_read_uses_no_more_than_its_share() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let mut frames = Vec::new();
    (0..1000).for_each(|_| Request::new(Command::Pigpv, 0, 0).encode(&mut frames));
    client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    // Until the daemon takes no more: that it does not ends this.
    while client.stream.write_all(&frames).is_ok() {}
    Client::connect(&daemon).must(Command::Pigpv, 0, 0);
}

#[test]
fn pulses_that_keep_the_daemon_busy_take_turns_with_others() {
    const COUNT: usize = 700;
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    other.must(Command::Modes, 17, 1);
    other.must(Command::Modes, 18, 1);
    let script = other.ask_with(Command::Proc, 0, 0, b"tag 1 trig 18 100 1 jmp 1").0 as u32;
    let (before, scripted) = (gpio.line(17).writes(), gpio.line(18).writes());
    let mut frames = Vec::new();
    (0..COUNT).for_each(|_| Request::new(Command::Trig, 17, 100).with(&words(&[1])).encode(&mut frames));
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(&daemon)).collect();
    clients.iter_mut().for_each(|client| client.stream.write_all(&frames).unwrap());
    other.must(Command::Procr, script, 0);
    until("pulses are made", || gpio.line(17).writes() > before && gpio.line(18).writes() > scripted);
    let (pulses, scripted) = (gpio.line(17).writes(), gpio.line(18).writes());
    (0..10).for_each(|_| _ = other.must(Command::Pigpv, 0, 0));
    // Two writes a pulse, and a few turns for each answer.
    let (pulses, scripted) = (gpio.line(17).writes() - pulses, gpio.line(18).writes() - scripted);
    assert!(pulses < 8 * 2 * 100 && scripted < 2 * 100, "{pulses} and {scripted} writes for ten answers");
    other.must(Command::Procd, script, 0);
    for client in &mut clients {
        assert!((0..COUNT).all(|_| client.receive().0 == 0));
    }
}

#[test]
fn stopping_ends_connections_and_gives_lines_back() {
    let gpio = mock();
    let mut daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    client.must(Command::Write, 17, 1);
    client.must(Command::Pwm, 18, 128);
    daemon.stop();
    daemon.stop();
    assert!(client.is_dropped());
    assert_eq!(gpio.line(17).level(), Level::Low);
    drop(gpio.output(17).open().unwrap());
    drop(gpio.output(18).open().unwrap());
    assert!(TcpStream::connect(daemon.addrs()[0]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Frames with any numbers and extensions, and then whatever bytes.
    #[test]
    fn garbage_does_no_harm(
        frames in prop::collection::vec((0..130u32, any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        small in prop::collection::vec((0..130u32, 0..60u32, 0..3u32, prop::collection::vec(0..20u8, 0..40)), 0..20),
        tail in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let daemon = DAEMON.with(|daemon| daemon.addrs()[0]);
        let mut bytes = Vec::new();
        for (command, p1, p2, extension) in frames.iter().chain(&small) {
            // A pause is no harm, but takes its time.
            if ![Command::Mics.code(), Command::Mils.code()].contains(command) {
                Request { command: *command, p1: *p1, p2: *p2, extension }.encode(&mut bytes);
            }
        }
        bytes.extend(&tail);
        let mut stream = TcpStream::connect(daemon).unwrap();
        // It may hang up in the middle, which is its right.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());

        let mut other = TcpStream::connect(daemon).unwrap();
        other.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut frame = Vec::new();
        Request::new(Command::Pigpv, 0, 0).encode(&mut frame);
        other.write_all(&frame).unwrap();
        other.read_exact(&mut frame).unwrap();
        prop_assert_eq!(frame[12], 79);
    }
}

thread_local! {
    static DAEMON: Daemon = serve(&mock());
}
