//! Fades with a course, to a value, and writes in order.

use pinzero::prelude::*;
use pinzero::{AnimationEnd, ErrorKind, Part, mock};

fn lamp(gpio: &mock::MockGpio) -> pinzero::Result<PwmOutputDevice> {
    PwmOutputDevice::builder(18).gpio(gpio).open()
}

fn duties(gpio: &mock::MockGpio) -> Vec<(u64, f64)> {
    let duty = |pulse: &mock::Pulse| {
        (pulse.pulse.as_nanos() as f64 / pulse.period.as_nanos() as f64 * 1000.0).round() / 1000.0
    };
    gpio.line(18).pulses().iter().map(|pulse| (pulse.at.as_millis() as u64, duty(pulse))).collect()
}

#[test]
fn fade_to_takes_its_time_and_stays() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    assert_eq!(lamp.fade_to(0.5, ms(100))?.wait()?, AnimationEnd::Finished);
    assert_eq!(duties(&gpio), [(0, 0.0), (40, 0.2), (80, 0.4), (100, 0.5)]);
    gpio.line(18).clear();
    lamp.fade_to_with(0.0, ms(80), Easing::EaseIn)?.wait()?;
    assert_eq!(duties(&gpio), [(100, 0.5), (140, 0.375), (180, 0.0)]);
    lamp.fade_to(1.0, secs(0))?.wait()?;
    assert_eq!((lamp.value()?, gpio.elapsed()), (1.0, ms(180)));
    Ok(())
}

#[test]
fn a_fade_that_is_stopped_or_overtaken_stays_where_it_is() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    let fade = lamp.fade_to(1.0, secs(1))?;
    gpio.advance(ms(500));
    fade.stop()?;
    assert_eq!(lamp.value()?, 0.48);
    let fade = lamp.fade_to(0.0, secs(1))?;
    gpio.advance(ms(500));
    let other = lamp.fade_to(1.0, secs(1))?;
    assert_eq!((fade.wait()?, lamp.value()?), (AnimationEnd::Replaced, 0.2496));
    assert_eq!((other.wait()?, lamp.value()?), (AnimationEnd::Finished, 1.0));
    Ok(())
}

#[test]
fn a_value_out_of_range_is_refused() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    for value in [-0.1, 1.1, f64::NAN] {
        assert_eq!(lamp.fade_to(value, secs(1)).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    let led = Led::builder(17).gpio(&gpio).open()?;
    let dim = Animation::start([led.part().between(0.0, 0.5)], Blink::new(ms(1), ms(1)));
    assert_eq!(dim.unwrap_err().kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn writes_in_order_leave_nothing_in_between() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let [one, other] = [17, 27].map(|pin| Led::builder(pin).initial_value(pin == 17).gpio(&gpio).open());
    let (one, other) = (one?, other?);
    Part::write_in_order(&[(&one.part(), 0.0), (&other.part(), 1.0)])?;
    assert_eq!((one.is_lit()?, other.is_lit()?), (false, true));
    let half = Part::write_in_order(&[(&one.part(), 1.0), (&other.part(), 0.5)]).unwrap_err();
    assert_eq!((half.kind(), one.is_lit()?), (ErrorKind::InvalidValue, false));
    other.close()?;
    let closed = Part::write_in_order(&[(&one.part(), 1.0), (&other.part(), 0.0)]).unwrap_err();
    assert_eq!((closed.kind(), one.is_lit()?), (ErrorKind::Closed, false));
    Ok(())
}

#[test]
fn a_write_in_order_ends_a_blink() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let blink = led.blink(ms(10), ms(10))?;
    Part::write_in_order(&[(&led.part(), 1.0)])?;
    gpio.advance(ms(100));
    assert_eq!((blink.wait()?, led.is_lit()?), (AnimationEnd::Stopped, true));
    Ok(())
}
