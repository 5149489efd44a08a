//! What a server tells the program that runs it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::model::Model;

/// What has happened to a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// It accepts connections.
    Listening(SocketAddr),
    /// A signal asked for a reload: the new model answers now.
    Reloaded(Arc<Model>),
    /// A signal asked for a reload that failed: the old model still answers.
    NotReloaded(Error),
    /// A request has its response.
    Answered {
        /// The path, or `other` for one that does not exist.
        path: &'static str,
        /// The status code.
        code: u16,
        /// From the head of the request to the response.
        time: Duration,
    },
    /// It was asked to stop: no connection is accepted any more, requests under way are finished.
    Stopping {
        /// The connections that are open.
        connections: usize,
    },
    /// It has stopped.
    Stopped {
        /// Connections that were cut, because they were not done in time or a second signal came.
        cut: usize,
    },
}
