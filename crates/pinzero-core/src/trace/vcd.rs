//! Writes a trace as a VCD file: IEEE 1364, with the strings of GTKWave.

use std::io::{self, BufWriter, Write};

use super::log::Snapshot;
use super::{ChangeKind, Signal};

/// In nanoseconds.
const MICROSECOND: u64 = 1_000;

/// The variables of a lane.
struct Variables {
    /// The last value written of each, so that only changes are.
    wire: char,
    duty: Option<f64>,
    hertz: Option<f64>,
    /// The codes of wire, duty cycle, frequency and events.
    codes: [String; 4],
}

/// Writes a snapshot. The file has a scope `pinzero` with the lines in their order.
pub(super) fn write(snapshot: &Snapshot, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let scale = scale(snapshot);
    let (number, unit) = unit(scale);
    writeln!(out, "$version pinzero $end\n$timescale {number} {unit} $end\n$scope module pinzero $end")?;
    let mut lanes: Vec<Variables> = (0..snapshot.lanes.len()).map(Variables::new).collect();
    let (has_pwm, has_events) = features(snapshot);
    for place in snapshot.order() {
        let name = identifier(&snapshot.lanes[place].name());
        let [wire, duty, hertz, events] = &lanes[place].codes;
        writeln!(out, "$var wire 1 {wire} {name} $end")?;
        if has_pwm[place] {
            writeln!(out, "$var real 64 {duty} {name}_duty $end\n$var real 64 {hertz} {name}_hertz $end")?;
        }
        if has_events[place] {
            writeln!(out, "$var string 1 {events} {name}_events $end")?;
        }
    }
    writeln!(out, "$upscope $end\n$enddefinitions $end")?;
    let mut time = snapshot.first() / scale;
    writeln!(out, "#{time}\n$dumpvars")?;
    let mut signals = Vec::new();
    for (place, lane) in snapshot.lanes.iter().enumerate() {
        signals.push(lane.before);
        if !snapshot.is_passing(lane.before, place, 0, snapshot.first()) {
            lanes[place].write(&mut out, lane.before, has_pwm[place])?;
        }
    }
    writeln!(out, "$end")?;
    for (index, record) in snapshot.records.iter().enumerate() {
        if record.at / scale != time {
            time = record.at / scale;
            writeln!(out, "#{time}")?;
        }
        let place = usize::from(record.lane);
        let kind = snapshot.kind(*record);
        if let ChangeKind::Event(name) = kind {
            writeln!(out, "s{} {}", identifier(name), lanes[place].codes[3])?;
        }
        signals[place] = kind.applied_to(signals[place]);
        if !snapshot.is_passing(signals[place], place, index + 1, record.at) {
            lanes[place].write(&mut out, signals[place], has_pwm[place])?;
        }
    }
    // So that the last levels have a length.
    let end = snapshot.length.div_ceil(scale);
    if end > time {
        writeln!(out, "#{end}")?;
    }
    out.flush()
}

impl Variables {
    fn new(place: usize) -> Variables {
        let codes = [0, 1, 2, 3].map(|variable| code(4 * place + variable));
        Variables { wire: '\0', duty: None, hertz: None, codes }
    }

    /// Writes the variables that have changed.
    fn write(&mut self, out: &mut impl Write, signal: Signal, has_pwm: bool) -> io::Result<()> {
        let [wire_code, duty_code, hertz_code, _] = &self.codes;
        let wire = match signal {
            Signal::Level(level) => char::from(b'0' + u8::from(level.is_high())),
            Signal::Pwm { .. } => 'x',
            Signal::Unknown => 'z',
        };
        if std::mem::replace(&mut self.wire, wire) != wire {
            writeln!(out, "{wire}{wire_code}")?;
        }
        if !has_pwm {
            return Ok(());
        }
        let duty = Some(signal.duty().unwrap_or(0.0));
        if let Some(value) = duty.filter(|_| self.duty != duty) {
            self.duty = duty;
            writeln!(out, "r{value} {duty_code}")?;
        }
        let hertz = match signal {
            Signal::Pwm { period, .. } => Some(crate::time::hertz(period)),
            _ => Some(0.0),
        };
        if let Some(value) = hertz.filter(|_| self.hertz != hertz) {
            self.hertz = hertz;
            writeln!(out, "r{value} {hertz_code}")?;
        }
        Ok(())
    }
}

/// Returns which lanes have PWM, and which have events.
fn features(snapshot: &Snapshot) -> (Vec<bool>, Vec<bool>) {
    let is_pwm = |signal: Signal| matches!(signal, Signal::Pwm { .. });
    let mut has_pwm: Vec<bool> = snapshot.lanes.iter().map(|lane| is_pwm(lane.before)).collect();
    let mut has_events = vec![false; snapshot.lanes.len()];
    for record in &snapshot.records {
        match snapshot.kind(*record) {
            ChangeKind::Pwm { .. } => has_pwm[usize::from(record.lane)] = true,
            ChangeKind::Event(_) => has_events[usize::from(record.lane)] = true,
            _ => {}
        }
    }
    (has_pwm, has_events)
}

/// Returns the unit, in nanoseconds: the coarsest in which all times are whole, for some readers keep a sample for each. Times of real
/// clocks have odd nanoseconds, so these are in microseconds, unless changes of a line would fall together.
fn scale(snapshot: &Snapshot) -> u64 {
    let times = || snapshot.records.iter().map(|record| record.at).chain([snapshot.first()]);
    let mut scale = 1_000_000_000;
    while scale > 1 && times().any(|at| at % scale != 0) {
        scale /= 10;
    }
    if scale < MICROSECOND && !snapshot.is_virtual && is_spaced(snapshot) { MICROSECOND } else { scale }
}

/// Returns whether the changes of each line that the file shows are in different microseconds.
fn is_spaced(snapshot: &Snapshot) -> bool {
    let mut lanes: Vec<(Signal, Option<u64>)> =
        snapshot.lanes.iter().map(|lane| (lane.before, None)).collect();
    snapshot.records.iter().enumerate().all(|(index, record)| {
        let place = usize::from(record.lane);
        let (shown, last) = &mut lanes[place];
        let signal = snapshot.kind(*record).applied_to(*shown);
        if signal == *shown || snapshot.is_passing(signal, place, index + 1, record.at) {
            return true;
        }
        *shown = signal;
        let at = Some(record.at / MICROSECOND);
        std::mem::replace(last, at) != at
    })
}

/// Returns the name of a unit of a power of ten in nanoseconds.
fn unit(scale: u64) -> (u64, &'static str) {
    match scale {
        1_000_000_000.. => (scale / 1_000_000_000, "s"),
        1_000_000.. => (scale / 1_000_000, "ms"),
        1_000.. => (scale / 1_000, "us"),
        _ => (scale, "ns"),
    }
}

/// Returns the code of a variable: its number in letters with which no value begins. Readers that skip a string have its code left, and take
/// `1a` for the value 1.
fn code(mut number: usize) -> String {
    const LETTERS: &[u8; 16] = b"acdefghijklmnopq";
    let mut code = String::new();
    loop {
        code.push(char::from(LETTERS[number % LETTERS.len()]));
        number /= LETTERS.len();
        if number == 0 {
            return code;
        }
    }
}

/// Replaces the characters that a name in such a file cannot have.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::log::Log;
    use super::*;
    use crate::time::Clock;
    use crate::types::{Level, Line};

    /// Returns the unit of a recording of a line that is opened at the first time, in nanoseconds, and toggled at the others.
    fn unit_of(changes: &[(u64, ChangeKind)]) -> u64 {
        let log = Log::new(Clock::real());
        for (at, kind) in changes {
            log.push(log.start + Duration::from_nanos(*at), Line(17), *kind);
        }
        scale(&log.snapshot())
    }

    #[test]
    fn a_recording_of_a_real_clock_is_in_microseconds_where_nothing_is_lost() {
        let [low, high] = [Level::Low, Level::High].map(ChangeKind::Driven);
        let opened = ChangeKind::Opened("Led");
        // A line opens with its level, and closes later.
        assert_eq!(
            unit_of(&[(12_345, opened), (12_345, low), (99_001, high), (103_003, ChangeKind::Closed)]),
            1_000
        );
        // A line that was open before has a stamp for each.
        assert_eq!(unit_of(&[(345, opened), (387, low), (99_001, high)]), 1_000);
        // Events are shown beside the level.
        assert_eq!(unit_of(&[(345, high), (346, ChangeKind::Event("pressed"))]), 1_000);
        // A pulse, and a level that would be gone with the line.
        assert_eq!(unit_of(&[(12_345, opened), (12_345, low), (99_001, high), (99_301, low)]), 1);
        assert_eq!(
            unit_of(&[(12_345, opened), (12_345, low), (99_001, high), (99_301, ChangeKind::Closed)]),
            1
        );
    }
}
