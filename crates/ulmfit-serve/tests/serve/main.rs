//! The service, alone and behind HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod http;
mod limits;
mod service;
mod support;
