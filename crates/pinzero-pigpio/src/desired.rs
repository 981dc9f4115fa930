//! The common part of all driven pins: a wanted state, sent without waiting, and confirmed.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::client::Client;
use crate::connection::Connection;
use crate::pipeline::{Complaints, Frame};

/// Brings a pin into the state `V`.
#[derive(Debug)]
pub(crate) struct Desired<V> {
    client: Arc<Client>,
    state: Mutex<State<V>>,
    complaints: Arc<Complaints>,
}

#[derive(Debug)]
struct State<V> {
    wanted: V,
    /// The last state that the daemon confirmed. If the next wish fails, this state is wanted again.
    confirmed: V,
    /// The connection and place of the last send; `None` if it failed.
    sent: Option<(Arc<Connection>, u64)>,
    is_closed: bool,
}

impl<V: Copy + PartialEq> Desired<V> {
    /// Returns one for a pin in the state `value`.
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

    /// Fails if the pin is closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.state.lock().is_closed { Err(Error::closed()) } else { Ok(()) }
    }

    /// Wants another state, which `requests` lead to from the present one. Does not wait.
    ///
    /// If the requests cannot be sent now, they are sent when the connection is back, unless
    /// [`confirm`](Desired::confirm) is called first.
    pub(crate) fn set<F: AsRef<[Frame]>>(
        &self,
        change: impl FnOnce(V) -> Result<V>,
        frames: impl FnOnce(V, V) -> F,
    ) -> Result<()> {
        self.set_after(change, |_, _| {}, frames)
    }

    /// Like [`set`](Desired::set). `first` may enqueue other requests right before, in the same write; it is called
    /// even without a connection.
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
        // Requests are enqueued with the lock held, so that the wishes of two threads are sent in the recorded order.
        state.post(&connection, frames.as_ref(), &self.complaints);
        drop(state);
        connection.pipeline.flush();
        Ok(())
    }

    /// Waits until the last wish is done. If writes are not acknowledged, waits until it is sent and few enough
    /// requests are unanswered. A wish that fails is dropped.
    pub(crate) fn confirm(&self, catch_up: impl Fn(&Arc<Connection>)) -> Result<()> {
        loop {
            let sent = {
                let mut state = self.state.lock();
                if state.is_closed {
                    // No one waits for its result any more.
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
            // If it must wait, it waits long enough that the next ones need not.
            let passed = match &sent {
                Some((connection, place)) => {
                    connection.pipeline.pass(place.saturating_sub(self.client.lag() / 2))
                }
                None => self.client.connection().map(drop),
            };
            let failed = match passed {
                Ok(()) if self.state.lock().sent.is_none() => {
                    // The connection is back, or was too busy to send more.
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
                // It was sent in another way meanwhile.
            }
        }
    }

    /// Errors of unacknowledged writes that have not been reported yet.
    pub(crate) fn complaint(&self) -> Result<()> {
        let is_acknowledged = self.client.lag() == 0;
        if is_acknowledged { Ok(()) } else { self.complaints.take().map_or(Ok(()), Err) }
    }

    /// Sends the wanted state, if it could not be sent before.
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

    /// Restores the wanted state on a daemon that has forgotten it.
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
            // Another state is wanted by now, or the wish was dropped.
            state.sent = None;
        }
        Ok(())
    }

    /// Ends it; the first call returns the last wanted state.
    pub(crate) fn close(&self) -> Option<V> {
        let mut state = self.state.lock();
        let was_open = !std::mem::replace(&mut state.is_closed, true);
        state.sent = None;
        was_open.then_some(state.wanted)
    }
}

impl<V: Copy> State<V> {
    /// Sends the requests for the wanted state, if that is possible now.
    fn post(&mut self, connection: &Arc<Connection>, frames: &[Frame], complaints: &Arc<Complaints>) {
        match (connection.pipeline.post(frames, complaints), &mut self.sent) {
            (Ok(Some(places)), Some((same, place))) if Arc::ptr_eq(same, connection) => *place = places.end,
            (Ok(Some(places)), sent) => *sent = Some((connection.clone(), places.end)),
            (_, sent) => *sent = None,
        }
    }

    /// Returns the errors of writes. The wanted state is confirmed if it `is_done`.
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

    /// Returns whether these are still the requests of the last wish.
    fn is_sent_by(&self, sent: Option<&(Arc<Connection>, u64)>) -> bool {
        match (&self.sent, sent) {
            (Some((connection, place)), Some((other, others))) => {
                Arc::ptr_eq(connection, other) && place == others
            }
            (sent, other) => sent.is_none() && other.is_none(),
        }
    }

    /// Makes it be sent again, if these are still the requests of the last send.
    fn forget(&mut self, sent: Option<&(Arc<Connection>, u64)>) {
        if self.is_sent_by(sent) {
            self.sent = None;
        }
    }
}
