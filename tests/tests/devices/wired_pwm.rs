//! PWM on a wire: the other end reads the wave and hears its edges.

use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Bias, Capabilities, Drive, Level, Result, Support};
use pinzero_tests::at;

/// The mock's own PWM, and core's.
fn mocks() -> [MockGpio; 2] {
    let capabilities = Capabilities { pwm: Support::None, ..mock::gpio().capabilities() };
    let mocks = [mock::gpio(), mock::builder().capabilities(capabilities).open()];
    mocks.iter().for_each(|gpio| gpio.wire(22, 27));
    mocks
}

fn rises_and_falls(history: &[(Duration, Level)]) -> Vec<(u128, bool)> {
    history.iter().map(|(at, level)| (at.as_micros(), level.is_high())).collect()
}

#[test]
fn a_wired_input_reads_the_wave_and_hears_its_edges_at_their_instants() -> Result<()> {
    for gpio in mocks() {
        let input = gpio.input(27).open()?;
        let mut edges = input.events();
        gpio.advance(ms(3));
        let pwm = gpio.pwm(22).frequency(100.0).initial(0.3).open()?;
        let mut high = 0;
        for _ in 0..1000 {
            high += u32::from(input.level()?.is_high());
            gpio.advance(us(50));
        }
        assert_eq!(high, 300, "of 1000 reads in five cycles");
        let expected: Vec<_> = (0..5).flat_map(|cycle| [at(3 + 10 * cycle), at(6 + 10 * cycle)]).collect();
        let times: Vec<_> = edges.by_ref().take(10).map(|event| event.at).collect();
        assert_eq!(times, expected);
        assert_eq!(rises_and_falls(&gpio.line(27).history())[..2], [(3000, true), (6000, false)]);
        assert_eq!(gpio.line(22).history(), gpio.line(27).history());
        pwm.close()?;
    }
    Ok(())
}

#[test]
fn both_ends_have_the_same_history_by_the_mocks_pwm_and_by_cores() -> Result<()> {
    let histories = mocks().map(|gpio| -> Result<_> {
        let fan = PwmOutputDevice::builder(22).active_high(false).frequency(200.0).gpio(&gpio).open()?;
        // A fade, a change of frequency in the middle of a pulse, steady levels, and a new start.
        for step in 0..=20 {
            fan.set_value(f64::from(step) / 20.0)?;
            gpio.advance(us(7777));
        }
        fan.set_value(0.5)?;
        fan.set_frequency(1000.0)?;
        gpio.advance(us(4321));
        fan.close()?;
        gpio.advance(ms(5));

        let line = gpio.flex(22).start(Drive::Output(Level::High)).open()?;
        for pulse in [us(1500), us(600), us(0), us(2500)] {
            line.turn(Drive::Pwm { period: ms(20), pulse })?;
            gpio.advance(ms(50));
            line.turn(Drive::Output(Level::High))?;
            gpio.advance(ms(1));
        }
        line.turn(Drive::Pwm { period: ms(20), pulse: ms(1) })?;
        gpio.advance(us(500));
        line.turn(Drive::Input(Bias::PullDown))?;
        gpio.advance(ms(50));
        assert_eq!(gpio.line(22).history(), gpio.line(27).history());
        Ok(rises_and_falls(&gpio.line(27).history()))
    });
    let [native, emulated] = histories;
    let (native, emulated) = (native?, emulated?);
    assert_eq!(native, emulated);
    assert!(native.len() > 80, "{native:?}");
    Ok(())
}

#[test]
fn a_driver_that_pulls_the_wire_low_hides_the_pulses() -> Result<()> {
    for gpio in mocks() {
        let input = gpio.input(27).open()?;
        let mut edges = input.events();
        let _pwm = gpio.pwm(22).frequency(100.0).initial(0.5).open()?;
        gpio.advance(ms(12));
        gpio.line(27).drive(Level::Low);
        gpio.advance(ms(20));
        gpio.line(27).release();
        gpio.advance(ms(2));
        // The pulse that is under way comes out from below the short circuit.
        let expected = [(0, true), (5000, false), (10_000, true), (12_000, false), (32_000, true)];
        assert_eq!(rises_and_falls(&gpio.line(27).history()), expected);
        assert_eq!(edges.by_ref().take(5).count(), 5);
    }
    Ok(())
}

#[test]
fn every_input_on_the_wire_hears_each_edge_once() -> Result<()> {
    for gpio in mocks() {
        gpio.wire(27, 17);
        let inputs = gpio.inputs([27, 17]).open()?;
        let listener = gpio.flex(4).start(Drive::Input(Bias::AsIs)).open()?;
        let (mut events, mut edges) = (inputs.events(), listener.edges());
        let _pwm = gpio.pwm(22).frequency(50.0).initial(0.1).open()?;
        gpio.advance(ms(21));
        // Wired in the middle of a pulse.
        gpio.wire(4, 22);
        let mut told: Vec<_> =
            events.by_ref().take(6).map(|event| (event.index, event.event.level)).collect();
        // In which order the inputs hear of one edge is not said.
        told.chunks_mut(2).for_each(|pair| pair.sort_by_key(|(index, _)| *index));
        let (high, low) = (Level::High, Level::Low);
        assert_eq!(told, [(0, high), (1, high), (0, low), (1, low), (0, high), (1, high)]);
        let edges: Vec<_> = edges.by_ref().take(2).map(|edge| (edge.at, edge.level)).collect();
        assert_eq!(edges, [(at(22), low), (at(40), high)]);
    }
    Ok(())
}

#[test]
fn pulses_that_nobody_is_wired_to_cost_nothing() -> Result<()> {
    let gpio = mock::gpio();
    gpio.wire(22, 27);
    let wave = Drive::Pwm { period: us(1), pulse: Duration::from_nanos(300) };
    // One is alone, and nobody listens at the other end of the other's wire.
    let lone = gpio.flex(4).start(Drive::Output(Level::Low)).open()?;
    let wired = gpio.flex(22).start(Drive::Output(Level::Low)).open()?;
    lone.turn(wave)?;
    wired.turn(wave)?;
    // A year of a megahertz: step by step, this would take the rest of the day.
    gpio.advance(Duration::from_secs(365 * 24 * 3600));
    for pin in [4, 22, 27] {
        assert_eq!(gpio.line(pin).level(), Level::High);
        gpio.advance(Duration::from_nanos(500));
        assert_eq!(gpio.line(pin).level(), Level::Low);
        gpio.advance(Duration::from_nanos(500));
        assert!(gpio.line(pin).history().len() <= 1 << 18);
    }
    Ok(())
}

#[test]
fn in_real_time_a_fast_signal_loses_edges_and_counts_them() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    gpio.wire(22, 27);
    let input = gpio.flex(27).start(Drive::Input(Bias::AsIs)).open()?;
    let mut edges = input.edges();
    let pwm = gpio.pwm(22).frequency(1e6).initial(0.5).open()?;
    let edges: Vec<_> = edges.by_ref().take(2000).collect();
    pwm.close()?;
    let time = edges[1999].at - edges[0].at;
    let missed: u32 = edges[1..].iter().map(|edge| edge.missed).sum();
    assert_eq!(u128::from(missed) + 1999, time.as_nanos() / 500, "an edge each 500 ns");
    assert!(2000 <= 128 * (time.as_millis() + 2), "{time:?}: at most 64 cycles a millisecond");
    Ok(())
}

#[test]
fn in_real_time_a_slow_signal_is_heard_as_it_is() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    gpio.wire(22, 27);
    let input = gpio.flex(27).start(Drive::Input(Bias::AsIs)).open()?;
    let mut edges = input.edges();
    let _pwm = gpio.pwm(22).frequency(50.0).initial(0.25).open()?;
    let edges: Vec<_> = edges.by_ref().take(20).collect();
    for pair in edges.windows(2) {
        let time = if pair[0].level == Level::High { ms(5) } else { ms(15) };
        assert_eq!((pair[1].at - pair[0].at, pair[1].level), (time, !pair[0].level));
    }
    Ok(())
}
