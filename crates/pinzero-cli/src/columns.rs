//! Fits texts into the columns of a terminal, of which some letters take two.

use ratatui::text::Span;

/// Returns the number of columns that a text takes.
pub(crate) fn columns(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// Shortens a text to a number of columns; the last is `…` then.
pub(crate) fn shorten(text: &str, room: u16) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if columns(&short) + columns(letter.encode_utf8(&mut [0; 4])) + 1 > room {
            break;
        }
        short.push(letter);
    }
    if room > 0 {
        short.push('…');
    }
    short
}

/// Returns a text shortened, or filled up with blanks, to a number of columns.
#[cfg(feature = "mqtt")]
pub(crate) fn fit(text: &str, room: u16) -> String {
    let text = shorten(text, room);
    let blanks = room.saturating_sub(columns(&text));
    text + &" ".repeat(blanks.into())
}

/// Breaks a text into lines of a width.
pub(crate) fn wrap(text: &str, width: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_by_its_width_on_the_terminal() {
        for (text, room, expected) in
            [("ab", 4, "ab"), ("abcdef", 4, "abc…"), ("灯灯灯", 4, "灯…"), ("灯灯", 4, "灯灯"), ("ab", 0, "")]
        {
            assert_eq!(shorten(text, room), expected);
        }
    }

    #[test]
    #[cfg(feature = "mqtt")]
    fn a_text_fills_its_columns() {
        assert_eq!([("ab", 4), ("灯灯灯", 4)].map(|(text, room)| fit(text, room)), ["ab  ", "灯… "]);
    }
}
