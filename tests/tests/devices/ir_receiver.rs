//! The infrared receiver on virtual time: protocols, tolerances, held keys, noise.

use std::time::Duration;

use proptest::prelude::*;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Capabilities, ErrorKind, IrCommand, IrProtocol, Result, Support};
use pinzero_tests::{Log, block_on};

/// From the last edge of a frame to its event.
const SILENCE: Duration = ms(15);

/// The pulses of a frame in microseconds: light and darkness by turns, light first and last.
type Pulses = Vec<u64>;

/// A frame of NEC with any four bytes.
fn nec_bytes(bytes: [u8; 4]) -> Pulses {
    let code = u32::from_le_bytes(bytes);
    let bits = (0..32).flat_map(|bit| [562, if code >> bit & 1 == 1 { 1687 } else { 562 }]);
    [9000, 4500].into_iter().chain(bits).chain([562]).collect()
}

fn nec(address: u8, command: u8) -> Pulses {
    nec_bytes([address, !address, command, !command])
}

fn nec_held() -> Pulses {
    vec![9000, 2250, 562]
}

/// A frame of RC5: two start bits (the second is the complement of the command's seventh), toggle, address, command.
fn rc5(toggle: bool, address: u16, command: u8) -> Pulses {
    let field = u16::from(command < 64);
    let code = 1 << 13 | field << 12 | u16::from(toggle) << 11 | address << 6 | u16::from(command & 0x3f);
    // A one is dark and then light.
    let halves: Vec<bool> =
        (0..14).rev().flat_map(|bit| [code >> bit & 1 == 0, code >> bit & 1 == 1]).collect();
    let mut pulses: Vec<(bool, u64)> = Vec::new();
    for half in halves {
        match pulses.last_mut() {
            Some((level, time)) if *level == half => *time += 889,
            _ => pulses.push((half, 889)),
        }
    }
    // The dark ends have no edges.
    let light = pulses.into_iter().skip_while(|(level, _)| !level).map(|(_, time)| time).collect::<Pulses>();
    let dark_end = 1 - light.len() % 2;
    light[..light.len() - dark_end].to_vec()
}

/// Lets the receiver on GPIO18 see a frame that begins after `start`.
fn send_after(gpio: &MockGpio, start: Duration, pulses: &[u64]) {
    let mut at = start;
    let mut level = Level::High;
    let mut edges = Vec::new();
    for pulse in pulses.iter().chain([&0]) {
        level = !level;
        edges.push((at, level));
        at += us(*pulse);
    }
    gpio.line(18).script(edges);
}

fn send(gpio: &MockGpio, pulses: &[u64]) {
    send_after(gpio, Duration::ZERO, pulses);
}

fn open() -> Result<(MockGpio, IrReceiver)> {
    let gpio = mock::gpio();
    let receiver = IrReceiver::builder(18).gpio(&gpio).open()?;
    Ok((gpio, receiver))
}

fn code(command: IrCommand) -> (IrProtocol, u16, u8, bool) {
    (command.protocol, command.address, command.command, command.repeat)
}

/// What a receiver makes of one frame.
fn received(pulses: &[u64]) -> Result<Option<(IrProtocol, u16, u8, bool)>> {
    let (gpio, receiver) = open()?;
    let mut events = receiver.events();
    send(&gpio, pulses);
    gpio.advance(secs(1));
    let first = events.try_next().map(code);
    assert_eq!(events.try_next(), None, "one frame, one event");
    Ok(first)
}

const NEC: IrProtocol = IrProtocol::Nec;
const RC5: IrProtocol = IrProtocol::Rc5;

#[test]
fn frames_of_both_protocols() -> Result<()> {
    for (pulses, expected) in [
        (nec(0x04, 0x08), (NEC, 0x04, 0x08, false)),
        (nec(0x00, 0xff), (NEC, 0x00, 0xff, false)),
        (nec_bytes([0x80, 0x63, 0x0f, 0xf0]), (NEC, 0x6380, 0x0f, false)),
        (rc5(false, 0, 12), (RC5, 0, 12, false)),
        (rc5(true, 5, 53), (RC5, 5, 53, false)),
        (rc5(true, 31, 63), (RC5, 31, 63, false)),
        (rc5(false, 17, 64 + 42), (RC5, 17, 106, false)),
    ] {
        assert_eq!(received(&pulses)?, Some(expected));
        // A remote control that is slow or fast, and a receiver that lengthens or shortens the light.
        for percent in [80, 90, 110, 120] {
            let scaled: Pulses = pulses.iter().map(|pulse| pulse * percent / 100).collect();
            assert_eq!(received(&scaled)?, Some(expected), "{percent} %");
        }
        for longer in [-150_i64, 200] {
            let change = |(index, pulse): (usize, &u64)| {
                pulse.saturating_add_signed(if index % 2 == 0 { longer } else { -longer })
            };
            let changed: Pulses = pulses.iter().enumerate().map(change).collect();
            assert_eq!(received(&changed)?, Some(expected), "light longer by {longer} µs");
        }
    }
    Ok(())
}

/// Written by hand from the protocols' descriptions, and not by the functions above: the power key of an LG television (20 DF 10 EF), and
/// the command 0x35 for the address 5. The receiver lengthens the light.
#[test]
fn frames_written_by_hand() -> Result<()> {
    let nec = [
        9040, 4460, 620, 500, 620, 500, 620, 1640, 620, 500, 620, 500, 620, 500, 620, 500, 620,
        500, // 0x20
        620, 1640, 620, 1640, 620, 500, 620, 1640, 620, 1640, 620, 1640, 620, 1640, 620, 1640, // 0xdf
        620, 500, 620, 500, 620, 500, 620, 1640, 620, 500, 620, 500, 620, 500, 620, 500, // 0x10
        620, 1640, 620, 1640, 620, 1640, 620, 500, 620, 1640, 620, 1640, 620, 1640, 620, 1640, // 0xef
        620,
    ];
    assert_eq!(received(&nec)?, Some((NEC, 0x04, 0x08, false)));
    let rc5 = [
        950, 830, 1840, 830, 950, 830, 950, 1720, 1840, 1720, 950, 830, 950, 830, 1840, 1720, 1840, 1720, 950,
    ];
    assert_eq!(received(&rc5)?, Some((RC5, 5, 0x35, false)));
    Ok(())
}

#[test]
fn an_event_comes_after_the_silence_and_has_the_time_of_the_start() -> Result<()> {
    let (gpio, receiver) = open()?;
    let pulses = nec(0x04, 0x08);
    let length = us(pulses.iter().sum());
    send_after(&gpio, ms(100), &pulses);
    let command = receiver.wait_for_command()?;
    assert_eq!(code(command), (NEC, 0x04, 0x08, false));
    assert_eq!((command.at.as_nanos(), command.missed), (100_000_000, 0));
    assert_eq!(gpio.elapsed(), ms(100) + length + SILENCE);
    Ok(())
}

#[test]
fn a_held_key_of_nec_repeats() -> Result<()> {
    let (gpio, receiver) = open()?;
    let log = Log::new();
    let handler = log.clone();
    receiver.when_received(move |command| handler.push((command.at.as_nanos() / 1_000_000, code(command))));
    send(&gpio, &nec(0x04, 0x08));
    for n in 1..=3 {
        send_after(&gpio, ms(108) * n, &nec_held());
    }
    // A press of another key, and later a repeat of nobody knows what.
    send_after(&gpio, ms(600), &nec(0x04, 0x09));
    send_after(&gpio, ms(708), &nec_held());
    send_after(&gpio, ms(2000), &nec_held());
    gpio.advance(secs(3));
    let pressed = (NEC, 0x04, 0x08, false);
    let held = (NEC, 0x04, 0x08, true);
    assert_eq!(
        log.take(),
        [
            (0, pressed),
            (108, held),
            (216, held),
            (324, held),
            (600, (NEC, 0x04, 0x09, false)),
            (708, (NEC, 0x04, 0x09, true))
        ]
    );
    Ok(())
}

#[test]
fn a_held_key_of_rc5_keeps_its_toggle_bit() -> Result<()> {
    let (gpio, receiver) = open()?;
    let events = receiver.events();
    let press = |at, toggle, command| send_after(&gpio, ms(at), &rc5(toggle, 5, command));
    press(0, false, 16);
    press(114, false, 16);
    press(228, false, 16);
    press(342, true, 16); // let go and pressed again
    press(456, true, 17); // another key
    press(800, true, 17); // after too long a time
    gpio.advance(secs(2));
    receiver.close()?;
    let seen: Vec<_> = events.map(|command| (command.command, command.repeat)).collect();
    assert_eq!(seen, [(16, false), (16, true), (16, true), (16, false), (17, false), (17, false)]);
    Ok(())
}

#[test]
fn a_repeat_of_nec_does_not_repeat_rc5() -> Result<()> {
    let (gpio, receiver) = open()?;
    send(&gpio, &rc5(false, 5, 16));
    send_after(&gpio, ms(108), &nec_held());
    assert_eq!(code(receiver.wait_for_command()?), (RC5, 5, 16, false));
    assert_eq!(receiver.wait_for_command_timeout(secs(1))?, None);
    Ok(())
}

#[test]
fn other_light_is_ignored() -> Result<()> {
    let good = nec(0x04, 0x08);
    assert_eq!(received(&nec_bytes([0x04, 0xfb, 0x08, 0xf6]))?, None, "a wrong complement");
    assert_eq!(received(&good[..good.len() - 2])?, None, "a bit less");
    assert_eq!(received(&[&good[..], &[562, 562]].concat())?, None, "a bit more");
    assert_eq!(received(&good[2..])?, None, "no lead");
    assert_eq!(received(&nec_held())?, None, "a repeat of nothing");
    let samsung: Pulses = [4500, 4500].into_iter().chain(nec(7, 2)[2..].iter().copied()).collect();
    assert_eq!(received(&samsung)?, None);
    let rc6: Pulses = [2666, 889].into_iter().chain(rc5(false, 5, 16)).collect();
    assert_eq!(received(&rc6)?, None);
    let good = rc5(false, 5, 16);
    assert_eq!(received(&good[..good.len() - 2])?, None);
    assert_eq!(received(&[&good[..], &[889, 889]].concat())?, None);
    assert_eq!(received(&[500; 501])?, None, "a lamp");
    assert_eq!(received(&[])?, None);
    Ok(())
}

#[test]
fn noise_and_lost_edges_spoil_one_frame() -> Result<()> {
    let (gpio, receiver) = open()?;
    send(&gpio, &[100; 301]);
    send_after(&gpio, ms(60), &nec(0x04, 0x08));
    assert_eq!(receiver.wait_for_command()?.command, 0x08);
    gpio.advance(ms(100));
    gpio.line(18).script([(ms(10), Level::Low)]);
    gpio.advance(ms(11));
    gpio.line(18).lose(4);
    send(&gpio, &nec(0x04, 0x09));
    send_after(&gpio, ms(108), &nec(0x04, 0x0a));
    let command = receiver.wait_for_command()?;
    assert_eq!((command.command, command.missed), (0x0a, 4));
    assert_eq!(receiver.missed(), 4);
    Ok(())
}

/// Without the edges at the ends of two bits, the bits in between must not be taken for their complements.
#[test]
fn two_lost_edges_make_no_other_command() -> Result<()> {
    let (gpio, receiver) = open()?;
    for bit in [5, 9] {
        let outside = gpio.clone();
        gpio.after(us(889 + 1778 * bit - 100), move || outside.line(18).lose(1))?;
    }
    send(&gpio, &rc5(true, 31, 63));
    assert_eq!(receiver.wait_for_command_timeout(secs(1))?, None);
    send(&gpio, &rc5(false, 31, 63));
    assert_eq!((receiver.wait_for_command()?.command, receiver.missed()), (63, 2));
    Ok(())
}

#[test]
fn a_line_that_is_stuck_is_no_frame() -> Result<()> {
    let (gpio, receiver) = open()?;
    let mut pulses = nec(0x04, 0x08);
    // The last light does not end for a while.
    *pulses.last_mut().unwrap() = 400_000;
    send(&gpio, &pulses);
    send_after(&gpio, secs(1), &nec(0x04, 0x09));
    assert_eq!(receiver.wait_for_command()?.command, 0x09);
    Ok(())
}

#[test]
fn waits_and_futures() -> Result<()> {
    let (gpio, receiver) = open()?;
    assert_eq!(receiver.wait_for_command_timeout(secs(1))?, None);
    assert_eq!(gpio.elapsed(), secs(1));
    let future = receiver.next_command();
    send(&gpio, &rc5(true, 5, 16));
    assert_eq!(code(block_on(future)?), (RC5, 5, 16, false));
    let clone = receiver.clone();
    gpio.after(ms(5), move || clone.close())?;
    assert_eq!(receiver.wait_for_command().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(receiver.wait_for_command_timeout(secs(1)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(block_on(receiver.next_command()).unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_receiver_whose_output_is_high_in_light() -> Result<()> {
    let gpio = mock::gpio();
    let receiver = IrReceiver::builder(18).pull_up(false).gpio(&gpio).open()?;
    gpio.wire(17, 18);
    let sender = gpio.output(17).open()?;
    let mut level = Level::Low;
    for pulse in rc5(false, 5, 16) {
        level = !level;
        sender.set(level)?;
        gpio.advance(us(pulse));
    }
    sender.set(Level::Low)?;
    assert_eq!(code(receiver.wait_for_command()?), (RC5, 5, 16, false));
    Ok(())
}

#[test]
fn a_factory_without_edges_is_refused() {
    let native = Support::Native;
    let capabilities = Capabilities { input: native, bias: native, ..Capabilities::NONE };
    let gpio = mock::builder().capabilities(capabilities).open();
    let error = IrReceiver::builder(18).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    let expected =
        "IrReceiver on GPIO18: the times of edges carry the bits, and this factory reports no edges";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn debug_tells_the_last_command() -> Result<()> {
    let (gpio, receiver) = open()?;
    assert_eq!(format!("{receiver:?}, {receiver}"), "IrReceiver(GPIO18, no command), IrReceiver on GPIO18");
    send(&gpio, &nec(0x04, 0x08));
    receiver.wait_for_command()?;
    assert_eq!(format!("{receiver:?}"), "IrReceiver(GPIO18, Nec 0x04 0x08)");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is sent is received, with every pulse up to a fifth longer or shorter.
    #[test]
    fn sent_is_received(
        address: u8,
        command: u8,
        toggle: bool,
        is_nec: bool,
        late in prop::collection::vec(80_u64..=120, 68),
    ) {
        let (pulses, expected) = if is_nec {
            (nec(address, command), (NEC, u16::from(address), command, false))
        } else {
            let (address, command) = (u16::from(address) & 31, command & 127);
            (rc5(toggle, address, command), (RC5, address, command, false))
        };
        let uneven: Pulses = pulses.iter().zip(late).map(|(pulse, percent)| pulse * percent / 100).collect();
        prop_assert_eq!(received(&uneven).unwrap(), Some(expected));
    }

    /// Extended addresses are all those whose bytes are no complements.
    #[test]
    fn extended_addresses(address: u16, command: u8) {
        let [low, high] = address.to_le_bytes();
        let expected = if high == !low { u16::from(low) } else { address };
        prop_assert_eq!(received(&nec_bytes([low, high, command, !command])).unwrap(), Some((NEC, expected, command, false)));
    }

    /// No light makes it panic, and it hears the next command all the same.
    #[test]
    fn any_light(pulses in prop::collection::vec(1_u64..12_000, 0..150)) {
        let (gpio, receiver) = open().unwrap();
        send(&gpio, &pulses);
        gpio.advance(us(pulses.iter().sum()) + ms(20));
        gpio.line(18).drive(Level::High);
        gpio.advance(ms(20));
        send(&gpio, &nec(0x04, 0x08));
        prop_assert_eq!(code(receiver.wait_for_command().unwrap()), (NEC, 0x04, 0x08, false));
    }
}
