//! Messages in a report: without the names and addresses of a user.

use std::env;
use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

/// The folders whose paths say nothing about a user.
const SYSTEM: [&str; 6] = ["/dev/", "/sys/", "/proc/", "/boot/", "/etc/", "/lib/"];

/// The text of an error as a report has it. [`Private::message`] is the only way to make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Message(String);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The words that a report must not contain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Private(Vec<String>);

impl Private {
    /// Returns the names of this computer, its user, and the computer whose pins are used.
    pub(crate) fn here(factory: &str) -> Self {
        let host_name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let variables =
            ["USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "COMPUTERNAME", "PIGPIO_ADDR"];
        let variables = variables.iter().filter_map(|name| env::var(name).ok());
        let remote = factory.split_once("://").map(|(_, address)| address);
        let remote =
            remote.map(|address| address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned());
        Private::new(variables.chain([host_name]).chain(remote))
    }

    /// Returns these words, without those that name nobody.
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        let words = words.into_iter().map(|word| word.trim().to_owned());
        Private(words.filter(|word| !["", "root", "localhost"].contains(&word.as_str())).collect())
    }

    /// Returns a text in which names, addresses and a user's paths are left out.
    pub(crate) fn message(&self, text: impl fmt::Display) -> Message {
        let text = text.to_string();
        let mut result = String::new();
        let is_end = |letter: char| letter.is_whitespace() || "\"'`()[]{}<>,;=@|".contains(letter);
        for part in text.split_inclusive(is_end) {
            let word = part.trim_end_matches(is_end);
            result.push_str(&self.replace(word));
            result.push_str(&part[word.len()..]);
        }
        Message(result)
    }

    /// Returns a word, or something else instead of it.
    fn replace(&self, word: &str) -> String {
        let bare = word.trim_end_matches(['.', ':', '!', '?']);
        let rest = &word[bare.len()..];
        if let Some((scheme, address)) = bare.split_once("://") {
            return format!("{scheme}://{}{rest}", self.replace(address));
        }
        let is_address = |text: &str| {
            let is_ip = text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok();
            // "::" stands between the parts of a name as well.
            is_ip && text.chars().any(|letter| letter.is_ascii_digit())
        };
        let is_private = |text: &str| self.0.iter().any(|private| private.eq_ignore_ascii_case(text));
        let (host, port) = bare.rsplit_once(':').unwrap_or((bare, ""));
        let is_path =
            bare.len() > 1 && bare.starts_with('/') && !SYSTEM.iter().any(|folder| bare.starts_with(folder));
        match () {
            () if is_address(bare) => format!("ADDRESS{rest}"),
            () if is_path => format!("PATH{rest}"),
            () if is_private(bare) => format!("NAME{rest}"),
            () if is_private(host) => format!("NAME:{port}{rest}"),
            () => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_paths_of_a_user_are_left_out() {
        let private =
            Private::new(["frida".to_owned(), "gartenpi\n".to_owned(), "root".to_owned(), String::new()]);
        for (text, expected) in [
            ("cannot connect to gartenpi:8888: refused", "cannot connect to NAME:8888: refused"),
            ("pigpio://gartenpi:8888 does not answer.", "pigpio://NAME:8888 does not answer."),
            ("no answer from 192.168.1.7:8888", "no answer from ADDRESS"),
            (
                "no answer from [fe80::1:2]:8888, and none from fe80::3.",
                "no answer from [ADDRESS]:8888, and none from ADDRESS.",
            ),
            ("pigpio://10.0.0.7", "pigpio://ADDRESS"),
            ("user frida (of root) lacks \"/home/frida/x\"", "user NAME (of root) lacks \"PATH\""),
            ("/dev/gpiochip0: permission denied", "/dev/gpiochip0: permission denied"),
            (
                "edges::come_in_order at 1.002.003 s :: 0.5 and/or",
                "edges::come_in_order at 1.002.003 s :: 0.5 and/or",
            ),
            ("localhost:8888, GPIO17 (J8:11)", "localhost:8888, GPIO17 (J8:11)"),
            ("", ""),
        ] {
            assert_eq!(private.message(text).to_string(), expected);
        }
    }
}
