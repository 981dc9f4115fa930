//! What becomes of a flexible line whose backend fails once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pinzero::prelude::*;
use pinzero::{Capabilities, Drive, ErrorKind, Host, Line, LineInfo, PinFactory, Result, Support};
use pinzero_core::board::Board;
use pinzero_core::{FlexConfig, FlexPin, InputConfig, OutputConfig, OutputPin, Pin};

/// A backend of one flexible line, without PWM of its own, that notes its turns and fails when it is told to.
#[derive(Debug, Clone, Default)]
struct Faulty(Arc<State>);

#[derive(Debug, Default)]
struct State {
    turns: Mutex<Vec<Drive>>,
    fails_next: AtomicBool,
}

impl Faulty {
    fn turns(&self) -> Vec<Drive> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail_once(&self) {
        self.0.fails_next.store(true, Ordering::Relaxed);
    }
}

impl PinFactory for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn host(&self) -> Host {
        Host::Chip(format!("faulty {:p}", Arc::as_ptr(&self.0)))
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities { output: native, input: native, bias: native, flex: native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(8)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, _: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Err(Error::unsupported("an output"))
    }

    fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
        Err(Error::unsupported("an input"))
    }

    fn open_flex(&self, _: Line, _: FlexConfig) -> Result<Box<dyn FlexPin>> {
        Ok(Box::new(self.clone()))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl Pin for Faulty {
    fn level(&self) -> Result<Level> {
        Ok(Level::Low)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl FlexPin for Faulty {
    fn turn(&self, drive: Drive) -> Result<()> {
        if self.0.fails_next.swap(false, Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, "it fails once"));
        }
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner).push(drive);
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

fn pulses(pulse: u64) -> Drive {
    Drive::Pwm { period: ms(2), pulse: us(pulse) }
}

#[test]
fn pulses_that_could_not_begin_do_not_go_on() -> Result<()> {
    let faulty = Faulty::default();
    let gpio = Gpio::new(faulty.clone())?;
    let line = gpio.flex(1).start(Drive::Input(Bias::PullUp)).open()?;
    faulty.fail_once();
    assert_eq!(line.turn(pulses(1000)).unwrap_err().kind(), ErrorKind::Io);
    gpio.sleep(ms(20));
    assert_eq!((faulty.turns(), line.drive()), (vec![], Drive::Input(Bias::PullUp)));
    line.turn(pulses(1000))?;
    gpio.sleep(ms(20));
    assert!(faulty.turns().len() > 2, "{:?}", faulty.turns());
    Ok(())
}

#[test]
fn after_a_turn_that_failed_the_next_pulses_are_written() -> Result<()> {
    let faulty = Faulty::default();
    let gpio = Gpio::new(faulty.clone())?;
    let line = gpio.flex(1).open()?;
    line.turn(pulses(1900))?;
    faulty.fail_once();
    // The engine may meet the fault before this turn does: then the pulses have stopped by themselves.
    let _ = line.turn(Drive::Input(Bias::AsIs));
    line.turn(pulses(0))?;
    assert_eq!(faulty.turns().last(), Some(&Drive::Output(Level::Low)));
    let so_far = faulty.turns().len();
    gpio.sleep(ms(20));
    assert_eq!(faulty.turns().len(), so_far, "a pulse of zero is a steady low");
    Ok(())
}

#[test]
fn pulses_of_zero_are_low_whatever_the_line_did_before() -> Result<()> {
    let faulty = Faulty::default();
    let gpio = Gpio::new(faulty.clone())?;
    let line = gpio.flex(1).start(Drive::Output(Level::High)).open()?;
    line.turn(pulses(0))?;
    assert_eq!(faulty.turns(), [Drive::Output(Level::Low)]);
    line.turn(pulses(2000))?;
    assert_eq!(faulty.turns(), [Drive::Output(Level::Low), Drive::Output(Level::High)]);
    Ok(())
}
