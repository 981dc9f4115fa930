//! What all driven pins have in common: a state that is wanted, sent without waiting, and confirmed.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::client::Client;
use crate::connection::Connection;
use crate::pipeline::{Complaints, Frame};

/// Sees to it that a pin gets into the state `V`.
#[derive(Debug)]
pub(crate) struct Desired<V> {
    client: Arc<Client>,
    state: Mutex<State<V>>,
    complaints: Arc<Complaints>,
}

#[derive(Debug)]
struct State<V> {
    wanted: V,
    /// What the daemon is known to have done: what is wanted again if the next wish fails.
    confirmed: V,
    /// Over which connection and up to which place it was sent last; `None` if it could not be.
    sent: Option<(Arc<Connection>, u64)>,
    is_closed: bool,
}

impl<V: Copy + PartialEq> Desired<V> {
    /// For a pin that is in the state `value`.
    pub(crate) fn new(client: Arc<Client>, value: V) -> Self {
        let state = State { wanted: value, confirmed: value, sent: None, is_closed: false };
        Desired { client, state: Mutex::new(state), complaints: Arc::default() }
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
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
    /// If it cannot be sent now it is when the connection is there again, unless [`confirm`](Desired::confirm) is
    /// called before.
    pub(crate) fn set<F: AsRef<[Frame]>>(
        &self,
        change: impl FnOnce(V) -> Result<V>,
        frames: impl FnOnce(V, V) -> F,
    ) -> Result<()> {
        self.set_after(change, |_, _| {}, frames)
    }

    /// As [`set`](Desired::set); `first` may give other requests their place right before, in the same write. Without a
    /// connection it is called all the same.
    pub(crate) fn set_after<F: AsRef<[Frame]>>(
        &self,
        change: impl FnOnce(V) -> Result<V>,
        first: impl FnOnce(V, Option<&Arc<Connection>>),
        frames: impl FnOnce(V, V) -> F,
    ) -> Result<()> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Error::closed());
        }
        let before = state.wanted;
        state.wanted = change(before)?;
        let Ok(connection) = self.client.connection() else {
            state.sent = None;
            first(state.wanted, None);
            return Ok(());
        };
        first(state.wanted, Some(&connection));
        let frames = frames(before, state.wanted);
        // The places are given with the lock held, so that two threads' wishes are sent in the order of the notes.
        state.post(&connection, frames.as_ref(), &self.complaints);
        drop(state);
        connection.pipeline.flush();
        Ok(())
    }

    /// Waits until what was wanted last is done, or is sent and not too much is unanswered, if writes are not acknowledged.
    /// What fails is not wanted any more.
    pub(crate) fn confirm(&self, catch_up: impl Fn(&Arc<Connection>)) -> Result<()> {
        loop {
            let sent = {
                let mut state = self.state.lock();
                if state.is_closed {
                    // What became of it nobody waits for any more.
                    return Err(Error::closed());
                }
                if self.client.lag() > 0 {
                    let behind =
                        state.sent.as_ref().map(|(connection, place)| connection.pipeline.behind(*place));
                    if let Some(behind) = behind.filter(|behind| *behind <= self.client.lag()) {
                        return state.settle(behind == 0, &self.complaints);
                    }
                }
                state.sent.clone()
            };
            // If it has to wait at all, then for so long that the next ones need not.
            let passed = match &sent {
                Some((connection, place)) => {
                    connection.pipeline.pass(place.saturating_sub(self.client.lag() / 2))
                }
                None => self.client.connection().map(drop),
            };
            let failed = match passed {
                Ok(()) if self.state.lock().sent.is_none() => {
                    // It is there again, or was too busy to be sent anything more.
                    self.client.wait_for_connection().and_then(|connection| {
                        connection.pipeline.drain()?;
                        catch_up(&connection);
                        Ok(())
                    })
                }
                Ok(()) => {
                    let is_done = self.client.lag() == 0;
                    return self.state.lock().settle(is_done, &self.complaints);
                }
                Err(_) if self.client.waits() => {
                    self.state.lock().forget(sent.as_ref());
                    self.client.wait_for_connection().map(|connection| catch_up(&connection))
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

    /// What writes have met that were not acknowledged, and that nobody has been told of.
    pub(crate) fn complaint(&self) -> Result<()> {
        let is_acknowledged = self.client.lag() == 0;
        if is_acknowledged { Ok(()) } else { self.complaints.take().map_or(Ok(()), Err) }
    }

    /// Sends what is wanted, if that could not be sent before.
    pub(crate) fn catch_up(&self, connection: &Arc<Connection>, frames: impl FnOnce(V) -> Vec<Frame>) {
        let mut state = self.state.lock();
        if state.is_closed || state.sent.is_some() {
            return;
        }
        let frames = frames(state.wanted);
        state.post(connection, &frames, &self.complaints);
        drop(state);
        connection.pipeline.flush();
    }

    /// Brings a daemon that has forgotten it to what is wanted.
    pub(crate) fn restore(
        &self,
        connection: &Arc<Connection>,
        frames: impl FnOnce(V) -> Vec<Frame>,
    ) -> Result<()> {
        let wanted = {
            let state = self.state.lock();
            if state.is_closed {
                return Ok(());
            }
            state.wanted
        };
        let answers = connection.pipeline.ask_all(&frames(wanted))?;
        answers.iter().try_for_each(|answer| answer.value().map(drop))?;
        let mut state = self.state.lock();
        if state.wanted == wanted {
            state.confirmed = wanted;
            state.sent = Some((connection.clone(), 0));
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

impl<V: Copy> State<V> {
    /// Sends what leads to what is wanted, if that can be done now.
    fn post(&mut self, connection: &Arc<Connection>, frames: &[Frame], complaints: &Arc<Complaints>) {
        match (connection.pipeline.post(frames, complaints), &mut self.sent) {
            (Ok(Some(places)), Some((same, place))) if Arc::ptr_eq(same, connection) => *place = places.end,
            (Ok(Some(places)), sent) => *sent = Some((connection.clone(), places.end)),
            (_, sent) => *sent = None,
        }
    }

    /// Tells what writes have met. What is wanted is confirmed if it `is_done`.
    fn settle(&mut self, is_done: bool, complaints: &Complaints) -> Result<()> {
        if let Some(error) = complaints.take() {
            self.wanted = self.confirmed;
            return Err(error);
        }
        if is_done {
            self.confirmed = self.wanted;
        }
        Ok(())
    }

    /// Whether these are still the requests by which it was wanted last.
    fn is_sent_by(&self, sent: Option<&(Arc<Connection>, u64)>) -> bool {
        match (&self.sent, sent) {
            (Some((connection, place)), Some((other, others))) => {
                Arc::ptr_eq(connection, other) && place == others
            }
            (sent, other) => sent.is_none() && other.is_none(),
        }
    }

    /// Has it sent again, if these are still the requests by which it was sent.
    fn forget(&mut self, sent: Option<&(Arc<Connection>, u64)>) {
        if self.is_sent_by(sent) {
            self.sent = None;
        }
    }
}
