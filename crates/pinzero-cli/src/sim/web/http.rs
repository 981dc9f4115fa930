//! Reads the head of a request, and answers. It knows what the page needs of HTTP/1.1, and no more.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The most bytes of a request up to its empty line.
const HEAD: usize = 8 * 1024;

/// The time that a client has to send its request, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The head of a request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path, without the query.
    pub(super) path: String,
    headers: Vec<(String, String)>,
    /// What the client has sent after the head.
    pub(super) rest: Vec<u8>,
}

/// An answer that is not the wanted one: a status, and a sentence for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str);

impl Request {
    /// Reads a request up to its empty line.
    ///
    /// # Errors
    /// 400 for text that is no HTTP, 408 for a client that takes its time, 431 for a head that is too long.
    pub(super) fn read(stream: &mut TcpStream) -> Result<Self, Refusal> {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = Vec::new();
        let mut chunk = [0; 2048];
        let end = loop {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if end.unwrap_or(bytes.len()) > HEAD {
                return Err(Refusal(431, "the head of the request is longer than 8 KiB"));
            }
            if let Some(end) = end {
                break end;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
                return Err(Refusal(408, "the request did not end within 2 seconds"));
            }
            match stream.read(&mut chunk) {
                Ok(0) => return Err(Refusal(400, "the request has no end")),
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Refusal(408, "the request did not end within 2 seconds")),
            }
        };
        let rest = bytes.split_off(end + 4);
        let head = std::str::from_utf8(&bytes[..end]).ok();
        let request = head.and_then(parse).ok_or(Refusal(400, "this is no request of HTTP/1.1"))?;
        Ok(Self { rest, ..request })
    }

    /// Returns the value of a header that is there once.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Returns whether a header has a word in its list: `"upgrade"` in `Connection: keep-alive, Upgrade`.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        let words = self.header(name).unwrap_or_default().split(',');
        words.map(str::trim).any(|other| other.eq_ignore_ascii_case(word))
    }

    /// Checks that the request is meant for this server, and does not come from a page of another.
    ///
    /// A page anywhere can make a browser send requests to the own computer; then `Origin` names that page. It can also give
    /// its own name the address 127.0.0.1, and be taken for ours; then `Host` has that name.
    ///
    /// # Errors
    /// 403 if the request is another's.
    pub(super) fn check_sender(&self, port: u16) -> Result<(), Refusal> {
        let host = self.header("host").unwrap_or_default();
        let (name, given) = match host.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()),
            _ => (host, Some(80)),
        };
        let known = ["localhost", "127.0.0.1", "[::1]"].iter().any(|known| name.eq_ignore_ascii_case(known));
        if !known || given != Some(port) {
            return Err(Refusal(
                403,
                "this server answers to localhost, 127.0.0.1 and [::1] with its own port only",
            ));
        }
        let own = format!("http://{host}");
        if self.headers.iter().any(|(name, value)| name == "origin" && !value.eq_ignore_ascii_case(&own)) {
            return Err(Refusal(403, "a page of another origin must not use this board"));
        }
        Ok(())
    }
}

/// Parses a head. The names of headers become lower case.
fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        plain.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Request {
        method: method.to_owned(),
        path: target.split('?').next()?.to_owned(),
        headers: headers.collect::<Option<_>>()?,
        rest: Vec::new(),
    })
}

/// The headers of every answer. The page loads nothing from elsewhere, and nobody may frame it.
const EVERY: &str = "\
Cache-Control: no-store\r
Connection: close\r
Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r
Cross-Origin-Opener-Policy: same-origin\r
Cross-Origin-Resource-Policy: same-origin\r
Referrer-Policy: no-referrer\r
X-Content-Type-Options: nosniff\r
";

/// Sends a file, or only its head.
pub(super) fn send(stream: &mut TcpStream, kind: &str, body: &str, head_only: bool) {
    respond(stream, "200 OK", kind, "", body, head_only);
}

/// Sends a refusal, as a sentence of plain text.
pub(super) fn refuse(stream: &mut TcpStream, refusal: &Refusal, head_only: bool) {
    let Refusal(code, sentence) = refusal;
    let (reason, extra) = match code {
        400 => ("Bad Request", ""),
        403 => ("Forbidden", ""),
        404 => ("Not Found", ""),
        405 => ("Method Not Allowed", "Allow: GET, HEAD\r\n"),
        408 => ("Request Timeout", ""),
        426 => ("Upgrade Required", "Upgrade: websocket\r\n"),
        431 => ("Request Header Fields Too Large", ""),
        _ => ("Service Unavailable", "Retry-After: 5\r\n"),
    };
    let body = format!("{sentence}\n");
    respond(stream, &format!("{code} {reason}"), "text/plain; charset=utf-8", extra, &body, head_only);
}

fn respond(stream: &mut TcpStream, status: &str, kind: &str, extra: &str, body: &str, head_only: bool) {
    let length = body.len();
    let mut text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{extra}{EVERY}\r\n"
    );
    if !head_only {
        text.push_str(body);
    }
    // A client that does not take its answer has none.
    let _ = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(text.as_bytes()));
    hang_up(stream);
}

/// Ends a connection such that the client gets all of the answer. Bytes that nobody has read would make the system reset the
/// connection, and the client lose the answer: some are read and dropped.
fn hang_up(stream: &mut TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut sink = [0; 4096];
    for _ in 0..16 {
        if !matches!(stream.read(&mut sink), Ok(1..)) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str) -> Request {
        parse(&format!("GET /?a=b HTTP/1.1\r\n{headers}")).unwrap_or_default()
    }

    #[test]
    fn only_the_pages_own_origin_may_send() {
        for (headers, good) in [
            ("Host: localhost:8880", true),
            ("Host: LOCALHOST:8880", true),
            ("Host: 127.0.0.1:8880", true),
            ("Host: [::1]:8880", true),
            ("Host: [::1]:8880\r\nOrigin: http://[::1]:8880", true),
            ("Host: localhost:8880\r\nOrigin: http://127.0.0.1:8880", false),
            ("Host: localhost:8880\r\nOrigin: https://localhost:8880", false),
            ("Host: localhost:8880\r\nOrigin: http://localhost:8880\r\nOrigin: http://evil.example", false),
            ("Host: localhost:8880\r\nOrigin: null", false),
            ("Host: localhost:8881", false),
            ("Host: localhost", false),
            ("Host: [::1]", false),
            ("Host: evil.example:8880", false),
            ("Host: localhost.evil.example:8880", false),
            ("Host: localhost:8880\r\nHost: evil.example", false),
            ("Host:", false),
            ("Accept: */*", false),
        ] {
            assert_eq!(request(headers).check_sender(8880).is_ok(), good, "{headers}");
        }
        assert_eq!(request("Host: localhost").check_sender(80), Ok(()));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for head in [
            "",
            "GET",
            "GET / HTTP/2",
            "GET http://localhost/ HTTP/1.1",
            "GET / HTTP/1.1\r\nHost",
            "GET  / HTTP/1.1",
        ] {
            assert!(parse(head).is_none(), "{head:?}");
        }
    }
}
