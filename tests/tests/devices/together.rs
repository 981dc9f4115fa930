//! Several lines at once: inputs whose edges come in one order, animations over several lines, and flexible lines.

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{AnimationEnd, Capabilities, ErrorKind, EventKind, Part, Result, Support};
use pinzero_core::{Animation, Bias, Drive, Line, LineFunction, OnClose};
use pinzero_tests::at;

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

/// Mocks with this capability of their own, and where core makes up for it.
fn with_and_without(less: impl FnOnce(&mut Capabilities)) -> [MockGpio; 2] {
    let mut capabilities = Capabilities { spi: Support::None, ..mock::gpio().capabilities() };
    less(&mut capabilities);
    [mock::gpio(), mock::builder().capabilities(capabilities).open()]
}

/// The milliseconds and levels of a line's history.
fn history(gpio: &MockGpio, line: u32) -> Vec<(Instant, Level)> {
    gpio.line(line).history().into_iter().map(|(after, level)| (Instant::ZERO + after, level)).collect()
}

fn times(turns: &[(u64, Level)]) -> Vec<(Instant, Level)> {
    turns.iter().map(|(millis, level)| (at(*millis), *level)).collect()
}

#[test]
fn edges_of_inputs_that_belong_together_come_in_one_order() -> Result<()> {
    for gpio in with_and_without(|own| own.inputs = Support::None) {
        let encoder = gpio.inputs([5, 6]).bias(Bias::PullDown).open()?;
        let mut events = encoder.events();
        for step in 0..8 {
            gpio.line(5).script([(ms(step * 4 + 1), Level::from(step % 2 == 0))]);
            gpio.line(6).script([(ms(step * 4 + 2), Level::from(step % 2 == 0))]);
            gpio.advance(ms(4));
            gpio.line(5).release();
            gpio.line(6).release();
        }
        let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|told| told.index).collect();
        assert_eq!(told[..4], [0, 1, 0, 1], "{told:?}");
    }
    Ok(())
}

#[test]
fn inputs_that_belong_together_debounce_and_hold_each_for_itself() -> Result<()> {
    let gpio = mock::gpio();
    let pads = gpio.inputs([5, 6]).bias(Bias::PullDown).settle(ms(5)).hold(ms(50)).open()?;
    let mut events = pads.events();
    gpio.line(5).script([(ms(1), HIGH), (ms(2), LOW), (ms(3), HIGH)]);
    gpio.line(6).script([(ms(4), HIGH), (ms(20), LOW)]);
    gpio.advance(ms(100));
    let told: Vec<_> = std::iter::from_fn(|| events.try_next())
        .map(|told| (told.index, told.event.kind, told.event.at))
        .collect();
    let wanted = [
        (0, EventKind::Activated, at(8)),
        (1, EventKind::Activated, at(9)),
        (1, EventKind::Deactivated, at(25)),
        (0, EventKind::Held, at(58)),
    ];
    assert_eq!(told, wanted);
    assert!(pads.inputs()[0].is_held() && !pads.inputs()[1].is_held());
    Ok(())
}

#[test]
fn inputs_that_belong_together_close_as_one_and_with_the_last_handle() -> Result<()> {
    for gpio in with_and_without(|own| own.inputs = Support::None) {
        let inputs = gpio.inputs([5, 6]).open()?;
        let single = inputs.inputs().swap_remove(1);
        drop(inputs);
        assert_eq!(single.level()?, gpio.line(6).level());
        assert_eq!(gpio.output(5).open().unwrap_err().kind(), ErrorKind::PinInUse);
        drop(single);
        gpio.output(5).open()?.close()?;
        let inputs = gpio.inputs([5, 6]).open()?;
        let lines = inputs.inputs();
        lines[0].close()?;
        assert!(lines[1].is_closed() && inputs.is_closed());
        assert_eq!(inputs.levels().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(lines[1].level().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(inputs.events().next(), None);
    }
    Ok(())
}

#[test]
fn inputs_that_belong_together_tell_their_lines_and_levels() -> Result<()> {
    for gpio in with_and_without(|own| own.inputs = Support::None) {
        let inputs = gpio.inputs([6, 5]).bias(Bias::PullDown).open()?;
        assert_eq!((inputs.lines(), inputs.levels()?), (&[Line(6), Line(5)][..], 0b00));
        gpio.line(5).drive(HIGH);
        assert_eq!(inputs.levels()?, 0b10);
        inputs.close()?;
        inputs.gpio().output(5).open()?.close()?;
    }
    Ok(())
}

#[test]
fn inputs_that_belong_together_are_1_to_64_different_pins() {
    let gpio = mock::gpio();
    let none: [u32; 0] = [];
    assert_eq!(gpio.inputs(none).open().unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(gpio.inputs([5, 5]).open().unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(gpio.inputs([5, 99]).open().unwrap_err().kind(), ErrorKind::UnknownPin);
    assert!(gpio.input(5).open().is_ok(), "the free line stays free");
}

#[test]
fn an_animation_of_several_lines_moves_them_together_with_each_its_own_active_level() -> Result<()> {
    let gpio = mock::gpio();
    let lamps = [(17, HIGH), (27, LOW)];
    let outputs = lamps
        .iter()
        .map(|(line, active)| gpio.output(*line).initial(!*active).open())
        .collect::<Result<Vec<_>>>()?;
    let before = history(&gpio, 27).len();
    let parts = outputs.iter().zip(lamps).map(|(output, (_, active))| output.part(active));
    Animation::start(parts, Blink::new(ms(10), ms(20)).times(2))?.wait()?;
    assert_eq!(history(&gpio, 17), times(&[(0, HIGH), (10, LOW), (30, HIGH), (40, LOW)]));
    let inverted = history(&gpio, 27).split_off(before);
    assert_eq!(inverted, times(&[(0, LOW), (10, HIGH), (30, LOW), (40, HIGH)]));
    Ok(())
}

#[test]
fn a_line_that_is_written_leaves_its_animation_and_the_others_go_on() -> Result<()> {
    for gpio in with_and_without(|own| own.group = Support::None) {
        let group = gpio.group([17, 27, 22]).open()?;
        let members = group.outputs();
        let blink = group.blink(Blink::new(ms(10), ms(10)).times(3), HIGH)?;
        gpio.advance(ms(5));
        members[1].set(LOW)?;
        blink.wait()?;
        assert_eq!(history(&gpio, 27), times(&[(0, HIGH), (5, LOW)]));
        let all = [(0, HIGH), (10, LOW), (20, HIGH), (30, LOW), (40, HIGH), (50, LOW)];
        for line in [17, 22] {
            assert_eq!(history(&gpio, line), times(&all));
        }
        // An animation without a line is over; one that has lost its only line to another as well.
        let first = group.blink(Blink::new(ms(10), ms(10)), HIGH)?;
        let second = members[0].blink(Blink::new(ms(10), ms(10)), HIGH)?;
        assert!(first.is_running() && second.is_running());
        group.set_masked(0b110, 0)?;
        assert!(!first.is_running() && second.is_running());
        group.set(0)?;
        assert!(!second.is_running());
    }
    Ok(())
}

#[test]
fn parts_written_together_change_in_one_instant_and_leave_their_animation() -> Result<()> {
    let gpio = mock::gpio();
    let lamps = gpio.group([17, 27, 22]).open()?.outputs();
    let dimmer = gpio.pwm(18).open()?;
    let mut parts: Vec<Part> = lamps.iter().map(|lamp| lamp.part(Level::Low)).collect();
    parts.push(dimmer.part(Level::High));
    let blink = Animation::start(parts[..2].iter().cloned(), Blink::new(ms(10), ms(10)))?;
    let write = |values: [f64; 4]| Part::write_together(&parts.iter().zip(values).collect::<Vec<_>>());
    write([1.0, 0.0, 1.0, 0.25])?;
    assert_eq!((blink.wait()?, dimmer.duty()), (AnimationEnd::Stopped, 0.25));
    for wrong in [[0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.5]] {
        assert_eq!(write(wrong).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!([17, 27, 22].map(|pin| gpio.line(pin).level()), [Level::Low, Level::High, Level::Low]);
    Ok(())
}

#[test]
fn lines_of_a_group_change_in_one_instant_at_each_step_of_an_animation() -> Result<()> {
    let gpios = with_and_without(|own| own.group = Support::None);
    for (gpio, in_one_instant) in gpios.into_iter().zip([true, false]) {
        let group = gpio.group(4..12u32).initial(0b1010_1010).open()?;
        // The legs of a bridge are lines of either half, and swap: if they do not change together, both are on in between.
        let bridges = [(4, 11), (5, 10), (6, 9), (7, 8)].map(|(one, other)| gpio.motor(one, other));
        let outputs = group.outputs();
        let actives = [HIGH, LOW].into_iter().cycle();
        let parts: Vec<Part> =
            outputs.iter().zip(actives).map(|(output, active)| output.part(active)).collect();
        Animation::start(parts.iter().cloned(), Blink::new(ms(10), ms(10)).times(2))?.wait()?;
        for value in [1.0, 0.0] {
            Part::write_together(&parts.iter().map(|part| (part, value)).collect::<Vec<_>>())?;
        }
        assert!((4..12).all(|line| history(&gpio, line).len() >= 6));
        let conflicts = bridges.iter().map(|bridge| bridge.conflicts() > 0).collect::<Vec<_>>();
        assert_eq!(conflicts, [!in_one_instant; 4]);
    }
    Ok(())
}

#[test]
fn an_animation_has_lines_of_one_factory_and_one_at_least() -> Result<()> {
    let (gpio, other) = (mock::gpio(), mock::gpio());
    let lines = [gpio.output(17).open()?, other.output(17).open()?];
    let plan = Blink::new(ms(10), ms(10));
    let parts = lines.iter().map(|line| line.part(HIGH));
    assert_eq!(Animation::start(parts, plan).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(Animation::start([], plan).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(lines[0].last(), LOW, "neither has been written");
    Ok(())
}

#[test]
fn a_member_of_a_group_keeps_the_group_open() -> Result<()> {
    let gpio = mock::gpio();
    let member = gpio.group([17, 27]).initial(0b11).on_close(OnClose::Low).open()?.outputs().swap_remove(0);
    assert_eq!(gpio.line(27).level(), HIGH);
    drop(member);
    assert_eq!(gpio.line(27).level(), LOW);
    gpio.output(17).open()?.close()
}

#[test]
fn a_line_turns_round_without_a_level_in_between() -> Result<()> {
    let gpio = mock::gpio();
    let data = gpio.flex(4).start(Drive::Output(LOW)).open()?;
    assert_eq!(data.drive(), Drive::Output(LOW));
    gpio.advance(ms(18));
    data.turn(Drive::Input(Bias::PullUp))?;
    assert_eq!((data.level()?, gpio.line(4).function()), (HIGH, LineFunction::Input));
    gpio.advance(ms(2));
    data.turn(Drive::Output(HIGH))?;
    gpio.advance(ms(1));
    data.turn(Drive::Output(LOW))?;
    assert_eq!(history(&gpio, 4), times(&[(0, LOW), (18, HIGH), (21, LOW)]));
    assert_eq!(gpio.line_info(4)?.function, Some(LineFunction::Output));
    assert_eq!(gpio.output(4).open().unwrap_err().kind(), ErrorKind::PinInUse);
    data.close()?;
    assert_eq!(data.turn(Drive::Output(LOW)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(data.line(), Line(4));
    Ok(())
}

#[test]
fn a_flexible_line_tells_of_edges_only_while_it_listens() -> Result<()> {
    let gpio = mock::gpio();
    let data = gpio.flex(17).start(Drive::Output(LOW)).open()?;
    let mut edges = data.edges();
    data.turn(Drive::Output(HIGH))?;
    data.turn(Drive::Output(LOW))?;
    data.turn(Drive::Input(Bias::PullDown))?;
    gpio.line(17).script([(ms(1), HIGH), (ms(2), LOW)]);
    gpio.advance(ms(3));
    gpio.line(17).release();
    data.turn(Drive::Output(HIGH))?;
    data.close()?;
    let told: Vec<_> = edges.by_ref().map(|edge| (edge.at, edge.level)).collect();
    assert_eq!(told, times(&[(1, HIGH), (2, LOW)]));
    Ok(())
}

#[test]
fn a_flexible_line_carries_pulses_and_stops_them_when_it_turns() -> Result<()> {
    for gpio in with_and_without(|own| own.pwm = Support::None) {
        let is_native = gpio.capabilities().pwm == Support::Native;
        let line = gpio.flex(17).start(Drive::Output(LOW)).open()?;
        line.turn(Drive::Pwm { period: ms(10), pulse: ms(3) })?;
        gpio.advance(ms(40));
        if is_native {
            assert_eq!(gpio.line(17).function(), LineFunction::Pwm);
        } else {
            assert_eq!(history(&gpio, 17)[..3], times(&[(0, HIGH), (3, LOW), (10, HIGH)]));
        }
        line.turn(Drive::Output(HIGH))?;
        let count = history(&gpio, 17).len();
        gpio.advance(ms(40));
        assert_eq!((history(&gpio, 17).len(), line.level()?), (count, HIGH));
        let impossible = line.turn(Drive::Pwm { period: ms(10), pulse: ms(11) });
        assert_eq!(impossible.unwrap_err().kind(), ErrorKind::InvalidValue);
        assert_eq!(line.drive(), Drive::Output(HIGH));
    }
    Ok(())
}

#[test]
fn a_line_cannot_turn_round_where_the_factory_cannot() {
    let [_, gpio] = with_and_without(|own| own.flex = Support::None);
    assert_eq!(gpio.flex(4).open().unwrap_err().kind(), ErrorKind::Unsupported);
    let pwm = mock::gpio().flex(4).start(Drive::Pwm { period: ms(10), pulse: ms(3) }).open();
    assert_eq!(pwm.unwrap_err().kind(), ErrorKind::InvalidValue);
}

#[test]
fn a_closed_factory_opens_no_inputs() -> Result<()> {
    let gpio = mock::gpio();
    gpio.close()?;
    let closed = gpio.inputs([4, 5]).open().unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
    assert!(closed.to_string().contains("the factory is closed"), "{closed}");
    Ok(())
}

#[test]
fn a_line_has_one_part_in_an_animation() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = gpio.output(17).open()?;
    let twice = Animation::start([lamp.part(Level::High), lamp.part(Level::High)], Blink::new(ms(1), ms(1)));
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(gpio.line(17).history(), []);
    Ok(())
}
