//! PWM, by hardware or software.

use std::time::Duration;

use pinzero_core::time::{ms, us};
use pinzero_core::{ErrorKind, Level};

use crate::fixture::Fixture;
use crate::rig::Pulses;
use crate::verdict::{Verdict, check, refused};

const PERIOD: Duration = ms(10);
const HERTZ: f64 = 100.0;

fn pulses(period: Duration, pulse: Duration) -> Pulses {
    Pulses { period, pulse }
}

pub(super) fn starts_with_its_duty(fixture: &Fixture<'_>) -> Verdict {
    let _pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).initial(0.3).open()?;
    fixture.sees_pulses(fixture.line, pulses(PERIOD, ms(3)))
}

pub(super) fn has_the_duty_set(fixture: &Fixture<'_>) -> Verdict {
    let pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).open()?;
    for (duty, pulse) in [(0.25, us(2_500)), (0.075, us(750)), (0.9, us(9_000)), (0.5, us(5_000))] {
        pwm.set_duty(duty)?;
        // A new duty may wait for the next cycle.
        fixture.gpio().sleep(PERIOD);
        fixture.sees_pulses(fixture.line, pulses(PERIOD, pulse))?;
        check(pwm.duty() == duty, || format!("set to {duty}, it says {}", pwm.duty()))?;
    }
    Ok(())
}

pub(super) fn keeps_its_duty_at_another_frequency(fixture: &Fixture<'_>) -> Verdict {
    let pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).initial(0.25).open()?;
    for (hertz, period) in [(50.0, ms(20)), (200.0, ms(5))] {
        pwm.set_frequency(hertz)?;
        fixture.gpio().sleep(ms(20));
        fixture.sees_pulses(fixture.line, pulses(period, period / 4))?;
    }
    Ok(())
}

pub(super) fn never_toggles_at_the_ends(fixture: &Fixture<'_>) -> Verdict {
    for (duty, level) in [(0.0, Level::Low), (1.0, Level::High)] {
        let pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).initial(duty).open()?;
        let mark = fixture.record(fixture.line)?.unwrap_or_default().len();
        is_steady(fixture, level, PERIOD)?;
        pwm.set_duty(duty)?;
        pwm.set_frequency(HERTZ * 2.0)?;
        is_steady(fixture, level, PERIOD / 2)?;
        let changes = fixture.record(fixture.line)?.unwrap_or_default().split_off(mark);
        check(changes.is_empty(), || format!("with a duty of {duty} from the start, it became {changes:?}"))?;
        // The same after a wave.
        pwm.set_duty(0.5)?;
        fixture.gpio().sleep(PERIOD);
        pwm.set_duty(duty)?;
        // The wave may go on to the end of its cycle.
        fixture.gpio().sleep(PERIOD);
        is_steady(fixture, level, PERIOD / 2)?;
    }
    Ok(())
}

/// Fails unless the line stays at `level`.
fn is_steady(fixture: &Fixture<'_>, level: Level, period: Duration) -> Verdict {
    let pulse = if level.is_high() { period } else { Duration::ZERO };
    if fixture.pulses(fixture.line)?.is_some() {
        return fixture.sees_pulses(fixture.line, pulses(period, pulse));
    }
    fixture.stays(fixture.line, level, period, "carrying what is no wave")
}

pub(super) fn refuses_what_is_no_wave(fixture: &Fixture<'_>) -> Verdict {
    let pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).initial(0.5).open()?;
    for duty in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        refused(&format!("a duty of {duty}"), ErrorKind::InvalidValue, pwm.set_duty(duty))?;
    }
    for hertz in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(&format!("{hertz} Hz"), ErrorKind::InvalidFrequency, pwm.set_frequency(hertz))?;
    }
    fixture.sees_pulses(fixture.line, pulses(PERIOD, PERIOD / 2))
}

pub(super) fn ends_with_close(fixture: &Fixture<'_>) -> Verdict {
    let before = fixture.observe(fixture.line)?;
    let pwm = fixture.gpio().pwm(fixture.line).frequency(HERTZ).initial(0.5).open()?;
    pwm.close()?;
    pwm.close()?;
    refused("a duty for closed PWM", ErrorKind::Closed, pwm.set_duty(0.2))?;
    refused("a frequency for closed PWM", ErrorKind::Closed, pwm.set_frequency(HERTZ))?;
    fixture.stays(fixture.line, before, PERIOD, "after PWM was closed")
}
