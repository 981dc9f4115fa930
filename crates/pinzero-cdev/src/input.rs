//! Lines that are read.

use pinzero_core::board::Board;
use pinzero_core::{Bias, EdgeSink, Found, InputPins, Line, OnClose, Release, Result};

use crate::chip::Chip;
use crate::line_config::input_with;
use crate::request::{LineRequest, take};

/// Takes lines as inputs with one request, and reports the edges of each to its sink, if there are sinks.
pub(crate) fn open(
    chip: &Chip,
    board: &Board,
    lines: &[Line],
    bias: Bias,
    sinks: Vec<EdgeSink>,
) -> Result<LineRequest> {
    let is_queued = !sinks.is_empty();
    let states = vec![input_with(bias, is_queued); lines.len()];
    let (file, found) = take(chip, lines, Some(states), OnClose::Input(bias), is_queued)?;
    let releases = lines.iter().zip(found).map(|(line, found)| {
        let found = match found {
            Found::Input(bias) if bias != Bias::AsIs => bias,
            _ => board.pull(line.0).into(),
        };
        (*line, release(bias, found))
    });
    let request = LineRequest::new(chip, releases.collect(), file);
    request.watch(sinks)?;
    Ok(request)
}

/// Returns how to leave an input that was found with this pull. If that pull is unknown or unchanged, there is nothing
/// to restore, and the kernel is not asked to.
fn release(bias: Bias, found: Bias) -> Release {
    if bias == Bias::AsIs || found == Bias::AsIs || found == bias {
        Release::AsIs
    } else {
        Release::Input(found)
    }
}

impl InputPins for LineRequest {
    fn levels(&self) -> Result<u64> {
        self.levels()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::board::Pull;

    use super::*;

    #[test]
    fn only_a_pull_that_was_changed_is_put_back() {
        assert_eq!(release(Bias::PullUp, Bias::PullDown), Release::Input(Bias::PullDown));
        assert_eq!(release(Bias::Disabled, Bias::PullUp), Release::Input(Bias::PullUp));
        let kept = [
            (Bias::PullUp, Bias::PullUp),
            (Bias::PullUp, Bias::AsIs),
            (Bias::AsIs, Bias::PullUp),
            (Bias::Disabled, Bias::Disabled),
        ];
        for (bias, found) in kept {
            assert_eq!(release(bias, found), Release::AsIs, "{bias} {found}");
        }
    }

    #[test]
    fn a_line_goes_back_to_the_pull_of_the_board() {
        let pulls = [Pull::FixedUp, Pull::DefaultUp, Pull::DefaultDown, Pull::Unknown];
        assert_eq!(pulls.map(Bias::from), [Bias::PullUp, Bias::PullUp, Bias::PullDown, Bias::AsIs]);
    }
}
