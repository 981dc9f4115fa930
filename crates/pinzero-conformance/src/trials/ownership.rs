//! Ownership: a line has one holder at a time, until it is closed and free again.

use pinzero_core::{Bias, ErrorKind, Level, OnClose};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check, refused};

pub(super) fn a_closed_output_says_so(fixture: &Fixture<'_>) -> Verdict {
    let output = fixture.gpio().output(fixture.line).open()?;
    let clone = output.clone();
    output.close()?;
    output.close()?;
    check(clone.is_closed(), || "a clone of a closed output is open".to_owned())?;
    refused("writing a closed output", ErrorKind::Closed, clone.set(Level::High))?;
    refused("reading a closed output", ErrorKind::Closed, clone.level())
}

pub(super) fn a_closed_input_says_so(fixture: &Fixture<'_>) -> Verdict {
    let input = fixture.input(fixture.line).open()?;
    input.close()?;
    input.close()?;
    refused("reading a closed input", ErrorKind::Closed, input.level())?;
    refused("waiting for a closed input", ErrorKind::Closed, input.wait_for(true))
}

pub(super) fn a_line_can_be_opened_again(fixture: &Fixture<'_>) -> Verdict {
    for _ in 0..3 {
        let output = fixture.gpio().output(fixture.line).initial(Level::High).open()?;
        fixture.sees(fixture.line, Level::High, "an output")?;
        output.close()?;
        fixture.drive(fixture.line, Level::Low)?;
        let input = fixture.input(fixture.line).open()?;
        let mut events = input.events();
        let when = fixture.drive(fixture.line, Level::High)?;
        fixture.expect(&mut events, Level::High, when)?;
        drop(input);
        fixture.drive(fixture.line, None)?;
    }
    Ok(())
}

pub(super) fn one_holder_in_a_process(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, line) = (fixture.gpio(), fixture.line);
    let output = gpio.output(line).initial(Level::High).open()?;
    refused("an output on a line in use", ErrorKind::PinInUse, gpio.output(line).open())?;
    if fixture.powers().pwm.is_available() {
        refused("PWM on a line in use", ErrorKind::PinInUse, gpio.pwm(line).open())?;
    }
    if fixture.powers().input.is_available() {
        refused("an input on a line in use", ErrorKind::PinInUse, gpio.input(line).open())?;
    }
    fixture.sees(line, Level::High, "an output that others have wanted")?;
    output.close()?;
    drop(gpio.output(line).open()?);
    Ok(())
}

pub(super) fn one_holder_among_processes(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, line) = (fixture.gpio(), fixture.line);
    let other = fixture.take_elsewhere(line)?;
    refused("an output that another process holds", ErrorKind::Busy, gpio.output(line).open())?;
    if fixture.powers().input.is_available() {
        refused("an input that another process holds", ErrorKind::Busy, gpio.input(line).open())?;
    }
    drop(other);
    drop(gpio.output(line).open()?);
    Ok(())
}

pub(super) fn a_refused_line_stays_free(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, line, powers) = (fixture.gpio(), fixture.line, fixture.powers());
    if !powers.keep.is_available() {
        // Another trial checks that this is refused.
        drop(gpio.output(line).on_close(OnClose::Keep).open());
    }
    if !powers.bias.is_available() {
        drop(gpio.input(line).bias(Bias::PullUp).open());
    }
    drop(gpio.pwm(line).initial(2.0).open());
    drop(gpio.pwm(line).frequency(0.0).open());
    let output = gpio.output(line).initial(Level::High).open()?;
    fixture.sees(line, Level::High, "an output on a line that was refused before")?;
    Ok(output.close()?)
}

pub(super) fn the_factory_closes_all(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, line) = (fixture.gpio(), fixture.line);
    let other = fixture.other_line()?;
    let before = fixture.observe(line)?;
    let output = gpio.output(line).initial(!before).open()?;
    let input = gpio.input(other).open()?;
    let mut events = input.events();
    gpio.close()?;
    gpio.close()?;
    fixture.sees(line, before, "an output whose factory was closed")?;
    check(events.next().is_none(), || "events go on after the factory was closed".to_owned())?;
    check(output.is_closed() && input.is_closed(), || "a closed factory has open devices".to_owned())?;
    refused("writing an output of a closed factory", ErrorKind::Closed, output.set(Level::High))?;
    refused("reading an input of a closed factory", ErrorKind::Closed, input.level())?;
    refused("an output of a closed factory", ErrorKind::Closed, gpio.output(line).open())?;
    refused("an input of a closed factory", ErrorKind::Closed, gpio.input(other).open())
}
