//! Pings a host by the system's command `ping`, which needs no root.

use std::time::Duration;

use pinzero_core::Result;

/// Returns whether the host has answered within `timeout`.
#[cfg(unix)]
pub(super) fn ping(host: &str, timeout: Duration) -> Result<bool> {
    unix::ping("ping".as_ref(), host, timeout)
}

#[cfg(not(unix))]
pub(super) fn ping(_: &str, _: Duration) -> Result<bool> {
    Err(pinzero_core::Error::unsupported("a ping without a `probe`"))
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::time::{Duration, Instant};

    use pinzero_core::{Error, ErrorKind, Result};

    use crate::time::ms;

    /// How many bytes of what the command says are read at most.
    const MOST: u64 = 4096;

    /// Pings by this command. It resolves the name too, so a name server that does not answer ends with the command.
    pub(super) fn ping(command: &Path, host: &str, timeout: Duration) -> Result<bool> {
        // In place of a pipe, whose end would have to be waited for: a child of the command may outlive the command, and hold the other end.
        let (stderr, other_end) = UnixStream::pair().map_err(cannot_run)?;
        stderr.set_nonblocking(true).map_err(cannot_run)?;
        let mut child = Command::new(command)
            .args(["-c", "1", host])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(OwnedFd::from(other_end)))
            .spawn()
            .map_err(cannot_run)?;
        let Some(status) = wait(&mut child, timeout).map_err(cannot_run)? else { return Ok(false) };
        if status.success() {
            return Ok(true);
        }
        let mut said = Vec::new();
        // An error says that there is no more to read. Without a word from the command, the host has not answered.
        let _ = stderr.take(MOST).read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        let is_refused = |word: &str| said.to_lowercase().contains(word);
        if ["permission", "permitted", "privilege"].into_iter().any(is_refused) {
            let message = format!(
                "the command `ping` may not ping for this user ({}): widen the kernel's `net.ipv4.ping_group_range`, or give a `probe`",
                said.trim()
            );
            return Err(Error::new(ErrorKind::PermissionDenied, message));
        }
        Ok(false)
    }

    /// Waits for the command, and ends it after `timeout`.
    fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + timeout;
        let mut pause = ms(1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(ms(20));
        }
    }

    fn cannot_run(error: io::Error) -> Error {
        let (kind, message) = match error.kind() {
            io::ErrorKind::NotFound => (
                ErrorKind::Unsupported,
                "there is no command `ping`: install it (`apt install iputils-ping`), or give a `probe`",
            ),
            io::ErrorKind::PermissionDenied => (
                ErrorKind::PermissionDenied,
                "the command `ping` may not be run by this user: give a `probe`",
            ),
            _ => (ErrorKind::Io, "the command `ping` cannot be run"),
        };
        Error::new(kind, message).with_source(error)
    }

    #[cfg(test)]
    mod tests {
        use std::fs;
        use std::os::unix::fs::PermissionsExt;
        use std::path::PathBuf;

        use super::*;
        use crate::time::secs;

        /// A command that does this in place of a ping.
        struct Fake(PathBuf);

        impl Fake {
            fn new(name: &str, script: &str) -> Fake {
                let path = std::env::temp_dir().join(format!("pinzero-ping-{name}-{}", std::process::id()));
                fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
                Fake(path)
            }
        }

        impl Drop for Fake {
            fn drop(&mut self) {
                fs::remove_file(&self.0).unwrap();
            }
        }

        /// The shell that writes the file may still have it open for a moment when another test starts a process.
        fn pings(fake: &Fake, timeout: Duration) -> Result<bool> {
            loop {
                match ping(&fake.0, "fe80::1", timeout) {
                    Err(error) if error.to_string().contains("cannot be run") => {}
                    other => return other,
                }
            }
        }

        #[test]
        fn the_command_tells() {
            for (name, script, expected) in [
                ("answer", r#"[ "$*" = "-c 1 fe80::1" ]"#, Ok(true)),
                ("silence", "exit 1", Ok(false)),
                ("name", "echo 'ping: x: Name or service not known' >&2; exit 2", Ok(false)),
                (
                    "root",
                    "echo 'ping: socket: Operation not permitted' >&2; exit 2",
                    Err(ErrorKind::PermissionDenied),
                ),
            ] {
                let fake = Fake::new(name, script);
                assert_eq!(pings(&fake, secs(60)).map_err(|error| error.kind()), expected, "{name}");
            }
        }

        #[test]
        fn a_command_that_hangs_is_ended() {
            let fake = Fake::new("hang", "exec sleep 1000");
            assert!(!pings(&fake, ms(50)).unwrap());
        }

        #[test]
        fn a_child_of_the_command_is_not_waited_for() {
            let fake = Fake::new("child", "sleep 30 & echo 'Operation not permitted' >&2; exit 2");
            let began = Instant::now();
            assert_eq!(pings(&fake, secs(60)).unwrap_err().kind(), ErrorKind::PermissionDenied);
            assert!(began.elapsed() < secs(20), "{:?}", began.elapsed());
        }

        #[test]
        fn a_missing_command_is_an_error() {
            let error = ping("/nowhere/ping".as_ref(), "::1", secs(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("iputils-ping"), "{error}");
        }
    }
}
