//! The parts of a circuit on the pins of the mock: how they look, and what a user does to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero::Level;
use pinzero::mock::{
    MockCapacitor, MockChip, MockDht, MockEcho, MockEncoder, MockGpio, MockKeypad, MockMcp3xxx, MockMotor,
    MockServo,
};
use pinzero_circuit::{Circuit, Keypad, Kind, Part, Pin};
use pinzero_parts::LcdBackpack;

use super::meter::Meter;
use super::scene;
use super::signal::Signal;
use super::state::{Action, Control, Look};

/// The charge time that gpiozero's `LightSensor` takes for darkness.
const DARK: Duration = Duration::from_millis(10);

/// How long the knob of an encoder takes for a step.
const STEP: Duration = Duration::from_millis(8);

/// The most steps of a knob at a time.
const MOST_STEPS: i32 = 100;

/// How long a knob goes on to turn at most: one that a key turns stands still soon after the key is up.
pub(crate) const LONGEST_TURN: Duration = Duration::from_secs(1);

/// The converters on SPI bus 0, by their chip select.
type Converters = BTreeMap<u32, MockMcp3xxx>;

/// Connects the parts of a circuit, and its wires, to the pins of a mock.
pub(crate) fn connect(mock: &MockGpio, circuit: &Circuit) -> Vec<Wired> {
    for [one, other] in circuit.wires() {
        mock.wire(one.line(), other.line());
    }
    let wired: BTreeSet<u32> = circuit.wires().iter().flatten().map(Pin::line).collect();
    let mut converters = BTreeMap::new();
    circuit
        .parts()
        .iter()
        .zip(scene::keys(circuit))
        .filter(|(part, _)| scene::is_simulated(&part.kind))
        .map(|(part, key)| {
            let is_wired = part.kind.pins().iter().any(|(_, pin)| wired.contains(&pin.line()));
            Wired::new(mock, &mut converters, part, key, is_wired)
        })
        .collect()
}

/// What hangs on the pins for a part.
#[derive(Debug)]
enum Model {
    /// Nothing: the levels of its lines are all there is to a LED.
    Lines,
    /// A contact or another source of a level.
    Contact {
        line: u32,
        closed: Level,
        open: Option<Level>,
    },
    Meter(Meter),
    Keypad(MockKeypad),
    Servo(MockServo),
    Motor(MockMotor),
    Converter {
        chip: MockMcp3xxx,
        channel: usize,
    },
    Capacitor(MockCapacitor),
    Echo(MockEcho),
    Encoder(MockEncoder),
    Dht(MockDht),
    Display(MockChip<LcdBackpack>),
}

/// What users have done to a part.
#[derive(Debug, Default)]
struct Hand {
    /// How many users hold each key down; a contact has one key.
    pressed: Vec<usize>,
    values: Vec<f64>,
    steps: i64,
    /// When the knob has done its steps, by the clock of the mock.
    still_from: Duration,
}

/// A part on the pins.
#[derive(Debug)]
pub(crate) struct Wired {
    name: String,
    kind: Kind,
    model: Model,
    controls: Vec<Control>,
    /// Whether a wire drives a line of the part, so that an input counts too.
    is_wired: bool,
    hand: Mutex<Hand>,
}

impl Wired {
    /// Connects a part to its pins. `key` is the key of its contact.
    fn new(
        mock: &MockGpio,
        converters: &mut Converters,
        part: &Part,
        key: Option<char>,
        is_wired: bool,
    ) -> Self {
        let controls = controls(&part.kind, key);
        let values = match &part.kind {
            Kind::Potentiometer(slide) => vec![slide.value],
            Kind::LightSensor(sensor) => vec![sensor.light],
            Kind::DistanceSensor(sensor) => vec![sensor.distance],
            Kind::Dht11(climate) | Kind::Dht22(climate) => vec![climate.celsius, climate.humidity],
            Kind::Tmp36(thermometer) => vec![thermometer.celsius],
            Kind::PulseCounter(meter) => vec![meter.hertz],
            _ => Vec::new(),
        };
        let keys = match &part.kind {
            Kind::Keypad(keypad) => keypad.rows.len() * keypad.columns.len(),
            _ => 1,
        };
        let mut pressed = vec![0; keys];
        if let Kind::Switch(switch) = &part.kind {
            pressed[0] = usize::from(switch.closed);
        }
        let model = Model::connect(mock, converters, &part.kind);
        let hand = Mutex::new(Hand { pressed, values, steps: 0, still_from: Duration::ZERO });
        let wired =
            Wired { name: part.name.clone(), kind: part.kind.clone(), model, controls, is_wired, hand };
        let hand = wired.hand.lock();
        wired.move_contact(mock, hand.pressed[0] > 0);
        wired.move_sliders(&hand.values);
        drop(hand);
        wired
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Returns whether a contact of the part is closed only as long as somebody holds it.
    pub(crate) fn must_be_held(&self) -> bool {
        matches!(self.controls.first(), Some(Control::Push { .. } | Control::Keys { .. }))
    }

    pub(crate) fn controls(&self) -> &[Control] {
        &self.controls
    }

    /// Returns the state of the part now.
    pub(crate) fn look(&self, mock: &MockGpio) -> Look {
        let hand = self.hand.lock();
        match (&self.kind, &self.model) {
            (Kind::Led(led), _) => {
                Look::Light { brightness: self.brightness(mock, led.pin.line(), led.active_high) }
            }
            (Kind::RgbLed(led), _) => {
                let [red, green, blue] = [&led.red, &led.green, &led.blue]
                    .map(|pin| self.brightness(mock, pin.line(), led.active_high));
                Look::Color { red, green, blue }
            }
            (Kind::Buzzer(buzzer), _) => {
                let signal = Signal::read(mock, buzzer.pin.line());
                let on = self.share(&signal, buzzer.active_high) > 0.0;
                Look::Sound { on, hertz: signal.hertz().filter(|_| on).map(|hertz| round(hertz, 10.0)) }
            }
            (Kind::Relay(relay), _) => {
                Look::Relay { on: self.brightness(mock, relay.pin.line(), relay.active_high) >= 0.5 }
            }
            (Kind::SevenSegmentDisplay(display), _) => {
                let read = |pin: &Pin| Signal::read(mock, pin.line());
                let segments: Vec<_> = display.segments.iter().map(read).collect();
                let digits: Vec<_> = display.digits.iter().map(read).collect();
                Look::Digits {
                    digits: self.digits(&segments, &digits, display.active_high, display.digits_active_high),
                }
            }
            (_, Model::Servo(servo)) => {
                Look::Angle { degrees: round(servo.angle(), 10.0), held: servo.pulse().is_some() }
            }
            (_, Model::Motor(motor)) => Look::Speed { speed: round(motor.speed(), 100.0) },
            (_, Model::Contact { .. }) => Look::Contact { closed: hand.pressed[0] > 0 },
            (_, Model::Meter(meter)) => {
                let (closed, count) = meter.look();
                Look::Pulses { closed, values: hand.values.clone(), count }
            }
            (_, Model::Encoder(_)) => Look::Turns { steps: hand.steps },
            (_, Model::Keypad(_)) => {
                let down = hand.pressed.iter().enumerate().filter(|(_, count)| **count > 0);
                Look::Keys { down: down.map(|(key, _)| key).collect() }
            }
            (Kind::CharacterDisplay(display), Model::Display(chip)) => chip.with(|lcd| Look::Text {
                lines: lcd.lines(display.columns, display.rows),
                lit: lcd.has_light(),
            }),
            _ => Look::Values { values: hand.values.clone() },
        }
    }

    fn brightness(&self, mock: &MockGpio, line: u32, active_high: bool) -> f64 {
        round(self.share(&Signal::read(mock, line), active_high), 1000.0)
    }

    /// Returns the share of the time in which the signal is active. A pull is too weak for any part.
    fn share(&self, signal: &Signal, active_high: bool) -> f64 {
        match (signal.is_driven() || self.is_wired, active_high) {
            (false, _) => 0.0,
            (true, true) => signal.share(),
            (true, false) => 1.0 - signal.share(),
        }
    }

    fn digits(
        &self,
        segments: &[Signal],
        digits: &[Signal],
        active_high: bool,
        selected: bool,
    ) -> Vec<[f64; 8]> {
        let show = |segment: &Signal, digit: Option<&Signal>| match digit {
            _ if !segment.is_driven() && !self.is_wired => 0.0,
            None => self.share(segment, active_high),
            Some(digit) if !digit.is_driven() && !self.is_wired => 0.0,
            Some(digit) => segment.seen_with(digit, active_high, selected),
        };
        let one = |digit: Option<&Signal>| {
            std::array::from_fn(|index| {
                // In steps of a tenth, as the turns of the digits are never quite even.
                segments.get(index).map_or(0.0, |segment| round(show(segment, digit), 10.0))
            })
        };
        if digits.is_empty() {
            vec![one(None)]
        } else {
            digits.iter().map(|digit| one(Some(digit))).collect()
        }
    }

    /// Returns whether the part is a knob that has steps to do.
    pub(crate) fn is_turning(&self, mock: &MockGpio) -> bool {
        self.hand.lock().still_from > mock.elapsed()
    }

    /// Does what a user does.
    ///
    /// # Errors
    /// A sentence that says what the part can do instead.
    pub(crate) fn act(&self, mock: &MockGpio, action: &Action) -> Result<(), String> {
        let mut hand = self.hand.lock();
        match *action {
            Action::Press { key, .. } => self.press(mock, &mut hand, key, true),
            Action::Release { key, .. } => self.press(mock, &mut hand, key, false),
            Action::Set { slider, value, .. } => {
                let Some(Control::Slider { name, min, max, unit, .. }) = self.sliders().nth(slider) else {
                    return Err(self.refusal("has no slider", Some(slider)));
                };
                if !(*min..=*max).contains(&value) {
                    let max = format!("{max} {unit}");
                    return Err(format!(
                        "the {name} of {:?} goes from {min} to {}, not to {value}",
                        self.name,
                        max.trim_end()
                    ));
                }
                hand.values[slider] = value;
                self.move_sliders(&hand.values);
                Ok(())
            }
            Action::Turn { steps, .. } => {
                let Model::Encoder(encoder) = &self.model else {
                    return Err(self.refusal("has no knob to turn", None));
                };
                if steps.unsigned_abs() > MOST_STEPS.unsigned_abs() {
                    return Err(format!(
                        "turn {:?} by at most {MOST_STEPS} steps at a time, not by {steps}",
                        self.name
                    ));
                }
                // Steps that would come too late are left out.
                let now = mock.elapsed();
                let start = hand.still_from.max(now);
                let room = (now + LONGEST_TURN).saturating_sub(start).as_nanos() / STEP.as_nanos();
                let room = i32::try_from(room).unwrap_or(i32::MAX);
                let steps = steps.clamp(-room, room);
                hand.still_from = start + turn_time(steps);
                hand.steps += i64::from(steps);
                encoder.turn(steps, STEP);
                Ok(())
            }
        }
    }

    fn sliders(&self) -> impl Iterator<Item = &Control> {
        self.controls.iter().filter(|control| matches!(control, Control::Slider { .. }))
    }

    fn refusal(&self, what: &str, number: Option<usize>) -> String {
        let number = number.filter(|number| *number > 0).map_or(String::new(), |number| format!(" {number}"));
        format!("{:?} is a {} and {what}{number}", self.name, self.kind.name())
    }

    /// Presses or releases a key. A key is down as long as anybody holds it; a switch stays as the last one has put it.
    fn press(&self, mock: &MockGpio, hand: &mut Hand, key: usize, is_down: bool) -> Result<(), String> {
        let is_switch = matches!(self.controls.first(), Some(Control::Switch { .. }));
        if !matches!(self.model, Model::Contact { .. } | Model::Meter(_) | Model::Keypad(_)) {
            return Err(self.refusal("cannot be pressed", None));
        }
        let Some(holders) = hand.pressed.get_mut(key) else {
            return Err(self.refusal("has no key", Some(key)));
        };
        let was_down = *holders > 0;
        *holders = match (is_down, is_switch) {
            (true, true) => 1,
            (false, true) => 0,
            (true, false) => *holders + 1,
            (false, false) => holders.saturating_sub(1),
        };
        let is_down = *holders > 0;
        if is_down != was_down {
            match (&self.model, &self.kind) {
                (Model::Meter(meter), _) => meter.press(is_down),
                (Model::Keypad(keypad), Kind::Keypad(Keypad { columns, .. })) => {
                    let (row, column) = (key / columns.len(), key % columns.len());
                    if is_down { keypad.press(row, column) } else { keypad.release(row, column) }
                }
                _ => self.move_contact(mock, is_down),
            }
        }
        Ok(())
    }

    fn move_contact(&self, mock: &MockGpio, is_closed: bool) {
        if let Model::Contact { line, closed, open } = self.model {
            match if is_closed { Some(closed) } else { open } {
                Some(level) => mock.line(line).drive(level),
                None => mock.line(line).release(),
            }
        }
    }

    /// Tells the model the values of the sliders, which have been checked.
    fn move_sliders(&self, values: &[f64]) {
        match (&self.model, &self.kind, values) {
            (Model::Converter { chip, channel }, Kind::Potentiometer(_), [value]) => {
                chip.set(*channel, converted(*value));
            }
            (Model::Converter { chip, channel }, _, [celsius]) => {
                // 10 mV for each degree, and 500 mV at 0 °C.
                chip.set(*channel, converted((0.5 + celsius / 100.0) / 3.3));
            }
            (Model::Capacitor(capacitor), _, [light]) => {
                capacitor
                    .set_charge_time((*light > 0.0).then(|| DARK.mul_f64((1.0 - light).clamp(0.0, 1.0))));
            }
            (Model::Echo(sensor), _, [distance]) => sensor.set_distance(*distance),
            (Model::Meter(meter), _, [hertz]) => meter.set_hertz(*hertz),
            (Model::Dht(sensor), _, [celsius, humidity]) => sensor.set(*celsius, *humidity),
            _ => {}
        }
    }
}

impl Model {
    fn connect(mock: &MockGpio, converters: &mut Converters, kind: &Kind) -> Self {
        let contact =
            |line, pull_up: bool| Model::Contact { line, closed: Level::from(!pull_up), open: None };
        let mut converter = |select: u32, channel: u32| {
            let pins = [11, 10, 9, if select == 0 { 8 } else { 7 }];
            let chip = converters.entry(select).or_insert_with(|| mock.mcp3008(pins)).clone();
            Model::Converter { chip, channel: channel as usize }
        };
        match kind {
            Kind::Button(button) => contact(button.pin.line(), button.pull_up),
            Kind::Switch(switch) => contact(switch.pin.line(), switch.pull_up),
            Kind::PulseCounter(part) => {
                Model::Meter(Meter::new(mock, part.pin.line(), Level::from(!part.pull_up)))
            }
            Kind::MotionSensor(sensor) => {
                Model::Contact { line: sensor.pin.line(), closed: Level::High, open: Some(Level::Low) }
            }
            Kind::LineSensor(sensor) => {
                Model::Contact { line: sensor.pin.line(), closed: Level::Low, open: Some(Level::High) }
            }
            Kind::Servo(part) => {
                let servo = mock.servo(part.pin.line());
                let time = |millis: f64| Duration::from_secs_f64(millis / 1000.0);
                servo.set_range(time(part.min_pulse)..=time(part.max_pulse), part.min_angle..=part.max_angle);
                Model::Servo(servo)
            }
            Kind::Motor(motor) => Model::Motor(mock.motor(motor.forward.line(), motor.backward.line())),
            Kind::Potentiometer(slide) => converter(slide.select, slide.channel),
            Kind::Tmp36(thermometer) => converter(thermometer.select, thermometer.channel),
            Kind::LightSensor(sensor) => Model::Capacitor(mock.capacitor(sensor.pin.line(), DARK)),
            Kind::DistanceSensor(sensor) => Model::Echo(mock.echo(sensor.trigger.line(), sensor.echo.line())),
            Kind::RotaryEncoder(encoder) => Model::Encoder(mock.encoder(encoder.a.line(), encoder.b.line())),
            Kind::Keypad(keypad) => {
                let lines = |pins: &[Pin]| pins.iter().map(Pin::line).collect::<Vec<_>>();
                Model::Keypad(mock.keypad(lines(&keypad.rows), lines(&keypad.columns)))
            }
            Kind::CharacterDisplay(display) => {
                Model::Display(mock.i2c_chip(display.bus, display.address, LcdBackpack::new()))
            }
            Kind::Dht11(climate) => Model::Dht(mock.dht11(climate.pin.line())),
            Kind::Dht22(climate) => Model::Dht(mock.dht22(climate.pin.line())),
            _ => Model::Lines,
        }
    }
}

/// Returns how long a knob takes for some steps.
pub(crate) fn turn_time(steps: i32) -> Duration {
    STEP * steps.unsigned_abs()
}

/// Returns whether a part of this kind has a contact with a key of its own.
pub(crate) fn has_contact(kind: &Kind) -> bool {
    let controls = controls(kind, None);
    controls.iter().any(|control| matches!(control, Control::Push { .. } | Control::Switch { .. }))
}

/// Returns what a user can move of a part of this kind.
fn controls(kind: &Kind, key: Option<char>) -> Vec<Control> {
    let slider = |name, min, max, step, unit| Control::Slider { name, min, max, step, unit };
    let climate =
        |min, max| vec![slider("celsius", min, max, 0.1, "°C"), slider("humidity", 0.0, 100.0, 1.0, "%")];
    match kind {
        Kind::Button(_) | Kind::MotionSensor(_) => vec![Control::Push { key }],
        Kind::Switch(_) | Kind::LineSensor(_) => vec![Control::Switch { key }],
        Kind::Potentiometer(_) => vec![slider("value", 0.0, 1.0, 0.01, "")],
        Kind::PulseCounter(_) => vec![Control::Push { key }, slider("hertz", 0.0, 100.0, 0.1, "Hz")],
        Kind::LightSensor(_) => vec![slider("light", 0.0, 1.0, 0.01, "")],
        Kind::DistanceSensor(_) => vec![slider("distance", 0.0, 4.0, 0.01, "m")],
        Kind::RotaryEncoder(_) => vec![Control::Knob],
        Kind::Keypad(keypad) => vec![Control::Keys { rows: keypad.keys.clone() }],
        Kind::Dht11(_) => climate(-20.0, 60.0),
        Kind::Dht22(_) => climate(-40.0, 80.0),
        Kind::Tmp36(_) => vec![slider("celsius", -40.0, 125.0, 0.1, "°C")],
        _ => Vec::new(),
    }
}

/// Returns what an MCP3008 makes of this share of its reference voltage.
fn converted(share: f64) -> u16 {
    (share.clamp(0.0, 1.0) * 1023.0).round() as u16
}

/// Rounds to a fraction, so that a state that stays the same looks the same.
fn round(value: f64, parts: f64) -> f64 {
    // Adding zero makes 0 of -0.
    (value * parts).round() / parts + 0.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail where they cannot go on")]

    use pinzero::mock;

    use super::*;

    #[test]
    fn a_knob_goes_on_for_a_second_at_most() {
        let circuit = Circuit::parse("[rotary_encoder.dial]\na = 17\nb = 27\n").unwrap();
        let mock = mock::builder().board(circuit.board().clone()).try_open().unwrap();
        let dial = connect(&mock, &circuit).remove(0);
        let turn = |steps| {
            dial.act(&mock, &Action::Turn { part: 0, steps }).unwrap();
            dial.look(&mock)
        };
        assert_eq!(turn(100), Look::Turns { steps: 100 });
        assert_eq!(turn(100), Look::Turns { steps: 125 }, "a second has 125 steps of 8 ms");
        assert_eq!(turn(-100), Look::Turns { steps: 125 });
        mock.advance(Duration::from_millis(400));
        assert_eq!(turn(-100), Look::Turns { steps: 75 });
        mock.advance(Duration::from_secs(1));
        assert_eq!(turn(100), Look::Turns { steps: 175 });
    }
}
