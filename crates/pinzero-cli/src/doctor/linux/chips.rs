//! Looks at the GPIO chips and their lines.

use std::fs;
use std::path::PathBuf;

use pinzero::board::Board;
use pinzero::{Gpio, Line};

use super::{system, user};
use crate::doctor::Place;
use crate::doctor::finding::{Finding, Mark};
use crate::patience::within;

/// The group and udev's class of the chips' device files.
const CLASS: (&str, &str) = ("gpio", "gpio");

/// The labels of the chips behind the headers of Raspberry Pis, and the modules of their drivers.
const HEADERS: [(&str, &str); 3] = [
    ("pinctrl-rp1", "pinctrl_rp1"),
    ("pinctrl-bcm2711", "pinctrl_bcm2835"),
    ("pinctrl-bcm2835", "pinctrl_bcm2835"),
];

/// A chip, as far as it is known.
#[derive(Debug)]
struct Chip {
    name: String,
    label: Option<String>,
    lines: Option<u32>,
    driver: Option<String>,
}

/// Returns why the character device cannot be used, as far as files tell.
pub(crate) fn obstacle(place: &Place, board: Option<&Board>) -> Option<Finding> {
    let files = device_files(place);
    let broken = |text: String, remedy: String| Some(Finding::new(Mark::Broken, "cdev", text, remedy));
    if let Some(release) = system::old_kernel(place) {
        return broken(format!("Linux {release} is too old"), "update to Linux 5.10 or newer".to_owned());
    }
    if files.is_empty() {
        let text = "there is no /dev/gpiochip0".to_owned();
        return match (board, system::is_container(place)) {
            (_, true) => {
                broken(text, "give it to the container: docker run --device /dev/gpiochip0".to_owned())
            }
            (Some(_), _) => broken(
                text,
                "update the system, whose kernel lacks the driver: sudo apt full-upgrade".to_owned(),
            ),
            (None, false) => {
                let remedy = "for the pins of a Raspberry Pi over the network: --factory pigpio://HOST";
                Some(Finding::new(Mark::Off, "cdev", "this computer has no GPIO chip", remedy))
            }
        };
    }
    let denied = files.iter().map(|name| user::obstacle(place, &format!("dev/{name}"), CLASS));
    let denied: Option<Vec<(String, String)>> = denied.collect();
    // One file that may be opened will do: the chip of the header is checked when it is opened.
    let (text, remedy) = denied?.into_iter().next()?;
    broken(text, remedy)
}

/// Returns the findings about each chip.
pub(crate) fn examine(place: &Place) -> Vec<Finding> {
    let mut findings: Vec<Finding> = chips(place).iter().map(|chip| chip.finding(place)).collect();
    findings.extend(old_link(place));
    findings.extend(keep(place));
    findings
}

/// Returns the lines that programs or drivers hold.
pub(crate) fn lines_in_use(place: &Place) -> Vec<Finding> {
    if !place.is_here || obstacle(place, None).is_some() {
        return Vec::new();
    }
    let holders = within("asking for the holders of lines", || {
        pinzero::open_factory("cdev").map(|gpio| holders(&gpio))
    });
    holders.and_then(Result::ok).unwrap_or_default()
}

fn holders(gpio: &Gpio) -> Vec<Finding> {
    let lines = (0..gpio.board().lines()).map(Line);
    let holder = |line| gpio.line_info(line).ok()?.consumer.map(|holder| (line, holder));
    lines
        .filter_map(holder)
        .map(|(line, holder)| Finding::ok(line.to_string(), format!("is held by {holder}")))
        .collect()
}

impl Chip {
    fn finding(&self, place: &Place) -> Finding {
        let file = format!("dev/{}", self.name);
        if let Some((text, remedy)) = user::obstacle(place, &file, CLASS) {
            return Finding::new(Mark::Broken, &self.name, text, remedy);
        }
        let label = self.label.as_ref().map(|label| format!("\"{label}\""));
        let lines = self.lines.map(|lines| format!("{lines} lines"));
        let driver = self.driver.as_ref().map(|driver| format!("driver {driver}"));
        let is_header = HEADERS.iter().any(|(label, _)| self.label.as_deref() == Some(label));
        let header = is_header.then(|| "the header".to_owned());
        let facts: Vec<String> = [label, lines, driver, header].into_iter().flatten().collect();
        Finding::ok(&self.name, if facts.is_empty() { "a GPIO chip".to_owned() } else { facts.join(", ") })
    }
}

/// Returns the names of the chips' device files, without links.
fn device_files(place: &Place) -> Vec<String> {
    let mut names = place.names("dev");
    names.retain(|name| name.starts_with("gpiochip") && link(place, name).is_none());
    names
}

/// Returns what a name in `/dev` links to.
fn link(place: &Place, name: &str) -> Option<PathBuf> {
    fs::read_link(place.root.join("dev").join(name)).ok()
}

fn chips(place: &Place) -> Vec<Chip> {
    let told = if place.is_here { within("asking the GPIO chips", pinzero_cdev::chips) } else { None };
    let told = told.unwrap_or_default();
    let chip = |name: String| {
        let device = place.root.join("sys/bus/gpio/devices").join(&name).canonicalize().ok();
        let parent = device.as_ref().and_then(|device| device.parent());
        let driver = parent.and_then(|parent| fs::read_link(parent.join("driver")).ok());
        let driver = driver.and_then(|driver| Some(driver.file_name()?.to_string_lossy().into_owned()));
        let told = told.iter().find(|chip| chip.name == name);
        let from_files = || legacy(place, parent?);
        let (label, lines) = match told {
            Some(chip) => (Some(chip.label.clone()), Some(chip.lines)),
            None => from_files().map_or((None, None), |(label, lines)| (Some(label), lines)),
        };
        Chip { name, label, lines, driver }
    };
    device_files(place).into_iter().map(chip).collect()
}

/// Returns label and number of lines from the kernel's older interface, by the device that has the chip.
fn legacy(place: &Place, parent: &std::path::Path) -> Option<(String, Option<u32>)> {
    let class = "sys/class/gpio";
    let is_its = |name: &String| {
        place.root.join(class).join(name).join("device").canonicalize().is_ok_and(|device| device == parent)
    };
    let name = place.names(class).into_iter().find(is_its)?;
    let lines = place.text(&format!("{class}/{name}/ngpio")).and_then(|text| text.parse().ok());
    Some((place.text(&format!("{class}/{name}/label"))?, lines))
}

/// Looks for the link that stands for the old number of a Raspberry Pi 5's chip.
fn old_link(place: &Place) -> Option<Finding> {
    let target = link(place, "gpiochip4")?;
    let text = format!(
        "is a link to {}, for programs that know the old number of a Raspberry Pi 5",
        target.display()
    );
    Some(Finding::ok("gpiochip4", format!("{text}; pinzero goes by the label")))
}

/// Tells what becomes of a line that is driven when its program ends.
fn keep(place: &Place) -> Option<Finding> {
    let setting = HEADERS.iter().find_map(|(_, module)| {
        let value = place.text(&format!("sys/module/{module}/parameters/persist_gpio_outputs"))?;
        Some((module, value))
    });
    let (module, value) = setting?;
    Some(if value == "Y" {
        Finding::ok("OnClose::Keep", "works: a line that a program leaves driven stays so after its end")
    } else {
        let text = "does not work: the kernel turns the lines of a program that has ended into inputs";
        let remedy =
            format!("if you need it, add `{module}.persist_gpio_outputs=y` to /boot/firmware/cmdline.txt");
        Finding::new(Mark::Off, "OnClose::Keep", text, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_use_is_told_with_its_holder() {
        let gpio = pinzero::mock::gpio();
        gpio.line(8).hold_by(Some("spi0 CS0"));
        gpio.line(17).hold_by(Some("gpioset"));
        let found = holders(&gpio);
        let told = |place: usize| format!("{} {}", found[place].subject, found[place].text);
        assert_eq!(
            (found.len(), told(0), told(1)),
            (2, "GPIO8 is held by spi0 CS0".to_owned(), "GPIO17 is held by gpioset".to_owned())
        );
    }
}
