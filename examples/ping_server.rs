//! Lights a LED on GPIO17 while the web server of this computer answers. Without `probe`, the system's `ping` asks any host on the network.

use std::net::{TcpStream, ToSocketAddrs};

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let server = PingServer::builder("localhost").event_delay(secs(1)).probe(|host, timeout| {
        let mut addresses = (host, 80).to_socket_addrs().into_iter().flatten();
        Ok(addresses.any(|address| TcpStream::connect_timeout(&address, timeout).is_ok()))
    });
    let (server, led) = (server.open()?, Led::new(17)?);
    println!("{} is {}", server.host(), if server.value()? { "online" } else { "offline" });

    led.follow(server.values())?;
    pinzero::pause();
    Ok(())
}
