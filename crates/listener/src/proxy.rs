//! Proxies that are believed when they say whose connection they pass on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::proxy_header::{Beginning, LEN_MAX, Malformed, Origin, parse};

/// A proxy sends its header in one piece; this is for the one time that the network did not.
const PIECE: Duration = Duration::from_millis(2);

/// The networks in which such proxies are. From everywhere else, a PROXY header is a malformed request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum NoClient {
    #[error("the PROXY header cannot be understood: {0}")]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Proxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whose connection this is; the stream continues behind the header. A proxy may leave the header out, since
    /// nodes and health checks may come from the same address; what a client sends is never the first thing that a
    /// proxy sends, if that is told to send a header at all.
    pub(crate) async fn client(
        &self,
        stream: &mut TcpStream,
        peer: SocketAddr,
    ) -> Result<SocketAddr, NoClient> {
        if !self.has(peer.ip()) {
            return Ok(peer);
        }
        let mut bytes = vec![0; LEN_MAX];
        let mut seen = 0;
        loop {
            let len = stream.peek(&mut bytes).await?;
            if len == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            match parse(&bytes[..len])? {
                Beginning::Other => return Ok(peer),
                Beginning::Incomplete => {
                    // The kernel calls a socket readable as long as anything is unread.
                    if len == seen {
                        tokio::time::sleep(PIECE).await;
                    }
                    seen = len;
                }
                Beginning::Header { origin, len } => {
                    stream.read_exact(&mut bytes[..len]).await?;
                    return Ok(match origin {
                        Origin::Client(client) => client,
                        Origin::Proxy => peer,
                        // Not the proxy's own address, which may be trusted.
                        Origin::Unknown => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                    });
                }
            }
        }
    }
}
