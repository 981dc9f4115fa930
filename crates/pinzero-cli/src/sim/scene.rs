//! Describes a circuit for viewers.

use std::collections::BTreeMap;

use pinzero::Color;
use pinzero::board::{Board, Header, PinKind};
use pinzero_circuit::{Circuit, Kind};

use super::part::{Wired, has_contact};
use super::state::{PartScene, PinScene, Scene};

/// The keys for contacts that name none. A `q` ends the view in the terminal.
const KEYS: &str = "1234567890abcdefghijklmnoprstuvwxyz";

/// Returns the key of each part that has a contact: its own, or the next one that neither a contact nor a keypad has.
pub(crate) fn keys(circuit: &Circuit) -> Vec<Option<char>> {
    let kinds = || circuit.parts().iter().map(|part| &part.kind);
    let letters = |kind: &Kind| match kind {
        Kind::Keypad(keypad) => keypad.keys.concat().to_lowercase(),
        _ => String::new(),
    };
    let pads: String = kinds().map(letters).collect();
    let taken: Vec<char> = kinds().filter_map(Kind::key).chain(pads.chars()).collect();
    let mut free = KEYS.chars().filter(|key| !taken.contains(key));
    let mut choose = |kind: &Kind| kind.key().or_else(|| free.next());
    kinds().map(|kind| has_contact(kind).then(|| choose(kind)).flatten()).collect()
}

/// Describes the circuit.
pub(crate) fn describe(circuit: &Circuit, parts: &[Wired], address: String) -> Scene {
    let scenes: Vec<PartScene> = parts.iter().map(|each| part(each, circuit.board())).collect();
    let owners: BTreeMap<u32, usize> = scenes
        .iter()
        .enumerate()
        .flat_map(|(index, part)| part.pins.iter().map(move |(_, line)| (*line, index)))
        .collect();
    Scene {
        title: circuit.title().unwrap_or("A breadboard").to_owned(),
        about: about(circuit),
        board: circuit.board().model().to_owned(),
        address,
        header: header(circuit.board(), |line| owners.get(&line).copied()),
        parts: scenes,
        wires: circuit.wires().iter().map(|[one, other]| [one.line(), other.line()]).collect(),
    }
}

/// Returns whether the simulator has a part of this kind. The kernel of the program's own computer reads a DS18B20, so no simulated one
/// would be seen.
pub(crate) fn is_simulated(kind: &Kind) -> bool {
    !matches!(kind, Kind::Ds18b20(_))
}

/// Returns a sentence about the parts that the simulator leaves out, if there are some.
pub(crate) fn left_out(circuit: &Circuit) -> Option<String> {
    let parts = circuit.parts().iter().filter(|part| !is_simulated(&part.kind));
    let names: Vec<&str> = parts.map(|part| &*part.name).collect();
    (!names.is_empty())
        .then(|| format!("Not simulated, since the kernel reads a DS18B20: {}.", names.join(", ")))
}

/// Returns the words about the circuit, and about what is left out.
fn about(circuit: &Circuit) -> String {
    let words = [circuit.about().map(|about| about.trim().to_owned()), left_out(circuit)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Describes the main header; `owner` returns the part on a line, by its place.
pub(crate) fn header(board: &Board, owner: impl Fn(u32) -> Option<usize>) -> Vec<PinScene> {
    let pins = board.headers().first().into_iter().flat_map(Header::pins);
    let pins = pins.map(|pin| {
        let line = if let PinKind::Gpio(line) = pin.kind { Some(line) } else { None };
        PinScene { number: pin.number, label: pin.kind.to_string(), line, part: line.and_then(&owner) }
    });
    pins.collect()
}

fn part(part: &Wired, board: &Board) -> PartScene {
    let pins = part.kind().pins().into_iter().map(|(role, pin)| (role, pin.line()));
    let buses = part.kind().bus_pins(board).into_iter().map(|(role, line)| (role.to_owned(), line));
    let color = match part.kind() {
        Kind::Led(led) => Some(led.color.parse().unwrap_or(Color::RED).to_string()),
        _ => None,
    };
    PartScene {
        name: part.name().to_owned(),
        kind: part.kind().name(),
        pins: pins.chain(buses).collect(),
        color,
        controls: part.controls().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail where they cannot go on")]

    use super::*;

    #[test]
    fn a_contact_without_a_key_gets_one_that_is_free() {
        let circuit = "[button.first]\npin = 17\n[led.lamp]\npin = 18\n[switch.second]\npin = 27\n\
                       [button.third]\npin = 22\nkey = \"4\"\n[motion_sensor.fourth]\npin = 23\n\
                       [keypad.lock]\nrows = [5, 6]\ncolumns = [12, 13]\nkeys = [\"12\", \"3A\"]\n";
        let keys = keys(&Circuit::parse(circuit).unwrap());
        assert_eq!(keys, [Some('5'), None, Some('6'), Some('4'), Some('7'), None]);
    }
}
