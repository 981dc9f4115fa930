//! The registers that drive and read all lines of a bank at once, mapped a second time: rppal has no call for several
//! lines.
#![allow(unsafe_code, reason = "registers are memory, which only a pointer reaches")]

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use rppal::system::{DeviceInfo, SoC};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use pinzero_core::{Error, ErrorKind, Result};

/// The place of the registers of a chip, in bytes from the start of the mapping. The registers of the next bank follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// The bytes to map.
    length: usize,
    banks: usize,
    /// A bit that is written as 1 drives its line high; a 0 changes nothing.
    set: usize,
    /// A bit that is written as 1 drives its line low.
    clear: usize,
    /// The levels on the lines.
    level: usize,
}

/// The Pi 4 and older: GPSET0, GPCLR0 and GPLEV0 in "BCM2835 ARM Peripherals", 6.1, and "BCM2711 ARM Peripherals", 5.2.
const BCM: Layout = Layout { length: 0x1000, banks: 2, set: 0x1c, clear: 0x28, level: 0x34 };

/// The Pi 5: SYS_RIO0 is at 0x10000 of the device file. Its `OUT` is at 0 and its `IN` at 8 ("RP1 Peripherals", 3.3.2); the
/// copies that set and clear bits are 0x2000 and 0x3000 further (2.4). Linux's `pinctrl-rp1` uses the same.
const RP1: Layout = Layout { length: 0x14000, banks: 1, set: 0x12000, clear: 0x13000, level: 0x10008 };

/// The registers of all lines. Bit 0 of a mask is GPIO0.
#[derive(Debug)]
pub(crate) struct Banks {
    start: NonNull<u32>,
    layout: Layout,
}

// SAFETY: the mapping belongs to no thread. A store to these registers changes the lines of its bits alone, so stores of
// several threads do not disturb each other.
unsafe impl Send for Banks {}
// SAFETY: as above.
unsafe impl Sync for Banks {}

impl Banks {
    /// Maps the registers of this Raspberry Pi, which rppal has opened.
    pub(crate) fn open() -> Result<Banks> {
        let failed = |error: Errno| {
            Error::new(ErrorKind::Io, "the registers are not there a second time").with_source(error)
        };
        let unknown = |_| Error::new(ErrorKind::NoChip, "rppal does not know this Raspberry Pi");
        let base = match DeviceInfo::new().map_err(unknown)?.soc() {
            SoC::Bcm2712 => return Banks::map("/dev/gpiomem0", 0, RP1).map_err(failed),
            SoC::Bcm2835 => 0x2000_0000,
            SoC::Bcm2711 => 0xfe00_0000,
            _ => 0x3f00_0000,
        };
        // The same choice as rppal's: without this device file, all of memory.
        Banks::map("/dev/gpiomem", 0, BCM)
            .or_else(|_| Banks::map("/dev/mem", base + 0x0020_0000, BCM))
            .map_err(failed)
    }

    fn map(path: &str, offset: u64, layout: Layout) -> rustix::io::Result<Banks> {
        let file = open(path, OFlags::RDWR | OFlags::SYNC | OFlags::CLOEXEC, Mode::empty())?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel picks a free address, and the mapping lasts until `drop`.
        let start =
            unsafe { mmap(ptr::null_mut(), layout.length, access, MapFlags::SHARED, file.as_fd(), offset)? };
        NonNull::new(start.cast()).map(|start| Banks { start, layout }).ok_or(Errno::NOMEM)
    }

    /// Drives lines low, and then lines high: one store for each bank and level with a line in it.
    ///
    /// With the low ones first, two legs of a bridge that are on when high are never on together.
    pub(crate) fn write(&self, low: u64, high: u64) {
        for (offset, bits) in self.layout.stores(low, high) {
            // SAFETY: the registers of a layout are within its length, which is mapped.
            unsafe { self.register(offset).write_volatile(bits) }
        }
    }

    /// Reads the levels on all lines.
    pub(crate) fn levels(&self) -> u64 {
        (0..self.layout.banks).fold(0, |levels, bank| {
            // SAFETY: as in `write`.
            let bits = unsafe { self.register(self.layout.level + 4 * bank).read_volatile() };
            levels | u64::from(bits) << (32 * bank)
        })
    }

    /// Returns the address of a register.
    fn register(&self, offset: usize) -> NonNull<u32> {
        // SAFETY: as in `write`; the registers are aligned words.
        unsafe { self.start.byte_add(offset) }
    }
}

impl Layout {
    /// Returns the stores that drive these lines low and high, in their order: places, and bits.
    fn stores(self, low: u64, high: u64) -> impl Iterator<Item = (usize, u32)> {
        let banks = move |first: usize, lines: u64| {
            (0..self.banks).map(move |bank| (first + 4 * bank, (lines >> (32 * bank)) as u32))
        };
        banks(self.clear, low).chain(banks(self.set, high)).filter(|(_, bits)| *bits != 0)
    }
}

impl Drop for Banks {
    fn drop(&mut self) {
        // SAFETY: `map` has mapped this length here, and no one has the address any more.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.layout.length) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::os::unix::fs::FileExt;

    use rustix::fs::{MemfdFlags, memfd_create};

    use super::*;

    /// A file that stands in for the registers, and the mapping of it.
    fn on_a_file(layout: Layout) -> (File, Banks) {
        let file: OwnedFd = memfd_create("registers", MemfdFlags::CLOEXEC).unwrap();
        let file = File::from(file);
        file.set_len(layout.length as u64).unwrap();
        let banks = Banks::map(&format!("/proc/self/fd/{}", file.as_raw_fd()), 0, layout).unwrap();
        (file, banks)
    }

    /// The words of the file that are not 0, with their places.
    fn words(file: &File, layout: Layout) -> Vec<(usize, u32)> {
        let mut bytes = vec![0; layout.length];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let words = bytes.chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
        words.enumerate().map(|(index, word)| (4 * index, word)).filter(|(_, word)| *word != 0).collect()
    }

    /// Lines that go low and high, and the stores that this takes.
    type Change = (u64, u64, &'static [(usize, u32)]);

    const ON_BCM: [Change; 7] = [
        (0, 0, &[]),
        (0, 0xff, &[(0x1c, 0xff)]),
        (1 << 31, 0, &[(0x28, 1 << 31)]),
        (0, 1 << 32, &[(0x20, 1)]),
        (1 << 53, 0, &[(0x2c, 1 << 21)]),
        // Two legs of a bridge: the one that goes low comes first, whichever bank it is in.
        (1 << 27, 1 << 17, &[(0x28, 1 << 27), (0x1c, 1 << 17)]),
        (
            1 << 4 | 1 << 40,
            1 << 5 | 1 << 41,
            &[(0x28, 1 << 4), (0x2c, 1 << 8), (0x1c, 1 << 5), (0x20, 1 << 9)],
        ),
    ];

    const ON_RP1: [Change; 3] = [
        (0, 0, &[]),
        (0, 0x0fff_ffff, &[(0x12000, 0x0fff_ffff)]),
        (1 << 27, 1 << 17, &[(0x13000, 1 << 27), (0x12000, 1 << 17)]),
    ];

    #[test]
    fn a_change_is_one_store_for_each_bank_and_level_the_low_ones_first() {
        for (layout, changes) in [(BCM, &ON_BCM[..]), (RP1, &ON_RP1)] {
            for (low, high, wanted) in changes {
                let stores: Vec<_> = layout.stores(*low, *high).collect();
                assert_eq!(stores, *wanted, "{low:#x} low, {high:#x} high");
            }
        }
    }

    #[test]
    fn stores_reach_their_registers_and_no_other_place() {
        for (layout, changes) in [(BCM, &ON_BCM[..]), (RP1, &ON_RP1)] {
            for (low, high, wanted) in changes {
                let (file, banks) = on_a_file(layout);
                banks.write(*low, *high);
                let mut wanted = wanted.to_vec();
                wanted.sort_unstable();
                assert_eq!(words(&file, layout), wanted, "{low:#x} low, {high:#x} high");
            }
        }
    }

    #[test]
    fn levels_are_those_of_all_banks() {
        for (layout, levels) in [(BCM, 0x0020_0001_8000_0001), (RP1, 0x0800_0001)] {
            let (file, banks) = on_a_file(layout);
            for bank in 0..layout.banks {
                let word = (levels >> (32 * bank)) as u32;
                file.write_all_at(&word.to_ne_bytes(), (layout.level + 4 * bank) as u64).unwrap();
            }
            assert_eq!(banks.levels(), levels);
        }
    }

    #[test]
    fn registers_that_are_not_there_are_an_error() {
        assert_eq!(Banks::map("/nowhere", 0, BCM).unwrap_err(), Errno::NOENT);
        assert_eq!(Banks::map("/dev/null", 0, BCM).unwrap_err(), Errno::NODEV);
    }
}
