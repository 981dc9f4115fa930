//! The results below zero.

use std::fmt;

/// A result below zero: why a command was not done.
///
/// ```
/// use pinzero_pigpio::protocol::Code;
/// assert_eq!(Code::NOT_PERMITTED.name(), Some("PI_NOT_PERMITTED"));
/// assert_eq!(Code(-3).to_string(), "not a GPIO from 0 to 53 (-3)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub i32);

impl Code {
    /// The daemon could not start.
    pub const INIT_FAILED: Code = Code(-1);
    /// Not a GPIO from 0 to 31.
    pub const BAD_USER_GPIO: Code = Code(-2);
    /// Not a GPIO from 0 to 53.
    pub const BAD_GPIO: Code = Code(-3);
    /// Not a mode from 0 to 7.
    pub const BAD_MODE: Code = Code(-4);
    /// Not a level of 0 or 1.
    pub const BAD_LEVEL: Code = Code(-5);
    /// Not a pull from 0 to 2.
    pub const BAD_PUD: Code = Code(-6);
    /// Not a pulse of 0 or 500 to 2500 us.
    pub const BAD_PULSEWIDTH: Code = Code(-7);
    /// The duty is beyond the range.
    pub const BAD_DUTYCYCLE: Code = Code(-8);
    /// Not a watchdog time from 0 to 60000 ms.
    pub const BAD_WDOG_TIMEOUT: Code = Code(-15);
    /// Not a PWM range from 25 to 40000.
    pub const BAD_DUTYRANGE: Code = Code(-21);
    /// The file of a notification cannot be made.
    pub const BAD_PATHNAME: Code = Code(-23);
    /// All handles are taken.
    pub const NO_HANDLE: Code = Code(-24);
    /// There is no such handle.
    pub const BAD_HANDLE: Code = Code(-25);
    /// Not a way to send a wave from 0 to 3.
    pub const BAD_WAVE_MODE: Code = Code(-33);
    /// Bad internal settings.
    pub const BAD_CFG_INTERNAL: Code = Code(-34);
    /// The baud rate of a wave is out of range.
    pub const BAD_WAVE_BAUD: Code = Code(-35);
    /// A wave has too many pulses.
    pub const TOO_MANY_PULSES: Code = Code(-36);
    /// A wave has too many characters.
    pub const TOO_MANY_CHARS: Code = Code(-37);
    /// No serial input is open on this GPIO.
    pub const NOT_SERIAL_GPIO: Code = Code(-38);
    /// Bad serial parameter.
    pub const BAD_SERIAL_STRUC: Code = Code(-39);
    /// Bad serial buffer.
    pub const BAD_SERIAL_BUF: Code = Code(-40);
    /// This GPIO may not be changed.
    pub const NOT_PERMITTED: Code = Code(-41);
    /// Some of these GPIO may not be changed.
    pub const SOME_PERMITTED: Code = Code(-42);
    /// Not a control block question.
    pub const BAD_WVSC_COMMND: Code = Code(-43);
    /// Not a time question.
    pub const BAD_WVSM_COMMND: Code = Code(-44);
    /// Not a pulse question.
    pub const BAD_WVSP_COMMND: Code = Code(-45);
    /// Not a pulse from 1 to 100 us.
    pub const BAD_PULSELEN: Code = Code(-46);
    /// This script cannot be used.
    pub const BAD_SCRIPT: Code = Code(-47);
    /// There is no such script.
    pub const BAD_SCRIPT_ID: Code = Code(-48);
    /// The offset of serial data is too great.
    pub const BAD_SER_OFFSET: Code = Code(-49);
    /// This GPIO is in use already.
    pub const GPIO_IN_USE: Code = Code(-50);
    /// A byte count of at least 1 is needed.
    pub const BAD_SERIAL_COUNT: Code = Code(-51);
    /// Not a script parameter from 0 to 9.
    pub const BAD_PARAM_NUM: Code = Code(-52);
    /// A script has a tag twice.
    pub const DUP_TAG: Code = Code(-53);
    /// A script has too many tags.
    pub const TOO_MANY_TAGS: Code = Code(-54);
    /// A script has an unknown command.
    pub const BAD_SCRIPT_CMD: Code = Code(-55);
    /// Not a script variable from 0 to 149.
    pub const BAD_VAR_NUM: Code = Code(-56);
    /// There is no room for more scripts.
    pub const NO_SCRIPT_ROOM: Code = Code(-57);
    /// There is no memory left.
    pub const NO_MEMORY: Code = Code(-58);
    /// A socket could not be read.
    pub const SOCK_READ_FAILED: Code = Code(-59);
    /// A socket could not be written.
    pub const SOCK_WRIT_FAILED: Code = Code(-60);
    /// More than 10 script parameters.
    pub const TOO_MANY_PARAM: Code = Code(-61);
    /// The script is still being made or running.
    pub const SCRIPT_NOT_READY: Code = Code(-62);
    /// A script jumps to an unknown tag.
    pub const BAD_TAG: Code = Code(-63);
    /// Not a delay from 1 to 1000000 us.
    pub const BAD_MICS_DELAY: Code = Code(-64);
    /// Not a delay from 1 to 60000 ms.
    pub const BAD_MILS_DELAY: Code = Code(-65);
    /// There is no such wave.
    pub const BAD_WAVE_ID: Code = Code(-66);
    /// There is no room for more control blocks.
    pub const TOO_MANY_CBS: Code = Code(-67);
    /// There is no room for more levels.
    pub const TOO_MANY_OOL: Code = Code(-68);
    /// A wave of no pulses.
    pub const EMPTY_WAVEFORM: Code = Code(-69);
    /// There is no room for more waves.
    pub const NO_WAVEFORM_ID: Code = Code(-70);
    /// The I2C device cannot be opened.
    pub const I2C_OPEN_FAILED: Code = Code(-71);
    /// The serial device cannot be opened.
    pub const SER_OPEN_FAILED: Code = Code(-72);
    /// The SPI device cannot be opened.
    pub const SPI_OPEN_FAILED: Code = Code(-73);
    /// There is no such I2C bus.
    pub const BAD_I2C_BUS: Code = Code(-74);
    /// Not an I2C address.
    pub const BAD_I2C_ADDR: Code = Code(-75);
    /// There is no such SPI channel.
    pub const BAD_SPI_CHANNEL: Code = Code(-76);
    /// These flags are not known.
    pub const BAD_FLAGS: Code = Code(-77);
    /// Not an SPI speed from 32000 to 125000000 baud.
    pub const BAD_SPI_SPEED: Code = Code(-78);
    /// Not the name of a serial device.
    pub const BAD_SER_DEVICE: Code = Code(-79);
    /// Not a serial speed.
    pub const BAD_SER_SPEED: Code = Code(-80);
    /// A parameter is out of range.
    pub const BAD_PARAM: Code = Code(-81);
    /// The I2C device did not take it.
    pub const I2C_WRITE_FAILED: Code = Code(-82);
    /// The I2C device gave nothing.
    pub const I2C_READ_FAILED: Code = Code(-83);
    /// Not a byte count that SPI can have.
    pub const BAD_SPI_COUNT: Code = Code(-84);
    /// The serial device did not take it.
    pub const SER_WRITE_FAILED: Code = Code(-85);
    /// The serial device gave nothing.
    pub const SER_READ_FAILED: Code = Code(-86);
    /// The serial device has nothing yet.
    pub const SER_READ_NO_DATA: Code = Code(-87);
    /// The daemon does not know this command.
    pub const UNKNOWN_COMMAND: Code = Code(-88);
    /// The SPI transfer failed.
    pub const SPI_XFER_FAILED: Code = Code(-89);
    /// Bytes are missing.
    pub const BAD_POINTER: Code = Code(-90);
    /// This board has no auxiliary SPI.
    pub const NO_AUX_SPI: Code = Code(-91);
    /// No PWM runs on this GPIO.
    pub const NOT_PWM_GPIO: Code = Code(-92);
    /// No servo pulses run on this GPIO.
    pub const NOT_SERVO_GPIO: Code = Code(-93);
    /// This GPIO has no hardware clock.
    pub const NOT_HCLK_GPIO: Code = Code(-94);
    /// This GPIO has no hardware PWM.
    pub const NOT_HPWM_GPIO: Code = Code(-95);
    /// The hardware PWM cannot have this frequency.
    pub const BAD_HPWM_FREQ: Code = Code(-96);
    /// Not a hardware PWM duty from 0 to 1000000.
    pub const BAD_HPWM_DUTY: Code = Code(-97);
    /// The hardware clock cannot have this frequency.
    pub const BAD_HCLK_FREQ: Code = Code(-98);
    /// Clock 1 needs its password.
    pub const BAD_HCLK_PASS: Code = Code(-99);
    /// Hardware PWM is in use as the daemon's own clock.
    pub const HPWM_ILLEGAL: Code = Code(-100);
    /// Not 1 to 32 data bits.
    pub const BAD_DATABITS: Code = Code(-101);
    /// Not 2 to 8 half stop bits.
    pub const BAD_STOPBITS: Code = Code(-102);
    /// The message is too long.
    pub const MSG_TOOBIG: Code = Code(-103);
    /// Bad memory mode.
    pub const BAD_MALLOC_MODE: Code = Code(-104);
    /// Too many I2C messages at once.
    pub const TOO_MANY_SEGS: Code = Code(-105);
    /// An I2C message failed.
    pub const BAD_I2C_SEG: Code = Code(-106);
    /// An unknown SMBus command.
    pub const BAD_SMBUS_CMD: Code = Code(-107);
    /// No bit-banged I2C is open on this GPIO.
    pub const NOT_I2C_GPIO: Code = Code(-108);
    /// Bad length of an I2C write.
    pub const BAD_I2C_WLEN: Code = Code(-109);
    /// Bad length of an I2C read.
    pub const BAD_I2C_RLEN: Code = Code(-110);
    /// An unknown I2C operation.
    pub const BAD_I2C_CMD: Code = Code(-111);
    /// Not a speed from 50 to 500000 baud.
    pub const BAD_I2C_BAUD: Code = Code(-112);
    /// Bad count of a chain's loop.
    pub const CHAIN_LOOP_CNT: Code = Code(-113);
    /// A chain's loop is empty.
    pub const BAD_CHAIN_LOOP: Code = Code(-114);
    /// Too many loops in a chain.
    pub const CHAIN_COUNTER: Code = Code(-115);
    /// An unknown command in a chain.
    pub const BAD_CHAIN_CMD: Code = Code(-116);
    /// Bad delay in a chain.
    pub const BAD_CHAIN_DELAY: Code = Code(-117);
    /// Loops of a chain are nested too deep.
    pub const CHAIN_NESTING: Code = Code(-118);
    /// A chain is too long.
    pub const CHAIN_TOO_BIG: Code = Code(-119);
    /// This command is gone.
    pub const DEPRECATED: Code = Code(-120);
    /// Not 0 or 1 for inverted serial data.
    pub const BAD_SER_INVERT: Code = Code(-121);
    /// A chain's endless loop is not at its end.
    pub const BAD_FOREVER: Code = Code(-124);
    /// A filter time is out of range.
    pub const BAD_FILTER: Code = Code(-125);
    /// There is no such pad.
    pub const BAD_PAD: Code = Code(-126);
    /// Not a strength from 1 to 16 mA.
    pub const BAD_PAD_STRENGTH: Code = Code(-127);
    /// The file cannot be opened.
    pub const FIL_OPEN_FAILED: Code = Code(-128);
    /// Not a file mode.
    pub const BAD_FILE_MODE: Code = Code(-129);
    /// Not a file flag.
    pub const BAD_FILE_FLAG: Code = Code(-130);
    /// The file cannot be read.
    pub const BAD_FILE_READ: Code = Code(-131);
    /// The file cannot be written.
    pub const BAD_FILE_WRITE: Code = Code(-132);
    /// The file is not open for reading.
    pub const FILE_NOT_ROPEN: Code = Code(-133);
    /// The file is not open for writing.
    pub const FILE_NOT_WOPEN: Code = Code(-134);
    /// The file cannot be sought.
    pub const BAD_FILE_SEEK: Code = Code(-135);
    /// No file has such a name.
    pub const NO_FILE_MATCH: Code = Code(-136);
    /// This file may not be used.
    pub const NO_FILE_ACCESS: Code = Code(-137);
    /// This file is a folder.
    pub const FILE_IS_A_DIR: Code = Code(-138);
    /// The program could not be run.
    pub const BAD_SHELL_STATUS: Code = Code(-139);
    /// Not the name of a program.
    pub const BAD_SCRIPT_NAME: Code = Code(-140);
    /// Not a bit-banged SPI speed from 50 to 250000 baud.
    pub const BAD_SPI_BAUD: Code = Code(-141);
    /// No bit-banged SPI is open on this GPIO.
    pub const NOT_SPI_GPIO: Code = Code(-142);
    /// Not an event from 0 to 31.
    pub const BAD_EVENT_ID: Code = Code(-143);
    /// The command was interrupted.
    pub const CMD_INTERRUPTED: Code = Code(-144);
    /// Not possible on a Pi 4.
    pub const NOT_ON_BCM2711: Code = Code(-145);
    /// Possible only on a Pi 4.
    pub const ONLY_ON_BCM2711: Code = Code(-146);

    /// The name that pigpio gives it.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(_, name, _)| *name)
    }

    fn entry(self) -> Option<&'static (Code, &'static str, &'static str)> {
        ALL.iter().find(|(code, ..)| *code == self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.entry().map_or("an error that is not known here", |(.., text)| *text);
        write!(f, "{text} ({})", self.0)
    }
}

/// Each code with its name and what it says.
const ALL: [(Code, &str, &str); 125] = [
    (Code::INIT_FAILED, "PI_INIT_FAILED", "the daemon could not start"),
    (Code::BAD_USER_GPIO, "PI_BAD_USER_GPIO", "not a GPIO from 0 to 31"),
    (Code::BAD_GPIO, "PI_BAD_GPIO", "not a GPIO from 0 to 53"),
    (Code::BAD_MODE, "PI_BAD_MODE", "not a mode from 0 to 7"),
    (Code::BAD_LEVEL, "PI_BAD_LEVEL", "not a level of 0 or 1"),
    (Code::BAD_PUD, "PI_BAD_PUD", "not a pull from 0 to 2"),
    (Code::BAD_PULSEWIDTH, "PI_BAD_PULSEWIDTH", "not a pulse of 0 or 500 to 2500 us"),
    (Code::BAD_DUTYCYCLE, "PI_BAD_DUTYCYCLE", "the duty is beyond the range"),
    (Code::BAD_WDOG_TIMEOUT, "PI_BAD_WDOG_TIMEOUT", "not a watchdog time from 0 to 60000 ms"),
    (Code::BAD_DUTYRANGE, "PI_BAD_DUTYRANGE", "not a PWM range from 25 to 40000"),
    (Code::BAD_PATHNAME, "PI_BAD_PATHNAME", "the file of a notification cannot be made"),
    (Code::NO_HANDLE, "PI_NO_HANDLE", "all handles are taken"),
    (Code::BAD_HANDLE, "PI_BAD_HANDLE", "there is no such handle"),
    (Code::BAD_WAVE_MODE, "PI_BAD_WAVE_MODE", "not a way to send a wave from 0 to 3"),
    (Code::BAD_CFG_INTERNAL, "PI_BAD_CFG_INTERNAL", "bad internal settings"),
    (Code::BAD_WAVE_BAUD, "PI_BAD_WAVE_BAUD", "the baud rate of a wave is out of range"),
    (Code::TOO_MANY_PULSES, "PI_TOO_MANY_PULSES", "a wave has too many pulses"),
    (Code::TOO_MANY_CHARS, "PI_TOO_MANY_CHARS", "a wave has too many characters"),
    (Code::NOT_SERIAL_GPIO, "PI_NOT_SERIAL_GPIO", "no serial input is open on this GPIO"),
    (Code::BAD_SERIAL_STRUC, "PI_BAD_SERIAL_STRUC", "bad serial parameter"),
    (Code::BAD_SERIAL_BUF, "PI_BAD_SERIAL_BUF", "bad serial buffer"),
    (Code::NOT_PERMITTED, "PI_NOT_PERMITTED", "this GPIO may not be changed"),
    (Code::SOME_PERMITTED, "PI_SOME_PERMITTED", "some of these GPIO may not be changed"),
    (Code::BAD_WVSC_COMMND, "PI_BAD_WVSC_COMMND", "not a control block question"),
    (Code::BAD_WVSM_COMMND, "PI_BAD_WVSM_COMMND", "not a time question"),
    (Code::BAD_WVSP_COMMND, "PI_BAD_WVSP_COMMND", "not a pulse question"),
    (Code::BAD_PULSELEN, "PI_BAD_PULSELEN", "not a pulse from 1 to 100 us"),
    (Code::BAD_SCRIPT, "PI_BAD_SCRIPT", "this script cannot be used"),
    (Code::BAD_SCRIPT_ID, "PI_BAD_SCRIPT_ID", "there is no such script"),
    (Code::BAD_SER_OFFSET, "PI_BAD_SER_OFFSET", "the offset of serial data is too great"),
    (Code::GPIO_IN_USE, "PI_GPIO_IN_USE", "this GPIO is in use already"),
    (Code::BAD_SERIAL_COUNT, "PI_BAD_SERIAL_COUNT", "a byte count of at least 1 is needed"),
    (Code::BAD_PARAM_NUM, "PI_BAD_PARAM_NUM", "not a script parameter from 0 to 9"),
    (Code::DUP_TAG, "PI_DUP_TAG", "a script has a tag twice"),
    (Code::TOO_MANY_TAGS, "PI_TOO_MANY_TAGS", "a script has too many tags"),
    (Code::BAD_SCRIPT_CMD, "PI_BAD_SCRIPT_CMD", "a script has an unknown command"),
    (Code::BAD_VAR_NUM, "PI_BAD_VAR_NUM", "not a script variable from 0 to 149"),
    (Code::NO_SCRIPT_ROOM, "PI_NO_SCRIPT_ROOM", "there is no room for more scripts"),
    (Code::NO_MEMORY, "PI_NO_MEMORY", "there is no memory left"),
    (Code::SOCK_READ_FAILED, "PI_SOCK_READ_FAILED", "a socket could not be read"),
    (Code::SOCK_WRIT_FAILED, "PI_SOCK_WRIT_FAILED", "a socket could not be written"),
    (Code::TOO_MANY_PARAM, "PI_TOO_MANY_PARAM", "more than 10 script parameters"),
    (Code::SCRIPT_NOT_READY, "PI_SCRIPT_NOT_READY", "the script is still being made or running"),
    (Code::BAD_TAG, "PI_BAD_TAG", "a script jumps to an unknown tag"),
    (Code::BAD_MICS_DELAY, "PI_BAD_MICS_DELAY", "not a delay from 1 to 1000000 us"),
    (Code::BAD_MILS_DELAY, "PI_BAD_MILS_DELAY", "not a delay from 1 to 60000 ms"),
    (Code::BAD_WAVE_ID, "PI_BAD_WAVE_ID", "there is no such wave"),
    (Code::TOO_MANY_CBS, "PI_TOO_MANY_CBS", "there is no room for more control blocks"),
    (Code::TOO_MANY_OOL, "PI_TOO_MANY_OOL", "there is no room for more levels"),
    (Code::EMPTY_WAVEFORM, "PI_EMPTY_WAVEFORM", "a wave of no pulses"),
    (Code::NO_WAVEFORM_ID, "PI_NO_WAVEFORM_ID", "there is no room for more waves"),
    (Code::I2C_OPEN_FAILED, "PI_I2C_OPEN_FAILED", "the I2C device cannot be opened"),
    (Code::SER_OPEN_FAILED, "PI_SER_OPEN_FAILED", "the serial device cannot be opened"),
    (Code::SPI_OPEN_FAILED, "PI_SPI_OPEN_FAILED", "the SPI device cannot be opened"),
    (Code::BAD_I2C_BUS, "PI_BAD_I2C_BUS", "there is no such I2C bus"),
    (Code::BAD_I2C_ADDR, "PI_BAD_I2C_ADDR", "not an I2C address"),
    (Code::BAD_SPI_CHANNEL, "PI_BAD_SPI_CHANNEL", "there is no such SPI channel"),
    (Code::BAD_FLAGS, "PI_BAD_FLAGS", "these flags are not known"),
    (Code::BAD_SPI_SPEED, "PI_BAD_SPI_SPEED", "not an SPI speed from 32000 to 125000000 baud"),
    (Code::BAD_SER_DEVICE, "PI_BAD_SER_DEVICE", "not the name of a serial device"),
    (Code::BAD_SER_SPEED, "PI_BAD_SER_SPEED", "not a serial speed"),
    (Code::BAD_PARAM, "PI_BAD_PARAM", "a parameter is out of range"),
    (Code::I2C_WRITE_FAILED, "PI_I2C_WRITE_FAILED", "the I2C device did not take it"),
    (Code::I2C_READ_FAILED, "PI_I2C_READ_FAILED", "the I2C device gave nothing"),
    (Code::BAD_SPI_COUNT, "PI_BAD_SPI_COUNT", "not a byte count that SPI can have"),
    (Code::SER_WRITE_FAILED, "PI_SER_WRITE_FAILED", "the serial device did not take it"),
    (Code::SER_READ_FAILED, "PI_SER_READ_FAILED", "the serial device gave nothing"),
    (Code::SER_READ_NO_DATA, "PI_SER_READ_NO_DATA", "the serial device has nothing yet"),
    (Code::UNKNOWN_COMMAND, "PI_UNKNOWN_COMMAND", "the daemon does not know this command"),
    (Code::SPI_XFER_FAILED, "PI_SPI_XFER_FAILED", "the SPI transfer failed"),
    (Code::BAD_POINTER, "PI_BAD_POINTER", "bytes are missing"),
    (Code::NO_AUX_SPI, "PI_NO_AUX_SPI", "this board has no auxiliary SPI"),
    (Code::NOT_PWM_GPIO, "PI_NOT_PWM_GPIO", "no PWM runs on this GPIO"),
    (Code::NOT_SERVO_GPIO, "PI_NOT_SERVO_GPIO", "no servo pulses run on this GPIO"),
    (Code::NOT_HCLK_GPIO, "PI_NOT_HCLK_GPIO", "this GPIO has no hardware clock"),
    (Code::NOT_HPWM_GPIO, "PI_NOT_HPWM_GPIO", "this GPIO has no hardware PWM"),
    (Code::BAD_HPWM_FREQ, "PI_BAD_HPWM_FREQ", "the hardware PWM cannot have this frequency"),
    (Code::BAD_HPWM_DUTY, "PI_BAD_HPWM_DUTY", "not a hardware PWM duty from 0 to 1000000"),
    (Code::BAD_HCLK_FREQ, "PI_BAD_HCLK_FREQ", "the hardware clock cannot have this frequency"),
    (Code::BAD_HCLK_PASS, "PI_BAD_HCLK_PASS", "clock 1 needs its password"),
    (Code::HPWM_ILLEGAL, "PI_HPWM_ILLEGAL", "hardware PWM is in use as the daemon's own clock"),
    (Code::BAD_DATABITS, "PI_BAD_DATABITS", "not 1 to 32 data bits"),
    (Code::BAD_STOPBITS, "PI_BAD_STOPBITS", "not 2 to 8 half stop bits"),
    (Code::MSG_TOOBIG, "PI_MSG_TOOBIG", "the message is too long"),
    (Code::BAD_MALLOC_MODE, "PI_BAD_MALLOC_MODE", "bad memory mode"),
    (Code::TOO_MANY_SEGS, "PI_TOO_MANY_SEGS", "too many I2C messages at once"),
    (Code::BAD_I2C_SEG, "PI_BAD_I2C_SEG", "an I2C message failed, as if no device had this address"),
    (Code::BAD_SMBUS_CMD, "PI_BAD_SMBUS_CMD", "an unknown SMBus command"),
    (Code::NOT_I2C_GPIO, "PI_NOT_I2C_GPIO", "no bit-banged I2C is open on this GPIO"),
    (Code::BAD_I2C_WLEN, "PI_BAD_I2C_WLEN", "bad length of an I2C write"),
    (Code::BAD_I2C_RLEN, "PI_BAD_I2C_RLEN", "bad length of an I2C read"),
    (Code::BAD_I2C_CMD, "PI_BAD_I2C_CMD", "an unknown I2C operation"),
    (Code::BAD_I2C_BAUD, "PI_BAD_I2C_BAUD", "not a speed from 50 to 500000 baud"),
    (Code::CHAIN_LOOP_CNT, "PI_CHAIN_LOOP_CNT", "bad count of a chain's loop"),
    (Code::BAD_CHAIN_LOOP, "PI_BAD_CHAIN_LOOP", "a chain's loop is empty"),
    (Code::CHAIN_COUNTER, "PI_CHAIN_COUNTER", "too many loops in a chain"),
    (Code::BAD_CHAIN_CMD, "PI_BAD_CHAIN_CMD", "an unknown command in a chain"),
    (Code::BAD_CHAIN_DELAY, "PI_BAD_CHAIN_DELAY", "bad delay in a chain"),
    (Code::CHAIN_NESTING, "PI_CHAIN_NESTING", "loops of a chain are nested too deep"),
    (Code::CHAIN_TOO_BIG, "PI_CHAIN_TOO_BIG", "a chain is too long"),
    (Code::DEPRECATED, "PI_DEPRECATED", "this command is gone"),
    (Code::BAD_SER_INVERT, "PI_BAD_SER_INVERT", "not 0 or 1 for inverted serial data"),
    (Code::BAD_FOREVER, "PI_BAD_FOREVER", "a chain's endless loop is not at its end"),
    (Code::BAD_FILTER, "PI_BAD_FILTER", "a filter time is out of range"),
    (Code::BAD_PAD, "PI_BAD_PAD", "there is no such pad"),
    (Code::BAD_PAD_STRENGTH, "PI_BAD_PAD_STRENGTH", "not a strength from 1 to 16 mA"),
    (Code::FIL_OPEN_FAILED, "PI_FIL_OPEN_FAILED", "the file cannot be opened"),
    (Code::BAD_FILE_MODE, "PI_BAD_FILE_MODE", "not a file mode"),
    (Code::BAD_FILE_FLAG, "PI_BAD_FILE_FLAG", "not a file flag"),
    (Code::BAD_FILE_READ, "PI_BAD_FILE_READ", "the file cannot be read"),
    (Code::BAD_FILE_WRITE, "PI_BAD_FILE_WRITE", "the file cannot be written"),
    (Code::FILE_NOT_ROPEN, "PI_FILE_NOT_ROPEN", "the file is not open for reading"),
    (Code::FILE_NOT_WOPEN, "PI_FILE_NOT_WOPEN", "the file is not open for writing"),
    (Code::BAD_FILE_SEEK, "PI_BAD_FILE_SEEK", "the file cannot be sought"),
    (Code::NO_FILE_MATCH, "PI_NO_FILE_MATCH", "no file has such a name"),
    (Code::NO_FILE_ACCESS, "PI_NO_FILE_ACCESS", "this file may not be used"),
    (Code::FILE_IS_A_DIR, "PI_FILE_IS_A_DIR", "this file is a folder"),
    (Code::BAD_SHELL_STATUS, "PI_BAD_SHELL_STATUS", "the program could not be run"),
    (Code::BAD_SCRIPT_NAME, "PI_BAD_SCRIPT_NAME", "not the name of a program"),
    (Code::BAD_SPI_BAUD, "PI_BAD_SPI_BAUD", "not a bit-banged SPI speed from 50 to 250000 baud"),
    (Code::NOT_SPI_GPIO, "PI_NOT_SPI_GPIO", "no bit-banged SPI is open on this GPIO"),
    (Code::BAD_EVENT_ID, "PI_BAD_EVENT_ID", "not an event from 0 to 31"),
    (Code::CMD_INTERRUPTED, "PI_CMD_INTERRUPTED", "the command was interrupted"),
    (Code::NOT_ON_BCM2711, "PI_NOT_ON_BCM2711", "not possible on a Pi 4"),
    (Code::ONLY_ON_BCM2711, "PI_ONLY_ON_BCM2711", "possible only on a Pi 4"),
];
