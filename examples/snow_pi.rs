//! A SnowPi waves its arms, and its nose glows.

use pinzero::prelude::*;
use pinzero::products::SnowPi;

fn main() -> pinzero::Result<()> {
    let snowman = SnowPi::builder().pwm(true).open()?;
    let wave = Blink::new(ms(150), ms(150)).times(3);

    println!("the eyes open");
    snowman.eyes.on()?;
    snowman.nose.blink_with(Blink::pulse(ms(500), ms(500)))?;
    println!("the left arm waves");
    snowman.arms.left.blink_with(wave)?.wait()?;
    println!("the right arm waves");
    snowman.arms.right.blink_with(wave)?.wait()?;
    println!("one eye winks");
    snowman.eyes.left.off()?;
    snowman.gpio().sleep(ms(300));
    snowman.eyes.left.on()
}
