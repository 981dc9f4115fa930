//! Where a daemon is, and what comes of it if there is none.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, us};
use pinzero_core::{Error, ErrorKind, Gpio, Host, PinFactory};
use pinzero_pigpio::PigpioFactory;
use remote::proxy::{Proxy, stranger};
use remote::{ask, builder, connect, eventually, op};

/// Set for the child process that is to connect to what the environment says.
const CHILD: &str = "PINZERO_TEST_CONNECTS_TO";

#[test]
fn all_forms_of_address_lead_there() {
    let fake = Fake::start();
    let port = fake.address().port();
    for address in [
        format!("127.0.0.1:{port}"),
        format!(" 127.0.0.1:{port} "),
        format!("localhost:{port}"),
        format!("pigpio://127.0.0.1:{port}"),
        format!("pigpio://localhost:{port}/"),
    ] {
        let factory = PigpioFactory::connect(address.clone()).unwrap();
        assert_eq!((factory.is_connected(), fake.handles().notify), (true, 1), "{address}");
        assert_eq!(factory.host(), Host::Remote(format!("localhost:{port}")), "{address}");
        drop(factory);
        eventually("it is gone", || fake.connections() == 0);
    }
}

#[test]
fn a_daemon_at_an_address_of_ipv6() {
    let fake = Fake::start();
    let Ok(proxy) = Proxy::start("[::1]:0", fake.address()) else {
        eprintln!("this machine has no IPv6");
        return;
    };
    for address in [proxy.address.to_string(), format!("pigpio://{}", proxy.address)] {
        let gpio = Gpio::new(PigpioFactory::connect(address).unwrap()).unwrap();
        let output = gpio.output(17).open().unwrap();
        output.toggle().unwrap();
        assert!(fake.level(17));
    }
}

#[test]
fn what_the_address_lacks_is_in_the_environment() {
    if let Ok(address) = std::env::var(CHILD) {
        let gpio = Gpio::new(PigpioFactory::connect(address).unwrap()).unwrap();
        drop(gpio.output(17).on_close(pinzero_core::OnClose::High).open().unwrap());
        return;
    }
    let port = |fake: &Fake| fake.address().port().to_string();
    let name = "what_the_address_lacks_is_in_the_environment";
    let (wanted, other) = (Fake::start(), Fake::start());
    for (address, host, number) in [
        (String::new(), "127.0.0.1".to_owned(), port(&wanted)),
        (String::new(), String::new(), port(&wanted)),
        ("pigpio://".to_owned(), "localhost".to_owned(), port(&wanted)),
        ("127.0.0.1".to_owned(), "no-such-host.invalid".to_owned(), port(&wanted)),
        (format!("127.0.0.1:{}", port(&wanted)), "no-such-host.invalid".to_owned(), port(&other)),
        (format!(":{}", port(&wanted)), "127.0.0.1".to_owned(), port(&other)),
    ] {
        ask(&wanted, op::WRITE, 17, 0);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .envs([(CHILD, &address), ("PIGPIO_ADDR", &host), ("PIGPIO_PORT", &number)])
            .output()
            .unwrap();
        assert!(status.status.success(), "{address:?} {host:?} {number:?}: {status:?}");
        assert!(wanted.level(17), "{address:?} {host:?} {number:?}");
    }
    assert!(other.journal().is_empty());
}

#[test]
fn what_is_no_address_or_no_limit_is_refused_at_once() {
    for address in ["http://pi.local", "pi.local:x", "pi.local:0", "[::1", "user@pi.local", "pi local"] {
        let error = PigpioFactory::connect(address).unwrap_err();
        assert_eq!((error.kind(), error.factory()), (ErrorKind::InvalidValue, Some("pigpio")), "{error}");
    }
    let fake = Fake::start();
    for builder in [
        builder(&fake).connect_timeout(ms(0)),
        builder(&fake).request_timeout(ms(0)),
        builder(&fake).silence(ms(0)),
        builder(&fake).keep_alive(ms(5999)),
    ] {
        assert_eq!(builder.connect().unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!(fake.journal(), []);
}

/// The error of connecting to `address`, which has to come within `limit`.
#[track_caller]
fn fails(address: impl ToString, limit: Duration) -> Error {
    let start = Instant::now();
    let builder =
        PigpioFactory::builder(address.to_string()).request_timeout(ms(200)).connect_timeout(ms(400));
    let error = builder.connect().unwrap_err();
    assert!(start.elapsed() < limit + ms(500), "{:?} for {error}", start.elapsed());
    assert_eq!((error.kind(), error.factory()), (ErrorKind::Disconnected, Some("pigpio")), "{error}");
    error
}

#[test]
fn nobody_there() {
    let fake = Fake::start();
    fake.kill();
    let error = fails(fake.address(), ms(0));
    assert!(error.to_string().contains(&fake.address().to_string()), "{error}");
    fails("no-such-host.invalid", ms(4000));
}

#[test]
fn somebody_else_there() {
    let html = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n<html></html>";
    for answer in [&html[..], b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", &[0xff; 64], &[0; 16]] {
        let error = fails(stranger(answer), ms(0)).to_string();
        assert!(error.contains("is no pigpio daemon"), "{error}");
    }
    // As short as this is, more may follow.
    let error = fails(stranger(b"hello\r\n"), ms(200)).to_string();
    assert!(error.contains("has not answered for 200ms"), "{error}");
    let error = fails(stranger(b""), ms(200)).to_string();
    assert!(error.contains("has not answered for 200ms"), "{error}");
}

#[test]
fn nobody_accepts() {
    // The second connection is not accepted, and all others are not even that: the system answers for the first ones.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = fails(listener.local_addr().unwrap(), ms(600));
    assert!(error.to_string().contains("has not answered"), "{error}");
}

#[test]
fn a_daemon_that_is_silent_or_does_not_want_us_or_has_no_room() {
    let fake = Fake::start();
    fake.silence(true);
    let error = fails(fake.address(), ms(200)).to_string();
    assert!(error.contains("has not answered for 200ms"), "{error}");
    fake.silence(false);

    fake.refuse(true);
    let error = fails(fake.address(), ms(0)).to_string();
    assert!(error.contains("--allow") || error.contains("reset"), "{error}");
    fake.refuse(false);

    let clients: Vec<TcpStream> = (0..32)
        .map(|_| {
            let mut stream = TcpStream::connect(fake.address()).unwrap();
            let bytes = [op::NOIB, 0, 0, 0].map(u32::to_le_bytes).concat();
            std::io::Write::write_all(&mut stream, &bytes).unwrap();
            stream
        })
        .collect();
    eventually("all handles are taken", || fake.handles().notify == 32);
    let error = fails(fake.address(), ms(0)).to_string();
    assert!(error.contains("too many clients"), "{error}");
    drop(clients);
    eventually("all handles are free", || fake.handles().notify == 0);
    connect(&fake);
}

#[test]
fn a_daemon_that_ends_anywhere_in_the_greeting() {
    let fake = Fake::start();
    let before = fake.journal().len();
    drop(connect(&fake));
    let greeting = fake.journal().len() - before;
    for requests in 0..greeting - 1 {
        fake.hang_up_after(requests);
        fails(fake.address(), ms(0));
        eventually("nothing is left", || (fake.connections(), fake.handles().notify) == (0, 0));
    }
    for bytes in 0..16 {
        fake.cut_reply(bytes);
        fails(fake.address(), ms(0));
        eventually("nothing is left", || (fake.connections(), fake.handles().notify) == (0, 0));
    }
    connect(&fake);
}

#[test]
fn a_greeting_in_pieces() {
    for seed in 0..20 {
        let fake = Fake::with(Options {
            piece: Some(1 + seed as usize),
            delay: us(200),
            seed,
            ..Options::default()
        });
        let gpio = Gpio::new(connect(&fake)).unwrap();
        gpio.output(17).open().unwrap().toggle().unwrap();
    }
}
