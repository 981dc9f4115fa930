//! Edges on their way to the tasks, and their order.

use super::ids::TaskId;
use crate::time::Instant;
use crate::types::Edge;

/// A batch of edges of any lines; on Linux, `EdgeSink::watch` passes one to be filled.
#[derive(Debug, Default)]
pub struct EdgeBatch {
    edges: Vec<Entry>,
    /// The address of the runtime that hands the edges out.
    pub(super) runtime: usize,
}

/// An edge, and the index of its line within the task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineEdge {
    pub(crate) index: u8,
    pub(crate) edge: Edge,
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
    /// Adds an edge of a task.
    pub(super) fn add(&mut self, task: TaskId, edge: LineEdge, is_read: bool) {
        // A backend's own order counts for the lines of one task, whatever the stamps are.
        let last = self.edges.iter().rev().find(|entry| entry.task == task);
        let time = last.map_or(edge.edge.at, |last| last.time.max(edge.edge.at));
        self.edges.push(Entry { task, edge, is_read, time });
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
