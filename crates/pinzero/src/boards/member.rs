//! [`Member`]: a LED or a board inside a board, and [`MemberKey`]: its name or its index.

use std::time::Duration;

use pinzero_core::{Animation, Blink, Device, Error, ErrorKind, Result, Switch};

use super::{BoardValue, LedBoard};
use crate::Light;

/// A member of a [`LedBoard`]: a LED or a board.
///
/// A member that is switched leaves an animation of the whole board; the others go on.
#[derive(Debug, Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub enum Member {
    /// A LED.
    Light(Light),
    /// A board inside the board.
    Board(LedBoard),
}

/// The name or the index of a member of a board: `0`, `-1` for the last, `"power"`, or `"left.0"` for a member of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberKey<'a> {
    /// An index from 0; a negative one counts from the end.
    Index(isize),
    /// Names or indices, with dots in between.
    Path(&'a str),
}

impl From<i32> for MemberKey<'_> {
    fn from(index: i32) -> Self {
        MemberKey::Index(index.try_into().unwrap_or(isize::MAX))
    }
}

impl From<usize> for MemberKey<'_> {
    fn from(index: usize) -> Self {
        MemberKey::Index(index.try_into().unwrap_or(isize::MAX))
    }
}

impl<'a> From<&'a str> for MemberKey<'a> {
    fn from(path: &'a str) -> Self {
        MemberKey::Path(path)
    }
}

impl Member {
    /// Turns the LED, or all LEDs of the board, fully on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.set_active(true)
    }

    /// Turns the LED, or all LEDs of the board, off.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.set_active(false)
    }

    /// Sets the value of the LED, or of each LED of the board, to 1 less its value.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        match self {
            Member::Light(light) => light.toggle(),
            Member::Board(board) => board.toggle(),
        }
    }

    /// Sets the value of the LED, or the values of the LEDs of the board; see [`LedBoard::set_value`].
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a list in the place of a LED; see also [`LedBoard::set_value`].
    pub fn set_value(&self, value: impl Into<BoardValue>) -> Result<()> {
        match (self, value.into()) {
            (Member::Board(board), value) => board.set_value(value),
            (Member::Light(light), BoardValue::Number(value)) => light.set_value(value),
            (Member::Light(light), BoardValue::List(_)) => {
                let message = "this member is one LED: give one number";
                Err(Error::new(ErrorKind::InvalidValue, message).with_pin(light.pin()))
            }
        }
    }

    /// Blinks the LED, or all LEDs of the board together, in the background until the next write.
    ///
    /// # Errors
    /// See [`blink_with`](Self::blink_with).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Blinks the LED, or all LEDs of the board together, by a plan, which may end, and may fade with PWM.
    ///
    /// # Errors
    /// See [`Animation::start`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        match self {
            Member::Light(light) => light.blink_with(plan),
            Member::Board(board) => board.blink_with(plan),
        }
    }

    /// Returns whether the LED, or any LED of the board, is lit.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        match self {
            Member::Light(light) => light.is_lit(),
            Member::Board(board) => board.is_lit(),
        }
    }

    /// Returns the LED, if the member is one.
    pub fn light(&self) -> Option<&Light> {
        match self {
            Member::Light(light) => Some(light),
            Member::Board(_) => None,
        }
    }

    /// Returns the board, if the member is one.
    pub fn board(&self) -> Option<&LedBoard> {
        match self {
            Member::Light(_) => None,
            Member::Board(board) => Some(board),
        }
    }

    /// Returns the LEDs: one, or those of the board.
    pub(super) fn lights(&self) -> &[Light] {
        match self {
            Member::Light(light) => std::slice::from_ref(light),
            Member::Board(board) => board.lights(),
        }
    }

    /// Returns the value last set, also if the member is closed.
    pub(super) fn state(&self) -> BoardValue {
        match self {
            Member::Light(light) => light.state().into(),
            Member::Board(board) => board.state(),
        }
    }
}

impl Device for Member {
    fn parts(&self) -> Vec<&dyn Device> {
        match self {
            Member::Light(light) => vec![light],
            Member::Board(board) => vec![board],
        }
    }
}

impl Switch for Member {
    fn set_active(&self, on: bool) -> Result<()> {
        match self {
            Member::Light(light) => light.set_active(on),
            Member::Board(board) => board.set_active(on),
        }
    }

    fn is_active(&self) -> Result<bool> {
        self.is_lit()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}
