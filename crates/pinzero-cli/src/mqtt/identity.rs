//! Names this computer, and tells it from all others.

use std::fs;

/// Files that name this computer as no other, the better ones first: systemd's, D-Bus's, and the serial number of a Raspberry Pi.
const FILES: [&str; 3] =
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/sys/firmware/devicetree/base/serial-number"];

/// Returns the host name, without the domain.
pub(crate) fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Returns what tells a node of this computer from all others. Copies of a card have the same machine identifier, hence the name of the
/// node counts as well.
pub(crate) fn of(node: &str) -> String {
    let machine = FILES.iter().find_map(|file| machine_id(&fs::read_to_string(file).ok()?));
    hash(&machine.unwrap_or_else(host_name), node)
}

/// Returns the identifier in a file; `None` if the file has none yet.
fn machine_id(text: &str) -> Option<String> {
    let id = text.trim_matches(|character: char| character.is_whitespace() || character == '\0');
    Some(id).filter(|id| !id.is_empty() && *id != "uninitialized").map(str::to_owned)
}

/// Hashes by FNV-1a, which is the same for ever. Nobody finds the 128 bits of the machine identifier, which is a secret, in these 64.
fn hash(machine: &str, node: &str) -> String {
    let bytes = format!("pinzero/{machine}/{node}");
    let hash = bytes.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_stays_the_same_and_depends_on_computer_and_node() {
        let (one, other) = ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee");
        assert_eq!(hash(one, "attic"), "eb6f07a38bb4285b");
        let all = [hash(one, "attic"), hash(one, "cellar"), hash(other, "attic"), hash(other, "cellar")];
        assert!(all.iter().enumerate().all(|(index, id)| !all[..index].contains(id)), "{all:?}");
        assert!(all.iter().all(|id| !one.contains(&**id) && !other.contains(&**id)), "{all:?}");
    }

    #[test]
    fn a_file_may_have_no_identifier_yet() {
        assert_eq!(machine_id("0123\n").as_deref(), Some("0123"));
        assert_eq!(machine_id("10000000a1b2c3d4\0").as_deref(), Some("10000000a1b2c3d4"));
        assert_eq!(machine_id("\n"), None);
        assert_eq!(machine_id("uninitialized\n"), None);
    }
}
