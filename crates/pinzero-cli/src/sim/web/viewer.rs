//! A page that looks at the board, by a WebSocket: one thread reads what its user does, one sends what changes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::http::{Refusal, Request};
use super::update::Update;
use crate::sim::board::{Simulator, Viewer};
use crate::sim::state::{Action, Frame};

/// The most bytes of a message of a page.
const MESSAGE: usize = 4 * 1024;

/// The number of messages that make no sense after which a page is disconnected.
const NONSENSE: u32 = 20;

/// The number of updates that may be on their way to a page. Further ones are merged: nothing is queued for a slow page.
const ON_THE_WAY: usize = 2;

/// The time after which a page that does not read is disconnected.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest time without a look at whether the page is still there.
const IDLE: Duration = Duration::from_millis(250);

/// The message by which a page says that it has read an update.
const SEEN: &str = "seen";

/// Checks a request for a WebSocket, and returns its key.
///
/// # Errors
/// 403 without the origin, which every browser sends; 426 if the request is none for a WebSocket.
pub(super) fn check(request: &Request) -> Result<String, Refusal> {
    if request.header("origin").is_none() {
        return Err(Refusal(403, "a WebSocket needs the Origin of the page"));
    }
    let asks = request.lists("connection", "upgrade") && request.lists("upgrade", "websocket");
    let key = request.header("sec-websocket-key").filter(|key| key.len() == 24);
    match key {
        Some(key)
            if asks && request.method == "GET" && request.header("sec-websocket-version") == Some("13") =>
        {
            Ok(key.to_owned())
        }
        _ => Err(Refusal(426, "only a WebSocket, version 13, is here")),
    }
}

/// Serves a page until it is closed.
pub(super) fn run(mut stream: TcpStream, request: Request, key: &str, simulator: &Simulator) {
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let ready = stream
        .set_read_timeout(None)
        .and_then(|()| stream.set_nodelay(true))
        .and_then(|()| stream.write_all(head.as_bytes()));
    let (Ok(()), Ok(reading), Ok(writing)) = (ready, stream.try_clone(), stream.try_clone()) else { return };
    let viewer = simulator.viewer();
    let page = Page { socket: stream, state: Mutex::default(), progress: Condvar::new() };
    let writing = Arc::new(Mutex::new(writing));
    let half = || Half { reading: &reading, writing: &writing };
    let config = WebSocketConfig::default()
        .read_buffer_size(MESSAGE)
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE));
    let mut inward = WebSocket::from_partially_read(half(), request.rest, Role::Server, Some(config));
    let mut outward = WebSocket::from_raw_socket(half(), Role::Server, Some(config));
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = page.send(&mut outward, simulator, &viewer);
            page.leave();
        });
        page.read(&mut inward, &viewer);
        page.leave();
    });
}

/// Parses an action.
///
/// # Errors
/// A sentence about text that is no action.
fn parse(text: &str) -> Result<Action, String> {
    let explain = |error| format!("this is no action: {error}");
    let value: Value = serde_json::from_str(text).map_err(explain)?;
    let is_index = |value: &Value| value.as_u64().is_some();
    if !value.get("part").is_some_and(is_index) {
        return Err("an action needs a `part` from 0: the place of the part in the scene".to_owned());
    }
    for name in ["key", "slider"] {
        if !value.get(name).is_none_or(is_index) {
            return Err(format!("the `{name}` of an action is a whole number from 0"));
        }
    }
    serde_json::from_value(value).map_err(explain)
}

/// What both threads of a page share.
struct Page {
    socket: TcpStream,
    state: Mutex<State>,
    /// Is notified of changes of the state.
    progress: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of updates that the page has not read yet, as far as known.
    on_the_way: usize,
    complaint: Option<String>,
    gone: bool,
}

impl Page {
    /// Reads what the page does until the page is closed, or sends too much nonsense.
    fn read(&self, socket: &mut WebSocket<Half<'_>>, viewer: &Viewer) {
        let mut nonsense = 0;
        loop {
            let result = match socket.read() {
                Ok(Message::Text(text)) if text.as_str() == SEEN => {
                    let mut state = self.state.lock();
                    state.on_the_way = state.on_the_way.saturating_sub(1);
                    self.progress.notify_one();
                    Ok(())
                }
                Ok(Message::Text(text)) => parse(&text).and_then(|action| viewer.act(&action)),
                Ok(Message::Binary(_)) => Err("actions are text, as JSON".to_owned()),
                Ok(_) => Ok(()),
                // The reply to a goodbye is sent by the next call, which then reports the end.
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                Err(_) => return,
            };
            if let Err(complaint) = result {
                nonsense += 1;
                if nonsense == 1 {
                    self.state.lock().complaint = Some(complaint);
                    self.progress.notify_one();
                } else if nonsense >= NONSENSE {
                    let frame = CloseFrame {
                        code: CloseCode::Policy,
                        reason: "too many messages that are no actions".into(),
                    };
                    let _ = socket.close(Some(frame)).and_then(|()| socket.flush());
                    return;
                }
            }
        }
    }

    /// Sends the scene, then what changes, until the page is gone or does not read any more.
    fn send(
        &self,
        socket: &mut WebSocket<Half<'_>>,
        simulator: &Simulator,
        viewer: &Viewer,
    ) -> Result<(), Error> {
        socket.send(Message::text(json!({ "scene": simulator.scene() }).to_string()))?;
        let mut last: Option<Arc<Frame>> = None;
        let (mut seen, mut since) = (0, 0);
        while let Some(complaint) = self.wait_for_page() {
            if let Some(complaint) = complaint {
                socket.send(Message::text(json!({ "complaint": complaint }).to_string()))?;
            }
            let (number, frame) = viewer.wait(seen, IDLE);
            if number == seen {
                continue;
            }
            let (packet, edges) = viewer.edges(since);
            // The frame may be of the last change, long ago; the first one tells the page what time it is.
            let frame = if seen == 0 { Arc::new(simulator.frame()) } else { frame };
            (seen, since) = (number, packet);
            let update = Update::between(last.as_deref(), &frame);
            if !update.is_empty() || !edges.is_empty() {
                let text = json!({ "frame": update, "edges": edges }).to_string();
                self.state.lock().on_the_way += 1;
                socket.send(Message::text(text))?;
            }
            last = Some(frame);
        }
        Ok(())
    }

    /// Blocks until the page has read enough to be sent more. Returns the complaint that the page shall hear, if there is one; `None` if
    /// the page is gone or does not read.
    fn wait_for_page(&self) -> Option<Option<String>> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state.lock();
        while state.on_the_way >= ON_THE_WAY && !state.gone {
            if self.progress.wait_until(&mut state, deadline).timed_out() {
                return None;
            }
        }
        (!state.gone).then(|| state.complaint.take())
    }

    /// Ends the page for both threads.
    fn leave(&self) {
        self.state.lock().gone = true;
        self.progress.notify_all();
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// A socket for one of the two threads. Both write: one updates, the other the replies of the protocol.
struct Half<'a> {
    reading: &'a TcpStream,
    /// Orders whole messages of both threads. Whoever waits for this lock waits for this page only.
    writing: &'a Mutex<TcpStream>,
}

impl Read for Half<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reading.read(buffer)
    }
}

impl Write for Half<'_> {
    /// Writes all of a message, so that no other message comes into its middle.
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut socket = self.writing.lock();
        let deadline = Instant::now() + PATIENCE;
        let mut rest = buffer;
        while !rest.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            socket.set_write_timeout(Some(left))?;
            match socket.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
