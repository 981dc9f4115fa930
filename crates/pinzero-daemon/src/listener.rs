//! Passes the edges of a line to the loop.

use std::sync::Arc;

use pinzero_core::time::Instant;
use pinzero_core::{Edge, Effects, Event, Flex, Machine, Result, Running};

use crate::inbox::{Inbox, Message};

/// Passes the edges of a line to the loop, from within the step of the runtime that takes them.
///
/// A handler would come later: of each line, only some edges wait in the order of all lines, so a flood of two lines would lose
/// the order between them.
#[derive(Debug)]
pub(crate) struct Listener {
    gpio: u32,
    inbox: Arc<Inbox>,
}

impl Listener {
    pub(crate) fn start(flex: &Flex, device: &'static str, inbox: &Arc<Inbox>) -> Result<Running<Listener>> {
        let (gpio, inbox) = (flex.line().0, inbox.clone());
        flex.gpio().machine(device).flex(flex.clone()).start(|_, _| Listener { gpio, inbox })
    }
}

impl Machine for Listener {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: Edge, _: &mut Effects<'_, Event>) -> Result<()> {
        self.inbox.push(Message::Edge { gpio: self.gpio, edge });
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}
