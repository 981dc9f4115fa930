//! Measures how long one request of a connection has been in one state.

use std::time::Duration;

use pinzero_core::time::Instant;

/// Runs while a request is in some state, such as incomplete. Starts again for another request.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(Option<(u64, Instant)>);

impl Stopwatch {
    /// Notes whether request number `request` is in the state now. Returns the start if the measurement has just begun.
    pub(crate) fn note(&mut self, is_so: bool, request: u64, now: Instant) -> Option<Instant> {
        match self.0 {
            Some((measured, _)) if is_so && measured == request => None,
            _ => {
                self.0 = is_so.then_some((request, now));
                is_so.then_some(now)
            }
        }
    }

    /// Returns when the time of the current request is up, or `None` if none is measured.
    pub(crate) fn end(&self, limit: Duration) -> Option<Instant> {
        self.0.map(|(_, start)| start + limit)
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::time::secs;

    use super::*;

    #[test]
    fn each_request_has_a_time_of_its_own_from_its_own_start() {
        let at = |seconds| Instant::ZERO + secs(seconds);
        let mut watch = Stopwatch::default();
        assert_eq!(watch.note(true, 1, at(0)), Some(at(0)));
        assert_eq!(watch.note(true, 1, at(1)), None, "more bytes of the same request");
        assert_eq!(watch.end(secs(60)), Some(at(60)));
        assert_eq!(watch.note(true, 2, at(2)), Some(at(2)));
        assert_eq!(watch.end(secs(60)), Some(at(62)), "not a minute after the first one's end");
        assert_eq!(watch.note(false, 2, at(3)), None);
        assert_eq!(watch.end(secs(60)), None);
        assert_eq!(watch.note(true, 2, at(50)), Some(at(50)), "what was in between does not count");
    }
}
