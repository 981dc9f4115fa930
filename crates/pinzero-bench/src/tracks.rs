//! Outputs that note when they are written: what a timeline is measured by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use pinzero_core::board::Board;
use pinzero_core::factory::{
    GroupConfig, InputConfig, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
    SpiBus, SpiConfig,
};
use pinzero_core::time::Clock;
use pinzero_core::{Capabilities, Error, Host, Level, Line, LineInfo, Result, Support};

/// A line, and its writes so far: each is the time in nanoseconds, doubled, and one more for a high level.
#[derive(Debug)]
pub(crate) struct Track {
    writes: Box<[AtomicU64]>,
    count: AtomicUsize,
    clock: Clock,
}

impl Track {
    fn new(most: usize) -> Self {
        // Written to once, so that no page is missing when it counts.
        let writes = (0..most).map(|_| AtomicU64::new(1)).collect();
        Track { writes, count: AtomicUsize::new(0), clock: Clock::real() }
    }

    /// When it was written, in nanoseconds, and what.
    pub(crate) fn writes(&self) -> Vec<(u64, Level)> {
        let count = self.count.load(Ordering::Acquire).min(self.writes.len());
        let write = |write: &AtomicU64| write.load(Ordering::Relaxed);
        self.writes[..count].iter().map(write).map(|raw| (raw >> 1, Level::from(raw & 1 == 1))).collect()
    }
}

/// A factory whose lines are tracks.
#[derive(Debug, Clone)]
pub(crate) struct Tracks(Arc<[Arc<Track>]>);

impl Tracks {
    /// So many lines, of which each notes so many writes.
    pub(crate) fn new(lines: usize, most: usize) -> Self {
        Tracks((0..lines).map(|_| Arc::new(Track::new(most))).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Track> {
        self.0.iter().map(|track| &**track)
    }

    /// Its lines as bare outputs, to be driven by somebody else than us.
    pub(crate) fn pins(&self) -> Vec<Box<dyn OutputPin>> {
        self.0.iter().map(|track| Box::new(TrackPin(track.clone())) as Box<dyn OutputPin>).collect()
    }
}

#[derive(Debug)]
struct TrackPin(Arc<Track>);

impl Pin for TrackPin {
    fn level(&self) -> Result<Level> {
        Ok(self.0.writes().last().map_or(Level::Low, |(_, level)| *level))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl OutputPin for TrackPin {
    fn set(&self, level: Level) -> Result<()> {
        let track = &*self.0;
        // A line is driven by one thread at a time.
        let index = track.count.load(Ordering::Relaxed);
        if let Some(write) = track.writes.get(index) {
            write.store(track.clock.now().as_nanos() << 1 | u64::from(level.is_high()), Ordering::Relaxed);
            track.count.store(index + 1, Ordering::Release);
        }
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl PinFactory for Tracks {
    fn name(&self) -> &'static str {
        "tracks"
    }

    fn host(&self) -> Host {
        Host::Local
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { output: Support::Native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(self.0.len() as u32)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, line: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let track = self.0.get(line.0 as usize).ok_or_else(|| Error::unsupported(line))?;
        Ok(Box::new(TrackPin(track.clone())))
    }

    fn open_group(&self, _: &[Line], _: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        Err(Error::unsupported("a group of outputs"))
    }

    fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
        Err(Error::unsupported("an input"))
    }

    fn open_pwm(&self, _: Line, _: PwmConfig) -> Result<Box<dyn PwmPin>> {
        Err(Error::unsupported("PWM"))
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI"))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}
