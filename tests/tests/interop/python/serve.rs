//! The command `pinzero serve`, as another program starts it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::{Client, gpiozero_test, tool};

/// An LED that lights a sensor, a finger that never rests, a wall at three metres, and a converter.
const WORLD: &str = "
    wire 22 27
    every 40ms 4 low, after 20ms 4 free
    when 23 falls, after 500us 24 high, after 20ms 24 low
    mcp3008 11 10 9 8 0=100 3=1023
";

struct Serve {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    port: u16,
}

impl Serve {
    fn start(options: &[&str]) -> Self {
        let test = std::env::current_exe().unwrap();
        let program = test.parent().and_then(Path::parent).unwrap().join("pinzero");
        let mut command = Command::new(program);
        command.args(["serve", "--factory", "mock", "--port", "0"]).args(options);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it is built");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it says {line:?}"));
        Serve { child, _stdout: stdout, port }
    }

    /// Asks it to end, and says whether it ended well.
    fn end(mut self) -> bool {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // Of a test that fails. Otherwise it has gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozero_finds_its_world_at_pinzero_serve() {
    let script = std::env::temp_dir().join(format!("pinzero-interop-{}.txt", std::process::id()));
    std::fs::write(&script, WORLD).unwrap();
    let serve = Serve::start(&["--script", &script.to_string_lossy()]);
    std::fs::remove_file(&script).unwrap();

    let mut client = Client::python("serve.py", serve.port);
    client.sees("dark", [0, 0]);
    client.sees("lit", serde_json::json!([true, 1]));
    client.sees("pressed again and again", ["pressed", "released"]);
    // 20 ms of sound, there and back. How late the echo's edges are is up to the machine.
    let distance = client.at("distance").as_f64().unwrap();
    assert!((2.0..5.0).contains(&distance), "{distance} m");
    client.sees("converted", [100, 1023]);
    client.sees("dark again", true);
    client.ends();

    let (success, text) = tool("pinout", &["--monochrome"], serve.port);
    assert!(success && text.contains("Raspberry Pi 3B"), "{text}");
    assert!(serve.end());
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozeros_own_tests_of_real_pins_pass() {
    let serve = Serve::start(&["--wire", "22:27"]);
    let (success, text) = gpiozero_test("test_real_pins.py", serve.port);
    // Four are for factories with the pins of the computer that they run on.
    assert!(success && text.contains(" 16 passed, 4 skipped, "), "{text}");
    assert!(serve.end());
}
