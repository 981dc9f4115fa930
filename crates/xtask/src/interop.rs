//! Runs unmodified clients of pigpiod, written by others, against our daemon; and the page of the simulator in a browser.

use crate::runner::{Runner, Stop, conclude, need, root};
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the tests with those clients, as the command line asks.
pub(crate) fn main() -> ExitCode {
    let mut runner = Runner::default();
    let results = [python(&mut runner), node(&mut runner), browser(&mut runner)];
    conclude("interop", results)
}

/// Runs the tests with pigpio and gpiozero.
pub(crate) fn python(runner: &mut Runner) -> Result<(), Stop> {
    let python = install_python(runner)?;
    test(runner, "python::", &[("PINZERO_PYTHON", &python)])
}

/// Installs pigpio and gpiozero, unless they are there; returns the path of a Python that has them.
pub(crate) fn install_python(runner: &mut Runner) -> Result<PathBuf, Stop> {
    need("python3", &["-c", "import ensurepip, venv"], "python3-venv")?;
    let version = runner.output("python3", &["--version"])?;
    let home = install("python", &["requirements.txt", "sources.txt"], &version, |home| {
        let mut command = runner.command("python3");
        runner.run(command.args(["-m", "venv"]).arg(home))?;
        let python = home.join("bin/python");
        let [mut install, mut download] = ["install", "download"].map(|action| {
            let mut command = runner.command(&python.to_string_lossy());
            command.args(["-m", "pip", "--disable-pip-version-check", action, "--quiet", "--no-deps"]);
            command
        });
        // Install only the listed packages, and run no code at installation.
        install.args(["--only-binary=:all:", "--require-hashes", "-r"]).arg(home.join("requirements.txt"));
        runner.run(&mut install)?;
        // pip runs a source package to learn its name: with the pinned tools, so that nothing else is fetched.
        download.args(["--no-binary=:all:", "--no-build-isolation", "--require-hashes", "-r"]);
        download.arg(home.join("sources.txt")).arg("--dest").arg(home.join("sources"));
        runner.run(&mut download)?;
        unpack(runner, &python, &home.join("sources"))
    })?;
    Ok(home.join("bin/python"))
}

/// Unpacks the archives in a folder, there.
fn unpack(runner: &mut Runner, python: &Path, folder: &Path) -> Result<bool, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let mut command = runner.command(&python.to_string_lossy());
        runner.run(command.args(["-m", "tarfile", "--extract"]).arg(entry.path()).arg(folder))?;
    }
    Ok(true)
}

/// Runs the tests with pigpio-client.
pub(crate) fn node(runner: &mut Runner) -> Result<(), Stop> {
    let modules = install_node(runner)?;
    test(runner, "node::", &[("PINZERO_NODE_PATH", &modules)])
}

/// Runs the test of the simulator's page in Chromium, with a program in Python.
pub(crate) fn browser(runner: &mut Runner) -> Result<(), Stop> {
    need("chromium", &["--version"], "chromium")?;
    let python = install_python(runner)?;
    let modules = install_node(runner)?;
    test(runner, "browser::", &[("PINZERO_PYTHON", &python), ("PINZERO_NODE_PATH", &modules)])
}

/// Installs the packages for Node, unless they are there; returns their folder.
fn install_node(runner: &mut Runner) -> Result<PathBuf, Stop> {
    need("node", &["--version"], "nodejs")?;
    need("npm", &["--version"], "npm")?;
    let home = install("node", &["package.json", "package-lock.json"], "", |home| {
        let mut command = runner.command("npm");
        command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
        runner.run(command.arg(home))
    })?;
    Ok(home.join("node_modules"))
}

/// Runs the tests in a module, with the paths of their clients.
fn test(runner: &mut Runner, module: &str, clients: &[(&str, &Path)]) -> Result<(), Stop> {
    // Some of the tests start the command. With the features of the whole workspace, all is as an ordinary test run has built it.
    runner.cargo(&["build", "--locked", "--workspace", "--bin=pinzero", "--test=interop"])?;
    let mut command = runner.command("cargo");
    command.envs(clients.iter().copied()).args(["test", "--locked", "--workspace", "--test=interop"]);
    runner.run(command.args(["--", "--include-ignored", module]))?;
    Ok(())
}

/// Installs clients in the cache, unless they are there; returns the path.
fn install(
    name: &str,
    lists: &[&str],
    version: &str,
    install: impl FnOnce(&Path) -> Result<bool, String>,
) -> Result<PathBuf, Stop> {
    // The directory's name depends on the contents, so a change makes a new one.
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    for list in lists {
        fs::read(here(list)).map_err(|error| format!("{list}: {error}"))?.hash(&mut hasher);
    }
    let home = cache()?.join(format!("{name}-{:016x}", hasher.finish()));
    let complete = home.join("complete");
    if !complete.exists() {
        let prepare = || {
            // A failed attempt may have left something.
            let _ = fs::remove_dir_all(&home);
            fs::create_dir_all(&home)?;
            lists.iter().try_for_each(|list| fs::copy(here(list), home.join(list)).map(drop))
        };
        prepare().map_err(|error| format!("{}: {error}", home.display()))?;
        install(&home)?;
        fs::write(&complete, "").map_err(|error| format!("{}: {error}", complete.display()))?;
    }
    Ok(home)
}

fn cache() -> Result<PathBuf, String> {
    let directory = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    directory("PINZERO_INTEROP_DIR")
        .or_else(|| Some(directory("XDG_CACHE_HOME")?.join("pinzero-interop")))
        .or_else(|| Some(directory("HOME")?.join(".cache/pinzero-interop")))
        .ok_or_else(|| "no HOME to keep the clients in".to_owned())
}

fn here(name: &str) -> PathBuf {
    root().join("crates/xtask/interop").join(name)
}
