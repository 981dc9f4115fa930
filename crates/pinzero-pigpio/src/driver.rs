//! What all driven pins have in common: a state that is wanted, sent without waiting, and confirmed.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::link::Link;
use crate::session::Session;
use crate::wire::{Complaints, Frame};

/// Sees to it that a pin gets into the state `V`.
#[derive(Debug)]
pub(crate) struct Driver<V> {
    link: Arc<Link>,
    state: Mutex<State<V>>,
    complaints: Arc<Complaints>,
}

#[derive(Debug)]
struct State<V> {
    wanted: V,
    /// What the daemon is known to have done: what is wanted again if the next wish fails.
    confirmed: V,
    /// In which session and up to which place it was sent last; `None` if it could not be.
    sent: Option<(Arc<Session>, u64)>,
    is_closed: bool,
}

impl<V: Copy + PartialEq> Driver<V> {
    /// For a pin that is in the state `value`.
    pub(crate) fn new(link: Arc<Link>, value: V) -> Self {
        let state = State { wanted: value, confirmed: value, sent: None, is_closed: false };
        Driver { link, state: Mutex::new(state), complaints: Arc::default() }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    pub(crate) fn wanted(&self) -> V {
        self.state.lock().wanted
    }

    /// Fails if it is closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.state.lock().is_closed { Err(Error::closed()) } else { Ok(()) }
    }

    /// Wants another state, by the requests that lead there from the present one; does not wait for anything.
    ///
    /// If it cannot be sent now it is when the connection is there again, unless [`confirm`](Driver::confirm) is
    /// called before.
    pub(crate) fn set<F: AsRef<[Frame]>>(
        &self,
        change: impl FnOnce(V) -> Result<V>,
        frames: impl FnOnce(V, V) -> F,
    ) -> Result<()> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Error::closed());
        }
        let before = state.wanted;
        state.wanted = change(before)?;
        let Ok(session) = self.link.session() else {
            state.sent = None;
            return Ok(());
        };
        let frames = frames(before, state.wanted);
        // The places are given with the lock held, so that two threads' wishes are sent in the order of the notes.
        let posted = session.wire.post(frames.as_ref(), &self.complaints);
        state.sent = posted.ok().flatten().map(|places| (session.clone(), places.end));
        drop(state);
        session.wire.flush();
        Ok(())
    }

    /// Waits until what was wanted last is done. What fails is not wanted any more.
    pub(crate) fn confirm(&self, catch_up: impl Fn(&Arc<Session>)) -> Result<()> {
        loop {
            let sent = {
                let state = self.state.lock();
                if state.is_closed {
                    return Ok(());
                }
                state.sent.clone()
            };
            let passed = match &sent {
                Some((session, place)) => session.wire.pass(*place),
                None => self.link.session().map(drop),
            };
            let failed = match passed {
                Ok(()) if self.state.lock().sent.is_none() => {
                    // It is there again, or was too busy to be sent anything more.
                    self.link.wait_for_session().and_then(|session| {
                        session.wire.drain()?;
                        catch_up(&session);
                        Ok(())
                    })
                }
                Ok(()) => return self.settle(),
                Err(_) if self.link.waits() => {
                    self.state.lock().forget(sent.as_ref());
                    self.link.wait_for_session().map(|session| catch_up(&session))
                }
                Err(error) => Err(error),
            };
            if let Err(error) = failed {
                let mut state = self.state.lock();
                if state.is_closed || state.is_sent_by(sent.as_ref()) {
                    state.wanted = state.confirmed;
                    return Err(error);
                }
                // Meanwhile it was sent in another way.
            }
        }
    }

    fn settle(&self) -> Result<()> {
        let mut state = self.state.lock();
        match self.complaints.take() {
            Some(error) => {
                state.wanted = state.confirmed;
                Err(error)
            }
            None => {
                state.confirmed = state.wanted;
                Ok(())
            }
        }
    }

    /// Sends what is wanted, if that could not be sent before.
    pub(crate) fn catch_up(&self, session: &Arc<Session>, frames: impl FnOnce(V) -> Vec<Frame>) {
        let mut state = self.state.lock();
        if state.is_closed || state.sent.is_some() {
            return;
        }
        let posted = session.wire.post(&frames(state.wanted), &self.complaints);
        state.sent = posted.ok().flatten().map(|places| (session.clone(), places.end));
        drop(state);
        session.wire.flush();
    }

    /// Brings a daemon that has forgotten it to what is wanted.
    pub(crate) fn restore(&self, session: &Arc<Session>, frames: impl FnOnce(V) -> Vec<Frame>) -> Result<()> {
        let wanted = {
            let state = self.state.lock();
            if state.is_closed {
                return Ok(());
            }
            state.wanted
        };
        let answers = session.wire.ask_all(&frames(wanted))?;
        answers.iter().try_for_each(|answer| answer.value().map(drop))?;
        let mut state = self.state.lock();
        if state.wanted == wanted {
            state.confirmed = wanted;
            state.sent = Some((session.clone(), 0));
        } else {
            // It was wished for something else meanwhile, or that was taken back.
            state.sent = None;
        }
        Ok(())
    }

    /// Ends it; tells what was wanted last, the first time.
    pub(crate) fn close(&self) -> Option<V> {
        let mut state = self.state.lock();
        let was_open = !std::mem::replace(&mut state.is_closed, true);
        state.sent = None;
        was_open.then_some(state.wanted)
    }
}

impl<V> State<V> {
    /// Whether these are still the requests by which it was wanted last.
    fn is_sent_by(&self, sent: Option<&(Arc<Session>, u64)>) -> bool {
        match (&self.sent, sent) {
            (Some((session, place)), Some((other, others))) => Arc::ptr_eq(session, other) && place == others,
            (sent, other) => sent.is_none() && other.is_none(),
        }
    }

    /// Has it sent again, if these are still the requests by which it was sent.
    fn forget(&mut self, sent: Option<&(Arc<Session>, u64)>) {
        if self.is_sent_by(sent) {
            self.sent = None;
        }
    }
}
