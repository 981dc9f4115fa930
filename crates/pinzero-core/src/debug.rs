//! Debugging output for what is known by its role only.

/// Has trait objects of these roles print the role, and asks nothing of what is behind them.
///
/// If each had to print itself, all of what every backend is made of would be printable, and in every program: a seventh of
/// one with a LED was that.
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
