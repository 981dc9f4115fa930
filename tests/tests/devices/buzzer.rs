//! Buzzers that are on or off, and LEDs with a brightness: other names for what they are made of.

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::{AnimationEnd, ErrorKind};

#[test]
fn a_buzzer_beeps() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = Buzzer::builder(17).gpio(&gpio).open()?;
    let beep = buzzer.beep_with(Blink::new(ms(20), ms(30)).times(2))?;
    assert_eq!((beep.wait()?, gpio.elapsed()), (AnimationEnd::Finished, ms(100)));
    let (low, high) = (Level::Low, Level::High);
    let beeps = [(ms(0), high), (ms(20), low), (ms(50), high), (ms(70), low)];
    assert_eq!(gpio.line(17).history(), beeps);
    gpio.line(17).clear();
    buzzer.beep(ms(10), ms(10))?;
    gpio.advance(ms(15));
    buzzer.on()?;
    gpio.advance(secs(1));
    assert_eq!(gpio.line(17).history(), [(ms(100), high), (ms(110), low), (ms(115), high)]);
    assert_eq!((buzzer.is_active()?, buzzer.value()?), (true, true));
    Ok(())
}

#[test]
fn a_buzzer_has_the_options_of_outputs() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = Buzzer::builder(17).active_high(false).initial_value(true).gpio(&gpio).open()?;
    assert_eq!((gpio.line(17).level(), format!("{buzzer:?}")), (Level::Low, "Buzzer(GPIO17, on)".into()));
    buzzer.off()?;
    assert_eq!(gpio.line(17).level(), Level::High);
    let error = Led::builder(17).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("in use by Buzzer opened at"), "{error}");
    let error = buzzer.beep(us(10), us(10)).unwrap_err();
    assert_eq!((error.kind(), buzzer.is_active()?), (ErrorKind::InvalidValue, false));
    let error = buzzer.beep_with(Blink::pulse(ms(10), ms(10))).unwrap_err();
    assert!(error.to_string().contains("cannot fade: use a PWM device"), "{error}");
    Ok(())
}

#[test]
fn a_pwm_led_is_lit_however_dimly() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = PwmLed::builder(17).frequency(200.0).initial_value(0.1).gpio(&gpio).open()?;
    assert_eq!(
        (led.is_lit()?, led.frequency(), format!("{led:?}")),
        (true, 200.0, "PwmLed(GPIO17, 0.1)".into())
    );
    led.off()?;
    assert!(!led.is_lit()?);
    led.fade_to_with(0.5, ms(40), Easing::Gamma)?.wait()?;
    assert_eq!((led.is_lit()?, led.value()?), (true, 0.5));
    led.close()?;
    assert_eq!(led.is_lit().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_value_out_of_range_opens_nothing() {
    let gpio = mock::gpio();
    for value in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = PwmLed::builder(17).initial_value(value).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("give 0 to 1"), "{error}");
        assert_eq!((gpio.line(17).writes(), gpio.line(17).function()), (0, pinzero::LineFunction::Input));
    }
    for frequency in [0.0, -1.0, f64::NAN] {
        let error = PwmLed::builder(17).frequency(frequency).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFrequency);
    }
}
