//! `pinzero sim --web`: the server of the page, as browsers and others see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use crate::run::{command, run};

const CIRCUIT: &str = "\
title = \"Doorbell\"

[button.push]
pin = 2

[led.lamp]
pin = 17

[switch.power]
pin = 27
";

/// More than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

/// A simulator with a page.
struct Board {
    child: Child,
    port: u16,
}

impl Board {
    fn start() -> Self {
        Self::start_on(0)
    }

    fn start_on(port: u16) -> Self {
        let mut child = command(&["sim", &circuit(), "--headless", "--port=0", &format!("--web={port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().split_once("http://127.0.0.1:").map(|(_, port)| port.to_owned()));
        // Nothing that is printed later may block the simulator.
        std::thread::spawn(move || lines.for_each(drop));
        let port = address.expect("the address of the page is printed").parse().unwrap();
        Self { child, port }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Sends text, and returns all that comes back.
    fn ask(&self, text: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks for a path with the right host, and these headers.
    fn get(&self, path: &str, headers: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n{headers}\r\n", self.port))
    }

    fn page(&self) -> Page {
        Page::open(self).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the circuit, and returns the path of the file.
fn circuit() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("web-{}-{}.toml", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, CIRCUIT).unwrap();
    path.display().to_string()
}

/// What the page in the browser does, in a few lines.
struct Page {
    socket: WebSocket<TcpStream>,
    scene: Value,
    /// The state of each part, as far as told.
    parts: Value,
    /// The time of the last frame, in milliseconds.
    at: f64,
}

impl Page {
    /// Opens a page, and reads until the state of all parts is known.
    fn open(
        board: &Board,
    ) -> Result<Self, Box<tungstenite::HandshakeError<tungstenite::ClientHandshake<TcpStream>>>> {
        let mut request = format!("ws://localhost:{}/ws", board.port).into_client_request().unwrap();
        let origin = format!("http://localhost:{}", board.port);
        request.headers_mut().insert("Origin", origin.parse().unwrap());
        let (socket, _) = tungstenite::client(request, board.connect()).map_err(Box::new)?;
        let mut page = Self { socket, scene: Value::Null, parts: json!({}), at: 0.0 };
        page.scene = page.next()["scene"].take();
        page.wait(|parts| parts[2].is_object());
        Ok(page)
    }

    fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).unwrap();
    }

    fn act(&mut self, action: &Value) {
        self.send(action.to_string());
    }

    /// Returns the next message, after a word about it as the page has.
    fn next(&mut self) -> Value {
        let text = self.socket.read().unwrap().into_text().unwrap();
        let message: Value = serde_json::from_str(&text).unwrap();
        if let Some(at) = message["frame"]["at"].as_f64() {
            self.at = at;
            self.send("seen");
        }
        message
    }

    /// Reads until the parts are in a state.
    #[track_caller]
    fn wait(&mut self, is_right: impl Fn(&[Value]) -> bool) {
        let start = Instant::now();
        loop {
            let parts: Vec<Value> = (0..3).map(|part| self.parts[part.to_string()].clone()).collect();
            if is_right(&parts) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "{parts:?}");
            if let Value::Object(changed) = self.next()["frame"]["parts"].take() {
                self.parts.as_object_mut().unwrap().extend(changed);
            }
        }
    }

    /// Reads until the page is disconnected. Returns the texts.
    fn drain(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => texts.push(text.to_string()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the page is still connected")
                }
                Err(_) => return texts,
            }
        }
    }
}

fn is_closed(parts: &[Value], part: usize) -> bool {
    parts[part]["closed"] == true
}

#[test]
fn only_the_files_of_the_page_are_served() {
    let board = Board::start();
    let page = board.get("/", "");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    let page = page.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(page.contains(header), "{header}: {page}");
    }
    // What the page loads is here, and nowhere else.
    let files: Vec<&str> = page.split('"').filter(|word| word.starts_with('/') && word.len() > 1).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert!(board.get(file, "").starts_with("HTTP/1.1 200 "), "{file}");
    }
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org/").count()
    );

    let head = board.ask(&format!("HEAD / HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", board.port));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for path in [
        "/etc/passwd",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//",
        "/page.html",
        "/ws/",
        "/WS",
        "/style.css/",
    ] {
        assert!(board.get(path, "").starts_with("HTTP/1.1 404 "), "{path}");
    }
    let post = format!("POST / HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: 5\r\n\r\nhello", board.port);
    assert!(board.ask(&post).starts_with("HTTP/1.1 405 "));
    assert!(
        board
            .get("/ws", &format!("Origin: http://localhost:{}\r\n", board.port))
            .starts_with("HTTP/1.1 426 ")
    );
}

#[test]
fn pages_of_others_are_refused() {
    let board = Board::start();
    let port = board.port;
    for host in ["evil.example", "localhost", "localhost:1", "0.0.0.0", ""] {
        let answer = board.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
    }
    assert!(board.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for origin in [
        String::new(),
        "Origin: http://evil.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: https://localhost:{port}\r\n"),
        format!("Origin: http://localhost:{}\r\n", port ^ 1),
    ] {
        let answer = board.get("/ws", &format!("{upgrade}{origin}"));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{origin:?}: {answer}");
    }
    // The address of another computer is not listened on.
    let mut page = board.page();
    assert_eq!(page.scene["title"], "Doorbell");
    page.wait(|parts| !is_closed(parts, 0));
}

#[test]
fn requests_that_are_too_long_or_too_slow_end() {
    let board = Board::start();
    let long = board.get("/", &format!("X: {}\r\n", "x".repeat(20_000)));
    assert!(long.starts_with("HTTP/1.1 431 "), "{long}");
    let slightly = board.get("/", &format!("X: {}\r\n", "x".repeat(8_300)));
    assert!(slightly.starts_with("HTTP/1.1 431 "), "{slightly}");
    assert!(board.ask("hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let slow = board.ask("GET / HTTP/1.1\r\n");
    assert!(slow.starts_with("HTTP/1.1 408 "), "{slow}");
    let mut half = board.connect();
    half.write_all(b"GET").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn all_pages_see_what_one_does() {
    let board = Board::start();
    let [mut one, mut other] = [board.page(), board.page()];
    one.act(&json!({"do": "press", "part": 0}));
    for page in [&mut one, &mut other] {
        page.wait(|parts| is_closed(parts, 0));
    }
    other.act(&json!({"do": "press", "part": 2}));
    one.wait(|parts| is_closed(parts, 2));
    // The button goes up when the page that holds it down is gone; the switch stays.
    drop(one);
    other.wait(|parts| !is_closed(parts, 0) && is_closed(parts, 2));
}

#[test]
fn a_pulse_that_is_over_before_the_next_frame_is_told() {
    let board = Board::start();
    let mut page = board.page();
    page.act(&json!({"do": "press", "part": 0}));
    page.act(&json!({"do": "release", "part": 0}));
    let (mut levels, mut last) = (Vec::new(), page.at);
    while levels.len() < 2 {
        let message = page.next();
        assert!(page.at >= last, "the time of a frame goes back: {message}");
        last = page.at;
        let lines = message["edges"].as_array().into_iter().flatten().filter(|edges| edges["line"] == 2);
        let edges = lines.flat_map(|line| line["edges"].as_array().into_iter().flatten());
        levels.extend(edges.map(|edge| edge[1] == true));
    }
    assert_eq!(levels, [false, true]);
}

#[test]
fn a_page_that_opens_later_is_told_what_time_it_is() {
    let board = Board::start();
    let one = board.page();
    // Nothing changes in between.
    let other = board.page();
    assert!(other.at > one.at, "{} {}", other.at, one.at);
}

#[test]
fn a_page_that_talks_nonsense_hears_so_once_and_is_disconnected() {
    let board = Board::start();
    let [mut good, mut bad] = [board.page(), board.page()];
    for number in 0..1000 {
        let junk: Message = match number % 4 {
            0 => "{".into(),
            1 => json!({"do": "press", "part": 99}).to_string().into(),
            2 => json!({"do": "explode", "part": 0}).to_string().into(),
            _ => Message::binary(vec![0xff; 100]),
        };
        // After some of them nobody listens any more.
        if bad.socket.send(junk).is_err() {
            break;
        }
    }
    let complaints = bad.drain().iter().filter(|text| text.contains("complaint")).count();
    assert!(complaints <= 1, "{complaints}");

    // One mistake is told, and forgiven.
    let mut clumsy = board.page();
    clumsy.send("nonsense");
    let start = Instant::now();
    while !clumsy.next()["complaint"].is_string() {
        assert!(start.elapsed() < LIMIT);
        good.act(&json!({"do": "press", "part": 0}));
        good.act(&json!({"do": "release", "part": 0}));
    }
    clumsy.act(&json!({"do": "press", "part": 2}));
    good.wait(|parts| is_closed(parts, 2));
}

#[test]
fn an_action_without_a_place_is_told_what_it_needs() {
    let board = Board::start();
    for (action, needed) in [
        (json!({"part": -1}), "an action needs a `part` from 0"),
        (json!({"do": "press"}), "an action needs a `part` from 0"),
        (json!({"do": "press", "part": 0, "key": -1}), "the `key` of an action is a whole number from 0"),
    ] {
        let mut page = board.page();
        let mut other = board.page();
        page.act(&action);
        // A change wakes the page, which then has the complaint.
        other.act(&json!({"do": "press", "part": 2}));
        let complaint = loop {
            if let Value::String(complaint) = page.next()["complaint"].take() {
                break complaint;
            }
        };
        assert!(complaint.starts_with(needed), "{action}: {complaint}");
    }
}

#[test]
fn a_message_that_is_too_long_ends_its_page_only() {
    let board = Board::start();
    let [mut good, mut bad] = [board.page(), board.page()];
    bad.send("x".repeat(5000));
    bad.drain();
    good.act(&json!({"do": "press", "part": 2}));
    good.wait(|parts| is_closed(parts, 2));
}

#[test]
fn a_page_that_does_not_read_gets_few_frames_and_is_disconnected() {
    let board = Board::start();
    let [mut busy, mut idle] = [board.page(), board.page()];
    for round in 0..200 {
        let action = if round % 2 == 0 { "press" } else { "release" };
        busy.act(&json!({"do": action, "part": 2}));
        busy.wait(|parts| is_closed(parts, 2) == (round % 2 == 0));
    }
    // The frames that it got are those that were on their way; the others were dropped, not queued.
    let texts = idle.drain();
    assert!(texts.len() <= 3, "{}", texts.len());
}

#[test]
fn the_number_of_pages_is_limited() {
    let board = Board::start();
    let mut pages: Vec<Page> = (0..16).map(|_| board.page()).collect();
    let error = Page::open(&board).err().expect("no place is free").to_string();
    assert!(error.contains("503"), "{error}");
    assert!(board.get("/", "").starts_with("HTTP/1.1 200 "));
    pages.pop();
    let start = Instant::now();
    while Page::open(&board).is_err() {
        assert!(start.elapsed() < LIMIT, "the place stays taken");
    }
}

#[test]
fn a_port_in_use_is_an_error_that_helps() {
    let board = Board::start();
    let output = run(&["sim", &circuit(), "--headless", "--port=0", &format!("--web={}", board.port)]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("is in use") && text.contains("--web=0"), "{text}");
}

#[test]
fn a_page_comes_back_after_the_simulator_has_started_again() {
    let board = Board::start();
    let port = board.port;
    let mut page = board.page();
    drop(board);
    page.drain();
    let board = Board::start_on(port);
    assert_eq!(board.port, port);
    board.page();
}
