//! Ready-made boards, and traffic lights with a buzzer.

use std::sync::Arc;

use pinzero::options::Dimmable;
use pinzero::products::{
    CamJamKitRobot, Eyes, FishDish, JamHat, LedBorg, Location, PiHutXmasTree, PiLiter, PiLiterBarGraph,
    PiStop, PiTraffic, Pibrella, PololuDrv8835Robot, PumpkinPi, PumpkinPiSide, RedGreen, RyanteckRobot,
    SnowPi, SnowPiArm, StatusBoard, StatusZero, TrafficHat, TrafficpHat,
};
use pinzero::{
    Builder, Button, Buzzer, Follower, Gpio, LedBoard, Light, Open, Result, Source, Switch,
    TrafficLightsBuzzer,
};
use serde_json::{Value as Json, json};

use super::{digital_output, led_board};
use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, reply};

type Opened = Result<Box<dyn Subject>>;

pub(crate) fn open_led_borg(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(LedBorg::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_pi_liter(gpio: &Gpio, args: &Args) -> Opened {
    let builder = PiLiter::builder().initial_value(args.number("initial_value").unwrap_or(0.0));
    Ok(Box::new((*pwm(builder, args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_pi_liter_bar_graph(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(PiLiterBarGraph::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_pi_traffic(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(PiTraffic::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_pi_stop(gpio: &Gpio, args: &Args) -> Opened {
    let location: Location = args.get("location").and_then(Json::as_str).unwrap().parse()?;
    Ok(Box::new((*pwm(PiStop::builder(location), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_trafficp_hat(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(TrafficpHat::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_ryanteck_robot(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(RyanteckRobot::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_cam_jam_kit_robot(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(CamJamKitRobot::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_pololu_robot(gpio: &Gpio, args: &Args) -> Opened {
    Ok(Box::new((*pwm(PololuDrv8835Robot::builder(), args).gpio(gpio).open()?).clone()))
}

pub(crate) fn open_status_zero(gpio: &Gpio, args: &Args) -> Opened {
    let mut builder = StatusZero::builder();
    if let Some(labels) = labels(args) {
        builder = builder.labels(labels);
    }
    let board = builder.gpio(gpio).open()?;
    let names = board.names().into_iter().flatten().map(str::to_owned).collect::<Vec<_>>();
    let strips = names.iter().map(|name| Ok((name.clone(), red_green(board.strip(name.as_str())?))));
    Ok(Box::new(Parts::board(&board, strips.collect::<Result<Vec<_>>>()?)))
}

pub(crate) fn open_status_board(gpio: &Gpio, args: &Args) -> Opened {
    let mut builder = StatusBoard::builder();
    if let Some(labels) = labels(args) {
        builder = builder.labels(labels);
    }
    let board = builder.gpio(gpio).open()?;
    let names = board.lights().names().into_iter().flatten().map(str::to_owned).collect::<Vec<_>>();
    let strips = names.iter().map(|name| {
        let strip = board.strip(name.as_str())?;
        let parts = [("button", shared(strip.button.clone())), ("lights", red_green(&strip.lights))];
        Ok((name.clone(), shared(Parts { whole: Whole::None, parts: named(parts) })))
    });
    let parts = strips.collect::<Result<Vec<_>>>()?;
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(board)), parts }))
}

pub(crate) fn open_snow_pi(gpio: &Gpio, args: &Args) -> Opened {
    let board = pwm(SnowPi::builder(), args).gpio(gpio).open()?;
    let arm = |of: &SnowPiArm| {
        shared(Parts::lights(of, [("top", &of.top), ("middle", &of.middle), ("bottom", &of.bottom)]))
    };
    let arms = Parts::board(
        &board.arms,
        named([("left", arm(&board.arms.left)), ("right", arm(&board.arms.right))]),
    );
    let parts = [("eyes", eyes(&board.eyes)), ("nose", shared(board.nose.clone())), ("arms", shared(arms))];
    Ok(Box::new(Parts::board(&board, named(parts))))
}

pub(crate) fn open_pumpkin_pi(gpio: &Gpio, args: &Args) -> Opened {
    let board = pwm(PumpkinPi::builder(), args).gpio(gpio).open()?;
    let side = |of: &PumpkinPiSide| {
        let lights = [
            ("bottom", &of.bottom),
            ("midbottom", &of.midbottom),
            ("middle", &of.middle),
            ("midtop", &of.midtop),
            ("top", &of.top),
        ];
        shared(Parts::lights(of, lights))
    };
    let sides = named([("left", side(&board.sides.left)), ("right", side(&board.sides.right))]);
    let sides = Parts::board(&board.sides, sides);
    Ok(Box::new(Parts::board(&board, named([("eyes", eyes(&board.eyes)), ("sides", shared(sides))]))))
}

pub(crate) fn open_pi_hut_xmas_tree(gpio: &Gpio, args: &Args) -> Opened {
    let tree = pwm(PiHutXmasTree::builder(), args).gpio(gpio).open()?;
    let leds = (1..).zip(&tree.leds).map(|(number, light)| (format!("led{number}"), shared(light.clone())));
    let star = ("star".to_owned(), shared(tree.star.clone()));
    Ok(Box::new(Parts::board(&tree, [star].into_iter().chain(leds).collect())))
}

pub(crate) fn open_traffic_lights_buzzer(gpio: &Gpio, args: &Args) -> Opened {
    let part = |name| Args(args.get(name).unwrap()[1].as_object().unwrap().clone());
    let buzzer = part("buzzer");
    let all = TrafficLightsBuzzer::new(
        led_board::traffic_lights(&part("lights")).gpio(gpio).open()?,
        digital_output::options(Buzzer::builder(buzzer.pin("pin")), &buzzer).gpio(gpio).open()?,
        Button::builder(part("button").pin("pin")).gpio(gpio).open()?,
    );
    let parts = [
        ("lights", shared(all.lights.clone())),
        ("buzzer", shared(all.buzzer.clone())),
        ("button", shared(all.button.clone())),
    ];
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(all)), parts: named(parts) }))
}

pub(crate) fn open_traffic_hat(gpio: &Gpio, args: &Args) -> Opened {
    let hat = pwm(TrafficHat::builder(), args).gpio(gpio).open()?;
    let parts = [
        ("lights", shared(hat.lights.clone())),
        ("buzzer", shared(hat.buzzer.clone())),
        ("button", shared(hat.button.clone())),
    ];
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(hat)), parts: named(parts) }))
}

pub(crate) fn open_fish_dish(gpio: &Gpio, args: &Args) -> Opened {
    let dish = pwm(FishDish::builder(), args).gpio(gpio).open()?;
    let parts = [
        ("lights", shared(dish.lights.clone())),
        ("buzzer", shared(dish.buzzer.clone())),
        ("button", shared(dish.button.clone())),
    ];
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(dish)), parts: named(parts) }))
}

pub(crate) fn open_pibrella(gpio: &Gpio, args: &Args) -> Opened {
    let board = pwm(Pibrella::builder(), args).gpio(gpio).open()?;
    let parts = [
        ("lights", shared(board.lights.clone())),
        ("button", shared(board.button.clone())),
        ("buzzer", shared(board.buzzer.clone())),
    ];
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(board)), parts: named(parts) }))
}

pub(crate) fn open_jam_hat(gpio: &Gpio, args: &Args) -> Opened {
    let hat = pwm(JamHat::builder(), args).gpio(gpio).open()?;
    let parts = [
        ("lights_1", shared(hat.lights_1.clone())),
        ("lights_2", shared(hat.lights_2.clone())),
        ("button_1", shared(hat.button_1.clone())),
        ("button_2", shared(hat.button_2.clone())),
        ("buzzer", shared(hat.buzzer.clone())),
    ];
    Ok(Box::new(Parts { whole: Whole::Switch(Box::new(hat)), parts: named(parts) }))
}

fn pwm<D: Open<O>, O: AsMut<Dimmable>>(builder: Builder<D, O>, args: &Args) -> Builder<D, O> {
    match args.flag("pwm") {
        Some(pwm) => builder.pwm(pwm),
        None => builder,
    }
}

fn labels(args: &Args) -> Option<Vec<String>> {
    let labels = args.get("labels").and_then(Json::as_array)?;
    Some(labels.iter().map(|label| label.as_str().unwrap().to_owned()).collect())
}

fn eyes(of: &Eyes) -> Shared {
    shared(Parts::lights(of, [("left", &of.left), ("right", &of.right)]))
}

fn red_green(of: &RedGreen) -> Shared {
    shared(Parts::lights(of, [("red", &of.red), ("green", &of.green)]))
}

type Shared = Arc<dyn Subject>;

fn shared(part: impl Subject + 'static) -> Shared {
    Arc::new(part)
}

fn named<const N: usize>(parts: [(&str, Shared); N]) -> Vec<(String, Shared)> {
    parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect()
}

/// A device with parts by name.
struct Parts {
    whole: Whole,
    parts: Vec<(String, Shared)>,
}

/// What the parts are together.
enum Whole {
    /// A board of LEDs.
    Board(LedBoard),
    /// A device that only switches. Its value is that of its parts.
    Switch(Box<dyn Switch + Send + Sync>),
    /// No device.
    None,
}

impl Parts {
    fn board(board: &LedBoard, parts: Vec<(String, Shared)>) -> Parts {
        Parts { whole: Whole::Board(board.clone()), parts }
    }

    fn lights<const N: usize>(board: &LedBoard, lights: [(&str, &Light); N]) -> Parts {
        Parts::board(board, named(lights.map(|(name, light)| (name, shared(light.clone())))))
    }
}

impl Subject for Parts {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        let switch = match &self.whole {
            Whole::Board(board) => return board.apply(step),
            Whole::Switch(switch) => Some(&**switch),
            Whole::None => None,
        };
        match (step, switch) {
            (Get("value"), _) => self.parts.iter().map(|(_, part)| part.apply(Get("value"))).collect(),
            (Get("inputs"), _) => {
                Ok(json!([Pibrella::INPUT_A, Pibrella::INPUT_B, Pibrella::INPUT_C, Pibrella::INPUT_D]))
            }
            (Get("outputs"), _) => {
                Ok(json!([Pibrella::OUTPUT_E, Pibrella::OUTPUT_F, Pibrella::OUTPUT_G, Pibrella::OUTPUT_H]))
            }
            (Set("value", values), _) => {
                // A button, which has no value to set, answers that it is left out.
                let mut values = values.as_array().unwrap().iter().zip(&self.parts);
                values.try_for_each(|(value, (_, part))| part.apply(Set("value", value)).map(drop))?;
                Ok(Json::Null)
            }
            (Call("on", _), Some(switch)) => reply(switch.on()),
            (Call("off", _), Some(switch)) => reply(switch.off()),
            (Call("toggle", _), Some(switch)) => reply(switch.toggle()),
            (other, Some(switch)) => device(switch, other),
            (_, None) => Ok(json!("left out")),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        match (self.parts.iter().find(|(own, _)| own == name), &self.whole) {
            (Some((_, part)), _) => Box::new(part.clone()),
            (None, Whole::Board(board)) => Subject::member(board, name),
            (None, _) => panic!("no member {name}"),
        }
    }
}

impl Subject for Shared {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        (**self).apply(step)
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        (**self).member(name)
    }
    fn values(&self) -> Source<Json> {
        (**self).values()
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        (**self).follow(source)
    }
}
