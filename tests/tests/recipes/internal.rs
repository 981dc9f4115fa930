//! Internal devices: the processor, the disk, the network, the time of day. Each has readings of our own.

use std::{env, fs, process};

use pinzero::Result;
use pinzero::mock::MockGpio;
use pinzero::prelude::*;
use pinzero::products::StatusZero;

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

/// Returns the telephones of three people. Alice is out, and comes back after five minutes.
fn phones(gpio: &MockGpio) -> Result<[(&'static str, PingServer); 3]> {
    let phone = |address: &str| {
        let clock = gpio.clone();
        let is_home = move |host: &str| host != "192.168.1.7" || clock.elapsed() > secs(300);
        let phone = PingServer::builder(address).event_delay(secs(60));
        phone.probe(move |host, _| Ok(is_home(host))).open()
    };
    Ok([("mum", phone("192.168.1.5")?), ("dad", phone("192.168.1.6")?), ("alice", phone("192.168.1.7")?)])
}

#[test]
fn whos_home_leds() -> Result<()> {
    on_mock(|gpio| {
        let pair = |red, green| LedBoard::named([("red", red), ("green", green)]);
        let no_pins: [u32; 0] = [];
        let status = LedBoard::builder(no_pins)
            .board("mum", pair(14, 15))
            .board("dad", pair(17, 18))
            .board("alice", pair(21, 22))
            .open()?;
        let light =
            |path: String| status.member(path.as_str()).map(|member| member.light().cloned().unwrap());
        let phones = phones(gpio)?;
        for (name, phone) in &phones {
            light(format!("{name}.green"))?.follow(phone.values())?;
            light(format!("{name}.red"))?.follow(phone.values().negated())?;
        }
        gpio.advance(secs(100));
        assert_eq!(levels(gpio, [14, 15, 17, 18, 21, 22]), [0, 1, 0, 1, 1, 0]);
        gpio.advance(secs(300));
        assert_eq!(levels(gpio, [14, 15, 17, 18, 21, 22]), [0, 1, 0, 1, 0, 1]);
        Ok(())
    })
}

#[test]
fn whos_home_status() -> Result<()> {
    on_mock(|gpio| {
        let status = StatusZero::builder().labels(["mum", "dad", "alice"]).open()?;
        let phones = phones(gpio)?;
        for (name, phone) in &phones {
            let strip = status.strip(*name)?;
            strip.green.follow(phone.values())?;
            strip.red.follow(phone.values().negated())?;
        }
        gpio.advance(secs(100));
        assert_eq!(status.value()?, [[0, 1], [0, 1], [1, 0]].into());
        gpio.advance(secs(300));
        assert_eq!(status.value()?, [[0, 1], [0, 1], [0, 1]].into());
        Ok(())
    })
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
