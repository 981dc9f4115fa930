//! Plays a tune on a passive buzzer on GPIO17: three times up a chord and down again.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let buzzer = TonalBuzzer::new(17)?;
    for round in 1..=3 {
        println!("round {round}");
        for note in ["C4", "E4", "G4", "C5", "G4", "E4"] {
            buzzer.play(note)?;
            buzzer.gpio().sleep(ms(200));
        }
    }
    buzzer.play(Tone::A4.down(9))?;
    buzzer.gpio().sleep(ms(800));
    buzzer.stop()
}
