//! The thread that sends waves: it sleeps until shortly before each change and spins for the rest.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::time::{Instant, ms, us};
use pinzero_core::{Condvar, Gpio, Level};

use super::{Pulse, Step, Waveform};
use crate::ClientId;
use crate::held::Held;
use crate::inbox::{Inbox, Message};
use crate::thread::spawn;

/// The last part of the wait before a change, which the thread spins instead of sleeping.
const SPIN: Duration = us(100);

/// The most backlog that is made up for: beyond this, late pulses are not sent all at once.
const BACKLOG: Duration = ms(10);

/// How many microseconds an endless loop without pulses waits before it repeats.
const EMPTY: u32 = 1_000_000;

/// The id that means "no wave is being sent".
const NOTHING: u32 = 9999;

/// What to send.
#[derive(Debug, Clone)]
pub(crate) enum Program {
    Once(Arc<Waveform>),
    Repeat(Arc<Waveform>),
    Chain(Vec<Step>),
}

impl Program {
    /// The id of the first wave.
    fn first(&self) -> u32 {
        match self {
            Program::Once(wave) | Program::Repeat(wave) => wave.id,
            Program::Chain(steps) => {
                let first = steps.iter().find_map(|step| match step {
                    Step::Wave(wave) => Some(wave.id),
                    _ => None,
                });
                first.unwrap_or(NOTHING)
            }
        }
    }
}

/// A program, and the lines that it drives.
#[derive(Debug, Clone)]
pub(crate) struct Playback {
    pub(crate) program: Program,
    pub(crate) outputs: Vec<(u32, Held)>,
    pub(crate) owner: ClientId,
}

/// The control of the thread.
#[derive(Debug)]
pub(crate) struct Player(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    gpio: Gpio,
    inbox: Arc<Inbox>,
    desk: Mutex<Desk>,
    /// Notified when the desk has changed.
    changed: Condvar,
    /// Counts interruptions; a change ends the running program.
    breaks: AtomicU64,
    /// Held during the writes of one pulse.
    pen: Mutex<()>,
    /// The wave that is being sent.
    at: AtomicU32,
}

#[derive(Debug, Default)]
struct Desk {
    current: Option<Playback>,
    /// The next run, after the current wave ends.
    next: Option<Playback>,
    is_over: bool,
}

impl Player {
    /// Starts the thread.
    pub(crate) fn start(gpio: Gpio, inbox: Arc<Inbox>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            gpio,
            inbox,
            desk: Mutex::default(),
            changed: Condvar::new(),
            breaks: AtomicU64::new(0),
            pen: Mutex::new(()),
            at: AtomicU32::new(NOTHING),
        });
        let body = shared.clone();
        spawn("pinzero-waves", move || body.run())?;
        Ok(Player(shared))
    }

    /// Sends `run` now, in place of the current run.
    pub(crate) fn play(&self, run: Playback) {
        // The wave counts as being sent, even before the thread wakes up.
        self.0.at.store(run.program.first(), Ordering::Relaxed);
        self.change(|desk| (desk.current, desk.next) = (Some(run), None));
    }

    /// Sends `run` after the current wave.
    pub(crate) fn play_next(&self, run: Playback) {
        let mut desk = self.0.desk.lock();
        match desk.current {
            None => {
                self.0.at.store(run.program.first(), Ordering::Relaxed);
                desk.current = Some(run);
            }
            Some(_) => desk.next = Some(run),
        }
        drop(desk);
        self.0.changed.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.change(|desk| (desk.current, desk.next) = (None, None));
    }

    /// Stops the waves of a client that is gone.
    pub(crate) fn stop_for(&self, client: ClientId) {
        let is_its = |run: &Option<Playback>| run.as_ref().is_some_and(|run| run.owner == client);
        let (current, next) = {
            let desk = self.0.desk.lock();
            (is_its(&desk.current), is_its(&desk.next))
        };
        if current {
            self.stop();
        } else if next {
            self.0.desk.lock().next = None;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        change(&mut self.0.desk.lock());
        self.0.breaks.fetch_add(1, Ordering::Release);
        self.0.changed.notify_one();
        // The current pulse is complete then, and no other follows: the client's next write stays.
        drop(self.0.pen.lock());
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.0.desk.lock().current.is_some()
    }

    /// Returns the id of the wave that is being sent; 9999 for none.
    pub(crate) fn at(&self) -> u32 {
        if self.is_busy() { self.0.at.load(Ordering::Relaxed) } else { NOTHING }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.change(|desk| *desk = Desk { is_over: true, ..Desk::default() });
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let (run, breaks) = {
                let mut desk = self.desk.lock();
                loop {
                    if desk.is_over {
                        return;
                    }
                    if let Some(run) = &desk.current {
                        break (run.clone(), self.breaks.load(Ordering::Acquire));
                    }
                    self.changed.wait(&mut desk);
                }
            };
            let mut sender = Sender { shared: self, outputs: run.outputs, breaks, cursor: self.gpio.now() };
            sender.send(&run.program);
            let mut desk = self.desk.lock();
            if self.breaks.load(Ordering::Acquire) == breaks {
                desk.current = desk.next.take();
            }
        }
    }

    fn has_next(&self) -> bool {
        self.desk.lock().next.is_some()
    }
}

/// The current run.
struct Sender<'a> {
    shared: &'a Shared,
    outputs: Vec<(u32, Held)>,
    breaks: u64,
    /// The time of the next change.
    cursor: Instant,
}

/// The run was told to stop.
struct Stopped;

impl Sender<'_> {
    fn send(&mut self, program: &Program) {
        // Stopped or complete, the run ends here.
        let _ = match program {
            Program::Once(wave) => self.wave(wave),
            Program::Repeat(wave) => self.repeat(wave),
            Program::Chain(steps) => self.chain(steps),
        };
    }

    fn repeat(&mut self, wave: &Waveform) -> Result<(), Stopped> {
        while !self.shared.has_next() {
            self.wave(wave)?;
        }
        Ok(())
    }

    fn chain(&mut self, steps: &[Step]) -> Result<(), Stopped> {
        // For each loop: its start, how often it was sent, and the time of its last start.
        let mut loops: Vec<(usize, u32, Instant)> = Vec::new();
        let mut index = 0;
        while let Some(step) = steps.get(index) {
            index += 1;
            match step {
                Step::Wave(wave) => self.wave(wave)?,
                Step::Pause { micros } => self.wait(*micros)?,
                Step::Begin if repeats(&steps[index..]) == 0 => index += length(&steps[index..]),
                Step::Begin => loops.push((index, 0, self.cursor)),
                Step::End { times } => {
                    if let Some((start, sent, begun)) = loops.last_mut() {
                        *sent += 1;
                        // A loop that has sent nothing will send nothing next time.
                        if *sent < *times && self.cursor != *begun {
                            (index, *begun) = (*start, self.cursor);
                        } else {
                            loops.pop();
                        }
                    }
                }
                Step::Forever => {
                    if let Some((start, _, begun)) = loops.last_mut() {
                        if self.cursor == *begun {
                            // An endless loop that sends nothing: waits for a stop, without using the processor.
                            self.wait(EMPTY)?;
                        }
                        (index, *begun) = (*start, self.cursor);
                    }
                }
            }
            self.check()?;
        }
        Ok(())
    }

    fn wave(&mut self, wave: &Waveform) -> Result<(), Stopped> {
        self.shared.at.store(wave.id, Ordering::Relaxed);
        for pulse in &wave.pulses {
            self.pulse(pulse)?;
            self.wait(pulse.micros)?;
        }
        // A wave of length zero must not keep a processor busy.
        if wave.pulses.iter().all(|pulse| pulse.micros == 0) {
            self.wait(1)?;
        }
        Ok(())
    }

    fn pulse(&self, pulse: &Pulse) -> Result<(), Stopped> {
        let _pen = self.shared.pen.lock();
        self.check()?;
        let at = self.shared.gpio.now();
        let (mut high, mut low) = (0, 0);
        for (gpio, output) in &self.outputs {
            let bit = 1 << gpio;
            if (pulse.on | pulse.off) & bit == 0 {
                continue;
            }
            let is_high = pulse.on & bit != 0;
            // A line that a client uses for another purpose is left alone.
            if output.write(Level::from(is_high)).is_ok_and(|is_written| is_written) {
                *(if is_high { &mut high } else { &mut low }) |= bit;
            }
        }
        if (high | low) & self.shared.inbox.watched() != 0 {
            self.shared.inbox.push(Message::Written { high, low, at });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Stopped> {
        if self.shared.breaks.load(Ordering::Acquire) == self.breaks { Ok(()) } else { Err(Stopped) }
    }

    fn wait(&mut self, micros: u32) -> Result<(), Stopped> {
        self.cursor += us(micros.into());
        let mut now = self.shared.gpio.now();
        if now - self.cursor > BACKLOG {
            self.cursor = now;
        }
        while now < self.cursor {
            self.check()?;
            let left = self.cursor - now;
            if left > SPIN {
                let mut desk = self.shared.desk.lock();
                // Checked under the lock: a later interruption notifies this thread.
                self.check()?;
                self.shared.changed.wait_for(&mut desk, left - SPIN);
            } else {
                std::hint::spin_loop();
            }
            now = self.shared.gpio.now();
        }
        self.check()
    }
}

/// Returns the number of steps of a loop, from the one after its start to its end.
fn length(steps: &[Step]) -> usize {
    let mut depth = 1;
    let end = steps.iter().position(|step| {
        match step {
            Step::Begin => depth += 1,
            Step::End { .. } | Step::Forever => depth -= 1,
            Step::Wave(_) | Step::Pause { .. } => {}
        }
        depth == 0
    });
    // The parser refuses a chain whose loops do not end.
    end.map_or(steps.len(), |end| end + 1)
}

/// Returns how often a loop is sent.
fn repeats(steps: &[Step]) -> u32 {
    match steps.get(length(steps).saturating_sub(1)) {
        Some(Step::End { times }) => *times,
        _ => 1,
    }
}
