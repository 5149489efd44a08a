//! One connection after the other: accepted, served, and at a stop brought to its end.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::counters::Counted;
use crate::http::peer::{Peer, Stream};
use crate::http::routes::Site;
use crate::http::write_limit::WriteLimit;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// Sent where one connection more is not served.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 118\r\n\r\n\
    {\"error\":\"connections\",\"expected\":\"fewer\",\"found\":\"no place\",\"remedy\":\"try again after the seconds of `Retry-After`\"}\n";

/// Accepts connections until `stop` says so, and returns those that are still open then.
pub(super) async fn accept(
    listener: TcpListener,
    site: &Arc<Site>,
    stop: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut open = JoinSet::new();
    let mut stopped = stop.clone();
    let mut stopped = pin!(stopped.wait_for(|stop| *stop));
    loop {
        tokio::select! {
            // An error means that the sender is gone, and with it whoever could ask for more.
            _ = &mut stopped => return open,
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    open.spawn(serve(stream, Arc::clone(site), stop.clone()));
                }
                Err(error) => rest_after(&error).await,
            },
        }
    }
}

/// Without open files left `accept` fails at once, again and again.
async fn rest_after(error: &io::Error) {
    let gone = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
    ];
    if !gone.contains(&error.kind()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn serve(stream: TcpStream, site: Arc<Site>, mut stop: watch::Receiver<bool>) {
    let config = &site.config;
    let Some(_open) = Counted::below(&site.counters.connections, config.max_connections) else {
        // What does not fit into the socket's buffer is not worth a wait.
        let _ = stream.try_write(FULL);
        return;
    };
    // A response is one small piece: there is nothing to gather it with.
    let _ = stream.set_nodelay(true);
    let peer = Peer::new(stream);
    let io = WriteLimit::new(Stream(Arc::clone(&peer)), config.timeout);
    let io = TokioIo::new(io);
    let answer = service_fn(|request| {
        let (site, peer) = (Arc::clone(&site), Arc::clone(&peer));
        async move { Ok::<_, Infallible>(site.answer(request, &peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout.min(config.timeout))
        .max_buf_size(MAX_HEAD)
        // Whoever sends no more may still wait for the answer. Whether they do is `Peer`'s to find out.
        .half_close(true)
        .serve_connection(io, answer);
    let mut connection = pin!(connection);
    // How a connection ends concerns its client, who knows.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
