//! Clients that hang up give everything back that they have asked for, and keep nothing busy.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::io::Write;
use std::time::{Duration, Instant};

use client::{Client, builder, mock, serve, until, without_controllers, words};
use pinzero_core::mock::MockGpio;
use pinzero_core::{Level, LineFunction, SpiMode};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Code, Command, Request};

/// Hangs up; with a reset, if the client does not even wait for what is under way.
fn hang_up(client: Client, is_reset: bool) {
    if is_reset {
        socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
    drop(client);
}

/// A client with a bus of 50 bits a second, on which a byte takes longer than the patience of any test for a queue.
fn slow_bus(gpio: &MockGpio, daemon: &Daemon) -> Client {
    let mut client = Client::connect(daemon);
    assert_eq!(client.ask_with(Command::Bspio, 8, 0, &words(&[9, 10, 11, 50, 0])).0, 0);
    client.send(Request::new(Command::Bspix, 8, 0).with(&[0; 1000]));
    until("it is under way", || gpio.line(8).level() == Level::Low);
    client
}

#[test]
fn a_client_that_hangs_up_gives_its_slot_back_whatever_it_waits_for() {
    let gpio = mock();
    let daemon = builder(&gpio).max_connections(4).start().unwrap();
    let slow = slow_bus(&gpio, &daemon);
    for is_reset in [false, true] {
        let mut waiting = [(); 3].map(|()| Client::connect(&daemon));
        waiting[0].send(Request::new(Command::Bspix, 8, 0).with(&[0]));
        waiting[1].send(Request::new(Command::Mils, 60_000, 0));
        waiting[2].send(Request::new(Command::Bspix, 8, 0).with(&[0]));
        waiting.into_iter().for_each(|client| hang_up(client, is_reset));
        until("there is room again", || {
            let mut others = [(); 3].map(|()| Client::connect(&daemon));
            others.iter_mut().for_each(|client| client.send(Request::new(Command::Pigpv, 0, 0)));
            others.iter_mut().all(|client| client.receive_bytes().is_ok())
        });
    }
    drop(slow);
}

#[test]
fn clients_that_have_hung_up_make_room_for_others_at_once() {
    let gpio = mock();
    let daemon = builder(&gpio).max_connections(4).start().unwrap();
    let start = Instant::now();
    for _ in 0..20 {
        let mut waiting = [(); 4].map(|()| Client::connect(&daemon));
        let mut pause = Vec::new();
        Request::new(Command::Mils, 60_000, 0).encode(&mut pause);
        // One may be turned away, because the last one of the round before is about to go.
        waiting.iter_mut().for_each(|client| _ = client.stream.write_all(&pause));
        drop(waiting);
        until("there is room for another", || {
            let mut other = Client::connect(&daemon);
            other.send(Request::new(Command::Pigpv, 0, 0));
            other.receive_bytes().is_ok()
        });
    }
    // Twenty seconds, if they kept their slots for a second each.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_transfer_ends_when_its_client_hangs_up_and_the_bus_serves_others() {
    let gpio = mock();
    let daemon = serve(&gpio);
    for is_reset in [false, true] {
        let mut other = Client::connect(&daemon);
        let client = slow_bus(&gpio, &daemon);
        let mut queued: Vec<Client> = (0..100).map(|_| Client::connect(&daemon)).collect();
        queued.iter_mut().for_each(|client| client.send(Request::new(Command::Bspix, 8, 0).with(&[0; 100])));
        other.send(Request::new(Command::Bspix, 8, 0).with(&[0]));
        queued.into_iter().chain([client]).for_each(|client| hang_up(client, is_reset));
        // The hundred before it would take half an hour.
        assert_eq!(other.receive(), (1, vec![0]), "reset: {is_reset}");
        until("the device is not selected", || gpio.line(8).level() == Level::High);
        assert_eq!(other.ask(Command::Bspic, 8, 0), 0);
    }
}

#[test]
fn a_transfer_too_many_is_an_error() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let slow = slow_bus(&gpio, &daemon);
    let mut clients: Vec<Client> = (0..300).map(|_| Client::connect(&daemon)).collect();
    clients.iter_mut().for_each(|client| client.send(Request::new(Command::Bspix, 8, 0).with(&[0])));
    let answered = |clients: &mut [Client]| clients.iter_mut().filter(|client| client.has_answer()).count();
    until("there are 44 too many", || answered(&mut clients) == 44);
    let refused = clients.iter_mut().find(|client| client.has_answer()).unwrap();
    assert_eq!(refused.receive().0, Code::SPI_XFER_FAILED.0);
    assert_eq!(refused.must(Command::Pigpv, 0, 0), 79, "the connection goes on");
    drop(slow);
    until("others have their turn", || answered(&mut clients) > 43);
}

/// Opens a device on the board's main bus.
fn open(client: &mut Client, channel: u32) -> u32 {
    client.ask_with(Command::Spio, channel, 50_000, &words(&[0])).0.try_into().unwrap()
}

/// Hangs up, and waits until the daemon knows.
fn leave(mut client: Client, other: &mut Client) {
    let handle = client.must(Command::Noib, 0, 0);
    drop(client);
    until("it is gone", || other.ask(Command::Nb, handle, 0) == Code::BAD_HANDLE.0);
}

fn lines_of_a_bus_that_no_connected_client_uses_can_be_taken(gpio: &MockGpio) {
    let daemon = serve(gpio);
    let mut other = Client::connect(&daemon);
    use Command::*;
    // The same pins as the main bus, wired in another way.
    let (auxiliary, soft) = (words(&[1 << 8]), words(&[11, 10, 9, 100_000, 0]));
    for (command, p1, p2, extension) in [
        (Write, 9, 1, &[][..]),
        (Modes, 10, 0, &[]),
        (Modes, 8, 1, &[]),
        (Pwm, 11, 10, &[]),
        (Servo, 11, 1500, &[]),
        (Hp, 18, 1000, &words(&[500_000])),
        (Bspio, 7, 0, &soft),
    ] {
        let mut client = Client::connect(&daemon);
        let main = open(&mut client, 0);
        assert_eq!(client.ask_with(Spio, 0, 50_000, &auxiliary).0, 1);
        assert_eq!(other.ask_with(command, p1, p2, extension).0, Code::GPIO_IN_USE.0, "{}", command.name());
        leave(client, &mut other);
        assert_eq!(other.ask_with(command, p1, p2, extension).0, 0, "{}", command.name());
        // The handle is closed, and the other bus stays open.
        let (closed, stays) = if command == Hp { (1, main) } else { (main, 1) };
        assert_eq!(other.ask(Spic, closed, 0), Code::BAD_HANDLE.0, "{}", command.name());
        assert_eq!(other.ask(Spic, stays, 0), 0, "{}", command.name());
        for line in [7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21] {
            if command != Bspio {
                assert_eq!(other.ask(Modes, line, 0), 0, "GPIO{line} after {}", command.name());
            }
        }
    }
}

fn a_bus_stays_open_as_long_as_a_connected_client_uses_it(gpio: &MockGpio) {
    let daemon = serve(gpio);
    let mut other = Client::connect(&daemon);
    let (mut first, mut second) = (Client::connect(&daemon), Client::connect(&daemon));
    let (handle, neighbour) = (open(&mut first, 0), open(&mut second, 1));
    leave(first, &mut other);
    // As with pigpiod, a handle outlives its client: `pigs` makes a connection for each call.
    let mut user = Client::connect(&daemon);
    assert_eq!(user.ask_with(Command::Spix, handle, 0, &[0]), (1, vec![0]));
    assert_eq!(other.ask(Command::Write, 8, 1), Code::GPIO_IN_USE.0);
    leave(user, &mut other);
    // Nobody uses this device any more, and somebody the bus.
    assert_eq!(other.ask(Command::Write, 8, 1), 0);
    assert_eq!(other.ask(Command::Write, 11, 1), Code::GPIO_IN_USE.0);
    assert_eq!(second.ask_with(Command::Spix, neighbour, 0, &[0]), (1, vec![0]));
    leave(second, &mut other);
    // What is wrong anyway closes nothing.
    assert_eq!(other.ask(Command::Write, 11, 2), Code::BAD_LEVEL.0);
    assert_eq!(other.ask(Command::Modes, 11, 8), Code::BAD_MODE.0);
    assert_eq!(other.ask_with(Command::Spix, neighbour, 0, &[0]), (1, vec![0]));
}

fn devices_that_clients_have_left_open_are_in_nobodys_way(gpio: &MockGpio) {
    let daemon = serve(gpio);
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    assert_eq!((0..256).map(|_| open(&mut client, 0)).max(), Some(255));
    let soft = words(&[19, 20, 21, 100_000, 0]);
    assert_eq!(client.ask_with(Command::Bspio, 16, 0, &soft).0, 0);
    assert_eq!(other.ask_with(Command::Spio, 1, 50_000, &words(&[0])).0, Code::NO_HANDLE.0);
    assert_eq!(other.ask_with(Command::Bspio, 16, 0, &soft).0, Code::GPIO_IN_USE.0);
    leave(client, &mut other);
    // The same program, started again.
    assert_eq!(open(&mut other, 0), 0);
    assert_eq!(other.ask_with(Command::Bspio, 16, 0, &soft).0, 0);
    assert_eq!(other.ask_with(Command::Bspix, 16, 0, &[0]), (1, vec![0]));
    assert_eq!(other.ask_with(Command::Spix, 0, 0, &[0]), (1, vec![0]));
}

/// With the pins driven by the daemon, and with controllers; a device answers zeros.
#[test]
fn buses_of_clients_that_are_gone() {
    for scenario in [
        lines_of_a_bus_that_no_connected_client_uses_can_be_taken,
        a_bus_stays_open_as_long_as_a_connected_client_uses_it,
        devices_that_clients_have_left_open_are_in_nobodys_way,
    ] {
        for gpio in [without_controllers(), mock()] {
            let _devices = [8, 7].map(|select| gpio.spi_device([11, 10, 9, select], SpiMode::Mode0));
            scenario(&gpio);
        }
    }
}

#[test]
fn with_a_safe_state_outputs_end_however_their_client_ends() {
    let gpio = mock();
    let daemon = builder(&gpio).safe_state(true).max_backlog(4096).start().unwrap();
    let mut other = Client::connect(&daemon);
    let deaths: [(&str, bool, fn(&mut Client, &mut Client)); 5] = [
        ("it closes", false, |_, _| {}),
        ("it resets", false, |client, _| {
            socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
        }),
        ("it closes its sending side", true, |client, _| {
            client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        }),
        ("it sends garbage", true, |client, _| client.stream.write_all(&[0xff; 16]).unwrap()),
        ("it does not read", true, |client, other| {
            let handles: Vec<u32> = (0..32).map(|_| client.must(Command::Noib, 0, 0)).collect();
            handles.iter().for_each(|&handle| _ = other.must(Command::Evm, handle, 1));
            until("its buffer is full", || {
                (0..1000).for_each(|_| _ = other.must(Command::Evt, 0, 0));
                other.ask(Command::Nb, handles[0], 0) == Code::BAD_HANDLE.0
            });
        }),
    ];
    for (death, stays_connected, die) in deaths {
        let mut client = Client::connect(&daemon);
        client.must(Command::Write, 17, 1);
        client.must(Command::Pwm, 18, 128);
        open(&mut client, 0);
        die(&mut client, &mut other);
        let rest = stays_connected.then(|| client.stream.try_clone().unwrap());
        drop(client);
        until(death, || {
            [17, 18].iter().all(|line| gpio.line(*line).function() == LineFunction::Input)
                && other.must(Command::Modeg, 11, 0) == 0
        });
        drop(rest);
    }
}
