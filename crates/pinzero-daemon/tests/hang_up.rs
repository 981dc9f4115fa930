//! Clients that hang up give everything back that they have asked for, and keep nothing busy.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::time::Duration;

use client::{Client, builder, mock, serve, until, words};
use pinzero_core::Level;
use pinzero_core::mock::MockGpio;
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
