//! Buttons, and what they start.

use std::collections::HashMap;

use pinzero::Result;
use pinzero::prelude::*;
use pinzero_tests::Log;

use crate::{changes, levels, on_mock, press, release};

#[test]
fn button_1() -> Result<()> {
    on_mock(|gpio| {
        let button = Button::new(2)?;
        let state = || Ok::<_, Error>(if button.is_pressed()? { "pressed" } else { "not pressed" });
        assert_eq!(state()?, "not pressed");
        press(gpio, 2);
        assert_eq!(state()?, "pressed");
        Ok(())
    })
}

#[test]
fn button_2() -> Result<()> {
    on_mock(|gpio| {
        let button = Button::new(2)?;
        gpio.line(2).script([(secs(3), Level::Low)]);
        button.wait_for_press()?;
        assert_eq!(gpio.elapsed(), secs(3));
        Ok(())
    })
}

#[test]
fn button_3() -> Result<()> {
    on_mock(|gpio| {
        let (button, said) = (Button::new(2)?, Log::new());
        button.when_pressed({
            let said = said.clone();
            move |_| said.push("hello")
        });
        gpio.line(2).press(ms(100));
        gpio.advance(secs(1));
        gpio.line(2).press(ms(100));
        gpio.advance(secs(1));
        assert_eq!(said.take(), ["hello", "hello"]);
        Ok(())
    })
}

#[test]
fn button_4() -> Result<()> {
    on_mock(|gpio| {
        let (button, said) = (Button::new(2)?, Log::new());
        let say = |word| {
            let said = said.clone();
            move |_| said.push(word)
        };
        button.when_pressed(say("hello"));
        button.when_released(say("good-bye"));
        gpio.line(2).press(ms(100));
        gpio.advance(ms(50));
        assert_eq!(said.take(), ["hello"]);
        gpio.advance(ms(50));
        assert_eq!(said.take(), ["good-bye"]);
        Ok(())
    })
}

#[test]
fn button_led_1() -> Result<()> {
    on_mock(|gpio| {
        let (led, button) = (Led::new(17)?, Button::new(2)?);
        button.when_pressed({
            let led = led.clone();
            move |_| led.on()
        });
        button.when_released(move |_| led.off());
        gpio.line(2).press(ms(300));
        gpio.advance(secs(1));
        assert_eq!(changes(gpio, 17), [(0, true), (300, false)]);
        Ok(())
    })
}

#[test]
fn button_led_2() -> Result<()> {
    on_mock(|gpio| {
        let (led, button) = (Led::new(17)?, Button::new(2)?);
        led.follow(button.values())?;
        gpio.line(2).press(ms(300));
        gpio.advance(secs(1));
        assert_eq!(changes(gpio, 17), [(0, true), (300, false)]);
        Ok(())
    })
}

#[test]
fn button_shutdown() -> Result<()> {
    on_mock(|gpio| {
        let button = Button::builder(3).hold_time(secs(2)).open()?;
        let commands = Log::new();
        button.when_held({
            let commands = commands.clone();
            // Here `Command::new("sudo").args(["poweroff"]).status()` would be.
            move |_| commands.push("poweroff")
        });
        gpio.line(3).press(ms(1900));
        gpio.advance(secs(5));
        assert!(commands.take().is_empty());
        gpio.line(3).press(ms(2100));
        gpio.advance(secs(5));
        assert_eq!(commands.take(), ["poweroff"]);
        Ok(())
    })
}

/// A list stands for the camera.
#[test]
fn button_camera_1() -> Result<()> {
    on_mock(|gpio| {
        let (button, pictures) = (Button::new(2)?, Log::new());
        button.when_pressed({
            let pictures = pictures.clone();
            move |event| pictures.push(format!("{}.jpg", event.at.as_nanos() / 1_000_000_000))
        });
        for _ in 0..2 {
            gpio.advance(secs(5));
            gpio.line(2).press(ms(100));
        }
        assert_eq!(pictures.take(), ["5.jpg", "10.jpg"]);
        Ok(())
    })
}

/// A list stands for the camera.
#[test]
fn button_camera_2() -> Result<()> {
    on_mock(|gpio| {
        let (left, right, camera) = (Button::new(2)?, Button::new(3)?, Log::new());
        let order = |order| {
            let camera = camera.clone();
            move |_| camera.push(order)
        };
        left.when_pressed(order("start preview"));
        left.when_released(order("stop preview"));
        right.when_pressed(order("capture"));
        press(gpio, 2);
        press(gpio, 3);
        release(gpio, 3);
        release(gpio, 2);
        assert_eq!(camera.take(), ["start preview", "capture", "stop preview"]);
        Ok(())
    })
}

/// A list stands for the camera.
#[test]
fn button_stop_motion() -> Result<()> {
    on_mock(|gpio| {
        let (button, mut frames) = (Button::new(2)?, Vec::new());
        gpio.line(2).script((1..=6).map(|half| (secs(half), Level::from(half % 2 == 0))));
        for frame in 1..=3 {
            button.wait_for_press()?;
            frames.push(format!("{frame:03}.jpg at {} s", gpio.elapsed().as_secs()));
            button.wait_for_release()?;
        }
        assert_eq!(frames, ["001.jpg at 1 s", "002.jpg at 3 s", "003.jpg at 5 s"]);
        Ok(())
    })
}

/// A list stands for the sound card.
#[test]
fn music_box() -> Result<()> {
    on_mock(|gpio| {
        let (sounds, played) = (HashMap::from([(2, "tom"), (3, "cymbal")]), Log::new());
        let mut buttons = Vec::new();
        for (pin, sound) in sounds {
            let (button, played) = (Button::new(pin)?, played.clone());
            button.when_pressed(move |_| played.push(sound));
            buttons.push(button);
        }
        for pin in [3, 2, 3] {
            gpio.line(pin).press(ms(100));
            gpio.advance(ms(500));
        }
        assert_eq!(played.take(), ["cymbal", "tom", "cymbal"]);
        Ok(())
    })
}

#[test]
fn reaction_game() -> Result<()> {
    on_mock(|gpio| {
        let (led, [one, two]) = (Led::new(17)?, [Button::new(3)?, Button::new(2)?]);
        gpio.sleep(secs(7)); // a random time in a real game
        led.on()?;
        gpio.line(2).script([(ms(312), Level::Low)]);
        gpio.line(3).script([(ms(290), Level::Low)]);
        let winner = loop {
            match (one.is_pressed()?, two.is_pressed()?) {
                (true, _) => break "one",
                (_, true) => break "two",
                _ => gpio.sleep(ms(1)),
            }
        };
        led.off()?;
        assert_eq!((winner, changes(gpio, 17)), ("one", vec![(7000, true), (7290, false)]));
        Ok(())
    })
}

#[test]
fn all_on_3() -> Result<()> {
    on_mock(|gpio| {
        let (button, buzzer) = (Button::new(21)?, Buzzer::new(20)?);
        let lights = [Led::new(5)?, Led::new(6)?, Led::new(13)?];
        button.values().for_each(gpio, move |pressed| {
            buzzer.set_value(pressed)?;
            lights.iter().try_for_each(|light| light.set_value(pressed))
        })?;
        press(gpio, 21);
        assert_eq!(levels(gpio, [20, 5, 6, 13]), [1; 4]);
        release(gpio, 21);
        assert_eq!(levels(gpio, [20, 5, 6, 13]), [0; 4]);
        Ok(())
    })
}
