//! The examples: each is a circuit, a program in Rust and in Python, and a script that proves both.

#![allow(unreachable_pub, reason = "the `main` of an example is that of a program of its own, too")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "../../examples-sim/dimmer/main.rs"]
mod dimmer;
#[path = "../../examples-sim/doorbell/main.rs"]
mod doorbell;
#[path = "../../examples-sim/keypad_lock/main.rs"]
mod keypad_lock;
#[path = "../../examples-sim/parking_sensor/main.rs"]
mod parking_sensor;
#[path = "../../examples-sim/reaction_game/main.rs"]
mod reaction_game;
#[path = "../../examples-sim/servo_knob/main.rs"]
mod servo_knob;
#[path = "../../examples-sim/thermostat/main.rs"]
mod thermostat;
#[path = "../../examples-sim/traffic_light/main.rs"]
mod traffic_light;

/// An example.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) circuit: &'static str,
    rust: &'static str,
    python: &'static str,
    pub(crate) script: &'static str,
    /// Runs the program, on the pins that the environment names.
    pub(crate) main: fn() -> pinzero::Result<()>,
}

/// Names the files of an example, which only a macro can include.
macro_rules! example {
    ($module:ident) => {
        Example {
            name: stringify!($module),
            circuit: include_str!(concat!("../../examples-sim/", stringify!($module), "/circuit.toml")),
            rust: include_str!(concat!("../../examples-sim/", stringify!($module), "/main.rs")),
            python: include_str!(concat!("../../examples-sim/", stringify!($module), "/program.py")),
            script: include_str!(concat!("../../examples-sim/", stringify!($module), "/script.txt")),
            main: $module::main,
        }
    };
}

const ALL: [Example; 8] = [
    example!(doorbell),
    example!(traffic_light),
    example!(dimmer),
    example!(servo_knob),
    example!(reaction_game),
    example!(parking_sensor),
    example!(thermostat),
    example!(keypad_lock),
];

/// Returns all examples.
pub(crate) fn all() -> impl Iterator<Item = &'static Example> {
    const EXAMPLES: &[Example] = &ALL;
    EXAMPLES.iter()
}

/// Returns the example with this name.
///
/// # Errors
/// A sentence with the names that there are.
pub(crate) fn find(name: &str) -> Result<&'static Example, String> {
    let wanted = name.replace(['-', ' '], "_");
    all().find(|example| example.name == wanted).ok_or_else(|| {
        let names: Vec<_> = all().map(|example| example.name).collect();
        format!("there is no example {name:?}: use one of {}", names.join(", "))
    })
}

impl Example {
    /// Returns the title of the circuit, which its first line has.
    pub(crate) fn title(&self) -> &'static str {
        self.circuit.split('"').nth(1).unwrap_or(self.name)
    }

    /// Writes circuit, programs and script into a new folder. Returns the files.
    ///
    /// # Errors
    /// Any error of writing; a file that is there already is one.
    pub(crate) fn export(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(folder)?;
        let files = [
            ("circuit.toml", self.circuit),
            ("main.rs", self.rust),
            ("program.py", self.python),
            ("script.txt", self.script),
        ];
        let write = |(name, text): (&str, &str)| {
            let path = folder.join(name);
            io::Write::write_all(&mut fs::File::create_new(&path)?, text.as_bytes())?;
            Ok(path)
        };
        files.into_iter().map(write).collect()
    }
}
