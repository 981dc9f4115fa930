//! The rigs: kernels with GPIO chips, for tests that an ordinary machine has no pins for.

use crate::runner::{Runner, Stop, TestProgram, UNSUPPORTED, root};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A rig, built by its scripts.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) name: &'static str,
    /// The folder of its scripts.
    pub(crate) folder: &'static str,
    /// The script that gets or builds its parts. In every rig, `run.sh` runs a command.
    pub(crate) prepare: &'static str,
    /// Builds and runs the tests that need the rig.
    pub(crate) tests: fn(&Rig, &mut Runner) -> Result<(), Stop>,
}

/// An action on a rig.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    /// Get or build its parts.
    Prepare,
    /// Run the tests that need the rig.
    Test,
    /// Run a command.
    Run(&'a [&'a str]),
}

impl Rig {
    /// Runs the action of the command line.
    pub(crate) fn main(&self, task: Task<'_>) -> ExitCode {
        let result = match task {
            Task::Prepare => self.prepare().map(|()| 0),
            Task::Test => self.test(&mut Runner::default()).map(|()| 0),
            Task::Run(command) => self.prepare().and_then(|()| self.run(command)),
        };
        match result {
            Ok(status) => ExitCode::from(status),
            Err(Stop::Failed(reason)) => {
                eprintln!("{}: {reason}", self.name);
                ExitCode::FAILURE
            }
            Err(Stop::Skipped(reason)) => {
                eprintln!("{}: skipped: {reason}", self.name);
                ExitCode::from(UNSUPPORTED)
            }
        }
    }

    /// Builds the tests on this machine and runs them in the rig.
    pub(crate) fn test(&self, runner: &mut Runner) -> Result<(), Stop> {
        self.prepare()?;
        (self.tests)(self, runner)
    }

    /// Runs test programs in the rig. `wanted` has the folders of their packages, each with the names of the programs; no name
    /// stands for all. `prepare` adds arguments and variables to each run.
    pub(crate) fn run_tests(
        &self,
        runner: &mut Runner,
        programs: &[TestProgram],
        wanted: &[(&str, &[&str])],
        prepare: impl Fn(&mut Command),
    ) -> Result<(), Stop> {
        for &(folder, names) in wanted {
            let of_it = programs.iter().filter(|program| program.folder == Path::new(folder));
            let chosen: Vec<_> =
                of_it.filter(|it| names.is_empty() || names.contains(&it.name.as_str())).collect();
            if chosen.len() < names.len().max(1) {
                return Err(Stop::Failed(format!("{folder} lacks test programs: only {chosen:?}")));
            }
            for program in chosen {
                let mut command = program.run_by(Command::new(self.script("run.sh")));
                prepare(&mut command);
                runner.run(&mut command)?;
            }
        }
        Ok(())
    }

    /// Gets the parts of the rig, unless they are there.
    pub(crate) fn prepare(&self) -> Result<(), Stop> {
        let path = self.script(self.prepare);
        let status = Command::new(&path).stdout(Stdio::null()).status();
        match status.map(|status| status.code()) {
            Ok(Some(0)) => Ok(()),
            Ok(Some(status)) if status == i32::from(UNSUPPORTED) => {
                Err(Stop::Skipped("this machine cannot run it, see above".to_owned()))
            }
            Ok(_) => Err(Stop::Failed("it could not be made ready".to_owned())),
            Err(error) => Err(Stop::Failed(format!("{}: {error}", path.display()))),
        }
    }

    /// Runs a command in the rig, and returns its exit status.
    fn run(&self, command: &[&str]) -> Result<u8, Stop> {
        let path = self.script("run.sh");
        let status = Command::new(&path).args(command).status();
        let status = status.map_err(|error| format!("{}: {error}", path.display()))?;
        // Without a status, the script was killed by a signal.
        Ok(status.code().and_then(|status| u8::try_from(status).ok()).unwrap_or(1))
    }

    fn script(&self, name: &str) -> PathBuf {
        root().join("crates/xtask").join(self.folder).join(name)
    }
}
