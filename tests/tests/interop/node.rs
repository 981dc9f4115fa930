//! The client in Node.
