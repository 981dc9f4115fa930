//! Unsupported commands: serial ports, which no factory has yet, and commands that pigpiod runs as root.
//!
//! The arguments are checked as in pigpiod, so that a client gets the same error codes for its mistakes. These commands open
//! nothing, so every handle is a bad handle.

use pinzero_pigpio::protocol::{Code, Command};

use crate::executor::Executor;

impl Executor {
    /// Refuses a command, with the code for the reason.
    pub(crate) fn refuse(&self, command: Command, p1: u32, p2: u32, extension: &[u8]) -> Code {
        use Command::*;
        match command {
            Sero => serial_open(p2, extension).err().unwrap_or(Code::SER_OPEN_FAILED),
            Serc | Serrb | Serwb | Serr | Serw | Serda => Code::BAD_HANDLE,
            Slr | Slrc | Slri => self.lines.check_user(p1).err().unwrap_or(Code::NOT_SERIAL_GPIO),
            Hc => self.lines.check(p1 & 0xff).err().unwrap_or(Code::NOT_HCLK_GPIO),
            // Reports would go to a file on this computer, and the daemon writes no files.
            No => Code::NO_HANDLE,
            // pigpiod runs programs and reads files as root for any client.
            Fo | Fl => Code::NO_FILE_ACCESS,
            Fc | Fr | Fw | Fs => Code::BAD_HANDLE,
            Wvgo | Wvgor => Code::DEPRECATED,
            _ => Code::UNKNOWN_COMMAND,
        }
    }
}

fn serial_open(flags: u32, device: &[u8]) -> Result<(), Code> {
    if !device.starts_with(b"/dev/tty") && !device.starts_with(b"/dev/serial") {
        return Err(Code::BAD_SER_DEVICE);
    }
    if flags == 0 { Ok(()) } else { Err(Code::BAD_FLAGS) }
}
