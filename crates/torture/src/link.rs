//! A link between two nodes: a TCP proxy that cuts, refuses, stalls, delays and truncates as it is told.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a link does to what passes over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Connections that are open are reset; new ones may come.
    Cut,
    /// Connections that are open are reset, and so is each new one.
    Refuse,
    /// Nothing passes in these directions; nothing is lost either, it comes when the trouble is over.
    Stall(Way),
    /// Each piece is this late, in both directions.
    Delay(Duration),
    /// Of each connection so many bytes of the answers still pass, then it is reset.
    Truncate(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Questions, towards the upstream.
    Up,
    /// Answers.
    Down,
    Both,
}

impl Way {
    fn includes(self, way: Way) -> bool {
        self == Way::Both || self == way
    }
}

/// What all connections of a link look at.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    trouble: Option<Trouble>,
    /// Rises with each cut: a connection that was opened under a lower number is reset.
    cuts: u64,
}

pub struct Link {
    pub address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// Listens on `address`; what comes there goes on to `target`.
    pub async fn open(address: SocketAddr, target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::default());
        let watched = state.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, watched.clone()));
            }
        });
        Ok(Self { address, state, accepting })
    }

    pub fn trouble(&self, trouble: Trouble) {
        self.state.send_modify(|state| {
            state.trouble = Some(trouble).filter(|trouble| *trouble != Trouble::Cut);
            state.cuts += u64::from(matches!(trouble, Trouble::Cut | Trouble::Refuse));
        });
    }

    pub fn heal(&self) {
        self.state.send_modify(|state| state.trouble = None);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection, from its first byte to its last or to its reset.
async fn carry(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let State { trouble, cuts } = *state.borrow();
    if trouble == Some(Trouble::Refuse) {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return reset(&client) };
    let whole = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = pass(from_client, to_server, Way::Up, state.clone());
        let down = pass(from_server, to_client, Way::Down, state.clone());
        let both = async { tokio::try_join!(up, down) };
        tokio::select! {
            passed = both => passed.is_ok(),
            _ = state.wait_for(|state| state.cuts != cuts) => false,
        }
    };
    if !whole {
        reset(&client);
        reset(&server);
    }
}

/// Closes with RST and not FIN: an end that cannot be taken for an orderly one.
fn reset(stream: &TcpStream) {
    // If it fails, the connection is closed already.
    let _closed = stream.set_zero_linger();
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: Way,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
    let mut piece = vec![0; 16 << 10];
    let mut left = None;
    loop {
        let read = from.read(&mut piece).await?;
        let stalls =
            |state: &State| matches!(state.trouble, Some(Trouble::Stall(other)) if other.includes(way));
        let now = *state.wait_for(|state| !stalls(state)).await.map_err(|_| ended())?;
        if read == 0 {
            return to.shutdown().await;
        }
        let mut length = read;
        match now.trouble {
            Some(Trouble::Delay(by)) => tokio::time::sleep(by).await,
            Some(Trouble::Truncate(after)) if way == Way::Down => {
                let allowed: &mut u64 = left.get_or_insert(after);
                length = length.min(usize::try_from(*allowed).unwrap_or(usize::MAX));
                *allowed -= length as u64;
            }
            _ => left = None,
        }
        to.write_all(&piece[..length]).await?;
        if left == Some(0) {
            return Err(ended());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets, behind a link; and a connection to it.
    async fn echo() -> (Link, TcpStream) {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(loopback).await.unwrap();
        let target = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ended = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        let link = Link::open(loopback, target).await.unwrap();
        let stream = TcpStream::connect(link.address).await.unwrap();
        (link, stream)
    }

    async fn say(stream: &mut TcpStream, words: &str) -> io::Result<String> {
        stream.write_all(words.as_bytes()).await?;
        hear(stream, words.len()).await
    }

    async fn hear(stream: &mut TcpStream, length: usize) -> io::Result<String> {
        let mut heard = vec![0; length];
        stream.read_exact(&mut heard).await?;
        Ok(String::from_utf8_lossy(&heard).into_owned())
    }

    async fn hears_nothing_for(stream: &mut TcpStream, millis: u64) -> bool {
        tokio::time::timeout(Duration::from_millis(millis), hear(stream, 1)).await.is_err()
    }

    #[tokio::test]
    async fn a_link_without_trouble_passes_everything_and_the_end_too() {
        let (_link, mut stream) = echo().await;
        assert_eq!(say(&mut stream, "hello").await.unwrap(), "hello");
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_cut_resets_what_is_open_and_lets_new_ones_come() {
        let (link, mut stream) = echo().await;
        say(&mut stream, "hello").await.unwrap();
        link.trouble(Trouble::Cut);
        let error = hear(&mut stream, 1).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let mut other = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(say(&mut other, "again").await.unwrap(), "again");
    }

    #[tokio::test]
    async fn a_link_that_refuses_resets_new_ones_too_until_it_is_healed() {
        let (link, mut stream) = echo().await;
        say(&mut stream, "hello").await.unwrap();
        link.trouble(Trouble::Refuse);
        assert!(hear(&mut stream, 1).await.is_err());
        let mut other = TcpStream::connect(link.address).await.unwrap();
        assert!(say(&mut other, "let me in").await.is_err());
        link.heal();
        let mut third = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(say(&mut third, "now").await.unwrap(), "now");
    }

    #[tokio::test]
    async fn what_stalls_comes_when_the_trouble_is_over() {
        for way in [Way::Up, Way::Down, Way::Both] {
            let (link, mut stream) = echo().await;
            say(&mut stream, "hello").await.unwrap();
            link.trouble(Trouble::Stall(way));
            stream.write_all(b"later").await.unwrap();
            assert!(hears_nothing_for(&mut stream, 50).await, "{way:?}");
            link.heal();
            assert_eq!(hear(&mut stream, 5).await.unwrap(), "later", "{way:?}");
        }
    }

    #[tokio::test]
    async fn what_is_late_is_late_in_both_directions() {
        let (link, mut stream) = echo().await;
        link.trouble(Trouble::Delay(Duration::from_millis(40)));
        let began = std::time::Instant::now();
        assert_eq!(say(&mut stream, "slow").await.unwrap(), "slow");
        assert!(began.elapsed() >= Duration::from_millis(80));
    }

    #[tokio::test]
    async fn an_answer_that_is_truncated_ends_with_a_reset_and_no_byte_more() {
        let (link, mut stream) = echo().await;
        link.trouble(Trouble::Truncate(3));
        stream.write_all(b"all of this").await.unwrap();
        let mut heard = Vec::new();
        let error = stream.read_to_end(&mut heard).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(b"all".starts_with(&heard), "{heard:?}");
    }
}
