//! The page to try the model, and what browsers are told about it.

use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};

use crate::http::response::{Reply, body, put};

/// Nothing from elsewhere, nothing inline, no frame around it: what a text holds stays text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Path, kind and content. The page names the other two relative to itself, so that it works behind a path prefix.
const FILES: [(&str, &str, &str); 3] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("page/page.html"),
    ),
    (
        "/page.css",
        "text/css; charset=utf-8",
        include_str!("page/page.css"),
    ),
    (
        "/page.js",
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    ),
];

/// The file of a path, if the page has one.
pub(super) fn file(path: &str) -> Option<(&'static str, Reply)> {
    let (path, kind, content) = FILES.into_iter().find(|file| file.0 == path)?;
    let mut response = body(StatusCode::OK, kind, content);
    put(&mut response, CONTENT_SECURITY_POLICY, POLICY);
    put(&mut response, REFERRER_POLICY, "no-referrer");
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    put(&mut response, opener, "same-origin");
    Some((path, response))
}
