//! Displays, converters and cards, as their data sheets describe them, where the drivers do not go.

use pinzero_core::mock;
use pinzero_core::{I2c, Result};
use pinzero_parts::{Ads1115, Bme280, Card, LcdBackpack, Max7219, RawClimate, Ssd1306, Ws2812, crc_a};

const OLED: u8 = 0x3c;

fn commands(i2c: &I2c, commands: &[u8]) -> Result<()> {
    i2c.write(OLED, &[&[0x00], commands].concat())
}

fn data(i2c: &I2c, data: &[u8]) -> Result<()> {
    i2c.write(OLED, &[&[0x40], data].concat())
}

#[test]
fn an_ssd1306_fills_its_memory_by_pages_or_by_columns() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, OLED, Ssd1306::new());
    let i2c = gpio.i2c(1).open()?;
    // On, with the charge pump; the panel turned in both directions, so that the memory's first byte is at the upper left.
    commands(&i2c, &[0x8d, 0x14, 0xa1, 0xc8, 0xaf])?;
    let is_on = |x, y| chip.with(|chip| chip.picture()).is_on(x, y);

    // Page addressing, after a reset: the column goes round, the page stays.
    commands(&i2c, &[0xb2, 0x0f, 0x17])?;
    data(&i2c, &[0x01, 0x80])?;
    assert!(is_on(127, 23) && !is_on(127, 16), "the second byte is where the first was");

    // Vertical addressing in a window of two pages and two columns.
    commands(&i2c, &[0x20, 0x01, 0x21, 10, 11, 0x22, 0, 1])?;
    data(&i2c, &[0x01, 0x02, 0x04, 0x08, 0x10])?;
    assert!(is_on(10, 4) && is_on(10, 9) && is_on(11, 2) && is_on(11, 11) && !is_on(10, 0));

    // Horizontal addressing, byte by byte with control bytes in between.
    commands(&i2c, &[0x20, 0x00, 0x21, 20, 21, 0x22, 0, 1])?;
    i2c.write(OLED, &[0xc0, 0x01, 0xc0, 0x02, 0x40, 0x04])?;
    assert!(is_on(20, 0) && is_on(21, 1) && is_on(20, 10));
    Ok(())
}

#[test]
fn an_ssd1306_shifts_inverts_and_lights_its_panel() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, OLED, Ssd1306::new());
    let i2c = gpio.i2c(1).open()?;
    let is_on = |x, y| chip.with(|chip| chip.picture()).is_on(x, y);
    commands(&i2c, &[0x8d, 0x14, 0xa1, 0xc8, 0xb0, 0x00, 0x10])?;
    data(&i2c, &[0x01])?;
    assert!(!is_on(0, 0), "the display is off");
    commands(&i2c, &[0xaf])?;
    assert!(is_on(0, 0));

    // The start line and the offset move the rows up, and round.
    commands(&i2c, &[0x40 | 10])?;
    assert!(is_on(0, 54) && !is_on(0, 0));
    commands(&i2c, &[0x40, 0xd3, 4])?;
    assert!(is_on(0, 60));
    commands(&i2c, &[0xd3, 0])?;

    commands(&i2c, &[0xa7])?;
    assert!(!is_on(0, 0) && is_on(1, 0));
    commands(&i2c, &[0xa5])?;
    assert!(is_on(0, 0) && is_on(1, 0));
    commands(&i2c, &[0xa4, 0xa6])?;
    // A new direction of the columns counts for new data; a new direction of the rows at once.
    commands(&i2c, &[0xa0, 0xc0])?;
    assert!(is_on(0, 63) && !is_on(127, 63));
    // 32 rows.
    commands(&i2c, &[0xc8, 0xa8, 31])?;
    assert_eq!(chip.with(|chip| chip.picture()).height(), 32);
    Ok(())
}

/// Sends the upper half and then the lower half of a byte to a display that has four data lines.
fn send(i2c: &I2c, byte: u8, is_data: bool) -> Result<()> {
    for half in [byte & 0xf0, byte << 4] {
        let lines = half | 0x08 | u8::from(is_data);
        i2c.write(0x27, &[lines | 0x04, lines])?;
    }
    Ok(())
}

#[test]
fn an_hd44780_has_two_lines_of_forty_and_a_window() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let i2c = gpio.i2c(1).open()?;
    // Four data lines, two lines, on, forward.
    i2c.write(0x27, &[0x2c, 0x28])?;
    for instruction in [0x28, 0x0e, 0x06, 0x01] {
        send(&i2c, instruction, false)?;
    }
    assert!(chip.with(|chip| chip.has_light() && chip.has_cursor()));

    // From the end of the first line to the second.
    send(&i2c, 0x80 | 38, false)?;
    b"abcd".iter().try_for_each(|letter| send(&i2c, *letter, true))?;
    assert_eq!(chip.with(|chip| chip.lines(4, 2)), ["    ", "cd  "]);
    // Two shifts to the right bring the end into view.
    send(&i2c, 0x1c, false)?;
    send(&i2c, 0x1c, false)?;
    assert_eq!(chip.with(|chip| chip.lines(4, 2)), ["ab  ", "  cd"]);
    send(&i2c, 0x02, false)?;

    // Backwards, and a display of four rows.
    send(&i2c, 0x04, false)?;
    send(&i2c, 0x80 | 0x16, false)?;
    b"xyz".iter().try_for_each(|letter| send(&i2c, *letter, true))?;
    // The third row goes on where the first ends, so the last letters of the line are in the row too.
    assert_eq!(chip.with(|chip| chip.lines(20, 3))[2], "zyx               ab");
    Ok(())
}

#[test]
fn an_ads1115_converts_once_or_all_the_time() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x48, Ads1115::new([1.024, 0.0, 0.0, 0.0]));
    let i2c = gpio.i2c(1).open()?;
    let read = |register: u8| -> Result<u16> {
        let mut value = [0; 2];
        i2c.write_read(0x48, &[register], &mut value)?;
        Ok(u16::from_be_bytes(value))
    };
    assert_eq!((read(1)?, read(2)?, read(3)?), (0x8583, 0x8000, 0x7fff));

    // Input 0 against ground, 2.048 V, once.
    i2c.write(0x48, &[0x01, 0xc5, 0x83])?;
    assert_eq!(read(1)? & 0x8000, 0, "busy");
    assert_eq!((read(1)? & 0x8000, read(0)?), (0x8000, 0x4000));
    chip.with(|chip| chip.set(0, -1.024));
    assert_eq!(read(0)?, 0x4000, "no new conversion");
    i2c.write(0x48, &[0x01, 0x44, 0x83])?;
    assert_eq!(read(0)?, 0xc000);
    Ok(())
}

#[test]
fn a_bme280_on_spi_has_its_registers_without_the_highest_bit() -> Result<()> {
    let raw = RawClimate { temperature: 0x8_1234, pressure: 0x6_5432, humidity: 0x7654 };
    let gpio = mock::gpio();
    gpio.spi_chip(0, 0, Bme280::new(raw));
    let spi = gpio.hardware_spi(0, 0).open()?;
    let mut id = [0xd0, 0];
    spi.transfer(&mut id)?;
    assert_eq!(id[1], 0x60);

    // Humidity once, then temperature once and no pressure, forced.
    spi.write(&[0x72, 0x01, 0x74, 0x21])?;
    let mut values = [0xf7, 0, 0, 0, 0, 0, 0, 0, 0];
    spi.transfer(&mut values)?;
    assert_eq!(values[1..], [0x80, 0, 0, 0x81, 0x23, 0x40, 0x76, 0x54]);
    Ok(())
}

#[test]
fn a_max7219_shows_as_many_digits_as_it_scans() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.spi_chip(0, 0, Max7219::new(1));
    let spi = gpio.hardware_spi(0, 0).open()?;
    for message in [[0x09, 0x02], [0x01, 0x41], [0x02, 0x8c], [0x03, 0x7f], [0x0b, 0x01]] {
        spi.write(&message)?;
    }
    let shown = || chip.with(|chip| [0, 1, 2].map(|digit| chip.segments(0, digit)));
    assert_eq!(shown(), [0; 3], "shut down");
    spi.write(&[0x0c, 0x01])?;
    // A raw digit, an `H` with a point, and none.
    assert_eq!(shown(), [0x41, 0xb7, 0]);
    spi.write(&[0x0f, 0x01])?;
    assert_eq!(shown(), [0xff; 3]);
    // 16 bits count, and the last ones.
    spi.write(&[0x0f, 0x00, 0x0c, 0x00])?;
    assert_eq!(shown(), [0xff; 3]);
    Ok(())
}

#[test]
fn a_ws2812_tells_pulses_by_their_length() -> Result<()> {
    let gpio = mock::gpio();
    // 8 MHz: a bit of the bus is 125 ns.
    let strip = gpio.spi_chip(0, 0, Ws2812::new(1, 8_000_000));
    let spi = gpio.hardware_spi(0, 0).open()?;
    let (zero, one) = (0b1110_0000, 0b1111_1100);
    let frame = |green: u8| {
        let pulse = move |bit: usize| if green << bit & 0x80 != 0 { one } else { zero };
        (0..8).map(pulse).chain([zero; 16]).collect::<Vec<u8>>()
    };
    spi.write(&frame(0xa5))?;
    assert_eq!(strip.with(|strip| (strip.colors().to_vec(), strip.faults())), (vec![[0, 0xa5, 0]], 0));
    // A pause of 50 µs inside begins anew.
    spi.write(&[frame(1), vec![0; 50], frame(2)].concat())?;
    assert_eq!(strip.with(|strip| strip.colors().to_vec()), [[0, 2, 0]]);
    // 125 ns is no pulse.
    spi.write(&[0b1000_0000])?;
    assert_eq!(strip.with(|strip| strip.faults()), 1);
    Ok(())
}

#[test]
fn a_card_answers_only_what_its_state_allows() {
    // The examples of ISO/IEC 14443-3.
    assert_eq!((crc_a(&[0x00, 0x00]), crc_a(&[0x12, 0x34])), ([0xa0, 0x1e], [0x26, 0xcf]));

    let mut card = Card::new([0x04, 1, 2, 3, 4, 5, 6], b"data");
    let with_crc = |frame: &[u8]| [frame, &crc_a(frame)].concat();
    let part = [0x88, 0x04, 1, 2, 0x88 ^ 0x04 ^ 1 ^ 2];
    assert_eq!(card.answer(&[0x93, 0x20], 0), None, "nobody has called");
    assert_eq!(card.answer(&[0x26], 0), None, "a call has seven bits");
    assert_eq!(card.answer(&[0x26], 7), Some(vec![0x44, 0x00]));
    assert_eq!(card.answer(&[0x95, 0x20], 0), None, "the first part comes first");
    assert_eq!(card.answer(&[0x93, 0x20], 0).as_deref(), Some(&part[..]));

    let select = [&[0x93, 0x70], &part[..]].concat();
    assert_eq!(card.answer(&[&select[..], &[0, 0]].concat(), 0), None, "the checksum is wrong");
    assert_eq!(card.answer(&with_crc(&select), 0), Some(with_crc(&[0x04])));
    assert_eq!(card.answer(&with_crc(&[0x30, 4]), 0), None, "not yet selected");
    let select = [&[0x95, 0x70, 3, 4, 5, 6], &[3 ^ 4 ^ 5 ^ 6][..]].concat();
    assert_eq!(card.answer(&with_crc(&select), 0), Some(with_crc(&[0x00])));
    assert_eq!(&card.answer(&with_crc(&[0x30, 4]), 0).unwrap()[..4], b"data");
}

#[test]
fn an_ssd1306_goes_round_to_a_window_that_begins_after_its_end() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, OLED, Ssd1306::new());
    let i2c = gpio.i2c(1).open()?;
    commands(&i2c, &[0x8d, 0x14, 0xa1, 0xc8, 0xaf])?;
    let is_on = |x, y| chip.with(|chip| chip.picture()).is_on(x, y);
    let both_ways = [0x20, 0x00, 0x21, 126, 1, 0x22, 7, 0];
    commands(&i2c, &both_ways)?;
    data(&i2c, &[0x01, 0x02, 0x04, 0x08, 0x10])?;
    assert!(is_on(126, 56) && is_on(127, 57) && is_on(0, 58) && is_on(1, 59) && is_on(126, 4));
    // Vertical: from the last page to the first, then the next column.
    commands(&i2c, &[0x20, 0x01, 0x21, 127, 0, 0x22, 7, 0])?;
    data(&i2c, &[0x20, 0x40, 0x80])?;
    assert!(is_on(127, 61) && is_on(127, 6) && is_on(0, 63));
    Ok(())
}

#[test]
fn an_hd44780_counts_on_outside_of_its_lines() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let i2c = gpio.i2c(1).open()?;
    i2c.write(0x27, &[0x2c, 0x28])?;
    for instruction in [0x28, 0x0c, 0x06, 0x01, 0x80 | 0x68] {
        send(&i2c, instruction, false)?;
    }
    // 24 to the end of the memory, 40 for the first line, and then the second.
    (0..24 + 40).try_for_each(|_| send(&i2c, b'a', true))?;
    send(&i2c, b'b', true)?;
    assert_eq!(chip.with(|chip| chip.lines(4, 2)), ["aaaa", "b   "]);
    (0..256).try_for_each(|_| send(&i2c, b'c', true))?;
    Ok(())
}
