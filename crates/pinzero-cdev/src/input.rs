//! A line that is read, and its edges.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};

use gpiocdev::line::{self, EdgeDetection, EdgeEvent, EdgeKind, EventClock};
use gpiocdev_uapi::v2::{LineEdgeEvent, read_event};
use pinzero_core::board::Pull;
use pinzero_core::time::Instant;
use pinzero_core::{Bias, Edge, EdgeSink, Error, ErrorKind, InputConfig, Level, Line, Pin, Result};
use rustix::io::ioctl_fionbio;

use crate::chip::Chip;
use crate::error;
use crate::request::{LineRequest, ReleaseState, bias_of, input, request};

/// How many edges one system call fetches at most.
const BATCH: usize = 64;

/// An input; closed when dropped.
#[derive(Debug)]
pub(crate) struct CdevInput(Arc<LineRequest>);

impl CdevInput {
    /// Takes `line` as an input; `pull` is where the board holds it by itself.
    pub(crate) fn open(chip: &Chip, pull: Pull, line: Line, config: InputConfig) -> Result<CdevInput> {
        let file = chip.open()?;
        let found = chip.line_info_by(&file, line)?;
        let request = request(chip, &file, &[(line, wanted(config.bias, config.edges.is_some()))])?;
        let state = release_state(config.bias, found.bias.map_or(pull.into(), bias_of));
        let input = CdevInput(Arc::new(LineRequest::new(chip, vec![(line, state)], request)));
        if let Some(sink) = config.edges {
            input.report(sink)?;
        }
        Ok(input)
    }

    /// Returns the request that holds the line.
    pub(crate) fn request(&self) -> &Arc<LineRequest> {
        &self.0
    }

    /// Hands the line's edges over to the runtime.
    fn report(&self, sink: EdgeSink) -> Result<()> {
        // The line's lock is let go of, for the runtime takes its own in `watch`, and takes the two the other way round when it
        // drains.
        let file = self.0.call(|request| request.as_fd().try_clone_to_owned())?;
        never_wait(&file)?;
        let mut reader = Reader::new(Arc::downgrade(&self.0));
        sink.watch(file, move |edges| reader.drain(edges))
    }
}

impl Pin for CdevInput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Drop for CdevInput {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}

/// What becomes of an input that was found with this pull. Where that is unknown, or the pull that it has anyway, there is
/// nothing to put back, and the kernel is not asked to.
fn release_state(bias: Bias, found: Bias) -> ReleaseState {
    if bias == Bias::AsIs || found == Bias::AsIs || found == bias {
        ReleaseState::AsItIs
    } else {
        ReleaseState::Input(found)
    }
}

/// The state of an input, with the kernel's queue of edges if they are wanted.
fn wanted(bias: Bias, edges: bool) -> line::Config {
    let mut state = input(bias);
    if edges {
        state.with_edge_detection(EdgeDetection::BothEdges);
        state.event_clock = Some(EventClock::Monotonic);
    }
    state
}

/// Has reads from `file`, and from all duplicates of it, return at once where there is nothing to read.
fn never_wait(file: &impl AsFd) -> Result<()> {
    ioctl_fionbio(file, true).map_err(|error| {
        let message = "the kernel would have us wait for edges";
        Error::new(ErrorKind::Io, message).with_source(io::Error::from(error))
    })
}

/// Reads the edges of a line out of the kernel's queue.
#[derive(Debug)]
struct Reader {
    request: Weak<LineRequest>,
    buffer: Vec<u64>,
    /// The number of the last edge read. The kernel counts from 1, the edges included that it then has to drop.
    last: u32,
}

impl Reader {
    fn new(request: Weak<LineRequest>) -> Reader {
        Reader { request, buffer: Vec::new(), last: 0 }
    }

    /// Moves all that is in the queue to `edges`, without waiting; nothing if the line is closed.
    fn drain(&mut self, edges: &mut Vec<Edge>) -> Result<()> {
        let Some(request) = self.request.upgrade() else { return Ok(()) };
        loop {
            match request.call(|request| self.read(request, edges)) {
                Ok(BATCH) => {}
                // The kernel stops short of a full batch only where its queue is empty.
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Closed => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves up to [`BATCH`] edges by one system call; tells how many.
    fn read(&mut self, request: &File, edges: &mut Vec<Edge>) -> io::Result<usize> {
        let size = LineEdgeEvent::u64_size();
        self.buffer.resize(BATCH * size, 0);
        let filled = match read_event(request, &mut self.buffer).map_err(error::uapi) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            filled => filled?,
        };
        for words in self.buffer[..filled].chunks_exact(size) {
            let event = LineEdgeEvent::from_slice(words).map_err(error::uapi)?;
            let event = EdgeEvent::try_from(event).map_err(error::io)?;
            edges.push(edge(&event, self.last));
            self.last = event.line_seqno;
        }
        Ok(filled / size)
    }
}

/// An edge in our words; `last` is the number of the one read before it.
fn edge(event: &EdgeEvent, last: u32) -> Edge {
    Edge {
        at: Instant::from_nanos(event.timestamp_ns),
        level: Level::from(event.kind == EdgeKind::Rising),
        missed: event.line_seqno.wrapping_sub(last).wrapping_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes a line `count` times, up first, then reads whatever the kernel has kept of that.
    fn burst(count: u32) -> Vec<Edge> {
        let sim = gpiosim::Simpleton::new(1);
        let chip = Chip::find("/dev".as_ref(), sim.dev_path().to_str()).unwrap();
        let request = request(&chip, &chip.open().unwrap(), &[(Line(0), wanted(Bias::AsIs, true))]).unwrap();
        never_wait(&request).unwrap();
        let request = Arc::new(LineRequest::new(&chip, vec![(Line(0), ReleaseState::AsItIs)], request));
        let mut reader = Reader::new(Arc::downgrade(&request));
        let mut edges = Vec::new();
        reader.drain(&mut edges).unwrap();
        assert_eq!(edges, []);

        for _ in 0..count {
            sim.toggle(0).unwrap();
        }
        reader.drain(&mut edges).unwrap();
        let level = request.level().unwrap();
        assert_eq!(edges.last().map(|edge| edge.level), Some(level));
        assert_eq!(level, Level::from(count % 2 == 1));
        assert!(edges.is_sorted_by(|a, b| a.at < b.at && a.level != b.level));

        request.close().unwrap();
        sim.toggle(0).unwrap();
        let read = edges.len();
        reader.drain(&mut edges).unwrap();
        assert_eq!(edges.len(), read, "an edge after the end");
        edges
    }

    #[test]
    #[ignore = "no rig: run `cargo xtask kernel-rig`"]
    fn a_burst_that_fits_is_read_whole() {
        for count in [1, 2, 63, 64, 65, 128, 1001, 1024] {
            let edges = burst(count);
            assert_eq!(edges.len(), count as usize);
            assert!(edges.iter().all(|edge| edge.missed == 0), "{count}");
        }
    }

    #[test]
    #[ignore = "no rig: run `cargo xtask kernel-rig`"]
    fn what_the_kernel_drops_is_counted() {
        for count in [1025, 3001] {
            let edges = burst(count);
            assert_eq!(edges.len(), 1024);
            // The oldest are dropped, so all of the gap is before the first.
            assert_eq!(edges[0].missed, count - 1024);
            assert!(edges[1..].iter().all(|edge| edge.missed == 0), "{count}");
        }
    }

    fn event(line_seqno: u32, kind: EdgeKind) -> EdgeEvent {
        EdgeEvent { timestamp_ns: 5_000_000_001, kind, offset: 17, seqno: line_seqno, line_seqno }
    }

    #[test]
    fn edges_keep_time_and_level() {
        let at = Instant::from_nanos(5_000_000_001);
        let rising = edge(&event(1, EdgeKind::Rising), 0);
        assert_eq!(rising, Edge { at, level: Level::High, missed: 0 });
        let falling = edge(&event(2, EdgeKind::Falling), 1);
        assert_eq!(falling, Edge { at, level: Level::Low, missed: 0 });
    }

    #[test]
    fn gaps_are_counted() {
        for (last, number, missed) in
            [(0, 1, 0), (0, 4, 3), (7, 8, 0), (7, 1032, 1024), (u32::MAX, 0, 0), (u32::MAX, 2, 2)]
        {
            assert_eq!(edge(&event(number, EdgeKind::Rising), last).missed, missed, "{last} {number}");
        }
    }

    #[test]
    fn only_a_pull_that_was_changed_is_put_back() {
        assert_eq!(release_state(Bias::PullUp, Bias::PullDown), ReleaseState::Input(Bias::PullDown));
        assert_eq!(release_state(Bias::Disabled, Bias::PullUp), ReleaseState::Input(Bias::PullUp));
        let kept = [
            (Bias::PullUp, Bias::PullUp),
            (Bias::PullUp, Bias::AsIs),
            (Bias::AsIs, Bias::PullUp),
            (Bias::Disabled, Bias::Disabled),
        ];
        for (bias, found) in kept {
            assert_eq!(release_state(bias, found), ReleaseState::AsItIs, "{bias} {found}");
        }
    }

    #[test]
    fn a_line_goes_back_to_the_pull_of_the_board() {
        let pulls = [Pull::FixedUp, Pull::DefaultUp, Pull::DefaultDown, Pull::Unknown];
        assert_eq!(pulls.map(Bias::from), [Bias::PullUp, Bias::PullUp, Bias::PullDown, Bias::AsIs]);
    }
}
