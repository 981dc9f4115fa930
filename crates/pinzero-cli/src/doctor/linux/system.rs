//! Looks at the kernel, at containers, and at pigpiod.

use crate::doctor::Place;
use crate::doctor::finding::{Finding, Mark};

/// The first kernel with version 2 of the GPIO interface.
const NEEDED: (u32, u32) = (5, 10);

pub(crate) fn examine(place: &Place) -> Vec<Finding> {
    let mut findings = vec![kernel(place)];
    if is_container(place) {
        let text = "this is a container, which sees only the devices that it is given";
        let remedy = "docker run --device /dev/gpiochip0, and --device /dev/i2c-1 and the like for buses";
        let finding = if place.names("dev").iter().any(|name| name.starts_with("gpiochip")) {
            Finding::ok("container", "this is a container, with a GPIO chip")
        } else {
            Finding::new(Mark::Better, "container", text, remedy)
        };
        findings.push(finding);
    }
    findings.extend(pigpiod(place));
    findings
}

/// Returns the finding about a kernel that is too old, if this one is.
pub(crate) fn old_kernel(place: &Place) -> Option<String> {
    let release = place.text("proc/sys/kernel/osrelease")?;
    let mut numbers =
        release.split(|letter: char| !letter.is_ascii_digit()).map_while(|number| number.parse().ok());
    let version = (numbers.next()?, numbers.next()?);
    (version < NEEDED).then_some(release)
}

fn kernel(place: &Place) -> Finding {
    match old_kernel(place) {
        Some(release) => {
            let text = format!("Linux {release} has only version 1 of the GPIO interface, without pulls");
            Finding::new(
                Mark::Broken,
                "kernel",
                text,
                "update to Linux 5.10 or newer (sudo apt full-upgrade)",
            )
        }
        None => {
            let release =
                place.text("proc/sys/kernel/osrelease").unwrap_or_else(|| "of unknown version".to_owned());
            Finding::ok("kernel", format!("Linux {release}, with version 2 of the GPIO interface"))
        }
    }
}

pub(crate) fn is_container(place: &Place) -> bool {
    place.has(".dockerenv") || place.has("run/.containerenv")
}

/// Looks for pigpiod, which drives the registers whoever has a line.
fn pigpiod(place: &Place) -> Option<Finding> {
    let processes = place.names("proc");
    let mut ids = processes.iter().filter(|name| name.bytes().all(|digit| digit.is_ascii_digit()));
    let id = ids.find(|id| place.text(&format!("proc/{id}/comm")).as_deref() == Some("pigpiod"))?;
    let text = format!("runs here (pid {id}), and drives lines by registers, also those that others hold");
    let remedy = "use other lines than its clients do, or stop it: sudo systemctl disable --now pigpiod; `pinzero serve` serves its clients, too";
    Some(Finding::new(Mark::Better, "pigpiod", text, remedy))
}
