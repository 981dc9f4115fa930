//! What holds for any bytes in any pieces: checked by the properties, and by the fuzz targets in `fuzz`.

use pinzero_pigpio::protocol::{BadFrame, Reply, Report, Request};

/// A frame written anew and its length, if there is all of it.
type Decoded = Result<Option<(Vec<u8>, usize)>, BadFrame>;

/// Requests are found wherever the stream is cut.
pub(crate) fn requests(bytes: &[u8], cuts: &[u8]) {
    stream(bytes, cuts, |bytes| {
        Ok(Request::decode(bytes)?.map(|(request, length)| (written(|out| request.encode(out)), length)))
    });
}

/// Replies are found wherever the stream is cut.
pub(crate) fn replies(bytes: &[u8], cuts: &[u8]) {
    stream(bytes, cuts, |bytes| {
        Ok(Reply::decode(bytes)?.map(|(reply, length)| {
            assert!(reply.payload.is_empty() || reply.payload.len() == reply.result as usize);
            (written(|out| reply.encode(out)), length)
        }))
    });
}

/// Reports are found wherever the stream is cut.
pub(crate) fn reports(bytes: &[u8], cuts: &[u8]) {
    stream(bytes, cuts, |bytes| {
        Ok(Report::decode(bytes).map(|report| {
            // Whatever the flags are, they are of some kind, and the kind has flags that are of it.
            let again = Report { flags: report.kind().into(), ..report };
            assert_eq!(again.kind(), report.kind());
            (written(|out| report.encode(out)), Report::LENGTH)
        }))
    });
}

/// Decodes a stream as it comes in pieces, and as a whole: the same frames come out, and written anew they are what went in.
fn stream(bytes: &[u8], cuts: &[u8], decode: impl Fn(&[u8]) -> Decoded) {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for &cut in cuts {
        let (piece, after) = rest.split_at(rest.len().min(cut.into()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    assert_eq!(decoded(&pieces, &decode), decoded(&[bytes], &decode));
}

/// How many bytes were taken, and whether the stream ended in a frame that nobody sends.
fn decoded(pieces: &[&[u8]], decode: &impl Fn(&[u8]) -> Decoded) -> (usize, bool) {
    let mut buffer = Vec::new();
    let mut taken = 0;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decode(&buffer) {
                Err(BadFrame) => return (taken, true),
                Ok(None) => break,
                Ok(Some((again, length))) => {
                    assert!(0 < length && length <= buffer.len(), "{length} of {}", buffer.len());
                    assert_eq!(again, buffer[..length]);
                    taken += length;
                    buffer.drain(..length);
                }
            }
        }
    }
    (taken, false)
}

fn written(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    bytes
}
