//! `pinzero sim --web`: the breadboard as a page in the browser, on loopback only.

mod http;
mod update;
mod viewer;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::board::Simulator;
use http::{Refusal, Request};

/// The most pages at a time.
const PAGES: usize = 16;

/// The most connections at a time, pages among them. A browser opens some at once to load the page.
const CONNECTIONS: usize = 64;

/// The files of the page: path, type, text. No other file is served.
const FILES: [(&str, &str, &str); 12] = [
    ("/", "text/html; charset=utf-8", include_str!("page/page.html")),
    ("/favicon.svg", "image/svg+xml", include_str!("page/favicon.svg")),
    ("/style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("/board.js", SCRIPT, include_str!("page/board.js")),
    ("/controls.js", SCRIPT, include_str!("page/controls.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/drawings.js", SCRIPT, include_str!("page/drawings.js")),
    ("/header.js", SCRIPT, include_str!("page/header.js")),
    ("/link.js", SCRIPT, include_str!("page/link.js")),
    ("/speech.js", SCRIPT, include_str!("page/speech.js")),
    ("/timing.js", SCRIPT, include_str!("page/timing.js")),
    ("/wires.js", SCRIPT, include_str!("page/wires.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What all connections share.
#[derive(Debug)]
struct Server {
    simulator: Simulator,
    port: u16,
    connections: AtomicUsize,
    pages: AtomicUsize,
}

/// Serves the page on this port of the local computer until the program ends; 0 takes a free port. Returns the address.
///
/// # Errors
/// If the port is in use, or no thread can be started.
pub(crate) fn start(simulator: &Simulator, port: u16) -> Result<SocketAddr, String> {
    let listeners = listen(port).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} is in use: choose another one for the page by --web=PORT, or any free one by --web=0")
        }
        _ => format!("the page cannot be served on port {port}: {error}"),
    })?;
    let address = listeners[0].local_addr().map_err(|error| error.to_string())?;
    let simulator = simulator.clone();
    let server = Server {
        simulator,
        port: address.port(),
        connections: AtomicUsize::new(0),
        pages: AtomicUsize::new(0),
    };
    let server = Arc::new(server);
    for listener in listeners {
        let server = Arc::clone(&server);
        spawn("page", move || accept(&listener, &server))
            .map_err(|error| format!("no thread for the page can be started: {error}"))?;
    }
    Ok(address)
}

/// Listens on the loopback addresses of IPv4 and IPv6, with the same port. A machine may have one of both only. The list has at
/// least one listener.
fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    let on = |address: IpAddr, port| TcpListener::bind(SocketAddr::new(address, port));
    let (four, six) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
    // A port that is free for IPv4 may be taken for IPv6.
    let attempts = if port == 0 { 16 } else { 1 };
    let mut result = Err(io::ErrorKind::AddrInUse.into());
    for _ in 0..attempts {
        let (first, other) = match on(four, port) {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => (on(six, port)?, None),
            first => (first?, Some(six)),
        };
        let port = first.local_addr()?.port();
        result = match other.map(|address| on(address, port)) {
            Some(Ok(second)) => return Ok(vec![first, second]),
            Some(Err(error)) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            // No IPv6 here.
            _ => return Ok(vec![first]),
        };
    }
    result
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

fn accept(listener: &TcpListener, server: &Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // The program has too many files open, perhaps; a client can free one.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        let Some(seat) = Seat::take(server, |server| &server.connections, CONNECTIONS) else {
            continue;
        };
        // Without a thread, the client sees its connection end.
        let _ = spawn("page connection", move || answer(stream, &seat));
    }
}

/// Reads one request, and answers.
fn answer(mut stream: TcpStream, seat: &Seat) {
    let request = match Request::read(&mut stream) {
        Ok(request) => request,
        Err(refusal) => return http::refuse(&mut stream, &refusal, false),
    };
    let head_only = request.method == "HEAD";
    let refusal = match find(&request, seat) {
        Ok(Find::File(kind, text)) => return http::send(&mut stream, kind, text, head_only),
        Ok(Find::Board(key)) => match Seat::take(&seat.server, |server| &server.pages, PAGES) {
            Some(_place) => return viewer::run(stream, request, &key, &seat.server.simulator),
            None => Refusal(503, "16 pages show this board already: close one of them"),
        },
        Err(refusal) => refusal,
    };
    http::refuse(&mut stream, &refusal, head_only);
}

/// What a request asks for.
enum Find {
    /// A file: its type and its text.
    File(&'static str, &'static str),
    /// The board, by a WebSocket; with the client's key.
    Board(String),
}

fn find(request: &Request, seat: &Seat) -> Result<Find, Refusal> {
    request.check_sender(seat.server.port)?;
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(Refusal(405, "this page is to be read only: GET or HEAD"));
    }
    if request.path == "/ws" {
        return viewer::check(request).map(Find::Board);
    }
    let file = FILES.iter().find(|(path, ..)| *path == request.path);
    let (_, kind, text) = file.ok_or(Refusal(404, "there is nothing here: the board is at /"))?;
    Ok(Find::File(kind, text))
}

/// A place among a limited number of them, until it is dropped.
struct Seat {
    server: Arc<Server>,
    count: fn(&Server) -> &AtomicUsize,
}

impl Seat {
    fn take(server: &Arc<Server>, count: fn(&Server) -> &AtomicUsize, most: usize) -> Option<Self> {
        let seat = Self { server: Arc::clone(server), count };
        (count(server).fetch_add(1, Ordering::Relaxed) < most).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        (self.count)(&self.server).fetch_sub(1, Ordering::Relaxed);
    }
}
