//! The controllers of the chip for I2C, SPI and serial ports: their lines, and the settings that enable them.
//!
//! The lines and settings are from the overlays and device trees of Raspberry Pi's kernel.

use crate::board::Board;
use crate::functions::Function;
use crate::header::{Header, PinKind};
use crate::soc::Soc;

/// An I2C controller: its number, and its lines for data and clock.
type I2c = (u32, [u32; 2]);

/// An SPI controller: its number, its lines for clock, MOSI and MISO, and its chip selects.
type Spi = (u32, [u32; 3], &'static [u32]);

const I2C: &[I2c] = &[(0, [0, 1]), (1, [2, 3])];

const I2C_2711: &[I2c] = &[(0, [0, 1]), (1, [2, 3]), (3, [4, 5]), (4, [8, 9]), (5, [12, 13]), (6, [22, 23])];

const I2C_2712: &[I2c] = &[(0, [0, 1]), (1, [2, 3]), (2, [4, 5]), (3, [6, 7])];

const SPI: &[Spi] =
    &[(0, [11, 10, 9], &[8, 7]), (1, [21, 20, 19], &[18, 17, 16]), (2, [42, 41, 40], &[43, 44, 45])];

const SPI_2711: &[Spi] = &[
    (0, [11, 10, 9], &[8, 7]),
    (1, [21, 20, 19], &[18, 17, 16]),
    (2, [42, 41, 40], &[43, 44, 45]),
    (3, [3, 2, 1], &[0, 24]),
    (4, [7, 6, 5], &[4, 25]),
    (5, [15, 14, 13], &[12, 26]),
    (6, [21, 20, 19], &[18, 27]),
];

const SPI_2712: &[Spi] = &[
    (0, [11, 10, 9], &[8, 7]),
    (1, [21, 20, 19], &[18, 17, 16]),
    (2, [3, 2, 1], &[0, 24]),
    (3, [7, 6, 5], &[4, 25]),
    (5, [15, 14, 13], &[12, 26]),
];

impl Board {
    /// Returns the lines of an I2C controller, data and clock, with the setting of [`i2c_setting`](Board::i2c_setting).
    ///
    /// Returns `None` if the board has no such controller, or does not have its lines on a header. A compute module without
    /// a header has all the controllers of its chip.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xa02082)?;
    /// assert_eq!(board.i2c_lines(1), Some([2, 3]));
    /// assert_eq!(board.i2c_lines(3), None);
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn i2c_lines(&self, bus: u32) -> Option<[u32; 2]> {
        let (_, lines) = self.i2c_controllers().iter().find(|(number, _)| *number == bus)?;
        self.leads_out(lines).then_some(*lines)
    }

    /// Returns the lines of an SPI controller: clock, MOSI and MISO. Returns `None` as [`i2c_lines`](Board::i2c_lines) does.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xa02082)?;
    /// assert_eq!(board.spi_lines(0), Some([11, 10, 9]));
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn spi_lines(&self, bus: u32) -> Option<[u32; 3]> {
        self.spi(bus).map(|(_, lines, _)| *lines)
    }

    /// Returns the line of a chip select of an SPI controller, with the setting of [`spi_setting`](Board::spi_setting). Returns
    /// `None` if the board has no such chip select.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xa02082)?;
    /// assert_eq!(board.spi_select(0, 1), Some(7));
    /// assert_eq!(board.spi_select(0, 2), None);
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn spi_select(&self, bus: u32, select: u32) -> Option<u32> {
        let (_, _, selects) = self.spi(bus)?;
        let line = *selects.get(usize::try_from(select).ok()?)?;
        self.leads_out(&[line]).then_some(line)
    }

    /// Returns the line for `config.txt` that enables an I2C controller; `None` if the board has no such controller.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xb03115)?;
    /// assert_eq!(board.i2c_setting(1).as_deref(), Some("dtparam=i2c_arm=on"));
    /// assert_eq!(board.i2c_setting(3).as_deref(), Some("dtoverlay=i2c3"));
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn i2c_setting(&self, bus: u32) -> Option<String> {
        let [data, _] = self.i2c_lines(bus)?;
        // The ARM's own bus is on pins 3 and 5 of every header.
        let arm = self.main_header().and_then(|header| header.pin(3)).unwrap_or(PinKind::Gpio(2));
        Some(match bus {
            _ if arm == PinKind::Gpio(data) => "dtparam=i2c_arm=on".to_owned(),
            0 => "dtparam=i2c_vc=on".to_owned(),
            _ => format!("dtoverlay=i2c{bus}{}", self.suffix()),
        })
    }

    /// Returns the line for `config.txt` that enables a chip select of an SPI controller, and those below; `None` if the board
    /// has no such chip select.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xa02082)?;
    /// assert_eq!(board.spi_setting(0, 1).as_deref(), Some("dtparam=spi=on"));
    /// assert_eq!(board.spi_setting(1, 2).as_deref(), Some("dtoverlay=spi1-3cs"));
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn spi_setting(&self, bus: u32, select: u32) -> Option<String> {
        self.spi_select(bus, select)?;
        Some(match bus {
            0 => "dtparam=spi=on".to_owned(),
            1 => format!("dtoverlay=spi1-{}cs", select + 1),
            _ => format!("dtoverlay=spi{bus}-{}cs{}", select + 1, self.suffix()),
        })
    }

    /// Returns the line for `config.txt` that enables the serial port on GPIO14 and GPIO15; `None` for a board that is not a
    /// Raspberry Pi.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xa02082)?;
    /// assert_eq!(board.serial_setting().as_deref(), Some("enable_uart=1"));
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn serial_setting(&self) -> Option<String> {
        self.revision()?;
        // On a Pi 5, the older setting is about the connector for debugging.
        let setting = if self.soc() == Soc::Bcm2712 { "dtparam=uart0=on" } else { "enable_uart=1" };
        Some(setting.to_owned())
    }

    fn spi(&self, bus: u32) -> Option<&'static Spi> {
        self.spi_controllers().iter().find(|(number, lines, _)| *number == bus && self.leads_out(lines))
    }

    fn i2c_controllers(&self) -> &'static [I2c] {
        match self.soc() {
            Soc::Bcm2711 => I2C_2711,
            Soc::Bcm2712 => I2C_2712,
            _ => I2C,
        }
    }

    fn spi_controllers(&self) -> &'static [Spi] {
        match self.soc() {
            Soc::Bcm2711 => SPI_2711,
            Soc::Bcm2712 => SPI_2712,
            _ => SPI,
        }
    }

    /// Returns the signals of I2C and SPI controllers on a line.
    pub(crate) fn bus_functions(&self, line: u32) -> Vec<Function> {
        const SELECTS: [&str; 3] = ["CE0", "CE1", "CE2"];
        let mut functions = Vec::new();
        for (number, lines) in self.i2c_controllers() {
            let own = lines.iter().zip(["SDA", "SCL"]).filter(|(its, _)| **its == line);
            functions.extend(own.map(|(_, signal)| Function { unit: format!("I2C{number}"), signal }));
        }
        for (number, lines, selects) in self.spi_controllers() {
            let signals = lines.iter().zip(["SCLK", "MOSI", "MISO"]).chain(selects.iter().zip(SELECTS));
            let own = signals.filter(|(its, _)| **its == line);
            functions.extend(own.map(|(_, signal)| Function { unit: format!("SPI{number}"), signal }));
        }
        functions
    }

    /// Returns whether a Raspberry Pi leads these lines out: to a header, or to the connector of a module.
    fn leads_out(&self, lines: &[u32]) -> bool {
        let kinds = || self.headers().iter().flat_map(Header::pins).map(|pin| pin.kind);
        let is_out =
            |line: &u32| self.headers().is_empty() || kinds().any(|kind| kind == PinKind::Gpio(*line));
        self.revision().is_some() && lines.iter().all(is_out)
    }

    /// Returns the end of an overlay's name on this board.
    fn suffix(&self) -> &'static str {
        if self.soc() == Soc::Bcm2712 { "-pi5" } else { "" }
    }
}
