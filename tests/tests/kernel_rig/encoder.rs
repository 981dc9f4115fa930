//! A rotary encoder turned fast beside a callback that takes its time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

use pinzero_cdev::CdevFactory;
use pinzero_core::{Bias, EventKind, Gpio, Level, LineEvent};

use crate::{alone, pull, sim};

/// The encoder's lines, and the busy callback's.
const ENCODER: [u32; 2] = [5, 6];
const BUSY: u32 = 13;

/// 20 s at 2,000 edges a second.
const EDGES: u32 = 40_000;
const PERIOD: Duration = Duration::from_micros(500);

/// What has been heard of the encoder.
#[derive(Debug, Default)]
struct Heard {
    levels: [bool; 2],
    /// Steps forwards less steps backwards.
    position: i64,
    /// Events that were no step: both lines seem to have changed at once, or none.
    jumps: u32,
    events: u32,
    missed: u32,
}

impl Heard {
    /// Counts an event; forwards, the first line changes ahead of the second.
    fn hear(&mut self, line: LineEvent) {
        self.events += 1;
        self.missed += line.event.missed;
        let [a, b] = self.levels;
        let level = line.event.level.is_high();
        if self.levels[line.index] == level {
            self.jumps += 1;
            return;
        }
        // From 00 to 10 to 11 to 01 and back to 00.
        let is_forward = if line.index == 0 { a == b } else { a != b };
        self.position += if is_forward { 1 } else { -1 };
        self.levels[line.index] = level;
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn every_step_of_an_encoder_is_counted_beside_a_busy_callback() {
    let _alone = alone();
    for line in [ENCODER[0], ENCODER[1], BUSY] {
        pull(line, false);
    }
    let gpio = Gpio::new(CdevFactory::new().unwrap()).unwrap();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let encoder = gpio.inputs(ENCODER).bias(Bias::AsIs).open().unwrap();
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let heard = heard.clone();
        encoder.on(kind, move |event| heard.lock().unwrap().hear(event));
    }
    // 20 times a second it keeps everybody for 20 ms.
    let busy = gpio.input(BUSY).bias(Bias::AsIs).open().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let calls = calls.clone();
        busy.on(kind, move |_| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(20) {
                std::hint::spin_loop();
            }
            calls.fetch_add(1, Ordering::Relaxed);
        });
    }

    let pulls = ENCODER.map(|line| sim(line).join("pull"));
    let start = Instant::now();
    for count in 0..EDGES {
        let due = start + PERIOD * count;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let level = if count / 2 % 2 == 0 { "pull-up" } else { "pull-down" };
        fs::write(&pulls[(count % 2) as usize], level).unwrap();
        if count % 100 == 0 {
            pull(BUSY, count / 100 % 2 == 0);
        }
    }
    let took = start.elapsed();
    // All that has happened is heard in the end.
    let deadline = Instant::now() + Duration::from_secs(60);
    let is_over = || {
        let heard = heard.lock().unwrap();
        heard.events + heard.missed >= EDGES
    };
    while !is_over() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    let heard = heard.lock().unwrap();
    println!("{EDGES} edges in {took:?}, {} busy calls, {heard:?}", calls.load(Ordering::Relaxed));
    assert!(heard.events + heard.missed >= EDGES, "a loss was not told: {heard:?}");
    if heard.missed == 0 {
        assert_eq!((heard.position, heard.jumps), (i64::from(EDGES), 0), "{heard:?}");
    }
    assert!(calls.load(Ordering::Relaxed) > EDGES / 200, "the callback was not busy");
    // Four edges are a turn, so they end where they began.
    assert_eq!(
        encoder.inputs().iter().map(|line| line.level().unwrap()).collect::<Vec<_>>(),
        [Level::Low; 2]
    );
}
