//! The frames of real clients and of a genuine daemon are read and written as they were.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod golden;
mod invariants;

use golden::{Frame, Kind, sessions};
use pinzero_pigpio::protocol::{
    BadFrame, Code, Command, MAX_EXTENSION, MAX_PAYLOAD, Reply, Report, ReportKind, Request,
};
use proptest::prelude::*;

/// All frames of a kind.
fn recorded(kind: Kind) -> Vec<Frame> {
    sessions().into_iter().flat_map(|(_, frames)| frames).filter(|frame| frame.kind == kind).collect()
}

/// What a request, reply or report is, in the words of the recording.
fn meaning(kind: Kind, bytes: &[u8]) -> (String, Vec<u8>, usize) {
    let name = |code| Command::from_code(code).map_or_else(|| code.to_string(), |it| it.name().to_owned());
    let mut again = Vec::new();
    match kind {
        Kind::Request => {
            let (it, length) = Request::decode(bytes).unwrap().unwrap();
            it.encode(&mut again);
            (format!("{} {} {}", name(it.command), it.p1, it.p2), again, length)
        }
        Kind::Reply => {
            let (it, length) = Reply::decode(bytes).unwrap().unwrap();
            it.encode(&mut again);
            let is_unsigned = Command::from_code(it.command).is_some_and(Command::is_unsigned);
            let text = match it.result {
                result if is_unsigned => format!("{} {}", name(it.command), result as u32),
                result if result < 0 => {
                    format!("{} {result} {}", name(it.command), Code(result).name().unwrap())
                }
                result => format!("{} {result}", name(it.command)),
            };
            (text, again, length)
        }
        Kind::Report => {
            let it = Report::decode(bytes).unwrap();
            it.encode(&mut again);
            assert_eq!(u16::from(it.kind()), it.flags);
            let kind = match it.kind() {
                ReportKind::Levels => "levels".to_owned(),
                ReportKind::Watchdog(gpio) => format!("watchdog:{gpio}"),
                ReportKind::KeepAlive => "alive".to_owned(),
                ReportKind::Event(event) => format!("event:{event}"),
            };
            (format!("{} {kind} {} {:08x}", it.sequence, it.tick, it.levels), again, Report::LENGTH)
        }
    }
}

/// How much of the bytes is a frame, if they are one.
fn length(kind: Kind, bytes: &[u8]) -> Option<usize> {
    match kind {
        Kind::Request => Request::decode(bytes).unwrap().map(|(_, length)| length),
        Kind::Reply => Reply::decode(bytes).unwrap().map(|(_, length)| length),
        Kind::Report => Report::decode(bytes).map(|_| Report::LENGTH),
    }
}

const KINDS: [Kind; 3] = [Kind::Request, Kind::Reply, Kind::Report];

#[test]
fn every_frame_means_what_was_recorded_and_is_written_as_it_was() {
    for kind in KINDS {
        let frames = recorded(kind);
        assert!(frames.len() > 20, "{} of {kind:?}", frames.len());
        for frame in frames {
            let (text, again, length) = meaning(kind, &frame.bytes);
            assert_eq!(text, frame.text(), "{}", frame.place);
            assert_eq!((&again, length), (&frame.bytes, frame.bytes.len()), "{}", frame.place);
        }
    }
}

#[test]
fn a_part_of_a_frame_is_none() {
    for kind in KINDS {
        for frame in recorded(kind) {
            for end in 0..frame.bytes.len() {
                assert_eq!(length(kind, &frame.bytes[..end]), None, "{} cut at {end}", frame.place);
            }
        }
    }
}

#[test]
fn frames_one_after_the_other_are_found() {
    for kind in KINDS {
        let frames = recorded(kind);
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.clone()).collect();
        let mut rest = &bytes[..];
        for frame in &frames {
            assert_eq!(length(kind, rest), Some(frame.bytes.len()), "{}", frame.place);
            rest = &rest[frame.bytes.len()..];
        }
        assert!(rest.is_empty());
    }
}

#[test]
fn a_reply_begins_with_the_words_of_its_request() {
    for (_, frames) in sessions() {
        for reply in frames.iter().filter(|frame| frame.kind == Kind::Reply) {
            let is_same =
                |frame: &&Frame| frame.connection == reply.connection && frame.kind == Kind::Request;
            let before = frames.iter().take_while(|frame| frame.place != reply.place);
            let request = before.filter(is_same).last().unwrap();
            assert_eq!(request.bytes[..12], reply.bytes[..12], "{} and {}", request.place, reply.place);
        }
    }
}

#[test]
fn lengths_have_limits() {
    let mut head = [0; 16];
    head[12..].copy_from_slice(&(MAX_EXTENSION as u32).to_le_bytes());
    assert_eq!(Request::decode(&head), Ok(None));
    head[12..].copy_from_slice(&(MAX_EXTENSION as u32 + 1).to_le_bytes());
    assert_eq!(Request::decode(&head), Err(BadFrame));

    head[..4].copy_from_slice(&Command::Spix.code().to_le_bytes());
    head[12..].copy_from_slice(&(MAX_PAYLOAD as u32).to_le_bytes());
    assert_eq!(Reply::decode(&head), Ok(None));
    head[12..].copy_from_slice(&(MAX_PAYLOAD as u32 + 1).to_le_bytes());
    assert_eq!(Reply::decode(&head), Err(BadFrame));
    // An error has no payload, and nor have other commands.
    head[12..].copy_from_slice(&(-83i32).to_le_bytes());
    assert!(matches!(Reply::decode(&head), Ok(Some((Reply { result: -83, payload: [], .. }, 16)))));
    head[..4].copy_from_slice(&Command::Tick.code().to_le_bytes());
    head[12..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Reply::decode(&head), Ok(Some((Reply { result: -1, payload: [], .. }, 16)))));
}

/// Codes of commands, of none, and of those with a payload more often than by chance.
fn codes() -> impl Strategy<Value = u32> {
    prop_oneof![0u32..130, any::<u32>(), proptest::sample::select(vec![43u32, 45, 56, 65, 73, 75, 91, 113])]
}

/// Bytes that are nearly frames.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let frame =
        (codes(), any::<u32>(), any::<u32>(), 0u32..40, proptest::collection::vec(any::<u8>(), 0..40));
    let frames = proptest::collection::vec(frame, 0..8).prop_map(|frames| {
        let bytes = frames.into_iter().flat_map(|(code, p1, p2, length, extension)| {
            [code, p1, p2, length].into_iter().flat_map(u32::to_le_bytes).chain(extension).collect::<Vec<_>>()
        });
        bytes.collect::<Vec<u8>>()
    });
    prop_oneof![frames, proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_read_as_it_was_written(
        command in codes(), p1: u32, p2: u32, extension in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let request = Request { command, p1, p2, extension: &extension };
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        prop_assert_eq!(Request::decode(&bytes), Ok(Some((request, bytes.len()))));
    }

    #[test]
    fn any_reply_is_read_as_it_was_written(
        command in codes(), p1: u32, p2: u32, number: i32,
        data in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let has_payload = Command::from_code(command).is_some_and(Command::has_payload);
        let (result, payload) =
            if has_payload && number >= 0 { (data.len() as i32, &data[..]) } else { (number, &[][..]) };
        let reply = Reply { command, p1, p2, result, payload };
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        prop_assert_eq!(Reply::decode(&bytes), Ok(Some((reply, bytes.len()))));
    }

    #[test]
    fn any_bytes_in_any_pieces(bytes in streams(), cuts in proptest::collection::vec(any::<u8>(), 0..20)) {
        invariants::requests(&bytes, &cuts);
        invariants::replies(&bytes, &cuts);
        invariants::reports(&bytes, &cuts);
    }
}

/// All that a daemon gives; the others are of the C library around it.
#[test]
fn every_code_of_a_daemon_has_a_name() {
    let of_the_library = [9..=14, 16..=20, 22..=22, 26..=32, 122..=123];
    for code in 1..=146 {
        let is_of_a_daemon = !of_the_library.iter().any(|codes| codes.contains(&code));
        assert_eq!(Code(-code).name().is_some(), is_of_a_daemon, "{code}");
    }
}
