//! The parts of the examples that talk to chips, each a model on a mock.

use pinzero::Result;
use pinzero::mock::{self, MockGpio};
use pinzero_daemon::Daemon;
use pinzero_parts::{Ads1115, Bme280, Card, LcdBackpack, Mfrc522, RawClimate, Ssd1306};

/// A mock with a part, behind a daemon.
pub(crate) struct Bench {
    daemon: Daemon,
    show: Show,
}

/// Returns what the part shows.
type Show = Box<dyn Fn() -> String>;

/// Returns a bench with the part of this example; `None` if the example has none.
pub(crate) fn of(example: &str) -> Result<Option<Bench>> {
    let attach: fn(&MockGpio) -> Show = match example {
        "adc" | "ads1115" => adc,
        "lcd" => lcd,
        "nfc" => nfc,
        "oled" => oled,
        "serial" => serial,
        "weather" => weather,
        _ => return Ok(None),
    };
    let mock = mock::builder().realtime().try_open()?;
    let show = attach(&mock);
    Ok(Some(Bench { daemon: Daemon::builder(&mock).port(0).start()?, show }))
}

impl Bench {
    /// Returns the factory for the example, as an environment variable names it.
    pub(crate) fn factory(&self) -> String {
        format!("pigpio://{}", self.daemon.addrs()[0])
    }

    /// Returns what the part shows; nothing if it is no display.
    pub(crate) fn shown(&self) -> String {
        (self.show)()
    }
}

fn nothing() -> Show {
    Box::new(String::new)
}

fn adc(mock: &MockGpio) -> Show {
    mock.i2c_chip(1, 0x48, Ads1115::new([0.0, 1.5, 3.3, 5.0]));
    nothing()
}

fn lcd(mock: &MockGpio) -> Show {
    let display = mock.i2c_chip(1, 0x27, LcdBackpack::new());
    Box::new(move || {
        let lines = display.with(|display| display.lines(16, 2));
        lines.iter().map(|line| format!("|{line}|\n")).collect()
    })
}

fn nfc(mock: &MockGpio) -> Show {
    let card = Card::new([0x04, 0xa2, 0x24, 0x5a, 0x9c, 0x5b, 0x80], b"");
    mock.spi_chip(0, 0, Mfrc522::new()).with(|reader| reader.present(Some(card)));
    nothing()
}

fn oled(mock: &MockGpio) -> Show {
    let display = mock.i2c_chip(1, 0x3c, Ssd1306::new());
    Box::new(move || {
        let picture = display.with(|display| display.picture()).to_string();
        picture.lines().map(|line| format!("|{line}\n")).collect()
    })
}

fn serial(mock: &MockGpio) -> Show {
    mock.serial_device("/dev/serial0").answer(
        b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n\
          $GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n",
    );
    nothing()
}

fn weather(mock: &MockGpio) -> Show {
    let raw = RawClimate { temperature: 519_888, pressure: 415_148, humidity: 30_000 };
    mock.i2c_chip(1, 0x76, Bme280::new(raw));
    nothing()
}
