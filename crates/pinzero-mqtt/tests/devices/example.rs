//! The example of a house.

use pinzero::mock;
use pinzero_circuit::Circuit;

use crate::house::House;

const TEXT: &str = include_str!("../../examples/house.toml");

#[test]
fn every_part_of_the_example_is_a_device() {
    let gpio = mock::gpio();
    gpio.dht22(4);
    gpio.mcp3008([11, 10, 9, 8]);
    let _display = gpio.i2c_chip(1, 0x27, pinzero_parts::LcdBackpack::new());
    let house = House::on(gpio, TEXT);
    for part in Circuit::parse(TEXT).unwrap().parts() {
        let topic = format!("pinzero/house/{}/availability", part.name);
        match &*part.name {
            // The file hides it.
            "dimmer" => assert!(!house.broker.kept().contains_key(&topic)),
            // The kernel of this computer has no such thermometer.
            "heating" => assert_eq!(house.broker.expect_kept(&topic), "offline"),
            name => assert_eq!(house.broker.expect_kept(&topic), "online", "{name}"),
        }
    }
}
