//! From a request to its response.

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request, StatusCode};
use serde_json::json;

use crate::http::config::HttpConfig;
use crate::http::counters::{Counted, Counters};
use crate::http::events::Event;
use crate::http::peer::Peer;
use crate::http::response::{Refusal, Reply, body, json};
use crate::http::{body as request_body, page, predict};
use crate::service::Service;

/// What all connections share.
pub(super) struct Site {
    pub(super) service: Arc<Service>,
    pub(super) config: HttpConfig,
    pub(super) counters: Counters,
    pub(super) tell: Tell,
}

/// Hears what happens.
pub(super) type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// How unknown paths are counted.
const UNKNOWN: &str = "other";

impl Site {
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Reply {
        let started = Instant::now();
        let (path, response) = self.route(request, peer).await;
        let code = response.status().as_u16();
        let time = started.elapsed();
        self.counters.request(path, code, time);
        (self.tell)(Event::Answered { path, code, time });
        response
    }

    async fn route(&self, request: Request<Incoming>, peer: &Peer) -> (&'static str, Reply) {
        let (path, method) = (request.uri().path().to_owned(), request.method().clone());
        let reads = method == Method::GET || method == Method::HEAD;
        if let Some((path, file)) = page::file(&path) {
            return match reads {
                true => (path, file),
                false => (path, wrong_method(&method, "GET, HEAD")),
            };
        }
        match path.as_str() {
            "/predict" if method != Method::POST => ("/predict", wrong_method(&method, "POST")),
            "/predict" => {
                let answered = self.predict(request, peer).await;
                ("/predict", answered.unwrap_or_else(Refusal::into_response))
            }
            "/health" if reads => ("/health", self.health()),
            "/metrics" if reads => match self.permit(request.headers()) {
                Ok(()) => ("/metrics", self.metrics()),
                Err(refusal) => ("/metrics", refusal.into_response()),
            },
            "/health" => ("/health", wrong_method(&method, "GET, HEAD")),
            "/metrics" => ("/metrics", wrong_method(&method, "GET, HEAD")),
            _ => (UNKNOWN, unknown(path)),
        }
    }

    async fn predict(&self, request: Request<Incoming>, peer: &Peer) -> Result<Reply, Refusal> {
        self.permit(request.headers())?;
        let version = request.version();
        let (max, time) = (self.config.max_body, self.config.timeout);
        let bytes = request_body::read(request, max, time).await?;
        // Counted from here on: a client that is slow to send takes no one's place.
        let limit = self.config.max_concurrent;
        let Some(_place) = Counted::below(&self.counters.in_flight, limit) else {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "requests",
                format!("at most {limit} at the same time"),
                "one more",
                "try again after the seconds of `Retry-After`",
            ));
        };
        let answer = tokio::select! {
            answer = predict::answer(&self.service, bytes, time) => answer?,
            // What was asked for is given up with the future that waits for it.
            () = peer.gone(version) => return Err(predict::gone()),
        };
        Ok(json(StatusCode::OK, &answer))
    }

    fn health(&self) -> Reply {
        let facts = json!({
            "status": "ok",
            "model": self.service.model().facts(),
            "queued": self.service.queued(),
        });
        json(StatusCode::OK, &facts)
    }

    fn metrics(&self) -> Reply {
        let text = self.counters.write() + &self.service.metrics();
        body(StatusCode::OK, "text/plain; version=0.0.4", text)
    }

    fn permit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.config.token else {
            return Ok(());
        };
        let sent = headers.get(AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok());
        let found = match sent.and_then(|value| value.split_once(' ')) {
            None if sent.is_none() => "no such header",
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
                if token.is(rest.trim_ascii()) {
                    return Ok(());
                }
                "another token"
            }
            _ => "another scheme",
        };
        Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "token",
            "the header `Authorization: Bearer ...` with the server's token",
            found,
            "ask whoever started the server for its token",
        ))
    }
}

fn wrong_method(method: &Method, allowed: &'static str) -> Reply {
    let refusal = Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        allowed,
        method.as_str(),
        "use the method that the path has",
    );
    refusal.into_response_allowing(allowed)
}

fn unknown(path: String) -> Reply {
    let refusal = Refusal::new(
        StatusCode::NOT_FOUND,
        "path",
        "/, /predict, /health or /metrics",
        path,
        "use one of these paths",
    );
    refusal.into_response()
}
