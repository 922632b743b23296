//! One request at a time, to warm a contender and to see that it answers what it should.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;

#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Asks on a connection of its own.
pub fn get(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Seen> {
    let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    send(&stream, path, fields)?;
    receive(&stream).with_context(|| format!("http://{address}{path} was not answered"))
}

pub fn send(mut stream: &TcpStream, path: &str, fields: &[(&str, &str)]) -> io::Result<()> {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: bench.example\r\n");
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())
}

/// Knows answers of a stated length, and those without a body; contenders give no others here.
pub fn receive(stream: &TcpStream) -> io::Result<Seen> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not a status line: {line:?}")))?;
    let mut length = 0;
    loop {
        line.clear();
        if lines.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = Vec::new();
    if status != 304 {
        lines.take(length).read_to_end(&mut body)?;
        if body.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Seen { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{ETAG, Upstream};

    #[test]
    fn what_the_upstream_sends_is_what_is_seen() {
        let upstream = Upstream::start().unwrap();
        let seen = get(upstream.address, "/bytes/3/x", &[("If-None-Match", ETAG)]).unwrap();
        assert_eq!((seen.status, seen.body.len()), (200, 3));
        assert_eq!(get(upstream.address, "/", &[]).unwrap().status, 404);
        assert_eq!(upstream.requests(), 2);
    }
}
