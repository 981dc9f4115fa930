//! Prints the board and its pins as JSON. `schema/pinout.json` describes the form, and `schema/models.json` that of the list of models.

use pinzero::board::{Board, FormFactor, Header, PinKind};
use pinzero::{Gpio, LineInfo, Result};
use serde::Serialize;

use super::words;
use crate::lines;

/// A board.
#[derive(Debug, Serialize)]
pub(super) struct Pinout<'a> {
    model: &'a str,
    revision: Option<String>,
    chip: String,
    memory_mb: Option<u32>,
    manufacturer: &'a str,
    circuit: &'a str,
    facts: Option<Facts>,
    headers: Vec<HeaderPins>,
    factory: Option<&'static str>,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Facts {
    form: &'static str,
    released: u32,
    memory_mb: &'static [u32],
    cores: u32,
    core: &'static str,
    clock_mhz: u32,
    usb2: u32,
    usb3: u32,
    ethernet: Option<&'static str>,
    wifi: Option<&'static str>,
    bluetooth: Option<&'static str>,
    storage: &'static str,
    csi: u32,
    dsi: u32,
    camera_or_display: u32,
    video: &'static [&'static str],
    connectors: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct HeaderPins {
    name: &'static str,
    rows: u32,
    columns: u32,
    pins: Vec<Pin>,
}

#[derive(Debug, Serialize)]
struct Pin {
    number: u32,
    label: String,
    kind: &'static str,
    line: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Line {
    line: u32,
    names: Vec<String>,
    functions: Vec<String>,
    pull: Option<&'static str>,
    state: Option<State>,
}

/// The state of a line; `None` for a part of it that the factory cannot read.
#[derive(Debug, Serialize)]
struct State {
    function: Option<String>,
    level: Option<&'static str>,
    bias: Option<&'static str>,
    consumer: Option<String>,
}

/// A model in the list of all models.
#[derive(Debug, Serialize)]
pub(super) struct Model {
    model: String,
    released: Option<u32>,
    chip: String,
    /// The revision code of a usual board.
    revision: Option<String>,
}

/// Returns the list of all models.
pub(super) fn models() -> Vec<Model> {
    let model = |board: Board| Model {
        model: board.model().to_owned(),
        released: board.facts().map(|facts| facts.released),
        chip: board.soc().to_string(),
        revision: board.revision().map(|code| format!("{code:04x}")),
    };
    Board::models().map(model).collect()
}

impl<'a> Pinout<'a> {
    /// Returns the board, with the state of each line if there is a factory.
    pub(super) fn new(board: &'a Board, gpio: Option<&Gpio>) -> Result<Pinout<'a>> {
        let lines = lines::on_headers(board);
        let states = gpio.map(|gpio| gpio.line_infos(lines.iter().copied())).transpose()?;
        let states = states.into_iter().flatten().map(Some).chain(std::iter::repeat(None));
        Ok(Pinout {
            model: board.model(),
            revision: board.revision().map(|code| format!("{code:04x}")),
            chip: board.soc().to_string(),
            memory_mb: board.memory_mb(),
            manufacturer: board.manufacturer(),
            circuit: board.pcb_revision(),
            facts: facts(board),
            headers: board.headers().iter().map(header).collect(),
            factory: gpio.map(Gpio::name),
            lines: lines.iter().zip(states).map(|(number, state)| line(board, number.0, state)).collect(),
        })
    }
}

fn facts(board: &Board) -> Option<Facts> {
    let (facts, (cores, core)) = (board.facts()?, board.soc().cores()?);
    Some(Facts {
        form: match facts.form {
            FormFactor::ModelA => "model A",
            FormFactor::ModelB => "model B",
            FormFactor::Zero => "Zero",
            FormFactor::Keyboard => "keyboard",
            FormFactor::Module => "compute module",
            _ => "other",
        },
        released: facts.released,
        memory_mb: facts.memory_mb,
        cores,
        core,
        clock_mhz: facts.clock_mhz,
        usb2: facts.usb2,
        usb3: facts.usb3,
        ethernet: facts.ethernet,
        wifi: facts.wifi,
        bluetooth: facts.bluetooth,
        storage: facts.storage,
        csi: facts.csi,
        dsi: facts.dsi,
        camera_or_display: facts.camera_or_display,
        video: facts.video,
        connectors: facts.connectors,
    })
}

fn header(header: &Header) -> HeaderPins {
    let pins = header.pins().map(|pin| {
        let (kind, line) = match pin.kind {
            PinKind::Gpio(line) => ("gpio", Some(line)),
            PinKind::Power3v3 => ("3.3 V", None),
            PinKind::Power5v => ("5 V", None),
            PinKind::Ground => ("ground", None),
            _ => ("other", None),
        };
        Pin { number: pin.number, label: pin.kind.to_string(), kind, line }
    });
    HeaderPins { name: header.name(), rows: header.rows(), columns: header.columns(), pins: pins.collect() }
}

fn line(board: &Board, line: u32, state: Option<LineInfo>) -> Line {
    Line {
        line,
        names: board.names(line),
        functions: board.functions(line).iter().map(ToString::to_string).collect(),
        pull: words::pull(board.pull(line)),
        state: state.map(|state| State {
            function: state.function.map(words::function),
            level: state.level.map(words::level),
            bias: state.bias.and_then(words::bias),
            consumer: state.consumer,
        }),
    }
}
