//! Line requests: asks the kernel for lines, uses them, and gives them back.

use std::fs::File;
use std::io;
use std::sync::Arc;

use gpiocdev::line::{self, Direction};
use gpiocdev_uapi::v2::{self, LineValues, get_line, get_line_values, set_line_config, set_line_values};
use parking_lot::{Mutex, RwLock};
use pinzero_core::{
    Bias, EdgeSink, Error, ErrorKind, Found, Level, Line, OnClose, Pin, Registration, Release, Result,
    Support,
};
use rustix::io::{Errno, ioctl_fionbio};

use crate::chip::Chip;
use crate::consumer::Consumer;
use crate::edges::Reader;
use crate::error;
use crate::line_config::{bias_of, config, outputs, released};

/// The consumer name that the kernel shows to others.
const CONSUMER: &str = "pinzero";

/// The error of a pin control driver for a pull that it cannot set: a number for use inside the kernel, which some
/// drivers return nevertheless.
const ENOTSUPP: i32 = 524;

/// The number of edges that the kernel keeps for us: the maximum, however many lines a request has.
const QUEUE: u32 = 1024;

/// Lines that the kernel has granted by one request, in any role; given back when dropped.
#[derive(Debug)]
pub(crate) struct LineRequest {
    chip: Chip,
    /// The lines, in the order of the request, with the state in which to leave each.
    lines: Vec<(Line, Release)>,
    /// Keeps the edges coming. A close holds the lock while it ends them, so that a second close cannot overtake it.
    edges: Mutex<Option<Registration>>,
    /// `None` once closed. Users of the lines take the read lock, a close takes the write lock. So the file cannot be
    /// closed, and its number given to another file, while a thread is about to use it.
    file: RwLock<Option<Arc<File>>>,
}

impl LineRequest {
    /// Wraps a request for `lines` of `chip`.
    pub(crate) fn new(chip: &Chip, lines: Vec<(Line, Release)>, file: File) -> LineRequest {
        LineRequest {
            chip: chip.clone(),
            lines,
            edges: Mutex::new(None),
            file: RwLock::new(Some(Arc::new(file))),
        }
    }

    /// Makes one call on the lines, unless they are closed.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&File) -> io::Result<T>) -> Result<T> {
        match &*self.file.read() {
            Some(request) => call(request).map_err(|error| self.tell(error::chip(&self.chip.path, error))),
            None => Err(self.tell(Error::closed())),
        }
    }

    /// Reports the edges of each line to its sink from now on; does nothing without sinks.
    pub(crate) fn watch(&self, sinks: Vec<EdgeSink>) -> Result<()> {
        let Some(first) = sinks.first().cloned() else { return Ok(()) };
        // A read returns at once where there is nothing to read.
        self.call(|request| Ok(ioctl_fionbio(request, true)?))?;
        let file = self.file.read().clone().ok_or_else(|| self.tell(Error::closed()))?;
        let mut reader = Reader::new(file.clone(), self.lines.iter().map(|(line, _)| *line));
        let path = self.chip.path.clone();
        let registration = first.watch(file, move |batch| {
            reader
                .drain(|index, edge| sinks.get(index).into_iter().for_each(|sink| batch.push(sink, edge)))
                .map_err(|error| error::chip(&path, error))
        })?;
        *self.edges.lock() = Some(registration);
        Ok(())
    }

    /// Returns the levels of all lines: one system call.
    pub(crate) fn levels(&self) -> Result<u64> {
        self.call(|request| levels(request, all(self.lines.len())))
    }

    /// Drives the lines in `mask`, which are outputs: one system call.
    pub(crate) fn set(&self, mask: u64, levels: u64) -> Result<()> {
        // The kernel refuses a call on no lines at all.
        match mask & all(self.lines.len()) {
            0 => self.levels().map(drop),
            mask => self.call(|request| set_levels(request, mask, levels)),
        }
    }

    /// Sets another state on the only line, direction and level or pull at once: one system call.
    pub(crate) fn turn(&self, state: line::Config) -> Result<()> {
        let slot = self.file.read();
        let (Some(request), [(line, _)]) = (&*slot, &*self.lines) else {
            return Err(self.tell(Error::closed()));
        };
        reconfigure(request, &self.chip, &[(*line, state)]).map_err(|error| self.tell(error))
    }

    /// Puts the lines into the states in which to leave them, and releases them only then.
    ///
    /// The lock is held throughout, so that a second call does not return before the lines are free.
    pub(crate) fn close(&self) -> Result<()> {
        // The file's lock is not held here: this waits for the runtime, which may be about to read a level.
        let mut edges = self.edges.lock();
        drop(edges.take());
        drop(edges);
        let mut slot = self.file.write();
        let Some(request) = slot.take() else { return Ok(()) };
        if self.lines.iter().all(|(_, release)| *release == Release::AsIs) {
            return Ok(());
        }
        let states: Vec<_> = self.lines.iter().map(|(line, release)| (*line, released(*release))).collect();
        reconfigure(&request, &self.chip, &states).map_err(|error| self.tell(error))
    }

    fn tell(&self, error: Error) -> Error {
        let error = error.with_factory("cdev");
        match self.lines.first() {
            Some((line, _)) => error.with_pin(line),
            None => error,
        }
    }
}

impl Pin for LineRequest {
    fn level(&self) -> Result<Level> {
        self.levels().map(|levels| Level::of_bit(levels, 0))
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Drop for LineRequest {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}

/// Takes lines in `states`, or as outputs at their present levels; also returns the states in which they were found.
///
/// The level of an output is read only if needed, to adopt or restore it. `is_queued` prepares for edges.
pub(crate) fn take(
    chip: &Chip,
    lines: &[Line],
    states: Option<Vec<line::Config>>,
    on_close: OnClose,
    is_queued: bool,
) -> Result<(File, Vec<Found>)> {
    let file = chip.open()?;
    let infos = lines.iter().map(|line| chip.line_info_by(&file, *line)).collect::<Result<Vec<_>>>()?;
    let wanted = |states: Vec<line::Config>| -> Vec<_> { lines.iter().copied().zip(states).collect() };
    let is_restored = |info: &line::Info| on_close == OnClose::Restore && info.direction == Direction::Output;
    let (request, before) = match states {
        Some(states) if !infos.iter().any(is_restored) => {
            (request(chip, &file, &wanted(states), is_queued)?, 0)
        }
        states => {
            // A request "as is" does not change a line, and no one else can change it from here on.
            let as_is = vec![line::Config::default(); lines.len()];
            let request = request(chip, &file, &wanted(as_is), is_queued)?;
            let before =
                levels(&request, all(lines.len())).map_err(|error| error::chip(&chip.path, error))?;
            let states = states.unwrap_or_else(|| outputs(lines.len(), before));
            reconfigure(&request, chip, &wanted(states))?;
            (request, before)
        }
    };
    let found = infos.iter().enumerate().map(|(index, info)| match info.direction {
        Direction::Output => Found::Output(Level::of_bit(before, index)),
        Direction::Input => Found::Input(info.bias.map_or(Bias::AsIs, bias_of)),
    });
    Ok((request, found.collect()))
}

/// Refuses an `OnClose` that cannot be kept; `keep` is `true` if a released line keeps its level.
pub(crate) fn check_on_close(chip: &Chip, keep: Support, on_close: OnClose) -> Result<()> {
    if on_close != OnClose::Keep || keep.is_available() {
        return Ok(());
    }
    let remedy = match chip.pi() {
        Some(pi) => format!("add {}.persist_gpio_outputs=y to the kernel's command line", pi.module),
        None => "keep the device open instead".to_owned(),
    };
    let message = format!("the kernel does not promise to leave a released output of {} as it is", chip.name);
    Err(Error::new(ErrorKind::Unsupported, format!("{message}: {remedy}")))
}

/// Returns a mask with a bit for each of `count` lines. `count` is 1 to 64.
pub(crate) fn all(count: usize) -> u64 {
    u64::MAX >> (64 - count.clamp(1, 64))
}

/// Requests lines in these states, through the open file of their chip. The default state leaves a line as it is. The
/// kernel makes a long queue for edges if the request `is_queued`.
fn request(chip: &Chip, file: &File, wanted: &[(Line, line::Config)], is_queued: bool) -> Result<File> {
    let mut request =
        v2::LineRequest { consumer: CONSUMER.into(), config: config(wanted), ..v2::LineRequest::default() };
    for (offset, (line, _)) in request.offsets.0.iter_mut().zip(wanted) {
        *offset = line.0;
        request.num_lines += 1;
    }
    if is_queued {
        request.event_buffer_size = QUEUE;
    }
    get_line(file, request).map_err(|error| request_error(chip, wanted, error::uapi(error)))
}

/// Sets other states on requested lines, direction and level or pull at once. The states are for all lines of the
/// request, in its order.
fn reconfigure(request: &File, chip: &Chip, wanted: &[(Line, line::Config)]) -> Result<()> {
    set_line_config(request, config(wanted)).map_err(|error| request_error(chip, wanted, error::uapi(error)))
}

/// Returns the levels of the lines in `mask`; bit 0 is the first line of the request.
fn levels(request: &File, mask: u64) -> io::Result<u64> {
    let mut values = LineValues { bits: 0, mask };
    get_line_values(request, &mut values).map_err(error::uapi)?;
    Ok(values.bits)
}

/// Drives the lines in `mask`, which are outputs; bit 0 is the first line of the request.
fn set_levels(request: &File, mask: u64, levels: u64) -> io::Result<()> {
    set_line_values(request, &LineValues { bits: levels, mask }).map_err(error::uapi)
}

/// Returns the error of a request for lines in the states `wanted`, or of a change to these states.
///
/// The kernel does not say which line failed; of a group, the message names the first that is in use.
fn request_error(chip: &Chip, wanted: &[(Line, line::Config)], error: io::Error) -> Error {
    let is_used = |line: &Line| chip.line_info(*line).is_ok_and(|info| info.used);
    let culprit = match wanted {
        [] | [_] => wanted.first(),
        [first, ..] => wanted.iter().find(|(line, _)| is_used(line)).or(Some(first)),
    };
    match culprit {
        Some((line, wanted)) => line_error(chip, *line, wanted, error).with_pin(line),
        None => error::chip(&chip.path, error),
    }
}

fn line_error(chip: &Chip, line: Line, wanted: &line::Config, error: io::Error) -> Error {
    let errno = error.raw_os_error().unwrap_or_default();
    let is = |errnos: &[Errno]| errnos.iter().any(|one| one.raw_os_error() == errno);
    let message = match wanted.bias {
        _ if is(&[Errno::BUSY]) => return busy(chip, line),
        Some(bias) if is(&[Errno::INVAL, Errno::OPNOTSUPP]) || errno == ENOTSUPP => {
            format!("the driver of {} cannot set this line to {}", chip.name, bias_of(bias))
        }
        _ if wanted.edge_detection.is_some() && is(&[Errno::NXIO, Errno::NODEV]) => {
            format!("the driver of {} has no interrupt for this line, so edges cannot be seen", chip.name)
        }
        _ => return error::chip(&chip.path, error),
    };
    Error::new(ErrorKind::Unsupported, message).with_source(error)
}

/// Returns the holder of the line, where the kernel shows it.
fn busy(chip: &Chip, line: Line) -> Error {
    let consumer = chip.line_info(line).map(|info| info.consumer).unwrap_or_default();
    let process = Consumer::find("/proc".as_ref(), &chip.name, line.0);
    Error::new(ErrorKind::Busy, busy_message(&consumer, process.as_ref()))
}

fn busy_message(consumer: &str, process: Option<&Consumer>) -> String {
    let consumer = match consumer {
        "" => String::new(),
        consumer => format!(" by \"{consumer}\""),
    };
    let process = match process {
        Some(process) => format!("held by: {process}"),
        None => "another program or a kernel driver".to_owned(),
    };
    format!("the line is in use{consumer} ({process}): stop that, or take another pin")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gpiocdev::line::EdgeDetection;

    use super::*;

    fn a_chip() -> Chip {
        let (path, name) = (PathBuf::from("/dev/gpiochip0"), "gpiochip0".to_owned());
        Chip { path, name, label: "pinctrl-rp1".to_owned(), lines: 54 }
    }

    fn os(errno: i32) -> io::Error {
        io::Error::from_raw_os_error(errno)
    }

    #[test]
    fn each_number_has_its_kind() {
        let plain = line::Config::default();
        let pulled = line::Config { bias: Some(line::Bias::PullUp), ..line::Config::default() };
        let edges =
            line::Config { edge_detection: Some(EdgeDetection::BothEdges), ..line::Config::default() };
        let cases = [
            (Errno::ACCESS, &plain, ErrorKind::PermissionDenied),
            (Errno::PERM, &plain, ErrorKind::PermissionDenied),
            (Errno::BUSY, &plain, ErrorKind::Busy),
            (Errno::BUSY, &pulled, ErrorKind::Busy),
            (Errno::NOENT, &plain, ErrorKind::NoChip),
            (Errno::NODEV, &plain, ErrorKind::NoChip),
            (Errno::NXIO, &pulled, ErrorKind::NoChip),
            (Errno::NXIO, &edges, ErrorKind::Unsupported),
            (Errno::INVAL, &plain, ErrorKind::Io),
            (Errno::INVAL, &pulled, ErrorKind::Unsupported),
            (Errno::OPNOTSUPP, &pulled, ErrorKind::Unsupported),
            (Errno::from_raw_os_error(ENOTSUPP), &pulled, ErrorKind::Unsupported),
            (Errno::NOMEM, &plain, ErrorKind::Io),
        ];
        for (errno, wanted, kind) in cases {
            let error = request_error(&a_chip(), &[(Line(17), wanted.clone())], os(errno.raw_os_error()));
            assert_eq!(error.kind(), kind, "{errno:?} {wanted:?}");
        }
    }

    #[test]
    fn a_refused_pull_is_named() {
        let pulled = line::Config { bias: Some(line::Bias::PullUp), ..line::Config::default() };
        let error = request_error(&a_chip(), &[(Line(17), pulled)], os(22));
        let start = "GPIO17: the driver of gpiochip0 cannot set this line to pull-up: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }

    #[test]
    fn a_busy_line_names_its_holder() {
        assert_eq!(
            busy_message("gpioset", Some(&Consumer { pid: 123, name: "gpioset".to_owned() })),
            "the line is in use by \"gpioset\" (held by: gpioset (pid 123)): stop that, or take another pin"
        );
        assert_eq!(
            busy_message("spi0 CS0", None),
            "the line is in use by \"spi0 CS0\" (another program or a kernel driver): stop that, or take another pin"
        );
        assert!(busy_message("", None).starts_with("the line is in use (another program"));
    }
}
