//! [`Presence`]: keeps a device without lines in its factory.

use std::sync::Arc;

use super::{Close, HandleRef, Lifecycle, Tap, Tapped};
use crate::device::Device;
use crate::error::Result;
use crate::gpio::Gpio;

/// The place of a device without lines among the open handles of its factory: the device ends when the factory is closed.
#[derive(Debug)]
pub(crate) struct Presence(Arc<HandleRef<Present>>);

#[derive(Debug)]
struct Present {
    lifecycle: Lifecycle,
    tap: Tapped<()>,
}

impl Presence {
    /// Registers a device with `gpio`.
    pub(crate) fn open(gpio: &Gpio, device: &'static str) -> Result<Self> {
        let lifecycle = Lifecycle::on_bus(gpio, device, Vec::new(), Vec::new());
        Ok(Presence(HandleRef::register(Arc::new(Present { lifecycle, tap: Tapped::new() }))?))
    }

    /// Returns the place for the machine that ends with the factory.
    pub(crate) fn tap(&self) -> &Tapped<()> {
        &self.0.tap
    }
}

impl Close for Present {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.tap.get().into_iter().for_each(Tap::close);
            Ok(())
        })
    }
}

impl Device for Presence {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}
