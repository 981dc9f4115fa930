//! `async` code on two executors that others wrote: tokio and futures-lite. In real time, and with futures that are dropped.

use std::path::Path;

use futures_lite::future::{self, or};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{IrCommand, Result};
use pinzero_tests::without_hanging;

/// What one of two futures gave that run by turns.
#[derive(Debug, PartialEq)]
enum First {
    Command(IrCommand),
    Pause,
}

/// Sends the command 8 of NEC's address 4 to the receiver on GPIO18.
fn send(gpio: &MockGpio) {
    let code = u32::from_le_bytes([4, !4, 8, !8]);
    let bits = (0..32).flat_map(|bit| [562, if code >> bit & 1 == 1 { 1687 } else { 562 }]);
    let pulses: Vec<u64> = [9000, 4500].into_iter().chain(bits).chain([562, 0]).collect();
    let (mut at, mut level) = (ms(5), Level::High);
    let mut edges = Vec::new();
    for pulse in pulses {
        level = !level;
        edges.push((at, level));
        at += us(pulse);
    }
    gpio.line(18).script(edges);
}

/// Waits for what comes first, again after it was dropped; and for a press, a temperature and a pause.
async fn waits(gpio: &MockGpio) -> Result<()> {
    let receiver = IrReceiver::builder(18).gpio(gpio).open()?;
    let delay = gpio.delay();
    let first = async || -> Result<First> {
        let command = async { receiver.next_command().await.map(First::Command) };
        let pause = async { delay.pause_async(ms(20)).await.map(|()| First::Pause) };
        or(command, pause).await
    };
    assert_eq!(first().await?, First::Pause, "nothing was sent");
    // The wait that was dropped has taken nothing from the next one.
    let next = receiver.next_command();
    send(gpio);
    let command = next.await?;
    assert_eq!((command.address, command.command, command.repeat), (4, 8, false));

    let thermometer = Ds18b20::builder()
        .root(Path::new(env!("CARGO_MANIFEST_DIR")).join("w1/devices"))
        .id("28-0316a2798bff");
    assert_eq!(thermometer.open()?.temperature_async().await?, 23.125);

    let button = Button::builder(2).gpio(gpio).open()?;
    gpio.line(2).press(ms(30));
    button.pressed().await?;
    button.released().await
}

#[test]
fn tokio_runs_what_waits() -> Result<()> {
    without_hanging(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(waits(&mock::builder().realtime().open()))
    })
}

#[test]
fn futures_lite_runs_what_waits() -> Result<()> {
    without_hanging(|| future::block_on(waits(&mock::builder().realtime().open())))
}
