//! Internal devices: the processor, the disk, the network, the time of day. Each has readings of our own.

use std::{env, fs, process};

use pinzero::mock::MockGpio;
use pinzero::prelude::*;
use pinzero::{BoardValue, Result};

use crate::{duties, levels, on_mock};

#[test]
fn cpu_temperature_bar_graph() -> Result<()> {
    on_mock(|gpio| {
        let file = env::temp_dir().join(format!("pinzero-recipe-cpu-{}", process::id()));
        fs::write(&file, "60000\n").unwrap();
        let cpu = CpuTemperature::builder().sensor_file(&file).min_temp(50.0).max_temp(90.0).open()?;
        let pins = [5, 6, 13, 19, 25];
        let graph = LedBarGraph::builder(pins).pwm(true).open()?;
        graph.follow(cpu.values())?;
        gpio.advance(secs(10));
        assert_eq!(duties(gpio, pins), [100, 25, 0, 0, 0]);
        fs::write(&file, "90000\n").unwrap();
        gpio.advance(secs(10));
        assert_eq!(duties(gpio, pins), [100; 5]);
        fs::remove_file(&file).unwrap();
        Ok(())
    })
}

#[test]
fn disk_usage_bar_graph() -> Result<()> {
    on_mock(|gpio| {
        let disk = DiskUsage::builder("/").probe(|_| Ok(50.0)).open()?;
        let pins = [5, 6, 13, 19, 25];
        let graph = LedBarGraph::builder(pins).pwm(true).open()?;
        graph.follow(disk.values())?;
        gpio.advance(secs(60));
        assert_eq!(duties(gpio, pins), [100, 100, 50, 0, 0]);
        Ok(())
    })
}

#[test]
fn internet_status_indicator() -> Result<()> {
    on_mock(|gpio| {
        let (green, red) = (Led::new(17)?, Led::new(18)?);
        let clock = gpio.clone();
        let server = PingServer::builder("example.com").event_delay(secs(60));
        let server = server.probe(move |_, _| Ok(clock.elapsed() < secs(150))).open()?;
        green.follow(server.values())?;
        red.follow(green.values().negated())?;
        gpio.advance(secs(130));
        assert_eq!(levels(gpio, [17, 18]), [1, 0]);
        gpio.advance(secs(60));
        assert_eq!(levels(gpio, [17, 18]), [0, 1], "the connection is lost");
        Ok(())
    })
}

/// Has a pair of LEDs, red and green, show whether a telephone answers.
fn show_presence(phone: &PingServer, leds: &LedBoard) -> Result<()> {
    let light = |name| leds.member(name).map(|member| member.light().cloned().unwrap());
    let green = light("green")?;
    green.follow(phone.values())?;
    light("red")?.follow(phone.values().negated())?;
    Ok(())
}

/// Shows on a board of boards who is at home: Alice is out, and comes back after five minutes.
fn whos_home(gpio: &MockGpio, status: &LedBoard) -> Result<()> {
    let is_home = |host: &str, time| host != "192.168.1.7" || time > secs(300);
    let mut phones = Vec::new();
    for (name, address) in [("mum", "192.168.1.5"), ("dad", "192.168.1.6"), ("alice", "192.168.1.7")] {
        let clock = gpio.clone();
        let phone = PingServer::builder(address).event_delay(secs(60));
        let phone = phone.probe(move |host, _| Ok(is_home(host, clock.elapsed()))).open()?;
        show_presence(&phone, status.member(name)?.board().unwrap())?;
        phones.push(phone);
    }
    let red_and_green = BoardValue::from([[0, 1], [0, 1], [1, 0]]);
    gpio.advance(secs(100));
    assert_eq!(status.value()?, red_and_green);
    gpio.advance(secs(300));
    assert_eq!(status.value()?, [[0, 1]; 3].into());
    Ok(())
}

/// Returns a board of a red LED and a green one for each of three people.
fn three_pairs(pins: [(u32, u32); 3]) -> Result<LedBoard> {
    let pair = |(red, green)| LedBoard::named([("red", red), ("green", green)]);
    let no_pins: [u32; 0] = [];
    let [mum, dad, alice] = pins.map(pair);
    LedBoard::builder(no_pins).board("mum", mum).board("dad", dad).board("alice", alice).open()
}

#[test]
fn whos_home_leds() -> Result<()> {
    on_mock(|gpio| whos_home(gpio, &three_pairs([(14, 15), (17, 18), (21, 22)])?))
}

/// The pins of a Status Zero.
#[test]
fn whos_home_status() -> Result<()> {
    on_mock(|gpio| whos_home(gpio, &three_pairs([(17, 4), (22, 27), (9, 10)])?))
}

/// A lamp that is on from 8 to 20 o'clock.
#[test]
fn timed_heat_lamp() -> Result<()> {
    on_mock(|gpio| {
        let lamp = Energenie::new(1)?;
        let daytime = TimeOfDay::new("08:00", "20:00")?;
        lamp.follow(daytime.values())?;
        let mut states = Vec::new();
        let start = gpio.wall_time().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 3600;
        for hour in start..start + 24 {
            gpio.advance(secs(1800));
            states.push((hour % 24, lamp.value()?));
            gpio.advance(secs(1800));
        }
        assert!(states.iter().all(|(hour, is_on)| *is_on == (8..20).contains(hour)), "{states:?}");
        Ok(())
    })
}
