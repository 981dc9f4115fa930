//! [`PixelStrip`].

mod frame;

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pinzero_core::process::Home;
use pinzero_core::{Device, Error, ErrorKind, Gpio, Host, OnClose, Result, Spi};

pub use self::frame::PixelOrder;
use self::frame::{GAP, RATE, bytes_per_pixel, plain, wire};
use crate::convert::{AnyError, convert};
use crate::{Builder, Color, Open, Site};

/// The most bytes of a frame, for a limit that no mistake of a program gets past. A frame of this length takes a quarter of a second.
const MOST: usize = 1 << 16;

/// A strip of LEDs that each have a color of their own: WS2812 ("NeoPixel"), SK6812 and the like.
///
/// [`set`](Self::set) and [`fill`](Self::fill) change a picture in memory. [`show`](Self::show) sends the picture to the strip, in one
/// write. The strip is dark from the opening on, and dark again after it is closed, unless
/// [`on_close`](Builder::on_close) says [`OnClose::Keep`].
///
/// The strip's data input is on GPIO10, which is MOSI of SPI controller 0, and on no other pin. The LEDs have no clock: each bit is a
/// pulse of 0.4 or 0.8 µs, and a longer gap may end the frame. A program cannot switch a pin so exactly, nor can software PWM. The SPI
/// controller can: the strip gets three bits of the bus for each bit of its own, and the whole frame in one transfer. The other pins of
/// the controller (GPIO9 and 11) are taken too and must have nothing else on them. The kernel's driver takes 4096 bytes a transfer, so a
/// strip has 445 LEDs at most, or 333 with white ones; for more, put `spidev.bufsiz=65536` into `cmdline.txt`. If colors flicker on a Raspberry Pi 3 or
/// older, put `core_freq=250` into `config.txt`: the rate of its SPI follows that clock. On the 4, `core_freq_min=500`.
///
/// On a Raspberry Pi 5 any pin will do with the overlay `dtoverlay=ws2812-pio,gpio=18,num_leds=30`: see [`device`](Builder::device).
///
/// The LEDs want a data signal of the same voltage as their supply. Many strips with 5 V accept the 3.3 V of a Raspberry Pi, some need a
/// level shifter. Thirty LEDs in full white take 1.8 A, which is more than a Raspberry Pi can supply.
///
/// Not tried on real hardware yet. Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let strip = PixelStrip::builder(30).brightness(0.2).gpio(&gpio).open()?;
/// strip.fill("navy")?;
/// strip.set(0, Color::RED)?;
/// strip.show()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PixelStrip(Arc<Strip>);

struct Strip {
    gpio: Gpio,
    sink: Sink,
    order: PixelOrder,
    picture: Mutex<Picture>,
}

struct Picture {
    colors: Vec<Color>,
    brightness: f64,
    /// The number of changes so far, and that of the last frame.
    changes: u64,
    shown: u64,
}

/// The way to the strip.
#[derive(Debug)]
enum Sink {
    Spi(Spi),
    Device(DeviceFile),
}

/// The kernel's driver, by its device file.
#[derive(Debug)]
struct DeviceFile {
    path: PathBuf,
    files: Arc<Files>,
    /// The frame to send on close.
    last: Option<Vec<u8>>,
    is_closed: AtomicBool,
    home: Home,
}

/// The device files that the strips of a factory have open, with the places that opened them.
#[derive(Debug, Default)]
struct Files(Mutex<Vec<(PathBuf, &'static Location<'static>)>>);

/// The options of a [`PixelStrip`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pixels {
    /// The number of LEDs.
    pub count: usize,
    /// The order of the colors. Default: green, red, blue.
    pub order: PixelOrder,
    /// The brightness of the whole strip, from 0 to 1. Default: 1.
    pub brightness: f64,
    /// The first color of all LEDs. Default: black, which is off.
    pub initial: Color,
    /// The SPI controller. Default: 0.
    pub bus: u32,
    /// The device file of the kernel's driver, in place of SPI. Default: `None`.
    pub device: Option<PathBuf>,
}

/// Options of strips.
impl<D: Open<Pixels>> Builder<D, Pixels> {
    /// Sets the order in which the LEDs take their colors. Default: [`PixelOrder::Grb`]. If red and green are mixed up, take
    /// [`PixelOrder::Rgb`].
    pub fn order(mut self, order: PixelOrder) -> Self {
        self.options.order = order;
        self
    }

    /// Sets the brightness of the whole strip, from 0 to 1. Default: 1, which dazzles.
    pub fn brightness(mut self, brightness: f64) -> Self {
        self.options.brightness = brightness;
        self
    }

    /// Sets the color of all LEDs from the opening on. Default: [`Color::BLACK`], which is off.
    pub fn initial_value(mut self, color: impl Into<Color>) -> Self {
        self.options.initial = color.into();
        self
    }

    /// Sets the SPI controller. Default: 0, with the strip on GPIO10. Controller 1 needs `dtoverlay=spi1-1cs`, and has GPIO20.
    pub fn bus(mut self, bus: u32) -> Self {
        self.options.bus = bus;
        self
    }

    /// Sets the device file of the kernel's driver for the Raspberry Pi 5, in place of SPI: `/dev/leds0` with the overlay
    /// `dtoverlay=ws2812-pio,gpio=18,num_leds=30`. The overlay sets the pin and the order of the colors. The file belongs to root, until
    /// a rule of udev says otherwise. The file is written once a frame, and is not open in between: if a signal ends the program, the strip
    /// keeps its colors. The file is one of this computer, so the factory must be, too.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let leds = std::env::temp_dir().join(format!("leds-{}", std::process::id()));
    /// std::fs::write(&leds, [0; 8])?;
    /// let strip = PixelStrip::builder(2).device(&leds).gpio(&gpio).open()?;
    /// strip.set(1, Color::RED)?;
    /// strip.show()?;
    /// assert_eq!(std::fs::read(&leds)?, [0, 0, 0, 0, 255, 0, 0, 0]);
    /// # strip.close()?;
    /// # std::fs::remove_file(&leds)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn device(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.device = Some(path.into());
        self
    }
}

impl PixelStrip {
    /// Opens a strip of this many LEDs on SPI controller 0 of the default factory. The strip starts dark.
    ///
    /// # Errors
    /// See [`Builder::open`]; [`InvalidValue`](ErrorKind::InvalidValue) for no LED, and for more than the controller's buffer has room
    /// for.
    #[track_caller]
    pub fn new(count: usize) -> Result<Self> {
        PixelStrip::builder(count).open()
    }

    /// Returns a builder for a strip with other options.
    pub fn builder(count: usize) -> Builder<Self, Pixels> {
        Builder::new(Pixels {
            count,
            order: PixelOrder::default(),
            brightness: 1.0,
            initial: Color::BLACK,
            bus: 0,
            device: None,
        })
    }

    /// Sets the color of a LED in the picture; 0 is the one next to the Raspberry Pi. [`show`](Self::show) sends the picture.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the strip has no such LED, or there is no such color;
    /// [`Closed`](ErrorKind::Closed).
    pub fn set(&self, index: usize, color: impl TryInto<Color, Error: Into<AnyError>>) -> Result<()> {
        let color = checked(color)?;
        self.change(|picture| {
            let count = picture.colors.len();
            let slot = picture.colors.get_mut(index).ok_or_else(|| {
                let message = format!("there is no LED {index}: the strip has 0 to {}", count - 1);
                Error::new(ErrorKind::InvalidValue, message)
            })?;
            *slot = color;
            Ok(())
        })
    }

    /// Sets the color of all LEDs in the picture. [`show`](Self::show) sends the picture.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no such color; [`Closed`](ErrorKind::Closed).
    pub fn fill(&self, color: impl TryInto<Color, Error: Into<AnyError>>) -> Result<()> {
        let color = checked(color)?;
        self.change(|picture| {
            picture.colors.fill(color);
            Ok(())
        })
    }

    /// Sends the picture to the strip, and returns when the LEDs have it. A LED takes 30 µs, so 100 LEDs take 3 ms.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), and any I/O error.
    pub fn show(&self) -> Result<()> {
        self.0.show().map_err(context)
    }

    /// Makes the whole strip dark, at once.
    ///
    /// # Errors
    /// See [`show`](Self::show).
    pub fn off(&self) -> Result<()> {
        self.fill(Color::BLACK)?;
        self.show()
    }

    /// Returns the picture: the color of each LED as set, shown or not.
    pub fn colors(&self) -> Vec<Color> {
        self.0.picture.lock().colors.clone()
    }

    /// Returns the brightness of the whole strip.
    pub fn brightness(&self) -> f64 {
        self.0.picture.lock().brightness
    }

    /// Sets the brightness of the whole strip, from 0 to 1, from the next [`show`](Self::show) on.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the brightness is out of range; [`Closed`](ErrorKind::Closed).
    pub fn set_brightness(&self, brightness: f64) -> Result<()> {
        check_brightness(brightness).map_err(context)?;
        self.change(|picture| {
            picture.brightness = brightness;
            Ok(())
        })
    }

    /// Returns the number of LEDs.
    #[allow(clippy::len_without_is_empty, reason = "a strip has at least one LED")]
    pub fn len(&self) -> usize {
        self.0.picture.lock().colors.len()
    }

    /// Returns the factory that the strip is on.
    pub fn gpio(&self) -> &Gpio {
        &self.0.gpio
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.0.check().is_err()
    }

    /// Makes the strip dark, unless it is to stay as it is, and gives its pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        match &self.0.sink {
            Sink::Spi(spi) => spi.close(),
            Sink::Device(file) => file.close(),
        }
        .map_err(context)
    }

    fn change(&self, change: impl FnOnce(&mut Picture) -> Result<()>) -> Result<()> {
        self.0.check().map_err(context)?;
        let mut picture = self.0.picture.lock();
        picture.changes += 1;
        change(&mut picture).map_err(context)
    }
}

fn context(error: Error) -> Error {
    error.with_device(PixelStrip::NAME)
}

/// Returns the color, if each of its components is from 0 to 1.
fn checked(color: impl TryInto<Color, Error: Into<AnyError>>) -> Result<Color> {
    let color: Color = convert(color).map_err(context)?;
    color.check().map_err(context)?;
    Ok(color)
}

fn check_brightness(brightness: f64) -> Result<()> {
    if (0.0..=1.0).contains(&brightness) {
        return Ok(());
    }
    let message = format!("a brightness of {brightness} is out of range: give 0 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Open<Pixels> for PixelStrip {
    const NAME: &'static str = "PixelStrip";

    fn open(options: Pixels, site: &Site) -> Result<Self> {
        let Pixels { count, order, brightness, initial, bus, device } = options;
        let refused = |message: String| Err(context(Error::new(ErrorKind::InvalidValue, message)));
        let most = (MOST - GAP) / bytes_per_pixel(order);
        if !(1..=most).contains(&count) {
            return refused(format!("a strip of {count} LEDs is out of range: give 1 to {most}"));
        }
        check_brightness(brightness).and(initial.check()).map_err(context)?;
        let gpio = site.gpio();
        let stays_lit = site.on_close() == Some(OnClose::Keep);
        let dark = |encode: Encode| {
            if stays_lit { None } else { Some(encode(&vec![Color::BLACK; count], order, 0.0)) }
        };
        let sink = match device {
            Some(path) => {
                let opened_at = Location::caller();
                Sink::Device(DeviceFile::take(path, gpio, dark(plain), opened_at).map_err(context)?)
            }
            None => {
                let spi = gpio.hardware_spi(bus, 0).max_rate(RATE).device(site.device());
                let spi = spi.last_write(dark(wire).unwrap_or_default());
                // Some drivers cannot leave the chip select alone. The strip does not mind it.
                let spi = match spi.clone().unselected().open() {
                    Err(error) if error.kind() == ErrorKind::Unsupported => spi.open()?,
                    opened => opened?,
                };
                Sink::Spi(spi)
            }
        };
        let picture = Picture { colors: vec![initial; count], brightness, changes: 0, shown: 0 };
        let strip = Strip { gpio: gpio.clone(), sink, order, picture: Mutex::new(picture) };
        let strip = PixelStrip(Arc::new(strip));
        if let Err(error) = strip.0.show() {
            // Nothing can be sent; the first error says why.
            let _ = strip.close();
            return match (error.kind(), &strip.0.sink) {
                (ErrorKind::InvalidValue, Sink::Spi(_)) => {
                    refused(format!("{count} LEDs are too many for one transfer: {error}"))
                }
                _ => Err(context(error)),
            };
        }
        Ok(strip)
    }
}

/// Encodes a frame.
type Encode = fn(&[Color], PixelOrder, f64) -> Vec<u8>;

impl Strip {
    /// Fails if the strip is closed.
    fn check(&self) -> Result<()> {
        let is_closed = match &self.sink {
            Sink::Spi(spi) => spi.is_closed(),
            Sink::Device(file) => file.is_closed.load(Ordering::Acquire) || file.home.is_elsewhere(),
        };
        if is_closed { Err(Error::closed()) } else { Ok(()) }
    }

    fn show(&self) -> Result<()> {
        loop {
            self.check()?;
            let (frame, changes) = {
                let picture = self.picture.lock();
                let encode: Encode = match self.sink {
                    Sink::Spi(_) => wire,
                    Sink::Device(_) => plain,
                };
                (encode(&picture.colors, self.order, picture.brightness), picture.changes)
            };
            match &self.sink {
                Sink::Spi(spi) => spi.write(&frame)?,
                Sink::Device(file) => write_device(&file.path, &frame)?,
            }
            let mut picture = self.picture.lock();
            // Another thread may have shown a newer picture meanwhile, before this one.
            if picture.shown <= changes {
                picture.shown = changes;
                return Ok(());
            }
        }
    }
}

impl DeviceFile {
    /// Takes the file for one strip. Fails if another strip has it, or if the pins are on another computer.
    fn take(
        path: PathBuf,
        gpio: &Gpio,
        last: Option<Vec<u8>>,
        opened_at: &'static Location<'static>,
    ) -> Result<DeviceFile> {
        if let Host::Remote(_) = gpio.host() {
            let message = format!(
                "{} would be a file of this computer, not of the Raspberry Pi: run the program on the Raspberry Pi itself",
                path.display()
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        // The first write tells why a file has no such path.
        let path = path.canonicalize().unwrap_or(path);
        let files = gpio.common::<Files>();
        let mut open = files.0.lock();
        if let Some((_, place)) = open.iter().find(|(other, _)| *other == path) {
            let name = path.display();
            let message = format!(
                "{name} is in use by PixelStrip opened at {place}: close that, or take a clone of it"
            );
            return Err(Error::new(ErrorKind::PinInUse, message));
        }
        open.push((path.clone(), opened_at));
        drop(open);
        Ok(DeviceFile { path, files, last, is_closed: AtomicBool::new(false), home: Home::here() })
    }

    fn close(&self) -> Result<()> {
        if self.home.is_elsewhere() || self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let written = self.last.as_ref().map_or(Ok(()), |frame| write_device(&self.path, frame));
        self.files.0.lock().retain(|(other, _)| *other != self.path);
        written
    }
}

impl Drop for DeviceFile {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("a strip was not made dark as it should be: {error}"));
        }
    }
}

/// Writes a frame in one write: the kernel's driver takes no second one.
fn write_device(path: &Path, frame: &[u8]) -> Result<()> {
    let name = path.display();
    let failed = |error: io::Error| {
        let (kind, message) = match error.kind() {
            io::ErrorKind::NotFound => (
                ErrorKind::NoChip,
                format!(
                    "there is no {name}: on a Raspberry Pi 5, add `dtoverlay=ws2812-pio,gpio=18,num_leds={}` to config.txt, and \
                     restart the board",
                    frame.len() / 4
                ),
            ),
            io::ErrorKind::PermissionDenied => (
                ErrorKind::PermissionDenied,
                format!(
                    "no permission for {name}: run as root, or give the file to a group by a rule of udev"
                ),
            ),
            io::ErrorKind::StorageFull => (
                ErrorKind::InvalidValue,
                format!(
                    "{name} has fewer LEDs than {}: raise `num_leds` of the overlay, or open fewer",
                    frame.len() / 4
                ),
            ),
            _ => (ErrorKind::Io, format!("{name} cannot be written")),
        };
        Error::new(kind, message).with_source(error)
    };
    let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write(frame));
    match written.map_err(failed)? {
        count if count == frame.len() => Ok(()),
        count => {
            Err(failed(io::Error::new(io::ErrorKind::StorageFull, format!("{count} bytes were written"))))
        }
    }
}

impl Device for PixelStrip {
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

// A panic elsewhere leaves no device half changed: its state is written under locks that do not poison.
impl std::panic::UnwindSafe for PixelStrip {}
impl std::panic::RefUnwindSafe for PixelStrip {}

impl fmt::Display for PixelStrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.sink {
            Sink::Spi(_) => write!(f, "PixelStrip of {} LEDs", self.len()),
            Sink::Device(file) => write!(f, "PixelStrip of {} LEDs on {}", self.len(), file.path.display()),
        }
    }
}

impl fmt::Debug for PixelStrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = if self.is_closed() { ", closed" } else { "" };
        match &self.0.sink {
            Sink::Spi(_) => write!(f, "PixelStrip({} LEDs{closed})", self.len()),
            Sink::Device(file) => {
                write!(f, "PixelStrip({} LEDs on {}{closed})", self.len(), file.path.display())
            }
        }
    }
}
