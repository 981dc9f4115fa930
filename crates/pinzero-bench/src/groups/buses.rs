//! Runs transfers on buses: by a controller of the kernel, on the least backend, and bit by bit on pins.

use std::ffi::c_void;
use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsRawFd;

use pinzero::{I2c, Mcp3008, Spi, mock};
use pinzero_core::{Gpio, Level, OnClose, OutputConfig, OutputPin, PinFactory};
use rppal::spi::{Bus, Mode, SlaveSelect};

use super::cdev::gpio;
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::least::LeastFactory;
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("cdev-i2c", |times| read_registers(&i2c(&gpio()), times)),
    ("cdev-spi", |times| transfer(&spi(&gpio()), BLOCK, times)),
    ("cdev-mcp3008", |times| convert(&adc(), times)),
    ("cdev-soft-spi", |times| write_bytes(&soft(&gpio()), times)),
    ("least-i2c", |times| read_registers(&i2c(&on_least()), times)),
    ("least-spi-1", |times| transfer(&spi(&on_least()), 1, times)),
    ("least-spi-4096", |times| transfer(&spi(&on_least()), BLOCK, times)),
    ("mock-soft-spi", |times| write_bytes(&soft(&mock::builder().realtime().open()), times)),
    ("mock-pins", |times| write_pins(times)),
];

/// The rig's chip of registers on its I2C bus 1; nothing else is there.
const REGISTERS: u8 = 0x50;
/// The most bytes of a transfer that the kernel takes unless it is told otherwise.
const BLOCK: usize = 4096;
/// The bytes of a transfer on pins.
const BYTES: usize = 64;

const READ: &str = "`I2c::write_read`, a register of 2 bytes";
const TRANSFER: &str = "`Spi::transfer` of 4096 bytes";
const CONVERT: &str = "`Mcp3008::value`";
const WRITE: &str = "`Spi::write` on pins, a byte of 64";

/// The changes of clock and data that a byte takes.
const CHANGES: f64 = 24.0;

/// Measures controllers on the rig's kernel.
pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (what, subject) in [(READ, "cdev-i2c"), (TRANSFER, "cdev-spi"), (CONVERT, "cdev-mcp3008")] {
        let calls = count::system_calls_in(subject, [10, 1_010])?;
        bench.counted(&format!("{what} on cdev"), calls, None, "system calls", Target::Exactly(1.0));
    }
    // The chip select and the rest of the clock, once in a transfer, are spread over its bytes.
    let calls = count::system_calls_in("cdev-soft-spi", [1, 11])? / BYTES as f64;
    bench.counted(
        &format!("{WRITE} on cdev"),
        calls,
        Some(("clock and data", CHANGES)),
        "system calls",
        Target::Ratio(1.01),
    );
    if bench.is_short {
        return Ok(());
    }
    let (bus, file) = (i2c(&gpio()), open("/dev/i2c-1")?);
    let (ours, theirs) =
        time::pair(1_000, |times| read_registers(&bus, times), |times| read_bare(&file, times));
    bench.timed(&format!("{READ} on cdev"), ours, Some(("the bare ioctl", theirs)), "ns", Target::Ratio(1.1));

    let (bus, file) = (spi(&gpio()), open("/dev/spidev0.1")?);
    let (ours, theirs) =
        time::pair(200, |times| transfer(&bus, BLOCK, times), |times| transfer_bare(&file, times));
    bench.timed(
        &format!("{TRANSFER} on cdev"),
        ours,
        Some(("the bare ioctl", theirs)),
        "ns",
        Target::Ratio(1.1),
    );
    drop(bus);

    let theirs = rppal::spi::Spi::new(Bus::Spi0, SlaveSelect::Ss1, 1_000_000, Mode::Mode0);
    let (ours, theirs) = (adc(), theirs.map_err(|error| error.to_string())?);
    let (ours, theirs) =
        time::pair(1_000, |times| convert(&ours, times), |times| convert_bare(&theirs, times));
    bench.timed(
        &format!("{CONVERT} on cdev"),
        ours,
        Some(("rppal, `Spi::transfer`", theirs)),
        "ns",
        Target::Ratio(1.0),
    );
    Ok(())
}

/// Measures what the library adds.
pub(crate) fn run_here(bench: &Bench) -> Result<(), String> {
    bench.counted(
        &format!("{READ} on the least backend"),
        count::instructions("least-i2c")?,
        None,
        "instructions",
        Target::Most(400.0),
    );
    // A copy of the bytes would show.
    let (one, block) = (count::instructions("least-spi-1")?, count::instructions("least-spi-4096")?);
    let with = Some(("a transfer of one byte", one));
    bench.counted(
        &format!("{TRANSFER} on the least backend"),
        block,
        with,
        "instructions",
        Target::Ratio(1.01),
    );
    let bytes = count::instructions_in("mock-soft-spi", [10, 110])? / BYTES as f64;
    let pins = count::instructions_in("mock-pins", [10, 110])? / BYTES as f64;
    let with = Some(("24 changes of pins", pins));
    bench.counted(&format!("{WRITE} on the mock"), bytes, with, "instructions", Target::Ratio(1.1));
    Ok(())
}

fn on_least() -> Gpio {
    Gpio::new(LeastFactory).unwrap_or_else(|error| panic!("{error}"))
}

fn i2c(gpio: &Gpio) -> I2c {
    gpio.i2c(1).open().unwrap_or_else(|error| panic!("{error}"))
}

fn spi(gpio: &Gpio) -> Spi {
    gpio.hardware_spi(0, 1).max_rate(1_000_000).open().unwrap_or_else(|error| panic!("{error}"))
}

fn adc() -> Mcp3008 {
    Mcp3008::builder(0).select(0, 0).gpio(&gpio()).open().unwrap_or_else(|error| panic!("{error}"))
}

/// Opens a bus on pins, without a pin for what the device answers.
fn soft(gpio: &Gpio) -> Spi {
    gpio.spi(22).mosi(23).select(24).open().unwrap_or_else(|error| panic!("{error}"))
}

fn read_registers(bus: &I2c, times: u64) {
    let mut data = [0; 2];
    for _ in 0..times {
        bus.write_read(REGISTERS, &[0x10], &mut data).unwrap_or_else(|error| panic!("{error}"));
        black_box(&data);
    }
}

fn transfer(bus: &Spi, count: usize, times: u64) {
    let mut data = vec![0x5a; count];
    for _ in 0..times {
        bus.transfer(&mut data).unwrap_or_else(|error| panic!("{error}"));
        black_box(&data);
    }
}

fn convert(adc: &Mcp3008, times: u64) {
    for _ in 0..times {
        black_box(adc.value().unwrap_or_else(|error| panic!("{error}")));
    }
}

fn write_bytes(bus: &Spi, times: u64) {
    let data = [0x5a; BYTES];
    for _ in 0..times {
        bus.write(&data).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Changes two pins as a transfer of so many bytes does, and no more.
fn write_pins(times: u64) {
    let gpio = mock::builder().realtime().open();
    let factory = gpio.factory();
    let open =
        |line| factory.open_output(pinzero_core::Line(line), OutputConfig::new(Level::Low, OnClose::Restore));
    let [clock, mosi]: [Box<dyn OutputPin>; 2] =
        [22, 23].map(|line| open(line).unwrap_or_else(|error| panic!("{error}")));
    for _ in 0..times {
        for bit in (0..BYTES).flat_map(|_| (0..8).rev().map(|bit| 0x5a_u8 >> bit & 1 == 1)) {
            let _ = black_box(mosi.set(Level::from(bit)));
            let _ = black_box(clock.set(Level::High));
            let _ = black_box(clock.set(Level::Low));
        }
    }
}

fn open(path: &str) -> Result<File, String> {
    let file = File::options().read(true).write(true).open(path);
    file.map_err(|error| format!("{path}: {error}"))
}

/// The kernel's `struct i2c_msg`.
#[repr(C)]
struct Message {
    address: u16,
    flags: u16,
    length: u16,
    data: *mut u8,
}

/// The kernel's `struct i2c_rdwr_ioctl_data`.
#[repr(C)]
struct Messages {
    messages: *mut Message,
    count: u32,
}

fn read_bare(file: &File, times: u64) {
    const I2C_RDWR: libc::c_ulong = 0x0707;
    let (mut register, mut data) = ([0x10_u8], [0_u8; 2]);
    for _ in 0..times {
        let mut messages = [
            Message { address: REGISTERS.into(), flags: 0, length: 1, data: register.as_mut_ptr() },
            Message { address: REGISTERS.into(), flags: 1, length: 2, data: data.as_mut_ptr() },
        ];
        let mut list = Messages { messages: messages.as_mut_ptr(), count: 2 };
        // SAFETY: the list points to two messages, and these to as many bytes as they say, all of which outlive the call.
        let done = unsafe { libc::ioctl(file.as_raw_fd(), I2C_RDWR as _, &raw mut list) };
        assert_eq!(black_box(done), 2);
    }
}

/// The kernel's `struct spi_ioc_transfer`.
#[repr(C)]
#[derive(Default)]
struct Step {
    write: u64,
    read: u64,
    length: u32,
    rate: u32,
    delay: u16,
    bits: u8,
    others: [u8; 5],
}

fn transfer_bare(file: &File, times: u64) {
    const SPI_IOC_MESSAGE_1: libc::c_ulong = 0x4020_6b00;
    let mut data = vec![0x5a_u8; BLOCK];
    let place = data.as_mut_ptr().cast::<c_void>() as u64;
    for _ in 0..times {
        let step = Step {
            write: place,
            read: place,
            length: BLOCK as u32,
            rate: 1_000_000,
            bits: 8,
            ..Step::default()
        };
        // SAFETY: the step points to as many bytes as it says, which outlive the call.
        let done = unsafe { libc::ioctl(file.as_raw_fd(), SPI_IOC_MESSAGE_1 as _, &raw const step) };
        assert_eq!(black_box(done), BLOCK as i32);
    }
}

fn convert_bare(spi: &rppal::spi::Spi, times: u64) {
    for _ in 0..times {
        let mut data = [0; 3];
        spi.transfer(&mut data, &[0x01, 0x80, 0]).unwrap_or_else(|error| panic!("{error}"));
        let value = u16::from(data[1] & 3) << 8 | u16::from(data[2]);
        black_box(f64::from(value) / 1023.0);
    }
}
