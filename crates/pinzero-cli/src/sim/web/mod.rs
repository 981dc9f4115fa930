//! Shows the board in browsers.

use std::error::Error;
use std::net::SocketAddr;

use super::board::Simulator;

/// The server of the page. Dropping it ends all connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    /// Returns the address of the page.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves the page on this port of the local computer; 0 takes a free one.
///
/// # Errors
/// If the port is in use.
pub(crate) fn start(_: &Simulator, _port: u16) -> Result<Server, Box<dyn Error>> {
    Err("the page is not built yet".into())
}
