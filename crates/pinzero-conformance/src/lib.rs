//! The conformance suite; see the README.
