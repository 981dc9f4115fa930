//! Robots with two motors.

use std::sync::{Arc, Mutex, mpsc};

use pinzero::Result;
use pinzero::Source;
use pinzero::prelude::*;

use crate::{on_mock, press, release};

/// Has a button drive the robot while it is pressed.
fn steer(robot: &Robot, pin: u32, drive: fn(&Robot, f64) -> Result<()>) -> Result<Button> {
    let button = Button::new(pin)?;
    button.when_pressed({
        let robot = robot.clone();
        move |_| drive(&robot, 1.0)
    });
    button.when_released({
        let robot = robot.clone();
        move |_| robot.stop()
    });
    Ok(button)
}

#[test]
fn robot_1() -> Result<()> {
    on_mock(|gpio| {
        let (left, right) = (gpio.motor(4, 14), gpio.motor(17, 18));
        let robot = Robot::new((4, 14), (17, 18))?;
        for _ in 0..4 {
            robot.forward(1.0)?;
            gpio.sleep(secs(10));
            robot.right(1.0)?;
            gpio.sleep(secs(1));
        }
        robot.stop()?;
        // A square: four sides of 10 s, and four turns to the right, for which the right wheel runs back.
        assert_eq!((left.position().round(), right.position().round()), (44.0, 36.0));
        Ok(())
    })
}

#[test]
fn robot_2() -> Result<()> {
    on_mock(|gpio| {
        let wall = gpio.echo(24, 23);
        let sensor = DistanceSensor::builder(23, 24).max_distance(1.0).threshold_distance(0.2).open()?;
        let robot = Robot::new((4, 14), (17, 18))?;
        sensor.when_in_range({
            let robot = robot.clone();
            move |_| robot.backward(1.0)
        });
        sensor.when_out_of_range({
            let robot = robot.clone();
            move |_| robot.stop()
        });
        for (metres, speed) in [(0.8, 0.0), (0.1, -1.0), (0.5, 0.0)] {
            wall.set_distance(metres);
            gpio.advance(secs(1));
            assert_eq!(robot.value()?, (speed, speed), "{metres} m");
        }
        Ok(())
    })
}

#[test]
fn robot_buttons_1() -> Result<()> {
    on_mock(|gpio| {
        let robot = Robot::new((4, 14), (17, 18))?;
        let _buttons = [
            steer(&robot, 26, Robot::left)?,
            steer(&robot, 16, Robot::right)?,
            steer(&robot, 21, Robot::forward)?,
            steer(&robot, 20, Robot::backward)?,
        ];
        for (pin, value) in [(26, (-1.0, 1.0)), (16, (1.0, -1.0)), (21, (1.0, 1.0)), (20, (-1.0, -1.0))] {
            press(gpio, pin);
            assert_eq!(robot.value()?, value, "GPIO{pin}");
            release(gpio, pin);
            assert_eq!(robot.value()?, (0.0, 0.0));
        }
        Ok(())
    })
}

/// Four buttons note the way, a fifth starts the robot.
#[test]
fn robot_buttons_2() -> Result<()> {
    on_mock(|gpio| {
        let robot = Robot::new((17, 18), (22, 23))?;
        let way = Arc::new(Mutex::new(Vec::new()));
        let mut buttons = Vec::new();
        for (pin, step) in [(2, (-1.0, 1.0)), (3, (1.0, -1.0)), (4, (1.0, 1.0)), (5, (-1.0, -1.0))] {
            let (button, way) = (Button::new(pin)?, way.clone());
            button.when_pressed(move |_| way.lock().unwrap().push(step));
            buttons.push(button);
        }
        let go = Button::new(6)?;
        go.when_pressed({
            let robot = robot.clone();
            move |_| {
                let mut way = std::mem::take(&mut *way.lock().unwrap());
                way.push((0.0, 0.0));
                robot.follow(Source::from(way).every(ms(500))).map(drop)
            }
        });
        for pin in [4, 2, 4, 6] {
            press(gpio, pin);
            release(gpio, pin);
        }
        for value in [(1.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (0.0, 0.0)] {
            gpio.advance(ms(250));
            assert_eq!(robot.value()?, value);
            gpio.advance(ms(250));
        }
        Ok(())
    })
}

/// Drives a robot by the arrows of a keyboard; `None` is a key that goes up.
fn drive_by_keys(robot: &Robot, keys: impl IntoIterator<Item = Option<char>>) -> Result<()> {
    keys.into_iter().try_for_each(|key| match key {
        Some('↑') => robot.forward(1.0),
        Some('↓') => robot.backward(1.0),
        Some('←') => robot.left(1.0),
        Some('→') => robot.right(1.0),
        _ => robot.stop(),
    })
}

/// An iterator stands for the keyboard: curses in one of gpiozero's programs, evdev in the other.
#[test]
fn robot_keyboard() -> Result<()> {
    on_mock(|gpio| {
        let (left, right) = (gpio.motor(4, 14), gpio.motor(17, 18));
        let robot = Robot::new((4, 14), (17, 18))?;
        let keys = [Some('↑'), Some('←'), Some('→'), Some('↓'), None];
        let mut speeds = Vec::new();
        let typed = keys.into_iter().inspect(|_| {
            gpio.sleep(secs(1));
            speeds.push((left.speed().round(), right.speed().round()));
        });
        drive_by_keys(&robot, typed)?;
        assert_eq!(speeds, [(0.0, 0.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]);
        assert_eq!(robot.value()?, (0.0, 0.0));
        Ok(())
    })
}

#[test]
fn robot_motion_1() -> Result<()> {
    on_mock(|gpio| {
        let (robot, pir) = (Robot::new((4, 14), (17, 18))?, MotionSensor::new(5)?);
        pir.when_motion({
            let robot = robot.clone();
            move |_| robot.forward(1.0)
        });
        pir.when_no_motion({
            let robot = robot.clone();
            move |_| robot.stop()
        });
        for (level, speed) in [(Level::Low, 0.0), (Level::High, 1.0), (Level::Low, 0.0)] {
            gpio.line(5).drive(level);
            gpio.advance(secs(1));
            assert_eq!(robot.value()?, (speed, speed));
        }
        Ok(())
    })
}

#[test]
fn robot_motion_2() -> Result<()> {
    on_mock(|gpio| {
        let (robot, pir) = (Robot::new((4, 14), (17, 18))?, MotionSensor::new(5)?);
        robot.follow(pir.values().map(|motion| (motion, motion)))?;
        for (level, speed) in [(Level::Low, 0.0), (Level::High, 1.0), (Level::Low, 0.0)] {
            gpio.line(5).drive(level);
            gpio.advance(secs(1));
            assert_eq!(robot.value()?, (speed, speed));
        }
        Ok(())
    })
}

#[test]
fn robot_pots_1() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let robot = Robot::new((4, 14), (17, 18))?;
        let (left, right) = (Mcp3008::new(0)?, Mcp3008::new(1)?);
        robot.follow(left.values().zip(right.values()))?;
        chip.set(0, 1023);
        gpio.advance(ms(50));
        assert_eq!(robot.value()?, (1.0, 0.0));
        Ok(())
    })
}

#[test]
fn robot_pots_2() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let robot = Robot::new((4, 14), (17, 18))?;
        let (left, right) = (Mcp3008::new(0)?, Mcp3008::new(1)?);
        robot.follow(left.values().scaled(-1.0, 1.0).zip(right.values().scaled(-1.0, 1.0)))?;
        chip.set(0, 1023);
        gpio.advance(ms(50));
        assert_eq!(robot.value()?, (1.0, -1.0));
        Ok(())
    })
}

/// A dot on a telephone's screen: whether it is pressed, and where. A channel stands for the app.
type Dot = Option<(f64, f64)>;

#[test]
fn bluedot_led() -> Result<()> {
    on_mock(|_| {
        let (app, dots) = mpsc::channel::<Dot>();
        let led = Led::new(17)?;
        for (dot, is_lit) in [(Some((0.0, 0.0)), true), (None, false), (Some((0.5, 0.5)), true)] {
            app.send(dot).unwrap();
            led.set_value(dots.recv().unwrap().is_some())?;
            assert_eq!(led.is_lit()?, is_lit);
        }
        Ok(())
    })
}

#[test]
fn bluedot_robot_1() -> Result<()> {
    on_mock(|_| {
        let (app, dots) = mpsc::channel::<Dot>();
        let robot = Robot::new((4, 14), (17, 18))?;
        for (dot, value) in [
            (Some((0.0, 0.9)), (1.0, 1.0)),
            (Some((0.0, -0.9)), (-1.0, -1.0)),
            (Some((-0.9, 0.1)), (-1.0, 1.0)),
            (Some((0.9, 0.1)), (1.0, -1.0)),
            (None, (0.0, 0.0)),
        ] {
            app.send(dot).unwrap();
            match dots.recv().unwrap() {
                None => robot.stop()?,
                Some((x, y)) if y > x.abs() => robot.forward(1.0)?,
                Some((x, y)) if -y > x.abs() => robot.backward(1.0)?,
                Some((x, _)) if x < 0.0 => robot.left(1.0)?,
                Some(_) => robot.right(1.0)?,
            }
            assert_eq!(robot.value()?, value);
        }
        Ok(())
    })
}

/// The place of the dot is the speed and the curve.
#[test]
fn bluedot_robot_2() -> Result<()> {
    on_mock(|gpio| {
        let dot: Arc<Mutex<Dot>> = Arc::default();
        let robot = Robot::new((4, 14), (17, 18))?;
        robot.follow(Source::reading({
            let dot = dot.clone();
            move || {
                let (x, y) = dot.lock().unwrap().unwrap_or_default();
                let (left, right) = (if x > 0.0 { y } else { y + x }, if x < 0.0 { y } else { y - x });
                Ok(Some((left.clamp(-1.0, 1.0), right.clamp(-1.0, 1.0))))
            }
        }))?;
        for (place, value) in [
            (Some((0.0, 1.0)), (1.0, 1.0)),
            (Some((0.5, 0.75)), (0.75, 0.25)),
            (Some((-0.5, -0.75)), (-1.0, -0.75)),
            (None, (0.0, 0.0)),
        ] {
            *dot.lock().unwrap() = place;
            gpio.advance(ms(50));
            assert_eq!(robot.value()?, value);
        }
        Ok(())
    })
}
