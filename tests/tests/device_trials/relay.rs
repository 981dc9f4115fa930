//! A relay with a minimum on time.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[("relay::stays_on_for_its_least_time", stays_on_for_its_least_time)];

const PIN: u32 = 17;

fn stays_on_for_its_least_time(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[PIN]);
    let relay = Relay::builder(PIN).min_on_time(ms(200)).gpio(rig.gpio()).open()?;
    relay.on()?;
    relay.off()?;
    relay.wait()?;
    let (on, off) = (watch.next(), watch.next());
    assert_eq!((on.level, off.level), (Level::High, Level::Low));
    // Over a network, one change may take longer than the other.
    assert!(off.at - on.at > ms(150), "on for {:?}", off.at - on.at);
    relay.close()?;
    assert!(watch.rest().is_empty());
    assert_eq!(rig.level(PIN), Level::Low);
    Ok(())
}
