//! `pinzero servo`.

use std::time::Duration;

use clap::Args;
use pinzero::AngularServo;

use super::value::{show_time, time};
use super::{find, hold, show_end};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The line of the signal wire
    pin: String,

    /// The angle in degrees, such as 45 or -30; or min, mid or max; or off, which ends the pulses
    #[arg(value_parser = position, allow_hyphen_values = true, required_unless_present = "value")]
    position: Option<Position>,

    /// The position from -1 to 1, as gpiozero's Servo takes it, instead of an angle
    #[arg(long, allow_negative_numbers = true, conflicts_with = "position")]
    value: Option<f64>,

    /// The shortest pulse
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1ms")]
    min_pulse: Duration,

    /// The longest pulse
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "2ms")]
    max_pulse: Duration,

    /// The time from pulse to pulse
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "20ms")]
    frame: Duration,

    /// The angle of the shortest pulse, in degrees
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true, default_value_t = -90.0)]
    min_angle: f64,

    /// The angle of the longest pulse, in degrees
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true, default_value_t = 90.0)]
    max_angle: f64,

    /// Takes PWM that the chip makes, which does not jitter, or fails [default: what the factory has]
    #[arg(long)]
    hardware: bool,

    /// Ends the pulses after this time, such as 1s [default: at Ctrl-C]
    #[arg(long = "for", id = "period", value_name = "TIME", value_parser = time)]
    period: Option<Duration>,

    #[command(flatten)]
    factory: Factory,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Position {
    Degrees(f64),
    /// From -1 to 1.
    Value(f64),
    Off,
}

pub(crate) fn run(options: Options) -> Outcome {
    // clap requires one of both.
    let position = options.value.map(Position::Value).or(options.position).unwrap_or(Position::Off);
    options.check(position)?;
    let gpio = options.factory.open()?;
    let servo = AngularServo::builder(find(&gpio, &options.pin)?).min_pulse_width(options.min_pulse);
    let servo = servo.max_pulse_width(options.max_pulse).frame_width(options.frame);
    let servo = servo.min_angle(options.min_angle).max_angle(options.max_angle).hardware(options.hardware);
    let servo = servo.initial_angle(None).gpio(&gpio).open()?;
    match position {
        Position::Degrees(angle) => servo.set_angle(angle)?,
        Position::Value(value) => servo.set_value(value)?,
        Position::Off => {}
    }
    let line = servo.pwm().line();
    match (servo.angle()?, servo.pulse_width()?) {
        (Some(angle), Some(pulse)) => {
            let (angle, pulse, end) = (round(angle), show_time(pulse), show_end(options.period));
            output::note(&format!("{line}: {angle}°, pulses of {pulse}, {end}"));
            hold(&gpio, options.period);
        }
        _ => output::note(&format!("{line}: no pulses, so most servos give way")),
    }
    servo.close()?;
    gpio.close()?;
    Ok(Verdict::Good)
}

impl Options {
    /// Refuses a position that the servo does not have, before a line is opened.
    fn check(&self, position: Position) -> Result<(), String> {
        if self.min_pulse >= self.max_pulse || self.max_pulse >= self.frame {
            return Err(
                "a servo needs --min-pulse below --max-pulse, and --max-pulse below --frame".to_owned()
            );
        }
        let (least, most) = (self.min_angle.min(self.max_angle), self.min_angle.max(self.max_angle));
        match position {
            Position::Degrees(angle) if !(least..=most).contains(&angle) => Err(format!(
                "an angle of {angle}° is out of range: give {least} to {most}, or set --min-angle and --max-angle"
            )),
            Position::Value(value) if !(-1.0..=1.0).contains(&value) => {
                Err(format!("a value of {value} is out of range: give -1 to 1"))
            }
            _ => Ok(()),
        }
    }
}

/// Rounds an angle for people.
fn round(angle: f64) -> f64 {
    // Adding zero turns -0 into 0.
    (angle * 100.0).round() / 100.0 + 0.0
}

fn position(text: &str) -> Result<Position, String> {
    match text.to_ascii_lowercase().as_str() {
        "min" => return Ok(Position::Value(-1.0)),
        "mid" => return Ok(Position::Value(0.0)),
        "max" => return Ok(Position::Value(1.0)),
        "off" => return Ok(Position::Off),
        _ => {}
    }
    let degrees = text.strip_suffix("deg").or_else(|| text.strip_suffix('°')).unwrap_or(text);
    let degrees = degrees.trim().parse().ok().filter(|degrees: &f64| degrees.is_finite());
    let wrong = || format!("{text:?} is no position: write degrees such as 45 or -30, min, mid, max or off");
    degrees.map(Position::Degrees).ok_or_else(wrong)
}
