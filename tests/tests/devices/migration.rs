//! docs/migration.md: each call in the tables compiles. The programs there are doctests.

#![allow(dead_code, unused, clippy::all, reason = "the lines are there to be compiled")]

use std::time::Duration;

use pinzero::prelude::*;
use pinzero::products::{FishDish, StatusZero, TrafficHat};
use pinzero::{
    Drive, I2c, Input, LedBarGraph, LedBoard, Pwm, Result, Robot, Source, Spi, SpiMode, TcpMessage,
    TrafficLights, source,
};

#[rustfmt::skip]
fn gpiozero(gpio: &Gpio, led: Led, lamp: PwmLed, button: Button, pot: Mcp3008, rgb: RgbLed, [a, b]: [Source<f64>; 2], [one, other]: [Source<bool>; 2]) -> Result<()> {
    Led::builder(17).active_high(false).initial_value(true).open()?;
    Led::new("BOARD11")?;
    Led::new("J8:11")?;
    led.on()?;
    led.off()?;
    led.toggle()?;
    led.is_lit()?;
    led.value()?;
    led.set_value(true)?;
    led.blink(ms(500), ms(500))?;
    led.blink_with(Blink::new(secs(1), secs(1)).times(3))?.wait()?;
    let lamp = PwmLed::new(18)?;
    lamp.pulse(secs(1), secs(1))?;
    let rgb = RgbLed::new(9, 10, 11)?;
    rgb.set_color((1.0, 0.0, 0.0))?;
    rgb.set_color("red")?;
    Button::builder(2).bounce_time(ms(20)).hold_time(secs(2)).open()?;
    button.is_pressed()?;
    button.wait_for_press_timeout(secs(5))?;
    let handler = button.when_pressed(|event| println!("{event:?}"));
    handler.remove();
    let follower = led.follow(button.values())?;
    follower.stop();
    led.follow(button.values().negated())?;
    lamp.follow(pot.values().every(ms(100)))?;
    source::all_values([one, other]);
    source::averaged([a, b]);
    source::sin_values(360);
    LedBoard::builder([2, 3]).pwm(true).open()?;
    LedBarGraph::new([2, 3])?;
    let pad = ButtonBoard::new([2, 3])?;
    pad.when_pressed(|event| println!("{event:?}"));
    FishDish::new()?;
    TrafficHat::new()?;
    StatusZero::builder().labels(["mum", "dad"]).open()?;
    let lights = TrafficLights::new(2, 3, 4)?;
    lights.amber.on()?;
    let servo = Servo::new(17)?;
    servo.max()?;
    let arm = AngularServo::new(17)?;
    arm.set_angle(45.0)?;
    let motor = Motor::new(4, 14)?;
    motor.forward(0.5)?;
    Robot::new((4, 14), (17, 18))?;
    let buzzer = TonalBuzzer::new(21)?;
    buzzer.play("A4")?;
    let sensor = DistanceSensor::new(24, 23)?;
    sensor.distance()?;
    sensor.value()?;
    let pir = MotionSensor::new(4)?;
    pir.when_motion(|event| println!("{event:?}"));
    pir.wait_for_motion()?;
    let sun = LightSensor::new(18)?;
    sun.wait_for_light()?;
    sun.light_detected()?;
    let knob = RotaryEncoder::builder(21, 20).max_steps(180).open()?;
    knob.steps()?;
    knob.when_rotated(|event| println!("{event:?}"));
    let pot = Mcp3008::new(0)?;
    pot.value()?;
    CpuTemperature::new()?;
    PingServer::new("google.com")?;
    TimeOfDay::new((7, 0), (8, 0))?;
    TimeOfDay::builder((7, 0), (8, 0)).utc(false).open()?;
    Led::builder(17).gpio(&gpio).open()?;
    pinzero::pause();
    gpio.sleep(secs(1));
    pinzero::set_default(&pinzero::mock::gpio());
    led.close()?;
    Ok(())
}

#[rustfmt::skip]
fn rpi_gpio(gpio: &Gpio) -> Result<()> {
    let pin = gpio.output(17).initial(Level::High).open()?;
    pin.set(Level::Low)?;
    pin.toggle()?;
    let pins = gpio.group([17, 27]).open()?;
    pins.set(0b01)?;
    let input = gpio.input(4).bias(Bias::PullUp).active(Level::Low).open()?;
    input.level()?;
    input.events().next_timeout(secs(5));
    input.events().find(|event| event.level == Level::Low);
    input.wait_for_timeout(true, secs(5))?;
    gpio.input(4).active(Level::Low).lockout(ms(200));
    input.on(EventKind::Activated, |event| println!("{event:?}"));
    input.on(EventKind::Deactivated, |event| println!("{event:?}"));
    let mut events = input.events();
    events.try_next();
    input.clear_handlers();
    let pwm = gpio.pwm(18).frequency(50.0).initial(0.125).open()?;
    pwm.set_duty(0.5)?;
    pwm.set_frequency(100.0)?;
    pwm.set_duty(0.0)?;
    pwm.close()?;
    gpio.line_info(17)?.function;
    gpio.board();
    pinzero::close_all()?;
    gpio.close_pins([17])?;
    gpio.close_pins([17, 27])?;
    Ok(())
}

#[rustfmt::skip]
fn rpio(gpio: &Gpio, input: Input, message: &TcpMessage) -> Result<()> {
    gpio.input(4).lockout(ms(100));
    input.on(EventKind::Activated, |event| println!("{event:?}"));
    input.clear_handlers();
    pinzero::pause();
    let trigger = TcpTrigger::new(8080)?;
    trigger.when_message(|message| println!("{message:?}"));
    message.reply("..")?;
    message.close();
    gpio.input(4).bias(Bias::PullUp);
    gpio.line_info(17)?.function;
    pinzero::LineFunction::Alternate(0);
    gpio.line_info(17)?.level;
    gpio.output(17).initial(Level::High).on_close(OnClose::Keep).open()?;
    gpio.board();
    let servo = Servo::new(17)?;
    servo.set_pulse_width(us(1200))?;
    gpio.pwm(17).frequency(800.0);
    println!("{:?}", gpio.line_info(17)?);
    Ok(())
}

#[rustfmt::skip]
fn rppal(gpio: &Gpio, level: Level, input: Input, pwm: Pwm, timeout: Duration, debounce: Duration, path: &str, f: fn(Event), mut data: [u8; 2]) -> Result<()> {
    pinzero::default_gpio()?;
    let pin = gpio.output(17).open()?;
    gpio.output(17).initial(Level::Low);
    gpio.output(17).initial(Level::High);
    pin.set(Level::High)?;
    pin.set(Level::Low)?;
    pin.set(level)?;
    pin.toggle()?;
    pin.last();
    pin.level()?;
    let input = gpio.input(4).bias(Bias::Disabled).open()?;
    gpio.input(4).bias(Bias::PullUp);
    gpio.input(4).bias(Bias::PullDown);
    input.level()?;
    input.level()? == Level::Low;
    let line = gpio.flex(17).open()?;
    line.turn(Drive::Input(Bias::Disabled))?;
    gpio.line_info(17)?.function;
    let mut events = input.events();
    events.next_timeout(timeout);
    gpio.inputs([4, 5]).open()?.events();
    gpio.input(4).settle(debounce);
    input.on(EventKind::Activated, f);
    input.clear_handlers();
    gpio.pwm(17).frequency(50.0).initial(0.1).open()?;
    pwm.close()?;
    pwm.set_frequency(50.0)?;
    pwm.set_duty(0.1)?;
    let servo = Servo::new(18)?;
    servo.set_pulse_width(us(1500))?;
    gpio.pwm(18).hardware(true);
    gpio.output(17).on_close(OnClose::Keep);
    gpio.hardware_spi(0, 0).max_rate(1_000_000).mode(SpiMode::Mode0).open()?;
    let i2c = gpio.i2c(1).open()?;
    i2c.write_read(0x48, &[1], &mut data)?;
    gpio.serial(path).rate(115_200).open()?;
    gpio.board().model();
    Ok(())
}

#[rustfmt::skip]
fn rust_gpiozero(led: PwmLed, buzzer: Buzzer, motor: Motor, button: Button) -> Result<()> {
    Led::new(17)?;
    led.blink(secs(2), secs(3))?;
    led.blink_with(Blink::new(secs(2), secs(3)).times(5))?.wait()?;
    PwmLed::new(18)?;
    led.pulse(secs(2), secs(2))?;
    led.set_value(0.5)?;
    led.blink_with(Blink::new(secs(1), secs(1)).fade(ms(500), ms(500)))?;
    Buzzer::new(4)?;
    buzzer.beep(ms(500), ms(500))?;
    Motor::new(4, 14)?;
    motor.forward(0.5)?;
    Button::new(4)?;
    Button::builder(4).pull_up(false).open()?;
    button.wait_for_press_timeout(secs(5))?;
    button.when_pressed(|event| println!("{event:?}"));
    button.wait_for_release()?;
    DigitalInputDevice::new(4)?;
    DigitalOutputDevice::new(17)?;
    DigitalOutputDevice::builder(17).active_high(false).open()?;
    Ok(())
}

#[rustfmt::skip]
fn wiring_pi(gpio: &Gpio, input: Input, spi: Spi, i2c: I2c, value: u64, path: &str, mut data: [u8; 2]) -> Result<()> {
    pinzero::default_gpio()?;
    let pin = gpio.output("WPI0").open()?;
    pin.set(Level::High)?;
    let input = gpio.input("WPI7").bias(Bias::PullUp).open()?;
    input.level()?;
    let byte = gpio.group(["WPI0", "WPI1", "WPI7"]).open()?;
    byte.set(value)?;
    input.on(EventKind::Deactivated, |event| println!("{event:?}"));
    input.events().find(|event| event.level == Level::Low);
    input.events().next_timeout(secs(5));
    let pwm = gpio.pwm("WPI0").open()?;
    pwm.set_duty(0.25)?;
    let pwm = gpio.pwm("WPI1").hardware(true).open()?;
    pwm.set_duty(0.5)?;
    let buzzer = TonalBuzzer::new("WPI0")?;
    buzzer.play(Tone::hertz(440.0)?)?;
    let servo = Servo::new("WPI0")?;
    servo.set_pulse_width(us(1500))?;
    let spi = gpio.hardware_spi(0, 0).max_rate(500_000).open()?;
    spi.transfer(&mut data)?;
    let i2c = gpio.i2c(1).open()?;
    i2c.write_read(0x48, &[1], &mut data)?;
    gpio.serial(path).rate(9600).open()?;
    gpio.sleep(ms(500));
    gpio.sleep(us(10));
    let start = gpio.now();
    (gpio.now() - start).as_micros();
    gpio.resolve("WPI0")?;
    gpio.resolve("BOARD11")?;
    gpio.line_info(17)?.function;
    gpio.line_info(17)?;
    gpio.board();
    Ok(())
}

#[rustfmt::skip]
fn pigpio(gpio: &Gpio, input: Input, pwm: Pwm, path: &str) -> Result<()> {
    let pin = gpio.output(17).initial(Level::High).open()?;
    input.level()?;
    gpio.input(4).bias(Bias::PullUp);
    gpio.line_info(17)?.function;
    gpio.pwm(18).frequency(800.0);
    pwm.set_duty(0.5)?;
    gpio.pwm(18).frequency(1000.0).initial(0.5).hardware(true);
    let servo = Servo::new(18)?;
    servo.set_pulse_width(us(1500))?;
    gpio.input(4).settle(ms(5));
    pin.blink(Blink::new(us(10), us(90)).times(1), Level::High)?;
    let pins = gpio.group([2, 3]).open()?;
    pins.set(0b01)?;
    input.on(EventKind::Deactivated, |event| println!("{event:?}"));
    input.events();
    input.events().next_timeout(secs(5));
    input.events().find(|event| event.level == Level::Low);
    gpio.i2c(1);
    gpio.hardware_spi(0, 0);
    gpio.serial(path);
    gpio.board().revision();
    gpio.now();
    Ok(())
}

/// A row that nobody has compiled is not to be trusted.
#[test]
fn each_call_in_the_tables_of_the_page_is_compiled_here() {
    let page = include_str!("../../../docs/migration.md");
    let here = include_str!("migration.rs");
    let mut section = "";
    for line in page.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let row = line.replace("\\|", "\u{0}");
        let Some(ours) = row.trim_end_matches('|').rsplit('|').next().filter(|_| row.starts_with('|')) else {
            continue;
        };
        // Text and code by turns.
        for call in ours.split('`').skip(1).step_by(2).filter(|code| code.contains('(')) {
            let call = call.replace('\u{0}', "|");
            // `..` stands for anything.
            let is_here = here.lines().any(|line| {
                let mut rest = Some(line);
                for part in call.split("..") {
                    rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
                }
                rest.is_some()
            });
            assert!(is_here, "{section}: add `{call}` to this file");
        }
    }
}
