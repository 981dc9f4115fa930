//! Tells whether this user may use a device file, and how to get the permission.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::doctor::Place;

/// A user, and the groups of this session.
#[derive(Debug)]
struct User {
    id: u32,
    groups: Vec<u32>,
}

/// Returns why this user may not read and write a device file, and the remedy. Returns `None` for a user who may.
///
/// `class` is the group that has such files on Raspberry Pi OS, and udev's name for them.
pub(crate) fn obstacle(place: &Place, file: &str, class: (&str, &str)) -> Option<(String, String)> {
    let (usual, subsystem) = class;
    let metadata = fs::metadata(place.root.join(file)).ok()?;
    let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode());
    let user = User::of(place)?;
    let allows = |bits: u32| mode >> bits & 0o6 == 0o6;
    let is_member = user.groups.contains(&group);
    if user.id == 0 || (user.id == owner && allows(6)) || (is_member && allows(3)) || allows(0) {
        return None;
    }
    let name = name_of(place, "etc/group", group).unwrap_or_else(|| group.to_string());
    let text = format!("no permission to open /{file} (group {name}, mode {:03o})", mode & 0o777);
    let remedy = if group == 0 || !allows(3) {
        format!(
            "give the file to group {usual} by a udev rule: SUBSYSTEM==\"{subsystem}\", GROUP=\"{usual}\", MODE=\"0660\""
        )
    } else if is_listed(place, group, user.id) {
        format!("log in again: you are in group {name}, but this session began before that")
    } else {
        format!("sudo usermod -aG {name} $USER, then log in again")
    };
    Some((text, remedy))
}

impl User {
    /// Returns the user of this process.
    fn of(place: &Place) -> Option<User> {
        let status = place.text("proc/self/status")?;
        let numbers = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>()
        };
        // The second number of each is the one that counts for files.
        let id = *numbers("Uid:").get(1)?;
        let groups = [numbers("Groups:"), numbers("Gid:").get(1).copied().into_iter().collect()].concat();
        Some(User { id, groups })
    }
}

/// Returns the name with this number in a file such as `/etc/group`.
fn name_of(place: &Place, file: &str, number: u32) -> Option<String> {
    let (text, number) = (place.text(file)?, number.to_string());
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(&number))?;
    line.split(':').next().map(str::to_owned)
}

/// Returns whether `/etc/group` has the user in the group.
fn is_listed(place: &Place, group: u32, user: u32) -> bool {
    let Some(user) = name_of(place, "etc/passwd", user) else { return false };
    let (text, group) = (place.text("etc/group").unwrap_or_default(), group.to_string());
    let mut line = text.lines().filter(|line| line.split(':').nth(2) == Some(&group));
    line.any(|line| {
        line.split(':').nth(3).is_some_and(|members| members.split(',').any(|one| one.trim() == user))
    })
}
