//! Numbers of tasks and of watched descriptors.

/// The id of a task; 0 stands for no task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub(super) u64);

impl TaskId {
    pub(crate) fn from_raw(raw: u64) -> Self {
        TaskId(raw)
    }

    pub(crate) fn raw(self) -> u64 {
        self.0
    }
}

/// The id of a watched file descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SourceId(pub(super) u64);
