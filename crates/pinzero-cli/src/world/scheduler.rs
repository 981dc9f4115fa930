//! Runs the steps of a world at their times, on a thread of its own.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use pinzero_core::Line;
use pinzero_core::mock::MockGpio;
use pinzero_core::time::{Instant, us};

use super::Step;

/// The last part of the wait before a step, which the thread spins instead of sleeping.
const SPIN: Duration = us(100);

/// Owns the thread. Dropping this ends the thread.
#[derive(Debug)]
pub(crate) struct Scheduler(Orders);

/// Sends orders to the thread.
#[derive(Debug, Clone)]
pub(crate) struct Orders(Sender<Order>);

#[derive(Debug)]
enum Order {
    Schedule(Instant, Sequence),
    End,
}

/// Steps, and the period after which they repeat.
#[derive(Debug, Clone)]
struct Sequence {
    steps: Vec<Step>,
    next: usize,
    period: Option<Duration>,
    start: Instant,
}

impl Scheduler {
    pub(crate) fn start(mock: MockGpio) -> io::Result<Scheduler> {
        let (sender, orders) = mpsc::channel();
        thread::Builder::new().name("pinzero-world".into()).spawn(move || run(&mock, &orders))?;
        Ok(Scheduler(Orders(sender)))
    }

    pub(crate) fn orders(&self) -> Orders {
        self.0.clone()
    }

    /// Starts `steps` at `start`, and again after each `period`.
    pub(crate) fn schedule(&self, start: Instant, steps: Vec<Step>, period: Option<Duration>) {
        self.0.schedule(start, steps, period);
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // This fails only if the thread has ended already.
        let _ = self.0.0.send(Order::End);
    }
}

impl Orders {
    pub(crate) fn schedule(&self, start: Instant, steps: Vec<Step>, period: Option<Duration>) {
        let Some(first) = steps.first() else { return };
        let at = start + first.after;
        // This fails only if the thread has ended, and the world with it.
        let _ = self.0.send(Order::Schedule(at, Sequence { steps, next: 0, period, start }));
    }
}

fn run(mock: &MockGpio, orders: &Receiver<Order>) {
    // Sorted by time; steps of the same time stay in the order of their orders.
    let mut due: BTreeMap<(Instant, u64), Sequence> = BTreeMap::new();
    let mut count = 0;
    loop {
        let order = match due.first_key_value() {
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(((at, _), _)) => orders.recv_timeout((*at - mock.now()).saturating_sub(SPIN)),
        };
        match order {
            Ok(Order::Schedule(at, sequence)) => {
                count += 1;
                due.insert((at, count), sequence);
                continue;
            }
            Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let Some(((at, _), mut sequence)) = due.pop_first() else { continue };
        while mock.now() < at {
            std::hint::spin_loop();
        }
        let Some(step) = sequence.steps.get(sequence.next) else { continue };
        // The edge has the planned time, even if this thread is late.
        mock.line(Line(step.gpio)).drive_at(at, step.drive);
        sequence.next += 1;
        let next = match (sequence.steps.get(sequence.next), sequence.period) {
            (Some(step), _) => at + step.after,
            (None, Some(period)) => {
                sequence.start += period;
                sequence.next = 0;
                sequence.start + sequence.steps.first().map_or(Duration::ZERO, |step| step.after)
            }
            (None, None) => continue,
        };
        count += 1;
        due.insert((next, count), sequence);
    }
}
