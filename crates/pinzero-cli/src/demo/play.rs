//! A program on a simulated board, and a user who presses its button.

use std::time::Duration;

use pinzero::mock::{self, MockGpio, MockServo};
use pinzero::prelude::*;
use pinzero::trace::{self, Trace};
use pinzero::{Line, Result};

use crate::sim::scene;
use crate::sim::state::{Control, Frame, LineLook, Look, PartScene, Scene};

/// The length of the play.
pub(crate) const LENGTH: Duration = ms(7500);

const RED: u32 = 17;
const WHITE: u32 = 18;
const SERVO: u32 = 12;
const BUTTON: u32 = 2;
const YELLOW: u32 = 27;

/// The lines, in the order of the diagram.
pub(crate) const LINES: [Line; 5] = [Line(RED), Line(WHITE), Line(SERVO), Line(BUTTON), Line(YELLOW)];

/// The frame of a servo.
const SERVO_CYCLE: Duration = ms(20);

/// A moment of the play.
pub(crate) struct Step {
    pub(crate) at: Duration,
    /// The line of the program, or what the user does.
    pub(crate) words: &'static str,
    act: fn(&Play) -> Result<()>,
}

/// The moments of the play, in their order. The labels of the button's events fit into one row of the diagram.
pub(crate) const STEPS: [Step; 8] = [
    Step {
        at: ms(300),
        words: "led.blink(ms(300), ms(300))?;",
        act: |play| play.led.blink(ms(300), ms(300)).map(drop),
    },
    Step {
        at: ms(1000),
        words: "glow.pulse(ms(800), ms(800))?;",
        act: |play| play.glow.pulse(ms(800), ms(800)).map(drop),
    },
    Step { at: ms(1800), words: "arm.max()?;", act: |play| play.arm.max() },
    Step {
        at: ms(2400),
        words: "button.when_pressed(move |_| lamp.toggle());",
        act: |play| {
            let lamp = play.lamp.clone();
            play.button.when_pressed(move |_| lamp.toggle());
            Ok(())
        },
    },
    Step { at: ms(3000), words: "a finger presses the button", act: Play::press },
    Step { at: ms(4600), words: "arm.min()?;", act: |play| play.arm.min() },
    Step { at: ms(5300), words: "a finger presses the button again", act: Play::press },
    Step { at: ms(6900), words: "arm.mid()?;", act: |play| play.arm.mid() },
];

/// The play: the devices of a program on a virtual clock.
pub(crate) struct Play {
    gpio: MockGpio,
    trace: Trace,
    led: Led,
    glow: PwmLed,
    arm: Servo,
    button: Button,
    lamp: Led,
    servo: MockServo,
    /// The number of steps that are done.
    done: usize,
}

impl Play {
    /// Sets the stage.
    ///
    /// # Errors
    /// None that is known: the board is simulated.
    pub(crate) fn new() -> Result<Self> {
        let gpio = mock::builder().try_open()?;
        let trace = trace::record(&gpio);
        Ok(Play {
            servo: gpio.servo(SERVO),
            led: Led::builder(RED).gpio(&gpio).open()?,
            glow: PwmLed::builder(WHITE).gpio(&gpio).open()?,
            arm: Servo::builder(SERVO).gpio(&gpio).open()?,
            button: Button::builder(BUTTON).gpio(&gpio).open()?,
            lamp: Led::builder(YELLOW).gpio(&gpio).open()?,
            done: 0,
            gpio,
            trace,
        })
    }

    /// Plays on to a time since the start.
    ///
    /// # Errors
    /// See [`Play::new`].
    pub(crate) fn advance(&mut self, to: Duration) -> Result<()> {
        let to = to.min(LENGTH);
        while let Some(step) = STEPS.get(self.done).filter(|step| step.at <= to) {
            self.gpio.advance(step.at.saturating_sub(self.gpio.elapsed()));
            (step.act)(self)?;
            self.done += 1;
        }
        self.gpio.advance(to.saturating_sub(self.gpio.elapsed()));
        Ok(())
    }

    /// Returns the last step that is done.
    pub(crate) fn step(&self) -> Option<&'static Step> {
        STEPS.get(self.done.checked_sub(1)?)
    }

    /// Returns the recording of the play.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    fn press(&self) -> Result<()> {
        self.gpio.line(BUTTON).press(ms(1100));
        Ok(())
    }

    /// Describes the board.
    pub(crate) fn scene(&self) -> Scene {
        let part = |name: &str, kind, line: u32, color: Option<&str>| PartScene {
            name: name.to_owned(),
            kind,
            pins: vec![("pin".to_owned(), line)],
            color: color.map(str::to_owned),
            controls: Vec::new(),
        };
        let parts = vec![
            part("led", "led", RED, Some("#ff4020")),
            part("glow", "led", WHITE, Some("#fff0c0")),
            part("lamp", "led", YELLOW, Some("#ffd000")),
            PartScene {
                controls: vec![Control::Push { key: None }],
                ..part("button", "button", BUTTON, None)
            },
            part("arm", "servo", SERVO, None),
        ];
        let owner = |line| parts.iter().position(|part| part.pins.iter().any(|(_, pin)| *pin == line));
        Scene {
            title: "pinzero demo".to_owned(),
            about: String::new(),
            board: self.gpio.board().model().to_owned(),
            address: String::new(),
            header: scene::header(self.gpio.board(), owner),
            parts,
            wires: Vec::new(),
        }
    }

    /// Returns how the board looks.
    ///
    /// # Errors
    /// See [`Play::new`].
    pub(crate) fn frame(&self) -> Result<Frame> {
        let pressed = self.button.is_pressed()?;
        let light = |lit: bool| Look::Light { brightness: f64::from(u8::from(lit)) };
        let glow = self.glow.value()?;
        let (red, yellow) = (self.led.is_lit()?, self.lamp.is_lit()?);
        let pulse = self.servo.pulse();
        let look = |line, function, high, duty| LineLook { line, function, high, duty };
        Ok(Frame {
            at: self.gpio.elapsed().as_secs_f64() * 1000.0,
            parts: vec![
                light(red),
                Look::Light { brightness: glow },
                light(yellow),
                Look::Contact { closed: pressed },
                Look::Angle { degrees: self.servo.angle(), held: pulse.is_some() },
            ],
            lines: vec![
                look(BUTTON, "input", !pressed, None),
                look(SERVO, "pwm", false, pulse.map(|pulse| pulse.as_secs_f64() / SERVO_CYCLE.as_secs_f64())),
                look(RED, "output", red, None),
                look(WHITE, "pwm", glow >= 1.0, Some(glow).filter(|glow| *glow > 0.0 && *glow < 1.0)),
                look(YELLOW, "output", yellow, None),
            ],
            programs: 0,
        })
    }
}
