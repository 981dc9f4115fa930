//! Messages of TCP clients. The clients are in real time, on mocks of either clock.

#![allow(clippy::unwrap_used, reason = "the bodies of tests fail by it")]

use std::io::{BufRead, BufReader, ErrorKind as IoKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use pinzero::mock::{self, MockGpio};
use pinzero::options::Listening;
use pinzero::prelude::*;
use pinzero::{Builder, ErrorKind, Result, TcpMessage, TcpTrigger};
use pinzero_tests::{PATIENCE, all_dropped, block_on, eventually, receive, without_hanging};

/// Runs each test on a mock of either clock.
macro_rules! on_both_clocks {
    ($($test:ident)*) => {
        mod on_virtual_time {
            $(#[test]
            fn $test() -> pinzero::Result<()> {
                super::$test(&pinzero::mock::gpio())
            })*
        }

        mod on_real_time {
            $(#[test]
            fn $test() -> pinzero::Result<()> {
                super::$test(&pinzero::mock::builder().realtime().open())
            })*
        }
    };
}

on_both_clocks! {
    a_message_runs_handlers_in_their_order_and_is_answered
    lines_end_with_lf_or_crlf_or_the_end
    a_message_is_waited_for_in_real_time
    an_iterator_has_all_messages_in_their_order
    a_handler_that_fails_or_panics_is_told_and_others_go_on
    a_handler_may_close_its_own_trigger
    a_handler_may_drop_the_last_handle_of_its_own_trigger
    the_drop_of_the_last_handle_closes_before_it_returns
    close_ends_clients_waits_and_iterators_and_frees_the_port
    the_factory_takes_its_triggers_along
}

fn on_any_port(gpio: &MockGpio) -> Builder<TcpTrigger, Listening> {
    TcpTrigger::builder(0).gpio(gpio)
}

/// A program that connects.
struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    fn of(trigger: &TcpTrigger) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, trigger.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Client { stream, reader }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    /// Reads to the end of the stream; an unread rest of ours may have reset the connection.
    fn rest(mut self) -> String {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Err(error) if error.kind() != IoKind::ConnectionReset => panic!("{error}"),
            _ => String::from_utf8(rest).unwrap(),
        }
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\n"));
        self.line()
    }
}

fn echo(trigger: &TcpTrigger) {
    trigger.when_message(|message| message.reply(message.bytes()));
}

fn a_message_runs_handlers_in_their_order_and_is_answered(gpio: &MockGpio) -> Result<()> {
    let led = Led::builder(17).gpio(gpio).open()?;
    let trigger = on_any_port(gpio).open()?;
    trigger.when_message({
        let led = led.clone();
        move |message| match message.text() {
            "on" => led.on(),
            "off" => led.off(),
            _ => Ok(()),
        }
    });
    trigger.when_message(move |message| message.reply(if led.is_lit()? { "lit" } else { "dark" }));
    let mut client = Client::of(&trigger);
    assert_eq!(client.ask("on"), "lit\n");
    assert_eq!(gpio.line(17).level(), Level::High);
    assert_eq!(client.ask("off"), "dark\n");
    assert_eq!(gpio.line(17).level(), Level::Low);
    Ok(())
}

fn lines_end_with_lf_or_crlf_or_the_end(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).lines().open()?;
    trigger.when_message(|message| message.reply(format!("<{}>", message.text())));
    let mut client = Client::of(&trigger);
    for piece in ["un", "ix\nwin", "dows\r\n\r\na\rb\n", "end"] {
        client.send(piece);
    }
    client.stream.shutdown(Shutdown::Write).unwrap();
    // As `echo -n end | nc` does: the reply comes all the same, and then the end.
    assert_eq!(client.rest(), "<unix>\n<windows>\n<>\n<a\rb>\n<end>\n");
    Ok(())
}

fn a_message_is_waited_for_in_real_time(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let mut client = Client::of(&trigger);
    let (before, start) = (gpio.elapsed(), Instant::now());
    assert!(trigger.wait_for_message_timeout(ms(30))?.is_none());
    assert!(start.elapsed() >= ms(30));
    if gpio.threads() == 0 {
        assert_eq!(gpio.elapsed(), before, "a wait for the network moves no virtual clock");
        gpio.advance(secs(5));
    }

    client.send("one\n");
    let message = trigger.wait_for_message()?;
    assert_eq!((message.text(), message.missed), ("one", 0));
    assert!(message.at <= gpio.now());
    if gpio.threads() == 0 {
        assert_eq!(message.at, gpio.now());
    }
    assert_eq!(message.client().address(), client.stream.local_addr().unwrap());
    message.reply("1")?;
    assert_eq!(client.line(), "1\n");

    // Both are there before the wait for either; a future that is dropped takes none.
    client.send("two\ntwo and a half\n");
    drop(trigger.next_message());
    assert_eq!(block_on(trigger.next_message())?.text(), "two");
    assert_eq!(trigger.wait_for_message()?.text(), "two and a half");
    let mut events = trigger.events();
    client.send("three\n");
    assert_eq!(events.next_timeout(PATIENCE).unwrap().text(), "three");
    assert!(events.try_next().is_none());
    client.send("four\n");
    let mut stream = events.into_stream();
    assert_eq!(block_on(futures_lite::StreamExt::next(&mut stream)).unwrap().text(), "four");
    Ok(())
}

fn an_iterator_has_all_messages_in_their_order(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let events = trigger.events();
    let mut client = Client::of(&trigger);
    // More than the iterator can keep, and little enough for the network.
    client.send((0..5000).map(|number| format!("{number}\n")).collect::<String>());
    // So the trigger has had its turns, and has left the rest where it was.
    let _others: Vec<_> = (2..10)
        .map(|count| {
            let other = Client::of(&trigger);
            eventually("a further client is there", || trigger.clients().len() == count);
            other
        })
        .collect();
    for (expected, message) in (0..5000).zip(events) {
        assert_eq!((message.text(), message.missed), (expected.to_string().as_str(), 0));
    }
    Ok(())
}

fn a_handler_that_fails_or_panics_is_told_and_others_go_on(gpio: &MockGpio) -> Result<()> {
    let (sender, errors) = mpsc::channel();
    gpio.on_error(move |error| drop(sender.send(error.to_string())));
    let trigger = on_any_port(gpio).open()?;
    trigger.when_message(|message| match message.text() {
        "panic" => panic!("on purpose"),
        text => text.parse::<u32>().map(drop),
    });
    echo(&trigger);
    let mut client = Client::of(&trigger);
    assert_eq!(client.ask("seven"), "seven\n");
    assert!(receive(&errors).starts_with("TcpTrigger: a handler failed: invalid digit"));
    assert_eq!(client.ask("panic"), "panic\n");
    assert!(receive(&errors).contains("on purpose"));
    assert_eq!(client.ask("7"), "7\n");
    Ok(())
}

fn a_handler_may_close_its_own_trigger(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let port = trigger.port();
    let (sender, calls) = mpsc::channel();
    trigger.when_message({
        let trigger = trigger.clone();
        move |message| {
            message.reply("good-bye")?;
            trigger.close()?;
            sender.send(()).unwrap();
            assert_eq!(message.reply("too late").unwrap_err().kind(), ErrorKind::Disconnected);
            Ok::<(), pinzero::Error>(())
        }
    });
    let mut client = Client::of(&trigger);
    client.send("close\nonce more\n");
    assert_eq!(client.rest(), "good-bye\n");
    receive(&calls);
    all_dropped(&calls);
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    Ok(())
}

fn a_handler_may_drop_the_last_handle_of_its_own_trigger(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let port = trigger.port();
    let own = Arc::new(Mutex::new(None));
    let (sender, calls) = mpsc::channel();
    trigger.when_message({
        let own = own.clone();
        move |_| {
            let last: Option<TcpTrigger> = own.lock().unwrap().take();
            drop(last);
            sender.send(())
        }
    });
    let mut client = Client::of(&trigger);
    *own.lock().unwrap() = Some(trigger);
    client.send("drop\n");
    assert_eq!(client.rest(), "");
    receive(&calls);
    all_dropped(&calls);
    eventually("the port is free", || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    Ok(())
}

fn the_drop_of_the_last_handle_closes_before_it_returns(gpio: &MockGpio) -> Result<()> {
    let mut port = 0;
    for _ in 0..100 {
        let trigger = TcpTrigger::builder(port).gpio(gpio).open()?;
        port = trigger.port();
        let mut client = Client::of(&trigger);
        client.send("hello\n");
        // The thread is about to tell of further ones.
        let message = trigger.wait_for_message()?;
        client.send("more\n".repeat(50));
        drop(trigger);
        assert!(!message.client().is_connected());
        drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    }
    Ok(())
}

fn close_ends_clients_waits_and_iterators_and_frees_the_port(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let (client, mut other) = (Client::of(&trigger), Client::of(&trigger));
    other.send("half a mess");
    eventually("both are there", || trigger.clients().len() == 2);
    let known = trigger.clients();
    let events = trigger.events();
    let waits = std::thread::spawn({
        let trigger = trigger.clone();
        move || trigger.wait_for_message()
    });
    trigger.close()?;
    trigger.close()?;
    assert_eq!((client.rest(), other.rest()), (String::new(), String::new()));
    assert_eq!(events.count(), 0);
    assert_eq!(waits.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert!(trigger.is_closed() && trigger.clients().is_empty());
    assert_eq!(trigger.wait_for_message_timeout(secs(60)).unwrap_err().kind(), ErrorKind::Closed);
    for client in known {
        assert!(!client.is_connected() && client.reason().is_none());
        assert_eq!(client.send("hello").unwrap_err().kind(), ErrorKind::Disconnected);
    }

    // At once, and by a drop as well.
    let port = trigger.port();
    drop(TcpTrigger::builder(port).gpio(gpio).open()?);
    let again = TcpTrigger::builder(port).gpio(gpio).open()?;
    echo(&again);
    assert_eq!(Client::of(&again).ask("again"), "again\n");
    Ok(())
}

fn the_factory_takes_its_triggers_along(gpio: &MockGpio) -> Result<()> {
    let trigger = on_any_port(gpio).open()?;
    let client = Client::of(&trigger);
    gpio.close()?;
    assert!(trigger.is_closed());
    assert_eq!(client.rest(), "");
    assert_eq!(on_any_port(gpio).open().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn on_a_virtual_clock_a_message_starts_what_goes_on_in_virtual_time() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let trigger = on_any_port(&gpio).open()?;
    gpio.advance(secs(1));
    trigger.when_message(move |message| {
        led.blink_with(Blink::new(ms(100), ms(100)).times(2))?;
        message.reply("blinks")
    });
    assert_eq!(Client::of(&trigger).ask("blink"), "blinks\n");
    gpio.advance(secs(1));
    let (high, low) = (Level::High, Level::Low);
    assert_eq!(
        gpio.line(17).history(),
        [(ms(1000), high), (ms(1100), low), (ms(1200), high), (ms(1300), low)]
    );
    Ok(())
}

#[test]
fn frames_carry_any_bytes() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).frames().open()?;
    trigger.when_message(|message| message.reply(message.bytes()));
    let mut client = Client::of(&trigger);
    let frames = [0, 0, 0, 3, b'\n', 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 7];
    for byte in frames {
        client.send([byte]);
    }
    let mut echoed = [0; 16];
    client.reader.read_exact(&mut echoed).unwrap();
    assert_eq!(echoed, frames);
    Ok(())
}

#[test]
fn bytes_that_are_no_text_are_there_as_bytes() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).open()?;
    let mut client = Client::of(&trigger);
    client.send(b"caf\xe9 \xff\n");
    let message = trigger.wait_for_message()?;
    assert_eq!(message.bytes(), b"caf\xe9 \xff");
    assert_eq!(message.text(), "caf\u{fffd} \u{fffd}");
    client.send("café\n");
    assert_eq!(trigger.wait_for_message()?.text(), "café");
    Ok(())
}

/// Returns why a client is dropped that sends `bytes`, and checks that another goes on, and that nothing of the message arrives.
#[track_caller]
fn reason(builder: Builder<TcpTrigger, Listening>, bytes: &[u8]) -> Result<pinzero::Error> {
    let trigger = builder.open()?;
    let (sender, gone) = mpsc::channel();
    trigger.when_disconnected(move |connection| sender.send(connection));
    let messages = trigger.events();
    let (mut client, _other) = (Client::of(&trigger), Client::of(&trigger));
    client.stream.write_all(bytes).unwrap();
    let connection = receive(&gone);
    assert!(!connection.is_connected && !connection.client.is_connected());
    assert_eq!(connection.client.address(), client.stream.local_addr().unwrap());
    assert_eq!(client.rest(), "");
    assert_eq!(trigger.clients().len(), 1);
    let error = connection.client.send("you are too late").unwrap_err();
    assert!(error.kind() == ErrorKind::Disconnected && error.to_string().contains("dropped"), "{error}");
    trigger.close()?;
    assert_eq!(messages.count(), 0);
    Ok(connection.client.reason().unwrap())
}

#[test]
fn a_client_is_dropped_for_too_long_a_message() -> Result<()> {
    let gpio = mock::gpio();
    let small = || on_any_port(&gpio).max_message(8);
    for (builder, bytes, length) in [
        (small(), &b"123456789\n"[..], "of 9 bytes "),
        (small(), b"1234567890", ""),
        (small().frames(), b"\0\0\0\x09", "of 9 bytes "),
        // As an HTTP client begins.
        (on_any_port(&gpio).frames(), b"GET / HTTP/1.1\r\n", "of 1195725856 bytes "),
        (on_any_port(&gpio), &[0x55; 5000], ""),
    ] {
        let error = reason(builder, bytes)?;
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let message = error.to_string();
        assert!(message.contains(&format!("a message {length}is longer than the")), "{message}");
        assert!(message.contains("TcpTrigger on client 127.0.0.1:"), "{message}");
    }
    Ok(())
}

#[test]
fn a_message_may_be_as_long_as_allowed() -> Result<()> {
    let gpio = mock::gpio();
    let trigger = on_any_port(&gpio).max_message(8).open()?;
    echo(&trigger);
    let mut client = Client::of(&trigger);
    assert_eq!(client.ask("12345678"), "12345678\n");
    assert_eq!(client.ask("12345678\r"), "12345678\n");
    // Far above the size of one read, and byte by byte at the end.
    let trigger = on_any_port(&gpio).max_message(1 << 20).open()?;
    let long = "x".repeat(1 << 20);
    let mut client = Client::of(&trigger);
    let events = trigger.events();
    client.send(&long);
    client.send("\n");
    assert!(events.take(1).all(|message| message.text() == long));
    Ok(())
}

#[test]
fn a_client_is_dropped_that_says_nothing_for_long_or_ends_no_message() -> Result<()> {
    let gpio = mock::gpio();
    let hasty = || on_any_port(&gpio).idle_timeout(ms(100));
    // The other client of these is silent too, and so not counted.
    for (bytes, expected) in [(&b"half"[..], "was not complete after 100ms"), (b"", "nothing came for 100ms")]
    {
        let trigger = hasty().open()?;
        let (sender, gone) = mpsc::channel();
        trigger.when_disconnected(move |connection| sender.send(connection.client.reason()));
        let mut client = Client::of(&trigger);
        client.send(bytes);
        let reason = receive(&gone).unwrap();
        assert_eq!(reason.kind(), ErrorKind::TimedOut);
        assert!(reason.to_string().contains(expected), "{reason}");
        assert_eq!(client.rest(), "");
    }

    // Bytes that drop in keep nobody who ends no message.
    let trigger = hasty().frames().open()?;
    let (sender, gone) = mpsc::channel();
    trigger.when_disconnected(move |_| sender.send(()));
    let mut client = Client::of(&trigger);
    client.send([0, 0, 0x0f, 0xff]);
    eventually("the client is dropped", || {
        std::thread::sleep(ms(10));
        client.stream.write_all(&[1]).is_err() || gone.try_recv().is_ok()
    });
    Ok(())
}

#[test]
fn a_frame_that_the_client_does_not_end_is_a_reason() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).frames().open()?;
    let (sender, gone) = mpsc::channel();
    trigger.when_disconnected(move |connection| sender.send(connection.client.reason()));
    let mut client = Client::of(&trigger);
    client.send([0, 0, 0, 9, 1]);
    drop(client);
    let reason = receive(&gone).unwrap();
    assert_eq!(reason.kind(), ErrorKind::Disconnected);
    assert!(reason.to_string().contains("in the middle of a frame"), "{reason}");
    Ok(())
}

#[test]
fn further_clients_are_turned_away_until_one_has_gone() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).max_clients(2).open()?;
    echo(&trigger);
    let (mut first, mut second) = (Client::of(&trigger), Client::of(&trigger));
    assert_eq!((first.ask("1"), second.ask("2")), ("1\n".into(), "2\n".into()));
    assert_eq!(Client::of(&trigger).rest(), "");
    assert_eq!(first.ask("1"), "1\n");
    drop(second);
    eventually("its place is free", || trigger.clients().len() == 1);
    assert_eq!(Client::of(&trigger).ask("3"), "3\n");
    Ok(())
}

#[test]
fn a_client_that_the_program_has_closed_takes_no_place() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).max_clients(2).open()?;
    trigger.when_message(|message| {
        message.reply(message.bytes())?;
        message.close();
        Ok::<(), pinzero::Error>(())
    });
    // None of these hangs up, so each lingers.
    let mut lingering: Vec<_> = (0..8)
        .map(|_| {
            let mut client = Client::of(&trigger);
            assert_eq!(client.ask("1"), "1\n");
            client
        })
        .collect();
    let _open = Client::of(&trigger);
    eventually("the next one is there", || trigger.clients().len() == 1);
    assert_eq!(lingering.remove(0).rest(), "", "the oldest has gone");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn the_system_looks_after_silent_clients() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).open()?;
    let client = Client::of(&trigger);
    eventually("the client is there", || trigger.clients().len() == 1);
    let connection = |end: std::net::SocketAddr| format!(":{:04X} ", end.port());
    let ends = connection(trigger.address()) + "0100007F" + &connection(client.stream.local_addr().unwrap());
    // The timer 02 is the one for keepalive; it may start a moment later.
    eventually("keepalive is on", || {
        let all = std::fs::read_to_string("/proc/net/tcp").unwrap();
        all.lines().any(|line| line.contains(&ends) && line.contains(" 02:"))
    });
    Ok(())
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_others_notice_nothing() -> Result<()> {
    let trigger = on_any_port(&mock::builder().realtime().open()).open()?;
    let (sender, gone) = mpsc::channel();
    trigger.when_disconnected(move |connection| sender.send(connection.client.reason()));
    trigger.when_message(|message| message.reply("x".repeat(1000)));
    let (mut deaf, mut other) = (Client::of(&trigger), Client::of(&trigger));
    let flood = std::thread::spawn(move || {
        // Until the trigger hangs up, or takes no more.
        while deaf.stream.write_all(&b"more\n".repeat(100)).is_ok() {}
        deaf
    });
    let start = Instant::now();
    let reason = loop {
        assert!(start.elapsed() < PATIENCE, "the client is still there");
        assert_eq!(other.ask("hello").len(), 1001);
        if let Ok(reason) = gone.try_recv() {
            break reason.unwrap();
        }
    };
    assert_eq!(reason.kind(), ErrorKind::TimedOut);
    assert!(reason.to_string().contains("does not read"), "{reason}");
    drop(flood.join());
    assert_eq!(other.ask("hello").len(), 1001);
    Ok(())
}

/// A slow handler makes the client wait: memory is bounded, and nothing is lost.
#[test]
fn a_flood_waits_for_a_slow_handler() -> Result<()> {
    let trigger = on_any_port(&mock::builder().realtime().open()).open()?;
    let (go, gate) = mpsc::channel::<()>();
    let (sender, calls) = mpsc::channel();
    let mut is_first = true;
    trigger.when_message(move |message: TcpMessage| {
        if is_first {
            is_first = false;
            gate.recv().unwrap();
        }
        sender.send((message.text().to_owned(), message.missed))
    });
    let client = Client::of(&trigger);
    client.stream.set_nonblocking(true).unwrap();
    // Sends until the network takes no more, for long: the trigger has stopped reading.
    let mut all = (0..).flat_map(|number: u32| format!("{number:01000}\n").into_bytes());
    let (mut sent, mut refused, mut refusals) = (Vec::new(), None, 0);
    eventually("the client has to wait", || {
        let mut piece: Vec<u8> = refused.take().unwrap_or_else(|| all.by_ref().take(10_000).collect());
        match (&client.stream).write(&piece) {
            Ok(count) => {
                sent.extend(piece.drain(..count));
                refusals = 0;
                refused = Some(piece).filter(|piece| !piece.is_empty());
                false
            }
            Err(error) => {
                assert_eq!(error.kind(), IoKind::WouldBlock);
                refused = Some(piece);
                refusals += 1;
                refusals == 200
            }
        }
    });
    go.send(()).unwrap();
    client.stream.shutdown(Shutdown::Write).unwrap();
    for expected in sent.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert_eq!(receive(&calls), (String::from_utf8(expected.to_vec()).unwrap(), 0));
    }
    Ok(())
}

/// Messages that are kept do not make the client wait for ever.
#[test]
fn messages_may_be_kept() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).open()?;
    let events = trigger.events();
    let mut client = Client::of(&trigger);
    client.send("x\n".repeat(500));
    let read = events.take(500).inspect(|message| assert_eq!(message.text(), "x"));
    assert_eq!(without_hanging(move || read.collect::<Vec<_>>()).len(), 500);
    Ok(())
}

#[test]
fn messages_from_before_the_first_handler_are_not_lost() -> Result<()> {
    let gpio = mock::gpio();
    let trigger = on_any_port(&gpio).open()?;
    let mut client = Client::of(&trigger);
    client.send("early\n");
    eventually("the client is there", || trigger.clients().len() == 1);
    // Another one has come and is served meanwhile: the first had its turn.
    let _other = Client::of(&trigger);
    eventually("both are there", || trigger.clients().len() == 2);
    echo(&trigger);
    assert_eq!(client.line(), "early\n");
    Ok(())
}

#[test]
fn all_clients_can_be_told_at_once() -> Result<()> {
    let gpio = mock::gpio();
    let trigger = on_any_port(&gpio).open()?;
    let (sender, connections) = mpsc::channel();
    let gone = sender.clone();
    trigger.when_connected(move |connection| sender.send(connection));
    trigger.when_disconnected(move |connection| gone.send(connection));
    let (mut one, mut other) = (Client::of(&trigger), Client::of(&trigger));
    let come = [receive(&connections), receive(&connections)];
    assert!(come.iter().all(|connection| connection.is_connected && connection.client.is_connected()));
    assert_eq!(trigger.clients(), [come[0].client.clone(), come[1].client.clone()]);
    assert_ne!(come[0].client, come[1].client);

    let button = Button::builder(2).gpio(&gpio).open()?;
    button.when_pressed({
        let trigger = trigger.clone();
        move |_| trigger.clients().iter().try_for_each(|client| client.send("pressed"))
    });
    gpio.line(2).press(ms(80));
    assert_eq!((one.line(), other.line()), ("pressed\n".into(), "pressed\n".into()));

    come[1].client.close();
    assert!(!come[1].client.is_connected());
    assert_eq!(other.rest(), "");
    let left = receive(&connections);
    assert!(!left.is_connected && left.client == come[1].client && left.client.reason().is_none());
    drop(one);
    assert_eq!(receive(&connections).client, come[0].client);
    Ok(())
}

#[test]
fn a_handler_can_answer_and_close() -> Result<()> {
    const LENGTH: usize = 4_000_000;
    let trigger = on_any_port(&mock::gpio()).open()?;
    trigger.when_message(|message| {
        message.reply("y".repeat(LENGTH))?;
        message.close();
        Ok::<(), pinzero::Error>(())
    });
    let mut client = Client::of(&trigger);
    client.send("bye\n");
    // What the program does not read any more must not destroy the reply.
    let mut talker = client.stream.try_clone().unwrap();
    let talks = std::thread::spawn(move || while talker.write_all(&b"and more\n".repeat(1000)).is_ok() {});
    let stream = client.stream.try_clone().unwrap();
    assert_eq!(client.rest().len(), LENGTH + 1);
    // Fails if the trigger has hung up meanwhile.
    drop(stream.shutdown(Shutdown::Both));
    talks.join().unwrap();
    Ok(())
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() -> Result<()> {
    let gpio = mock::gpio();
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let open = |builder: Builder<TcpTrigger, Listening>| builder.gpio(&gpio).open().unwrap_err();
    let error = open(TcpTrigger::builder(port));
    assert_eq!(error.kind(), ErrorKind::Busy);
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("TcpTrigger on 127.0.0.1:{port}: port {port} is in use")),
        "{message}"
    );
    assert!(message.contains("or 0 for any free port"), "{message}");

    // Of the addresses for documentation.
    let error = open(TcpTrigger::builder(0).address([192, 0, 2, 1]));
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().contains("192.0.2.1 is no address of this computer"), "{error}");

    for builder in [
        TcpTrigger::builder(0).max_clients(0),
        TcpTrigger::builder(0).max_message(0),
        TcpTrigger::builder(0).idle_timeout(ms(0)),
    ] {
        assert_eq!(open(builder).kind(), ErrorKind::InvalidValue);
    }
    Ok(())
}

#[test]
fn it_is_printed_with_its_address() -> Result<()> {
    let trigger = on_any_port(&mock::gpio()).open()?;
    let address = format!("127.0.0.1:{}", trigger.port());
    assert_eq!(
        format!("{trigger:?} {trigger}"),
        format!("TcpTrigger({address}, 0 clients) TcpTrigger on {address}")
    );
    let mut client = Client::of(&trigger);
    client.send("on\n");
    let message = trigger.wait_for_message()?;
    let from = client.stream.local_addr().unwrap();
    assert_eq!(format!("{message:?}"), format!("TcpMessage(\"on\" of {from})"));
    assert_eq!(
        format!("{:?} {}", message.client(), message.client()),
        format!("TcpClient({from}, connected) client {from}")
    );
    assert_eq!(format!("{trigger:?}"), format!("TcpTrigger({address}, 1 client)"));
    trigger.close()?;
    assert_eq!(format!("{trigger:?}"), format!("TcpTrigger({address}, closed)"));
    Ok(())
}
