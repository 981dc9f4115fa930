//! Replaces the characters that a terminal may not have.

use std::env;

/// Returns the text with box drawing where the locale has it, else in ASCII.
pub(super) fn printable(text: String) -> String {
    if is_utf8() { text } else { text.chars().map(ascii).collect() }
}

/// Returns whether the locale has all characters. Windows and macOS have them in any locale.
pub(super) fn is_utf8() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    // The first of the variables that is set decides, as in the C library.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| env::var(name).ok())
        .find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Returns the nearest character of ASCII.
fn ascii(character: char) -> char {
    match character {
        '─' => '-',
        '│' => '|',
        '╭' | '╮' | '╰' | '╯' | '┌' | '┐' | '└' | '┘' => '+',
        '┤' => '[',
        '├' => ']',
        '●' => 'o',
        '■' => '#',
        '×' => 'x',
        other => other,
    }
}
