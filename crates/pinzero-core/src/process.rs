//! Which process a pin belongs to.

/// The process that opened the pins. A forked child must not close them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home(u32);

impl Home {
    pub(crate) fn here() -> Self {
        Home(std::process::id())
    }

    pub(crate) fn is_elsewhere(self) -> bool {
        std::process::id() != self.0
    }
}
