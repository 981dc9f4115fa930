//! The facts about a board as pairs of words, for people.

use pinzero::board::Board;

/// Returns the facts about a board: what each is about, and the fact. Facts that the model does not have are left out.
///
/// The memory is that of this very board if `is_this_board`, else all sizes with which the model is sold.
pub(super) fn of(board: &Board, is_this_board: bool) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let facts = board.facts();
    let own_memory = board.memory_mb().into_iter().collect::<Vec<_>>();
    let memory = match facts {
        Some(facts) if !is_this_board => facts.memory_mb,
        _ => &own_memory,
    };
    if let (true, Some(code)) = (is_this_board, board.revision()) {
        rows.push(("Revision", format!("{code:04x}")));
        rows.push(("Circuit", format!("{}, by {}", board.pcb_revision(), board.manufacturer())));
    }
    if let Some(facts) = facts {
        rows.push(("Released", facts.released.to_string()));
    }
    if board.revision().is_some() {
        rows.push(("Chip", board.soc().to_string()));
    }
    if let Some((cores, core)) = board.soc().cores() {
        let clock = facts.map(|facts| format!(", {}", clock(facts.clock_mhz))).unwrap_or_default();
        rows.push(("Cores", format!("{cores} × {core}{clock}")));
    }
    if !memory.is_empty() {
        rows.push(("Memory", sizes(memory)));
    }
    let Some(facts) = facts else {
        if !board.headers().is_empty() {
            rows.push(("Header", "a guess: pinzero does not know this model".to_owned()));
        }
        return rows;
    };
    rows.push(("Storage", facts.storage.to_owned()));
    rows.push(("USB", ports(&[(facts.usb3, "USB 3"), (facts.usb2, "USB 2")])));
    rows.extend(facts.ethernet.map(|text| ("Ethernet", text.to_owned())));
    rows.extend(facts.wifi.map(|text| ("Wi-Fi", text.to_owned())));
    rows.extend(facts.bluetooth.map(|text| ("Bluetooth", text.to_owned())));
    rows.push(("Video", facts.video.join(", ")));
    let ribbons = ports(&[(facts.csi, "CSI"), (facts.dsi, "DSI"), (facts.camera_or_display, "CSI or DSI")]);
    if !ribbons.is_empty() {
        rows.push(("MIPI", ribbons));
    }
    if !facts.connectors.is_empty() {
        rows.push(("Also", facts.connectors.join(", ")));
    }
    rows
}

/// Returns sizes of memory: "1, 2, 4 or 8 GB".
fn sizes(sizes_mb: &[u32]) -> String {
    let (unit, divisor) = if sizes_mb.iter().all(|size| size % 1024 == 0) { ("GB", 1024) } else { ("MB", 1) };
    let numbers: Vec<String> = sizes_mb.iter().map(|size| (size / divisor).to_string()).collect();
    let list = match numbers.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => numbers.concat(),
    };
    format!("{list} {unit}")
}

fn clock(mhz: u32) -> String {
    if mhz < 1000 { format!("{mhz} MHz") } else { format!("{}.{} GHz", mhz / 1000, mhz % 1000 / 100) }
}

/// Returns a list of those ports that there are: "2 × USB 3, 2 × USB 2".
fn ports(ports: &[(u32, &str)]) -> String {
    let present = ports.iter().filter(|(number, _)| *number > 0);
    present.map(|(number, name)| format!("{number} × {name}")).collect::<Vec<_>>().join(", ")
}
