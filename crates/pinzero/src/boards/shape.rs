//! The members of a board without their LEDs: what a follower knows of a board without keeping it open.

use std::sync::Arc;

use pinzero_core::{Error, ErrorKind, Result};

use super::{BoardValue, Lights, Wired};

/// The members of a board, in their order.
#[derive(Debug)]
pub(super) struct Shape(Vec<Slot>);

/// The place of a member.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) name: Option<String>,
    /// The shape of the board in this place; `None` for a LED.
    pub(super) board: Option<Arc<Shape>>,
}

impl Shape {
    pub(super) fn new(slots: impl IntoIterator<Item = Slot>) -> Arc<Shape> {
        Arc::new(Shape(slots.into_iter().collect()))
    }

    /// Returns the shape of a board before it is opened.
    pub(super) fn of(options: &Lights) -> Arc<Shape> {
        Shape::new(options.members.iter().map(|(name, wired)| {
            let board = match wired {
                Wired::Led(_) => None,
                Wired::Board(board) => Some(Shape::of(board)),
            };
            Slot { name: name.clone(), board }
        }))
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.0
    }

    /// Returns the number of LEDs.
    fn count(&self) -> usize {
        self.0.iter().map(|slot| slot.board.as_ref().map_or(1, |board| board.count())).sum()
    }

    /// Returns the value for each LED.
    pub(super) fn spread(&self, value: &BoardValue) -> Result<Vec<f64>> {
        let mut values = Vec::with_capacity(self.count());
        self.spread_to(value, "", &mut values)?;
        Ok(values)
    }

    /// Adds the value for each LED to `values`; `path` is the place of this board in the outer one.
    fn spread_to(&self, value: &BoardValue, path: &str, values: &mut Vec<f64>) -> Result<()> {
        let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message));
        let list = match value {
            BoardValue::Number(value) => {
                values.extend((0..self.count()).map(|_| *value));
                return Ok(());
            }
            BoardValue::List(list) => list,
        };
        let (count, given) = (self.0.len(), list.len());
        if count != given {
            let board = board_at(path);
            return invalid(format!("{board} has {count} members: give {count} values, not {given}"));
        }
        for (index, (slot, value)) in self.0.iter().zip(list).enumerate() {
            let path = || place(path, index, slot.name.as_deref());
            match (&slot.board, value) {
                (Some(board), _) => board.spread_to(value, &path(), values)?,
                (None, BoardValue::Number(value)) => values.push(*value),
                (None, BoardValue::List(_)) => {
                    return invalid(format!("`{}` is one LED: give one number, not a list", path()));
                }
            }
        }
        Ok(())
    }
}

/// Returns the path to a member of the board at `path`.
pub(super) fn place(path: &str, index: usize, name: Option<&str>) -> String {
    let last = name.map_or_else(|| index.to_string(), str::to_owned);
    if path.is_empty() { last } else { format!("{path}.{last}") }
}

/// Returns the words for the board at `path`.
pub(super) fn board_at(path: &str) -> String {
    if path.is_empty() { "the board".to_owned() } else { format!("the board `{path}`") }
}
