//! The outlines of the boards: what is where, on a grid of cells of 2 mm by 4 mm, as wide as a character of a terminal and as high.
//!
//! The measures are from Raspberry Pi's mechanical drawings, to the nearest cell. Keyboards and I/O boards are not to scale.

use pinzero::board::{Board, FormFactor};

/// The look of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A connector at the edge, for cables.
    Port,
    /// A chip.
    Chip,
    /// A connector for a flat cable; its label is written downwards.
    Flat,
    /// A small header or another place, which is only named.
    Place,
}

/// A part of a board, in cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) kind: Kind,
    pub(super) label: &'a str,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The outline of a board, in cells, without the chip and the headers, whose names depend on the board.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The left upper corner of the main processor or the module.
    pub(super) soc: (usize, usize),
    /// The left upper corners of the headers, in the board's order.
    pub(super) headers: &'static [(usize, usize)],
    pub(super) parts: &'static [Part<'static>],
}

impl Outline {
    /// Returns the main processor as a part.
    pub(super) fn soc<'a>(&self, label: &'a str) -> Part<'a> {
        Part { kind: Kind::Chip, label, x: self.soc.0, y: self.soc.1, width: label.len() + 2, height: 3 }
    }
}

/// Returns the outline of a board; `None` for a board whose shape is unknown.
pub(super) fn of(board: &Board) -> Option<&'static Outline> {
    let facts = board.facts()?;
    Some(match (board.model().trim_start_matches("Raspberry Pi "), facts.form) {
        ("A", _) => &FIRST_A,
        ("B", _) => &FIRST_B,
        ("3B+", _) => &B_3_PLUS,
        ("4B", _) => &B_4,
        ("5B", _) => &B_5,
        ("CM0", _) => &MODULE_0,
        (_, FormFactor::ModelA) => &A_PLUS,
        (_, FormFactor::ModelB) => &B_PLUS,
        (_, FormFactor::Zero) => &ZERO,
        (_, FormFactor::Keyboard) => &KEYBOARD,
        (_, FormFactor::Module) if board.headers().is_empty() => &SODIMM,
        (_, FormFactor::Module) => &IO_BOARD,
        _ => return None,
    })
}

/// A port at the right or the left edge, three cells high.
const fn side(label: &'static str, x: usize, y: usize, width: usize) -> Part<'static> {
    Part { kind: Kind::Port, label, x, y, width, height: 3 }
}

/// A port in the upper or the lower edge.
const fn edge(label: &'static str, x: usize, y: usize) -> Part<'static> {
    Part { kind: Kind::Port, label, x, y, width: label.len() + 2, height: 1 }
}

/// A connector for a flat cable.
const fn flat(label: &'static str, x: usize, y: usize) -> Part<'static> {
    Part { kind: Kind::Flat, label, x, y, width: 3, height: label.len() + 2 }
}

const fn place(label: &'static str, x: usize, y: usize) -> Part<'static> {
    Part { kind: Kind::Place, label, x, y, width: label.len(), height: 1 }
}

const fn chip(label: &'static str, x: usize, y: usize, width: usize) -> Part<'static> {
    Part { kind: Kind::Chip, label, x, y, width, height: 3 }
}

static FIRST_A: Outline = Outline {
    width: 43,
    height: 14,
    soc: (13, 5),
    headers: &[(2, 1), (22, 1)],
    parts: &[
        edge("RCA", 29, 0),
        edge("audio", 35, 0),
        side("USB 2", 36, 5, 8),
        edge("HDMI", 17, 13),
        flat("DSI", 8, 5),
        flat("CSI", 28, 8),
        side("SD", 0, 4, 5),
        side("power", 0, 10, 7),
    ],
};

static FIRST_B: Outline = Outline {
    width: 43,
    height: 14,
    soc: (13, 5),
    headers: &[(2, 1), (22, 1)],
    parts: &[
        edge("RCA", 29, 0),
        edge("audio", 35, 0),
        side("USB 2", 36, 4, 8),
        side("Ethernet", 33, 10, 11),
        edge("HDMI", 17, 13),
        flat("DSI", 8, 5),
        flat("CSI", 28, 8),
        side("SD", 0, 4, 5),
        side("power", 0, 10, 7),
    ],
};

static A_PLUS: Outline = Outline {
    width: 33,
    height: 14,
    soc: (10, 5),
    headers: &[(4, 1)],
    parts: &[
        side("USB 2", 26, 5, 8),
        flat("DSI", 2, 5),
        flat("CSI", 21, 8),
        edge("power", 2, 13),
        edge("HDMI", 13, 13),
        edge("AV", 25, 13),
    ],
};

static B_PLUS: Outline = Outline {
    width: 43,
    height: 14,
    soc: (10, 5),
    headers: &[(4, 1)],
    parts: &[
        side("USB 2", 36, 1, 8),
        side("USB 2", 36, 5, 8),
        side("Ethernet", 33, 10, 11),
        flat("DSI", 2, 5),
        flat("CSI", 21, 8),
        edge("power", 2, 13),
        edge("HDMI", 13, 13),
        edge("AV", 25, 13),
    ],
};

static B_3_PLUS: Outline = Outline {
    width: 43,
    height: 14,
    soc: (10, 5),
    headers: &[(4, 1)],
    parts: &[
        side("USB 2", 36, 1, 8),
        side("USB 2", 36, 5, 8),
        side("Ethernet", 33, 10, 11),
        place("PoE", 31, 3),
        flat("DSI", 2, 5),
        flat("CSI", 21, 8),
        edge("power", 2, 13),
        edge("HDMI", 13, 13),
        edge("AV", 25, 13),
    ],
};

static B_4: Outline = Outline {
    width: 43,
    height: 14,
    soc: (10, 5),
    headers: &[(4, 1)],
    parts: &[
        side("Ethernet", 33, 1, 11),
        side("USB 3", 36, 5, 8),
        side("USB 2", 36, 10, 8),
        place("PoE", 30, 4),
        flat("DSI", 2, 5),
        flat("CSI", 21, 8),
        edge("USB-C", 2, 13),
        edge("HDMI0", 10, 13),
        edge("HDMI1", 17, 13),
        edge("AV", 25, 13),
    ],
};

static B_5: Outline = Outline {
    width: 43,
    height: 14,
    soc: (9, 5),
    headers: &[(4, 1)],
    parts: &[
        side("USB 2", 36, 1, 8),
        side("USB 3", 36, 5, 8),
        side("Ethernet", 33, 10, 11),
        chip("RP1", 27, 5, 7),
        place("fan", 32, 2),
        flat("PCIe", 2, 5),
        flat("MIPI", 23, 7),
        flat("MIPI", 27, 8),
        place("UART", 15, 12),
        edge("USB-C", 2, 13),
        edge("HDMI0", 10, 13),
        edge("HDMI1", 17, 13),
    ],
};

static ZERO: Outline = Outline {
    width: 33,
    height: 8,
    soc: (10, 3),
    headers: &[(4, 1)],
    parts: &[
        side("SD", 0, 3, 6),
        flat("CSI", 30, 2),
        edge("HDMI", 3, 7),
        edge("USB", 18, 7),
        edge("power", 24, 7),
    ],
};

static KEYBOARD: Outline = Outline {
    width: 43,
    height: 11,
    soc: (17, 7),
    headers: &[(3, 2)],
    parts: &[edge("network, USB, HDMI, power, SD", 8, 0), place("under the keys:", 14, 6)],
};

static IO_BOARD: Outline = Outline {
    width: 43,
    height: 11,
    soc: (14, 5),
    headers: &[(4, 1)],
    parts: &[
        Part { kind: Kind::Chip, label: "", x: 10, y: 4, width: 17, height: 5 },
        place("module", 28, 6),
        place("I/O board", 31, 9),
    ],
};

static SODIMM: Outline = Outline {
    width: 34,
    height: 8,
    soc: (12, 2),
    headers: &[],
    parts: &[edge("200 contacts (SODIMM)", 5, 7)],
};

static MODULE_0: Outline =
    Outline { width: 20, height: 8, soc: (5, 2), headers: &[], parts: &[edge("132 pads", 5, 7)] };
