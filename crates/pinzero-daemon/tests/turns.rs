//! What takes time is done in turns: requests of others have their answers in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::io::Write;

use client::{Client, mock, serve, until, words};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Code, Command, Request};

/// Sends frames from a thread of its own, as far as the daemon takes them.
fn send_all(client: &Client, frames: Vec<u8>) {
    let mut stream = client.stream.try_clone().unwrap();
    std::thread::spawn(move || stream.write_all(&frames));
}

/// Makes a draft of as many pulses as there may be, which is too large for a wave.
fn fill_the_draft(client: &mut Client) {
    for start in [0, 4000, 8000] {
        let pulses: Vec<u32> = (0..4000).flat_map(|_| [1 << 17, 1 << 18, 1]).collect();
        let pulses = [vec![0, 0, start], pulses].concat();
        let pulses = if start == 0 { &pulses[3..] } else { &pulses[..] };
        client.ask_with(Command::Wvag, 0, 0, &words(pulses));
    }
    assert_eq!(client.must(Command::Wvsp, 0, 0), 12_000);
}

#[test]
fn what_adds_nothing_to_a_long_draft_costs_nothing() {
    const COUNT: usize = 20_000;
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    fill_the_draft(&mut client);
    let mut frames = Vec::new();
    for _ in 0..COUNT {
        Request::new(Command::Wvag, 0, 0).encode(&mut frames);
        Request::new(Command::Wvcre, 0, 0).encode(&mut frames);
    }
    send_all(&client, frames);
    let start = std::time::Instant::now();
    for _ in 0..COUNT {
        assert_eq!(client.receive().0, 12_000);
        assert_eq!(client.receive().0, Code::TOO_MANY_CBS.0);
    }
    // A copy of the draft for each of them took a minute and more.
    assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
}

/// Eight clients that ask for serial output again and again, as long as it may be; GPIO17 is written after each.
fn busy(daemon: &Daemon) -> Vec<Client> {
    let mut frames = Vec::new();
    let text = [words(&[8, 2, 0]), vec![0x55; 1200]].concat();
    for count in 0..1000 {
        Request::new(Command::Wvnew, 0, 0).encode(&mut frames);
        Request::new(Command::Wvas, 18, 100_000).with(&text).encode(&mut frames);
        Request::new(Command::Write, 17, count % 2).encode(&mut frames);
    }
    let clients: Vec<Client> = (0..8).map(|_| Client::connect(daemon)).collect();
    clients.iter().for_each(|client| send_all(client, frames.clone()));
    clients
}

#[test]
fn slow_commands_of_many_clients_take_turns_with_quick_ones() {
    let gpio = mock();
    let mut daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    let before = gpio.line(17).writes();
    let clients = busy(&daemon);
    until("they are at it", || gpio.line(17).writes() > before + 20);
    let before = gpio.line(17).writes();
    (0..10).for_each(|_| _ = other.must(Command::Pigpv, 0, 0));
    let writes = gpio.line(17).writes() - before;
    assert!(writes < 100, "{writes} slow commands were done for ten quick ones");

    let before = gpio.line(17).writes();
    daemon.stop();
    let writes = gpio.line(17).writes() - before;
    assert!(writes < 20, "{writes} slow commands were done before the end");
    drop(clients);
}

#[test]
fn each_of_many_scripts_has_its_turn() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    for line in 2..28 {
        client.must(Command::Modes, line, 1);
        // A pulse of 100 µs is a share of its own: not all of them fit into one turn.
        let text = format!("tag 1 trig {line} 100 1 jmp 1");
        let script = client.ask_with(Command::Proc, 0, 0, text.as_bytes()).0 as u32;
        client.must(Command::Procr, script, 0);
    }
    let before: Vec<u64> = (2..28).map(|line: u32| gpio.line(line).writes()).collect();
    for (line, before) in (2..28u32).zip(before) {
        until("it makes pulses", || gpio.line(line).writes() > before + 4);
    }
    // The end of the client is not the end of its scripts, and they still hold up nobody.
    drop(client);
    Client::connect(&daemon).must(Command::Pigpv, 0, 0);
}

#[test]
fn reports_to_a_thousand_handles_hold_up_nobody() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut control = Client::connect(&daemon);
    let mut watchers: Vec<Client> = (0..32).map(|_| Client::connect(&daemon)).collect();
    for watcher in &mut watchers {
        for _ in 0..32 {
            let handle = watcher.must(Command::Noib, 0, 0);
            control.must(Command::Evm, handle, 1);
        }
    }
    let mut busy = Client::connect(&daemon);
    let mut frames = Vec::new();
    for count in 0..500 {
        Request::new(Command::Evt, 0, 0).encode(&mut frames);
        Request::new(Command::Write, 17, count % 2).encode(&mut frames);
    }
    let before = gpio.line(17).writes();
    busy.stream.write_all(&frames).unwrap();
    until("it is at it", || gpio.line(17).writes() > before);
    let before = gpio.line(17).writes();
    control.must(Command::Pigpv, 0, 0);
    let writes = gpio.line(17).writes() - before;
    assert!(writes < 200, "{writes} events were told for one answer");
    drop(watchers);
    assert!((0..1000).all(|_| busy.receive().0 == 0));
}
