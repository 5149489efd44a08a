//! Signals of the system.

use std::future::Future;
use std::io;

use crate::http::server::Stopper;

/// From now on SIGTERM and SIGINT stop, SIGHUP calls `reload` on a thread of its own. The future ends with the second
/// signal to stop.
#[cfg(unix)]
pub(super) fn listen(
    stopper: Stopper,
    reload: impl Fn() + Send + Sync + 'static,
) -> io::Result<impl Future<Output = ()>> {
    use std::sync::Arc;

    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let reload = Arc::new(reload);
    Ok(async move {
        let mut stops = 0;
        while stops < 2 {
            tokio::select! {
                Some(()) = terminate.recv() => stops += 1,
                Some(()) = interrupt.recv() => stops += 1,
                Some(()) = hang_up.recv() => {
                    let reload = Arc::clone(&reload);
                    std::thread::spawn(move || reload());
                    continue;
                }
            }
            stopper.stop();
        }
    })
}

/// Ctrl-C stops; there is no signal that reloads. The future ends with the second Ctrl-C.
#[cfg(not(unix))]
pub(super) fn listen(
    stopper: Stopper,
    _reload: impl Fn() + Send + Sync + 'static,
) -> io::Result<impl Future<Output = ()>> {
    Ok(async move {
        for _ in 0..2 {
            if tokio::signal::ctrl_c().await.is_err() {
                // Without the signal the server runs until its process is ended.
                std::future::pending::<()>().await;
            }
            stopper.stop();
        }
    })
}
