//! The calls of the kernel's interfaces for I2C and SPI, each with data of a type that keeps its buffers borrowed.
#![allow(unsafe_code, reason = "these calls take structures with pointers to the buffers")]

use std::ffi::{c_ulong, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::ptr;

use rustix::io::Result;
use rustix::ioctl::{Direction, Ioctl, IoctlOutput, Opcode, ioctl, opcode};

const I2C_FUNCS: Opcode = 0x0705;
const I2C_RDWR: Opcode = 0x0707;
const I2C_M_RD: u16 = 0x0001;
/// The flag of an address of 10 bits.
pub(crate) const I2C_M_TEN: u16 = 0x0010;

/// One message of an I2C transaction: the kernel's `struct i2c_msg`.
#[repr(C)]
pub(crate) struct Message<'a> {
    address: u16,
    flags: u16,
    length: u16,
    data: *mut u8,
    borrowed: PhantomData<&'a mut [u8]>,
}

impl<'a> Message<'a> {
    /// Returns a message that fills `data`, which has at most 65,535 bytes.
    pub(crate) fn read(address: u16, flags: u16, data: &'a mut [u8]) -> Self {
        Message::of(address, flags | I2C_M_RD, data.as_mut_ptr(), data.len())
    }

    /// Returns a message that sends `data`, which has at most 65,535 bytes. The kernel only reads them.
    pub(crate) fn write(address: u16, flags: u16, data: &'a [u8]) -> Self {
        Message::of(address, flags & !I2C_M_RD, data.as_ptr().cast_mut(), data.len())
    }

    fn of(address: u16, flags: u16, data: *mut u8, length: usize) -> Self {
        // Never more than there are.
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        Message { address, flags, length, data, borrowed: PhantomData }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:#x}, flags {:#x}, {} bytes)", self.address, self.flags, self.length)
    }
}

/// The kernel's `struct i2c_rdwr_ioctl_data`.
#[repr(C)]
struct Messages {
    messages: *mut c_void,
    count: u32,
}

/// Returns the functions of an I2C bus, as a set of bits.
pub(crate) fn i2c_functions(file: BorrowedFd<'_>) -> Result<c_ulong> {
    let mut functions: c_ulong = 0;
    // SAFETY: the kernel writes one `unsigned long` to the place given.
    unsafe { ioctl(file, Call::new(I2C_FUNCS, &mut functions)) }?;
    Ok(functions)
}

/// Runs one I2C transaction, and returns the number of messages that were run.
pub(crate) fn i2c_transfer(file: BorrowedFd<'_>, messages: &mut [Message<'_>]) -> Result<usize> {
    let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let mut list = Messages { messages: messages.as_mut_ptr().cast(), count };
    // SAFETY: the list points to that many messages, and each message to its bytes, which the message keeps borrowed. The
    // kernel writes only to those of reads, which are borrowed mutably.
    let done = unsafe { ioctl(file, Call::new(I2C_RDWR, &mut list)) }?;
    Ok(usize::try_from(done).unwrap_or(0))
}

const SPI: u8 = b'k';
const SPI_WR_MODE32: Opcode = opcode::write::<u32>(SPI, 5);

/// The most steps of one SPI transaction: the number of the call has 14 bits for their size.
pub(crate) const STEPS: usize = 0x3fff / size_of::<Step<'_>>();

/// One step of an SPI transaction: the kernel's `struct spi_ioc_transfer`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Step<'a> {
    write: u64,
    read: u64,
    length: u32,
    rate: u32,
    delay_us: u16,
    bits: u8,
    select_change: u8,
    write_wires: u8,
    read_wires: u8,
    word_delay_us: u8,
    pad: u8,
    borrowed: PhantomData<&'a mut [u8]>,
}

impl<'a> Step<'a> {
    /// Returns a step that fills `data`, and sends zeros.
    pub(crate) fn read(rate: u32, data: &'a mut [u8]) -> Self {
        Step::of(rate, ptr::null(), data.as_mut_ptr(), data.len())
    }

    /// Returns a step that sends `data`, and drops the bytes received.
    pub(crate) fn write(rate: u32, data: &'a [u8]) -> Self {
        Step::of(rate, data.as_ptr(), ptr::null_mut(), data.len())
    }

    /// Returns a step that sends `write` and fills `read`, as far as both reach.
    pub(crate) fn both(rate: u32, read: &'a mut [u8], write: &'a [u8]) -> Self {
        let length = read.len().min(write.len());
        Step::of(rate, write.as_ptr(), read.as_mut_ptr(), length)
    }

    /// Returns a step that sends `data`, and replaces them by the bytes received.
    pub(crate) fn in_place(rate: u32, data: &'a mut [u8]) -> Self {
        let place = data.as_mut_ptr();
        Step::of(rate, place, place, data.len())
    }

    /// Returns a step that only waits.
    pub(crate) fn wait(rate: u32, delay_us: u16) -> Self {
        Step { delay_us, ..Step::of(rate, ptr::null(), ptr::null_mut(), 0) }
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    fn of(rate: u32, write: *const u8, read: *mut u8, length: usize) -> Self {
        Step {
            write: write as u64,
            read: read as u64,
            // Never more than there are.
            length: u32::try_from(length).unwrap_or(u32::MAX),
            rate,
            delay_us: 0,
            bits: 8,
            select_change: 0,
            write_wires: 0,
            read_wires: 0,
            word_delay_us: 0,
            pad: 0,
            borrowed: PhantomData,
        }
    }
}

/// Sets the mode of a device on an SPI bus, a set of bits.
pub(crate) fn set_spi_mode(file: BorrowedFd<'_>, mut mode: u32) -> Result<()> {
    // SAFETY: the kernel reads a 32-bit number from the place given.
    unsafe { ioctl(file, Call::new(SPI_WR_MODE32, &mut mode)) }?;
    Ok(())
}

/// Runs one SPI transaction of at most [`STEPS`] steps.
pub(crate) fn spi_transfer(file: BorrowedFd<'_>, steps: &mut [Step<'_>]) -> Result<()> {
    let size = size_of_val(steps).min(0x3fff);
    let number = opcode::from_components(Direction::Write, SPI, 0, size);
    // SAFETY: the number of the call has the size of the steps, and each step points to its bytes, which the step keeps
    // borrowed. The kernel writes only to those of `read`, which are borrowed mutably.
    unsafe { ioctl(file, Call { number, data: steps.as_mut_ptr().cast(), borrowed: PhantomData }) }?;
    Ok(())
}

/// A call whose argument is a pointer to data.
struct Call<'a> {
    number: Opcode,
    data: *mut c_void,
    borrowed: PhantomData<&'a mut c_void>,
}

impl<'a> Call<'a> {
    fn new<T>(number: Opcode, data: &'a mut T) -> Self {
        Call { number, data: ptr::from_mut(data).cast(), borrowed: PhantomData }
    }
}

// SAFETY: the pointer is to data that the call may change, and nothing is read through the pointer afterwards.
unsafe impl Ioctl for Call<'_> {
    type Output = IoctlOutput;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.number
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.data
    }

    // SAFETY: the pointer is not used.
    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut c_void) -> Result<IoctlOutput> {
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_the_kernels() {
        assert_eq!(size_of::<Step<'_>>(), 32);
        assert_eq!(STEPS, 511);
        assert_eq!(SPI_WR_MODE32, 0x4004_6b05);
        assert_eq!(size_of::<Message<'_>>(), 8 + size_of::<usize>());
    }
}
