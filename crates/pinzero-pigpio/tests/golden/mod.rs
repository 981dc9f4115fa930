//! Sessions of real clients with a genuine pigpiod, byte by byte.
//!
//! A line is a frame: the connection, `->` for a request, `<-` for a reply or `~` for a report, all bytes, and what they
//! mean. That is the command and its parameters; the command, the result and the name of an error; or the sequence number,
//! the kind, the tick and the levels.

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Reply,
    Report,
}

/// A frame as it was recorded.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The file and line that it is from, for messages.
    pub(crate) place: String,
    pub(crate) connection: &'static str,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    /// What it means.
    pub(crate) words: Vec<&'static str>,
}

impl Frame {
    /// What it means.
    pub(crate) fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// A session's name and its frames.
pub(crate) type Session = (&'static str, Vec<Frame>);

/// All that was recorded.
pub(crate) fn sessions() -> [Session; 4] {
    [
        session("gpiozero", include_str!("gpiozero.txt")),
        session("node", include_str!("node.txt")),
        session("pigs", include_str!("pigs.txt")),
        session("python", include_str!("python.txt")),
    ]
}

fn session(name: &'static str, text: &'static str) -> Session {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let frame = |(number, line): (usize, &'static str)| {
        let mut words = line.split(' ');
        let mut next = || words.next().expect("the line has a connection, a kind and bytes");
        let connection = next();
        let kind = match next() {
            "->" => Kind::Request,
            "<-" => Kind::Reply,
            _ => Kind::Report,
        };
        let bytes = next().as_bytes().chunks(2).map(byte).collect();
        let place = format!("{name}.txt:{}", number + 1);
        Frame { place, connection, kind, bytes, words: words.collect() }
    };
    (name, lines.map(frame).collect())
}

fn byte(digits: &[u8]) -> u8 {
    let digits = std::str::from_utf8(digits).expect("digits are ASCII");
    u8::from_str_radix(digits, 16).expect("bytes are hexadecimal")
}
