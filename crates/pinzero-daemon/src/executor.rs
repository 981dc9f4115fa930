//! The executor: runs commands, and holds the state that they act on.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::time::{Instant, ms, us};
use pinzero_core::{Gpio, Level};
use pinzero_pigpio::protocol::{Code, Command, Report, Request};

use crate::ClientId;
use crate::answer::Answer;
use crate::bus::{Buses, Data, ReplyWith};
use crate::commands::{at_most, level, word};
use crate::inbox::{Inbox, Message};
use crate::lines::{Change, Lines};
use crate::script::Scripts;
use crate::watch::{Watch, tick};
use crate::wave::{Player, Waveforms};

/// The version of pigpio that the daemon reports.
const VERSION: i32 = 79;

/// The longest time for one client or script before others have their turn.
pub(crate) const SHARE_TIME: Duration = us(250);

/// The longest time for all clients that want more than a share, and for all scripts, before new requests have their turn.
pub(crate) const TURN_TIME: Duration = ms(1);

/// The most reports that come up before others have their turn, and they are sent. Each takes some 50 ns.
const REPORTS: usize = 16 * 1024;

/// The revision code for an unknown board: a Raspberry Pi 3B, which every client knows.
const GENERIC: u32 = 0x00a0_2082;

/// The state that all clients share.
#[derive(Debug)]
pub(crate) struct Executor {
    revision: u32,
    /// A client's outputs are given back when its connection ends.
    pub(crate) is_safe: bool,
    pub(crate) gpio: Gpio,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) lines: Lines,
    watch: Watch,
    pub(crate) buses: Buses,
    pub(crate) waves: Waveforms,
    /// Started with the first wave.
    pub(crate) player: Option<Player>,
    pub(crate) scripts: Scripts,
    changes: Vec<Change>,
}

impl Executor {
    /// Creates the executor. `permitted`: the GPIOs that clients may use. `handles`: the most notification handles.
    pub(crate) fn new(
        gpio: &Gpio,
        inbox: &Arc<Inbox>,
        permitted: u64,
        handles: usize,
        is_safe: bool,
    ) -> Self {
        Executor {
            revision: gpio.board().revision().unwrap_or(GENERIC),
            is_safe,
            gpio: gpio.clone(),
            inbox: inbox.clone(),
            lines: Lines::new(gpio.clone(), permitted, inbox.clone()),
            watch: Watch::new(handles),
            buses: Buses::new(gpio, inbox),
            waves: Waveforms::default(),
            player: None,
            scripts: Scripts::default(),
            changes: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.lines.now()
    }

    /// Opens all permitted lines as inputs, with their pulls unchanged.
    pub(crate) fn adopt_all(&mut self) {
        for gpio in 0..crate::lines::COUNT {
            if self.lines.check(gpio).is_ok() {
                // Missing lines, and those that another program holds, are refused when a client asks.
                let _ = self.lines.touch(gpio);
            }
        }
        self.note_changes();
    }

    /// Handles a message from another thread.
    pub(crate) fn hear(&mut self, message: Message) {
        match message {
            Message::Edge { gpio, edge } => {
                if edge.missed > 0 && gpio < u32::BITS {
                    self.watch.skip(1 << gpio, edge.missed);
                }
                self.lines.edge(gpio, edge.level, edge.at);
            }
            Message::Written { high, low, at } => {
                for gpio in (0..32).filter(|gpio| (high | low) >> gpio & 1 == 1) {
                    self.lines.written(gpio, Level::from(high >> gpio & 1 == 1), at);
                }
            }
            Message::BusClosed { bus } => self.buses.closed(&mut self.lines, bus),
            // The loop handles these.
            Message::Done { .. } | Message::Stop => {}
        }
        self.note_changes();
    }

    /// Handles lost changes: reads all lines, and lets clients notice the loss.
    pub(crate) fn catch_up(&mut self) {
        log::warn!("lines change faster than the daemon can follow: some changes have been lost");
        self.watch.skip(u32::MAX, 1);
        self.lines.refresh_all();
        self.note_changes();
    }

    /// Returns when [`fire`](Executor::fire) or [`run_scripts`](Executor::run_scripts) is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.watch.next().into_iter().chain(self.scripts.next()).min()
    }

    /// Does what is due, but for scripts.
    pub(crate) fn fire(&mut self, now: Instant) {
        self.watch.fire(now);
        self.note_changes();
    }

    /// Returns whether others have their turn because of the reports that must be sent.
    pub(crate) fn has_many_reports(&self) -> bool {
        self.watch.waiting() > REPORTS
    }

    /// Returns whether others have their turn: at this time, or because of the reports.
    pub(crate) fn is_used_up(&self, end: Instant) -> bool {
        self.has_many_reports() || self.now() >= end
    }

    /// Returns how many messages of other threads the loop takes at a time: each may be a report for each handle.
    pub(crate) fn appetite(&self) -> usize {
        REPORTS / self.watch.handles().max(1)
    }

    /// Returns the number of connections that take notifications.
    pub(crate) fn listeners(&self) -> usize {
        self.watch.open_handles()
    }

    /// The reports that have come up since this was last called.
    pub(crate) fn take_reports(&mut self, spare: &mut Vec<(ClientId, Report)>) {
        self.watch.take_reports(spare);
    }

    /// Handles the end of a connection.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.watch.close_all(client);
        self.inbox.set_watched(self.watch.mask());
        self.buses.forget(client);
        if self.is_safe {
            if let Some(player) = &self.player {
                player.stop_for(client);
            }
            self.scripts.stop_for(client);
            self.buses.close_all(&mut self.lines, client);
            self.lines.make_safe(client);
            self.note_changes();
        }
    }

    /// Runs a client's command.
    pub(crate) fn execute(&mut self, client: ClientId, request: &Request<'_>) -> Result<Answer, Code> {
        let command = Command::from_code(request.command).ok_or(Code::UNKNOWN_COMMAND)?;
        let answer = self.dispatch(client, command, request);
        self.note_changes();
        answer
    }

    fn note_changes(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        self.lines.take_changes(&mut changes);
        for Change { gpio, level, at } in changes.drain(..) {
            self.watch.change(gpio, level, at);
        }
        self.changes = changes;
        let counted = self.watch.take_counted();
        if counted != 0 {
            self.scripts.changed(counted);
        }
    }

    fn dispatch(
        &mut self,
        client: ClientId,
        command: Command,
        request: &Request<'_>,
    ) -> Result<Answer, Code> {
        use Command::*;
        let Request { p1, p2, extension, .. } = *request;
        let number = match command {
            Modes => self.set_mode(p1, p2, client)?,
            Modeg => {
                self.lines.check(p1)?;
                self.lines.mode(p1)
            }
            Pud => self.set_pull(p1, p2)?,
            Read => {
                self.lines.check(p1)?;
                self.lines.read(p1)?.is_high().into()
            }
            Write => {
                self.lines.check(p1)?;
                let level = level(p2)?;
                self.reclaim(p1);
                self.lines.write(p1, level, client)?;
                0
            }
            Br1 => self.lines.bank(0),
            Br2 => self.lines.bank(32),
            Bc1 => self.write_bank(0, p1, Level::Low, client)?,
            Bc2 => self.write_bank(32, p1, Level::Low, client)?,
            Bs1 => self.write_bank(0, p1, Level::High, client)?,
            Bs2 => self.write_bank(32, p1, Level::High, client)?,
            Trig => self.trigger(p1, p2, level(word(extension, 0)?)?, client)?,

            Pwm => self.set_duty(p1, p2, client)?,
            Prs => self.set_range(p1, p2, client)?,
            Pfs => self.set_frequency(p1, p2)?,
            Servo => self.set_servo(p1, p2, client)?,
            Hp => self.set_hardware_pwm(p1, p2, word(extension, 0)?, client)?,
            Prg | Pfg | Prrg | Gdc | Gpw => self.ask_pulse(command, p1)?,

            Tick => tick(self.now()),
            Hwver => self.revision,
            Pigpv => return Ok(Answer::Number(VERSION)),
            Help => 0,
            Mics if (1..=1_000_000).contains(&p1) => return Ok(self.pause(us(p1.into()))),
            Mics => return Err(Code::BAD_MICS_DELAY),
            Mils if (1..=60_000).contains(&p1) => return Ok(self.pause(ms(p1.into()))),
            Mils => return Err(Code::BAD_MILS_DELAY),

            Noib => self.watch.open(client, self.lines.now())? as u32,
            Nb => self.begin(p1, p2)?,
            Np => self.begin(p1, 0)?,
            Nc => {
                self.watch.close(p1)?;
                self.inbox.set_watched(self.watch.mask());
                0
            }
            Evm => {
                self.watch.begin_events(p1, p2)?;
                0
            }
            Evt => match p1 {
                0..32 => {
                    self.watch.event(p1 as u8, self.lines.now());
                    self.scripts.triggered(p1);
                    0
                }
                _ => return Err(Code::BAD_EVENT_ID),
            },
            Wdog => {
                self.lines.check_user(p1)?;
                let time = at_most(p2, 60_000, Code::BAD_WDOG_TIMEOUT)?;
                self.watch.set_watchdog(p1, ms(time), self.lines.now());
                0
            }
            Fg => {
                self.lines.check_user(p1)?;
                let steady = at_most(p2, 300_000, Code::BAD_FILTER)?;
                self.watch.set_glitch(p1, us(steady), self.lines.now());
                0
            }
            Fn => {
                self.lines.check_user(p1)?;
                let steady = at_most(p2, 300_000, Code::BAD_FILTER)?;
                let active = at_most(word(extension, 0)?, 1_000_000, Code::BAD_FILTER)?;
                self.watch.set_noise(p1, us(steady), us(active), self.lines.now());
                0
            }

            Spio => return self.spi_open(p1, p2, word(extension, 0)?, client),
            Spic => return self.buses.spi.close(&mut self.lines, p1, client),
            Spir => return self.spi_read(p1, p2, client),
            Spiw => {
                return self.buses.spi.transfer(
                    p1,
                    Data::Bytes(extension.to_vec()),
                    ReplyWith::Count,
                    client,
                );
            }
            Spix => {
                return self.buses.spi.transfer(
                    p1,
                    Data::Bytes(extension.to_vec()),
                    ReplyWith::Bytes,
                    client,
                );
            }
            Bspio => self.soft_spi_open(p1, extension, client)?,
            Bspic => return self.buses.spi.close_soft(&mut self.lines, p1, client),
            Bspix => return self.buses.spi.transfer_soft(p1, Data::Bytes(extension.to_vec()), client),

            I2co => return self.i2c_open(p1, p2, word(extension, 0)?, client),
            I2cc => return self.buses.i2c.close(&mut self.lines, p1, client),
            I2crd | I2cwd | I2cwq | I2crs | I2cws | I2crb | I2cwb | I2crw | I2cww | I2crk | I2cwk | I2cri
            | I2cwi | I2cpc | I2cpk | I2cz => return self.i2c(command, p1, p2, extension, client),
            Bi2co => return self.soft_i2c_open(p1, p2, word(extension, 0)?, client),
            Bi2cc => return self.buses.i2c.close_soft(&mut self.lines, p1, client),
            Bi2cz => return self.soft_i2c(p1, extension, client),
            Sero => return self.serial_open(p1, p2, extension, client),
            Serc => return self.buses.serial.close(&mut self.lines, p1, client),
            Serrb | Serwb | Serr | Serw | Serda => return self.serial(command, p1, p2, extension, client),

            Wvclr => {
                self.stop_waves();
                self.waves.clear();
                0
            }
            Wvnew => {
                self.waves.start();
                0
            }
            Wvag => self.add_pulses(extension)?,
            Wvas => self.add_serial(p1, p2, extension)?,
            Wvcre | Wvcap => self.waves.make()?,
            Wvdel => {
                self.waves.delete(p1)?;
                0
            }
            Wvtx => self.send_wave(p1, 0, client)?,
            Wvtxr => self.send_wave(p1, 1, client)?,
            Wvtxm => self.send_wave(p1, p2, client)?,
            Wvcha => self.send_chain(extension, client)?,
            Wvbsy => self.player.as_ref().is_some_and(Player::is_busy).into(),
            Wvtat => self.player.as_ref().map_or(9999, Player::at),
            Wvhlt => {
                self.stop_waves();
                0
            }
            Wvsm | Wvsp | Wvsc => self.ask_wave(command, p1)?,

            Proc => self.scripts.store(extension, client)?,
            Procp => return Ok(Answer::Bytes(self.scripts.status(p1)?)),
            Procr => {
                self.scripts.run(p1, extension, client)?;
                0
            }
            Procu => {
                self.scripts.update(p1, extension)?;
                0
            }
            Procs => {
                self.scripts.stop(p1)?;
                0
            }
            Procd => {
                self.scripts.delete(p1)?;
                0
            }

            _ => return Err(self.refuse(command, p1)),
        };
        Ok(number.into())
    }

    /// Takes a line back from an SPI bus that no connected client uses, because a command needs the line.
    pub(crate) fn reclaim(&mut self, gpio: u32) {
        self.buses.reclaim(&mut self.lines, gpio);
    }

    fn pause(&self, time: Duration) -> Answer {
        Answer::At(self.now() + time)
    }

    fn begin(&mut self, handle: u32, mask: u32) -> Result<u32, Code> {
        self.watch.check(handle)?;
        self.listen(mask);
        self.watch.begin(handle, mask & self.lines.permitted() as u32, self.lines.now())?;
        self.inbox.set_watched(self.watch.mask());
        Ok(0)
    }

    /// Opens the lines that some client watches.
    pub(crate) fn listen(&mut self, mask: u32) {
        for gpio in (0..32).filter(|gpio| mask >> gpio & 1 == 1) {
            // A client may watch all GPIOs: those that cannot be opened report nothing.
            if self.lines.check(gpio).is_ok() {
                let _ = self.lines.touch(gpio);
                self.lines.refresh(gpio);
            }
        }
        self.inbox.set_watched(self.watch.mask() | mask);
        self.note_changes();
    }
}
