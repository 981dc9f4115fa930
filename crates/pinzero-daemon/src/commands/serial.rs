//! Serial ports.

use pinzero_pigpio::protocol::{Code, Command};

use crate::ClientId;
use crate::answer::Answer;
use crate::bus::SerialTask;
use crate::executor::Executor;

/// The most bytes of a read.
const MOST: u32 = 65_535;

impl Executor {
    pub(crate) fn serial_open(
        &mut self,
        rate: u32,
        flags: u32,
        device: &[u8],
        client: ClientId,
    ) -> Result<Answer, Code> {
        let name = std::str::from_utf8(device).map_err(|_| Code::BAD_SER_DEVICE)?;
        let is_serial = name.starts_with("/dev/tty") || name.starts_with("/dev/serial");
        // `/dev/serial` may be a directory: the way must not lead out of it.
        if !is_serial || name.split('/').any(|part| part == "..") || name.contains('\0') {
            return Err(Code::BAD_SER_DEVICE);
        }
        if rate == 0 {
            return Err(Code::BAD_SER_SPEED);
        }
        if flags != 0 {
            return Err(Code::BAD_FLAGS);
        }
        let name = name.into();
        for gpio in self.buses.serial.needs(&name) {
            self.reclaim(*gpio);
        }
        Ok(self.buses.serial.open(&mut self.lines, name, rate, client)?.into())
    }

    /// Runs a command on a handle, after the checks that pigpiod makes.
    pub(crate) fn serial(
        &mut self,
        command: Command,
        handle: u32,
        p2: u32,
        extension: &[u8],
        client: ClientId,
    ) -> Result<Answer, Code> {
        self.buses.serial.check(handle)?;
        let task = match command {
            Command::Serr if (1..=MOST).contains(&p2) => SerialTask::Read(p2 as usize),
            Command::Serrb => SerialTask::ReadByte,
            Command::Serda => SerialTask::Count,
            Command::Serw if !extension.is_empty() => SerialTask::Write(extension.to_vec()),
            Command::Serwb => SerialTask::Write(vec![u8::try_from(p2).map_err(|_| Code::BAD_PARAM)?]),
            _ => return Err(Code::BAD_PARAM),
        };
        self.buses.serial.run(handle, task, client)
    }
}
