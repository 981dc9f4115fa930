//! Looks at a Linux computer by its files.

mod buses;
pub(crate) mod chips;
mod config_txt;
mod system;
mod user;

use pinzero::board::Board;

use super::Place;
use super::finding::Section;

/// Examines the kernel, the chips, the buses, and who has lines.
pub(crate) fn examine(place: &Place, board: Option<&Board>) -> Vec<Section> {
    vec![
        Section { title: "System", findings: system::examine(place) },
        Section { title: "GPIO chips", findings: chips::examine(place) },
        Section {
            title: "Buses",
            findings: board.map(|board| buses::examine(place, board)).unwrap_or_default(),
        },
        Section { title: "Lines in use", findings: chips::lines_in_use(place) },
    ]
}
