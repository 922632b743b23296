//! The end of a connection that we end.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(2);
const UNREAD_MAX: u64 = 1 << 20;

/// Says that nothing more comes, and reads on for a while: closed over what a client has sent, a connection is reset,
/// and the kernel takes back the answer that the client has not read yet (RFC 9112 §9.6).
pub(crate) async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let end = async {
        stream.shutdown().await?;
        copy(&mut stream.take(UNREAD_MAX), &mut sink()).await
    };
    // However it ends, it has ended.
    let _ = timeout(PATIENCE, end).await;
}
