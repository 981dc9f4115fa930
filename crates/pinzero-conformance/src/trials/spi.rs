//! SPI: bits go out, and come back over a wire.

use pinzero_core::ErrorKind;

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
