//! The header by which a proxy says whose connection it passes on: the PROXY protocol, versions 1 and 2.
//!
//! Section numbers are those of HAProxy's `proxy-protocol.txt`. Neither version can be mistaken for HTTP or TLS.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// §2.2
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const PREFIX_V1: &[u8] = b"PROXY ";
/// The longest line of version 1, its end included (§2.1).
const LINE_MAX: usize = 107;
/// Addresses have at most 216 bytes; what else a proxy adds (TLVs, §2.2) is short as well.
const REST_MAX: usize = 4096;
/// Signature, version and command, family and protocol, length.
const FIXED: usize = 16;

/// No header is longer.
pub(crate) const LEN_MAX: usize = FIXED + REST_MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The connection of a client.
    Client(SocketAddr),
    /// The proxy's own, for a health check (§2.2, LOCAL).
    Proxy,
    /// A client of which the proxy does not know the address, or one that has none.
    Unknown,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A header of `len` bytes.
    Header { origin: Origin, len: usize },
    /// More bytes will tell.
    Incomplete,
    /// Something else: there is no header.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("its version is {0}, known are 1 and 2")]
    Version(u8),
    #[error("its command is {0}, known are 0 and 1")]
    Command(u8),
    #[error("it is {0} bytes long, at most {LEN_MAX} are read")]
    TooLong(usize),
    #[error("it ends before its addresses do")]
    Short,
    #[error("its line does not end within {LINE_MAX} bytes")]
    Endless,
    #[error("its line is not PROXY, a family, two addresses and two ports")]
    Line,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Beginning, Malformed> {
    if begins(bytes, SIGNATURE) {
        return binary(bytes);
    }
    if begins(bytes, PREFIX_V1) {
        return line(bytes);
    }
    Ok(Beginning::Other)
}

/// As far as both go.
fn begins(bytes: &[u8], with: &[u8]) -> bool {
    bytes.iter().zip(with).all(|(one, other)| one == other)
}

fn binary(bytes: &[u8]) -> Result<Beginning, Malformed> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else { return Ok(Beginning::Incomplete) };
    let [version_and_command, family, len @ ..] = &fixed[SIGNATURE.len()..] else {
        return Ok(Beginning::Incomplete);
    };
    let (version, command) = (version_and_command >> 4, version_and_command & 0xF);
    if version != 2 {
        return Err(Malformed::Version(version));
    }
    if command > 1 {
        return Err(Malformed::Command(command));
    }
    let len = len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
    if len > REST_MAX {
        return Err(Malformed::TooLong(FIXED + len));
    }
    let Some(rest) = rest.get(..len) else { return Ok(Beginning::Incomplete) };
    let origin = match (command, family >> 4) {
        (0, _) => Origin::Proxy,
        (_, 1) => {
            let [a, b, c, d, _, _, _, _, high, low, ..] = *rest else { return Err(Malformed::Short) };
            let [_, _, _, _, _, _, _, _, _, _, _, _, ..] = *rest else { return Err(Malformed::Short) };
            client(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))
        }
        (_, 2) => {
            let Some((addresses, _)) = rest.split_first_chunk::<36>() else { return Err(Malformed::Short) };
            let Some(source) = addresses.first_chunk::<16>() else { return Err(Malformed::Short) };
            client(Ipv6Addr::from_octets(*source), u16::from_be_bytes([addresses[32], addresses[33]]))
        }
        // UNSPEC, AF_UNIX, or what there is not yet.
        _ => Origin::Unknown,
    };
    Ok(Beginning::Header { origin, len: FIXED + len })
}

fn line(bytes: &[u8]) -> Result<Beginning, Malformed> {
    let within = &bytes[..bytes.len().min(LINE_MAX)];
    let Some(end) = within.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LINE_MAX { Ok(Beginning::Incomplete) } else { Err(Malformed::Endless) };
    };
    let text = str::from_utf8(&within[..end]).map_err(|_| Malformed::Line)?;
    let origin = match text.split(' ').collect::<Vec<_>>()[..] {
        ["PROXY", "UNKNOWN", ..] => Origin::Unknown,
        ["PROXY", "TCP4", source, target, source_port, target_port] => {
            let source: Ipv4Addr = part(source)?;
            part::<Ipv4Addr>(target)?;
            port(target_port)?;
            client(source, port(source_port)?)
        }
        ["PROXY", "TCP6", source, target, source_port, target_port] => {
            let source: Ipv6Addr = part(source)?;
            part::<Ipv6Addr>(target)?;
            port(target_port)?;
            client(source, port(source_port)?)
        }
        _ => return Err(Malformed::Line),
    };
    Ok(Beginning::Header { origin, len: end + 2 })
}

fn part<T: std::str::FromStr>(text: &str) -> Result<T, Malformed> {
    text.parse().map_err(|_| Malformed::Line)
}

/// Digits only: `parse` would take a sign.
fn port(text: &str) -> Result<u16, Malformed> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { part(text) } else { Err(Malformed::Line) }
}

fn client(address: impl Into<std::net::IpAddr>, port: u16) -> Origin {
    Origin::Client(SocketAddr::new(address.into().to_canonical(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn binary_header(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[version_and_command, family], &len, rest].concat()
    }

    fn origin(bytes: &[u8]) -> Result<Origin, String> {
        match parse(bytes) {
            Ok(Beginning::Header { origin, len }) => {
                assert_eq!(len, bytes.len());
                Ok(origin)
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(format!("{error:?}")),
        }
    }

    #[test]
    fn version_2_names_the_client() {
        let four = [192, 0, 2, 7, 10, 0, 0, 1, 0xD4, 0x31, 1, 0xBB];
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0xD, 0xB8]);
        six[15] = 7;
        six[32..].copy_from_slice(&[0xD4, 0x31, 1, 0xBB]);
        let with_tlv = [&four[..], &[4, 0, 1, 9]].concat();
        let client = |text: &str| Ok(Origin::Client(text.parse().unwrap()));
        for (version_and_command, family, rest, expected) in [
            (0x21, 0x11, &four[..], client("192.0.2.7:54321")),
            (0x21, 0x12, &four[..], client("192.0.2.7:54321")),
            (0x21, 0x11, &with_tlv, client("192.0.2.7:54321")),
            (0x21, 0x21, &six, client("[2001:db8::7]:54321")),
            (0x20, 0x11, &four, Ok(Origin::Proxy)),
            (0x20, 0x00, &[], Ok(Origin::Proxy)),
            (0x21, 0x00, &[], Ok(Origin::Unknown)),
            (0x21, 0x31, &[0; 216], Ok(Origin::Unknown)),
            (0x21, 0x11, &four[..11], Err("Short".into())),
            (0x21, 0x21, &six[..35], Err("Short".into())),
            (0x21, 0x11, &[], Err("Short".into())),
            (0x11, 0x11, &four, Err("Version(1)".into())),
            (0x22, 0x11, &four, Err("Command(2)".into())),
            (0x21, 0x11, &[0; 4097], Err("TooLong(4113)".into())),
        ] {
            let header = binary_header(version_and_command, family, rest);
            assert_eq!(origin(&header), expected, "{version_and_command:x} {family:x} {}", rest.len());
        }
    }

    #[test]
    fn version_1_names_the_client() {
        let client = |text: &str| Ok(Origin::Client(text.parse().unwrap()));
        let line: Result<Origin, String> = Err("Line".into());
        for (text, expected) in [
            ("PROXY TCP4 192.0.2.7 10.0.0.1 54321 443\r\n", client("192.0.2.7:54321")),
            ("PROXY TCP6 2001:db8::7 ::1 54321 443\r\n", client("[2001:db8::7]:54321")),
            ("PROXY TCP6 ::ffff:192.0.2.7 ::1 54321 443\r\n", client("192.0.2.7:54321")),
            ("PROXY UNKNOWN\r\n", Ok(Origin::Unknown)),
            ("PROXY UNKNOWN ffff:f ::1 1 2\r\n", Ok(Origin::Unknown)),
            ("PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n", line.clone()),
            ("PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n", line.clone()),
            ("PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n", line.clone()),
            ("PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n", line.clone()),
            ("PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n", line.clone()),
            ("PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n", line),
        ] {
            assert_eq!(origin(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(parse(&[b"PROXY UNKNOWN ", &[b'x'; 100][..]].concat()), Err(Malformed::Endless));
    }

    #[test]
    fn what_begins_otherwise_has_no_header() {
        for bytes in
            ["GET / HTTP/1.1\r\n", "PROXIED / HTTP/1.1", "\r\nGET /", "\x16\x03\x01", "PRI * HTTP/2.0"]
        {
            assert_eq!(parse(bytes.as_bytes()), Ok(Beginning::Other), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_something_else(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_rest_of_a_header_has_an_answer(
            version_and_command in 0x1F..0x23u8,
            family: u8,
            rest in proptest::collection::vec(any::<u8>(), 0..300),
            cut in 0..400usize,
        ) {
            let mut header = binary_header(version_and_command, family, &rest);
            header.truncate(cut);
            let _ = parse(&header);
        }

        #[test]
        fn what_comes_in_pieces_is_understood_once_it_is_whole(
            source: Ipv4Addr, port: u16, as_text: bool, more in proptest::collection::vec(any::<u8>(), 0..40)
        ) {
            let header = if as_text {
                format!("PROXY TCP4 {source} 10.0.0.1 {port} 443\r\n").into_bytes()
            } else {
                let addresses = [&source.octets()[..], &[10, 0, 0, 1], &port.to_be_bytes(), &[1, 0xBB]].concat();
                binary_header(0x21, 0x11, &addresses)
            };
            for cut in 0..header.len() {
                prop_assert_eq!(parse(&header[..cut]), Ok(Beginning::Incomplete));
            }
            let origin = Origin::Client((source, port).into());
            let whole = Ok(Beginning::Header { origin, len: header.len() });
            prop_assert_eq!(parse(&[header, more].concat()), whole);
        }
    }
}
