//! SPI: on the board's buses, and on any pins.

use pinzero_core::{Level, SpiMode};
use pinzero_pigpio::protocol::Code;

use super::word;
use crate::ClientId;
use crate::answer::Answer;
use crate::bus::{Controller, Data, Device, ReplyWith, Select, Talk};
use crate::executor::Executor;

/// The main and the auxiliary bus: clock, data out and data in, chip select pins, and the modes of a pin on the bus.
const MAIN: ([u32; 3], &[u32], u32) = ([11, 10, 9], &[8, 7], 4);
const AUXILIARY: ([u32; 3], &[u32], u32) = ([21, 20, 19], &[18, 17, 16], 3);

/// The most bytes of a transfer.
const MOST: u32 = 65_535;

impl Executor {
    pub(crate) fn spi_open(
        &mut self,
        channel: u32,
        hertz: u32,
        flags: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let is_auxiliary = flags >> 8 & 1 == 1;
        let (pins, selects, mode) = if is_auxiliary { AUXILIARY } else { MAIN };
        let Some(&select) = selects.get(channel as usize) else { return Err(Code::BAD_SPI_CHANNEL) };
        if !(32_000..=125_000_000).contains(&hertz) {
            return Err(Code::BAD_SPI_SPEED);
        }
        let has_three_wires = flags >> 9 & 1 == 1;
        let word_bits = flags >> 16 & 0x3f;
        // Only the auxiliary bus has words of another size, and this daemon does not support them.
        if flags >> 22 != 0 || has_three_wires || !matches!(word_bits, 0 | 8) {
            return Err(Code::BAD_FLAGS);
        }
        let talk = talk(flags, hertz)?;
        let active = Level::from(flags >> (2 + channel) & 1 == 1);
        let is_reserved = flags >> (5 + channel) & 1 == 0;
        let select = is_reserved.then_some(Select { gpio: select, active });
        let controller = Controller { bus: is_auxiliary.into(), select: is_reserved.then_some(channel) };
        let device = Device { pins, select, controller: Some(controller), talk, shows: ([mode; 3], 1) };
        self.make_room(&device);
        Ok(self.buses.spi.open(&mut self.lines, device, client)?.into())
    }

    pub(crate) fn spi_read(&mut self, handle: u32, count: u32, client: ClientId) -> Result<Answer, Code> {
        if count > MOST {
            return Err(Code::BAD_SPI_COUNT);
        }
        self.buses.spi.transfer(handle, Data::Zeros(count as usize), ReplyWith::Bytes, client)
    }

    /// Opens a device on any pins. The extension holds data in, data out, clock, baud rate and flags.
    pub(crate) fn soft_spi_open(
        &mut self,
        select: u32,
        extension: &[u8],
        client: ClientId,
    ) -> Result<u32, Code> {
        let words: Vec<u32> = (0..5).map(|index| word(extension, index)).collect::<Result<_, _>>()?;
        let [miso, mosi, clock, hertz, flags] = words[..] else { return Err(Code::BAD_PARAM) };
        let pins = [clock, mosi, miso];
        for gpio in [select].into_iter().chain(pins) {
            self.lines.check_user(gpio)?;
        }
        if !(50..=250_000).contains(&hertz) {
            return Err(Code::BAD_SPI_BAUD);
        }
        let all = [select, clock, mosi, miso];
        if (1..4).any(|index| all[..index].contains(&all[index])) {
            return Err(Code::GPIO_IN_USE);
        }
        let select = Select { gpio: select, active: Level::from(flags >> 2 & 1 == 1) };
        let talk = talk(flags, hertz)?;
        let device = Device { pins, select: Some(select), controller: None, talk, shows: ([1, 1, 0], 1) };
        self.reclaim(select.gpio);
        self.make_room(&device);
        self.buses.spi.open_soft(&mut self.lines, select, device, client)?;
        Ok(0)
    }
}

impl Executor {
    /// Takes the lines that a device needs back from devices that no connected client uses.
    fn make_room(&mut self, device: &Device) {
        for gpio in self.buses.spi.needs(device) {
            self.reclaim(gpio);
        }
    }
}

fn talk(flags: u32, hertz: u32) -> Result<Talk, Code> {
    let mode = match flags & 3 {
        0 => SpiMode::Mode0,
        1 => SpiMode::Mode1,
        2 => SpiMode::Mode2,
        _ => SpiMode::Mode3,
    };
    let lsb_first = match flags >> 14 & 3 {
        0 => false,
        3 => true,
        // Different bit orders for the two directions are not supported; we found no client that needs them.
        _ => return Err(Code::BAD_FLAGS),
    };
    Ok(Talk { mode, lsb_first, hertz })
}
