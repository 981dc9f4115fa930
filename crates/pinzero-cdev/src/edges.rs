//! Edges: reads them out of the kernel's queue.

use std::fs::File;
use std::io;
use std::sync::Arc;

use gpiocdev::line::{EdgeEvent, EdgeKind};
use gpiocdev_uapi::v2::{LineEdgeEvent, read_event};
use pinzero_core::time::Instant;
use pinzero_core::{Edge, Level, Line};

use crate::error;

/// The most edges that one system call reads.
const BATCH: usize = 64;

/// Reads the edges of all lines of a request.
#[derive(Debug)]
pub(crate) struct Reader {
    file: Arc<File>,
    /// The lines, each with the number of the last edge read. The kernel counts a line's edges from 1, including those
    /// that it drops. The count goes on when the line becomes an output and an input again.
    lines: Vec<(Line, u32)>,
    /// The number of the last edge read, over all lines.
    last: u32,
    words: Vec<u64>,
    events: Vec<EdgeEvent>,
}

impl Reader {
    /// Returns a reader of a request for `lines`, whose file does not block when there is nothing to read.
    pub(crate) fn new(file: Arc<File>, lines: impl IntoIterator<Item = Line>) -> Reader {
        let lines = lines.into_iter().map(|line| (line, 0)).collect();
        Reader { file, lines, last: 0, words: Vec::new(), events: Vec::new() }
    }

    /// Passes on all edges in the queue in the order in which they happened, each with the index of its line.
    pub(crate) fn drain(&mut self, mut hand_over: impl FnMut(usize, Edge)) -> io::Result<()> {
        // The kernel stops short of a full batch only where its queue is empty.
        while self.read()? == BATCH {}
        sort(&mut self.events, self.last);
        for event in self.events.drain(..) {
            self.last = event.seqno;
            let mut lines = self.lines.iter_mut().enumerate();
            if let Some((index, (_, last))) = lines.find(|(_, (line, _))| line.0 == event.offset) {
                hand_over(index, edge(&event, *last));
                *last = event.line_seqno;
            }
        }
        Ok(())
    }

    /// Reads up to [`BATCH`] edges with one system call; returns how many.
    fn read(&mut self) -> io::Result<usize> {
        let size = LineEdgeEvent::u64_size();
        self.words.resize(BATCH * size, 0);
        let filled = match read_event(&self.file, &mut self.words).map_err(error::uapi) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            filled => filled?,
        };
        for words in self.words[..filled].chunks_exact(size) {
            let event = LineEdgeEvent::from_slice(words).map_err(error::uapi)?;
            self.events.push(EdgeEvent::try_from(event).map_err(error::io)?);
        }
        Ok(filled / size)
    }
}

/// Sorts events by their numbers, which the interrupts gave them; `last` is the number before.
///
/// The interrupt threads of several lines may queue them in another order.
fn sort(events: &mut [EdgeEvent], last: u32) {
    // The difference is signed, because an event may come late, after the one that follows it.
    events.sort_by_key(|event| event.seqno.wrapping_sub(last) as i32);
}

/// Converts an edge; `last` is the number of the line's previous edge.
fn edge(event: &EdgeEvent, last: u32) -> Edge {
    Edge {
        at: Instant::from_nanos(event.timestamp_ns),
        level: Level::from(event.kind == EdgeKind::Rising),
        missed: event.line_seqno.wrapping_sub(last).wrapping_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use gpiosim::Simpleton;
    use pinzero_core::{Bias, OnClose};
    use rustix::io::ioctl_fionbio;

    use super::*;
    use crate::chip::Chip;
    use crate::line_config::input_with;
    use crate::request::take;

    /// A simulated chip, and the reader of a request for its lines.
    fn simulated(count: u32) -> (Simpleton, Reader) {
        let sim = Simpleton::new(count);
        let chip = Chip::find("/dev".as_ref(), sim.dev_path().to_str()).unwrap();
        let lines: Vec<Line> = (0..count).map(Line).collect();
        let states = lines.iter().map(|_| input_with(Bias::AsIs, true)).collect();
        let (file, _) = take(&chip, &lines, Some(states), OnClose::Restore, true).unwrap();
        ioctl_fionbio(&file, true).unwrap();
        (sim, Reader::new(Arc::new(file), lines))
    }

    fn drained(reader: &mut Reader) -> Vec<(usize, Edge)> {
        let mut edges = Vec::new();
        reader.drain(|index, edge| edges.push((index, edge))).unwrap();
        edges
    }

    /// Changes a line `count` times, up first, then reads whatever the kernel has kept of that.
    fn burst(count: u32) -> Vec<Edge> {
        let (sim, mut reader) = simulated(1);
        assert_eq!(drained(&mut reader), []);
        for _ in 0..count {
            sim.toggle(0).unwrap();
        }
        let edges: Vec<Edge> = drained(&mut reader).into_iter().map(|(_, edge)| edge).collect();
        assert_eq!(edges.last().map(|edge| edge.level), Some(Level::from(count % 2 == 1)));
        assert!(edges.is_sorted_by(|a, b| a.at < b.at && a.level != b.level));
        assert_eq!(drained(&mut reader), []);
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

    #[test]
    #[ignore = "no rig: run `cargo xtask kernel-rig`"]
    fn each_line_counts_its_own_loss() {
        let (sim, mut reader) = simulated(3);
        // 10 of the first line, then 1,500 of the others by turns: 486 are too many.
        for _ in 0..10 {
            sim.toggle(0).unwrap();
        }
        for index in 0..1500 {
            sim.toggle(1 + index % 2).unwrap();
        }
        let edges = drained(&mut reader);
        assert_eq!(edges.len(), 1024);
        assert!(edges.iter().enumerate().all(|(count, (index, _))| *index == 1 + count % 2));
        let missed = |edges: &[(usize, Edge)]| edges.iter().map(|(_, edge)| edge.missed).collect::<Vec<_>>();
        assert_eq!(missed(&edges[..3]), [238, 238, 0]);
        assert!(missed(&edges[2..]).iter().all(|missed| *missed == 0));
        // The next edge of the first line reports its loss.
        sim.toggle(0).unwrap();
        assert_eq!(missed(&drained(&mut reader)), [10]);
    }

    fn event(seqno: u32, offset: u32, line_seqno: u32, kind: EdgeKind) -> EdgeEvent {
        EdgeEvent { timestamp_ns: 5_000_000_001, kind, offset, seqno, line_seqno }
    }

    #[test]
    fn edges_keep_time_and_level() {
        let at = Instant::from_nanos(5_000_000_001);
        let rising = edge(&event(1, 17, 1, EdgeKind::Rising), 0);
        assert_eq!(rising, Edge { at, level: Level::High, missed: 0 });
        let falling = edge(&event(2, 17, 2, EdgeKind::Falling), 1);
        assert_eq!(falling, Edge { at, level: Level::Low, missed: 0 });
    }

    #[test]
    fn gaps_are_counted() {
        for (last, number, missed) in
            [(0, 1, 0), (0, 4, 3), (7, 8, 0), (7, 1032, 1024), (u32::MAX, 0, 0), (u32::MAX, 2, 2)]
        {
            let event = event(9, 17, number, EdgeKind::Rising);
            assert_eq!(edge(&event, last).missed, missed, "{last} {number}");
        }
    }

    #[test]
    fn edges_come_in_the_order_of_the_interrupts() {
        let sorted = |last: u32, numbers: &[u32]| -> Vec<u32> {
            let event = |number: &u32| event(*number, 17, 1, EdgeKind::Rising);
            let mut events: Vec<EdgeEvent> = numbers.iter().map(event).collect();
            sort(&mut events, last);
            events.iter().map(|event| event.seqno).collect()
        };
        assert_eq!(sorted(4, &[6, 5, 8, 7]), [5, 6, 7, 8]);
        // Numbers start again at zero, and one that comes late is the oldest.
        assert_eq!(sorted(u32::MAX - 1, &[1, u32::MAX, 0]), [u32::MAX, 0, 1]);
        assert_eq!(sorted(6, &[7, 5, 8]), [5, 7, 8]);
    }
}
