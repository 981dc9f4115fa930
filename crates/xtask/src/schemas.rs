//! Validates what the command prints as JSON, with a validator that others wrote.

use crate::broker;
use crate::interop::install_python;
use crate::runner::{Runner, Stop, conclude, root};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// Each schema of `crates/pinzero-cli/schema`, with a command line whose output it describes. `DAEMON` stands for a factory: a
/// daemon with a mock, of which GPIO24 changes all the time. `BROKER` stands for a mosquitto with a node; without one on this computer,
/// the line is left out.
const OUTPUTS: &[(&str, &str)] = &[
    ("doctor", "doctor --json"),
    ("doctor", "doctor --json --factory DAEMON"),
    ("read", "read --json --factory mock"),
    ("read", "read --json --factory DAEMON 2 24"),
    ("pinout", "pinout --json --factory mock"),
    ("models", "pinout --models --json"),
    ("test", "test --json --yes --factory mock"),
    ("wait", "wait --json --factory DAEMON 24 --timeout 60s"),
    ("wait", "wait --json --factory mock 24 --timeout 1ms"),
    ("monitor", "monitor --json --factory DAEMON 24 --count 3"),
    ("sim", "sim --list-examples --json"),
    ("fleet", "fleet --json --broker BROKER"),
    ("fleet-devices", "fleet devices --json --broker BROKER"),
    ("fleet-set", "fleet on attic/pump --json --broker BROKER"),
    ("fleet-set", "fleet set */* dance --json --broker BROKER"),
    ("mqtt", "mqtt --check --json --circuit crates/pinzero-cli/examples-sim/doorbell/circuit.toml"),
];

/// The world of the daemon.
const WORLD: &str = "every 10ms 24 high, after 5ms 24 low\n";

/// Validates circuits. Its arguments are the schema and the folder of the examples.
const CIRCUITS: &str = r#"
import json, pathlib, sys, tomllib
import jsonschema
schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema)
files = [path for pattern in sys.argv[2:] for path in sorted(pathlib.Path().glob(pattern))]
assert len(files) > 8, files
for file in files:
    for error in validator.iter_errors(tomllib.loads(file.read_text())):
        sys.exit(f"{file}: {error.message}")
for wrong in ("[led.a]", "[lamp.a]\npin = 1", "[led.a]\npin = 17\ncolour = 'red'", "[servo.a]\npin = 1\nmin_pulse = 99",
    "[mqtt]\nnod = 'a'", "[mqtt]\nbroker = 'mqtt://me:secret@a'", "[mqtt]\nprefix = 'a/#'", "[mqtt]\ntopic = 'a'",
    "[mqtt.device.a]\nas = 'lamp'", "[mqtt.device.a]\ndigits = 10", "[mqtt.device.a]\nsafe = 'of'"):
    if validator.is_valid(tomllib.loads(wrong)):
        sys.exit(f"the schema of circuits allows {wrong!r}")
"#;

/// Runs the check, as the command line asks.
pub(crate) fn main() -> ExitCode {
    conclude("schemas", [check(&mut Runner::default())])
}

/// Checks every output of the table, and that each command with `--json` is in the table.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    let python = install_python(runner)?;
    // With a test of the whole workspace, which chooses the features with which the tests have built the command.
    runner.cargo(&["build", "--locked", "--workspace", "--bin=pinzero", "--test=interop"])?;
    let command = root().join("target/debug/pinzero");
    check_all_are_listed(&command)?;
    check_completions(runner, &command, &python)?;
    let folder = root().join("target/schemas");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    check_circuits(runner, &python)?;
    let daemon = Daemon::start(&command, &folder)?;
    // Where mosquitto cannot be installed, the lines that need one are left out.
    let _ = broker::need_mosquitto();
    let broker = Broker::start(&command, &folder)?;
    for (schema, line) in OUTPUTS {
        let mut arguments = line.replace("DAEMON", &daemon.factory);
        match &broker {
            Some(broker) => arguments = arguments.replace("BROKER", &broker.url),
            None if arguments.contains("BROKER") => {
                println!("left out, for there is no mosquitto: pinzero {line}");
                continue;
            }
            None => {}
        }
        let output = run(&command, &arguments)?;
        let mut validate = runner.command(&python.to_string_lossy());
        // Without its note that others maintain the command now.
        validate.env("PYTHONWARNINGS", "ignore").args(["-m", "jsonschema"]);
        for (number, value) in values(schema, &output).enumerate() {
            let file = folder.join(format!("{schema}-{number}.json"));
            fs::write(&file, value).map_err(|error| format!("{}: {error}", file.display()))?;
            validate.arg("--instance").arg(file);
        }
        runner.run(validate.arg(schema_file(schema))).map_err(|error| {
            format!("`pinzero {arguments}` does not print what its schema says: {error}\n{output}")
        })?;
    }
    Ok(())
}

/// Has the circuits of the examples validated, and wrong ones refused.
fn check_circuits(runner: &mut Runner, python: &Path) -> Result<(), Stop> {
    let mut check = runner.command(&python.to_string_lossy());
    check.env("PYTHONWARNINGS", "ignore").args(["-c", CIRCUITS]);
    check.arg(root().join("crates/pinzero-circuit/circuit.schema.json"));
    check.args(["crates/pinzero-cli/examples-sim/*/circuit.toml", "crates/pinzero-mqtt/examples/*.toml"]);
    runner.run(&mut check)?;
    Ok(())
}

/// Returns the values in an output: one, or one in each line.
fn values<'a>(schema: &str, output: &'a str) -> impl Iterator<Item = &'a str> {
    let count = if schema == "monitor" { usize::MAX } else { 1 };
    output.splitn(count, '\n').filter(|value| !value.trim().is_empty())
}

fn schema_file(schema: &str) -> PathBuf {
    root().join(format!("crates/pinzero-cli/schema/{schema}.json"))
}

/// Checks that each command with `--json` has a schema and a line in the table.
fn check_all_are_listed(command: &Path) -> Result<(), Stop> {
    let help = run(command, "--help")?;
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names = commands.take_while(|line| line.starts_with("  ")).filter_map(|line| {
        // A description may go on in a line of its own.
        line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next()
    });
    for name in names.filter(|name| *name != "help") {
        let is_listed = OUTPUTS.iter().any(|(schema, _)| *schema == name) && schema_file(name).exists();
        if run(command, &format!("{name} --help"))?.contains("--json") && !is_listed {
            return Err(Stop::Failed(format!(
                "`pinzero {name} --json` needs a schema in crates/pinzero-cli/schema, and a line in crates/xtask/src/schemas.rs"
            )));
        }
    }
    Ok(())
}

/// Has shellcheck read the completions for bash, where shellcheck is to be had.
fn check_completions(runner: &mut Runner, command: &Path, python: &Path) -> Result<(), Stop> {
    let shellcheck = python.with_file_name("shellcheck");
    if !shellcheck.exists() {
        return Ok(());
    }
    let script = root().join("target/pinzero.bash");
    fs::write(&script, run(command, "completions bash")?)
        .map_err(|error| format!("{}: {error}", script.display()))?;
    let mut check = runner.command(&shellcheck.to_string_lossy());
    // The generator of the completions splits their words so.
    check.args(["--shell=bash", "--exclude=SC2207"]).arg(&script);
    runner.run(&mut check)?;
    Ok(())
}

/// Returns what a command prints, whatever its exit code says.
fn run(command: &Path, arguments: &str) -> Result<String, String> {
    let mut process = Command::new(command);
    let output = process.args(arguments.split(' ')).current_dir(root()).stderr(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", command.display()))?;
    String::from_utf8(output.stdout).map_err(|error| format!("`pinzero {arguments}`: {error}"))
}

/// A daemon that ends when it is dropped.
struct Daemon {
    child: Child,
    factory: String,
}

impl Daemon {
    fn start(command: &Path, folder: &Path) -> Result<Daemon, String> {
        let world = folder.join("world");
        fs::write(&world, WORLD).map_err(|error| format!("{}: {error}", world.display()))?;
        let mut serve = Command::new(command);
        serve
            .args(["serve", "--factory", "mock", "--port", "0", "--bind", "127.0.0.1", "--script"])
            .arg(world);
        let mut child =
            serve.stdout(Stdio::piped()).spawn().map_err(|error| format!("pinzero serve: {error}"))?;
        let mut line = String::new();
        let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let address = line.trim().rsplit(' ').next().filter(|address| !address.is_empty());
        let factory = format!("pigpio://{}", address.unwrap_or_default());
        let is_ready = read.is_some() && address.is_some();
        let daemon = Daemon { child, factory };
        if is_ready { Ok(daemon) } else { Err("`pinzero serve` has not started".to_owned()) }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A mosquitto with a node, which end when they are dropped.
struct Broker {
    children: Vec<Child>,
    url: String,
}

impl Broker {
    /// Returns `None` where there is no mosquitto.
    fn start(command: &Path, folder: &Path) -> Result<Option<Broker>, String> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no free port: {error}"))?.port();
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display())).map(|()| file)
        };
        let settings = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
        let settings = write("mosquitto.conf", &settings)?;
        let circuit =
            write("node.toml", "[mqtt]\nnode = 'attic'\n[relay.pump]\npin = 17\n[button.bell]\npin = 2\n")?;
        let start = |program: &str| {
            Command::new(program).arg("-c").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        // Debian has the server where only root finds it.
        let Ok(server) = start("mosquitto").or_else(|_| start("/usr/sbin/mosquitto")) else {
            return Ok(None);
        };
        let mut broker = Broker { children: vec![server], url: format!("mqtt://127.0.0.1:{port}") };
        let mut node = Command::new(command);
        node.args(["mqtt", "--factory", "mock", "--broker", &broker.url, "--circuit"]).arg(circuit);
        let node = node.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        broker.children.push(node.map_err(|error| format!("pinzero mqtt: {error}"))?);
        for _ in 0..100 {
            let list = run(command, &format!("fleet devices attic/pump --json --broker {}", broker.url))?;
            if list.contains("OFF") {
                return Ok(Some(broker));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err("`pinzero mqtt` has not come to the broker".to_owned())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
