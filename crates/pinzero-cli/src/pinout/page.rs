//! Writes the page that `pinzero pinout` prints: drawing, facts, and the table of each header.

use anstyle::Style;
use pinzero::board::{Board, Function, Header, HeaderPin, PinKind};

use super::color::{self, BOLD, DIM};
use super::drawing::{self, Cell};
use super::{facts, words};

/// The width of the page.
const WIDTH: usize = 80;
/// The width of the functions on each side of the table.
const FUNCTIONS: usize = 25;

/// The width of a pin's label: `GPIO17`.
const LABEL: usize = 6;

/// Returns the page, with ANSI styles.
pub(super) fn write(board: &Board, is_this_board: bool) -> String {
    let mut page = String::new();
    line(&mut page, &paint(BOLD, board.model()));
    page.push('\n');
    beside(&mut page, &drawing::draw(board), &facts::of(board, is_this_board));
    for header in board.headers() {
        page.push('\n');
        table(&mut page, board, header);
    }
    for text in notes(board) {
        page.push('\n');
        line(&mut page, &paint(DIM, &text));
    }
    page
}

/// Returns text in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    if style.is_plain() || text.is_empty() { text.to_owned() } else { format!("{style}{text}{style:#}") }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Writes the facts at the right of the drawing.
fn beside(page: &mut String, drawing: &[Vec<Cell>], facts: &[(&str, String)]) {
    let indent = drawing.first().map_or(0, |row| row.len() + 2);
    let mut facts = facts.iter().flat_map(|(name, fact)| fact_lines(name, fact, WIDTH - indent));
    for row in drawing {
        let fact = facts.next();
        // Spaces at the end of a line would be copied with the text.
        let width = if fact.is_some() {
            row.len()
        } else {
            row.iter().rposition(|(c, _)| *c != ' ').map_or(0, |at| at + 1)
        };
        let mut text = styled(&row[..width]);
        if let Some(fact) = fact {
            text += &format!("  {fact}");
        }
        line(page, &text);
    }
    for fact in facts {
        line(page, &format!("{:indent$}{fact}", ""));
    }
}

/// Returns the lines of a fact, which is broken between words where it is too long.
fn fact_lines(name: &str, fact: &str, width: usize) -> Vec<String> {
    const NAME: usize = 10;
    let texts = words::wrap(fact, width - NAME);
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(texts).map(|(name, text)| format!("{}{text}", paint(DIM, &format!("{name:<NAME$}")))).collect()
}

/// Writes cells, with one pair of escape sequences for neighbors of the same style.
fn styled(cells: &[Cell]) -> String {
    let runs = cells.chunk_by(|(_, style), (_, next)| style == next);
    runs.map(|run| paint(run[0].1, &run.iter().map(|(character, _)| *character).collect::<String>()))
        .collect()
}

/// Writes the pins of a header: two in each line, with the names of what they are for.
fn table(page: &mut String, board: &Board, header: &Header) {
    let middle = FUNCTIONS + 13;
    let name = header.name();
    line(page, &format!("{:width$}{}", "", paint(BOLD, name), width = middle + (5 - name.len()) / 2));
    let pins: Vec<HeaderPin> = header.pins().collect();
    for row in pins.chunks(2) {
        let [left, right] = row else { continue };
        let (left_functions, left_width) = functions(board, *left, true);
        let (right_functions, _) = functions(board, *right, false);
        let (left_label, right_label) = (left.kind.to_string(), right.kind.to_string());
        let text = format!(
            "{:pad$}{left_functions}  {:left_pad$}{} {:>2} │{} {}│ {:<2} {}{:right_pad$}  {right_functions}",
            "",
            "",
            paint(color::of_pin(left.kind), &left_label),
            left.number,
            mark(*left),
            mark(*right),
            right.number,
            paint(color::of_pin(right.kind), &right_label),
            "",
            pad = FUNCTIONS - left_width,
            left_pad = LABEL.saturating_sub(left_label.len()),
            right_pad = LABEL.saturating_sub(right_label.len()),
        );
        line(page, text.trim_end());
    }
}

fn mark(pin: HeaderPin) -> String {
    paint(color::of_pin(pin.kind), if pin.number == 1 { "■" } else { "●" })
}

/// Returns as many functions of a pin as fit, the most used one next to the pin, and their width.
fn functions(board: &Board, pin: HeaderPin, is_left: bool) -> (String, usize) {
    let PinKind::Gpio(line) = pin.kind else { return (String::new(), 0) };
    let mut width = 0;
    let mut names: Vec<String> = Vec::new();
    for function in board.functions(line) {
        let name = function.to_string();
        let more = name.len() + if names.is_empty() { 0 } else { 2 };
        if width + more > FUNCTIONS {
            break;
        }
        width += more;
        names.push(styled_function(&function));
    }
    if is_left {
        names.reverse();
    }
    (names.join(", "), width)
}

fn styled_function(function: &Function) -> String {
    paint(color::of_function(function), &function.to_string())
}

/// Returns what else a user must know about the headers.
fn notes(board: &Board) -> Vec<String> {
    let mut notes = Vec::new();
    let has_j8 = board.headers().iter().any(|header| header.name() == "J8");
    if has_j8 && board.facts().is_some_and(|facts| facts.form == pinzero::board::FormFactor::Module) {
        notes.push("J8 is on Raspberry Pi's I/O board for this module.".to_owned());
    }
    if has_j8 {
        notes.push("GPIO0 and GPIO1 are for the memory of a HAT, which describes the HAT.".to_owned());
    }
    if board.headers().is_empty() {
        let last = board.lines().saturating_sub(1);
        notes.push(match board.lines() {
            0 => "This board has no GPIO lines.".to_owned(),
            _ => format!("The carrier of this board decides where its lines are: GPIO0 to GPIO{last}."),
        });
    }
    notes
}
