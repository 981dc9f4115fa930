//! The poller on Linux: one epoll for the lines' file descriptors, a timer and a wake-up, shared by both threads.
//!
//! The threads sleep on a second epoll that contains the first. Both are edge-triggered, so an event wakes exactly one thread.
//! Only the thread that has the runtime's lock asks the first epoll which file descriptors are readable. So no thread holds
//! back a readiness that it has not acted on, and edges of several file descriptors can be put in order.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::super::ids::SourceId;
use crate::error::{Error, ErrorKind};
use crate::time::Instant;

/// Ids that no source has: sources count from 1.
const TIMER: u64 = u64::MAX;
const WAKE: u64 = u64::MAX - 1;

#[derive(Debug)]
pub(in crate::runtime) struct Poller {
    /// The epoll that the threads sleep on.
    sleep: OwnedFd,
    epoll: OwnedFd,
    timer: OwnedFd,
    wake: OwnedFd,
}

impl Poller {
    pub(in crate::runtime) fn new() -> io::Result<Self> {
        let sleep = epoll::create(CreateFlags::CLOEXEC)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), flags)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), flags)?;
        epoll::add(&sleep, &epoll, EventData::new_u64(0), flags)?;
        Ok(Poller { sleep, epoll, timer, wake })
    }

    /// Blocks until an event.
    pub(in crate::runtime) fn wait(&self) {
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
        // An interruption only causes an empty pass.
        let _ = epoll::wait(&self.sleep, &mut events, None);
    }

    /// Adds the readable sources to `ready`, and returns whether the timer has fired. Never blocks.
    pub(in crate::runtime) fn collect(&self, ready: &mut Vec<SourceId>) -> bool {
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 32];
        let mut timer = false;
        loop {
            let count =
                epoll::wait(&self.epoll, &mut events, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(0);
            for event in &events[..count] {
                match event.data.u64() {
                    TIMER => timer = true,
                    WAKE => {}
                    id => ready.push(SourceId(id)),
                }
            }
            if count < events.len() {
                return timer;
            }
        }
    }

    /// Wakes one of the threads.
    pub(in crate::runtime) fn wake(&self) {
        // Each write is an event. The counter is never read, and overflows only after some 10^19 writes.
        let _ = io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Sets the timer to `at`.
    pub(in crate::runtime) fn arm(&self, at: Instant) {
        // Zero would switch the timer off; one nanosecond fires at once.
        let nanos = at.as_nanos().clamp(1, i64::MAX as u64);
        let value =
            Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
        let setting = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        if let Err(error) = timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &setting) {
            log::error!("the timer cannot be set: {error}");
        }
    }

    pub(in crate::runtime) fn watch(&self, fd: &impl AsFd, id: SourceId) -> Result<(), Error> {
        epoll::add(&self.epoll, fd.as_fd(), EventData::new_u64(id.0), EventFlags::IN | EventFlags::ET)
            .map_err(|error| {
                Error::new(ErrorKind::Io, "the line's descriptor cannot be polled").with_source(error)
            })
    }

    /// Reports the source as readable once more, if it still is.
    pub(in crate::runtime) fn look_again(&self, fd: &impl AsFd, id: SourceId) {
        // Fails only if the file descriptor is not registered; then nobody waits for it.
        let flags = EventFlags::IN | EventFlags::ET;
        let _ = epoll::modify(&self.epoll, fd.as_fd(), EventData::new_u64(id.0), flags);
    }

    pub(in crate::runtime) fn forget(&self, fd: &impl AsFd) {
        // Fails only if the file descriptor is not registered, which is the wanted state.
        let _ = epoll::delete(&self.epoll, fd.as_fd());
    }
}
