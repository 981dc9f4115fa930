//! Beeps a buzzer on GPIO17 three times, and then once for a second.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let buzzer = Buzzer::new(17)?;
    println!("three beeps");
    buzzer.beep_with(Blink::new(ms(200), ms(300)).times(3))?.wait()?;

    println!("a long one");
    buzzer.on()?;
    buzzer.gpio().sleep(secs(1));
    buzzer.off()
}
