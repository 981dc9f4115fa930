//! The checks of CI that are not a single run of cargo.

use crate::runner::{Runner, Stop, root};
use std::fs;

/// The most lines of a Rust file.
const LONGEST_FILE: usize = 800;

/// Packages that a build for a system other than Linux must not need.
const LINUX_ONLY: [&str; 3] = ["rppal", "gpiocdev", "gpiocdev-uapi"];

/// The most exposure of a service that runs for good, in tenths of a point by systemd's count: 100 is a service without any protection.
const MOST_EXPOSURE: u8 = 20;

/// Runs systemd's checks on the example units, with existing programs put in.
pub(crate) fn unit_file(runner: &mut Runner) -> Result<(), Stop> {
    if runner.output("systemd-analyze", &["--version"]).is_err() {
        return Err(Stop::Skipped("systemd-analyze is not installed".to_owned()));
    }
    for name in ["relay.service", "pinzero.service", "pinzero-mqtt.service"] {
        let unit = fs::read_to_string(root().join("docs").join(name)).map_err(|error| error.to_string())?;
        let present: String = unit.lines().map(|line| with_true(line) + "\n").collect();
        let folder = root().join("target");
        let copy = folder.join(name);
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&copy, present));
        written.map_err(|error| error.to_string())?;
        let mut command = runner.command("systemd-analyze");
        runner.run(command.arg("verify").arg(&copy))?;
        if name != "relay.service" {
            let threshold = format!("--threshold={MOST_EXPOSURE}");
            let mut command = runner.command("systemd-analyze");
            runner.run(command.args(["security", "--offline=true", "--no-pager", &threshold]).arg(copy))?;
        }
    }
    Ok(())
}

/// Returns a line of a unit; its program, if there is one, becomes `/bin/true`.
fn with_true(line: &str) -> String {
    match line.split_once('=') {
        Some((key, command)) if key.starts_with("Exec") => {
            let arguments = command.split_once(' ').map_or("", |(_, arguments)| arguments);
            format!("{key}=/bin/true {arguments}")
        }
        _ => line.to_owned(),
    }
}

/// Runs the command with which the README tells people to test, so that it stays true.
pub(crate) fn readme_command(runner: &mut Runner) -> Result<(), Stop> {
    let readme =
        fs::read_to_string(root().join("README.md")).map_err(|error| format!("README.md: {error}"))?;
    let script = test_command(&readme)
        .ok_or_else(|| "README.md: no code block follows the marker <!-- test-command -->".to_owned())?;
    let mut command = runner.command("sh");
    runner.run(command.args(["-ec", &script]))?;
    Ok(())
}

/// Returns the code block after the marker.
fn test_command(readme: &str) -> Option<String> {
    let (_, rest) = readme.split_once("<!-- test-command -->")?;
    let (_, block) = rest.split_once("```")?;
    let (block, _) = block.split_once("```")?;
    // The rest of the fence's line is the language.
    let (_, lines) = block.split_once('\n')?;
    Some(lines.trim().to_owned())
}

/// Checks that no Rust file is too long to read.
pub(crate) fn file_lengths(runner: &mut Runner) -> Result<(), Stop> {
    let files =
        runner.output("git", &["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"])?;
    let long: Vec<String> = files
        .lines()
        .filter_map(|file| Some((file, fs::read_to_string(root().join(file)).ok()?.lines().count())))
        .filter(|&(_, length)| length > LONGEST_FILE)
        .map(|(file, length)| format!("{file} has {length} lines"))
        .collect();
    none_of(&long)
}

/// Checks that nothing depends on Linux's GPIO devices on systems without them.
pub(crate) fn other_systems(runner: &mut Runner) -> Result<(), Stop> {
    let mut found = Vec::new();
    for target in ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"] {
        let tree = runner.output(
            "cargo",
            &[
                "tree",
                "--locked",
                "--workspace",
                "--exclude=xtask",
                "--all-features",
                "--edges=normal",
                "--prefix=none",
                "--target",
                target,
            ],
        )?;
        let names = tree.lines().filter_map(|line| line.split(' ').next());
        found.extend(
            names.filter(|name| LINUX_ONLY.contains(name)).map(|name| format!("{target} depends on {name}")),
        );
    }
    none_of(&found)
}

/// Checks that no locked dependency needs a newer compiler than the workspace promises.
pub(crate) fn rust_versions(runner: &mut Runner) -> Result<(), Stop> {
    let metadata = runner.output("cargo", &["metadata", "--locked", "--format-version=1"])?;
    let promised = env!("CARGO_PKG_RUST_VERSION");
    let newer: Vec<String> = declared_versions(&metadata)
        .filter(|(_, version)| minor(version) > minor(promised))
        .map(|(package, version)| format!("{package} needs Rust {version}, not {promised}"))
        .collect();
    none_of(&newer)
}

/// Returns the packages in cargo's metadata with a required Rust version, and that version. A package's `id` comes
/// before its `rust_version`, with no other field of either name in between.
fn declared_versions(metadata: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = metadata;
    std::iter::from_fn(move || {
        let (package, after) = rest.split_once(r#""rust_version":""#)?;
        rest = after;
        let (version, _) = after.split_once('"')?;
        let (_, id) = package.rsplit_once(r#""id":""#)?;
        let (id, _) = id.split_once('"')?;
        Some((id, version))
    })
}

/// Returns the minor version: 85 for Rust `1.85.0`.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

/// Checks licences and sources of the dependencies, and banned packages.
pub(crate) fn deny(runner: &mut Runner) -> Result<(), Stop> {
    Ok(cargo_deny(runner, &["--frozen", "check", "bans", "licenses", "sources"])?)
}

/// Checks the dependencies for known security problems, if their database is available.
pub(crate) fn advisories(runner: &mut Runner) -> Result<(), Stop> {
    if cargo_deny(runner, &["fetch", "db"]).is_err() {
        return Err(Stop::Skipped("no database".to_owned()));
    }
    Ok(cargo_deny(runner, &["--frozen", "check", "advisories"])?)
}

fn cargo_deny(runner: &mut Runner, arguments: &[&str]) -> Result<(), String> {
    let mut command = runner.command("cargo");
    // cargo-deny would look for its configuration elsewhere.
    runner.run(command.args(["deny", "--config=.deny.toml"]).args(arguments))?;
    Ok(())
}

/// Checks that testing left nothing behind, and changed nothing.
pub(crate) fn clean_tree(runner: &mut Runner) -> Result<(), Stop> {
    if std::env::var_os("CI").is_none() {
        return Err(Stop::Skipped("CI is not set, so this is somebody's work".to_owned()));
    }
    let changes = runner.output("git", &["status", "--porcelain"])?;
    none_of(&changes.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// Fails if there are complaints.
pub(crate) fn none_of(complaints: &[String]) -> Result<(), Stop> {
    if complaints.is_empty() { Ok(()) } else { Err(Stop::Failed(complaints.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_command_is_the_block_after_the_marker() {
        let readme =
            "```sh\nother\n```\n<!-- test-command -->\n\nRun:\n\n```sh\ncargo test\n```\n```\nmore\n```\n";
        assert_eq!(test_command(readme).as_deref(), Some("cargo test"));
        assert_eq!(test_command("```sh\ncargo test\n```\n"), None);
    }

    #[test]
    fn declared_versions_come_with_their_packages() {
        let metadata = r#"[{"name":"a","id":"x#a@1.0.0","targets":[{"name":"a"}],"rust_version":"1.60"},
            {"name":"b","id":"x#b@2.0.0","rust_version":null},{"id":"x#c@3.0.0","rust_version":"1.90.1"}]"#;
        let versions: Vec<_> = declared_versions(metadata).collect();
        assert_eq!(versions, [("x#a@1.0.0", "1.60"), ("x#c@3.0.0", "1.90.1")]);
        assert_eq!(minor("1.90.1"), Some(90));
    }
}
