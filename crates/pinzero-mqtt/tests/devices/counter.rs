//! Meters that give pulses.

use std::time::Duration;

use pinzero::Level;
use pinzero::mock;
use pinzero::time::{ms, secs, us};
use serde_json::{Value, json};

use crate::house::House;

/// A flow meter with 450 pulses a litre.
const FLOW: &str =
    "[pulse_counter.flow]\npin = 27\n[mqtt.device.flow]\nunit = \"L\"\npulses_per_unit = 450\n";

/// Gives pulses on GPIO27 from now on, one each `period`; each is low for its second half.
fn pulses(house: &House, count: u32, period: Duration) {
    let pulse = |n| [(period * n + period / 2, Level::Low), (period * (n + 1), Level::High)];
    house.gpio.line(27).script((0..count).flat_map(pulse));
    house.gpio.advance(period * count);
}

fn house(circuit: &str) -> House {
    House::on(mock::builder().time_by_hand().open(), circuit)
}

/// Returns the states of a device that have been told and not been taken out.
fn states(house: &House, device: &str) -> Vec<Value> {
    let topic = format!("pinzero/attic/{device}/state");
    let messages = house.broker.messages().into_iter().filter(|message| message.topic == topic);
    messages.map(|message| serde_json::from_slice(&message.payload).unwrap()).collect()
}

// mqtt-io#75, #5, #150: polling every 50 to 100 ms lost half the pulses of a water meter.
#[test]
fn a_thousand_pulses_at_1_khz_are_all_counted() {
    let house = house(FLOW);
    house.expect_state("flow", &json!({ "total": 0.0, "rate": 0.0, "missed": 0 }));
    pulses(&house, 1000, ms(1));
    house.gpio.advance(secs(9));
    // 1000 / 450 litres, all within the last 10 seconds.
    house.expect_state("flow", &json!({ "total": 2.222, "rate": 13.33, "missed": 0 }));
    house.gpio.advance(secs(10));
    house.expect_state("flow", &json!({ "total": 2.222, "rate": 0.0, "missed": 0 }));
}

#[test]
fn the_state_is_told_at_intervals_and_not_for_each_pulse() {
    let house = house("[pulse_counter.flow]\npin = 27\n[mqtt.device.flow]\ninterval = 2\n");
    house.expect_state("flow", &json!({ "total": 0, "rate": 0, "missed": 0 }));
    // 50 pulses a second.
    for total in [100, 200, 300] {
        pulses(&house, 100, ms(20));
        house.expect_state("flow", &json!({ "total": total, "rate": 3000, "missed": 0 }));
        assert_eq!(states(&house, "flow"), [] as [Value; 0]);
    }
    house.gpio.advance(secs(2));
    house.expect_state("flow", &json!({ "total": 300, "rate": 0, "missed": 0 }));
    // What stays the same is told once.
    house.gpio.advance(ms(20_500));
    assert_eq!(states(&house, "flow"), [] as [Value; 0]);
    house.gpio.line(27).press(ms(10));
    house.gpio.advance(ms(1500));
    house.expect_state("flow", &json!({ "total": 301, "rate": 30, "missed": 0 }));
}

#[test]
fn lost_edges_are_told() {
    let house = house(FLOW);
    house.gpio.line(27).lose(4);
    pulses(&house, 10, ms(10));
    house.gpio.advance(secs(10));
    house.broker.expect("pinzero/attic/flow/state", |payload| {
        serde_json::from_str::<Value>(payload).unwrap()["missed"] == 4
    });
}

#[test]
fn a_contact_that_bounces_gives_one_pulse() {
    let circuit = "[pulse_counter.rain]\npin = 27\n[mqtt.device.rain]\nunit = \"mm\"\npulses_per_unit = 4\nbounce_time = 0.005\n";
    let house = house(circuit);
    for _ in 0..3 {
        house.gpio.line(27).script([
            (us(100), Level::Low),
            (us(300), Level::High),
            (us(700), Level::Low),
            (ms(80), Level::High),
            (us(80_400), Level::Low),
            (us(80_900), Level::High),
        ]);
        house.gpio.advance(secs(1));
    }
    house.gpio.advance(secs(7));
    // 0.75 mm within 10 s are 270 mm/h.
    house.expect_state("rain", &json!({ "total": 0.75, "rate": 270, "missed": 0 }));
}

#[test]
fn home_assistant_knows_what_is_metered() {
    let house = house(
        "[pulse_counter.water]\npin = 27\n[pulse_counter.gas]\npin = 22\n[pulse_counter.power]\npin = 23\n[pulse_counter.cars]\npin = 24\n\
         [mqtt.device.water]\nunit = \"m3\"\npulses_per_unit = 1000\n[mqtt.device.gas]\nunit = \"m³\"\nclass = \"gas\"\n\
         [mqtt.device.power]\nunit = \"kWh\"\npulses_per_unit = 800\ndigits = 2\n",
    );
    let told = |device: &str| {
        let words = |entity: &Value| {
            assert_eq!(entity["platform"], "sensor");
            let words = ["device_class", "unit_of_measurement", "state_class"].map(|key| &entity[key]);
            words.map(|word| word.as_str().unwrap_or("-").to_owned())
        };
        house.components(device).values().map(words).collect::<Vec<_>>()
    };
    let rate = |class: &str, unit: &str| [class, unit, "measurement"].map(str::to_owned);
    let total = |class: &str, unit: &str| [class, unit, "total_increasing"].map(str::to_owned);
    assert_eq!(told("water"), [total("water", "m³"), rate("volume_flow_rate", "m³/h")]);
    assert_eq!(told("gas"), [total("gas", "m³"), rate("volume_flow_rate", "m³/h")]);
    assert_eq!(told("power"), [total("energy", "kWh"), rate("power", "kW")]);
    assert_eq!(told("cars"), [total("-", "-"), rate("-", "1/min")]);
}
