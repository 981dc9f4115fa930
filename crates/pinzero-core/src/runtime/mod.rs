//! The timeline of a factory: edges and deadlines go in, pin writes and callbacks come out.
//!
//! Everything that happens by itself is a [`Task`]: an input that filters its edges, a blink, a wave. Tasks live in
//! one [`State`] behind one lock, ordered by deadline. Whoever turns the runtime takes the lock, hands out edges,
//! fires what is due, lets go, and then runs the callbacks that have come of it: in order, one at a time, with no
//! lock held. Two threads on one poller do the turning, or, for the mock, whoever moves the virtual clock.

mod poller;
#[cfg(target_os = "linux")]
mod reactor;
mod state;
mod threads;
mod virtual_time;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::{Event as Bell, Listener};

#[cfg(target_os = "linux")]
pub use reactor::{Reactor, Registration};
pub(crate) use state::{Effects, Next, Task, TaskId};

use crate::error::Result;
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::time::{Clock, Instant};
use crate::types::Edge;
use state::State;
use threads::Threads;

/// The runtime of one factory. Dropping it ends its threads.
#[derive(Debug)]
pub(crate) struct Runtime(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    ids: AtomicU64,
    state: Mutex<State>,
    inbox: Inbox,
    /// `None` if the clock is manual.
    threads: Option<Threads>,
    panics: AtomicU64,
}

/// What was pushed and not yet taken: an edge for a task, or the news that its deadline has changed. It can be pushed
/// to with any other lock held: its own is a leaf.
///
/// There is no flag to say that it is not empty. On a virtual clock one thread pushes and then tries the state's lock,
/// another lets go of that and then looks here: it is this lock that lets one of them see what the other has done.
#[derive(Debug, Default)]
struct Inbox(Mutex<Vec<Mail>>);

type Mail = (TaskId, Option<Edge>);

impl Inbox {
    fn push(&self, id: TaskId, edges: impl IntoIterator<Item = Option<Edge>>) {
        self.0.lock().extend(edges.into_iter().map(|edge| (id, edge)));
    }

    fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.0.lock())
    }

    fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// Who turns the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// One of its own threads.
    Runtime,
    /// A thread of the program that wants something done.
    User,
}

impl Runtime {
    pub(crate) fn new(clock: Clock) -> Self {
        let threads = (!clock.is_manual()).then(Threads::default);
        Runtime(Arc::new(Shared {
            clock,
            ids: AtomicU64::new(1),
            state: Mutex::default(),
            inbox: Inbox::default(),
            threads,
            panics: AtomicU64::new(0),
        }))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// How many callbacks have panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }

    /// A name for a task to come, so that its edges can be addressed before it is there.
    pub(crate) fn reserve(&self) -> TaskId {
        TaskId(self.0.ids.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn sink(&self, id: TaskId) -> EdgeSink {
        EdgeSink { shared: Arc::downgrade(&self.0), id }
    }

    /// Starts the threads, if there are to be any and they are not running yet.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the system gives no thread.
    pub(crate) fn start(&self) -> Result<()> {
        match &self.0.threads {
            Some(threads) => threads.start(&self.0),
            None => Ok(()),
        }
    }

    /// Ends a task and its source. Once this returns it neither writes nor queues anything any more.
    pub(crate) fn remove(&self, id: TaskId) {
        self.enter(|state, effects| state.remove(id, effects));
    }

    /// Has a task asked anew when it wants to be fired. Can be called from within a task.
    pub(crate) fn reschedule(&self, id: TaskId) {
        self.0.inbox.push(id, [None]);
        if let Some(threads) = &self.0.threads {
            threads.wake();
        }
    }

    /// Takes the state, does something to it, and sees to what comes of that.
    pub(crate) fn enter<R>(&self, work: impl FnOnce(&mut State, &mut Effects) -> R) -> R {
        self.0.poll_once(Caller::User, work)
    }

    /// Sees to what a write has set off, if the clock is virtual: callbacks run now, on this thread. To be called with no
    /// lock held. On a real clock the threads do that.
    pub(crate) fn catch_up(&self) {
        self.0.poke_manual();
    }

    /// Has the threads see to what has been pushed; on a virtual clock that is left to [`catch_up`](Runtime::catch_up).
    pub(crate) fn poker(&self) -> Poker {
        Poker(Arc::downgrade(&self.0))
    }

    /// Blocks until `ready` gives something, `bell` being rung whenever it may, or until `deadline`.
    ///
    /// On a virtual clock this is what makes time pass.
    ///
    /// # Panics
    /// On a virtual clock with nothing scheduled and no deadline: nothing could ever end the wait. Looks at polled lines do
    /// not count, once each has found nothing new; a blink does, for it may be wired to something.
    pub(crate) fn wait<T>(
        &self,
        bell: &Bell,
        deadline: Option<Instant>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if self.0.clock.is_manual() {
            return self.0.wait_manually(deadline, ready);
        }
        loop {
            if let Some(result) = ready() {
                return Some(result);
            }
            let listener = bell.listen();
            if let Some(result) = ready() {
                return Some(result);
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) => {
                    let left = deadline.since(self.0.clock.now());
                    if left.is_zero() {
                        return None;
                    }
                    listener.wait_timeout(left);
                }
            }
        }
    }

    /// Lets `duration` pass: really, or on the virtual clock.
    pub(crate) fn sleep(&self, duration: Duration) {
        if self.0.clock.is_manual() {
            self.advance(duration);
        } else {
            std::thread::sleep(duration);
        }
    }

    /// Moves the virtual clock on, deadline by deadline.
    pub(crate) fn advance(&self, duration: Duration) {
        self.0.advance_to(self.0.clock.now() + duration);
    }

    /// The threads that turn this runtime at the moment.
    pub(crate) fn thread_count(&self) -> usize {
        self.0.threads.as_ref().map_or(0, Threads::count)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(threads) = &self.0.threads {
            threads.stop();
        }
    }
}

/// Wakes a runtime that may be gone already.
#[derive(Debug, Clone)]
pub(crate) struct Poker(Weak<Shared>);

impl Poker {
    pub(crate) fn poke(&self) {
        if let Some(threads) = self.0.upgrade().as_ref().and_then(|shared| shared.threads.as_ref()) {
            threads.wake();
        }
    }
}

impl Shared {
    /// One turn: what is in the inbox, then `work`, then what is due; then, without the lock, the callbacks.
    fn poll_once<R>(&self, caller: Caller, work: impl FnOnce(&mut State, &mut Effects) -> R) -> R {
        let mut effects = Effects::default();
        let mut state = self.state.lock();
        self.take_inbox(&mut state, &mut effects);
        let result = work(&mut state, &mut effects);
        self.finish(caller, state, effects);
        self.poke_manual();
        result
    }

    fn take_inbox(&self, state: &mut State, effects: &mut Effects) {
        loop {
            let mail = self.inbox.take();
            if mail.is_empty() {
                return;
            }
            for of_one in mail.chunk_by(|(one, _), (other, _)| one == other) {
                state.edges(of_one[0].0, of_one.iter().filter_map(|(_, edge)| *edge), effects);
            }
        }
    }

    /// Fires what is due, sets the timer, lets go of the lock, wakes the waiters and runs the callbacks.
    fn finish(&self, caller: Caller, mut state: MutexGuard<'_, State>, mut effects: Effects) {
        if state.first_deadline().is_some() {
            let now = self.clock.now();
            while state.fire(now, &mut effects) {
                self.take_inbox(&mut state, &mut effects);
            }
        }
        for run in effects.calls.drain(..) {
            state.queue(run);
        }
        let mut calls = VecDeque::new();
        match &self.threads {
            // A visitor may hold locks of its own that a callback wants: it leaves them to the threads.
            Some(threads) if caller == Caller::User => {
                threads.arm(&mut state);
                if !state.calls.is_empty() && !state.calling {
                    threads.wake();
                }
            }
            Some(threads) => {
                threads.arm(&mut state);
                state.take_calls(&mut calls);
            }
            None => state.take_calls(&mut calls),
        }
        drop(state);
        for complaint in effects.complaints.drain(..) {
            log::error!("{complaint}");
        }
        for hub in effects.wakes.drain(..) {
            hub.ring();
        }
        drop(effects);
        while !calls.is_empty() {
            for run in calls.drain(..) {
                let panicked = run.hub.deliver(&run.events);
                if panicked > 0 {
                    self.panics.fetch_add(panicked, Ordering::Relaxed);
                }
            }
            let mut state = self.state.lock();
            state.calling = false;
            state.take_calls(&mut calls);
        }
    }
}

/// Where a backend puts the edges of one input.
///
/// Either push each [`Edge`], from any thread, or hand over a descriptor to watch (on Linux). Neither runs user code.
#[derive(Debug)]
pub struct EdgeSink {
    shared: Weak<Shared>,
    id: TaskId,
}

impl EdgeSink {
    /// A sink for edges that nobody wants, to try a backend with that has no factory around it.
    ///
    /// What is pushed is lost, and to watch a descriptor is [`Closed`](crate::ErrorKind::Closed).
    pub fn nowhere() -> Self {
        EdgeSink { shared: Weak::new(), id: TaskId(0) }
    }

    /// Reports an edge; it is seen to by the factory's own threads.
    ///
    /// After a loss ([`Edge::missed`]) the backend reads the level again and pushes that too, if it differs.
    pub fn push(&self, edge: Edge) {
        self.push_all([edge]);
    }

    /// Reports edges that came together: no deadline is decided between them by those that are still to be told.
    pub fn push_all(&self, edges: impl IntoIterator<Item = Edge>) {
        if let Some(shared) = self.shared.upgrade() {
            shared.inbox.push(self.id, edges.into_iter().map(Some));
            Poker(self.shared.clone()).poke();
        }
    }

    /// Reports an edge, but leaves it to a [`wake`](EdgeSink::wake) to have it seen to: for edges of several lines that
    /// came together and are to stay in their order.
    pub fn queue(&self, edge: Edge) {
        if let Some(shared) = self.shared.upgrade() {
            shared.inbox.push(self.id, [Some(edge)]);
        }
    }

    /// Has the factory's threads see to what has been queued, on this line and on others.
    pub fn wake(&self) {
        Poker(self.shared.clone()).poke();
    }

    /// The timeline that sees to the edges; `None` if it is nobody's, or on a virtual clock.
    #[cfg(target_os = "linux")]
    pub fn timeline(&self) -> Option<Reactor> {
        let is_polling = self.shared.upgrade().is_some_and(|shared| shared.threads.is_some());
        is_polling.then(|| Reactor::new(self.shared.clone()))
    }

    /// Has `fd` polled by the factory's threads, and `drain` called whenever it is readable, until the input closes.
    ///
    /// `drain` runs with the runtime's lock held: it must read until nothing is left, and never block. `fd` is closed after
    /// the last call, so it is to be a duplicate if others use it too.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the descriptor cannot be polled.
    #[cfg(target_os = "linux")]
    pub fn watch(
        self,
        fd: std::os::fd::OwnedFd,
        drain: impl FnMut(&mut Vec<Edge>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        Reactor::new(self.shared.clone()).attach(self.id, fd, Box::new(drain))
    }
}
