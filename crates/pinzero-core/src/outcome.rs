//! [`Outcome`]: the result of user code.

use std::any::Any;
use std::fmt;

use crate::error::{Error, ErrorKind};

/// The return type of a handler: nothing, or a [`Result`]. An error is reported; see [`Gpio::on_error`](crate::Gpio::on_error).
///
/// A closure that uses `?` names its return type, since the compiler cannot infer the type of the error:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let button = Button::builder(2).gpio(&gpio).open()?;
/// let led = Led::builder(17).gpio(&gpio).open()?;
/// button.when_pressed(move |_| -> pinzero::Result<()> {
///     led.on()?;
///     led.blink(ms(100), ms(100))?;
///     Ok(())
/// });
/// # Ok::<(), pinzero::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler returns nothing or a `Result`, not `{Self}`",
    note = "end the handler with `;`, or return a `Result`; in `async` code, use `button.clicked().await` instead of a handler"
)]
pub trait Outcome {
    /// Returns the error, if there is one, as an error of the handler.
    fn into_error(self) -> Option<Error>;
}

impl Outcome for () {
    fn into_error(self) -> Option<Error> {
        None
    }
}

impl<T, E: fmt::Display + 'static> Outcome for Result<T, E> {
    fn into_error(self) -> Option<Error> {
        let error = self.err()?;
        let any: &dyn Any = &error;
        Some(match any.downcast_ref::<Error>() {
            Some(own) => Error::new(own.kind(), FAILED).with_source(own.clone()),
            None => Error::new(ErrorKind::Handler, FAILED).with_source(error.to_string()),
        })
    }
}

const FAILED: &str = "a handler failed";

/// The outcome of a handler that never returns, such as `|_| exit(0)`.
///
/// Stable Rust can name the type `!` only as the return type of such a function. Without this impl, the closure's return type
/// would, in edition 2024, fall back to `!`, which would not be an outcome.
impl Outcome for <fn() -> ! as Function>::Output {
    fn into_error(self) -> Option<Error> {
        self
    }
}

/// Names the type that a function returns.
#[doc(hidden)]
pub trait Function {
    /// The return type.
    type Output;
}

impl<O> Function for fn() -> O {
    type Output = O;
}
