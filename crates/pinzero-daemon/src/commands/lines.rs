//! Modes, levels, pulls, PWM and servos.

use pinzero_core::{Bias, Level};
use pinzero_pigpio::protocol::{Code, Command};

use super::at_most;
use crate::ClientId;
use crate::executor::Executor;
use crate::lines::PwmSetting;

impl Executor {
    pub(crate) fn set_mode(&mut self, gpio: u32, mode: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        // On our factories, the special functions of a pin belong to the kernel.
        if mode > 1 {
            return Err(Code::BAD_MODE);
        }
        self.reclaim(gpio);
        match mode {
            0 => self.lines.set_input(gpio)?,
            _ => self.lines.set_output(gpio, client)?,
        }
        Ok(0)
    }

    pub(crate) fn set_pull(&mut self, gpio: u32, pull: u32) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        let bias = match pull {
            0 => Bias::Disabled,
            1 => Bias::PullDown,
            2 => Bias::PullUp,
            _ => return Err(Code::BAD_PUD),
        };
        self.lines.set_pull(gpio, bias)?;
        Ok(0)
    }

    pub(crate) fn write_bank(
        &mut self,
        first: u32,
        bits: u32,
        level: Level,
        client: ClientId,
    ) -> Result<u32, Code> {
        let permitted = (self.lines.permitted() >> first) as u32;
        let now = self.now();
        for index in (0..32).filter(|index| (bits & permitted) >> index & 1 == 1) {
            self.lines.preset(first + index, level, now, client)?;
        }
        if bits & !permitted == 0 { Ok(0) } else { Err(Code::SOME_PERMITTED) }
    }

    pub(crate) fn set_duty(&mut self, gpio: u32, duty: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        at_most(duty, self.lines.cycle(gpio).range, Code::BAD_DUTYCYCLE)?;
        self.reclaim(gpio);
        self.lines.set_pwm(gpio, PwmSetting::Duty(duty), client)?;
        Ok(0)
    }

    pub(crate) fn set_range(&mut self, gpio: u32, range: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !(25..=40_000).contains(&range) {
            return Err(Code::BAD_DUTYRANGE);
        }
        let mut cycle = self.lines.cycle(gpio);
        cycle.range = range;
        self.lines.set_cycle(gpio, cycle)?;
        self.lines.mark(gpio, client);
        Ok(cycle.real_range())
    }

    pub(crate) fn set_frequency(&mut self, gpio: u32, hertz: u32) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        let mut cycle = self.lines.cycle(gpio);
        cycle.choose(hertz);
        self.lines.set_cycle(gpio, cycle)?;
        Ok(cycle.hertz())
    }

    pub(crate) fn set_servo(&mut self, gpio: u32, micros: u32, client: ClientId) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        if !matches!(micros, 0 | 500..=2500) {
            return Err(Code::BAD_PULSEWIDTH);
        }
        self.reclaim(gpio);
        self.lines.set_pwm(gpio, PwmSetting::Servo(micros), client)?;
        Ok(0)
    }

    pub(crate) fn set_hardware_pwm(
        &mut self,
        gpio: u32,
        hertz: u32,
        duty: u32,
        client: ClientId,
    ) -> Result<u32, Code> {
        self.lines.check(gpio)?;
        if !matches!(gpio, 12 | 13 | 18 | 19) {
            return Err(Code::NOT_HPWM_GPIO);
        }
        at_most(duty, 1_000_000, Code::BAD_HPWM_DUTY)?;
        at_most(hertz, 125_000_000, Code::BAD_HPWM_FREQ)?;
        self.reclaim(gpio);
        match hertz {
            0 => self.lines.write(gpio, Level::Low, client)?,
            _ => self.lines.set_hardware_pwm(gpio, hertz, duty, client)?,
        }
        Ok(0)
    }

    pub(crate) fn ask_pulse(&self, command: Command, gpio: u32) -> Result<u32, Code> {
        self.lines.check_user(gpio)?;
        let cycle = self.lines.cycle(gpio);
        let pulse = self.lines.pwm(gpio);
        Ok(match (command, pulse) {
            (Command::Gpw, Some(PwmSetting::Servo(micros))) => micros,
            (Command::Gpw, _) => return Err(Code::NOT_SERVO_GPIO),
            (Command::Gdc, Some(PwmSetting::Duty(duty) | PwmSetting::Hardware { duty, .. })) => duty,
            (Command::Gdc, _) => return Err(Code::NOT_PWM_GPIO),
            (Command::Prg | Command::Prrg, Some(PwmSetting::Hardware { .. })) => 1_000_000,
            (Command::Pfg, Some(PwmSetting::Hardware { hertz, .. })) => hertz,
            (Command::Prg, _) => cycle.range,
            (Command::Prrg, _) => cycle.real_range(),
            (_, _) => cycle.hertz(),
        })
    }
}
