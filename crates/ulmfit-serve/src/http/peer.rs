//! The other end of a connection: whether anybody is there to read an answer.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::Version;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How often a socket is looked at that says nothing by itself.
const LOOK: Duration = Duration::from_millis(100);

/// A response that every client of HTTP/1.1 takes at any time and leaves aside (RFC 9110, section 15.2).
const PROBE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection that its responses and its watch share.
pub(super) struct Peer {
    stream: TcpStream,
    /// Whether a part of what was to be written has not been taken.
    unsent: AtomicBool,
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Arc<Self> {
        Arc::new(Self {
            stream,
            unsent: AtomicBool::new(false),
        })
    }

    /// Ends when the client has gone away.
    ///
    /// A client that will send no more and waits for its answer looks as one that has gone: the end of its data is all
    /// that is seen of either. Who is there takes the probe, and who is not answers it with a reset.
    pub(super) async fn gone(&self, version: Version) {
        // Data that are not read, such as the next request, would make it ready at once, again and again.
        while !self.is(Interest::READABLE, tokio::io::Ready::is_read_closed) {
            sleep(LOOK).await;
        }
        if version < Version::HTTP_11 {
            // Nothing may be sent before its answer: it is answered, whether it is there or not.
            return std::future::pending().await;
        }
        // In the middle of another response nothing may be sent, either.
        while self.unsent.load(Relaxed) {
            sleep(LOOK).await;
        }
        if self.stream.try_write(PROBE).is_err() {
            return;
        }
        while !self.is(Interest::WRITABLE, tokio::io::Ready::is_write_closed) {
            sleep(LOOK).await;
        }
    }

    /// What the system has said of the socket so far.
    fn is(&self, interest: Interest, state: fn(tokio::io::Ready) -> bool) -> bool {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let ready = std::pin::pin!(self.stream.ready(interest));
        match ready.poll(&mut cx) {
            Poll::Ready(Ok(ready)) => state(ready),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        }
    }
}

/// The connection as a stream.
pub(super) struct Stream(pub(super) Arc<Peer>);

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match stream.try_read(buffer.initialize_unfilled()) {
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Peer { stream, unsent } = &*self.0;
        loop {
            unsent.store(true, Relaxed);
            ready!(stream.poll_write_ready(cx))?;
            match stream.try_write(bytes) {
                Ok(written) => {
                    unsent.store(written < bytes.len(), Relaxed);
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.0.stream).shutdown(Shutdown::Write))
    }
}
