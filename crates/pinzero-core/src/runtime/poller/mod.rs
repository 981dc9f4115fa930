//! The poller that the runtime's threads wait on.

#[cfg(any(test, not(target_os = "linux")))]
mod condvar;
#[cfg(target_os = "linux")]
mod epoll;

#[cfg(not(target_os = "linux"))]
pub(super) use condvar::Poller;
#[cfg(target_os = "linux")]
pub(super) use epoll::Poller;
