//! A chip that is unplugged while its lines are in use.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pinzero_core::{Blink, ErrorKind, Gpio, Level, time::ms};

use crate::{Rig, rig};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn waits_iterators_and_blinks_end_with_the_chip() {
    let Rig { factory, sim } = rig();
    let gpio = Gpio::builder(factory).exit_guard(false).open().unwrap();
    let (sender, errors) = mpsc::channel();
    gpio.on_error(move |error| drop(sender.send(error.to_string())));
    let input = gpio.input(1).device("Sensor").open().unwrap();
    let output = gpio.output(2).open().unwrap();
    let blink = output.blink(Blink::new(ms(5), ms(5)), Level::High).unwrap();
    let mut events = input.events();
    let waits = [
        thread::spawn({
            let input = input.clone();
            move || input.wait_for(true).unwrap_err().kind()
        }),
        thread::spawn({
            let input = input.clone();
            move || input.wait_for_timeout(true, PATIENCE).unwrap_err().kind()
        }),
        thread::spawn(move || {
            assert_eq!(events.next(), None);
            events.error().unwrap().kind()
        }),
        thread::spawn(move || blink.wait().unwrap_err().kind()),
    ];
    thread::sleep(ms(50));
    drop(sim);
    for wait in waits {
        assert_eq!(wait.join().unwrap(), ErrorKind::NoChip);
    }
    assert!(input.is_closed());
    assert_eq!(output.set(Level::High).unwrap_err().kind(), ErrorKind::NoChip);
    let mut told: Vec<String> = [(); 2].map(|()| errors.recv_timeout(PATIENCE).unwrap()).into();
    told.sort();
    assert!(told[0].starts_with("Sensor on GPIO1: the line is lost"), "{told:?}");
    assert!(told[1].contains("a blink ends early"), "{told:?}");
    assert_eq!(errors.try_recv().ok(), None);
}
