//! The functions of a line besides GPIO: buses, serial ports, PWM, sound and clocks.
//!
//! The functions are from the alternate function tables of the BCM2835, BCM2711 and RP1 datasheets. JTAG, the parallel buses and
//! the chip's own SD card are left out.

use std::fmt;

use crate::board::Board;
use crate::soc::Soc;

/// A function of a line besides GPIO, such as "I2C1 SDA".
///
/// ```
/// use pinzero_board::Board;
///
/// let board = Board::from_name("4B")?;
/// let functions: Vec<String> = board.functions(18).iter().map(ToString::to_string).collect();
/// assert_eq!(functions, ["PWM0", "PCM CLK", "SPI1 CE0", "SPI6 CE0"]);
/// # Ok::<(), pinzero_board::UnknownModel>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// The unit of the chip: `"I2C1"`, `"SPI0"`, `"UART0"`, `"PWM0"`, `"PCM"`, `"GPCLK0"`.
    pub unit: String,
    /// The signal of the unit: `"SDA"`, `"MOSI"`, `"TXD"`; empty for a unit with one line.
    pub signal: &'static str,
}

/// Writes the unit and the signal: `I2C1 SDA`, `PWM0`.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unit)?;
        if self.signal.is_empty() { Ok(()) } else { write!(f, " {}", self.signal) }
    }
}

/// A line, a unit of the chip, and a signal.
type Row = (u32, &'static str, &'static str);

/// The signals of the first serial port, on every chip.
const UART0: &[Row] =
    &[(14, "UART0", "TXD"), (15, "UART0", "RXD"), (16, "UART0", "CTS"), (17, "UART0", "RTS")];

/// The PWM channels. The first chips have two, each on two lines of the header.
const PWM: &[Row] = &[(12, "PWM0", ""), (13, "PWM1", ""), (18, "PWM0", ""), (19, "PWM1", "")];

const PWM_RP1: &[Row] = &[
    (12, "PWM0", ""),
    (13, "PWM1", ""),
    (14, "PWM2", ""),
    (15, "PWM3", ""),
    (18, "PWM2", ""),
    (19, "PWM3", ""),
];

/// Digital sound, on the main header and on P5.
#[rustfmt::skip]
const PCM: &[Row] = &[
    (18, "PCM", "CLK"), (19, "PCM", "FS"), (20, "PCM", "DIN"), (21, "PCM", "DOUT"),
];

/// What P5 has, which only boards with a BCM2835 have.
#[rustfmt::skip]
const P5: &[Row] = &[
    (28, "I2C0", "SDA"), (29, "I2C0", "SCL"),
    (28, "PCM", "CLK"), (29, "PCM", "FS"), (30, "PCM", "DIN"), (31, "PCM", "DOUT"),
];

/// The general-purpose clocks.
const CLOCKS: &[Row] = &[(4, "GPCLK0", ""), (5, "GPCLK1", ""), (6, "GPCLK2", "")];

/// The further serial ports of the BCM2711.
#[rustfmt::skip]
const UARTS_2711: &[Row] = &[
    (0, "UART2", "TXD"), (1, "UART2", "RXD"), (2, "UART2", "CTS"), (3, "UART2", "RTS"),
    (4, "UART3", "TXD"), (5, "UART3", "RXD"), (6, "UART3", "CTS"), (7, "UART3", "RTS"),
    (8, "UART4", "TXD"), (9, "UART4", "RXD"), (10, "UART4", "CTS"), (11, "UART4", "RTS"),
    (12, "UART5", "TXD"), (13, "UART5", "RXD"), (14, "UART5", "CTS"), (15, "UART5", "RTS"),
];

/// The further serial ports of the RP1.
#[rustfmt::skip]
const UARTS_RP1: &[Row] = &[
    (0, "UART1", "TXD"), (1, "UART1", "RXD"), (2, "UART1", "CTS"), (3, "UART1", "RTS"),
    (4, "UART2", "TXD"), (5, "UART2", "RXD"), (6, "UART2", "CTS"), (7, "UART2", "RTS"),
    (8, "UART3", "TXD"), (9, "UART3", "RXD"), (10, "UART3", "CTS"), (11, "UART3", "RTS"),
    (12, "UART4", "TXD"), (13, "UART4", "RXD"), (14, "UART4", "CTS"), (15, "UART4", "RTS"),
];

impl Board {
    /// Returns the functions of a line besides GPIO, the most used one first; none for a board that is not a Raspberry Pi.
    ///
    /// See [`Board::i2c_setting`], [`Board::spi_setting`] and [`Board::serial_setting`] for the settings that enable them.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_name("3B")?;
    /// assert_eq!(board.functions(2)[0].to_string(), "I2C1 SDA");
    /// assert!(board.functions(25).is_empty());
    /// # Ok::<(), pinzero_board::UnknownModel>(())
    /// ```
    pub fn functions(&self, line: u32) -> Vec<Function> {
        if self.revision().is_none() {
            return Vec::new();
        }
        let (pwm, uarts): (&[Row], &[Row]) = match self.soc() {
            Soc::Bcm2712 => (PWM_RP1, UARTS_RP1),
            Soc::Bcm2711 => (PWM, UARTS_2711),
            _ => (PWM, &[]),
        };
        let p5: &[Row] = if self.soc() == Soc::Bcm2835 { P5 } else { &[] };
        let fixed = |rows: &'static [Row]| {
            let own = rows.iter().filter(move |row| row.0 == line);
            own.map(|&(_, unit, signal)| Function { unit: unit.to_owned(), signal })
        };
        let mut functions = Vec::new();
        let (first, others): (Vec<_>, Vec<_>) = self
            .bus_functions(line)
            .into_iter()
            .partition(|function| matches!(&*function.unit, "I2C0" | "I2C1" | "SPI0"));
        functions.extend(first);
        functions.extend([UART0, pwm, PCM, CLOCKS, p5].into_iter().flat_map(fixed));
        functions.extend(others);
        functions.extend(fixed(uarts));
        functions
    }
}
