//! [`Outcome`]: the result of user code.

use std::fmt;

/// The return type of a handler: nothing, or a [`Result`] whose error is logged.
pub trait Outcome {
    /// Logs the error, if there is one.
    fn report(self);
}

impl Outcome for () {
    fn report(self) {}
}

impl<T, E: fmt::Display> Outcome for Result<T, E> {
    fn report(self) {
        if let Err(error) = self {
            log::error!("a callback failed: {error}");
        }
    }
}

/// The outcome of a handler that never returns, such as `|_| exit(0)`.
///
/// Stable Rust can name the type `!` only as the return type of such a function. Without this impl, the closure's return type
/// would, in edition 2024, fall back to `!`, which would not be an outcome.
impl Outcome for <fn() -> ! as Function>::Output {
    fn report(self) {
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
