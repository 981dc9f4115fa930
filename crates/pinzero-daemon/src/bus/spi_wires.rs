//! The wires of an SPI bus: its pins, driven bit by bit, or the controller that has them.

use parking_lot::Mutex;
use pinzero_core::{Error, ErrorKind, Gpio, Level, Line, Output, Result, Spi, Support};

use super::spi::{Controller, Device, Talk};

/// The most bytes that are sent before the thread looks whether the client is still there.
const MOST: u32 = 64;

/// How many times a second the thread looks, at low clock rates.
const LOOKS: u32 = 100;

/// The wires of a bus while they are open. The lock is held only briefly.
#[derive(Debug)]
pub(super) struct Wires {
    gpio: Gpio,
    is_controller: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Vec<Open>,
    /// The chip select of the transfer under way.
    busy: Option<Option<u32>>,
    /// Closed for good.
    is_over: bool,
}

#[derive(Debug, Clone)]
struct Open {
    /// The chip select of the controller; `None` if the daemon drives the chip selects, or nobody.
    select: Option<u32>,
    /// With the polarity of a controller's chip select.
    settings: (Talk, bool),
    spi: Spi,
}

impl Open {
    /// Returns whether this must be closed before a device with that chip select is opened.
    fn is_in_the_way_of(&self, select: Option<u32>) -> bool {
        self.select == select || self.select.is_none() || select.is_none()
    }
}

impl Wires {
    /// Opens the bus of a device: by the controller that has its pins, if the factory has that, else bit by bit.
    pub(super) fn open(gpio: &Gpio, device: &Device) -> Result<Self> {
        let new = |is_controller| Wires { gpio: gpio.clone(), is_controller, state: Mutex::default() };
        if device.controller.is_some() && gpio.capabilities().hardware_spi == Support::Native {
            let wires = new(true);
            match wires.prepare(device) {
                Ok(()) => return Ok(wires),
                Err(error) if matches!(error.kind(), ErrorKind::PinInUse | ErrorKind::Busy) => {
                    return Err(error);
                }
                Err(error) => log::info!("SPI is driven bit by bit, without the controller: {error}"),
            }
        }
        let wires = new(false);
        wires.prepare(device)?;
        Ok(wires)
    }

    pub(super) fn is_controller(&self) -> bool {
        self.is_controller
    }

    /// Returns the chip select that the controller drives for a device.
    fn select(&self, device: &Device) -> Option<u32> {
        device.controller.filter(|_| self.is_controller)?.select
    }

    /// Opens a chip select of the controller, unless that closes another: a transfer may use the other, so the first transfer of
    /// the device does both.
    pub(super) fn prepare(&self, device: &Device) -> Result<()> {
        let select = self.select(device);
        let is_free = !self.state.lock().open.iter().any(|open| open.is_in_the_way_of(select));
        if is_free { self.with(device).map(drop) } else { Ok(()) }
    }

    /// Closes a chip select of the controller that no device has, unless a transfer uses it; returns whether it is closed.
    pub(super) fn release(&self, device: &Device) -> bool {
        if !self.is_controller {
            return true;
        }
        let select = self.select(device);
        let mut state = self.state.lock();
        if state.busy == Some(select) {
            return false;
        }
        let place = state.open.iter().position(|open| open.select == select);
        let gone = place.map(|place| state.open.remove(place));
        drop(state);
        gone.iter().for_each(close);
        true
    }

    /// Closes the wires for good. A running transfer fails.
    pub(super) fn end(&self) {
        let open = {
            let mut state = self.state.lock();
            state.is_over = true;
            std::mem::take(&mut state.open)
        };
        open.iter().for_each(close);
    }

    /// Returns the bus, opened with the settings of this device.
    fn with(&self, device: &Device) -> Result<Spi> {
        let select = self.select(device);
        let is_high = self.is_controller && device.select.is_some_and(|select| select.active == Level::High);
        let settings = (device.talk, is_high);
        let before: Vec<Open> = {
            let mut state = self.state.lock();
            if state.is_over {
                return Err(Error::closed());
            }
            let mut same = state.open.iter();
            if let Some(open) = same.find(|open| open.select == select && open.settings == settings) {
                return Ok(open.spi.clone());
            }
            let open = std::mem::take(&mut state.open);
            let (before, stays) = open.into_iter().partition(|open| open.is_in_the_way_of(select));
            state.open = stays;
            before
        };
        // No device is selected now, so all devices ignore the clock.
        drop(before);
        let spi = self.start(device, is_high)?;
        let mut state = self.state.lock();
        if state.is_over {
            return Err(Error::closed());
        }
        state.open.push(Open { select, settings, spi: spi.clone() });
        Ok(spi)
    }

    fn start(&self, device: &Device, is_high: bool) -> Result<Spi> {
        let [clock, mosi, miso] = device.pins.map(Line);
        let builder = match device.controller.filter(|_| self.is_controller) {
            Some(Controller { bus, select: Some(select) }) => {
                self.gpio.hardware_spi(bus, select).select_high(is_high)
            }
            Some(Controller { bus, select: None }) => self.gpio.hardware_spi(bus, 0).unselected(),
            None => self.gpio.spi(clock).mosi(mosi).miso(miso),
        };
        let Talk { mode, lsb_first, hertz } = device.talk;
        builder.mode(mode).lsb_first(lsb_first).max_rate(hertz).open()
    }

    /// Exchanges bytes with a device; `select` is its chip select pin, if the daemon drives the pin.
    pub(super) fn transfer(
        &self,
        device: &Device,
        select: Option<(Output, Level)>,
        data: &mut [u8],
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<()> {
        self.state.lock().busy = Some(self.select(device));
        let result = self.with(device).and_then(|spi| match (data.len(), self.is_controller) {
            (0, _) => Ok(()),
            // The device stays selected from the first byte to the last.
            (_, true) => spi.transfer(data),
            (_, false) => by_pieces(&spi, device.talk, select, data, is_wanted),
        });
        self.state.lock().busy = None;
        result
    }
}

/// Sends in pieces of about 10 ms, so that the bus is free soon after its client has gone.
fn by_pieces(
    spi: &Spi,
    talk: Talk,
    select: Option<(Output, Level)>,
    data: &mut [u8],
    is_wanted: &dyn Fn() -> bool,
) -> Result<()> {
    if let Some((pin, active)) = &select {
        pin.set(*active)?;
    }
    let piece = (talk.hertz / 8 / LOOKS).clamp(1, MOST);
    let mut pieces = data.chunks_mut(piece as usize).take_while(|_| is_wanted());
    let result = pieces.try_for_each(|piece| spi.transfer(piece));
    // Even after an error, the device must not stay selected.
    let released = select.map_or(Ok(()), |(pin, active)| pin.set(!active));
    result.and(released)
}

fn close(open: &Open) {
    if let Err(error) = open.spi.close() {
        log::warn!("a bus was not closed properly: {error}");
    }
}
