//! SPI: bits go out, and come back over a wire.

use pinzero_core::time::us;
use pinzero_core::{ErrorKind, Level, Line, SpiMode, SpiOperation};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check, or_not_applicable, refused};

pub(super) fn comes_back_over_a_wire(fixture: &Fixture<'_>) -> Verdict {
    let [mosi, miso] = fixture.wire()?;
    let clock = fixture.lines.iter().find(|line| ![mosi, miso].contains(line));
    let clock = *or_not_applicable(clock, "the rig has no line for a clock beside the wire")?;
    let spi = fixture.gpio().spi(clock).mosi(mosi).miso(miso).open()?;
    let data = [0x00, 0xff, 0x80, 0x01, 0xa5];
    let mut echo = data;
    spi.transfer(&mut echo)?;
    check(echo == data, || format!("{data:02x?} came back as {echo:02x?}"))?;
    spi.close()?;
    spi.close()?;
    refused("a transfer on a closed bus", ErrorKind::Closed, spi.transfer(&mut echo))?;
    fixture.gpio().output(mosi).open()?.close()?;
    Ok(fixture.gpio().output(clock).open()?.close()?)
}

/// Returns four lines, including those of the wire; ends the trial if the rig has fewer.
fn four_lines(fixture: &Fixture<'_>) -> Verdict<[Line; 4]> {
    let mut lines = fixture.lines.clone();
    if lines.len() < 4 {
        lines.extend(fixture.wire()?.into_iter().filter(|line| !fixture.lines.contains(line)));
    }
    or_not_applicable(lines.first_chunk().copied(), "the rig has fewer than four lines")
}

pub(super) fn keeps_the_device_selected(fixture: &Fixture<'_>) -> Verdict {
    let [select, clock, mosi, miso] = four_lines(fixture)?;
    let spi = fixture.gpio().spi(clock).mosi(mosi).miso(miso).select(select).open()?;
    for _ in 0..2 {
        let mark = fixture.changes(select)?.len();
        let (mut read, mut both, mut echo) = ([0; 2], [0; 3], [0x55]);
        spi.transaction(&mut [
            SpiOperation::Write(&[0x9f, 0x00]),
            SpiOperation::Read(&mut read),
            SpiOperation::Delay(us(50)),
            SpiOperation::Transfer(&mut both, &[0xa5]),
            SpiOperation::TransferInPlace(&mut echo),
        ])?;
        let changes = fixture.changes(select)?.split_off(mark);
        let levels: Vec<Level> = changes.iter().map(|(_, level)| *level).collect();
        check(levels == [Level::Low, Level::High], || {
            format!("in one transaction of five operations the device's select went {levels:?}")
        })?;
        check(changes[1].0 - changes[0].0 >= us(50), || {
            format!(
                "a transaction that waits for 50 µs selected the device for {:?}",
                changes[1].0 - changes[0].0
            )
        })?;
    }
    Ok(spi.close()?)
}

/// Slow enough that each change has an instant of its own.
const RATE: u32 = 20_000;

pub(super) fn clocks_as_its_mode_says(fixture: &Fixture<'_>) -> Verdict {
    let [select, clock, mosi, miso] = four_lines(fixture)?;
    let data = [0xa5, 0x13];
    for mode in [SpiMode::Mode0, SpiMode::Mode1, SpiMode::Mode2, SpiMode::Mode3] {
        for lsb_first in [false, true] {
            let builder = fixture.gpio().spi(clock).mosi(mosi).miso(miso).select(select);
            let spi = builder.mode(mode).lsb_first(lsb_first).max_rate(RATE).open()?;
            // The first transfer brings the clock to its rest.
            spi.write(&data)?;
            let rest = fixture.observe(clock)?;
            let rests_high = matches!(mode, SpiMode::Mode2 | SpiMode::Mode3);
            check(rest.is_high() == rests_high, || format!("the clock of {mode:?} rests {rest}"))?;
            let before = fixture.observe(mosi)?;
            let marks = [fixture.changes(clock)?.len(), fixture.changes(mosi)?.len()];
            spi.write(&data)?;
            let ticks = fixture.changes(clock)?.split_off(marks[0]);
            let levels = fixture.changes(mosi)?.split_off(marks[1]);
            check(ticks.len() == 16 * data.len(), || {
                format!("the clock of {mode:?} changed {} times in {} bytes", ticks.len(), data.len())
            })?;
            // The device reads at every other change.
            let first = usize::from(matches!(mode, SpiMode::Mode1 | SpiMode::Mode3));
            let bits = ticks.iter().skip(first).step_by(2).map(|(tick, _)| {
                levels.iter().take_while(|(at, _)| at < tick).last().map_or(before, |(_, level)| *level)
            });
            let bytes = bits.collect::<Vec<Level>>().chunks(8).fold(Vec::new(), |mut bytes, bits| {
                let byte = bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(bit.is_high()));
                bytes.push(if lsb_first { byte.reverse_bits() } else { byte });
                bytes
            });
            check(bytes == data, || {
                format!("{data:02x?} went out as {bytes:02x?} in {mode:?}, lowest bit first: {lsb_first}")
            })?;
            spi.close()?;
        }
    }
    Ok(())
}
