//! The commands that connect circuits to pins and play them: sensors, a knob, keys, a servo, a motor.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::{Answer, PRESS, millis};
use crate::line_info::LineFunction;
use crate::mock::{
    MockCapacitor, MockDht, MockEcho, MockEncoder, MockGpio, MockKeypad, MockMcp3xxx, MockMotor, MockServo,
};
use crate::time::{ms, us};
use crate::types::{Level, Line};

pub(super) const HELP: &str =
    "Circuits, with the pins in the order in which a program gives them to the device:
  distance 23 24 0.5  puts an obstacle 0.5 m before a distance sensor (echo, trigger); `none` takes it away
  light 18 0.8        gives a light sensor the value 0.8; 0 is darkness
  dht22 4 21.5 40     gives a DHT22 21.5 °C and 40 % humidity; or `dht11 …` a DHT11; `none` silences it
  ir 18 4 8           sends the command 8 with the address 4, in NEC, to an infrared receiver
  knob 20 21 3        turns a rotary encoder clockwise by 3 detents; -3 turns back
  key 5 16            presses the key of a keypad between row GPIO5 and column GPIO16 for 200 ms
  key 5 16 1500       does the same for 1500 ms
  servo 17            tells the angle of a servo; connects the servo at first
  motor 4 14          tells the speed of a motor (forward, backward); connects the motor at first
  adc 0 3 0.5         gives channel 3 of an MCP3008 on chip select 0 of SPI controller 0 the value 0.5
  adc 0 3 0.5 MCP3208 does the same for another ADC of the family";

/// The time in which the knob turns by a detent.
const DETENT: Duration = ms(40);

/// The limit of the charge time of a light sensor without options.
const CHARGE_TIME_LIMIT: Duration = ms(10);

/// The circuits so far, by pins. Each stays connected.
#[derive(Debug)]
pub(super) struct Circuits {
    mock: MockGpio,
    echoes: BTreeMap<[Line; 2], MockEcho>,
    capacitors: BTreeMap<Line, MockCapacitor>,
    dhts: BTreeMap<Line, (&'static str, MockDht)>,
    encoders: BTreeMap<[Line; 2], MockEncoder>,
    keys: BTreeMap<[Line; 2], MockKeypad>,
    servos: BTreeMap<Line, MockServo>,
    motors: BTreeMap<[Line; 2], MockMotor>,
    /// By chip select, with the name of the chip.
    adcs: BTreeMap<u32, (String, MockMcp3xxx)>,
}

impl Circuits {
    pub(super) fn new(mock: MockGpio) -> Self {
        Circuits {
            mock,
            echoes: BTreeMap::new(),
            capacitors: BTreeMap::new(),
            dhts: BTreeMap::new(),
            encoders: BTreeMap::new(),
            keys: BTreeMap::new(),
            servos: BTreeMap::new(),
            motors: BTreeMap::new(),
            adcs: BTreeMap::new(),
        }
    }

    /// Runs the command of a circuit; returns `None` if the first word is none.
    pub(super) fn obey(&mut self, circuit: &str, words: &[&str]) -> Option<Answer> {
        Some(match circuit {
            "distance" => self.distance(words),
            "light" => self.light(words),
            "dht11" => self.dht("dht11", words),
            "dht22" => self.dht("dht22", words),
            "ir" => self.ir(words),
            "knob" => self.knob(words),
            "key" => self.key(words),
            "servo" => self.servo(words),
            "motor" => self.motor(words),
            "adc" => self.adc(words),
            _ => return None,
        })
    }

    fn distance(&mut self, words: &[&str]) -> Answer {
        let [echo, trigger, distance] = words else {
            return Err(
                "give the pins of echo and trigger, and metres or `none`: `distance 23 24 0.5`".to_owned()
            );
        };
        let pins = self.two([echo, trigger])?;
        let metres = match *distance {
            "none" => None,
            metres => Some(number(metres, 0.0..=1000.0, "metres, or `none`")?),
        };
        // The device takes the echo first, so the two are easily confused.
        let driven =
            "the sensor drives the echo, which the program reads. Give the echo first, then the trigger";
        self.check_input(pins[0], driven)?;
        let mock = &self.mock;
        let sensor = self.echoes.entry(pins).or_insert_with(|| mock.echo(pins[1], pins[0]));
        match metres {
            Some(metres) => sensor.set_distance(metres),
            None => sensor.set_echo(None),
        }
        Ok(None)
    }

    fn light(&mut self, words: &[&str]) -> Answer {
        let [pin, value] = words else {
            return Err("give the pin and a value from 0 (darkness) to 1: `light 18 0.8`".to_owned());
        };
        let pin = self.pin(pin)?;
        let value = number(value, 0.0..=1.0, "for the value; 0 is darkness")?;
        let charge_time = (value > 0.0).then(|| CHARGE_TIME_LIMIT.mul_f64(1.0 - value));
        let mock = &self.mock;
        let capacitor = self.capacitors.entry(pin).or_insert_with(|| mock.capacitor(pin, CHARGE_TIME_LIMIT));
        capacitor.set_charge_time(charge_time);
        Ok(None)
    }

    /// Connects a DHT by the name of its command.
    fn dht(&mut self, name: &'static str, words: &[&str]) -> Answer {
        let is_dht11 = name == "dht11";
        let (pin, climate) = match words {
            [pin, "none"] => (pin, None),
            [pin, temperature, humidity] => {
                let range = if is_dht11 { -20.0..=60.0 } else { -40.0..=80.0 };
                let temperature = number(temperature, range, "°C")?;
                (pin, Some((temperature, number(humidity, 0.0..=100.0, "% humidity")?)))
            }
            _ => {
                return Err(format!(
                    "give the pin, degrees Celsius and percent: `{name} 4 21.5 40`; or `{name} 4 none`"
                ));
            }
        };
        let pin = self.pin(pin)?;
        let mock = &self.mock;
        let connect = || (name, if is_dht11 { mock.dht11(pin) } else { mock.dht22(pin) });
        let (connected, sensor) = self.dhts.entry(pin).or_insert_with(connect);
        if *connected != name {
            return Err(format!(
                "{pin} has a {connected} already: give that one its values by `{connected}`"
            ));
        }
        sensor.set_silent(climate.is_none());
        climate.into_iter().for_each(|(temperature, humidity)| sensor.set(temperature, humidity));
        Ok(None)
    }

    fn ir(&self, words: &[&str]) -> Answer {
        let [pin, address, command] = words else {
            return Err("give the pin, the address and the command: `ir 18 4 8`".to_owned());
        };
        let pin = self.pin(pin)?;
        let address: u8 = number(address, 0..=255, "for the address")?;
        let command: u8 = number(command, 0..=255, "for the command")?;
        self.check_input(pin, "the program reads an infrared receiver")?;
        let code = u32::from_le_bytes([address, !address, command, !command]);
        let bits = (0..32).flat_map(|bit| [562, if code >> bit & 1 == 1 { 1687 } else { 562 }]);
        let pulses = [9000, 4500].into_iter().chain(bits).chain([562, 0]);
        let edges = pulses.scan((Duration::ZERO, Level::High), |(at, level), pulse| {
            *level = !*level;
            let edge = (*at, *level);
            *at += us(pulse);
            Some(edge)
        });
        self.mock.line(pin).script(edges);
        Ok(None)
    }

    fn knob(&mut self, words: &[&str]) -> Answer {
        let [a, b, detents] = words else {
            return Err(
                "give the two pins and the number of detents: `knob 20 21 3`, or -3 to turn back".to_owned()
            );
        };
        let pins = self.two([a, b])?;
        let detents = number(detents, -1000..=1000, "detents")?;
        for pin in pins {
            self.check_input(pin, "the program reads both contacts of a knob")?;
        }
        let mock = &self.mock;
        self.encoders.entry(pins).or_insert_with(|| mock.encoder(pins[0], pins[1])).turn(detents, DETENT);
        Ok(None)
    }

    fn key(&mut self, words: &[&str]) -> Answer {
        let (pins, time) = match words {
            [row, column] => ([*row, *column], PRESS),
            [row, column, time] => ([*row, *column], millis(time)?),
            _ => {
                return Err("give the pins of row and column: `key 5 16`, or `key 5 16 1500` (ms)".to_owned());
            }
        };
        let pins = self.two(pins)?;
        let mock = &self.mock;
        let key = self.keys.entry(pins).or_insert_with(|| mock.keypad([pins[0]], [pins[1]])).clone();
        key.press(0, 0);
        mock.after(time, move || key.release(0, 0)).map(|_| None).map_err(|error| error.to_string())
    }

    fn servo(&mut self, words: &[&str]) -> Answer {
        let [pin] = words else {
            return Err("give the pin: `servo 17`".to_owned());
        };
        let pin = self.pin(pin)?;
        let mock = &self.mock;
        let servo = self.servos.entry(pin).or_insert_with(|| mock.servo(pin));
        Ok(Some(match servo.pulse() {
            Some(pulse) => format!("the servo on {pin} is at {:.0}°; pulses: {pulse:?}", servo.angle()),
            None => format!("the servo on {pin} is at {:.0}°; no pulses", servo.angle()),
        }))
    }

    fn motor(&mut self, words: &[&str]) -> Answer {
        let [forward, backward] = words else {
            return Err("give the pins for forward and backward: `motor 4 14`".to_owned());
        };
        let pins = self.two([forward, backward])?;
        let mock = &self.mock;
        let motor = self.motors.entry(pins).or_insert_with(|| mock.motor(pins[0], pins[1]));
        Ok(Some(format!("the motor on {} and {} runs at {:.2}", pins[0], pins[1], motor.speed())))
    }

    fn adc(&mut self, words: &[&str]) -> Answer {
        let (select, channel, value, name) = match *words {
            [select, channel, value] => (select, channel, value, None),
            [select, channel, value, name] => (select, channel, value, Some(name.to_ascii_uppercase())),
            _ => {
                return Err(
                    "give the chip select, the channel and a value from 0 to 1: `adc 0 3 0.5`".to_owned()
                );
            }
        };
        let select = number(select, 0..=1, "for the chip select")?;
        let value = number(value, 0.0..=1.0, "for the value")?;
        let (known, adc) = match self.adcs.entry(select) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let name = name.clone().unwrap_or_else(|| "MCP3008".to_owned());
                let unknown = || format!("there is no {name}: use MCP3008, or one from MCP3001 to MCP3304");
                MockMcp3xxx::named(&name).ok_or_else(unknown)?;
                // The pins of controller 0.
                let adc = self.mock.mcp3xxx(&name, [11, 10, 9, 8 - select].map(Line));
                entry.insert((name, adc))
            }
        };
        if let Some(name) = name.filter(|name| name != known) {
            return Err(format!("chip select {select} has an {known}, and not an {name}"));
        }
        let channel = number(channel, 0..=adc.channels() - 1, "for the channel")?;
        adc.set(channel, (f64::from(adc.full()) * value).round() as u16);
        Ok(None)
    }

    fn pin(&self, name: &str) -> Result<Line, String> {
        self.mock.resolve(name).map_err(|error| error.to_string())
    }

    fn two(&self, names: [&str; 2]) -> Result<[Line; 2], String> {
        let pins = [self.pin(names[0])?, self.pin(names[1])?];
        if pins[0] == pins[1] {
            return Err(format!("{} cannot be both pins: give two different ones", pins[0]));
        }
        Ok(pins)
    }

    /// Refuses a pin that the program drives and the circuit is to drive.
    fn check_input(&self, pin: Line, why: &str) -> Result<(), String> {
        match self.mock.line(pin).function() {
            LineFunction::Input => Ok(()),
            _ => Err(format!("{pin} is an output: {why}")),
        }
    }
}

/// Parses a number within a range.
fn number<N>(word: &str, range: RangeInclusive<N>, unit: &str) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    let number = word.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("bad number {word:?}: use {} to {} {unit}", range.start(), range.end()))
}
