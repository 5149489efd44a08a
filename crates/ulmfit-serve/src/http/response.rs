//! Responses: JSON, and errors that say what to do.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

pub(super) type Reply = Response<Full<Bytes>>;

/// A body of the given kind.
pub(super) fn body(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let fixed = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        put(&mut response, name, value);
    }
    response
}

pub(super) fn json(status: StatusCode, value: &Value) -> Reply {
    body(status, "application/json", format!("{value}\n"))
}

pub(super) fn put(response: &mut Reply, name: HeaderName, value: &'static str) {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
}

/// What went wrong with a request.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The part of the request, or what failed.
    pub(super) error: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) remedy: &'static str,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        error: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self {
            status,
            error,
            expected,
            found,
            remedy,
        }
    }

    pub(super) fn into_response(self) -> Reply {
        let value = json!({
            "error": self.error,
            "expected": self.expected,
            "found": self.found,
            "remedy": self.remedy,
        });
        let mut response = json(self.status, &value);
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => put(&mut response, RETRY_AFTER, "1"),
            StatusCode::UNAUTHORIZED => put(&mut response, WWW_AUTHENTICATE, "Bearer"),
            // The rest of the body is not read: the connection cannot be used again.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                put(&mut response, CONNECTION, "close");
            }
            _ => {}
        }
        response
    }

    /// As [`Self::into_response`], naming the methods that a path has.
    pub(super) fn into_response_allowing(self, methods: &'static str) -> Reply {
        let mut response = self.into_response();
        put(&mut response, ALLOW, methods);
        response
    }
}
