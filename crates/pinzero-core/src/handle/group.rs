//! [`OutputGroup`]: several driven lines that change together.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::output::{Output, OutputLine};
use super::{Close, HandleRef, Lifecycle, MOST, bits};
use crate::animation::Animation;
use crate::capability::Support;
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::exit;
use crate::factory::{GroupConfig, OutputConfig, OutputGroupPins, OutputPin, Pin};
use crate::gpio::Gpio;
use crate::line_info::{LineFunction, LineInfo};
use crate::machine::Blink;
use crate::part::{GroupMember, Target};
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::trace::ChangeKind;
use crate::types::{Level, Line, OnClose};

/// Builder for an [`OutputGroup`]; returned by [`Gpio::group`].
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

    /// Sets the levels from the first instant, bit 0 for the first pin. Default: all low.
    pub fn initial(mut self, levels: u64) -> Self {
        self.initial = levels;
        self
    }

    /// Sets the state of the lines after close. Default: the setting of the factory's builder.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Sets the device name in error messages. Default: `OutputGroup`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the lines: all of them, or none.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no pin, more than 64, or an initial level beyond the last; see also
    /// [`OutputBuilder::open`](crate::OutputBuilder::open).
    #[track_caller]
    pub fn open(self) -> Result<OutputGroup> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let context = |error: Error| error.with_device(self.device).with_factory(gpio.name());
        let count = self.pins.len();
        if count == 0 || count > MOST {
            let message = format!("a group has 1 to {MOST} pins, not {count}");
            return Err(context(Error::new(ErrorKind::InvalidValue, message)));
        }
        check_bits(self.initial, count).map_err(context)?;
        gpio.capabilities().group.require("a group of outputs").map_err(context)?;
        let config = GroupConfig::new(self.initial, self.on_close.unwrap_or(gpio.on_close()));
        let check = |line| gpio.check_on_close(line, config.on_close);
        let reservations = gpio.reserve_all(&self.pins, reserver, check)?;
        let lifecycle = Arc::new(Lifecycle::new(&gpio, reservations));
        let pins: Arc<dyn OutputGroupPins> = match gpio.capabilities().group {
            Support::Native => {
                Arc::from(gpio.factory().open_group(lifecycle.lines(), config).map_err(context)?)
            }
            _ => Arc::new(Separate::open(&gpio, lifecycle.lines(), config).map_err(context)?),
        };
        let lines = lifecycle.lines().iter().enumerate().map(|(index, line)| {
            let member = GroupMember { pins: pins.clone(), index };
            let level = Level::of_bit(self.initial, index);
            let pin = Box::new(member.clone());
            Arc::new(OutputLine::new(lifecycle.clone(), *line, pin, Some(member), level))
        });
        let lines = lines.collect();
        Ok(OutputGroup(HandleRef::register(Arc::new(GroupLines { lifecycle, pins, lines }))?))
    }
}

/// Lines that are driven together: in one instant if the factory can, else one shortly after the other.
///
/// Bit 0 of a mask is the first pin. Clones share the lines; dropping the last clone closes them.
///
/// ```
/// use pinzero::{Level, mock};
///
/// let gpio = mock::gpio();
/// let lights = gpio.group([17, 27, 22]).open()?;
/// lights.set(0b101)?;
/// assert_eq!(gpio.line(22).level(), Level::High);
/// lights.set_masked(0b011, 0b010)?;
/// assert_eq!(lights.last(), 0b110);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the lines are closed when the last handle is dropped"]
pub struct OutputGroup(Arc<HandleRef<GroupLines>>);

impl UnwindSafe for OutputGroup {}
impl RefUnwindSafe for OutputGroup {}

#[derive(Debug)]
pub(crate) struct GroupLines {
    lifecycle: Arc<Lifecycle>,
    pins: Arc<dyn OutputGroupPins>,
    lines: Vec<Arc<OutputLine>>,
}

impl OutputGroup {
    /// Returns a handle for each line, in the order of the builder. The handles keep the whole group open.
    ///
    /// A write to one of them writes that line alone, and takes that line out of an animation.
    pub fn outputs(&self) -> Vec<Output> {
        self.0.lines.iter().map(|line| Output::member(line.clone(), self.0.clone())).collect()
    }

    /// Drives all lines, and ends the blinks of these lines. A line is high if its bit is set.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if a bit beyond the last line is set, [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn set(&self, levels: u64) -> Result<()> {
        self.set_masked(self.0.all(), levels)
    }

    /// Drives the lines whose bit is set in `mask`, and leaves the others as they are.
    ///
    /// # Errors
    /// See [`set`](OutputGroup::set).
    pub fn set_masked(&self, mask: u64, levels: u64) -> Result<()> {
        let group: &GroupLines = &self.0;
        group.lifecycle.check_home()?;
        check_bits(mask | levels, group.lines.len())?;
        let (before, levels) = (group.last(), levels & mask);
        let written = group.take(mask, || group.write(mask, levels)).and_then(|()| {
            let gpio = self.gpio();
            gpio.runtime().catch_up();
            gpio.confirm(|| group.pins.confirm())
        });
        exit::hold(written).inspect_err(|_| group.note(mask, before))
    }

    /// Blinks all lines together in the background; `active` is the level that means "on".
    ///
    /// # Errors
    /// See [`Output::blink`].
    pub fn blink(&self, plan: Blink, active: Level) -> Result<Animation> {
        Animation::start(self.outputs().iter().map(|output| output.part(active)), plan)
    }

    /// Returns the levels last written, by a blink or by a call.
    pub fn last(&self) -> u64 {
        self.0.last()
    }

    /// Returns the levels on the lines now.
    ///
    /// # Errors
    /// See [`set`](OutputGroup::set).
    pub fn levels(&self) -> Result<u64> {
        self.0.lifecycle.check_home()?;
        exit::hold(self.0.pins.levels())
    }

    pub(crate) fn shared(&self) -> Arc<GroupLines> {
        (**self.0).clone()
    }

    /// Returns the lines' numbers on their chip, in the order of the bits.
    pub fn lines(&self) -> &[Line] {
        self.0.lifecycle.lines()
    }

    /// Returns the factory that the group belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    /// Returns whether the group has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Gives the lines back in the state that [`on_close`](GroupBuilder::on_close) names. Idempotent, from any thread.
    ///
    /// # Errors
    /// Any I/O error; the lines are given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

/// Returns a mask with a bit for each of `count` lines.
fn all(count: usize) -> u64 {
    u64::MAX >> (MOST - count)
}

/// Fails if a bit beyond the last of `count` lines is set.
fn check_bits(bits: u64, count: usize) -> Result<()> {
    if bits & !all(count) == 0 {
        return Ok(());
    }
    let message = format!("this group has {count} lines: higher bits stand for none");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl GroupLines {
    /// Returns a mask with a bit for each line.
    pub(crate) fn all(&self) -> u64 {
        all(self.lines.len())
    }

    fn last(&self) -> u64 {
        self.lines
            .iter()
            .enumerate()
            .fold(0, |levels, (index, line)| levels | u64::from(line.last().is_high()) << index)
    }

    fn masked(&self, mask: u64) -> impl Iterator<Item = (usize, &Arc<OutputLine>)> {
        self.lines.iter().enumerate().filter(move |(index, _)| mask >> index & 1 == 1)
    }

    /// Writes and notes levels. Noted first, as a single output does: the write may set off a callback that writes again.
    pub(crate) fn write(&self, mask: u64, mut levels: u64) -> Result<()> {
        self.note(mask, levels);
        let stamp = self.lifecycle.gpio().stamp();
        loop {
            self.pins.set(mask, levels)?;
            let noted = self.last() & mask;
            if noted == levels {
                stamp.into_iter().for_each(|at| self.masked(mask).for_each(|(_, line)| line.record(at)));
                return Ok(());
            }
            // Another write came in between, and either may have reached the pins last: the later note counts.
            levels = noted;
        }
    }

    pub(crate) fn confirm(&self) -> Result<()> {
        self.pins.confirm()
    }

    fn note(&self, mask: u64, levels: u64) {
        self.masked(mask).for_each(|(index, line)| line.note_level(Level::of_bit(levels, index)));
    }

    /// Runs `write` on the user's behalf. From then on no animation writes to the lines of `mask`.
    fn take<R>(&self, mask: u64, write: impl FnOnce() -> R) -> R {
        if self.masked(mask).all(|(_, line)| line.ownership().is_free()) {
            return write();
        }
        self.lifecycle.gpio().runtime().enter(|state| {
            self.masked(mask).for_each(|(_, line)| line.ownership().leave(state));
            write()
        })
    }
}

impl Close for GroupLines {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.take(self.all(), || ());
            self.pins.close()
        })
    }

    fn in_background(&self) -> Option<&'static str> {
        let is_free = self.masked(self.all()).all(|(_, line)| line.ownership().is_free());
        (!is_free).then_some("blink")
    }

    fn set_recorded(&self, is_recorded: bool) {
        self.lines.iter().for_each(|line| line.set_recorded(is_recorded));
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        self.lines.iter().for_each(|line| line.present(show));
    }

    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        let index = self.lifecycle.lines().iter().position(|own| *own == line);
        let level = || Some(Level::of_bit(self.pins.levels().ok()?, index?));
        seen.function = seen.function.or(Some(LineFunction::Output));
        seen.level = seen.level.or_else(level);
    }
}

impl Device for OutputGroup {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl fmt::Debug for OutputGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("OutputGroup");
        for (index, line) in self.lines().iter().enumerate() {
            tuple.field(&format_args!("{line}, {}", Level::of_bit(self.last(), index)));
        }
        tuple.finish()
    }
}

/// Adapts a line of a group to a pin of its own.
impl Pin for GroupMember {
    fn level(&self) -> Result<Level> {
        Ok(Level::of_bit(self.pins.levels()?, self.index))
    }

    fn close(&self) -> Result<()> {
        self.pins.close()
    }
}

impl OutputPin for GroupMember {
    fn set(&self, level: Level) -> Result<()> {
        self.pins.set(1 << self.index, u64::from(level.is_high()) << self.index)
    }

    fn confirm(&self) -> Result<()> {
        self.pins.confirm()
    }
}

/// Emulates a group on a backend that opens only single lines.
#[derive(Debug)]
struct Separate(Vec<Box<dyn OutputPin>>);

impl Separate {
    fn open(gpio: &Gpio, lines: &[Line], config: GroupConfig) -> Result<Self> {
        let mut pins = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let config = OutputConfig::new(Level::of_bit(config.initial, index), config.on_close);
            pins.push(gpio.factory().open_output(*line, config).map_err(|error| error.with_pin(line))?);
        }
        Ok(Separate(pins))
    }
}

impl OutputGroupPins for Separate {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let mut wanted = self.0.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
        wanted.try_for_each(|(index, pin)| pin.set(Level::of_bit(levels, index)))
    }

    fn confirm(&self) -> Result<()> {
        self.0.iter().try_for_each(|pin| pin.confirm())
    }

    fn levels(&self) -> Result<u64> {
        bits(self.0.iter().map(|pin| pin.level()))
    }

    fn close(&self) -> Result<()> {
        first_error(self.0.iter().rev().map(|pin| pin.close()))
    }
}
