//! PWM, servo pulses, hardware PWM and clocks.

use std::time::Duration;

use crate::code::{error, op};
use crate::frame::Frame;
use crate::lines::{LINES, OUTPUT, Wave};
use crate::model::{Model, user_gpio, within};

/// The steps that a cycle has at each of the 18 frequencies.
const STEPS: [u32; 18] =
    [25, 50, 100, 125, 200, 250, 400, 500, 625, 800, 1000, 1250, 2000, 2500, 4000, 5000, 10_000, 20_000];

/// The range of hardware PWM, and of a clock.
const MILLION: u32 = 1_000_000;

/// The GPIO that have hardware PWM, and the mode that they have it in.
const HARDWARE_PWM: [(u32, u32); 9] =
    [(12, 4), (13, 4), (18, 2), (19, 2), (40, 4), (41, 4), (45, 4), (52, 5), (53, 5)];

/// The GPIO that have a hardware clock, the mode that they have it in, and which clock it is.
const CLOCKS: [(u32, u32, u32); 10] = [
    (4, 4, 0),
    (5, 4, 1),
    (6, 4, 2),
    (20, 2, 0),
    (21, 2, 1),
    (32, 4, 0),
    (34, 4, 0),
    (42, 4, 1),
    (43, 4, 2),
    (44, 4, 1),
];

/// What pulses a GPIO has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pwm {
    /// Who makes them.
    pub kind: PwmKind,
    /// Cycles per second.
    pub frequency: u32,
    /// What the duty is out of; for servos the length of a cycle in microseconds.
    pub range: u32,
    /// How much of the range the line is high; for servos in microseconds.
    pub duty: u32,
    /// The length of a cycle.
    pub period: Duration,
    /// How long the line is high in each.
    pub pulse: Duration,
}

/// Who makes pulses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PwmKind {
    /// The daemon.
    Software,
    /// The daemon, for a servo.
    Servo,
    /// The PWM peripheral.
    Hardware,
    /// A clock.
    Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Nothing,
    Pwm { duty: u32 },
    Servo { micros: u32 },
    Hardware { hertz: u32, duty: u32 },
    Clock { hertz: u32 },
}

#[derive(Debug, Clone, Copy)]
struct Setting {
    range: u32,
    /// Which of the frequencies.
    column: usize,
    role: Use,
}

/// The settings of all GPIO.
#[derive(Debug)]
pub(crate) struct Pulses {
    sample: u32,
    settings: [Setting; LINES],
}

impl Pulses {
    pub(crate) fn new(sample: u32) -> Self {
        let first = Setting { range: 255, column: column(sample, 800), role: Use::Nothing };
        Pulses { sample, settings: [first; LINES] }
    }

    /// What pulses a GPIO has, if it has any.
    pub(crate) fn get(&self, gpio: u32) -> Option<Pwm> {
        let setting = self.settings[gpio as usize];
        let steps = STEPS[setting.column];
        let (kind, frequency, range, duty, period, pulse) = match setting.role {
            Use::Nothing => return None,
            Use::Pwm { duty } => {
                let on = u64::from(duty) * u64::from(steps) / u64::from(setting.range);
                let step = u64::from(self.sample) * 1000;
                let hertz = hertz(self.sample, steps);
                (PwmKind::Software, hertz, setting.range, duty, u64::from(steps) * step, on * step)
            }
            Use::Servo { micros } => {
                let pulse = micros - micros % self.sample;
                (PwmKind::Servo, 50, 20_000, micros, 20_000_000, u64::from(pulse) * 1000)
            }
            Use::Hardware { hertz, duty } => {
                let period = 1_000_000_000 / u64::from(hertz);
                let pulse = u64::from(duty) * 1000 / u64::from(hertz);
                (PwmKind::Hardware, hertz, MILLION, duty, period, pulse)
            }
            Use::Clock { hertz } => {
                let period = 1_000_000_000 / u64::from(hertz);
                (PwmKind::Clock, hertz, MILLION, MILLION / 2, period, period / 2)
            }
        };
        let (period, pulse) = (Duration::from_nanos(period), Duration::from_nanos(pulse));
        Some(Pwm { kind, frequency, range, duty, period, pulse })
    }
}

impl Model {
    /// The commands about pulses.
    pub(crate) fn pulses(&mut self, frame: &Frame) -> Result<u32, i32> {
        let Frame { command, p1, p2, .. } = *frame;
        if matches!(command, op::PWM | op::PRS | op::PFS | op::SERVO | op::HP | op::HC) {
            let gpio = if command == op::HC { p1 & 0xff } else { p1 };
            self.permit(gpio)?;
        }
        match command {
            op::HP => return self.hardware_pwm(p1, p2, frame.word(0)),
            op::HC => return self.clock(p1, p2),
            _ => user_gpio(p1)?,
        }
        let sample = self.daemon.pulses.sample;
        let setting = &mut self.daemon.pulses.settings[p1 as usize];
        let steps = STEPS[setting.column];
        let value = match command {
            op::PWM => {
                within(p2, 0..=setting.range, error::BAD_DUTYCYCLE)?;
                self.play(p1, Use::Pwm { duty: p2 }, OUTPUT);
                0
            }
            op::SERVO => {
                if p2 != 0 {
                    within(p2, 500..=2500, error::BAD_PULSEWIDTH)?;
                }
                self.play(p1, Use::Servo { micros: p2 }, OUTPUT);
                0
            }
            op::PRS => {
                within(p2, 25..=40_000, error::BAD_DUTYRANGE)?;
                if let Use::Pwm { duty } = &mut setting.role {
                    *duty = (u64::from(*duty) * u64::from(p2) / u64::from(setting.range)) as u32;
                }
                setting.range = p2;
                self.refresh(p1);
                steps
            }
            op::PFS => {
                setting.column = column(sample, p2);
                let hertz = hertz(sample, STEPS[setting.column]);
                self.refresh(p1);
                hertz
            }
            op::PRG => match setting.role {
                Use::Hardware { .. } | Use::Clock { .. } => MILLION,
                _ => setting.range,
            },
            op::PFG => match setting.role {
                Use::Hardware { hertz, .. } | Use::Clock { hertz } => hertz,
                _ => hertz(sample, steps),
            },
            op::PRRG => match setting.role {
                Use::Hardware { hertz, .. } => 250 * MILLION / hertz,
                Use::Clock { .. } => MILLION,
                _ => steps,
            },
            op::GDC => match setting.role {
                Use::Pwm { duty } | Use::Hardware { duty, .. } => duty,
                Use::Clock { .. } => MILLION / 2,
                _ => return Err(error::NOT_PWM_GPIO),
            },
            _ => match setting.role {
                Use::Servo { micros } => micros,
                _ => return Err(error::NOT_SERVO_GPIO),
            },
        };
        Ok(value)
    }

    fn hardware_pwm(&mut self, gpio: u32, hertz: u32, duty: u32) -> Result<u32, i32> {
        let found = HARDWARE_PWM.iter().find(|(other, _)| *other == gpio);
        let &(_, mode) = found.ok_or(error::NOT_HPWM_GPIO)?;
        within(hertz, 0..=125 * MILLION, error::BAD_HPWM_FREQ)?;
        within(duty, 0..=MILLION, error::BAD_HPWM_DUTY)?;
        if hertz > 0 {
            self.play(gpio, Use::Hardware { hertz, duty }, mode);
        } else if matches!(self.role(gpio), Use::Hardware { .. }) {
            self.end_pulses(gpio);
            self.look(0);
        }
        Ok(0)
    }

    fn clock(&mut self, gpio: u32, hertz: u32) -> Result<u32, i32> {
        let (gpio, password) = (gpio & 0xff, gpio >> 24);
        let found = CLOCKS.iter().find(|(other, ..)| *other == gpio);
        let &(_, mode, number) = found.ok_or(error::NOT_HCLK_GPIO)?;
        if number == 1 && password != 0x5a {
            return Err(error::BAD_HCLK_PASS);
        }
        if hertz > 0 {
            within(hertz, 4689..=250 * MILLION, error::BAD_HCLK_FREQ)?;
            self.play(gpio, Use::Clock { hertz }, mode);
        } else if matches!(self.role(gpio), Use::Clock { .. }) {
            self.end_pulses(gpio);
            self.look(0);
        }
        Ok(0)
    }

    fn role(&self, gpio: u32) -> Use {
        self.daemon.pulses.settings[gpio as usize].role
    }

    /// Has a GPIO carry pulses.
    fn play(&mut self, gpio: u32, role: Use, mode: u32) {
        self.daemon.pulses.settings[gpio as usize].role = role;
        let now = self.lines.now();
        let line = self.lines.line(gpio);
        let (is_new, before) = (line.wave.is_none(), line.mode == OUTPUT && line.latch);
        (line.mode, line.latch) = (mode, false);
        let mut wave = self.wave(gpio);
        if let Some(wave) = wave.as_mut().filter(|wave| is_new && wave.pulse > 0 && !wave.is_hardware) {
            wave.begin = (now * 1000).next_multiple_of(wave.period).div_ceil(1000);
            wave.before = before;
        }
        self.lines.line(gpio).wave = wave;
        self.look(0);
    }

    /// Has the line carry what the settings say.
    fn refresh(&mut self, gpio: u32) {
        self.lines.line(gpio).wave = self.wave(gpio);
        self.look(0);
    }

    /// The wave that the settings say. One that has not begun still begins when it was to, but no pulses are at once.
    fn wave(&mut self, gpio: u32) -> Option<Wave> {
        let (begin, before) =
            self.lines.line(gpio).wave.map(|wave| (wave.begin, wave.before)).unwrap_or_default();
        self.daemon.pulses.get(gpio).map(|pwm| Wave {
            period: pwm.period.as_nanos() as u64,
            pulse: pwm.pulse.as_nanos() as u64,
            is_hardware: matches!(pwm.kind, PwmKind::Hardware | PwmKind::Clock),
            begin: if pwm.pulse.is_zero() { 0 } else { begin },
            before,
        })
    }

    /// Has a GPIO carry no pulses any more; whoever calls this looks at the lines then.
    pub(crate) fn end_pulses(&mut self, gpio: u32) {
        self.daemon.pulses.settings[gpio as usize].role = Use::Nothing;
        self.lines.line(gpio).wave = None;
    }
}

/// The frequency at which a cycle has so many steps, each as long as a sample.
fn hertz(sample: u32, steps: u32) -> u32 {
    let cycle = sample * steps;
    (MILLION + cycle / 2) / cycle
}

/// Which of the frequencies is nearest to one.
fn column(sample: u32, wanted: u32) -> usize {
    (0..STEPS.len()).min_by_key(|&column| hertz(sample, STEPS[column]).abs_diff(wanted)).unwrap_or_default()
}
