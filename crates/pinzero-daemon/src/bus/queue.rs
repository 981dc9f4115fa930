//! The waiting transfers of a bus.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use pinzero_core::{Level, Output};
use pinzero_pigpio::protocol::Code;

use super::{ReplyWith, Talk};
use crate::ClientId;

/// The most waiting transfers of a bus, and the most bytes that they hold.
const JOBS: usize = 256;
const BYTES: usize = 1 << 20;

/// The bytes that a transfer sends.
#[derive(Debug)]
pub(crate) enum Data {
    Bytes(Vec<u8>),
    /// This many zeros, which take no memory before their transfer begins.
    Zeros(usize),
}

impl Data {
    /// Returns the memory that the waiting bytes take.
    fn size(&self) -> usize {
        match self {
            Data::Bytes(bytes) => bytes.len(),
            Data::Zeros(_) => 0,
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Data::Bytes(bytes) => bytes,
            Data::Zeros(count) => vec![0; count],
        }
    }
}

#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) client: ClientId,
    pub(super) talk: Talk,
    pub(super) select: Option<(Output, Level)>,
    pub(super) data: Data,
    pub(super) reply: ReplyWith,
}

/// What the thread of a bus does next.
#[derive(Debug)]
pub(super) enum Job {
    Transfer(Transfer),
    /// Closes the bus, and answers the client that has asked for it.
    Close(ClientId),
    /// Ends: the loop has closed the bus already.
    End,
}

/// The way from the loop to the thread of a bus. The lock is held only briefly.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Notified when the thread has something to do.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Transfer>,
    bytes: usize,
    /// The client whose transfer is under way.
    served: Option<ClientId>,
    /// The client that closes the bus, once all transfers are done.
    closer: Option<ClientId>,
    is_over: bool,
}

impl Queue {
    /// Adds a transfer.
    ///
    /// A full queue refuses it, and does not make the client wait: the transfers ahead may take hours, and a client that gets an
    /// error knows.
    pub(super) fn push(&self, transfer: Transfer) -> Result<(), Code> {
        let mut state = self.state.lock();
        let bytes = state.bytes + transfer.data.size();
        if state.waiting.len() >= JOBS || bytes > BYTES {
            drop(state);
            log::warn!("a transfer was refused: too many others wait for the bus");
            return Err(Code::SPI_XFER_FAILED);
        }
        state.bytes = bytes;
        state.waiting.push_back(transfer);
        self.changed.notify_one();
        Ok(())
    }

    /// Removes the transfers of a client that is gone, and ends the one under way.
    pub(super) fn cancel(&self, client: ClientId) {
        let mut state = self.state.lock();
        state.served.take_if(|served| *served == client);
        state.waiting.retain(|transfer| transfer.client != client);
        state.bytes = state.waiting.iter().map(|transfer| transfer.data.size()).sum();
    }

    /// Returns whether the transfer under way is still wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.state.lock().served.is_some()
    }

    /// Makes the thread close the bus after all transfers.
    pub(super) fn close(&self, client: ClientId) {
        self.state.lock().closer = Some(client);
        self.changed.notify_one();
    }

    /// Returns whether a client is closing the bus.
    pub(super) fn is_closing(&self) -> bool {
        self.state.lock().closer.is_some()
    }

    /// Makes the thread end at once. The waiting transfers are dropped.
    pub(super) fn end(&self) {
        *self.state.lock() = State { is_over: true, ..State::default() };
        self.changed.notify_one();
    }

    /// Blocks until there is a job.
    pub(super) fn next(&self) -> Job {
        let mut state = self.state.lock();
        state.served = None;
        loop {
            if state.is_over {
                return Job::End;
            }
            if let Some(transfer) = state.waiting.pop_front() {
                state.bytes -= transfer.data.size();
                state.served = Some(transfer.client);
                return Job::Transfer(transfer);
            }
            if let Some(client) = state.closer {
                return Job::Close(client);
            }
            self.changed.wait(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::SpiMode;

    use super::*;

    fn transfer(serial: u32, data: Data) -> Transfer {
        let talk = Talk { mode: SpiMode::Mode0, lsb_first: false, hertz: 50_000 };
        let client = ClientId { slot: 0, serial };
        Transfer { client, talk, select: None, data, reply: ReplyWith::Bytes }
    }

    /// How many such transfers a queue takes.
    fn room(queue: &Queue, data: impl Fn() -> Data) -> usize {
        (0..10_000).take_while(|_| queue.push(transfer(1, data())).is_ok()).count()
    }

    #[test]
    fn a_queue_is_bounded_in_transfers_and_in_bytes() {
        assert_eq!(room(&Queue::default(), || Data::Bytes(vec![0; 3])), JOBS);
        assert_eq!(room(&Queue::default(), || Data::Zeros(65_535)), JOBS);
        let queue = Queue::default();
        assert_eq!(room(&queue, || Data::Bytes(vec![0; 65_535])), BYTES / 65_535);
        assert_eq!(queue.push(transfer(2, Data::Zeros(65_535))), Ok(()), "zeros take no memory");
    }

    #[test]
    fn what_is_taken_or_cancelled_makes_room() {
        let queue = Queue::default();
        let full = room(&queue, || Data::Bytes(vec![0; 65_535]));
        assert!(matches!(queue.next(), Job::Transfer(_)));
        assert_eq!(room(&queue, || Data::Bytes(vec![0; 65_535])), 1);
        queue.cancel(ClientId { slot: 0, serial: 2 });
        assert!(queue.is_wanted());
        queue.cancel(ClientId { slot: 0, serial: 1 });
        assert!(!queue.is_wanted());
        assert_eq!(room(&queue, || Data::Bytes(vec![0; 65_535])), full);
    }
}
