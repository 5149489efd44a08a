//! Start, signals and stop.

use std::future::Future;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::pin;
use std::sync::Arc;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::http::config::HttpConfig;
use crate::http::connection;
use crate::http::counters::Counters;
use crate::http::events::Event;
use crate::http::routes::{Site, Tell};
use crate::http::signals;
use crate::service::Service;

/// A server that has its address and waits to be run.
///
/// ```no_run
/// use std::sync::Arc;
/// use ulmfit::prelude::*;
/// use ulmfit_serve::http::{HttpConfig, Server};
/// use ulmfit_serve::{Service, ServiceConfig};
///
/// let files = ["reviews.safetensors"];
/// let service = Service::open(&files, &Device::default(), ServiceConfig::default())?;
/// let server = Server::bind("127.0.0.1:8000", HttpConfig::default())?;
/// server.run_with_signals(&Arc::new(service), |event| eprintln!("{event:?}"))?;
/// # Ok::<(), ulmfit_serve::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: HttpConfig,
    stop: Arc<watch::Sender<bool>>,
}

/// Stops a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Asks the server to stop: it accepts nothing any more, finishes the requests under way and returns from
    /// [`Server::run`].
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Takes an address; clients that come before the server is run wait. Port 0 takes a free one.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting; [`Error::Io`] naming the address.
    pub fn bind(address: impl ToSocketAddrs + ToString, config: HttpConfig) -> Result<Self> {
        config.check()?;
        let bound = TcpListener::bind(&address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, listener))
        });
        let (address, listener) = bound.map_err(|source| Error::Io {
            what: format!("address {}", address.to_string()),
            source,
            remedy: "give a free one of this machine as HOST:PORT; ports below 1024 need a right of their own",
        })?;
        Ok(Self {
            listener,
            address,
            config,
            stop: Arc::new(watch::Sender::new(false)),
        })
    }

    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops the server.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Serves until a [`Stopper`] stops it.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses to wait for sockets.
    pub fn run(self, service: &Arc<Service>) -> Result<()> {
        let nobody: Tell = Arc::new(|_| {});
        self.serve(service, nobody, || Ok(std::future::pending::<()>()))
    }

    /// Serves until SIGTERM or SIGINT (Ctrl-C), or a [`Stopper`], stops it; SIGHUP reloads the model on a thread of its
    /// own, without a pause. A second signal to stop cuts the requests under way. `tell` hears what happens; it is
    /// called on the server's thread or on that of a reload, and should not take long.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses sockets or signals.
    pub fn run_with_signals(
        self,
        service: &Arc<Service>,
        tell: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<()> {
        let tell: Tell = Arc::new(tell);
        let (stop, reloaded) = (self.stopper(), Arc::clone(service));
        let told = Arc::clone(&tell);
        let reload = move || {
            told(match reloaded.reload() {
                Ok(model) => Event::Reloaded(model),
                Err(error) => Event::NotReloaded(error),
            });
        };
        self.serve(service, tell, move || signals::listen(stop, reload))
    }

    /// `hurry` makes, within the runtime, the future that ends when a stop is not to wait any longer.
    fn serve<H: Future<Output = ()>>(
        self,
        service: &Arc<Service>,
        tell: Tell,
        hurry: impl FnOnce() -> std::io::Result<H>,
    ) -> Result<()> {
        let refused = |source| Error::Io {
            what: "the server".into(),
            source,
            remedy: "check the system's limits of open files and threads",
        };
        // Reading and writing HTTP takes microseconds; the texts are the work of other threads.
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.map_err(refused)?.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(refused)?;
            let mut hurry = pin!(hurry().map_err(refused)?);
            let time = self.config.timeout;
            let site = Arc::new(Site {
                service: Arc::clone(service),
                config: self.config,
                counters: Counters::new(),
                tell: Arc::clone(&tell),
            });
            tell(Event::Listening(self.address));
            let stop = self.stop.subscribe();
            let mut open = tokio::select! {
                open = connection::accept(listener, &site, &stop) => open,
                // A second signal can come before the first is seen.
                () = &mut hurry => JoinSet::new(),
            };
            let connections = open.len();
            tell(Event::Stopping { connections });
            tokio::select! {
                _ = timeout(time, async { while open.join_next().await.is_some() {} }) => {}
                () = &mut hurry => {}
            }
            tell(Event::Stopped { cut: open.len() });
            Ok(())
        })
    }
}
