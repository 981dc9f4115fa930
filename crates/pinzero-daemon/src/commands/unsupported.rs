//! Unsupported commands, such as those that pigpiod runs as root.
//!
//! A client gets the same error codes for its mistakes as from pigpiod. These commands open nothing, so every handle is a bad
//! handle.

use pinzero_pigpio::protocol::{Code, Command};

use crate::executor::Executor;

impl Executor {
    /// Refuses a command, with the code for the reason.
    pub(crate) fn refuse(&self, command: Command, p1: u32) -> Code {
        use Command::*;
        match command {
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
