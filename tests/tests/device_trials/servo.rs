//! A servo, whose pulses are measured outside.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[("servo::has_pulses_of_its_position", has_pulses_of_its_position)];

const PIN: u32 = 18;

fn has_pulses_of_its_position(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[PIN]);
    let servo = Servo::builder(PIN).initial_value(None).gpio(rig.gpio()).open()?;
    for (position, width) in [(-1.0, ms(1)), (0.0, us(1500)), (1.0, ms(2))] {
        servo.set_value(position)?;
        let (pulse, frame) = watch.wave();
        assert!(pulse.abs_diff(width) < us(200), "a pulse has {pulse:?}, and not {width:?}");
        assert!(frame.abs_diff(ms(20)) < ms(2), "a frame has {frame:?}, and not 20 ms");
    }
    servo.detach()?;
    watch.rest();
    assert_eq!(rig.level(PIN), Level::Low);
    servo.mid()?;
    let (pulse, _) = watch.wave();
    assert!(pulse.abs_diff(us(1500)) < us(200), "a pulse has {pulse:?}, and not 1.5 ms");
    servo.close()?;
    watch.rest();
    assert_eq!(rig.level(PIN), Level::Low);
    Ok(())
}
