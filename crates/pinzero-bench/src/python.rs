//! What ours is compared with that is not in Rust: a Python with the libraries, and programs in C.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place::root;

/// A Python that has them already.
const PYTHON: &str = "PINZERO_PYTHON";

/// A Python with gpiozero and pigpio: a virtual environment, made when it is first wanted.
pub(crate) fn python() -> Result<PathBuf, String> {
    with("crates/xtask/interop/requirements.txt")
}

/// lgpio, by a Python that has gpiozero as well.
#[derive(Debug)]
pub(crate) struct Lgpio {
    python: PathBuf,
    /// What `peers/lgpio.c` is built to.
    pub(crate) object: PathBuf,
}

impl Lgpio {
    pub(crate) fn get() -> Result<Self, String> {
        python()?;
        let python = with("crates/pinzero-bench/peers/requirements.txt")?;
        let object = beside("pinzero-bench-lgpio.so")?;
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&object).arg(peer("lgpio.c"));
        done(&mut cc)?;
        // Whether what is there fits this system.
        done(Command::new(&python).args(["-c", "import _lgpio"]))?;
        Ok(Lgpio { python, object })
    }

    /// What runs one of `peers`.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(peer(program));
        command
    }
}

/// A program in C of `peers`, built with a library that has to be there.
pub(crate) fn c_program(name: &str, library: &str) -> Result<PathBuf, String> {
    let program = beside(&format!("pinzero-bench-{name}"))?;
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-o"]).arg(&program).arg(peer(&format!("{name}.c"))).arg(format!("-l:{library}"));
    done(&mut cc)?;
    Ok(program)
}

/// A file of `peers`.
pub(crate) fn peer(name: &str) -> PathBuf {
    root().join("crates/pinzero-bench/peers").join(name)
}

/// The Python with what a list has.
fn with(list: &str) -> Result<PathBuf, String> {
    if let Some(python) = env::var_os(PYTHON) {
        return Ok(python.into());
    }
    let home = beside("bench-venv")?;
    let python = home.join("bin/python");
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let (list, installed) = (root().join(list), home.join(list.replace('/', "-")));
    let wanted = read(&list)?;
    if read(&installed).ok().as_ref() != Some(&wanted) {
        done(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let mut pip = Command::new(&python);
        // Nothing but what is listed, and nothing that runs at installation.
        pip.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]);
        done(pip.args(["--only-binary=:all:", "--require-hashes", "-r"]).arg(list))?;
        fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    }
    Ok(python)
}

/// A place for what this program makes: `target`, of `target/release/pinzero-bench`.
fn beside(name: &str) -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    Ok(this.ancestors().nth(2).ok_or("this program is nowhere")?.join(name))
}

fn done(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
