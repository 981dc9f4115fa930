//! What the tests share.

#[cfg(unix)]
pub mod exit;
mod late;

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant as Wall};

use pinzero::time::{Instant, ms};

pub use late::make_late;

/// How long a test in real time waits for what must happen before it fails. Nothing takes this long but a hang.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The instant so many milliseconds after the clock's zero.
pub fn at(millis: u64) -> Instant {
    Instant::ZERO + ms(millis)
}

/// What happened, in its order: handlers write it, the test reads it.
#[derive(Debug)]
pub struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    /// An empty one.
    pub fn new() -> Self {
        Log(Arc::default())
    }

    /// Adds an entry.
    pub fn push(&self, entry: T) {
        self.entries().push(entry);
    }

    /// Takes all entries out.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.entries())
    }

    fn entries(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log::new()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Log(self.0.clone())
    }
}

/// Runs `work` on a thread of its own, and fails instead of hanging if it does not end.
pub fn without_hanging<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    without_hanging_for(PATIENCE, work)
}

/// Runs `work` on a thread of its own, and fails if it has not ended after `limit`.
pub fn without_hanging_for<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(payload) => resume_unwind(payload),
            Ok(_) => unreachable!("a result is sent before the thread ends"),
        },
    }
}

/// Waits in real time until `is_so`; fails if that takes for ever.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Wall::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "never came true: {what}");
        thread::sleep(ms(1));
    }
}

/// The next message; fails if none comes.
pub fn receive<T>(receiver: &mpsc::Receiver<T>) -> T {
    match receiver.recv_timeout(PATIENCE) {
        Ok(message) => message,
        Err(error) => panic!("a message that had to come did not: {error}"),
    }
}

/// Waits until all that could send has been dropped; fails if a message comes instead, or nothing happens.
pub fn all_dropped<T>(receiver: &mpsc::Receiver<T>) {
    match receiver.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Disconnected) => {}
        Err(error) => panic!("somebody still keeps the sender: {error}"),
        Ok(_) => panic!("a message that must not come"),
    }
}

/// Looks once whether a future is ready, as an executor that nobody wakes does.
pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a future to its end on this thread: the least executor there is.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        thread::park();
    }
}
