//! What costs no processor time; alone in its process, so that there is no other's to count.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use client::{Client, mock, serve, until};
use pinzero_pigpio::protocol::Command;

#[test]
fn an_endless_chain_with_nothing_in_it_waits_to_be_stopped() {
    let daemon = serve(&mock());
    let mut client = Client::connect(&daemon);
    assert_eq!(client.ask_with(Command::Wvcha, 0, 0, &[255, 0, 255, 3]).0, 0);
    let before = processor_time();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(processor_time().saturating_sub(before) < 25, "it burns a core");
    assert_eq!(client.must(Command::Wvbsy, 0, 0), 1, "it is endless");
    client.must(Command::Wvhlt, 0, 0);
    until("it is stopped", || client.must(Command::Wvbsy, 0, 0) == 0);
}

/// What the busiest thread that sends waves has used up, in hundredths of a second; zero where that is not to be known.
fn processor_time() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    let times = stats.filter(|stat| stat.contains("(pinzero-waves)")).filter_map(|stat| {
        let words: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        Some(words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?)
    });
    times.max().unwrap_or(0)
}
