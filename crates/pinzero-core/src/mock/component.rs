//! The components outside the pins: they look at lines, drive some, and act by themselves at set times.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::{LineState, Wires};
use crate::time::Instant;
use crate::types::{Level, Line};

/// How often components react to each other in one instant. A chain of them settles long before; a ring of them might never.
const ROUNDS: usize = 8;

/// A component on lines of a mock. Its methods run with the lock of the wires held.
pub(super) trait Component: Debug + Send {
    /// Returns all lines that the component is connected to.
    fn lines(&self) -> Vec<Line>;

    /// Returns the line that the component drives. Default: none.
    fn output(&self) -> Option<Line> {
        None
    }

    /// Returns the line on which the component must see each edge of PWM. Default: none, for a component that takes PWM as a
    /// whole, or cannot make sense of PWM.
    fn watched(&self) -> Option<Line> {
        None
    }

    /// Processes a change of any line, or the component's deadline, at the time `at`. Returns the level that the component
    /// drives from then on.
    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level>;

    /// Returns when the component must look again even if no line changes. Default: never.
    fn next(&self) -> Option<Instant> {
        None
    }
}

/// A component whose handle shares the component's state. The lock is a leaf, taken inside the lock of the wires.
impl<C: Component> Component for Arc<Mutex<C>> {
    fn lines(&self) -> Vec<Line> {
        self.lock().lines()
    }

    fn output(&self) -> Option<Line> {
        self.lock().output()
    }

    fn watched(&self) -> Option<Line> {
        self.lock().watched()
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        self.lock().look(at, wires)
    }

    fn next(&self) -> Option<Instant> {
        self.lock().next()
    }
}

/// The components of a circuit.
#[derive(Debug, Default)]
pub(super) struct Components {
    list: Vec<Box<dyn Component>>,
    watched: Vec<Line>,
}

impl Components {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn add(&mut self, component: Box<dyn Component>) {
        self.watched.extend(component.watched());
        self.list.push(component);
    }

    /// Returns whether a component must see each edge of PWM on this line.
    pub(super) fn watch(&self, line: Line) -> bool {
        self.watched.contains(&line)
    }

    /// Returns when a component is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.list.iter().filter_map(|component| component.next()).min()
    }
}

impl Wires {
    /// Shows the components a change, and drives their outputs. Tells `changed` the lines whose level changed.
    pub(super) fn update_components(&mut self, at: Instant, changed: &mut impl FnMut(Line)) {
        if self.components.is_empty() {
            return;
        }
        let mut list = std::mem::take(&mut self.components.list);
        for _ in 0..ROUNDS {
            // Several devices may share a miso wire; the selected one drives it.
            let mut drives: BTreeMap<Line, Option<Level>> = BTreeMap::new();
            for component in &mut list {
                let drive = component.look(at, self);
                if let Some(line) = component.output() {
                    let shared = drives.entry(line).or_default();
                    *shared = shared.or(drive);
                }
            }
            drives.retain(|line, drive| self.lines[line.0 as usize].component != *drive);
            if drives.is_empty() {
                break;
            }
            for (line, drive) in drives {
                self.lines[line.0 as usize].component = drive;
                self.resolve(line, at, changed);
            }
        }
        self.components.list = list;
    }

    /// Lets the components do what is due up to `now`, each thing at its time.
    pub(super) fn run_components(&mut self, now: Instant, changed: &mut impl FnMut(Line)) {
        while let Some(at) = self.components.next().filter(|at| *at <= now) {
            self.update_components(at, changed);
        }
    }

    /// Returns the level of a line that a component is connected to.
    pub(super) fn level(&self, line: Line) -> Level {
        self.lines[line.0 as usize].level
    }

    /// Returns the level that pins and hands drive on the net of `line`; components do not count.
    pub(super) fn driven(&self, line: Line) -> Option<Level> {
        self.net(&line)
            .iter()
            .flat_map(|line| self.lines.get(line.0 as usize))
            .flat_map(LineState::driven)
            .min()
    }

    /// Returns the number of the net of `line` if one driver of the net is high and another one low.
    pub(super) fn shorted_net(&self, line: Line) -> Option<u32> {
        let net = || self.net(&line).iter().filter_map(|line| self.lines.get(line.0 as usize));
        let is_driven = |level| net().any(|state| state.drivers().any(|driver| driver == level));
        (is_driven(Level::Low) && is_driven(Level::High)).then_some(self.lines[line.0 as usize].net)
    }
}

impl MockGpio {
    /// Connects a component to its lines.
    ///
    /// # Panics
    /// In real time, if the runtime's threads cannot be started.
    pub(super) fn attach(&self, component: impl Component + 'static) {
        // The threads do what a component does by itself.
        self.runtime().start().unwrap_or_else(|error| panic!("{error}"));
        self.circuit.attach(Box::new(component));
        self.runtime().catch_up();
    }
}
