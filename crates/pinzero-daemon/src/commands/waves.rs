//! Waveforms.

use pinzero_core::{Level, time::us};
use pinzero_pigpio::protocol::{Code, Command};

use super::{at_most, word};
use crate::ClientId;
use crate::executor::Executor;
use crate::wave::{MAX_BLOCKS, MAX_MICROS, MAX_PULSES, Playback, Player, Program, Pulse, Serial, Size, Step};

/// The code for a mode outside 0 to 3. The protocol has no better code.
const BAD_WAVE_MODE: Code = Code(-33);

/// The most characters of serial output per command.
const CHARACTERS: usize = 1200;

impl Executor {
    /// Adds pulses to the draft. Drops pulses on GPIOs that are not permitted, and tells the client.
    pub(crate) fn add_pulses(&mut self, extension: &[u8]) -> Result<u32, Code> {
        let permitted = self.lines.permitted() as u32;
        let mut dropped = 0;
        let pulses = extension.chunks_exact(12).map(|pulse| {
            let (on, off) = (word(pulse, 0)?, word(pulse, 1)?);
            dropped |= (on | off) & !permitted;
            Ok(Pulse { on: on & permitted, off: off & permitted, micros: word(pulse, 2)? })
        });
        let pulses: Vec<Pulse> = pulses.collect::<Result<_, Code>>()?;
        let count = self.waves.add(pulses)?;
        if dropped == 0 { Ok(count) } else { Err(Code::SOME_PERMITTED) }
    }

    /// Adds serial output to the draft. The extension holds data bits, half stop bits, an offset, and the text.
    pub(crate) fn add_serial(&mut self, gpio: u32, baud: u32, extension: &[u8]) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        let (data_bits, half_stop_bits, offset) =
            (word(extension, 0)?, word(extension, 1)?, word(extension, 2)?);
        let text = &extension[12..];
        match (baud, data_bits, half_stop_bits) {
            (50..=1_000_000, 1..=32, 2..=8) => {}
            (50..=1_000_000, 1..=32, _) => return Err(Code::BAD_STOPBITS),
            (50..=1_000_000, _, _) => return Err(Code::BAD_DATABITS),
            _ => return Err(Code::BAD_WAVE_BAUD),
        }
        at_most(offset, MAX_MICROS as u32, Code::BAD_SER_OFFSET)?;
        if text.len() > CHARACTERS {
            return Err(Code::TOO_MANY_CHARS);
        }
        let serial = Serial { gpio, baud, data_bits, half_stop_bits, offset };
        self.waves.add(serial.pulses(text))
    }

    /// Sends a wave: mode 0 once, mode 1 repeatedly; modes 2 and 3 do the same after the current wave.
    pub(crate) fn send_wave(&mut self, id: u32, mode: u32, client: ClientId) -> Result<u32, Code> {
        let wave = self.waves.get(id)?;
        if mode > 3 {
            return Err(BAD_WAVE_MODE);
        }
        let (mask, blocks) = (wave.mask, wave.blocks);
        let program = if mode & 1 == 0 { Program::Once(wave) } else { Program::Repeat(wave) };
        self.play(program, mask, mode >= 2, client)?;
        // pigpiod adds a block that ends the wave, or leads back to its start.
        Ok(blocks + 1)
    }

    pub(crate) fn send_chain(&mut self, bytes: &[u8], client: ClientId) -> Result<u32, Code> {
        let steps = self.waves.chain(bytes)?;
        let masks = steps.iter().map(|step| match step {
            Step::Wave(wave) => wave.mask,
            _ => 0,
        });
        let mask = masks.fold(0, |all, mask| all | mask);
        self.play(Program::Chain(steps), mask, false, client)?;
        Ok(0)
    }

    fn play(&mut self, program: Program, mask: u32, is_next: bool, client: ClientId) -> Result<(), Code> {
        let mut outputs = Vec::new();
        for gpio in (0..32).filter(|gpio| mask >> gpio & 1 == 1) {
            // As in pigpiod, a wave drives only lines that are outputs.
            if let Some(output) = self.lines.output(gpio, client) {
                outputs.push((gpio, output));
            }
        }
        let run = Playback { program, outputs, owner: client };
        let player = match &mut self.player {
            Some(player) => player,
            none => {
                let started = Player::start(self.gpio.clone(), self.inbox.clone());
                none.insert(started.map_err(|error| {
                    log::warn!("cannot start the thread that sends waves: {error}");
                    Code::NO_MEMORY
                })?)
            }
        };
        if is_next {
            player.play_next(run);
        } else {
            player.play(run);
        }
        Ok(())
    }

    pub(crate) fn stop_waves(&self) {
        if let Some(player) = &self.player {
            player.stop();
        }
    }

    /// Returns the size of the last wave, of the largest so far, and the limit.
    pub(crate) fn ask_wave(&self, command: Command, which: u32) -> Result<u32, Code> {
        let most = Size { micros: MAX_MICROS as u32, pulses: MAX_PULSES as u32, blocks: MAX_BLOCKS };
        let sizes = [self.waves.size, self.waves.high, most];
        let size = sizes.get(which as usize);
        match command {
            Command::Wvsm => size.map(|size| size.micros).ok_or(Code::BAD_WVSM_COMMND),
            Command::Wvsp => size.map(|size| size.pulses).ok_or(Code::BAD_WVSP_COMMND),
            _ => size.map(|size| size.blocks).ok_or(Code::BAD_WVSC_COMMND),
        }
    }

    /// Sends a short pulse.
    pub(crate) fn trigger(
        &mut self,
        gpio: u32,
        micros: u32,
        level: Level,
        client: ClientId,
    ) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !(1..=100).contains(&micros) {
            return Err(Code::BAD_PULSELEN);
        }
        let start = self.now();
        self.lines.preset(gpio, level, start, client)?;
        // The pulse is shorter than any sleep: starting a thread would take longer.
        let end = self.now() + us(micros.into());
        while self.now() < end {
            std::hint::spin_loop();
        }
        self.lines.preset(gpio, !level, end, client)?;
        Ok(0)
    }
}
