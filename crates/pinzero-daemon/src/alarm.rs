//! Wakes the loop at a moment. The poll's own timeout counts in milliseconds, which is too coarse for filters and scripts.

use std::io;
use std::time::Duration;

use mio::{Registry, Token};
use pinzero_core::time::Instant;

#[derive(Debug)]
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
    #[cfg(target_os = "linux")]
    armed: Option<Instant>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use std::os::fd::AsRawFd;

        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut mio::unix::SourceFd(&timer.as_raw_fd()), token, mio::Interest::READABLE)?;
        Ok(Alarm { timer, armed: None })
    }

    /// Sets it; returns how long the poll may wait at most.
    pub(crate) fn set(&mut self, at: Option<Instant>, now: Instant) -> Option<Duration> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        if at.is_some_and(|at| at <= now) {
            return Some(Duration::ZERO);
        }
        // One that has fired is armed for a moment that has passed, which is never asked for again.
        if at != self.armed {
            let left = at.map_or(Duration::ZERO, |at| at - now);
            let value = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let setting = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            if let Err(error) = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting) {
                log::error!("the timer cannot be set: {error}");
                return at.map(|at| at - now);
            }
            self.armed = at;
        }
        None
    }
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    pub(crate) fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Alarm {})
    }

    pub(crate) fn set(&mut self, at: Option<Instant>, now: Instant) -> Option<Duration> {
        at.map(|at| at - now)
    }
}
