//! The waiting tasks of a bus.

use std::collections::VecDeque;

use parking_lot::Mutex;
use pinzero_core::Condvar;

use crate::ClientId;

/// The most waiting tasks of a bus, and the most bytes that they hold.
const JOBS: usize = 256;
const BYTES: usize = 1 << 20;

/// A task that waits.
#[derive(Debug)]
pub(super) struct Job<T> {
    pub(super) client: ClientId,
    /// The memory that the task takes while it waits.
    pub(super) size: usize,
    pub(super) task: T,
}

/// What the thread of a bus does next.
#[derive(Debug)]
pub(super) enum Next<T> {
    Task(ClientId, T),
    /// Closes the bus, and answers the client that has asked for it.
    Close(Option<ClientId>),
    /// Ends: the loop has closed the bus already.
    End,
}

/// The way from the loop to the thread of a bus. The lock is held only briefly.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Notified when the thread has something to do.
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<Job<T>>,
    bytes: usize,
    /// A task is under way.
    is_busy: bool,
    /// The client whose task is under way, unless it has gone.
    served: Option<ClientId>,
    /// The bus is to be closed once all tasks are done, for a client if there is one.
    closer: Option<Option<ClientId>>,
    is_over: bool,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        State {
            waiting: VecDeque::new(),
            bytes: 0,
            is_busy: false,
            served: None,
            closer: None,
            is_over: false,
        }
    }
}

impl<T> State<T> {
    fn over() -> Self {
        State { is_over: true, ..State::default() }
    }

    /// Returns the clients whose tasks wait or are under way.
    fn clients(self) -> Vec<ClientId> {
        self.served.into_iter().chain(self.waiting.into_iter().map(|job| job.client)).collect()
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { state: Mutex::default(), changed: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds a task; returns whether there is room.
    ///
    /// A full queue refuses it, and does not make the client wait: the tasks ahead may take hours, and a client that gets an
    /// error knows.
    pub(super) fn push(&self, job: Job<T>) -> bool {
        let mut state = self.state.lock();
        let bytes = state.bytes + job.size;
        if state.waiting.len() >= JOBS || bytes > BYTES {
            drop(state);
            log::warn!("a transfer was refused: too many others wait for the bus");
            return false;
        }
        state.bytes = bytes;
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Removes the tasks of a client that is gone, and ends the one under way.
    pub(super) fn cancel(&self, client: ClientId) {
        let mut state = self.state.lock();
        state.served.take_if(|served| *served == client);
        state.waiting.retain(|job| job.client != client);
        state.bytes = state.waiting.iter().map(|job| job.size).sum();
    }

    /// Returns whether the task under way is still wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.state.lock().served.is_some()
    }

    /// Ends the task under way. Returns whether the task is still wanted: the loop may have ended the thread meanwhile, or another client
    /// may have the slot of one that has gone.
    pub(super) fn done(&self) -> bool {
        let mut state = self.state.lock();
        state.is_busy = false;
        state.served.take().is_some()
    }

    /// Makes the thread close the bus after all tasks.
    pub(super) fn close(&self, client: Option<ClientId>) {
        self.state.lock().closer = Some(client);
        self.changed.notify_one();
    }

    /// Returns whether the bus is about to be closed.
    pub(super) fn is_closing(&self) -> bool {
        self.state.lock().closer.is_some()
    }

    /// Makes the thread end, unless a task is under way. Returns the clients as [`end`](Self::end) does, if the thread ends.
    pub(super) fn end_if_idle(&self) -> Option<Vec<ClientId>> {
        let mut state = self.state.lock();
        if state.is_busy {
            return None;
        }
        let before = std::mem::replace(&mut *state, State::over());
        drop(state);
        self.changed.notify_one();
        Some(before.clients())
    }

    /// Makes the thread end at once. Returns the clients whose tasks wait or are under way: the thread answers them no more.
    pub(super) fn end(&self) -> Vec<ClientId> {
        let before = std::mem::replace(&mut *self.state.lock(), State::over());
        self.changed.notify_one();
        before.clients()
    }

    /// Blocks until there is something to do.
    pub(super) fn next(&self) -> Next<T> {
        let mut state = self.state.lock();
        (state.served, state.is_busy) = (None, false);
        loop {
            if state.is_over {
                return Next::End;
            }
            if let Some(Job { client, size, task }) = state.waiting.pop_front() {
                state.bytes -= size;
                (state.served, state.is_busy) = (Some(client), true);
                return Next::Task(client, task);
            }
            if let Some(client) = state.closer {
                return Next::Close(client);
            }
            self.changed.wait(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(serial: u32, size: usize) -> Job<()> {
        Job { client: ClientId { slot: 0, serial }, size, task: () }
    }

    /// How many such jobs a queue takes.
    fn room(queue: &Queue<()>, size: usize) -> usize {
        (0..10_000).take_while(|_| queue.push(job(1, size))).count()
    }

    #[test]
    fn a_queue_is_bounded_in_tasks_and_in_bytes() {
        assert_eq!(room(&Queue::default(), 3), JOBS);
        let queue = Queue::default();
        assert_eq!(room(&queue, 65_535), BYTES / 65_535);
        assert!(queue.push(job(2, 0)), "a read takes no memory");
    }

    #[test]
    fn what_is_taken_or_cancelled_makes_room() {
        let queue = Queue::default();
        let full = room(&queue, 65_535);
        assert!(matches!(queue.next(), Next::Task(..)));
        assert_eq!(room(&queue, 65_535), 1);
        queue.cancel(ClientId { slot: 0, serial: 2 });
        assert!(queue.is_wanted());
        queue.cancel(ClientId { slot: 0, serial: 1 });
        assert!(!queue.is_wanted());
        assert_eq!(room(&queue, 65_535), full);
    }

    #[test]
    fn a_thread_is_ended_between_tasks_only() {
        let queue = Queue::default();
        assert!(queue.push(job(1, 0)));
        assert!(matches!(queue.next(), Next::Task(..)));
        assert_eq!(queue.end_if_idle(), None);
        // The client of the task has gone, and the task goes on.
        queue.cancel(ClientId { slot: 0, serial: 1 });
        assert_eq!(queue.end_if_idle(), None);
        queue.close(None);
        assert!(matches!(queue.next(), Next::Close(None)));
        assert_eq!(queue.end_if_idle(), Some(vec![]));
        assert!(matches!(queue.next(), Next::End));
    }

    #[test]
    fn whoever_ends_the_thread_knows_whom_it_answers_no_more() {
        let client = |serial| ClientId { slot: 0, serial };
        let queue = Queue::default();
        assert!(queue.push(job(1, 0)) && queue.push(job(2, 0)));
        assert!(matches!(queue.next(), Next::Task(..)));
        assert_eq!((queue.end_if_idle(), queue.end()), (None, vec![client(1), client(2)]));
        assert!(!queue.done());

        // No task is under way from the moment on in which its client is answered.
        let queue = Queue::default();
        assert!(queue.push(job(1, 0)) && queue.push(job(2, 0)));
        assert!(matches!(queue.next(), Next::Task(..)));
        assert!(queue.done());
        assert_eq!(queue.end_if_idle(), Some(vec![client(2)]));
    }
}
