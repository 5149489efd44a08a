//! `POST /predict`: JSON to a request, a reply to JSON.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::answer::Request;
use crate::error::Error;
use crate::http::response::Refusal;
use crate::service::{Service, Ticket};

const SHAPE: &str =
    r#"{"text": "..."} or {"texts": ["...", ...]}, and "words": true for their weights"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    text: Option<String>,
    texts: Option<Vec<String>>,
    #[serde(default)]
    words: bool,
}

/// A request, and whether it is answered with one object or a list.
struct Question {
    request: Request,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    One,
    List,
}

fn question(body: &[u8]) -> Result<Question, Refusal> {
    let refuse = |found: String| {
        let remedy = "send JSON of this shape, in UTF-8";
        Refusal::new(StatusCode::BAD_REQUEST, "body", SHAPE, found, remedy)
    };
    let asked: Asked = serde_json::from_slice(body).map_err(|error| match body {
        [] => refuse("nothing".into()),
        _ => refuse(error.to_string()),
    })?;
    let (texts, form) = match (asked.text, asked.texts) {
        (Some(text), None) => (vec![text], Form::One),
        (None, Some(texts)) => (texts, Form::List),
        (Some(_), Some(_)) => return Err(refuse("both `text` and `texts`".into())),
        (None, None) => return Err(refuse("neither `text` nor `texts`".into())),
    };
    let mut request = Request::new(texts);
    if asked.words {
        request = request.with_words();
    }
    Ok(Question { request, form })
}

/// The response to a body.
pub(super) async fn answer(
    service: &Service,
    body: Vec<u8>,
    time: Duration,
) -> Result<Value, Refusal> {
    let Question { request, form } = question(&body)?;
    // The texts are copies of its own.
    drop(body);
    let request = request.with_deadline(Instant::now() + time);
    let (send, receive) = oneshot::channel();
    let ticket = service.submit(request, move |reply| {
        // A client that has gone away does not receive.
        let _ = send.send(reply);
    });
    let _waiting = Waiting(ticket.map_err(refusal)?);
    let reply = match timeout(time, receive).await {
        Ok(Ok(reply)) => reply.map_err(refusal)?,
        Ok(Err(_)) => return Err(refusal(Error::Panic("the reply was lost".into()))),
        Err(_) => return Err(refusal(Error::Late)),
    };
    let mut objects = reply.to_json();
    Ok(match form {
        Form::One => objects.remove(0),
        Form::List => json!({ "predictions": objects }),
    })
}

/// What is written down of a request whose client has gone; nobody reads it.
pub(super) fn gone() -> Refusal {
    Refusal::new(
        StatusCode::REQUEST_TIMEOUT,
        "connection",
        "a client that waits for its answer",
        "one that has gone",
        "wait for the answer",
    )
}

/// Gives the request up when the client goes away, by which this future is dropped.
struct Waiting(Ticket);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

fn refusal(error: Error) -> Refusal {
    let later = "try again after the seconds of `Retry-After`";
    match error {
        Error::Busy {
            texts,
            queued,
            capacity,
        } => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "queue",
            format!("room for {texts} texts"),
            format!("{queued} of {capacity} places taken"),
            later,
        ),
        Error::TooManyTexts { texts, capacity } => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "texts",
            format!("at most {capacity}"),
            texts.to_string(),
            "send them in several requests",
        ),
        Error::TooManyTokens { tokens, limit } => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "tokens",
            format!("at most {limit} in a request"),
            format!("{tokens} or more"),
            "send less text, or start the server with a larger --max-tokens",
        ),
        Error::NoWords => Refusal::new(
            StatusCode::BAD_REQUEST,
            "words",
            "a model of classes",
            "a regression, whose words have no weights",
            "leave `words` out",
        ),
        Error::Late => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "answer",
            "one within the server's time limit",
            "none yet",
            later,
        ),
        other => Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "prediction",
            "an answer",
            other.to_string(),
            "report this with the text that causes it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, question};
    use crate::answer::Words;

    #[test]
    fn both_forms_are_read() {
        let one = question(br#"{"text": "a"}"#).ok();
        assert!(one.is_some_and(|q| q.form == Form::One && q.request.texts == ["a"]));
        let list = question(br#"{"texts": ["a", ""], "words": true}"#).ok();
        let list = list.map(|q| (q.form, q.request.words, q.request.texts.len()));
        assert_eq!(list, Some((Form::List, Words::Weighed, 2)));
    }

    #[test]
    fn a_refusal_says_what_was_found() {
        for (body, found) in [
            (&b""[..], "nothing"),
            (b"{", "line 1 column 1"),
            (b"{}", "neither"),
            (br#"{"text": "a", "texts": []}"#, "both"),
            (br#"{"text": 1}"#, "integer `1`, expected a string"),
            (br#"{"txt": "a"}"#, "unknown field `txt`"),
            (b"{\"text\": \"\xff\"}", "unicode"),
            (b"[]", "line 1 column 2"),
        ] {
            let Err(refusal) = question(body) else {
                panic!("{body:?} was taken");
            };
            assert!(refusal.found.contains(found), "{refusal:?}");
        }
    }
}
