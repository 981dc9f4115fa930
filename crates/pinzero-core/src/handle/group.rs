//! Several driven lines that change together.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::capability::Support;
use crate::error::{Error, ErrorKind, Result};
use crate::factory::{GroupConfig, OutputConfig, OutputGroupPins, OutputPin};
use crate::gpio::Gpio;
use crate::handle::line_info::{LineFunction, LineInfo};
use crate::handle::reserve::Reserver;
use crate::handle::{Close, HandleRef, Lifecycle};
use crate::pin_spec::PinSpec;
use crate::types::{Level, Line, OnClose};

/// The most lines that a group can have: as many as the kernel takes in one request, and as a mask has bits.
const MOST: usize = 64;

/// How to open an [`OutputGroup`]; made by [`Gpio::group`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct GroupBuilder {
    gpio: Gpio,
    pins: Vec<PinSpec>,
    device: &'static str,
    initial: u64,
    on_close: Option<OnClose>,
}

impl GroupBuilder {
    pub(crate) fn new(gpio: Gpio, pins: Vec<PinSpec>) -> Self {
        GroupBuilder { gpio, pins, device: "OutputGroup", initial: 0, on_close: None }
    }

    /// The levels from the first instant, bit 0 for the first pin; all low if nothing is said.
    pub fn initial(mut self, levels: u64) -> Self {
        self.initial = levels;
        self
    }

    /// What the lines become when they are closed; what the factory's builder says if nothing is said here.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// What error messages call the reserver of the lines.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the lines: all of them, or none.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no pin or more than 64 of them, and as for
    /// [`OutputBuilder::open`](crate::OutputBuilder::open) for each.
    #[track_caller]
    pub fn open(self) -> Result<OutputGroup> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let count = self.pins.len();
        if count == 0 || count > MOST {
            let message = format!("a group has 1 to {MOST} pins, not {count}");
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(self.device));
        }
        let gpio = self.gpio.clone();
        if gpio.capabilities().group == Support::None {
            return Err(Error::unsupported("an output").with_device(self.device).with_factory(gpio.name()));
        }
        let config =
            GroupConfig { initial: self.initial, on_close: self.on_close.unwrap_or(gpio.on_close()) };
        let mut lines = Vec::new();
        let mut reservations = Vec::new();
        for pin in &self.pins {
            let reservation = gpio.context(pin, self.device, || {
                let reservation = gpio.reserve(pin, reserver)?;
                gpio.check_on_close(reservation.line(), config.on_close)?;
                Ok(reservation)
            })?;
            lines.push(reservation.line());
            reservations.push(reservation);
        }
        let opened = match gpio.capabilities().group {
            Support::Native => gpio.factory().open_group(&lines, config),
            _ => Separate::open(&gpio, &lines, config).map(|pins| Box::new(pins) as Box<dyn OutputGroupPins>),
        };
        let shared = Arc::new(GroupShared {
            lifecycle: Lifecycle::new(&gpio, reservations),
            pins: opened.map_err(|error| error.with_device(self.device).with_factory(gpio.name()))?,
            all: u64::MAX >> (MOST - lines.len()),
            levels: AtomicU64::new(self.initial),
        });
        Ok(OutputGroup(HandleRef::register(shared)?))
    }
}

/// Lines that are driven together: in one instant where the factory can, shortly after each other where not.
///
/// A cheap handle: clones drive the same lines, and the last one to go closes them. Bit 0 of a mask is the first pin.
///
/// ```
/// use pinzero_core::{Level, mock};
///
/// let gpio = mock::gpio();
/// let lights = gpio.group([17, 27, 22]).open()?;
/// lights.set(0b101)?;
/// assert_eq!(gpio.line(22).level(), Level::High);
/// lights.set_masked(0b011, 0b010)?;
/// assert_eq!(lights.last(), 0b110);
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OutputGroup(Arc<HandleRef<GroupShared>>);

#[derive(Debug)]
struct GroupShared {
    lifecycle: Lifecycle,
    pins: Box<dyn OutputGroupPins>,
    /// A bit for each line.
    all: u64,
    /// The levels last written.
    levels: AtomicU64,
}

impl OutputGroup {
    /// Drives all lines: a line is high if its bit is set.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if a bit is set that stands for no line, [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and those of the system.
    pub fn set(&self, levels: u64) -> Result<()> {
        self.set_masked(self.0.all, levels)
    }

    /// Drives the lines whose bit is set in `mask`, and leaves the others as they are.
    ///
    /// # Errors
    /// As for [`set`](OutputGroup::set).
    pub fn set_masked(&self, mask: u64, levels: u64) -> Result<()> {
        let shared: &GroupShared = &self.0;
        if (mask | levels) & !shared.all != 0 {
            let message = format!(
                "this group has {} lines: higher bits stand for none",
                shared.lifecycle.lines().len()
            );
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        shared.pins.set(mask, levels & mask)?;
        let note = |levels: u64| {
            let update = |before: u64| Some(before & !mask | levels & mask);
            // It always gives a value, so it cannot fail.
            shared.levels.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update).unwrap_or(levels)
        };
        let before = note(levels);
        shared.lifecycle.gpio().runtime().catch_up();
        shared.lifecycle.gpio().confirm(|| shared.pins.confirm()).inspect_err(|_| {
            note(before);
        })
    }

    /// The levels last written.
    pub fn last(&self) -> u64 {
        self.0.levels.load(Ordering::Relaxed)
    }

    /// The level of one line as last written, counted from 0; `None` if there is no such line.
    pub fn last_of(&self, index: usize) -> Option<Level> {
        (index < self.0.lifecycle.lines().len()).then(|| Level::from(self.last() >> index & 1 == 1))
    }

    /// The levels on the lines now.
    ///
    /// # Errors
    /// As for [`set`](OutputGroup::set).
    pub fn levels(&self) -> Result<u64> {
        self.0.pins.levels()
    }

    /// The lines' numbers on their chip, in the order of the bits.
    pub fn lines(&self) -> &[Line] {
        self.0.lifecycle.lines()
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.lifecycle.gpio()
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.lifecycle.is_closed()
    }

    /// Gives the lines back in the state that was asked for. Idempotent, from any thread.
    ///
    /// # Errors
    /// Those of the system; the lines are given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Close for GroupShared {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| self.pins.close())
    }

    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        let index = self.lifecycle.lines().iter().position(|own| *own == line);
        let level = || Some(Level::from(self.pins.levels().ok()? >> index? & 1 == 1));
        seen.function = seen.function.or(Some(LineFunction::Output));
        seen.level = seen.level.or_else(level);
    }
}

/// A group on a backend that knows only single lines.
#[derive(Debug)]
struct Separate(Vec<Box<dyn OutputPin>>);

impl Separate {
    fn open(gpio: &Gpio, lines: &[Line], config: GroupConfig) -> Result<Self> {
        let mut pins = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let initial = Some(Level::from(config.initial >> index & 1 == 1));
            pins.push(
                gpio.factory().open_output(*line, OutputConfig { initial, on_close: config.on_close })?,
            );
        }
        Ok(Separate(pins))
    }
}

impl OutputGroupPins for Separate {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let wanted = self.0.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
        wanted.into_iter().try_for_each(|(index, pin)| pin.set(Level::from(levels >> index & 1 == 1)))
    }

    fn confirm(&self) -> Result<()> {
        self.0.iter().try_for_each(|pin| pin.confirm())
    }

    fn levels(&self) -> Result<u64> {
        self.0
            .iter()
            .enumerate()
            .try_fold(0, |levels, (index, pin)| Ok(levels | u64::from(pin.level()?.is_high()) << index))
    }

    fn close(&self) -> Result<()> {
        let mut result = Ok(());
        for pin in self.0.iter().rev() {
            result = result.and(pin.close());
        }
        result
    }
}
