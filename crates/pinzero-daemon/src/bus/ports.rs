//! Open ports of one kind, each with a thread of its own: a port that hangs delays only its own users.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use pinzero_pigpio::protocol::Code;

use super::BusId;
use super::queue::{Job, Next, Queue};
use crate::ClientId;
use crate::answer::Answer;
use crate::inbox::{Inbox, Message};
use crate::lines::Lines;
use crate::thread::spawn;

/// A port: the handle of a bus. Clones are the same port.
pub(super) trait Port: Clone + Debug + Send + 'static {
    /// What tells the port from others of its kind.
    type Key: Clone + Debug + Ord + Send + 'static + Into<BusId>;
    type Task: Debug + Send + 'static;

    /// Runs a task on the port's thread. `is_wanted` returns whether its client still waits.
    fn run(&self, task: Self::Task, is_wanted: &dyn Fn() -> bool) -> Result<Answer, Code>;

    /// Closes the port. Blocks until a running task has ended.
    fn close(&self);

    /// Returns whether a running task ends at once when the port is closed, so that the loop may close it.
    fn ends_at_once(&self) -> bool;
}

/// The open ports.
#[derive(Debug)]
pub(super) struct Ports<P: Port> {
    inbox: Arc<Inbox>,
    open: BTreeMap<P::Key, Open<P>>,
}

#[derive(Debug)]
struct Open<P: Port> {
    users: usize,
    port: P,
    queue: Arc<Queue<P::Task>>,
    /// The lines that the port was lent.
    lines: Vec<u32>,
}

impl<P: Port> Ports<P> {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Ports { inbox, open: BTreeMap::new() }
    }

    /// Returns an open port.
    pub(super) fn get(&self, key: &P::Key) -> Option<&P> {
        self.open.get(key).map(|open| &open.port)
    }

    /// Returns whether a port is about to be closed.
    pub(super) fn is_closing(&self, key: &P::Key) -> bool {
        self.open.get(key).is_some_and(|open| open.queue.is_closing())
    }

    /// Returns how many users a port has.
    pub(super) fn users(&self, key: &P::Key) -> usize {
        self.open.get(key).map_or(0, |open| open.users)
    }

    /// Joins a port, or opens it on these lines, which clients see in these modes meanwhile.
    pub(super) fn join(
        &mut self,
        lines: &mut Lines,
        key: P::Key,
        modes: &[(u32, u32)],
        open: impl FnOnce() -> Result<P, Code>,
    ) -> Result<(), Code> {
        if self.is_closing(&key) {
            return Err(Code::GPIO_IN_USE);
        }
        if let Some(open) = self.open.get_mut(&key) {
            open.users += 1;
            return Ok(());
        }
        let mut lent = Vec::new();
        let result = modes.iter().try_for_each(|(gpio, mode)| {
            lines.lend(*gpio, *mode)?;
            lent.push(*gpio);
            Ok(())
        });
        match result.and_then(|()| self.start(key.clone(), open()?)) {
            Ok((port, queue)) => {
                self.open.insert(key, Open { users: 1, port, queue, lines: lent });
                Ok(())
            }
            Err(code) => {
                lent.into_iter().for_each(|gpio| lines.take_back(gpio));
                Err(code)
            }
        }
    }

    fn start(&self, key: P::Key, port: P) -> Result<(P, Arc<Queue<P::Task>>), Code> {
        let queue: Arc<Queue<P::Task>> = Arc::default();
        let thread = (port.clone(), queue.clone(), self.inbox.clone());
        match spawn("pinzero-bus", move || work(key.into(), &thread.0, &thread.1, &thread.2)) {
            Ok(()) => Ok((port, queue)),
            Err(error) => {
                log::warn!("the thread of a bus cannot be started: {error}");
                port.close();
                Err(Code::NO_MEMORY)
            }
        }
    }

    /// Hands a task to a port; returns whether there is room for it. The answer comes later.
    pub(super) fn push(&self, key: &P::Key, job: Job<P::Task>) -> bool {
        self.open.get(key).is_some_and(|open| open.queue.push(job))
    }

    /// Ends the tasks of a client that is gone.
    pub(super) fn cancel(&self, client: ClientId) {
        self.open.values().for_each(|open| open.queue.cancel(client));
    }

    /// Gives up one use of a port, for a client if one waits. If it was the last, the port is closed: returns the answer, and
    /// whether the port is closed already.
    pub(super) fn leave(
        &mut self,
        lines: &mut Lines,
        key: &P::Key,
        client: Option<ClientId>,
    ) -> (Answer, bool) {
        let Some(open) = self.open.get_mut(key) else { return (Answer::Number(0), false) };
        open.users -= 1;
        if open.users > 0 {
            return (Answer::Number(0), false);
        }
        if client.is_none() {
            let ended = match open.port.ends_at_once() {
                true => Some(open.queue.end()),
                false => open.queue.end_if_idle(),
            };
            if let Some(clients) = ended {
                // They have used a handle of another client, which has gone.
                for client in clients {
                    self.inbox.push(Message::Done { client, answer: Err(Code::BAD_HANDLE) });
                }
                self.closed(lines, key);
                return (Answer::Number(0), true);
            }
        }
        open.queue.close(client);
        (client.map_or(Answer::Number(0), |_| Answer::Later), false)
    }

    /// Forgets a port that has no users, or that its thread has closed, and takes its lines back.
    pub(super) fn closed(&mut self, lines: &mut Lines, key: &P::Key) {
        if let Some(mut open) = self.open.remove(key) {
            let lent = std::mem::take(&mut open.lines);
            drop(open);
            lent.into_iter().for_each(|gpio| lines.take_back(gpio));
        }
    }
}

impl<P: Port> Drop for Open<P> {
    fn drop(&mut self) {
        if self.queue.end_if_idle().is_some() || self.port.ends_at_once() {
            self.port.close();
        }
        drop(self.queue.end());
    }
}

/// The thread of a port: one task after another.
fn work<P: Port>(bus: BusId, port: &P, queue: &Queue<P::Task>, inbox: &Inbox) {
    loop {
        match queue.next() {
            Next::Task(client, task) => {
                let answer = port.run(task, &|| queue.is_wanted());
                // Before the answer: whoever has it finds the port idle.
                if queue.done() {
                    inbox.push(Message::Done { client, answer });
                }
            }
            Next::Close(client) => {
                port.close();
                inbox.push(Message::BusClosed { bus });
                if let Some(client) = client {
                    inbox.push(Message::Done { client, answer: Ok(Answer::Number(0)) });
                }
                return;
            }
            Next::End => return,
        }
    }
}
