//! The runtime of a factory: edges and deadlines go in, pin writes and callbacks come out.
//!
//! Each background activity is a [`Task`]: an input that debounces its edges, a blink, a timer. One lock guards the tasks,
//! which are ordered by deadline. A thread that polls the runtime takes the lock, passes edges to their tasks, fires the tasks
//! that are due and releases the lock. Then the thread runs the resulting callbacks: in order, one at a time, with no lock
//! held. Two threads on one poller do this or, on a virtual clock, the thread that moves the clock.

mod batch;
mod edges;
mod ids;
mod outbox;
mod poller;
mod tasks;
mod threads;
mod virtual_time;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::{Event as Bell, Listener};

pub use batch::EdgeBatch;
pub(crate) use batch::LineEdge;
pub use edges::EdgeSink;
#[cfg(target_os = "linux")]
pub use edges::Registration;
pub(crate) use ids::TaskId;
pub(crate) use outbox::Outbox;
pub(crate) use tasks::{Next, Task, Tasks};

use crate::error::{Error, Result};
use crate::exit;
use crate::report::{Reports, warn_user};
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::time::{Clock, Instant};
use outbox::{Aftermath, Call};
use threads::Threads;

/// The runtime of one factory. Dropping the runtime ends its threads.
#[derive(Debug)]
pub(crate) struct Runtime(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    ids: AtomicU64,
    state: Mutex<State>,
    /// Pushed edges and reschedules that are not processed yet. The lock is a leaf: a thread may push with any other lock held.
    ///
    /// A flag for "not empty" outside this lock would not do. On a virtual clock one thread pushes and then tries the state's
    /// lock, while another releases that lock and then checks the inbox. Due to this lock, one of them sees the other's step.
    inbox: Mutex<Inbox>,
    /// `None` if the clock is virtual.
    threads: Option<Threads>,
    panics: AtomicU64,
    reports: Reports,
}

/// The data behind a runtime's lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tasks: Tasks,
    pub(crate) outbox: Outbox,
    /// The time to which the poller's timer is set.
    armed: Option<Instant>,
}

impl State {
    /// Ends a task.
    pub(crate) fn remove(&mut self, id: TaskId) {
        self.tasks.remove(id, &mut self.outbox);
    }

    /// Adds a task.
    pub(crate) fn insert(&mut self, id: TaskId, task: Box<dyn Task>) {
        self.tasks.insert(id, task, &mut self.outbox);
    }

    /// Updates the deadline of a task.
    pub(crate) fn schedule(&mut self, id: TaskId) {
        self.tasks.schedule(id, &mut self.outbox);
    }
}

#[derive(Debug, Default)]
struct Inbox {
    edges: EdgeBatch,
    /// Tasks whose deadline has changed.
    rescheduled: Vec<TaskId>,
    /// Tasks that get no more edges, with the reason.
    lost: Vec<(TaskId, Error)>,
}

impl Inbox {
    fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.rescheduled.is_empty() && self.lost.is_empty()
    }
}

/// How long a wait leaves a virtual clock to other threads before it warns.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a thread looks at a virtual clock that another thread moves.
const TICK: Duration = Duration::from_millis(1);

/// The thread that polls the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A thread of the runtime, or the thread that moves a virtual clock.
    Runtime,
    /// A thread of the program, which may hold locks that a callback needs. It leaves callbacks to the runtime's threads.
    User,
}

impl Runtime {
    pub(crate) fn new(clock: Clock, reports: Reports) -> Self {
        let threads = (!clock.is_manual()).then(Threads::default);
        Runtime(Arc::new(Shared {
            clock,
            ids: AtomicU64::new(1),
            state: Mutex::default(),
            inbox: Mutex::default(),
            threads,
            panics: AtomicU64::new(0),
            reports,
        }))
    }

    /// Returns the same runtime, for another factory on its virtual clock: one thread moves the time of both. A runtime in real time
    /// has threads, and ends them when it is dropped, so this is for a virtual clock only.
    pub(crate) fn share(&self) -> Self {
        debug_assert!(self.0.threads.is_none(), "a runtime with threads has one owner");
        Runtime(self.0.clone())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.0.reports
    }

    /// Returns how many callbacks have panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }

    /// Returns the id of a future task, so that a sink can be created before the task.
    pub(crate) fn reserve(&self) -> TaskId {
        TaskId::from_raw(self.0.next_id())
    }

    /// Returns the sink for line `index` of a task.
    pub(crate) fn sink(&self, id: TaskId, index: u8) -> EdgeSink {
        EdgeSink::new(Arc::downgrade(&self.0), id, index)
    }

    /// Starts the threads, if the clock is real and they are not running yet.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the system has no thread or file descriptor left.
    pub(crate) fn start(&self) -> Result<()> {
        match &self.0.threads {
            Some(threads) => threads.start(&self.0),
            None => Ok(()),
        }
    }

    /// Ends a task. Once this returns, the task neither writes nor queues anything any more.
    pub(crate) fn remove(&self, id: TaskId) {
        self.enter(|state| state.remove(id));
    }

    /// Updates the deadline of a task, later and without the runtime's lock. May be called from within a task.
    pub(crate) fn reschedule(&self, id: TaskId) {
        self.0.inbox.lock().rescheduled.push(id);
        self.0.wake();
    }

    /// Runs `work` with the lock held, and then processes the results.
    pub(crate) fn enter<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        self.0.enter(work)
    }

    /// Processes the results of a write on a virtual clock: callbacks run now, on this thread. On a real clock the threads do
    /// this. Call this with no lock held.
    pub(crate) fn catch_up(&self) {
        self.0.catch_up();
    }

    /// Blocks until `ready` returns `Some` or `deadline` passes. `bell` rings whenever `ready` may have changed its answer.
    ///
    /// On a virtual clock this moves the clock, unless another thread has to.
    ///
    /// # Panics
    /// On a virtual clock, if nothing can end the wait; see [`virtual_time`]. `remedy` tells what could.
    #[track_caller]
    pub(crate) fn wait<T>(
        &self,
        bell: &Bell,
        deadline: Option<Instant>,
        remedy: impl Fn() -> String,
        ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if self.0.moves_clock_here() {
            return self.0.wait_virtually(deadline, remedy, ready);
        }
        let result = self.wait_really(bell, deadline, remedy, ready);
        exit::hold_at_end();
        result
    }

    /// Blocks until `ready` returns `Some` or `timeout` passes. Takes real time on any clock, and moves none.
    pub(crate) fn wait_outside<T>(
        bell: &Bell,
        timeout: Option<Duration>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        // None is too far away.
        let deadline = timeout.and_then(|timeout| std::time::Instant::now().checked_add(timeout));
        let result = loop {
            // Listens first, so that no ring between the check and the wait is missed.
            let listener = bell.listen();
            if let Some(result) = ready() {
                break Some(result);
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) if listener.wait_deadline(deadline).is_none() => break ready(),
                Some(_) => {}
            }
        };
        exit::hold_at_end();
        result
    }

    fn wait_really<T>(
        &self,
        bell: &Bell,
        deadline: Option<Instant>,
        remedy: impl Fn() -> String,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        loop {
            if let Some(result) = ready() {
                return Some(result);
            }
            let listener = bell.listen();
            if let Some(result) = ready() {
                return Some(result);
            }
            match deadline {
                None if self.0.clock.is_manual() => {
                    if listener.wait_timeout(PATIENCE).is_none() {
                        warn_user(&format!(
                            "a wait on virtual time: no other thread calls `gpio.advance(..)`: {}",
                            remedy()
                        ));
                    }
                }
                None => listener.wait(),
                Some(deadline) => {
                    let left = deadline.since(self.0.clock.now());
                    if left.is_zero() {
                        return None;
                    }
                    // Another thread moves a virtual clock, in steps of any size.
                    listener.wait_timeout(if self.0.clock.is_manual() { TICK } else { left });
                }
            }
        }
    }

    /// Resolves when `ready` returns `Some`; the async form of [`wait`](Runtime::wait) without a deadline.
    ///
    /// # Panics
    /// See [`wait`](Runtime::wait).
    pub(crate) async fn until<T>(
        &self,
        bell: &Bell,
        remedy: impl Fn() -> String,
        mut ready: impl FnMut() -> Option<T>,
    ) -> T {
        loop {
            // Listens first, so that no ring between the check and the wait is missed.
            let listener = bell.listen();
            if let Some(result) = ready() {
                exit::hold_at_end();
                return result;
            }
            if !self.0.moves_clock_here() {
                listener.await;
            } else if let Some(result) = self.0.wait_virtually(None, &remedy, &mut ready) {
                return result;
            }
        }
    }

    /// Resolves when `ready` returns `Some`; the async form of [`wait_outside`](Runtime::wait_outside) without a timeout.
    pub(crate) async fn until_outside<T>(bell: &Bell, mut ready: impl FnMut() -> Option<T>) -> T {
        loop {
            let listener = bell.listen();
            if let Some(result) = ready() {
                exit::hold_at_end();
                return result;
            }
            listener.await;
        }
    }

    /// Returns whether a wait on this thread moves the clock.
    #[cfg(feature = "stream")]
    pub(crate) fn moves_clock_here(&self) -> bool {
        self.0.moves_clock_here()
    }

    /// Sleeps for `duration`, or moves the virtual clock.
    pub(crate) fn sleep(&self, duration: Duration) {
        let end = self.0.clock.now() + duration;
        if !self.0.clock.is_manual() {
            std::thread::sleep(duration);
        } else if self.0.moves_clock_here() {
            self.0.advance_to(end);
        } else {
            while self.0.clock.now() < end {
                std::thread::sleep(TICK);
            }
        }
    }

    /// Moves the virtual clock, or sleeps for `duration`.
    pub(crate) fn advance(&self, duration: Duration) {
        if self.0.clock.is_manual() {
            self.0.advance_to(self.0.clock.now() + duration);
        } else {
            std::thread::sleep(duration);
        }
    }

    /// Returns how many threads the runtime has now.
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

impl Shared {
    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Wakes a thread of the runtime, if there are any. Takes none of the runtime's locks, so any of them may be held.
    fn wake(&self) {
        if let Some(threads) = &self.threads {
            threads.wake();
        }
    }

    fn enter<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        self.take_inbox(&mut state);
        let result = work(&mut state);
        self.finish(Caller::User, state);
        self.catch_up();
        result
    }

    /// Makes one pass: takes in all edges and does what is due; then, without the lock, runs the callbacks.
    fn poll_once(&self) {
        let mut state = self.state.lock();
        self.read(&mut state);
        self.finish(Caller::Runtime, state);
        self.catch_up();
    }

    /// Takes in all edges: of the readable file descriptors, and those that were pushed.
    fn read(&self, state: &mut State) {
        if let Some(threads) = &self.threads {
            threads.read(state);
        }
        // After the file descriptors, which consumes the wake-up of the pushed edges.
        self.open_inbox(state);
        let State { tasks, outbox, .. } = state;
        tasks.dispatch(self.clock.now(), outbox);
    }

    /// Empties the inbox, and returns whether anything was in it. The edges still have to be dispatched.
    fn open_inbox(&self, state: &mut State) -> bool {
        let inbox = std::mem::take(&mut *self.inbox.lock());
        let is_empty = inbox.is_empty();
        let Inbox { edges, rescheduled, lost } = inbox;
        state.tasks.take_in(edges, lost);
        for id in rescheduled {
            state.schedule(id);
        }
        !is_empty
    }

    /// Empties the inbox and dispatches its edges, until it stays empty.
    fn take_inbox(&self, state: &mut State) {
        while self.open_inbox(state) {
            let State { tasks, outbox, .. } = &mut *state;
            tasks.dispatch(self.clock.now(), outbox);
        }
    }

    /// Fires the tasks that are due, sets the timer, releases the lock, wakes the waiters and runs the callbacks.
    fn finish(&self, caller: Caller, mut guard: MutexGuard<'_, State>) {
        let state = &mut *guard;
        // A pass by a thread of the program leaves deadlines to the runtime's threads: it does not read the edges before them.
        if self.threads.is_none() || caller == Caller::Runtime {
            let now = self.clock.now();
            while state.tasks.first_deadline().is_some_and(|at| at <= now) {
                // An unread edge, of whatever line, may be older than the deadline.
                if state.tasks.sources() > 0 {
                    self.read(state);
                }
                state.tasks.fire(now, &mut state.outbox);
                self.take_inbox(state);
            }
        }
        let mut calls = VecDeque::new();
        if let Some(threads) = &self.threads {
            threads.arm(state);
        }
        match &self.threads {
            Some(threads) if caller == Caller::User => {
                if state.outbox.wants_caller() {
                    threads.wake();
                }
            }
            _ => state.outbox.take_calls(&mut calls),
        }
        let Aftermath { wakes, complaints, over } = state.outbox.aftermath();
        drop(guard);
        for complaint in complaints {
            self.reports.report(&complaint);
        }
        for bell in wakes {
            bell.notify(usize::MAX);
        }
        drop(over);
        // The threads of the runtime block all signals, but user code must not: it may start processes.
        let is_own = self.threads.is_some() && caller == Caller::Runtime && !calls.is_empty();
        let _mask = is_own.then(|| self.reports.program_mask().wear());
        let mut left = Vec::new();
        while !calls.is_empty() {
            for Call { to, count } in calls.drain(..) {
                let delivered = to.deliver(count, &self.reports);
                self.panics.fetch_add(delivered.panics, Ordering::Relaxed);
                if delivered.left > 0 {
                    left.push(Call { to, count: delivered.left });
                }
            }
            let mut state = self.state.lock();
            state.outbox.end_calls(left.drain(..));
            state.outbox.take_calls(&mut calls);
        }
    }
}

/// A weak reference to a runtime.
#[derive(Debug, Clone)]
pub(crate) struct RuntimeRef(Weak<Shared>);

impl Runtime {
    pub(crate) fn downgrade(&self) -> RuntimeRef {
        RuntimeRef(Arc::downgrade(&self.0))
    }
}

impl RuntimeRef {
    pub(crate) fn is_same(&self, other: &RuntimeRef) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// Updates the deadline of a task, later; see [`Runtime::reschedule`].
    pub(crate) fn reschedule(&self, id: TaskId) {
        if let Some(shared) = self.0.upgrade() {
            shared.inbox.lock().rescheduled.push(id);
            shared.wake();
        }
    }

    /// Runs `work` with the lock held, and then processes the results, if the runtime still exists.
    pub(crate) fn enter(&self, work: impl FnOnce(&mut State)) {
        if let Some(shared) = self.0.upgrade() {
            shared.enter(work);
        }
    }
}
