//! Internal devices, with readings of our own.
