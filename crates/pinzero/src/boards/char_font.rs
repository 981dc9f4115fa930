//! [`CharFont`]: the segments that each character lights.

use std::fmt;
use std::sync::{Arc, LazyLock};

use pinzero_core::{Error, ErrorKind, Result};

/// The most segments of a character: as many as there are letters for their names.
const MOST: usize = 26;

/// The columns of the name of a drawn character, which is in quotes.
const NAME: usize = 3;

/// A font of a segment display: which segments each character lights.
///
/// The segments are named by the letters from `a`. A pattern is a string with `1` for a segment that is lit and `0` for one that is
/// not, from `a` on. Clones are cheap.
///
/// ```
/// use pinzero::CharFont;
///
/// let digits = CharFont::seven_segments();
/// assert_eq!(digits.pattern('7').as_deref(), Some("1110000"));
/// assert_eq!(digits.character("1110000"), Some('7'));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// A font of your own is a list:
///
/// ```
/// use pinzero::CharFont;
///
/// let dice = CharFont::new([('1', "0001"), ('2', "1000"), ('3', "1001")])?;
/// assert_eq!(dice.segments(), 4);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CharFont {
    segments: usize,
    /// In the order in which they were given; bit 0 is segment `a`.
    glyphs: Arc<Vec<(char, u64)>>,
}

impl CharFont {
    /// The places of seven segments in a drawing; see [`drawn`](Self::drawn).
    pub const SEVEN_SEGMENTS: &'static str = " a \nfgb\nedc";

    /// The places of fourteen segments in a drawing; see [`drawn`](Self::drawn).
    pub const FOURTEEN_SEGMENTS: &'static str = " aaa \nfijkb\n g h \nelmnc\n ddd ";

    /// Returns the font for displays of seven segments: digits, and those letters that can be told from them. Each letter has one
    /// case.
    pub fn seven_segments() -> CharFont {
        static FONT: LazyLock<CharFont> =
            LazyLock::new(|| built_in(CharFont::SEVEN_SEGMENTS, include_str!("fonts/7seg.txt")));
        FONT.clone()
    }

    /// Returns the font for displays of fourteen segments: digits, capital letters, and some signs.
    pub fn fourteen_segments() -> CharFont {
        static FONT: LazyLock<CharFont> =
            LazyLock::new(|| built_in(CharFont::FOURTEEN_SEGMENTS, include_str!("fonts/14seg.txt")));
        FONT.clone()
    }

    /// Returns a font of these characters and their patterns. Of characters with the same pattern, a display reads back the first.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no character or one that is there twice; for a pattern of other characters than `0`
    /// and `1`, of no or more than 26 segments, or of more or fewer segments than the first one.
    pub fn new<S: AsRef<str>>(glyphs: impl IntoIterator<Item = (char, S)>) -> Result<CharFont> {
        let mut font = CharFont { segments: 0, glyphs: Arc::default() };
        for (character, pattern) in glyphs {
            font.check_new(character)?;
            font.insert(character, pattern)?;
        }
        font.check_some()
    }

    /// Returns the font that a text shows by drawings. `layout` has the letter of each segment where that segment is drawn.
    ///
    /// Rows of characters follow each other in the text. A row begins with the characters, each in quotes. Each one's drawing is below it,
    /// from the column of its first quote on, and as large as the layout. A segment is lit where anything is drawn. Between rows there may be
    /// empty lines, and comments after `#`.
    ///
    /// ```
    /// use pinzero::CharFont;
    ///
    /// let font = CharFont::drawn(
    ///     CharFont::SEVEN_SEGMENTS,
    ///     r"
    /// '0'  '1'  '°'
    ///  _         _
    /// | |    |  |_|
    /// |_|    |
    /// ",
    /// )?;
    /// assert_eq!(font.pattern('°').as_deref(), Some("1100011"));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a layout without the letters from `a` on, and for a text that does not keep to this
    /// form: the error names the line. See also [`new`](Self::new).
    pub fn drawn(layout: &str, text: &str) -> Result<CharFont> {
        let layout = Layout::new(layout)?;
        let mut font = CharFont { segments: layout.segments, glyphs: Arc::default() };
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let names = names(line, layout.width).map_err(|why| in_line(index, &why))?;
            let drawing: Vec<Vec<char>> =
                lines.by_ref().take(layout.height).map(|(_, line)| line.chars().collect()).collect();
            for (character, pattern) in layout.read(&names, &drawing).map_err(|why| in_line(index, &why))? {
                font.check_new(character)?;
                Arc::make_mut(&mut font.glyphs).push((character, pattern));
            }
        }
        font.check_some()
    }

    /// Sets the pattern of a character, in place of its former one if there is one.
    ///
    /// ```
    /// use pinzero::CharFont;
    ///
    /// let mut font = CharFont::seven_segments();
    /// font.insert('°', "1100011")?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the pattern does not fit the font; see [`new`](Self::new).
    pub fn insert(&mut self, character: char, pattern: impl AsRef<str>) -> Result<()> {
        let pattern = pattern.as_ref();
        let (count, wanted) = (pattern.chars().count(), self.segments);
        let is_empty = self.glyphs.is_empty();
        let message = if !pattern.chars().all(|lit| lit == '0' || lit == '1') {
            format!("the pattern {pattern:?} of {character:?}: give a 0 or a 1 for each segment")
        } else if is_empty && !(1..=MOST).contains(&count) {
            format!("{count} segments for {character:?}: give 1 to {MOST}")
        } else if !is_empty && count != wanted {
            format!("{count} segments for {character:?}: give {wanted}, as for the other characters")
        } else {
            self.segments = count;
            let bits = bits(pattern);
            let glyphs = Arc::make_mut(&mut self.glyphs);
            match glyphs.iter_mut().find(|(other, _)| *other == character) {
                Some((_, pattern)) => *pattern = bits,
                None => glyphs.push((character, bits)),
            }
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Returns the number of segments, without a decimal point.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Returns the characters, in their order.
    pub fn characters(&self) -> impl Iterator<Item = char> + '_ {
        self.glyphs.iter().map(|(character, _)| *character)
    }

    /// Returns the pattern of a character, or `None` if the font does not have that character.
    pub fn pattern(&self, character: char) -> Option<String> {
        let bits = self.bits(character)?;
        Some((0..self.segments).map(|segment| if bits >> segment & 1 == 1 { '1' } else { '0' }).collect())
    }

    /// Returns the first character with this pattern, or `None` if no character has it.
    pub fn character(&self, pattern: &str) -> Option<char> {
        let is_one =
            pattern.chars().count() == self.segments && pattern.chars().all(|lit| lit == '0' || lit == '1');
        self.of_bits(bits(pattern)).filter(|_| is_one)
    }

    /// Returns the segments of a character, bit 0 for `a`.
    pub(super) fn bits(&self, character: char) -> Option<u64> {
        self.glyphs.iter().find(|(other, _)| *other == character).map(|(_, bits)| *bits)
    }

    /// Returns the first character with these segments, bit 0 for `a`.
    pub(super) fn of_bits(&self, bits: u64) -> Option<char> {
        self.glyphs.iter().find(|(_, other)| *other == bits).map(|(character, _)| *character)
    }

    fn check_new(&self, character: char) -> Result<()> {
        if self.bits(character).is_none() {
            return Ok(());
        }
        let message = format!("the font has {character:?} twice: give each character one pattern");
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    fn check_some(self) -> Result<CharFont> {
        if !self.glyphs.is_empty() {
            return Ok(self);
        }
        Err(Error::new(ErrorKind::InvalidValue, "a font without characters: give at least one"))
    }
}

impl fmt::Debug for CharFont {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CharFont({} segments, {:?})", self.segments, self.characters().collect::<String>())
    }
}

/// Parses a font of this crate.
fn built_in(layout: &str, text: &str) -> CharFont {
    #[allow(clippy::expect_used, reason = "the texts are constant, and a test parses both")]
    CharFont::drawn(layout, text).expect("a font of this crate is drawn well")
}

/// Returns the segments of a pattern, bit 0 for the first.
fn bits(pattern: &str) -> u64 {
    pattern.chars().take(MOST).enumerate().fold(0, |bits, (index, lit)| bits | u64::from(lit == '1') << index)
}

fn in_line(index: usize, why: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("line {} of the font: {why}", index + 1))
}

/// Returns the characters in quotes of a line, each with its first column.
fn names(line: &str, width: usize) -> std::result::Result<Vec<(usize, char)>, String> {
    let columns: Vec<char> = line.chars().collect();
    let mut names: Vec<(usize, char)> = Vec::new();
    let mut column = 0;
    while column < columns.len() {
        match columns[column..] {
            [' ', ..] => column += 1,
            ['\'', character, '\'', ..] => {
                if names.last().is_some_and(|(before, _)| column < before + width) {
                    return Err(format!("{character:?} is too near: a drawing has {width} columns"));
                }
                names.push((column, character));
                column += NAME;
            }
            _ => {
                return Err("expected characters in quotes, an empty line, or a comment after `#`".to_owned());
            }
        }
    }
    Ok(names)
}

/// The places of the segments in a drawing.
struct Layout {
    width: usize,
    height: usize,
    segments: usize,
    /// Row, column, segment.
    places: Vec<(usize, usize, usize)>,
}

impl Layout {
    fn new(layout: &str) -> Result<Layout> {
        let cells = layout
            .lines()
            .enumerate()
            .flat_map(|(row, line)| line.chars().enumerate().map(move |(column, name)| (row, column, name)));
        let cells: Vec<(usize, usize, char)> = cells.filter(|(_, _, name)| *name != ' ').collect();
        let last = cells.iter().map(|(_, _, name)| *name).max().filter(char::is_ascii_lowercase);
        let segments = last.map_or(0, |last| last as usize - 'a' as usize + 1);
        let has = |letter: usize| cells.iter().any(|(_, _, name)| *name as usize == 'a' as usize + letter);
        if segments == 0
            || !(0..segments).all(has)
            || !cells.iter().all(|(_, _, name)| name.is_ascii_lowercase())
        {
            let message =
                "the layout of a font: give the letters from `a` on, one for each segment, and spaces";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let places = cells.iter().map(|(row, column, name)| (*row, *column, *name as usize - 'a' as usize));
        let (places, width) = (places.collect(), cells.iter().map(|(_, column, _)| column + 1).max());
        Ok(Layout { width: width.unwrap_or(0), height: layout.lines().count(), segments, places })
    }

    /// Reads the drawings below a line of names.
    fn read(
        &self,
        names: &[(usize, char)],
        drawing: &[Vec<char>],
    ) -> std::result::Result<Vec<(char, u64)>, String> {
        let is_drawn = |row: usize, column: usize| {
            drawing.get(row).and_then(|line| line.get(column)).is_some_and(|sign| *sign != ' ')
        };
        let mut glyphs = Vec::with_capacity(names.len());
        let mut used = Vec::new();
        for (first, character) in names {
            let mut places = [0, 0];
            for (row, column, segment) in &self.places {
                let lit = is_drawn(*row, first + column);
                places[usize::from(lit)] |= 1_u64 << segment;
                used.push((*row, first + column));
            }
            let [dark, lit] = places;
            if dark & lit != 0 {
                return Err(format!(
                    "a segment of {character:?} is drawn in part: draw all of it or nothing"
                ));
            }
            glyphs.push((*character, lit));
        }
        let mut signs = drawing
            .iter()
            .enumerate()
            .flat_map(|(row, line)| (0..line.len()).map(move |column| (row, column)));
        match signs.find(|(row, column)| is_drawn(*row, *column) && !used.contains(&(*row, *column))) {
            Some((row, column)) => Err(format!(
                "no segment is in row {} and column {} of the drawing below",
                row + 1,
                column + 1
            )),
            None => Ok(glyphs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CharFont;

    #[test]
    fn the_fonts_of_this_crate_can_be_read() {
        assert_eq!(
            (CharFont::seven_segments().segments(), CharFont::fourteen_segments().segments()),
            (7, 14)
        );
    }
}
