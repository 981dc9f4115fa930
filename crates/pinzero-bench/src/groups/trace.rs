//! Records a million changes and writes them, and measures what a running trace adds to a write.

use std::hint::black_box;
use std::io;
use std::time::Instant;

use pinzero::trace::{self, Trace};
use pinzero::{Gpio, Led};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::least::LeastFactory;
use crate::process;
use crate::row::Target;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("untraced-set", |times| set(&Recorded::new(false), times)),
    ("traced-set", |times| set(&Recorded::new(true), times)),
    ("trace-vcd", vcd),
];

const MILLION: u64 = 1_000_000;

/// How many instructions a recorded write may take, and how many the writing of a change.
const MOST_TO_RECORD: Target = Target::Most(400.0);
const MOST_TO_WRITE: Target = Target::Most(1_000.0);

/// How long a million changes may take, recorded and written, in seconds; and the bytes that one may take.
const LONGEST: Target = Target::Most(2.0);
const LARGEST: Target = Target::Most(32.0);

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let without = count::instructions("untraced-set")?;
    let with = count::instructions("traced-set")?;
    let against = Some(("without a trace", without));
    let what = "`Led::on`, `off` on the least backend, recorded";
    bench.counted(what, with, against, "instructions", MOST_TO_RECORD);
    let written = count::instructions("trace-vcd")? - with;
    bench.counted("a change, written as VCD", written, None, "instructions", MOST_TO_WRITE);
    let recorded = Recorded::new(true);
    let before = process::memory()?;
    let start = Instant::now();
    set(&recorded, MILLION);
    let bytes = process::memory()?.saturating_sub(before) as f64 / MILLION as f64;
    recorded.write();
    let seconds = start.elapsed().as_secs_f64();
    bench.counted("a change in a trace of a million", bytes, None, "bytes", LARGEST);
    if !bench.is_short {
        bench.timed("a million changes, recorded and written as VCD", seconds, None, "s", LONGEST);
    }
    Ok(())
}

/// A LED on the least backend, and perhaps a trace.
struct Recorded {
    led: Led,
    trace: Option<Trace>,
}

impl Recorded {
    fn new(is_traced: bool) -> Recorded {
        let gpio = Gpio::new(LeastFactory).unwrap_or_else(|error| panic!("{error}"));
        let led = Led::builder(17).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
        Recorded { led, trace: is_traced.then(|| trace::record(&gpio)) }
    }

    fn write(&self) {
        if let Some(trace) = &self.trace {
            trace.write_vcd(io::sink()).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

fn set(recorded: &Recorded, times: u64) {
    for _ in 0..times / 2 {
        let _ = black_box(recorded.led.on());
        let _ = black_box(recorded.led.off());
    }
}

/// Records changes, and writes them.
fn vcd(times: u64) {
    let recorded = Recorded::new(true);
    set(&recorded, times);
    recorded.write();
}
