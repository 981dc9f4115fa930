//! A parking sensor: the nearer the wall, the longer the bar. Below 20 cm the buzzer sounds.

use std::thread::sleep;

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let wall = DistanceSensor::builder(24, 23).max_distance(2.0).queue_len(3).open()?;
    let bar = [Led::new(5)?, Led::new(6)?, Led::new(13)?];
    let beep = Buzzer::new(17)?;
    loop {
        let distance = wall.distance()?;
        for (led, reach) in bar.iter().zip([1.0, 0.5, 0.2]) {
            led.set_value(distance < reach)?;
        }
        beep.set_value(distance < 0.2)?;
        sleep(ms(100));
    }
}
