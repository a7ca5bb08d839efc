//! A port where nobody listens.

/// URL of a port of this machine where nobody listens.
pub fn refused_url() -> String {
    format!("http://127.0.0.1:{}/v1", port())
}

/// Bound for as long as the process lives, so that nobody else gets it, but never listened on.
#[cfg(target_os = "linux")]
fn port() -> u16 {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
    use std::os::fd::OwnedFd;
    use std::sync::OnceLock;

    static HELD: OnceLock<(OwnedFd, u16)> = OnceLock::new();
    HELD.get_or_init(|| {
        let held = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&held, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = getsockname(&held).expect("an address");
        let address = SocketAddr::try_from(address).expect("an address of the internet");
        (held, address.port())
    })
    .1
}

/// Free a moment ago.
#[cfg(not(target_os = "linux"))]
fn port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
