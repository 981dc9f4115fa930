//! Devices that were written elsewhere, by public API alone.

use pinzero::mock;
use pinzero::options::{Digital, Driven};
use pinzero::prelude::*;
use pinzero::{Builder, ErrorKind, Open, Result, Site};

// ---- a lamp with a switch: two pins, in 24 lines --------------------------------------------------------------------
#[derive(Debug, Clone)]
struct SwitchedLamp(Led, Button);

impl Open<[u32; 2]> for SwitchedLamp {
    const NAME: &'static str = "SwitchedLamp";
    fn open([lamp, switch]: [u32; 2], site: &Site) -> Result<Self> {
        let (lamp, switch) = (Led::builder(lamp).open_in(site)?, Button::builder(switch).open_in(site)?);
        let toggled = lamp.clone();
        switch.when_pressed(move |_| toggled.toggle());
        Ok(SwitchedLamp(lamp, switch))
    }
}
impl Device for SwitchedLamp {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.0, &self.1]
    }
}
impl Switch for SwitchedLamp {
    fn set_active(&self, on: bool) -> Result<()> {
        self.0.set_active(on)
    }
    fn is_active(&self) -> Result<bool> {
        self.0.is_active()
    }
}
// ---------------------------------------------------------------------------------------------------------------------

fn lamp(gpio: &Gpio) -> Result<SwitchedLamp> {
    Builder::new([17, 2]).gpio(gpio).open()
}

#[test]
fn its_parts_work_together() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    gpio.line(2).press(ms(80));
    assert!(lamp.is_active()?);
    lamp.toggle()?;
    assert!(!lamp.0.is_lit()?);
    assert_eq!(format!("{lamp:?}"), "SwitchedLamp(Led(GPIO17, off), Button(GPIO2, pressed))");
    Ok(())
}

#[test]
fn it_is_a_switch_among_others() -> Result<()> {
    let gpio = mock::gpio();
    let fan = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    let all: Vec<Box<dyn Switch>> = vec![Box::new(lamp(&gpio)?), Box::new(fan.clone())];
    all.iter().try_for_each(Switch::on)?;
    assert!(all.iter().all(|switch| switch.is_active().unwrap()));
    assert_eq!((gpio.line(17).level(), fan.value()?), (Level::High, 1.0));
    Ok(())
}

#[test]
fn closing_it_closes_its_parts() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    assert_eq!(Device::gpio(&lamp).now(), gpio.now());
    lamp.close()?;
    assert!(lamp.is_closed() && lamp.0.is_closed() && lamp.1.is_closed());
    assert_eq!(lamp.on().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{lamp:?}"), "SwitchedLamp(Led(GPIO17, closed), Button(GPIO2, closed))");
    Ok(())
}

#[test]
fn errors_name_it_and_the_line_of_its_user() -> Result<()> {
    let gpio = mock::gpio();
    let builder = Builder::<SwitchedLamp, _>::new([17, 2]).gpio(&gpio);
    let (lamp, place) = (builder.open()?, line!());
    for pin in [17, 2] {
        let error = Led::builder(pin).gpio(&gpio).open().unwrap_err();
        let opened = format!("in use by SwitchedLamp opened at {}:{place}:", file!());
        assert!(error.to_string().contains(&opened), "{error}");
    }
    lamp.close()?;

    let error = Builder::<SwitchedLamp, _>::new([17, 99]).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    assert!(error.to_string().contains("SwitchedLamp") && error.to_string().contains("GPIO99"), "{error}");
    drop(Led::builder(17).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn the_state_on_close_reaches_its_outputs() -> Result<()> {
    let gpio = mock::gpio();
    let builder = Builder::<SwitchedLamp, _>::new([17, 2]).on_close(OnClose::Keep).gpio(&gpio);
    let lamp = builder.clone().open()?;
    lamp.on()?;
    lamp.close()?;
    assert_eq!(
        (gpio.line(17).level(), gpio.line(17).function()),
        (Level::High, pinzero::LineFunction::Output)
    );
    assert_eq!(gpio.line(2).function(), pinzero::LineFunction::Input);
    assert_eq!(format!("{builder:?}"), "Builder<SwitchedLamp>([17, 2])");
    Ok(())
}

/// A device that is another under a name of its own, with an option of its own beside those of all outputs.
#[derive(Debug, Clone)]
struct Heater(DigitalOutputDevice);

struct Heating {
    output: Digital,
    is_warm: bool,
}

impl AsMut<Driven> for Heating {
    fn as_mut(&mut self) -> &mut Driven {
        self.output.as_mut()
    }
}

impl Open<Heating> for Heater {
    const NAME: &'static str = "Heater";

    fn open(mut options: Heating, site: &Site) -> Result<Self> {
        options.output.initial = Some(options.is_warm);
        Open::open(options.output, site).map(Heater)
    }
}

impl std::ops::Deref for Heater {
    type Target = DigitalOutputDevice;

    fn deref(&self) -> &DigitalOutputDevice {
        &self.0
    }
}

/// Setters of its own are an extension trait.
trait HeaterBuilder {
    fn warm(self) -> Self;
}

impl HeaterBuilder for Builder<Heater, Heating> {
    fn warm(mut self) -> Self {
        self.options_mut().is_warm = true;
        self
    }
}

#[test]
fn its_builder_has_options_of_its_own_and_those_that_outputs_share() -> Result<()> {
    let gpio = mock::gpio();
    let options = Heating { output: Digital::new("GPIO27"), is_warm: false };
    let heater: Heater = Builder::new(options).warm().active_high(false).gpio(&gpio).open()?;
    assert_eq!(gpio.line(27).level(), Level::Low);
    assert!(heater.is_active()?);
    let switch: &dyn Switch = &heater;
    switch.off()?;
    assert!(!heater.value()?);
    let error = Led::builder(27).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("in use by Heater"), "{error}");
    Ok(())
}
