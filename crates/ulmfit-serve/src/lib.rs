//! An ULMFiT model as a service: requests of many clients gathered into batches, and HTTP for those who want it.
//!
//! * [`Service`]: a queue, a few threads and a [`Model`] that can be exchanged under way. It knows no HTTP: a program
//!   with a server of its own calls [`Service::predict`], or [`Service::submit`] from asynchronous code.
//! * [`Request`], [`Reply`], [`Answer`]: what goes in and comes out. [`Reply::to_json`] has the objects that
//!   `ulmfit predict` prints.
//! * [`http`] (feature `http`, on by default): `POST /predict`, `GET /health`, `GET /metrics` and a page to try it.
//!
//! The answer to a text is the one that the model gives for it alone, whatever else is asked at the same time.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod answer;
mod config;
mod error;
mod histogram;
#[cfg(feature = "http")]
pub mod http;
mod locks;
mod metrics;
mod model;
mod pending;
mod queue;
mod service;
mod worker;

pub use answer::{Answer, Reply, Request, Words};
pub use config::ServiceConfig;
pub use error::{Error, Result};
pub use model::Model;
pub use service::{Service, Ticket};
