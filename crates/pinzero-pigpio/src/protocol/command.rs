//! The commands of the protocol and their codes.

/// A command. Its discriminant is its code on the wire.
///
/// ```
/// use pinzero_pigpio::protocol::Command;
/// assert_eq!(Command::Write.code(), 4);
/// assert_eq!(Command::from_code(99), Some(Command::Noib));
/// assert_eq!(Command::from_code(119), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Command {
    /// Sets the mode of a GPIO.
    Modes = 0,
    /// Gets the mode of a GPIO.
    Modeg = 1,
    /// Sets the pull of a GPIO.
    Pud = 2,
    /// Reads a GPIO.
    Read = 3,
    /// Writes a GPIO and makes it an output.
    Write = 4,
    /// Starts PWM on a GPIO.
    Pwm = 5,
    /// Sets the PWM range.
    Prs = 6,
    /// Sets the PWM frequency.
    Pfs = 7,
    /// Starts servo pulses.
    Servo = 8,
    /// Sets the watchdog of a GPIO.
    Wdog = 9,
    /// Reads GPIO 0 to 31.
    Br1 = 10,
    /// Reads GPIO 32 to 53.
    Br2 = 11,
    /// Clears some of GPIO 0 to 31.
    Bc1 = 12,
    /// Clears some of GPIO 32 to 53.
    Bc2 = 13,
    /// Sets some of GPIO 0 to 31.
    Bs1 = 14,
    /// Sets some of GPIO 32 to 53.
    Bs2 = 15,
    /// Gets the time in microseconds.
    Tick = 16,
    /// Gets the board's revision code.
    Hwver = 17,
    /// Opens notifications by a pipe on the daemon's host.
    No = 18,
    /// Begins notifications.
    Nb = 19,
    /// Pauses notifications.
    Np = 20,
    /// Closes notifications.
    Nc = 21,
    /// Gets the PWM range.
    Prg = 22,
    /// Gets the PWM frequency.
    Pfg = 23,
    /// Gets the real PWM range.
    Prrg = 24,
    /// Is the client's own.
    Help = 25,
    /// Gets the version.
    Pigpv = 26,
    /// Deletes all waves.
    Wvclr = 27,
    /// Adds pulses to the wave being made.
    Wvag = 28,
    /// Adds serial data to the wave being made.
    Wvas = 29,
    /// Is gone.
    Wvgo = 30,
    /// Is gone, too.
    Wvgor = 31,
    /// Tells whether a wave is being sent.
    Wvbsy = 32,
    /// Ends the wave being sent.
    Wvhlt = 33,
    /// Gets a wave's length in microseconds.
    Wvsm = 34,
    /// Gets a wave's length in pulses.
    Wvsp = 35,
    /// Gets a wave's length in control blocks.
    Wvsc = 36,
    /// Sends one pulse.
    Trig = 37,
    /// Stores a script.
    Proc = 38,
    /// Deletes a script.
    Procd = 39,
    /// Runs a script.
    Procr = 40,
    /// Stops a script.
    Procs = 41,
    /// Opens a GPIO for bit-banged serial input.
    Slro = 42,
    /// Reads bit-banged serial input.
    Slr = 43,
    /// Closes bit-banged serial input.
    Slrc = 44,
    /// Gets a script's state and parameters.
    Procp = 45,
    /// Waits for some microseconds.
    Mics = 46,
    /// Waits for some milliseconds.
    Mils = 47,
    /// Is the client's own.
    Parse = 48,
    /// Makes a wave of what was added.
    Wvcre = 49,
    /// Deletes a wave.
    Wvdel = 50,
    /// Sends a wave once.
    Wvtx = 51,
    /// Sends a wave again and again.
    Wvtxr = 52,
    /// Begins a new wave.
    Wvnew = 53,
    /// Opens an I2C device.
    I2co = 54,
    /// Closes an I2C device.
    I2cc = 55,
    /// Reads from an I2C device.
    I2crd = 56,
    /// Writes to an I2C device.
    I2cwd = 57,
    /// Sends an SMBus quick command.
    I2cwq = 58,
    /// Reads an SMBus byte.
    I2crs = 59,
    /// Writes an SMBus byte.
    I2cws = 60,
    /// Reads an SMBus byte register.
    I2crb = 61,
    /// Writes an SMBus byte register.
    I2cwb = 62,
    /// Reads an SMBus word register.
    I2crw = 63,
    /// Writes an SMBus word register.
    I2cww = 64,
    /// Reads an SMBus block.
    I2crk = 65,
    /// Writes an SMBus block.
    I2cwk = 66,
    /// Reads an I2C block.
    I2cri = 67,
    /// Writes an I2C block.
    I2cwi = 68,
    /// Makes an SMBus process call.
    I2cpc = 69,
    /// Makes an SMBus block process call.
    I2cpk = 70,
    /// Opens an SPI device.
    Spio = 71,
    /// Closes an SPI device.
    Spic = 72,
    /// Reads from an SPI device.
    Spir = 73,
    /// Writes to an SPI device.
    Spiw = 74,
    /// Exchanges bytes with an SPI device.
    Spix = 75,
    /// Opens a serial device.
    Sero = 76,
    /// Closes a serial device.
    Serc = 77,
    /// Reads a byte from a serial device.
    Serrb = 78,
    /// Writes a byte to a serial device.
    Serwb = 79,
    /// Reads from a serial device.
    Serr = 80,
    /// Writes to a serial device.
    Serw = 81,
    /// Tells how many bytes a serial device has.
    Serda = 82,
    /// Gets the PWM duty.
    Gdc = 83,
    /// Gets the servo pulse.
    Gpw = 84,
    /// Starts a hardware clock.
    Hc = 85,
    /// Starts hardware PWM.
    Hp = 86,
    /// Is a hook for custom builds.
    Cf1 = 87,
    /// Is a hook for custom builds, too.
    Cf2 = 88,
    /// Closes bit-banged I2C.
    Bi2cc = 89,
    /// Opens bit-banged I2C.
    Bi2co = 90,
    /// Runs bit-banged I2C operations.
    Bi2cz = 91,
    /// Runs I2C operations.
    I2cz = 92,
    /// Sends a chain of waves.
    Wvcha = 93,
    /// Inverts bit-banged serial input.
    Slri = 94,
    /// Gets internal settings.
    Cgi = 95,
    /// Sets internal settings.
    Csi = 96,
    /// Sets the glitch filter of a GPIO.
    Fg = 97,
    /// Sets the noise filter of a GPIO.
    Fn = 98,
    /// Opens notifications on this connection.
    Noib = 99,
    /// Sends a wave in a given mode.
    Wvtxm = 100,
    /// Tells which wave is being sent.
    Wvtat = 101,
    /// Sets the strength of a pad.
    Pads = 102,
    /// Gets the strength of a pad.
    Padg = 103,
    /// Opens a file.
    Fo = 104,
    /// Closes a file.
    Fc = 105,
    /// Reads from a file.
    Fr = 106,
    /// Writes to a file.
    Fw = 107,
    /// Seeks in a file.
    Fs = 108,
    /// Lists files.
    Fl = 109,
    /// Runs a program.
    Shell = 110,
    /// Closes bit-banged SPI.
    Bspic = 111,
    /// Opens bit-banged SPI.
    Bspio = 112,
    /// Exchanges bytes by bit-banged SPI.
    Bspix = 113,
    /// Exchanges bytes as an I2C or SPI slave.
    Bscx = 114,
    /// Chooses the events to be told.
    Evm = 115,
    /// Triggers an event.
    Evt = 116,
    /// Updates a script's parameters.
    Procu = 117,
    /// Makes a wave and pads it.
    Wvcap = 118,
}

/// All of them with their names, in the order of their codes, which have no gap.
const ALL: [(Command, &str); 119] = [
    (Command::Modes, "MODES"),
    (Command::Modeg, "MODEG"),
    (Command::Pud, "PUD"),
    (Command::Read, "READ"),
    (Command::Write, "WRITE"),
    (Command::Pwm, "PWM"),
    (Command::Prs, "PRS"),
    (Command::Pfs, "PFS"),
    (Command::Servo, "SERVO"),
    (Command::Wdog, "WDOG"),
    (Command::Br1, "BR1"),
    (Command::Br2, "BR2"),
    (Command::Bc1, "BC1"),
    (Command::Bc2, "BC2"),
    (Command::Bs1, "BS1"),
    (Command::Bs2, "BS2"),
    (Command::Tick, "TICK"),
    (Command::Hwver, "HWVER"),
    (Command::No, "NO"),
    (Command::Nb, "NB"),
    (Command::Np, "NP"),
    (Command::Nc, "NC"),
    (Command::Prg, "PRG"),
    (Command::Pfg, "PFG"),
    (Command::Prrg, "PRRG"),
    (Command::Help, "HELP"),
    (Command::Pigpv, "PIGPV"),
    (Command::Wvclr, "WVCLR"),
    (Command::Wvag, "WVAG"),
    (Command::Wvas, "WVAS"),
    (Command::Wvgo, "WVGO"),
    (Command::Wvgor, "WVGOR"),
    (Command::Wvbsy, "WVBSY"),
    (Command::Wvhlt, "WVHLT"),
    (Command::Wvsm, "WVSM"),
    (Command::Wvsp, "WVSP"),
    (Command::Wvsc, "WVSC"),
    (Command::Trig, "TRIG"),
    (Command::Proc, "PROC"),
    (Command::Procd, "PROCD"),
    (Command::Procr, "PROCR"),
    (Command::Procs, "PROCS"),
    (Command::Slro, "SLRO"),
    (Command::Slr, "SLR"),
    (Command::Slrc, "SLRC"),
    (Command::Procp, "PROCP"),
    (Command::Mics, "MICS"),
    (Command::Mils, "MILS"),
    (Command::Parse, "PARSE"),
    (Command::Wvcre, "WVCRE"),
    (Command::Wvdel, "WVDEL"),
    (Command::Wvtx, "WVTX"),
    (Command::Wvtxr, "WVTXR"),
    (Command::Wvnew, "WVNEW"),
    (Command::I2co, "I2CO"),
    (Command::I2cc, "I2CC"),
    (Command::I2crd, "I2CRD"),
    (Command::I2cwd, "I2CWD"),
    (Command::I2cwq, "I2CWQ"),
    (Command::I2crs, "I2CRS"),
    (Command::I2cws, "I2CWS"),
    (Command::I2crb, "I2CRB"),
    (Command::I2cwb, "I2CWB"),
    (Command::I2crw, "I2CRW"),
    (Command::I2cww, "I2CWW"),
    (Command::I2crk, "I2CRK"),
    (Command::I2cwk, "I2CWK"),
    (Command::I2cri, "I2CRI"),
    (Command::I2cwi, "I2CWI"),
    (Command::I2cpc, "I2CPC"),
    (Command::I2cpk, "I2CPK"),
    (Command::Spio, "SPIO"),
    (Command::Spic, "SPIC"),
    (Command::Spir, "SPIR"),
    (Command::Spiw, "SPIW"),
    (Command::Spix, "SPIX"),
    (Command::Sero, "SERO"),
    (Command::Serc, "SERC"),
    (Command::Serrb, "SERRB"),
    (Command::Serwb, "SERWB"),
    (Command::Serr, "SERR"),
    (Command::Serw, "SERW"),
    (Command::Serda, "SERDA"),
    (Command::Gdc, "GDC"),
    (Command::Gpw, "GPW"),
    (Command::Hc, "HC"),
    (Command::Hp, "HP"),
    (Command::Cf1, "CF1"),
    (Command::Cf2, "CF2"),
    (Command::Bi2cc, "BI2CC"),
    (Command::Bi2co, "BI2CO"),
    (Command::Bi2cz, "BI2CZ"),
    (Command::I2cz, "I2CZ"),
    (Command::Wvcha, "WVCHA"),
    (Command::Slri, "SLRI"),
    (Command::Cgi, "CGI"),
    (Command::Csi, "CSI"),
    (Command::Fg, "FG"),
    (Command::Fn, "FN"),
    (Command::Noib, "NOIB"),
    (Command::Wvtxm, "WVTXM"),
    (Command::Wvtat, "WVTAT"),
    (Command::Pads, "PADS"),
    (Command::Padg, "PADG"),
    (Command::Fo, "FO"),
    (Command::Fc, "FC"),
    (Command::Fr, "FR"),
    (Command::Fw, "FW"),
    (Command::Fs, "FS"),
    (Command::Fl, "FL"),
    (Command::Shell, "SHELL"),
    (Command::Bspic, "BSPIC"),
    (Command::Bspio, "BSPIO"),
    (Command::Bspix, "BSPIX"),
    (Command::Bscx, "BSCX"),
    (Command::Evm, "EVM"),
    (Command::Evt, "EVT"),
    (Command::Procu, "PROCU"),
    (Command::Wvcap, "WVCAP"),
];

impl Command {
    /// Returns the command with this code, if there is one.
    pub fn from_code(code: u32) -> Option<Self> {
        ALL.get(usize::try_from(code).ok()?).map(|(command, _)| *command)
    }

    /// Returns the code on the wire.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Returns the name that pigpio's users know: `"MODES"`.
    pub fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// Returns `true` if a payload follows the reply, as long as its result says.
    pub fn has_payload(self) -> bool {
        use Command::*;
        matches!(
            self,
            Bi2cz
                | Bscx
                | Bspix
                | Cf2
                | Fl
                | Fr
                | I2cpk
                | I2crd
                | I2cri
                | I2crk
                | I2cz
                | Procp
                | Serr
                | Slr
                | Spir
                | Spix
        )
    }

    /// Returns `true` if the result is a bare number, so that one that looks negative is no error.
    pub fn is_unsigned(self) -> bool {
        use Command::*;
        matches!(self, Br1 | Br2 | Tick | Hwver | Pigpv | Cgi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_places_in_the_table_agree() {
        for (place, (command, name)) in ALL.iter().enumerate() {
            assert_eq!(command.code() as usize, place, "{name}");
            assert_eq!(command.name(), *name);
            assert_eq!(Command::from_code(command.code()), Some(*command));
            assert_eq!(format!("{command:?}").to_uppercase(), *name);
        }
        assert_eq!(Command::from_code(ALL.len() as u32), None);
        assert_eq!(Command::from_code(u32::MAX), None);
    }
}
