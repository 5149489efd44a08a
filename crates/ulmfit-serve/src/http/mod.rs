//! The service behind HTTP/1.1: a server that a program starts with a few lines.
//!
//! | route | answer |
//! |---|---|
//! | `POST /predict` | `{"text": "..."}`: the object that `ulmfit predict` prints. `{"texts": [...]}`: `{"predictions": [...]}` in their order. With `"words": true` the weight of each word |
//! | `GET /health` | `{"status": "ok", "model": {...}, "queued": n}` |
//! | `GET /metrics` | Prometheus's text format |
//! | `GET /` | a page on which a text can be tried |
//!
//! Errors are JSON, too: `{"error", "expected", "found", "remedy"}`. A token, if there is one, is asked for by `/predict`
//! and `/metrics`. There is no TLS: between machines put a proxy in front that has it.
//!
//! hyper (MIT) reads and writes HTTP, on one thread: it times slow heads out, stops gracefully, and is what most Rust
//! servers stand on. Of its features and tokio's only HTTP/1, sockets, timers and signals are built. axum would add a
//! router and middleware for six fixed paths; tiny_http 0.12 has no timeout for a slow client (its issue 143) and gives
//! every connection a thread.

mod body;
mod config;
mod connection;
mod counters;
mod events;
mod page;
mod peer;
mod predict;
mod response;
mod routes;
mod server;
mod signals;
mod token;
mod write_limit;

pub use config::HttpConfig;
pub use events::Event;
pub use server::{Server, Stopper};
pub use token::Token;
