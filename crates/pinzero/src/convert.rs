//! [`convert`]: takes a color by its name, and a [`Color`](crate::Color) as well.

use std::error::Error as StdError;

use pinzero_core::{Error, ErrorKind, Result};

/// The error of a conversion: an [`Error`], that of a conversion that cannot fail, or one of the user's own.
pub(crate) type AnyError = Box<dyn StdError + Send + Sync>;

/// Converts a value. An error of another type becomes the source of an [`Error`].
pub(crate) fn convert<T>(value: impl TryInto<T, Error: Into<AnyError>>) -> Result<T> {
    value.try_into().map_err(|error| match error.into().downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Error::new(ErrorKind::InvalidValue, "the value cannot be converted").with_source(other),
    })
}
