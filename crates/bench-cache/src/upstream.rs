//! The server that all contenders stand in front of.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Of every answer: what is asked with `If-None-Match`.
pub const ETAG: &str = "\"the-one-edition\"";

/// How long `/slow/…` takes: long enough for a herd to gather.
pub const SLOW: Duration = Duration::from_secs(1);

const BODY_MAX: usize = 1 << 20;

/// Answers `/bytes/LENGTH/NAME` and `/slow/LENGTH/NAME` with as many bytes, fresh for a day. Ends with the process.
pub struct Upstream {
    pub address: SocketAddr,
    requests: Arc<AtomicU64>,
}

impl Upstream {
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        let body: Arc<[u8]> = noise(BODY_MAX).into();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (body, counter) = (Arc::clone(&body), Arc::clone(&counter));
                // A contender that does not collapse a herd opens as many connections as there are clients.
                let answering = thread::Builder::new().stack_size(64 << 10);
                // The connection ends when its client is gone, or asks for what there is not.
                let _ = answering.spawn(move || answer(&stream, &body, &counter));
            }
        });
        Ok(Self { address, requests })
    }

    /// How many it has answered.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

fn answer(stream: &TcpStream, body: &[u8], requests: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if lines.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while lines.read_line(&mut line)? > 2 {
            line.clear();
        }
        requests.fetch_add(1, Ordering::Relaxed);
        let Some((slow, length)) = wish(&first) else {
            return (&mut &*stream).write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        };
        if slow {
            thread::sleep(SLOW);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: image/webp\r\nCache-Control: public, max-age=86400\r\n\
             ETag: {ETAG}\r\nContent-Length: {length}\r\n\r\n"
        );
        (&mut &*stream).write_all(head.as_bytes())?;
        (&mut &*stream).write_all(&body[..length])?;
    }
}

/// Whether it is to be slow, and how long.
fn wish(request_line: &str) -> Option<(bool, usize)> {
    let mut path = request_line.split(' ').nth(1)?.split('/').skip(1);
    let slow = match path.next()? {
        "bytes" => false,
        "slow" => true,
        _ => return None,
    };
    let length = path.next()?.parse().ok().filter(|length| *length <= BODY_MAX)?;
    Some((slow, length))
}

/// Bytes that do not compress, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_how_much_and_how_fast() {
        assert_eq!(wish("GET /bytes/20480/7 HTTP/1.1\r\n"), Some((false, 20_480)));
        assert_eq!(wish("GET /slow/5/herd HTTP/1.1\r\n"), Some((true, 5)));
        for other in ["", "GET / HTTP/1.1", "GET /bytes/999999999/1 HTTP/1.1", "GET /else/1/1 HTTP/1.1"] {
            assert_eq!(wish(other), None, "{other}");
        }
    }
}
