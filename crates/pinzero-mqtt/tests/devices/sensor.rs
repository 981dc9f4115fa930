//! Sensors that are read every so often.

use pinzero::mock::{self, MockGpio};
use pinzero::time::{ms, secs};
use pinzero_circuit::Circuit;
use serde_json::{Value, json};

use crate::house::House;

fn number(state: &Value, key: &str) -> f64 {
    state[key].as_f64().unwrap_or_else(|| panic!("{state}"))
}

/// Waits for a state that satisfies the test.
fn expect(house: &House, device: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let parse = |payload: &str| serde_json::from_str::<Value>(payload).unwrap();
    parse(&house.broker.expect(&format!("pinzero/attic/{device}/state"), |payload| is_it(&parse(payload))))
}

fn expect_availability(house: &House, device: &str, availability: &str) {
    house.broker.expect(&format!("pinzero/attic/{device}/availability"), |payload| payload == availability);
}

#[test]
fn temperature_and_humidity_are_told_with_the_time_of_the_reading() {
    let gpio = mock::gpio();
    let room = gpio.dht22(4);
    room.set(21.34, 55.0);
    let house = House::on(gpio, "[dht22.room]\npin = 4\n");
    let first = expect(&house, "room", |_| true);
    assert_eq!((&first["temperature"], &first["humidity"]), (&json!(21.3), &json!(55.0)));
    room.set(-3.5, 81.0);
    house.gpio.advance(secs(30));
    let second = expect(&house, "room", |state| state["temperature"] == -3.5);
    let apart = second["at"].as_u64().unwrap() - first["at"].as_u64().unwrap();
    assert!((29_000..=31_000).contains(&apart), "{apart}");
    // The same reading again is told again: somebody who waits for it learns that the sensor is alive.
    house.gpio.advance(secs(30));
    expect(&house, "room", |state| state["temperature"] == -3.5 && state["at"] != second["at"]);
}

#[test]
fn a_sensor_that_fails_is_offline_and_keeps_no_old_value_as_new() {
    let gpio = mock::gpio();
    let room = gpio.dht11(4);
    room.set(21.0, 55.0);
    let house = House::on(gpio, "[dht11.room]\npin = 4\n[mqtt.device.room]\ninterval = 10\n");
    let before = expect(&house, "room", |_| true);
    assert_eq!(house.broker.expect_kept("pinzero/attic/room/availability"), "online");
    room.set_silent(true);
    house.gpio.advance(secs(20));
    expect_availability(&house, "room", "offline");
    let kept: Value = serde_json::from_str(&house.broker.kept()["pinzero/attic/room/state"]).unwrap();
    assert!(kept["at"].as_u64() <= before["at"].as_u64().map(|at| at + 11_000), "{kept}");
    room.set_silent(false);
    room.set(23.0, 40.0);
    house.gpio.advance(secs(20));
    expect_availability(&house, "room", "online");
    expect(&house, "room", |state| state["temperature"] == 23.0);
}

#[test]
fn a_ds18b20_that_is_not_there_is_offline_and_others_work() {
    let house = House::new("[ds18b20.heating]\nid = \"28-000000000000\"\n[relay.pump]\npin = 17\n");
    expect_availability(&house, "heating", "offline");
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
}

#[test]
fn a_distance_is_told_in_metres_and_a_sensor_without_an_echo_is_offline() {
    let gpio = mock::gpio();
    let room = gpio.echo(23, 24);
    room.set_distance(0.8);
    let house = House::on(
        gpio,
        "[distance_sensor.tank]\ntrigger = 23\necho = 24\n[mqtt.device.tank]\ninterval = 5\n",
    );
    let state = expect(&house, "tank", |_| true);
    assert!((number(&state, "distance") - 0.8).abs() < 0.002, "{state}");
    let pings = room.pings().len();
    house.gpio.advance(secs(4));
    assert_eq!(room.pings().len(), pings, "between readings, the sensor is quiet");
    room.set_distance(2.5);
    house.gpio.advance(secs(6));
    expect(&house, "tank", |state| (number(state, "distance") - 2.5).abs() < 0.002);
    room.set_echo(None);
    house.gpio.advance(secs(6));
    expect_availability(&house, "tank", "offline");
    room.set_distance(1.0);
    house.gpio.advance(secs(6));
    expect_availability(&house, "tank", "online");
}

#[test]
fn the_file_gives_unit_digits_and_interval() {
    let gpio = mock::gpio();
    gpio.echo(23, 24).set_distance(0.8);
    let house = House::on(
        gpio,
        "[distance_sensor.tank]\ntrigger = 23\necho = 24\n[mqtt.device.tank]\nunit = \"cm\"\ndigits = 0\ninterval = 5\n",
    );
    expect(&house, "tank", |state| state["distance"] == json!(80));
    let components = house.components("tank");
    let component = components.values().next().unwrap();
    assert_eq!(component["unit_of_measurement"], "cm");
    assert_eq!(component["suggested_display_precision"], 0);
    assert_eq!(component["expire_after"], 15);
}

#[test]
fn light_is_told_in_percent() {
    let gpio = mock::gpio();
    let _capacitor = gpio.capacitor(18, ms(2));
    let house = House::on(gpio, "[light_sensor.window]\npin = 18\n");
    expect(&house, "window", |state| state["light"] == 80.0);
    let components = house.components("window");
    assert_eq!(components.values().next().unwrap()["unit_of_measurement"], "%");
}

fn converter() -> (MockGpio, mock::MockMcp3xxx) {
    let gpio = mock::gpio();
    let chip = gpio.mcp3008([11, 10, 9, 8]);
    (gpio, chip)
}

#[test]
fn a_converter_has_a_position_and_a_temperature() {
    let (gpio, chip) = converter();
    chip.set(0, 512);
    chip.set(1, 233);
    let house = House::on(gpio, "[potentiometer.knob]\nchannel = 0\n[tmp36.shed]\nchannel = 1\n");
    expect(&house, "knob", |state| state["position"] == 50.0);
    expect(&house, "shed", |state| state["temperature"] == 25.2);
    // mqtt-io#265, #116, #76: what is the state now?
    chip.set(0, 1023);
    house.broker.send("pinzero/attic/knob/get", "");
    expect(&house, "knob", |state| state["position"] == 100.0);
    let components = house.components("shed");
    let shed = components.values().next().unwrap();
    assert_eq!((&shed["device_class"], &shed["unit_of_measurement"]), (&json!("temperature"), &json!("°C")));
    assert_eq!((&shed["state_class"], &shed["expire_after"]), (&json!("measurement"), &json!(90)));
}

#[test]
fn climate_is_two_sensors_of_one_device() {
    let gpio = mock::gpio();
    gpio.dht22(4).set(21.3, 55.0);
    let house = House::on(gpio, "[dht22.room]\npin = 4\n");
    let components = house.components("room");
    let mut classes: Vec<_> = components
        .values()
        .map(|component| {
            (component["device_class"].as_str().unwrap(), component["unit_of_measurement"].as_str().unwrap())
        })
        .collect();
    classes.sort_unstable();
    assert_eq!(classes, [("humidity", "%"), ("temperature", "°C")]);
}

#[test]
fn a_sensor_that_does_not_answer_delays_no_other_device() {
    // Each reading fails after 4 seconds at the earliest.
    let gpio = mock::builder().realtime().open();
    gpio.dht22(4).set_silent(true);
    let house = House::on(gpio, "[dht22.room]\npin = 4\n[relay.pump]\npin = 17\n");
    house.broker.send("pinzero/attic/room/get", "");
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert!(!house.broker.kept().contains_key("pinzero/attic/room/availability"), "the relay has waited");
    expect_availability(&house, "room", "offline");
}

#[test]
fn a_device_that_changes_in_the_middle_of_a_reading_has_its_pins_at_once() {
    // A reading takes a third of a second.
    let gpio = mock::builder().realtime().open();
    let room = gpio.echo(23, 24);
    room.set_distance(0.8);
    let circuit = "[distance_sensor.tank]\ntrigger = 23\necho = 24\n[mqtt.device.tank]\ninterval = ";
    let house = House::on(gpio, &format!("{circuit}30\n"));
    house.node.reload(&Circuit::parse(&format!("{circuit}40\n")).unwrap());
    let first = house.broker.expect("pinzero/attic/tank/availability", |_| true);
    assert_eq!(first, "online");
}
