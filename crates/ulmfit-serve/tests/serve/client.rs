//! A server in the test's process, and a client that writes what it is told, byte by byte if need be.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use ulmfit::prelude::*;
use ulmfit_serve::http::{HttpConfig, Server, Stopper};
use ulmfit_serve::{Model, Service, ServiceConfig};

/// A running server; dropping it stops it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn new(
        classifier: &TextClassifier,
        config: ServiceConfig,
        http: HttpConfig,
    ) -> Self {
        let model = Model::new(std::slice::from_ref(classifier), &Device::default()).unwrap();
        let service = Arc::new(Service::new(model, config).unwrap());
        let server = Server::bind("127.0.0.1:0", http).unwrap();
        let (address, stopper) = (server.address(), server.stopper());
        let thread = std::thread::spawn(move || server.run(&service).unwrap());
        Self {
            address,
            stopper,
            thread: Some(thread),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        ask(self.address, "GET", path, "", "")
    }

    pub(crate) fn predict(&self, body: &str) -> Response {
        ask(self.address, "POST", "/predict", "", body)
    }

    /// The number behind the metric of this name and these labels; 0 if it is not there.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").body;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.parse().unwrap())
    }

    /// Waits until the metric has the value.
    pub(crate) fn wait_for(&self, name: &str, value: f64) {
        let started = Instant::now();
        while self.metric(name) != value {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "{name} never became {value}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the server's end, after a stop.
    pub(crate) fn ended(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                std::thread::panicking() || ended.is_ok(),
                "the server panicked"
            );
        }
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) code: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// What is said to have been found, in an error that has all of its parts.
    pub(crate) fn found(&self) -> String {
        let value = self.json();
        for part in ["error", "expected", "found", "remedy"] {
            let text = value[part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "no {part} in {self:?}");
        }
        value["found"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // A test that waits for what does not come fails.
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// One request on a connection of its own; `headers` are whole lines.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Response {
    let mut stream = connect(address);
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    response(&mut stream)
}

/// What comes until the server closes the connection.
pub(crate) fn response(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no head in {text:?}"));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Response {
        code: code.unwrap_or_else(|| panic!("no code in {head:?}")),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
