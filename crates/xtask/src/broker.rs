//! Runs a node on an MQTT broker that others wrote: mosquitto.

use crate::runner::{Runner, Stop, conclude, need, root};
use std::process::ExitCode;

/// Runs the tests with mosquitto, as the command line asks.
pub(crate) fn main() -> ExitCode {
    conclude("broker", [test(&mut Runner::default())])
}

/// Installs mosquitto, unless it is there.
pub(crate) fn need_mosquitto() -> Result<(), Stop> {
    // Debian has the server where only root finds it, and the server's help is a failure: hence another program of the package.
    let passwords = root().join("target/mosquitto-passwords").to_string_lossy().into_owned();
    need("mosquitto_passwd", &["-b", "-c", &passwords, "name", "password"], "mosquitto")
}

/// Runs the tests with mosquitto. They make their certificates by openssl.
pub(crate) fn test(runner: &mut Runner) -> Result<(), Stop> {
    need_mosquitto()?;
    need("openssl", &["version"], "openssl")?;
    let mut command = runner.command("cargo");
    // With the features of the whole workspace, all is as an ordinary test run has built it.
    command.args(["test", "--locked", "--workspace", "--test=mosquitto", "--", "--include-ignored"]);
    runner.run(&mut command)?;
    // The commands that speak with a broker.
    let mut command = runner.command("cargo");
    command.args(["test", "--locked", "--workspace", "--test=cli", "--", "--include-ignored"]);
    runner.run(command.args(["fleet::", "mqtt::"]))?;
    Ok(())
}
