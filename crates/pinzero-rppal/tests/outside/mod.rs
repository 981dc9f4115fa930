//! The other side of the pins of QEMU's Raspberry Pi: its registers, mapped once more and past rppal.

use std::env;
use std::fs::File;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use pinzero_core::{Bias, Error, ErrorKind, Level, Line, Result};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// How much to map.
const LENGTH: usize = 4096;

/// Whether the rig is a Raspberry Pi 4, not a 3.
pub(crate) fn is_pi_4() -> bool {
    env::var_os("PINZERO_PI_RIG_MODEL").is_some_and(|model| model == "4")
}

/// Where this Raspberry Pi has them.
fn address() -> u64 {
    if is_pi_4() { 0xfe20_0000 } else { 0x3f20_0000 }
}

/// The first register of each kind, in words. There are two of each, but for the function's six.
const FUNCTION: u32 = 0;
const SET: u32 = 7;
const CLEAR: u32 = 10;
const LEVEL: u32 = 13;
/// A Raspberry Pi 4 alone has these four, of two bits a line.
#[allow(dead_code, reason = "not all tests look at pulls")]
const PULL: u32 = 57;

/// The registers.
#[derive(Debug)]
pub(crate) struct Outside(NonNull<u32>);

impl Outside {
    /// Maps them.
    pub(crate) fn new() -> Result<Self> {
        let memory = File::options().read(true).write(true).open("/dev/mem");
        let memory = memory.map_err(|error| Error::new(ErrorKind::Io, "/dev/mem").with_source(error))?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel picks an address that is free, and the mapping lasts until `drop`.
        let address =
            unsafe { mmap(ptr::null_mut(), LENGTH, access, MapFlags::SHARED, memory.as_fd(), address()) };
        let address = address.map_err(|error| Error::new(ErrorKind::Io, "mmap").with_source(error))?;
        NonNull::new(address.cast()).map(Outside).ok_or_else(|| Error::new(ErrorKind::Io, "mapped nowhere"))
    }

    /// Whether the line is an output.
    pub(crate) fn is_output(&self, line: Line) -> bool {
        self.read(FUNCTION + line.0 / 10) >> (line.0 % 10 * 3) & 0b111 == 0b001
    }

    /// The level on the line.
    pub(crate) fn level(&self, line: Line) -> Level {
        Level::from(self.read(LEVEL + line.0 / 32) >> (line.0 % 32) & 1 == 1)
    }

    /// Brings the line to a level. Where a real one keeps it for when the line becomes an output, QEMU's has it on an
    /// input too, as if something outside drove it.
    pub(crate) fn drive(&self, line: Line, level: Level) {
        let register = if level.is_high() { SET } else { CLEAR };
        self.write(register + line.0 / 32, 1 << (line.0 % 32));
    }

    /// The pull of the line, on a Raspberry Pi 4.
    #[allow(dead_code, reason = "not all tests look at pulls")]
    pub(crate) fn pull(&self, line: Line) -> Bias {
        match self.read(PULL + line.0 / 16) >> (line.0 % 16 * 2) & 0b11 {
            0b01 => Bias::PullUp,
            0b10 => Bias::PullDown,
            _ => Bias::Disabled,
        }
    }

    fn read(&self, register: u32) -> u32 {
        // SAFETY: all registers above are within the mapping.
        unsafe { self.0.add(register as usize).read_volatile() }
    }

    fn write(&self, register: u32, value: u32) {
        // SAFETY: all registers above are within the mapping.
        unsafe { self.0.add(register as usize).write_volatile(value) }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` at this length, and used by nothing else.
        let unmapped = unsafe { munmap(self.0.as_ptr().cast(), LENGTH) };
        assert_eq!(unmapped, Ok(()));
    }
}
