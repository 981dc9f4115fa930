//! Devices with a state of their own, written elsewhere: what runs a machine, in which order, and until when.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pinzero::board::Board;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{
    Bias, Drive, Edge, Effects, ErrorKind, Line, Machine, MachineRef, PulseCounter, Result, Running,
};
use pinzero_tests::{Log, at, block_on, eventually, poll, without_hanging};

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

/// What a machine was called with.
#[derive(Debug, Clone, PartialEq)]
enum Call {
    Edge(usize, Instant, Level, u32),
    Expire(Instant),
    End,
}

/// A machine that writes down its calls, and has the deadlines that it is given.
#[derive(Debug)]
struct Recorder {
    calls: Log<Call>,
    deadlines: Vec<Instant>,
    edges: u64,
}

impl Recorder {
    fn new(calls: &Log<Call>, deadlines: impl IntoIterator<Item = u64>) -> Self {
        Recorder { calls: calls.clone(), deadlines: deadlines.into_iter().map(at).collect(), edges: 0 }
    }
}

impl Machine for Recorder {
    type Event = Event;

    fn edge(&mut self, line: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.calls.push(Call::Edge(line, edge.at, edge.level, edge.missed));
        self.edges += 1;
        let kind = if edge.level == HIGH { EventKind::Activated } else { EventKind::Deactivated };
        effects.emit(Event::new(kind, edge.at));
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.calls.push(Call::Expire(at));
        assert_eq!(effects.now(), at, "virtual time is never late");
        self.deadlines.retain(|deadline| *deadline != at);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadlines.iter().min().copied()
    }

    fn end(&mut self) {
        self.calls.push(Call::End);
    }
}

/// A recorder on the inputs 4 and 17 and the flexible line 27.
fn recorder(gpio: &MockGpio, calls: &Log<Call>, deadlines: &[u64]) -> Result<Running<Recorder>> {
    let inputs = gpio.inputs([4, 17]).bias(Bias::PullDown).open()?;
    let flex = gpio.flex(27).start(Drive::Input(Bias::PullDown)).open()?;
    let machine = gpio.machine("Recorder").inputs(inputs).flex(flex);
    machine.start(|_, _| Recorder::new(calls, deadlines.iter().copied()))
}

fn is_end(call: &Call) -> bool {
    *call == Call::End
}

#[test]
fn edges_and_deadlines_come_in_their_order() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let machine = recorder(&gpio, &calls, &[5, 10, 15, 35, 36])?;
    assert_eq!(machine.lines(), [4, 17, 27].map(Line));
    gpio.line(27).script([(ms(10), HIGH), (ms(30), LOW)]);
    gpio.line(4).script([(ms(20), HIGH), (ms(31), LOW)]);
    gpio.line(17).script([(ms(7), HIGH), (ms(35), LOW)]);
    gpio.advance(secs(1));
    assert_eq!(
        calls.take(),
        [
            Call::Expire(at(5)),
            Call::Edge(1, at(7), HIGH, 0),
            // A deadline comes before an edge of that time.
            Call::Expire(at(10)),
            Call::Edge(2, at(10), HIGH, 0),
            Call::Expire(at(15)),
            Call::Edge(0, at(20), HIGH, 0),
            Call::Edge(2, at(30), LOW, 0),
            Call::Edge(0, at(31), LOW, 0),
            Call::Expire(at(35)),
            Call::Edge(1, at(35), LOW, 0),
            Call::Expire(at(36)),
        ]
    );
    Ok(())
}

#[test]
fn a_machine_starts_with_the_levels_of_its_inputs() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    gpio.line(17).drive(HIGH);
    gpio.advance(ms(3));
    let inputs = gpio.inputs([4, 17]).bias(Bias::PullDown).open()?;
    let mut found = None;
    let running = gpio.machine("Recorder").inputs(inputs).start(|now, levels| {
        found = Some((now, levels));
        Recorder::new(&calls, [])
    })?;
    assert_eq!(found, Some((at(3), 0b10)));
    gpio.line(17).drive(LOW);
    assert_eq!(calls.take(), [Call::Edge(1, at(3), LOW, 0)]);
    drop(running);
    Ok(())
}

#[test]
fn lost_edges_are_counted_and_the_level_is_right() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let _machine = recorder(&gpio, &calls, &[])?;
    for pin in [4, 27] {
        gpio.line(pin).lose(2);
        gpio.line(pin).script([(ms(1), HIGH), (ms(2), LOW), (ms(3), HIGH)]);
    }
    gpio.advance(ms(10));
    assert_eq!(calls.take(), [Call::Edge(0, at(3), HIGH, 2), Call::Edge(2, at(3), HIGH, 2)]);
    Ok(())
}

#[test]
fn a_change_moves_the_deadline() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let machine = recorder(&gpio, &calls, &[])?;
    let set = |deadline| {
        machine.change(|recorder, effects| {
            assert_eq!(effects.now(), gpio.now());
            recorder.deadlines = vec![at(deadline)];
            Ok(())
        })
    };
    set(50)?;
    set(20)?;
    gpio.advance(ms(30));
    set(40)?;
    set(60)?;
    gpio.advance(secs(1));
    assert_eq!(calls.take(), [Call::Expire(at(20)), Call::Expire(at(60))]);
    // No deadline at all.
    machine.change(|recorder, effects| {
        recorder.deadlines = vec![effects.now() + ms(1)];
        Ok(())
    })?;
    machine.change(|recorder, _| {
        recorder.deadlines.clear();
        Ok(())
    })?;
    gpio.advance(secs(1));
    assert_eq!(calls.take(), []);
    Ok(())
}

#[test]
fn a_change_that_fails_returns_its_error_and_its_events_come() -> Result<()> {
    let (gpio, calls, log) = (mock::gpio(), Log::new(), Log::new());
    let machine = recorder(&gpio, &calls, &[])?;
    let seen = log.clone();
    machine.on(EventKind::Held, move |event| seen.push(event.kind));
    let changed: Result<()> = machine.change(|recorder, effects| {
        recorder.edges = 7;
        effects.emit(Event::new(EventKind::Held, effects.now()));
        effects.write(1, 1)
    });
    let error = changed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("output"), "{error}");
    let error = machine.change(|_, effects| effects.turn(1, Drive::Output(LOW))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!((log.take(), machine.look(|recorder| recorder.edges)?), (vec![EventKind::Held], 7));
    machine.change(|_, effects| effects.turn(0, Drive::Output(HIGH)))?;
    assert_eq!(gpio.line(27).level(), HIGH);
    Ok(())
}

#[test]
fn handlers_may_look_change_and_close() -> Result<()> {
    let (gpio, calls, log) = (mock::gpio(), Log::new(), Log::new());
    let machine = recorder(&gpio, &calls, &[])?;
    let (clone, seen) = (machine.clone(), log.clone());
    machine.on(EventKind::Activated, move |event| {
        let edges = clone.look(|recorder| recorder.edges)?;
        clone.change(|recorder, effects| {
            recorder.deadlines = vec![effects.now() + ms(5)];
            effects.emit(Event::new(EventKind::Clicked, event.at));
            Ok(())
        })?;
        seen.push(edges);
        Ok::<_, Error>(())
    });
    let (clone, seen) = (machine.clone(), log.clone());
    machine.on(EventKind::Clicked, move |_| {
        seen.push(100);
        clone.close()
    });
    let mut events = machine.events();
    gpio.line(4).script([(ms(1), HIGH), (ms(2), LOW), (ms(3), HIGH)]);
    gpio.advance(secs(1));
    assert_eq!(log.take(), [1, 100]);
    assert_eq!(
        calls.take().into_iter().filter(|call| !is_end(call)).count(),
        1,
        "no deadline after the close"
    );
    // What was emitted before the close is still there.
    let kinds: Vec<_> = events.by_ref().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Activated, EventKind::Clicked]);
    assert!(machine.is_closed());
    Ok(())
}

/// Whatever ends the device, the machine hears of that, and of nothing else after that.
#[test]
fn a_machine_ends_with_its_device() -> Result<()> {
    let ways: [(&str, fn(&MockGpio, &mut Vec<Running<Recorder>>) -> Result<()>); 5] = [
        ("close", |_, handles| handles[0].close()),
        ("close twice", |_, handles| handles[0].close().and_then(|()| handles[1].close())),
        ("the last drop", |_, handles| {
            handles.clear();
            Ok(())
        }),
        ("close of the factory", |gpio, _| gpio.close()),
        ("close of a pin", |gpio, _| gpio.close_pins([27])),
    ];
    for (way, end) in ways {
        let (gpio, calls) = (mock::gpio(), Log::new());
        let machine = recorder(&gpio, &calls, &[10, 20, 30])?;
        let mut events = machine.events();
        let mut handles = vec![machine.clone(), machine];
        gpio.line(4).script([(ms(12), HIGH), (ms(22), LOW)]);
        gpio.advance(ms(15));
        assert_eq!(calls.take(), [Call::Expire(at(10)), Call::Edge(0, at(12), HIGH, 0)]);
        end(&gpio, &mut handles)?;
        gpio.advance(secs(1));
        let calls = calls.take();
        assert!(!calls.is_empty() && calls.iter().all(is_end), "{way}: {calls:?}");
        assert_eq!(events.by_ref().count(), 1, "{way}");
        for machine in &handles {
            assert!(machine.is_closed(), "{way}");
            let kind = |error: Error| error.kind();
            assert_eq!(machine.look(|_| ()).map_err(kind), Err(ErrorKind::Closed), "{way}");
            assert_eq!(machine.change(|_, _| Ok(())).map_err(kind), Err(ErrorKind::Closed), "{way}");
            let waited = machine.wait_until(Some(ms(1)), |_| Some(()));
            assert_eq!(waited.map_err(kind), Err(ErrorKind::Closed), "{way}");
            assert_eq!(machine.peek(|recorder| recorder.edges), Some(1), "{way}");
            assert!(format!("{machine:?}").starts_with("Running(Recorder"), "{machine:?}");
            machine.close()?;
        }
        if way != "close of the factory" {
            for pin in [4, 17, 27] {
                handles.iter().try_for_each(Running::close)?;
                gpio.input(pin).open()?.close()?;
            }
        }
    }
    Ok(())
}

#[test]
fn waits_end_by_the_close() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let machine = recorder(&gpio, &calls, &[])?;
    let clone = machine.clone();
    gpio.after(ms(30), move || clone.close())?;
    gpio.line(4).script([(ms(10), HIGH)]);
    let edges = |count| move |recorder: &Recorder| (recorder.edges == count).then_some(count);
    assert_eq!(machine.wait_until(None, edges(0))?, Some(0));
    assert_eq!(machine.wait_until(Some(ms(5)), edges(1))?, None);
    assert_eq!(gpio.elapsed(), ms(5));
    assert_eq!(block_on(machine.until(edges(1)))?, 1);
    assert_eq!(gpio.elapsed(), ms(10));
    assert_eq!(machine.wait_until(None, edges(2)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.elapsed(), ms(30));
    assert_eq!(block_on(machine.until(edges(2))).unwrap_err().kind(), ErrorKind::Closed);

    let gpio = mock::builder().time_by_hand().open();
    let machine = recorder(&gpio, &calls, &[])?;
    let mut wait = pin!(machine.until(edges(1)));
    assert!(poll(&mut wait).is_pending());
    gpio.line(4).drive(HIGH);
    assert!(poll(&mut wait).is_ready());
    let mut wait = pin!(machine.until(edges(2)));
    assert!(poll(&mut wait).is_pending());
    machine.close()?;
    assert!(poll(&mut wait).is_ready());
    Ok(())
}

/// A machine that fails at each high level, before and after a write.
#[derive(Debug)]
struct Failing;

impl Machine for Failing {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        effects.write(0b11, u64::from(edge.level.is_high()) * 0b11)?;
        effects.emit(Event::new(EventKind::Activated, edge.at));
        if edge.level == HIGH { Err(Error::new(ErrorKind::Io, "too bright")) } else { Ok(()) }
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

#[test]
fn an_error_of_a_step_is_told_once_and_the_machine_goes_on() -> Result<()> {
    let (gpio, errors) = (mock::gpio(), Log::new());
    let told = errors.clone();
    gpio.on_error(move |error| told.push(error.to_string()));
    let inputs = gpio.inputs([4]).bias(Bias::PullDown).open()?;
    let (group, single) = (gpio.group([22]).open()?, gpio.output(23).open()?);
    let machine = gpio.machine("Eye").inputs(inputs).outputs(group).output(single).start(|_, _| Failing)?;
    assert_eq!(machine.lines(), [4, 22, 23].map(Line));
    let events = machine.events();
    for _ in 0..2 {
        gpio.line(4).drive(HIGH);
        assert_eq!((gpio.line(22).level(), gpio.line(23).level()), (HIGH, HIGH));
        let errors = errors.take();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains("Eye") && errors[0].contains("too bright"), "{errors:?}");
        gpio.line(4).drive(LOW);
        assert_eq!((gpio.line(22).level(), gpio.line(23).level()), (LOW, LOW));
    }
    assert_eq!(errors.take(), [] as [String; 0]);
    machine.close()?;
    assert_eq!(events.count(), 4, "the events of a step that fails come, too");
    Ok(())
}

/// The machines that share a lamp: one at a time.
#[derive(Debug, Default)]
struct Lamp(Mutex<(Option<MachineRef>, Option<MachineRef>)>);

/// Takes the lamp at its time, or when it is free.
#[derive(Debug)]
struct Taker {
    lamp: Arc<Lamp>,
    wants_at: Option<Instant>,
    took: Log<Instant>,
    this: Option<MachineRef>,
}

impl Machine for Taker {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        // A finger on the button lets the lamp go.
        let mut lamp = self.lamp.0.lock().unwrap_or_else(PoisonError::into_inner);
        if edge.level == HIGH && lamp.0.as_ref() == Some(effects.this()) {
            let next = lamp.1.take();
            next.iter().for_each(MachineRef::reschedule);
            lamp.0 = next;
        }
        Ok(())
    }

    fn expire(&mut self, _: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        let this = effects.this().clone();
        let mut lamp = self.lamp.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.wants_at = None;
        if lamp.0.is_none() || lamp.0.as_ref() == Some(&this) {
            lamp.0 = Some(this);
            self.this = None;
            self.took.push(effects.now());
        } else {
            lamp.1 = Some(this.clone());
            self.this = Some(this);
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let lamp = self.lamp.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = self.this.is_some() && lamp.0 == self.this;
        self.wants_at.or(is_free.then_some(Instant::ZERO))
    }
}

#[test]
fn a_machine_wakes_another() -> Result<()> {
    for is_same_factory in [true, false] {
        let one = mock::gpio();
        let other = if is_same_factory { one.clone() } else { mock::gpio() };
        let lamp = Arc::<Lamp>::default();
        let logs = [Log::new(), Log::new()];
        let start = |gpio: &MockGpio, pin: u32, wants: u64, log: &Log<Instant>| {
            let taker =
                Taker { lamp: lamp.clone(), wants_at: Some(at(wants)), took: log.clone(), this: None };
            let inputs = gpio.inputs([pin]).bias(Bias::PullDown).open()?;
            gpio.machine("Taker").inputs(inputs).start(|_, _| taker)
        };
        let _first = start(&one, 4, 10, &logs[0])?;
        let _second = start(&other, 5, 20, &logs[1])?;
        one.advance(ms(30));
        other.advance(ms(30).saturating_sub(other.elapsed()));
        assert_eq!((logs[0].take(), logs[1].take()), (vec![at(10)], vec![]));
        one.line(4).script([(ms(5), HIGH)]);
        one.advance(ms(10));
        other.advance(ms(40).saturating_sub(other.elapsed()));
        let took = logs[1].take();
        // The other factory's clock stood at 30 ms.
        assert_eq!(took, [at(if is_same_factory { 35 } else { 30 })]);
    }
    Ok(())
}

#[test]
fn a_machine_without_lines_lives_on_the_clock_and_ends_with_its_factory() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let start = || gpio.machine("Clock").start(|_, _| Recorder::new(&calls, [10, 20]));
    let (one, other) = (start()?, start()?);
    gpio.advance(ms(15));
    assert_eq!(calls.take(), [Call::Expire(at(10)), Call::Expire(at(10))]);
    other.close()?;
    gpio.advance(ms(10));
    assert_eq!(calls.take().iter().filter(|call| !is_end(call)).count(), 1);
    assert!(!one.is_closed() && other.is_closed() && one.lines().is_empty());
    let events = one.events();
    gpio.close()?;
    assert!(one.is_closed() && events.count() == 0);
    assert_eq!(one.look(|_| ()).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(start().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_machine_needs_its_lines_open() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let flex = gpio.flex(4).open()?;
    flex.close()?;
    let error = gpio.machine("Eye").flex(flex).start(|_, _| Recorder::new(&calls, [10])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let flex = gpio.flex(4).open()?;
    gpio.close()?;
    let error = gpio.machine("Eye").flex(flex).start(|_, _| Recorder::new(&calls, [10])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(calls.take().iter().all(is_end));
    Ok(())
}

#[test]
fn lines_feed_one_machine() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let (inputs, flex) = (gpio.inputs([20]).open()?, gpio.flex(4).open()?);
    let builder = gpio.machine("One").inputs(inputs.clone()).flex(flex.clone());
    let _one = builder.start(|_, _| Recorder::new(&calls, [10]))?;
    for other in [gpio.machine("Other").inputs(inputs), gpio.machine("Other").flex(flex)] {
        let error = other.start(|_, _| Recorder::new(&calls, [10])).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains("already"), "{error}");
    }
    Ok(())
}

#[test]
fn a_handler_that_panics_stops_nothing() -> Result<()> {
    let (gpio, calls) = (mock::gpio(), Log::new());
    let machine = recorder(&gpio, &calls, &[])?;
    machine.on(EventKind::Activated, |_| -> Result<()> { panic!("on purpose") });
    gpio.line(4).script([(ms(1), HIGH), (ms(2), LOW), (ms(3), HIGH)]);
    gpio.advance(ms(10));
    assert_eq!((machine.look(|recorder| recorder.edges)?, gpio.panics()), (3, 2));
    Ok(())
}

/// A hundred and seventy devices on two hundred and forty lines: two threads, in real time.
#[test]
fn many_devices_share_two_threads() {
    without_hanging(|| -> Result<()> {
        let gpio = mock::builder().board(Board::generic(256)).realtime().open();
        let line = Line;
        let encoders: Vec<_> = (0..50)
            .map(|index| RotaryEncoder::builder(line(2 * index), line(2 * index + 1)).gpio(&gpio).open())
            .collect::<Result<_>>()?;
        let rooms: Vec<_> = (0..20).map(|index| gpio.echo(line(100 + index), line(120 + index))).collect();
        rooms.iter().for_each(|room| room.set_distance(0.2));
        let sensors: Vec<_> = (0..20)
            .map(|index| {
                let sensor = DistanceSensor::builder(line(120 + index), line(100 + index));
                sensor.queue_len(1).gpio(&gpio).open()
            })
            .collect::<Result<_>>()?;
        let smoothed: Vec<_> = (0..100)
            .map(|index| MotionSensor::builder(line(140 + index)).sample_rate(100.0).gpio(&gpio).open())
            .collect::<Result<_>>()?;
        let counter = PulseCounter::builder(line(255)).gpio(&gpio).open()?;
        for index in 0..50 {
            gpio.encoder(line(2 * index), line(2 * index + 1)).turn(3, ms(8));
        }
        (0..100).for_each(|index| gpio.line(line(140 + index)).drive(HIGH));
        gpio.line(line(255)).drive(HIGH);
        for encoder in &encoders {
            eventually("each knob is turned", || encoder.steps().is_ok_and(|steps| steps == 3));
        }
        smoothed.iter().try_for_each(|sensor| sensor.wait_for_motion())?;
        for sensor in &sensors {
            // Each gets its turn, at least once in a round of 20. A sensor that hears nothing is out of range.
            sensor.wait_for_in_range()?;
        }
        assert_eq!(gpio.threads(), 2);
        assert!(!counter.is_closed());
        gpio.close()
    })
    .unwrap();
}

/// Closes machines while edges come, on several threads.
#[test]
fn a_close_in_the_middle_of_edges_ends_all_steps() {
    without_hanging(|| -> Result<()> {
        for _ in 0..10 {
            let (gpio, calls) = (mock::builder().realtime().open(), Log::new());
            let inputs = gpio.inputs([4, 17]).bias(Bias::PullDown).open()?;
            let machine = gpio.machine("Recorder").inputs(inputs).start(|_, _| Recorder::new(&calls, []))?;
            std::thread::scope(|scope| {
                let storm = scope.spawn(|| {
                    while !machine.is_closed() {
                        gpio.line(4).drive(HIGH);
                        gpio.line(17).drive(HIGH);
                        gpio.line(4).drive(LOW);
                        gpio.line(17).drive(LOW);
                    }
                });
                eventually("edges come", || machine.peek(|recorder| recorder.edges > 20) == Some(true));
                machine.close()?;
                let edges = machine.peek(|recorder| recorder.edges);
                storm.join().unwrap();
                std::thread::sleep(Duration::from_millis(1));
                assert_eq!(machine.peek(|recorder| recorder.edges), edges);
                let last = calls.take().into_iter().rev().find(|call| !is_end(call));
                let ended = matches!(last, Some(Call::Edge(..)));
                assert!(ended);
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    })
    .unwrap();
}
