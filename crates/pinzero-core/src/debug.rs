//! `Debug` for trait objects.

/// Implements `Debug` for trait objects of these roles; the output is the name of the role.
///
/// `Debug` on every backend type made up a seventh of a one-LED binary, so trait objects print only their role.
macro_rules! opaque {
    ($($role:ident)+) => {$(
        impl std::fmt::Debug for dyn $role {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($role))
            }
        }
    )+};
}

pub(crate) use opaque;
