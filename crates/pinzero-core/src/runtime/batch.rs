//! Edges on their way to the tasks, and their order.

use super::ids::TaskId;
use crate::time::Instant;
use crate::types::Edge;

/// The most edges that wait where nobody may take them for a while: for a thread of the runtime, or for their task.
const MOST_WAITING: usize = 16_384;

/// A batch of edges of any lines; on Linux, `EdgeSink::watch` passes one to be filled.
#[derive(Debug, Default)]
pub struct EdgeBatch {
    edges: Vec<Entry>,
    /// Whether the source has more to read than it read now.
    is_cut_short: bool,
    /// The address of the runtime that hands the edges out.
    pub(super) runtime: usize,
}

/// An edge, and the index of its line within the task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineEdge {
    pub(crate) index: u8,
    pub(crate) edge: Edge,
}

impl LineEdge {
    /// Takes on the level and the time of a later edge of the line. Counts itself as missed.
    fn absorb(&mut self, later: LineEdge) {
        let missed = self.edge.missed.saturating_add(later.edge.missed).saturating_add(1);
        self.edge = Edge { missed, ..later.edge };
    }
}

/// Adds an edge to those that wait for a task to be inserted.
pub(super) fn hold(waiting: &mut Vec<LineEdge>, edge: LineEdge) {
    match last_if_full(waiting, |other| other.index == edge.index) {
        Some(last) => last.absorb(edge),
        None => waiting.push(edge),
    }
}

/// Returns the last edge of a line if there are so many edges that a later one must take its place. So the last level of
/// each line is kept, whatever is dropped before it.
fn last_if_full<T>(waiting: &mut [T], is_of_line: impl Fn(&T) -> bool) -> Option<&mut T> {
    let is_full = waiting.len() >= MOST_WAITING;
    if is_full { waiting.iter_mut().rev().find(|other| is_of_line(other)) } else { None }
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) task: TaskId,
    pub(super) edge: LineEdge,
    /// Whether the edge was read from a descriptor: all before it have been read too, so after a loss the level can be.
    pub(super) is_read: bool,
    /// The sort key: the latest time among this edge and the task's edges before it.
    time: Instant,
}

impl EdgeBatch {
    /// Has the closure that fills the batch called again soon, because it leaves data unread.
    ///
    /// The closure runs with the runtime's lock held, so a flood must not keep it for ever. What it leaves, it reads in the
    /// next pass of the runtime.
    pub fn cut_short(&mut self) {
        self.is_cut_short = true;
    }

    /// Returns whether the source that was just read has more.
    #[cfg(target_os = "linux")]
    pub(super) fn take_cut_short(&mut self) -> bool {
        std::mem::take(&mut self.is_cut_short)
    }

    /// Adds an edge of a task.
    pub(super) fn add(&mut self, task: TaskId, edge: LineEdge, is_read: bool) {
        // A backend's own order counts for the lines of one task, whatever the stamps are.
        let last = self.edges.iter().rev().find(|entry| entry.task == task);
        let time = last.map_or(edge.edge.at, |last| last.time.max(edge.edge.at));
        self.edges.push(Entry { task, edge, is_read, time });
    }

    /// Adds an edge of a task to a batch that nobody may take for a while.
    pub(super) fn hold(&mut self, task: TaskId, edge: LineEdge) {
        let is_of_line = |entry: &Entry| entry.task == task && entry.edge.index == edge.index;
        match last_if_full(&mut self.edges, is_of_line) {
            Some(last) => {
                last.edge.absorb(edge);
                last.time = last.time.max(edge.edge.at);
            }
            None => self.add(task, edge, false),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Puts the edges of `other` before those that are here.
    pub(super) fn prepend(&mut self, other: EdgeBatch) {
        let own = std::mem::replace(&mut self.edges, other.edges);
        own.into_iter().for_each(|Entry { task, edge, is_read, .. }| self.add(task, edge, is_read));
    }

    /// Takes the edges out, sorted by time. Edges of one task keep their order.
    pub(super) fn take_sorted(&mut self) -> Vec<Entry> {
        let mut edges = std::mem::take(&mut self.edges);
        edges.sort_by_key(|entry| entry.time);
        edges
    }

    /// Reuses the allocation of an earlier [`take_sorted`](EdgeBatch::take_sorted).
    pub(super) fn reuse(&mut self, mut room: Vec<Entry>) {
        room.clear();
        self.edges = room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Level;

    fn line_edge(index: u8, count: usize) -> LineEdge {
        let at = Instant::from_nanos(count as u64);
        LineEdge { index, edge: Edge { at, level: Level::from(count % 2 == 0), missed: 0 } }
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_keeps_the_last_level_of_each_line() {
        let mut batch = EdgeBatch::default();
        let mut waiting = Vec::new();
        let task = TaskId::from_raw(1);
        let edges = 3 * MOST_WAITING;
        for count in 1..=edges {
            batch.hold(task, line_edge(0, count));
            hold(&mut waiting, line_edge(0, count));
        }
        // A line that had no edge so far keeps its first, and one of another task too.
        batch.hold(task, line_edge(1, edges));
        batch.hold(TaskId::from_raw(2), line_edge(0, edges));
        hold(&mut waiting, line_edge(1, edges));

        let batch: Vec<LineEdge> = batch.take_sorted().into_iter().map(|entry| entry.edge).collect();
        assert_eq!((batch.len(), waiting.len()), (MOST_WAITING + 2, MOST_WAITING + 1));
        for kept in [&batch[..MOST_WAITING], &waiting[..MOST_WAITING]] {
            let missed: usize = kept.iter().map(|one| one.edge.missed as usize).sum();
            assert_eq!(missed + kept.len(), edges);
            let last = kept[MOST_WAITING - 1].edge;
            assert_eq!(
                (last.at, last.level),
                (Instant::from_nanos(edges as u64), Level::from(edges % 2 == 0))
            );
        }
    }
}
