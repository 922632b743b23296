//! The wire between an edge and the node above it, which can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Wire {
    /// Whoever connects here is connected there, while the wire is whole.
    pub address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Wire {
    pub async fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let wire =
            Self { address: listener.local_addr().expect("it is bound"), whole: watch::Sender::new(true) };
        let whole = wire.whole.subscribe();
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                tokio::spawn(carry(here, there, whole.clone()));
            }
        });
        wire
    }

    /// Connections end, and new ones end at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut here: TcpStream, there: SocketAddr, mut whole: watch::Receiver<bool>) {
    if !*whole.borrow_and_update() {
        return;
    }
    let carried = async {
        if let Ok(mut there) = TcpStream::connect(there).await {
            // Whichever side ends it.
            let _ = copy_bidirectional(&mut here, &mut there).await;
        }
    };
    tokio::select! {
        () = carried => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
