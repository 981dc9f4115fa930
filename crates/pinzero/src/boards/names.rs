//! The names of a board's members.

use pinzero_core::{Error, ErrorKind, Result};

use super::MemberKey;

/// Fails if a name cannot name a member of `board`, or two members have one name.
pub(super) fn check(names: &[(Option<String>, impl Sized)], board: &str) -> Result<()> {
    let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message));
    let names: Vec<&str> = names.iter().filter_map(|(name, _)| name.as_deref()).collect();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() || name.contains('.') || name.parse::<isize>().is_ok() {
            let message = "a name has a character at least, no dot, and is no number";
            return invalid(format!("`{name}` cannot name a member: {message}"));
        }
        if names[..index].contains(name) {
            return invalid(format!("{board} has two members `{name}`: give each a name of its own"));
        }
    }
    Ok(())
}

/// Returns the index of the member with this index, this name, or this index as text.
pub(super) fn position(names: &[Option<&str>], key: MemberKey<'_>) -> Result<usize> {
    let at = |index: isize| {
        let count = names.len();
        let from_end = if index < 0 { count } else { 0 };
        from_end.checked_add_signed(index).filter(|index| *index < count).ok_or_else(|| {
            let message = format!("the board has {count} members, from 0 to {}: none is {index}", count - 1);
            Error::new(ErrorKind::InvalidValue, message)
        })
    };
    let name = match key {
        MemberKey::Index(index) => return at(index),
        MemberKey::Path(name) => name,
    };
    if let Ok(index) = name.parse() {
        return at(index);
    }
    names.iter().position(|own| *own == Some(name)).ok_or_else(|| {
        let names: Vec<String> = names.iter().flatten().map(|name| format!("`{name}`")).collect();
        let known = if names.is_empty() { "no names".to_owned() } else { names.join(", ") };
        Error::new(ErrorKind::InvalidValue, format!("the board has no member `{name}`: it has {known}"))
    })
}
