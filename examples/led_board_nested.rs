//! A face of LEDs: a nose (GPIO4), two eyes (GPIO17, 27), and a mouth (GPIO5, 6, 13), each switched by its name.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let face = LedBoard::named([("nose", 4)])
        .board("eyes", LedBoard::builder([17, 27]))
        .board("mouth", LedBoard::builder([5, 6, 13]))
        .open()?;
    println!("eyes open");
    face.member("eyes")?.on()?;
    face.gpio().sleep(ms(300));

    println!("wink");
    face.member("eyes.0")?.toggle()?;
    face.gpio().sleep(ms(300));

    println!("smile");
    face.set_value((0, [1, 1], [1, 0, 1]))?;
    println!("{}", face.value()?);
    face.gpio().sleep(ms(300));

    println!("all blink, but for the nose");
    face.blink(ms(100), ms(100))?;
    face.member("nose")?.on()?;
    face.gpio().sleep(secs(1));
    face.off()?;
    println!("{}", face.value()?);
    Ok(())
}
