//! Chains: waves one after another, with loops and pauses.

use std::sync::Arc;

use pinzero_pigpio::protocol::Code;

use super::Waveform;

/// The longest chain in bytes, the most loops, and their greatest depth.
const LENGTH: usize = 600;
const LOOPS: usize = 20;
const DEPTH: usize = 10;

/// A step of a chain.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Wave(Arc<Waveform>),
    Pause {
        micros: u32,
    },
    Begin,
    /// Sends the steps since the matching start this many times.
    End {
        times: u32,
    },
    /// Sends the steps since the matching start forever.
    Forever,
}

/// Parses a chain: each byte is a wave, or 255 and a command.
pub(crate) fn parse(
    bytes: &[u8],
    find: impl Fn(u32) -> Result<Arc<Waveform>, Code>,
) -> Result<Vec<Step>, Code> {
    if bytes.len() > LENGTH {
        return Err(Code::CHAIN_TOO_BIG);
    }
    let mut steps = Vec::new();
    let (mut depth, mut loops) = (0, 0);
    let mut rest = bytes;
    while let [first, others @ ..] = rest {
        let (step, left) = match (*first, others) {
            (0..=249, _) => (Step::Wave(find((*first).into())?), others),
            (255, [0, left @ ..]) => {
                (depth, loops) = (depth + 1, loops + 1);
                if depth > DEPTH {
                    return Err(Code::CHAIN_NESTING);
                }
                if loops > LOOPS {
                    return Err(Code::CHAIN_COUNTER);
                }
                (Step::Begin, left)
            }
            (255, [1, low, high, left @ ..]) => {
                depth = usize::checked_sub(depth, 1).ok_or(Code::BAD_CHAIN_LOOP)?;
                (Step::End { times: u16::from_le_bytes([*low, *high]).into() }, left)
            }
            (255, [1, ..]) => return Err(Code::CHAIN_LOOP_CNT),
            (255, [2, low, high, left @ ..]) => {
                (Step::Pause { micros: u16::from_le_bytes([*low, *high]).into() }, left)
            }
            (255, [2, ..]) => return Err(Code::BAD_CHAIN_DELAY),
            (255, [3]) => {
                depth = usize::checked_sub(depth, 1).ok_or(Code::BAD_FOREVER)?;
                (Step::Forever, &[][..])
            }
            (255, [3, ..]) => return Err(Code::BAD_FOREVER),
            _ => return Err(Code::BAD_CHAIN_CMD),
        };
        steps.push(step);
        rest = left;
    }
    if depth == 0 { Ok(steps) } else { Err(Code::BAD_CHAIN_LOOP) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(bytes: &[u8]) -> Result<usize, Code> {
        let find = |id| match id {
            0 => Ok(Arc::new(Waveform { id: 0, pulses: Vec::new(), blocks: 0, mask: 0 })),
            _ => Err(Code::BAD_WAVE_ID),
        };
        parse(bytes, find).map(|steps| steps.len())
    }

    #[test]
    fn chains_are_checked_before_anything_is_sent() {
        let deep: Vec<u8> = [255, 0].repeat(DEPTH + 1);
        let many: Vec<u8> = [255, 0, 255, 1, 1, 0].repeat(LOOPS + 1);
        for (bytes, expected) in [
            (&[][..], Ok(0)),
            (&[0, 0], Ok(2)),
            (&[255, 0, 0, 255, 1, 3, 0], Ok(3)),
            (&[255, 0, 0, 255, 2, 100, 0, 255, 3], Ok(4)),
            (&[1], Err(Code::BAD_WAVE_ID)),
            (&[250], Err(Code::BAD_CHAIN_CMD)),
            (&[255], Err(Code::BAD_CHAIN_CMD)),
            (&[255, 4], Err(Code::BAD_CHAIN_CMD)),
            (&[255, 0], Err(Code::BAD_CHAIN_LOOP)),
            (&[255, 1, 1, 0], Err(Code::BAD_CHAIN_LOOP)),
            (&[255, 0, 255, 1, 1], Err(Code::CHAIN_LOOP_CNT)),
            (&[255, 2, 1], Err(Code::BAD_CHAIN_DELAY)),
            (&[255, 0, 0, 255, 3, 0], Err(Code::BAD_FOREVER)),
            (&[255, 3], Err(Code::BAD_FOREVER)),
            (&deep, Err(Code::CHAIN_NESTING)),
            (&many, Err(Code::CHAIN_COUNTER)),
            (&[0; LENGTH + 1], Err(Code::CHAIN_TOO_BIG)),
        ] {
            assert_eq!(result(bytes), expected, "{bytes:?}");
        }
    }
}
