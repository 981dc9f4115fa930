//! The table: what is on each board, and on which pins of the header.

use super::Location;
use super::tree::{leds, renamed};
use crate::boards::Wiring::{ToGround, ToSupply};
use crate::boards::composite_board;
use crate::options::{Bars, Colored, Lights, Wheels};
use crate::{Button, Buzzer, LedBarGraph, LedBoard, Light, RgbLed, Robot, TonalBuzzer, TrafficLights};

renamed! {
    /// The LedBorg: one LED with three colors, with PWM.
    ///
    /// Pins: red 11, green 13, blue 15. A `LedBorg` does all that a [`RgbLed`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::LedBorg;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let led = LedBorg::new()?;
    /// led.set_color("orange")?;
    /// led.pulse(secs(1), secs(1))?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    LedBorg(RgbLed, Colored) = RgbLed::builder("BOARD11", "BOARD13", "BOARD15")
}

/// The pins of a PiLiter.
const PI_LITER: [&str; 8] =
    ["BOARD7", "BOARD11", "BOARD13", "BOARD12", "BOARD15", "BOARD16", "BOARD18", "BOARD22"];

renamed! {
    /// The Pi-LITEr: a row of eight LEDs.
    ///
    /// Pins: 7, 11, 13, 12, 15, 16, 18, 22. A `PiLiter` does all that a [`LedBoard`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::PiLiter;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let row = PiLiter::new()?;
    /// row.member(0)?.on()?;
    /// row.member(-1)?.on()?;
    /// row.blink(ms(500), ms(500))?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PiLiter(LedBoard, Lights) = LedBoard::builder(PI_LITER)
}

renamed! {
    /// The Pi-LITEr as a bar graph: a row of eight LEDs that shows a value.
    ///
    /// Pins: 7, 11, 13, 12, 15, 16, 18, 22. A `PiLiterBarGraph` does all that a [`LedBarGraph`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::PiLiterBarGraph;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let graph = PiLiterBarGraph::builder().pwm(true).open()?;
    /// graph.set_value(0.5)?;
    /// assert_eq!(graph.lit_count()?, 4.0);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PiLiterBarGraph(LedBarGraph, Bars) = LedBarGraph::builder(PI_LITER)
}

renamed! {
    /// The PI-TRAFFIC: traffic lights in the end of a header with 26 pins.
    ///
    /// Pins: red 21, amber 19, green 23. A `PiTraffic` does all that [`TrafficLights`] do.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::PiTraffic;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lights = PiTraffic::new()?;
    /// lights.amber.on()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PiTraffic(TrafficLights, Lights) = TrafficLights::builder("BOARD21", "BOARD19", "BOARD23")
}

renamed! {
    /// The Traffic pHAT: traffic lights.
    ///
    /// Pins: red 22, amber 18, green 16. A `TrafficpHat` does all that [`TrafficLights`] do.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::TrafficpHat;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lights = TrafficpHat::new()?;
    /// lights.set_value([1, 1, 0])?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    TrafficpHat(TrafficLights, Lights) = TrafficLights::builder("BOARD22", "BOARD18", "BOARD16")
}

impl Location {
    /// Returns the pins: red, amber, green.
    pub(super) fn pins(self) -> [&'static str; 3] {
        match self {
            Location::A => ["BOARD26", "BOARD24", "BOARD22"],
            Location::APlus => ["BOARD40", "BOARD38", "BOARD36"],
            Location::B => ["BOARD19", "BOARD21", "BOARD23"],
            Location::BPlus => ["BOARD33", "BOARD35", "BOARD37"],
            Location::C => ["BOARD12", "BOARD10", "BOARD8"],
            Location::D => ["BOARD3", "BOARD5", "BOARD7"],
        }
    }
}

composite_board! {
    /// The Traffic HAT: traffic lights, a buzzer and a button.
    ///
    /// Pins: red 18, amber 16, green 15, buzzer 29, button 22 (to ground).
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::TrafficHat;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let hat = TrafficHat::new()?;
    /// hat.lights.red.on()?;
    /// let lights = hat.lights.clone();
    /// hat.button.when_pressed(move |_| lights.green.on());
    /// # gpio.line("BOARD22").press(ms(50));
    /// # gpio.advance(ms(10));
    /// # assert!(hat.lights.green.is_lit()?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    TrafficHat {
        /// The lights.
        lights: TrafficLights = ["BOARD18", "BOARD16", "BOARD15"],
        /// The buzzer.
        buzzer: Buzzer = "BOARD29",
        /// The button.
        button: Button = ToGround("BOARD22"),
    }
}

composite_board! {
    /// The Fish Dish: traffic lights, a buzzer and a button.
    ///
    /// Pins: red 21, amber 15, green 7, buzzer 24, button 26 (to 3.3 V).
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::FishDish;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let fish = FishDish::new()?;
    /// fish.lights.on()?;
    /// fish.buzzer.beep(ms(100), ms(900))?;
    /// fish.off()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    FishDish {
        /// The lights.
        lights: TrafficLights = ["BOARD21", "BOARD15", "BOARD7"],
        /// The buzzer.
        buzzer: Buzzer = "BOARD24",
        /// The button.
        button: Button = ToSupply("BOARD26"),
    }
}

composite_board! {
    /// The JAM HAT: two rows of three LEDs, two buttons and a buzzer that plays tones.
    ///
    /// Pins: row 1 red 29, yellow 32, green 36; row 2 red 31, yellow 33, green 11; buttons 35 and 12 (to 3.3 V); buzzer 38. The yellow LED
    /// is [`amber`](TrafficLights::amber), or [`yellow()`](TrafficLights::yellow).
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::JamHat;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let hat = JamHat::new()?;
    /// hat.lights_1.on()?;
    /// hat.lights_2.yellow().on()?;
    /// let buzzer = hat.buzzer.clone();
    /// hat.button_1.when_pressed(move |_| buzzer.play("C5"));
    /// # gpio.line("BOARD35").script([(ms(1), Level::High)]);
    /// # gpio.advance(ms(10));
    /// # assert!(hat.buzzer.is_active()?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    JamHat {
        /// The first row of LEDs.
        lights_1: TrafficLights = ["BOARD29", "BOARD32", "BOARD36"],
        /// The second row of LEDs.
        lights_2: TrafficLights = ["BOARD31", "BOARD33", "BOARD11"],
        /// The first button.
        button_1: Button = ToSupply("BOARD35"),
        /// The second button.
        button_2: Button = ToSupply("BOARD12"),
        /// The buzzer. [`on`](JamHat::on) plays its middle tone, A4.
        buzzer: TonalBuzzer = "BOARD38",
    }
}

composite_board! {
    /// The Pibrella: three LEDs, a button, a buzzer that plays tones, and connectors.
    ///
    /// Pins: red 13, amber 11, green 7, button 23 (to 3.3 V), buzzer 12. The connectors are not opened: give the names of their pins to a
    /// device.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::Pibrella;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let pibrella = Pibrella::new()?;
    /// pibrella.lights.red.blink(ms(500), ms(500))?;
    /// let motor = DigitalOutputDevice::new(Pibrella::OUTPUT_E)?;
    /// let switch = Button::builder(Pibrella::INPUT_A).pull_up(false).open()?;
    /// # assert_eq!((motor.pin().0, switch.pin().0), (22, 9));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    Pibrella {
        /// The lights.
        lights: TrafficLights = ["BOARD13", "BOARD11", "BOARD7"],
        /// The button.
        button: Button = ToSupply("BOARD23"),
        /// The buzzer. [`on`](Pibrella::on) plays its middle tone, A4.
        buzzer: TonalBuzzer = "BOARD12",
    }
}

/// The pins of the connectors.
impl Pibrella {
    /// The input A.
    pub const INPUT_A: &str = "BOARD21";
    /// The input B.
    pub const INPUT_B: &str = "BOARD26";
    /// The input C.
    pub const INPUT_C: &str = "BOARD24";
    /// The input D.
    pub const INPUT_D: &str = "BOARD19";
    /// The output E.
    pub const OUTPUT_E: &str = "BOARD15";
    /// The output F.
    pub const OUTPUT_F: &str = "BOARD16";
    /// The output G.
    pub const OUTPUT_G: &str = "BOARD18";
    /// The output H.
    pub const OUTPUT_H: &str = "BOARD22";
}

/// The strips of a STATUS Zero: red, green.
pub(super) const STATUS_ZERO: [(&str, &str); 3] =
    [("BOARD7", "BOARD11"), ("BOARD13", "BOARD15"), ("BOARD19", "BOARD21")];

/// The strips of a STATUS: red, green, and the button.
pub(super) const STATUS_BOARD: [((&str, &str), &str); 5] = [
    (("BOARD7", "BOARD11"), "BOARD8"),
    (("BOARD13", "BOARD15"), "BOARD35"),
    (("BOARD19", "BOARD21"), "BOARD10"),
    (("BOARD23", "BOARD29"), "BOARD37"),
    (("BOARD31", "BOARD33"), "BOARD12"),
];

leds! {
    /// A red and a green LED: a strip of a [`StatusZero`](super::StatusZero) or a [`StatusBoard`](super::StatusBoard).
    RedGreen {
        /// The red LED.
        red: Light,
        /// The green LED.
        green: Light,
    }
}

leds! {
    /// The left and the right eye of a [`SnowPi`] or a [`PumpkinPi`].
    Eyes {
        /// The left eye.
        left: Light,
        /// The right eye.
        right: Light,
    }
}

leds! {
    /// An arm of a [`SnowPi`].
    SnowPiArm {
        /// The LED at the top.
        top: Light,
        /// The LED in the middle.
        middle: Light,
        /// The LED at the bottom.
        bottom: Light,
    }
}

leds! {
    /// The arms of a [`SnowPi`].
    SnowPiArms {
        /// The left arm.
        left: SnowPiArm,
        /// The right arm.
        right: SnowPiArm,
    }
}

leds! {
    /// The SnowPi: a snowman with nine LEDs.
    ///
    /// Pins: eyes left 16, right 18; nose 22; left arm from the top 11, 12, 15; right arm from the top 26, 24, 21. The whole board, the eyes,
    /// the arms and each arm do all that a [`LedBoard`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::SnowPi;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let snowman = SnowPi::builder().pwm(true).open()?;
    /// snowman.nose.set_value(0.5)?;
    /// snowman.eyes.on()?;
    /// snowman.arms.left.pulse(ms(500), ms(500))?;
    /// snowman.arms.right.top.on()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    SnowPi {
        /// The eyes.
        eyes: Eyes = ("BOARD16", "BOARD18"),
        /// The nose.
        nose: Light = "BOARD22",
        /// The arms.
        arms: SnowPiArms = (("BOARD11", "BOARD12", "BOARD15"), ("BOARD26", "BOARD24", "BOARD21")),
    }
}

leds! {
    /// A side of a [`PumpkinPi`].
    PumpkinPiSide {
        /// The LED at the bottom.
        bottom: Light,
        /// The second LED from the bottom.
        midbottom: Light,
        /// The LED in the middle.
        middle: Light,
        /// The second LED from the top.
        midtop: Light,
        /// The LED at the top.
        top: Light,
    }
}

leds! {
    /// The sides of a [`PumpkinPi`].
    PumpkinPiSides {
        /// The left side.
        left: PumpkinPiSide,
        /// The right side.
        right: PumpkinPiSide,
    }
}

leds! {
    /// The PumpkinPi: a pumpkin with two eyes and five LEDs on each side.
    ///
    /// Pins: eyes left 32, right 31; left side from the bottom 12, 11, 36, 33, 18; right side from the bottom 35, 38, 40, 15, 16. The whole
    /// board, the eyes and the sides do all that a [`LedBoard`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::PumpkinPi;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let pumpkin = PumpkinPi::new()?;
    /// pumpkin.sides.on()?;
    /// pumpkin.eyes.blink(secs(1), secs(1))?;
    /// pumpkin.sides.left.top.off()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PumpkinPi {
        /// The eyes.
        eyes: Eyes = ("BOARD32", "BOARD31"),
        /// The sides.
        sides: PumpkinPiSides = (
            ("BOARD12", "BOARD11", "BOARD36", "BOARD33", "BOARD18"),
            ("BOARD35", "BOARD38", "BOARD40", "BOARD15", "BOARD16"),
        ),
    }
}

/// The star of a 3D Xmas Tree.
pub(super) const XMAS_TREE_STAR: &str = "BOARD3";

/// The LEDs of a 3D Xmas Tree, from number 1 on: in the numbers of the chip 4, 15, 13, 21, 25, 8, 5, 10, 16, 17, 27, 26, 24, 9, 12, 6, 20, 19, 14,
/// 18, 11, 7, 23, 22.
pub(super) const XMAS_TREE: [&str; 24] = [
    "BOARD7", "BOARD10", "BOARD33", "BOARD40", "BOARD22", "BOARD24", "BOARD29", "BOARD19", "BOARD36",
    "BOARD11", "BOARD13", "BOARD37", "BOARD18", "BOARD21", "BOARD32", "BOARD31", "BOARD38", "BOARD35",
    "BOARD8", "BOARD12", "BOARD23", "BOARD26", "BOARD16", "BOARD15",
];

renamed! {
    /// A robot on a Ryanteck motor controller board.
    ///
    /// Pins: left motor forward 11, backward 12; right motor forward 15, backward 16. A `RyanteckRobot` does all that a [`Robot`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::RyanteckRobot;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let robot = RyanteckRobot::new()?;
    /// robot.forward(1.0)?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    RyanteckRobot(Robot, Wheels) = Robot::builder(("BOARD11", "BOARD12"), ("BOARD15", "BOARD16"))
}

renamed! {
    /// The robot of the CamJam EduKit 3.
    ///
    /// Pins: left motor forward 21, backward 19; right motor forward 26, backward 24. A `CamJamKitRobot` does all that a [`Robot`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::CamJamKitRobot;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let robot = CamJamKitRobot::new()?;
    /// robot.left(0.5)?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    CamJamKitRobot(Robot, Wheels) = Robot::builder(("BOARD21", "BOARD19"), ("BOARD26", "BOARD24"))
}

renamed! {
    /// A robot on Pololu's kit with the DRV8835 motor driver, whose motors have phase and enable.
    ///
    /// Pins: left motor phase 29, enable 32; right motor phase 31, enable 33. A `PololuDrv8835Robot` does all that a [`Robot`] does.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::PololuDrv8835Robot;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let robot = PololuDrv8835Robot::new()?;
    /// robot.backward(0.25)?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PololuDrv8835Robot(Robot, Wheels) =
        Robot::builder(("BOARD29", "BOARD32"), ("BOARD31", "BOARD33")).phase_enable(true)
}
