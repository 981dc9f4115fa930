//! What all devices have in common: traits, one line of `Debug`, types that users can name, pins by many names.

use std::collections::{BTreeSet, HashSet};
use std::fmt::{Debug, Display};
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::{Builder, Line, PinSpec, Result};
use pinzero_tests::Log;

#[test]
fn debug_is_one_line_and_display_is_a_name() -> Result<()> {
    #[derive(Debug)]
    #[allow(dead_code, reason = "it is there to be printed")]
    struct Robot {
        led: Led,
        fan: PwmOutputDevice,
    }

    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let relay = DigitalOutputDevice::builder(27).active_high(false).gpio(&gpio).open()?;
    let fan = PwmOutputDevice::builder(18).active_high(false).initial_value(0.3).gpio(&gpio).open()?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let gate = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let print = || -> Vec<String> {
        let all: [&dyn Debug; 5] = [&led, &relay, &fan, &button, &gate];
        all.iter().map(|device| format!("{device:?}")).collect()
    };
    assert_eq!(
        print(),
        [
            "Led(GPIO17, off)",
            "DigitalOutputDevice(GPIO27, off)",
            "PwmOutputDevice(GPIO18, 0.3)",
            "Button(GPIO2, released)",
            "DigitalInputDevice(GPIO24, inactive)",
        ]
    );
    led.on()?;
    relay.on()?;
    fan.toggle()?;
    gpio.line(2).drive(Level::Low);
    gpio.line(24).drive(Level::High);
    assert_eq!(
        print(),
        [
            "Led(GPIO17, on)",
            "DigitalOutputDevice(GPIO27, on)",
            "PwmOutputDevice(GPIO18, 0.7)",
            "Button(GPIO2, pressed)",
            "DigitalInputDevice(GPIO24, active)",
        ]
    );
    let robot = Robot { led: led.clone(), fan: fan.clone() };
    assert_eq!(format!("{robot:?}"), "Robot { led: Led(GPIO17, on), fan: PwmOutputDevice(GPIO18, 0.7) }");
    let names: [&dyn Display; 5] = [&led, &relay, &fan, &button, &gate];
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "Led on GPIO17",
            "DigitalOutputDevice on GPIO27",
            "PwmOutputDevice on GPIO18",
            "Button on GPIO2",
            "DigitalInputDevice on GPIO24",
        ]
    );
    gpio.close()?;
    assert!(print().iter().all(|line| line.ends_with(", closed)")), "{:?}", print());
    Ok(())
}

#[test]
fn debug_of_a_mock_is_one_line() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.advance(ms(1500));
    assert_eq!(format!("{gpio:?}"), "MockGpio(58 lines, at 1.5s)");
    assert_eq!(format!("{:?}", gpio.line(17)), "MockLine(GPIO17, high)");
    assert_eq!(format!("{:?}", led.output().part(Level::High)), "Part(GPIO17)");
    Ok(())
}

/// What is printed was written or heard: a short circuit, which only a look at the pin shows, does not show.
#[test]
fn debug_does_not_look_at_the_pin() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.line(17).drive(Level::Low);
    assert_eq!((format!("{led:?}").as_str(), led.is_lit()?), ("Led(GPIO17, on)", false));
    Ok(())
}

#[test]
fn a_button_is_whole_whatever_way_it_was_made() -> Result<()> {
    #[derive(Debug)]
    struct Panel(Button);

    impl pinzero::Open<u32> for Panel {
        const NAME: &'static str = "Panel";

        fn open(pin: u32, site: &pinzero::Site) -> Result<Self> {
            Button::builder(pin).open_in(site).map(Panel)
        }
    }

    let gpio = mock::gpio();
    let ways: [fn(&Gpio) -> Result<Button>; 3] = [
        |gpio| Button::builder(2).gpio(gpio).open(),
        |gpio| Builder::<Panel, _>::new(2).gpio(gpio).open().map(|panel| panel.0),
        |gpio| Builder::new(pinzero::options::Pressable::new(2)).gpio(gpio).open(),
    ];
    for way in ways {
        let button = way(&gpio)?;
        let log = Log::new();
        let note = |name: &'static str| {
            let log = log.clone();
            move |_: Event| log.push(name)
        };
        button.when_held(note("held"));
        button.when_clicked(note("clicked"));
        gpio.line(2).press(secs(3));
        gpio.advance(secs(4));
        gpio.line(2).press(ms(80));
        gpio.advance(secs(1));
        assert_eq!(log.take(), ["held", "clicked"]);
    }
    Ok(())
}

/// Each of them must have a name in `pinzero`, or this does not compile.
#[test]
fn all_that_methods_return_can_be_named() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let fan = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let _: &pinzero::Output = led.output();
    let _: &pinzero::Pwm = fan.pwm();
    let _: &pinzero::Input = button.input();
    let _: pinzero::Line = gpio.resolve(17)?;
    let _: pinzero::Host = gpio.host();
    let _: pinzero::LineInfo = gpio.line_info(17)?;
    let _: pinzero::Capabilities = gpio.capabilities();
    let _: pinzero::OutputGroup = gpio.group([5, 6]).open()?;
    let _: pinzero::GroupBuilder = gpio.group([7]);
    let _: pinzero::OutputBuilder = gpio.output(7);
    let _: pinzero::InputBuilder = gpio.input(7);
    let _: pinzero::PwmBuilder = gpio.pwm(7);
    let _: pinzero::SpiBuilder = gpio.spi(7);
    let _: pinzero::Events = button.events();
    let _: pinzero::Handler = button.when_pressed(|_| ());
    let _: pinzero::Animation = led.blink(ms(1), ms(1))?;
    let _: &pinzero::board::Board = gpio.board();
    let _: pinzero::Builder<Led, pinzero::options::Digital> = Led::builder(17);
    let _: fn(pinzero::GpioBuilder) -> Result<Gpio> = pinzero::GpioBuilder::open;
    fn _takes(factory: impl pinzero::PinFactory) -> Result<Gpio> {
        Gpio::new(factory)
    }
    Ok(())
}

#[test]
fn devices_are_safe_to_share_and_to_keep_across_a_panic() -> Result<()> {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Clone + Debug + Display + Device + 'static>() {}
    check::<Led>();
    check::<DigitalOutputDevice>();
    check::<PwmOutputDevice>();
    check::<AngularServo>();
    check::<Buzzer>();
    check::<Motor>();
    check::<PhaseEnableMotor>();
    check::<PwmLed>();
    check::<RgbLed>();
    check::<Servo>();
    check::<TonalBuzzer>();
    check::<Button>();
    check::<DigitalInputDevice>();
    check::<Relay>();
    check::<Stepper>();
    check::<Keypad>();
    check::<PulseCounter>();
    check::<Chord>();
    check::<Dht11>();
    check::<Dht22>();
    check::<IrReceiver>();
    check::<LedBoard>();
    check::<LedBarGraph>();
    check::<TrafficLights>();
    check::<TcpTrigger>();
    check::<TrafficLightsBuzzer>();
    check::<ButtonBoard>();
    check::<Robot>();
    check::<Energenie>();

    // No pins, and so no `Device`.
    fn check_thermometer<T: Send + Sync + UnwindSafe + RefUnwindSafe + Clone + Debug + Display + 'static>() {}
    check_thermometer::<Ds18b20>();
    check::<Mcp3008>();
    check::<PixelStrip>();
    check::<LedCharDisplay>();
    check::<LedMultiCharDisplay>();

    fn check_handle<T: Send + Sync + UnwindSafe + RefUnwindSafe + Debug + 'static>() {}
    check_handle::<pinzero::Output>();
    check_handle::<pinzero::OutputGroup>();
    check_handle::<pinzero::Input>();
    check_handle::<pinzero::Inputs>();
    check_handle::<pinzero::Flex>();
    check_handle::<pinzero::Pwm>();
    check_handle::<pinzero::Spi>();
    check_handle::<pinzero::Part>();
    check_handle::<pinzero::Animation>();
    check_handle::<pinzero::Timer>();
    check_handle::<pinzero::Handler>();
    check_handle::<pinzero::Events>();
    check_handle::<pinzero::Events<pinzero::LineEvent>>();
    check_handle::<pinzero::Gpio>();
    check_handle::<mock::MockGpio>();

    let led = Led::builder(17).gpio(&mock::gpio()).open()?;
    let panicked = catch_unwind(|| {
        led.on().unwrap();
        panic!("on purpose");
    });
    assert!(panicked.is_err() && led.is_lit()?);
    led.toggle()?;
    assert!(!led.is_lit()?);
    Ok(())
}

#[test]
fn whatever_points_to_a_device_is_one() -> Result<()> {
    fn turn_on(switch: impl Switch) -> Result<()> {
        switch.on()
    }

    let gpio = mock::gpio();
    let leds: Vec<Led> = (4..8).map(|pin| Led::builder(pin).gpio(&gpio).open()).collect::<Result<_>>()?;
    leds.iter().try_for_each(Switch::on)?;
    assert!(leds.iter().all(|led| led.is_lit().unwrap()));
    leds.iter().try_for_each(Switch::toggle)?;
    turn_on(&leds[0])?;
    turn_on(leds[1].clone())?;
    turn_on(Arc::new(leds[2].clone()))?;
    let devices: Vec<Arc<dyn Device>> = leds.iter().map(|led| Arc::new(led.clone()) as _).collect();
    assert_eq!(leds.iter().map(Led::is_lit).collect::<Result<Vec<_>>>()?, [true, true, true, false]);
    devices[0].close()?;
    assert!(leds[0].is_closed() && devices[0].is_closed() && !devices[1].is_closed());
    Ok(())
}

#[test]
fn values_are_read_and_set_by_traits() -> Result<()> {
    fn copy<V>(from: &impl Value<Value = V>, to: &impl SetValue<Value = V>) -> Result<()> {
        to.set_value(from.value()?)
    }

    let gpio = mock::gpio();
    let (led, relay) = (Led::builder(17).gpio(&gpio).open()?, Led::builder(27).gpio(&gpio).open()?);
    let (lamp, fan) = (PwmOutputDevice::builder(12), PwmOutputDevice::builder(13).initial_value(0.4));
    let (lamp, fan) = (lamp.gpio(&gpio).open()?, fan.gpio(&gpio).open()?);
    let button = Button::builder(2).gpio(&gpio).open()?;
    gpio.line(2).drive(Level::Low);
    copy(&button, &led)?;
    copy(&led, &relay)?;
    copy(&fan, &lamp)?;
    assert!(relay.is_lit()?);
    assert_eq!(lamp.value()?, 0.4);
    assert_eq!(lamp.set_value(1.5).unwrap_err().kind(), pinzero::ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn a_device_tells_its_pin_and_takes_what_tells_one() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder("J8:11").gpio(&gpio).open()?;
    assert_eq!((led.pin(), led.pin()), (Line(17), led.output().line()));
    let pin = led.pin();
    led.close()?;
    assert_eq!(DigitalInputDevice::builder(pin).gpio(&gpio).open()?.pin(), pin);
    Ok(())
}

#[test]
fn a_pin_is_named_by_every_integer_and_every_string() {
    let pins: [PinSpec; 12] = [
        17i8.into(),
        17i16.into(),
        17i32.into(),
        17i64.into(),
        17i128.into(),
        17isize.into(),
        17u8.into(),
        17u16.into(),
        17u32.into(),
        17u64.into(),
        17u128.into(),
        17usize.into(),
    ];
    assert_eq!(HashSet::from(pins).len(), 1);
    // Not a number that was typed, so it may be beyond the header.
    assert_ne!(PinSpec::from(Line(17)), 17.into());
    assert_eq!(PinSpec::from(Line(17)).to_string(), "GPIO17");

    let name = String::from("J8:11");
    assert_eq!(PinSpec::from(&name), PinSpec::from("J8:11"));
    assert_eq!("J8:11".parse(), Ok(PinSpec::from(name)));

    let sorted: Vec<_> =
        BTreeSet::from([PinSpec::from("b"), 3.into(), "a".into(), 1.into()]).into_iter().collect();
    assert_eq!(sorted, [1.into(), 3.into(), "a".into(), "b".into()]);
    assert_eq!(
        (PinSpec::from(3).to_string(), PinSpec::from("a").to_string()),
        ("GPIO3".into(), "\"a\"".into())
    );
}

#[test]
fn a_number_that_is_no_pin_is_shown_as_it_was_given() {
    let gpio = mock::gpio();
    for (pin, shown) in [
        (PinSpec::from(-1), "GPIO-1"),
        (u64::MAX.into(), "GPIO18446744073709551615"),
        (i64::MIN.into(), "GPIO-9223372036854775808"),
        ((1i128 << 32).into(), "GPIO4294967296"),
        (u128::MAX.into(), "340282366920938463463374607431768211455"),
    ] {
        let error = Led::builder(pin).gpio(&gpio).open().unwrap_err();
        assert!(error.to_string().contains(shown), "{error}");
        assert_eq!(error.kind(), pinzero::ErrorKind::UnknownPin);
    }
}

#[test]
fn a_press_goes_by_the_words_of_a_button() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let events = button.events();
    gpio.line(2).press(ms(50));
    gpio.advance(secs(1));
    let told: Vec<_> = events
        .take(3)
        .map(|event| match event.kind {
            EventKind::Pressed => "pressed",
            EventKind::Released => "released",
            EventKind::Clicked => "clicked",
            _ => "something else",
        })
        .collect();
    assert_eq!(told, ["pressed", "released", "clicked"]);
    Ok(())
}
