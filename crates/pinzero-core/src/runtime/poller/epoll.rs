//! The poller on Linux: one epoll for line descriptors, a timer and a wake-up, shared by both threads.
//!
//! All of it is edge-triggered: each event wakes exactly one of the two, and the other sleeps on.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::super::TaskId;
use crate::time::Instant;

/// Names that no task has: tasks count from 1.
const TIMER: u64 = u64::MAX;
const WAKE: u64 = u64::MAX - 1;

#[derive(Debug)]
pub(in crate::runtime) struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    wake: OwnedFd,
}

impl Poller {
    pub(in crate::runtime) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN | EventFlags::ET)?;
        Ok(Poller { epoll, timer, wake })
    }

    /// Sleeps until something happens; the tasks whose descriptors are readable go to `ready`. Tells whether the
    /// timer fired.
    pub(in crate::runtime) fn wait(&self, ready: &mut Vec<TaskId>) -> bool {
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 32];
        // Interrupted is as good as woken for nothing.
        let count = epoll::wait(&self.epoll, &mut events, None).unwrap_or(0);
        let mut timer = false;
        for event in &events[..count] {
            match event.data.u64() {
                TIMER => timer = true,
                WAKE => {}
                id => ready.push(TaskId(id)),
            }
        }
        timer
    }

    /// Has one of the waiting threads look round.
    pub(in crate::runtime) fn wake(&self) {
        // Each write is an event of its own; the counter is never read, and is full after some 10^19 of them.
        let _ = io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Sets the timer to `at`.
    pub(in crate::runtime) fn arm(&self, at: Instant) {
        // A timer at zero would be off; the earliest that is on fires at once.
        let nanos = at.as_nanos().clamp(1, i64::MAX as u64);
        let value =
            Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
        let setting = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        if let Err(error) = timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &setting) {
            log::error!("the timer cannot be set: {error}");
        }
    }

    pub(in crate::runtime) fn watch(&self, fd: &OwnedFd, id: TaskId) -> io::Result<()> {
        epoll::add(&self.epoll, fd.as_fd(), EventData::new_u64(id.0), EventFlags::IN | EventFlags::ET)
    }

    pub(in crate::runtime) fn forget(&self, fd: &OwnedFd) {
        // It fails only if the descriptor is not there, which is what is wanted.
        let _ = epoll::delete(&self.epoll, fd.as_fd());
    }
}
