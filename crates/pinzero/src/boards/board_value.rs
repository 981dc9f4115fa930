//! [`BoardValue`].

use std::fmt;

/// The value of a [`LedBoard`](crate::LedBoard), in the shape of the board: a number for each LED, a list for each board.
///
/// Numbers, `bool`s, arrays, vectors and tuples convert to one. A number in the place of a board stands for all LEDs of that board.
///
/// ```
/// use pinzero::BoardValue;
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let board = LedBoard::builder([4]).board(None, LedBoard::builder([17, 27])).led(None, 22).open()?;
/// board.set_value((1, [0, 1], 0))?;
/// assert_eq!(board.value()?, BoardValue::from((true, [false, true], false)));
/// board.set_value((0, 1, 0))?;
/// assert_eq!(board.value()?.to_string(), "[0, [1, 1], 0]");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum BoardValue {
    /// The value of one LED, from 0 to 1, or of all LEDs of a board.
    Number(f64),
    /// The values of the members of a board, in their order.
    List(Vec<BoardValue>),
}

impl BoardValue {
    /// Returns the values of the LEDs, without the lists around them.
    ///
    /// ```
    /// use pinzero::BoardValue;
    ///
    /// assert_eq!(BoardValue::from((1, [0, 1], 0)).numbers(), [1.0, 0.0, 1.0, 0.0]);
    /// ```
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            BoardValue::Number(value) => vec![*value],
            BoardValue::List(values) => values.iter().flat_map(BoardValue::numbers).collect(),
        }
    }
}

impl From<f64> for BoardValue {
    fn from(value: f64) -> Self {
        BoardValue::Number(value)
    }
}

impl From<i32> for BoardValue {
    fn from(value: i32) -> Self {
        BoardValue::Number(value.into())
    }
}

impl From<bool> for BoardValue {
    fn from(on: bool) -> Self {
        BoardValue::Number(f64::from(u8::from(on)))
    }
}

impl<T: Into<BoardValue>> FromIterator<T> for BoardValue {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        BoardValue::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<BoardValue>, const N: usize> From<[T; N]> for BoardValue {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<BoardValue>> From<Vec<T>> for BoardValue {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Clone + Into<BoardValue>> From<&[T]> for BoardValue {
    fn from(values: &[T]) -> Self {
        values.iter().cloned().collect()
    }
}

/// Members of different shapes make a tuple.
macro_rules! tuple {
    ($($T:ident $value:ident),*) => {
        impl<$($T: Into<BoardValue>),*> From<($($T,)*)> for BoardValue {
            fn from(($($value,)*): ($($T,)*)) -> Self {
                BoardValue::List(vec![$($value.into()),*])
            }
        }
    };
}

tuple!(A a);
tuple!(A a, B b);
tuple!(A a, B b, C c);
tuple!(A a, B b, C c, D d);
tuple!(A a, B b, C c, D d, E e);
tuple!(A a, B b, C c, D d, E e, F f);

impl fmt::Display for BoardValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BoardValue::Number(value) => write!(f, "{value}"),
            BoardValue::List(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
        }
    }
}
