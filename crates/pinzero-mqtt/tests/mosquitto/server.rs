//! A mosquitto of its own for each test, on a free port of loopback.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A mosquitto, which ends with the value.
#[derive(Debug)]
pub(crate) struct Mosquitto {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts a mosquitto that lets everybody in.
    pub(crate) fn start() -> Self {
        Self::with(|_| "allow_anonymous true\n".to_owned())
    }

    /// Starts a mosquitto with further lines in its configuration, which `lines` writes for a folder.
    pub(crate) fn with(lines: impl FnOnce(&Path) -> String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("pinzero-mosquitto-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("lines"), lines(&folder)).unwrap();
        let mut mosquitto = Mosquitto { folder, port: 0, child: None };
        // Another program may take the port before mosquitto does.
        let is_up = (0..5).any(|_| {
            mosquitto.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            mosquitto.spawn()
        });
        assert!(is_up, "mosquitto does not start: {}", mosquitto.log());
        mosquitto
    }

    fn spawn(&mut self) -> bool {
        let config = self.folder.join("mosquitto.conf");
        let lines = fs::read_to_string(self.folder.join("lines")).unwrap();
        // Started by root, mosquitto would become a user who cannot read the folder.
        let text = format!(
            "listener {} 127.0.0.1\npersistence false\nset_tcp_nodelay true\nuser root\nlog_dest file {}\n{lines}",
            self.port,
            self.folder.join("log").display()
        );
        fs::write(&config, text).unwrap();
        let path = format!("{}:/usr/sbin:/usr/local/sbin", env::var("PATH").unwrap_or_default());
        let mut command = Command::new("mosquitto");
        command.env("PATH", path).arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        let child = self.child.insert(command.spawn().expect("no mosquitto: apt-get install mosquitto"));
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the address without encryption.
    pub(crate) fn address(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Ends mosquitto by SIGKILL: no farewell, no wills, and all that it kept is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts mosquitto again, on the same port.
    pub(crate) fn come_back(&mut self) {
        assert!(self.spawn(), "mosquitto does not start again: {}", self.log());
    }

    /// Holds mosquitto by SIGSTOP: connections stay, and nobody answers.
    pub(crate) fn hold(&self) {
        self.signal("-STOP");
    }

    /// Lets mosquitto go on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
