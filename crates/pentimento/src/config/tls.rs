//! `[tls]`: where clients are served over TLS.

use std::net::SocketAddr;

use super::node::{Node, read_address};
use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub listen: Option<SocketAddr>,
    /// Where those who come without TLS are sent to it.
    pub redirect_listen: Option<SocketAddr>,
    /// HTTP/3 at the UDP port of the same number.
    pub http3: bool,
}

impl Tls {
    pub(super) fn read(section: &mut Section, node: &Node, has_certificates: bool) -> Self {
        let listen = read_address(section, "listen");
        let redirect_listen = read_address(section, "redirect_listen");
        let http3 = section.boolean("http3").unwrap_or(false);
        if http3 && !cfg!(feature = "http3") {
            let message = "this binary was built without HTTP/3: cargo build --release --features http3";
            section.complain("http3", message.to_owned());
        }
        match (section.is_set("listen"), has_certificates) {
            (true, false) => {
                let message = "`listen` needs a certificate: a [[certificate]], or [acme] with `hosts`";
                section.complain("listen", message.to_owned());
            }
            (false, true) => {
                let message = "there are certificates, and [tls] has no `listen`, such as \"0.0.0.0:443\"";
                section.complain("listen", message.to_owned());
            }
            _ => {}
        }
        if redirect_listen.is_some() && !section.is_set("listen") {
            let message = "`redirect_listen` sends clients to the `listen` of [tls], which is not there";
            section.complain("redirect_listen", message.to_owned());
        }
        let mut taken =
            vec![("[node] listen", Some(node.listen)), ("[node] control_listen", node.control_listen)];
        for (key, name, address) in [
            ("listen", "[tls] listen", listen),
            ("redirect_listen", "[tls] redirect_listen", redirect_listen),
        ] {
            let Some(found) = address.filter(|address| address.port() != 0) else { continue };
            if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == Some(found)) {
                section.complain(key, format!("`{key}` is {found} as {other} is: they must differ"));
            }
            taken.push((name, Some(found)));
        }
        Self { listen, redirect_listen, http3 }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        if self.listen.is_none() {
            return;
        }
        out.section("[tls]");
        for (key, address) in [("listen", self.listen), ("redirect_listen", self.redirect_listen)] {
            if let Some(address) = address {
                out.text(key, address);
            }
        }
        if self.http3 {
            out.plain("http3", true);
        }
    }
}
