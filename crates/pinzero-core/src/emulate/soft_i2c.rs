//! Bit-banged I2C on two flexible lines: driven low, or released to their pull-ups.

use std::time::Duration;

use crate::bus::{I2cAddress, I2cBus, I2cOperation, SoftI2cConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::factory::{FlexConfig, FlexPin};
use crate::gpio::Gpio;
use crate::handle::turn::Turn;
use crate::time::{ms, us};
use crate::types::{Bias, Drive, Level, Line, OnClose};

/// How long a device may hold the clock low. SMBus gives it 25 ms.
pub(crate) const STRETCH: Duration = ms(25);
/// How often the clock is looked at meanwhile.
const LOOK: Duration = us(50);
/// Ten-bit addresses begin with these bits; two of the address and the direction follow.
const TEN_BITS: u32 = 0b1111_0000;

/// A bus on two lines.
#[derive(Debug)]
pub(crate) struct SoftI2c {
    gpio: Gpio,
    data: Box<dyn FlexPin>,
    clock: Box<dyn FlexPin>,
    released: Drive,
    /// Half a clock cycle.
    half: Duration,
    turn: Turn,
}

impl SoftI2c {
    pub(crate) fn open(gpio: &Gpio, config: SoftI2cConfig) -> Result<Self> {
        let bias = if gpio.capabilities().bias.is_available() { Bias::PullUp } else { Bias::AsIs };
        let released = Drive::Input(bias);
        let open = |line: Line| {
            let config = FlexConfig::new(released, OnClose::Restore);
            gpio.factory().open_flex(line, config).map_err(|error| error.with_pin(line))
        };
        Ok(SoftI2c {
            gpio: gpio.clone(),
            data: open(config.data)?,
            clock: open(config.clock)?,
            released,
            half: ms(500) / config.max_rate.max(1),
            turn: Turn::default(),
        })
    }

    fn set(&self, pin: &dyn FlexPin, level: Level) -> Result<()> {
        pin.turn(if level.is_high() { self.released } else { Drive::Output(Level::Low) })
    }

    fn pause(&self) {
        self.gpio.delay().pause(self.half);
    }

    /// Releases the clock, and waits until no device holds it low any more.
    fn raise_clock(&self) -> Result<()> {
        self.set(&*self.clock, Level::High)?;
        let begin = self.gpio.now();
        while !self.clock.level()?.is_high() {
            if self.gpio.now() - begin > STRETCH {
                let message = "the clock stays low: a device holds it, or the line has no pull-up";
                return Err(Error::new(ErrorKind::TimedOut, message));
            }
            self.gpio.sleep(LOOK);
        }
        self.pause();
        Ok(())
    }

    /// Sends a start, or a repeated start: data falls while the clock is high.
    fn start(&self) -> Result<()> {
        self.set(&*self.data, Level::High)?;
        self.pause();
        self.raise_clock()?;
        // A device that was interrupted in a read may still send: it gives up after as many clocks as a byte has.
        for _ in 0..9 {
            if self.data.level()?.is_high() {
                break;
            }
            self.set(&*self.clock, Level::Low)?;
            self.pause();
            self.raise_clock()?;
        }
        if !self.data.level()?.is_high() {
            let message = "the data line stays low: a device holds it, or the line has no pull-up";
            return Err(Error::new(ErrorKind::TimedOut, message));
        }
        self.set(&*self.data, Level::Low)?;
        self.pause();
        self.set(&*self.clock, Level::Low)
    }

    /// Sends a stop: data rises while the clock is high. Tries all steps, so that the lines are free afterwards.
    fn stop(&self) -> Result<()> {
        let low = self.set(&*self.data, Level::Low);
        self.pause();
        let raised = self.raise_clock();
        let high = self.set(&*self.data, Level::High);
        self.pause();
        low.and(raised).and(high)
    }

    /// Lets go of both lines.
    fn release(&self) -> Result<()> {
        let data = self.set(&*self.data, Level::High);
        data.and(self.set(&*self.clock, Level::High))
    }

    fn send_bit(&self, bit: Level) -> Result<()> {
        self.set(&*self.data, bit)?;
        self.pause();
        self.raise_clock()?;
        if bit.is_high() && !self.data.level()?.is_high() {
            return Err(Error::new(ErrorKind::ArbitrationLost, "another controller drives the data line"));
        }
        self.set(&*self.clock, Level::Low)
    }

    fn receive_bit(&self) -> Result<Level> {
        self.set(&*self.data, Level::High)?;
        self.pause();
        self.raise_clock()?;
        let level = self.data.level()?;
        self.set(&*self.clock, Level::Low)?;
        Ok(level)
    }

    /// Sends a byte, and returns whether the device acknowledges it.
    fn send(&self, byte: u8) -> Result<bool> {
        (0..8).rev().try_for_each(|bit| self.send_bit(Level::from(byte >> bit & 1 == 1)))?;
        Ok(!self.receive_bit()?.is_high())
    }

    /// Receives a byte, and acknowledges it unless it is the last.
    fn receive(&self, is_last: bool) -> Result<u8> {
        let byte = (0..8)
            .try_fold(0u8, |byte, _| Ok::<u8, Error>(byte << 1 | u8::from(self.receive_bit()?.is_high())))?;
        self.send_bit(Level::from(is_last))?;
        Ok(byte)
    }

    /// Sends a start and the address. `is_first` tells a start from a repeated one.
    fn call(&self, address: I2cAddress, is_read: bool, is_first: bool) -> Result<()> {
        let send = |byte: u32| match self.send(byte as u8)? {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::NoAcknowledge, "no device answers at this address")),
        };
        self.start()?;
        match address {
            I2cAddress::Seven(bits) => send(bits << 1 | u32::from(is_read)),
            I2cAddress::Ten(bits) => {
                let first = TEN_BITS | bits >> 7 & 0b110;
                if is_read && !is_first {
                    return send(first | 1);
                }
                send(first)?;
                send(bits & 0xff)?;
                if is_read {
                    self.start()?;
                    send(first | 1)?;
                }
                Ok(())
            }
        }
    }

    fn operate(&self, operation: &mut I2cOperation<'_>) -> Result<()> {
        match operation {
            I2cOperation::Write(data) => {
                data.iter().enumerate().try_for_each(|(index, byte)| match self.send(*byte)? {
                    true => Ok(()),
                    false => {
                        let message =
                            format!("the device does not take byte {} of {}", index + 1, data.len());
                        Err(Error::new(ErrorKind::Refused, message))
                    }
                })
            }
            I2cOperation::Read(data) => {
                let last = data.len().saturating_sub(1);
                data.iter_mut().enumerate().try_for_each(|(index, byte)| {
                    *byte = self.receive(index == last)?;
                    Ok(())
                })
            }
        }
    }
}

impl I2cBus for SoftI2c {
    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        let _turn = self.turn.take()?;
        let result = operations.iter_mut().enumerate().try_for_each(|(index, operation)| {
            self.call(address, operation.is_read(), index == 0)?;
            self.operate(operation)
        });
        let ended = match &result {
            // The message that goes on is another controller's, and a stop would end it.
            Err(error) if error.kind() == ErrorKind::ArbitrationLost => self.release(),
            // After an error, too, the bus must be free for others.
            _ => self.stop(),
        };
        let stopped = result.and(ended);
        stopped.and(self.gpio.confirm(|| self.data.confirm().and(self.clock.confirm())))
    }

    fn close(&self) -> Result<()> {
        self.data.close().and(self.clock.close())
    }
}
