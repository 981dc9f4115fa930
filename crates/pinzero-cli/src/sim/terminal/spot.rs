//! Places on the screen that a user can touch, and the order in which Tab walks over them.

use ratatui::layout::{Position, Rect};

use crate::sim::state::{Control, Scene};

/// Something that a user can touch. `part` is the place in [`Scene::parts`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    Push {
        part: usize,
    },
    Switch {
        part: usize,
    },
    /// `slider` is the place among the sliders of the part.
    Slider {
        part: usize,
        slider: usize,
        range: Range,
    },
    Knob {
        part: usize,
    },
    Keys {
        part: usize,
        key: usize,
    },
}

/// The values of a slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) step: f64,
}

impl Range {
    /// Returns the nearest value that the slider can have.
    pub(crate) fn fit(self, value: f64) -> f64 {
        let steps = if self.step > 0.0 { ((value - self.min) / self.step).round() } else { 0.0 };
        let value = if self.step > 0.0 { self.min + steps * self.step } else { value };
        // Without the last digits, which are only rounding.
        ((value * 1e6).round() / 1e6).clamp(self.min, self.max)
    }

    /// Returns how far an arrow key moves the slider: by a fortieth of the range in whole steps.
    pub(crate) fn stride(self) -> f64 {
        let stride = (self.max - self.min) / 40.0;
        if self.step > 0.0 { (stride / self.step).round().max(1.0) * self.step } else { stride }
    }

    /// Returns where a value is in the range, from 0 to 1.
    pub(crate) fn share(self, value: f64) -> f64 {
        if self.max > self.min { ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// A place on the screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spot {
    pub(crate) place: Rect,
    pub(crate) target: Target,
}

impl Spot {
    /// Returns the spot at a place.
    pub(crate) fn at(spots: &[Spot], column: u16, row: u16) -> Option<&Spot> {
        spots.iter().find(|spot| spot.place.contains(Position::new(column, row)))
    }
}

/// A stop of the Tab key: a control of a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stop {
    pub(crate) part: usize,
    pub(crate) control: usize,
    /// For a keypad, its first key.
    pub(crate) target: Target,
}

/// Lists the stops of the Tab key.
pub(crate) fn stops(scene: &Scene) -> Vec<Stop> {
    let mut stops = Vec::new();
    for (part, description) in scene.parts.iter().enumerate() {
        let mut slider = 0;
        for (control, kind) in description.controls.iter().enumerate() {
            let target = match kind {
                Control::Push { .. } => Target::Push { part },
                Control::Switch { .. } => Target::Switch { part },
                Control::Slider { min, max, step, .. } => {
                    slider += 1;
                    let range = Range { min: *min, max: *max, step: *step };
                    Target::Slider { part, slider: slider - 1, range }
                }
                Control::Knob => Target::Knob { part },
                Control::Keys { .. } => Target::Keys { part, key: 0 },
            };
            stops.push(Stop { part, control, target });
        }
    }
    stops
}
