//! What happens to daemons and connections.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod client;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use client::Client;
use fake_pigpiod::{Fake, Options};

const PUD: u32 = 2;
const WRITE: u32 = 4;
const PWM: u32 = 5;
const BR1: u32 = 10;
const TICK: u32 = 16;
const NB: u32 = 19;
const PIGPV: u32 = 26;
const MILS: u32 = 47;
const NOIB: u32 = 99;

#[test]
fn a_restart_forgets_what_clients_set_up_but_not_the_pins() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    client.call(NOIB, 0, 0);
    client.call(WRITE, 17, 1);
    client.call(PUD, 22, 2);
    client.call(PWM, 18, 255);
    assert!(fake.wait_until(Duration::from_secs(10), |fake| fake.level(18)), "from the next cycle on");
    let before = fake.tick();
    fake.restart();
    assert!(client.is_over());
    assert_eq!((fake.connections(), fake.handles().notify), (0, 0));
    assert_eq!(
        [17, 22, 18].map(|gpio| (fake.mode(gpio), fake.level(gpio))),
        [(1, true), (0, true), (1, true)]
    );
    assert_eq!(fake.pwm(18), None);
    let mut client = Client::new(&fake);
    assert_eq!(client.call(NOIB, 0, 0), 0);
    assert!(client.call(TICK, 0, 0) as u32 >= before);
    assert_eq!(fake.journal().len(), 6);
    assert_eq!(fake.journal()[5].connection, 1);
}

#[test]
fn a_reboot_forgets_everything() {
    let fake = Fake::start();
    fake.drive(24, Some(true));
    let mut client = Client::new(&fake);
    client.call(WRITE, 17, 1);
    client.call(PUD, 22, 2);
    fake.reboot();
    assert!(client.is_over());
    assert_eq!(
        [17, 22, 24].map(|gpio| (fake.mode(gpio), fake.level(gpio))),
        [(0, false), (0, false), (0, true)]
    );
    assert!(fake.tick() < 1_000_000_000);
    assert_eq!(Client::new(&fake).call(BR1, 0, 0), 0x1ff | 1 << 24);
}

#[test]
fn a_dead_daemon_refuses_connections() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    client.send(MILS, 60_000, 0, &[]);
    assert!(fake.wait_until(Duration::from_secs(5), |fake| fake.journal().len() == 1));
    let start = Instant::now();
    fake.kill();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(client.is_over());
    assert!(TcpStream::connect(fake.address()).is_err());
    fake.restart();
    assert_eq!(Client::new(&fake).call(PIGPV, 0, 0), 79);
}

#[test]
fn a_silent_daemon_reads_and_that_is_all() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    client.call(NOIB, 0, 0);
    client.call(NB, 0, 1 << 17);
    fake.silence(true);
    client.send(WRITE, 18, 1, &[]);
    fake.drive(17, Some(true));
    assert!(client.is_quiet() && !fake.level(18));
    assert_eq!(fake.journal().len(), 3);
    Client::new(&fake).send(PIGPV, 0, 0, &[]);
    fake.silence(false);
    assert_eq!(client.call(PIGPV, 0, 0), 79);
}

#[test]
fn replies_can_be_held_back() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    fake.hold(3);
    client.send(PIGPV, 0, 0, &[]);
    client.send(WRITE, 17, 1, &[]);
    assert!(client.is_quiet() && fake.level(17));
    client.send(PIGPV, 0, 0, &[]);
    assert_eq!([client.result(), client.result(), client.result()], [79, 0, 79]);
    client.send(PIGPV, 0, 0, &[]);
    assert!(client.is_quiet());
    fake.hold(0);
    assert_eq!(client.result(), 79);
}

#[test]
fn connections_end_in_many_ways() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    assert_eq!(client.call(PIGPV, 0, 0), 79);
    fake.hang_up();
    assert!(client.is_over());

    let mut client = Client::new(&fake);
    assert_eq!(client.call(PIGPV, 0, 0), 79);
    fake.reset();
    assert_eq!(client.0.read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));

    let mut client = Client::new(&fake);
    fake.hang_up_after(1);
    assert_eq!(client.call(PIGPV, 0, 0), 79);
    client.send(WRITE, 17, 1, &[]);
    assert!(client.is_over() && !fake.level(17));

    let mut client = Client::new(&fake);
    fake.cut_reply(7);
    client.send(PIGPV, 0, 0, &[]);
    let mut received = Vec::new();
    client.0.read_to_end(&mut received).unwrap();
    assert_eq!(received, [26, 0, 0, 0, 0, 0, 0]);

    fake.refuse(true);
    assert!(Client::new(&fake).is_over());
    fake.refuse(false);

    let mut client = Client::new(&fake);
    client.0.write_all(&[0, 0, 0x10000, 0x10000].map(u32::to_le_bytes).concat()).unwrap();
    assert!(client.is_over());
    assert_eq!(Client::new(&fake).call(PIGPV, 0, 0), 79);
}

#[test]
fn requests_and_replies_may_come_in_pieces() {
    let delay = Duration::from_micros(100);
    let fake = Fake::with(Options { piece: Some(3), delay, seed: 7, ..Options::default() });
    let mut client = Client::new(&fake);
    for byte in [26, 0, 0, 0].map(u32::to_le_bytes).concat() {
        client.0.write_all(&[byte]).unwrap();
    }
    let mut reply = Vec::new();
    let mut most = 0;
    while reply.len() < 16 {
        let mut bytes = [0; 16];
        let length = client.0.read(&mut bytes).unwrap();
        reply.extend_from_slice(&bytes[..length]);
        most = most.max(length);
    }
    assert_eq!(reply, [26, 0, 0, 79].map(u32::to_le_bytes).concat());
    // Some may have come together, but hardly all.
    assert!(most < 16);
}
