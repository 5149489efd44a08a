//! Over HTTP: answers, errors, the token and the page.

use serde_json::json;
use ulmfit::prelude::*;
use ulmfit_serve::ServiceConfig;
use ulmfit_serve::http::{HttpConfig, Server, Token};

use crate::client::{Running, ask};
use crate::support::{Same, texts, two_classes};

fn server(http: HttpConfig) -> Running {
    Running::new(&two_classes(1), ServiceConfig::default(), http)
}

#[test]
fn predictions_equal_the_librarys() {
    let predictor = Predictor::new(&two_classes(1)).unwrap();
    let same = Same::of(&predictor);
    let server = server(HttpConfig::default());
    let texts = texts(64);
    let check = |value: &serde_json::Value, text: &str| {
        let wanted = predictor.predict(text);
        assert_eq!(value["label"], wanted.label, "{text}");
        let number = |name| value["probabilities"][name].as_f64().unwrap() as f32;
        let found = [number("neg"), number("pos")];
        assert!(same.holds(&found, &wanted.probabilities), "{text}");
    };
    let batch = server.predict(&json!({ "texts": texts }).to_string());
    assert_eq!(batch.code, 200, "{batch:?}");
    let predictions = batch.json()["predictions"].as_array().unwrap().clone();
    assert_eq!(predictions.len(), texts.len());
    predictions
        .iter()
        .zip(&texts)
        .for_each(|(value, text)| check(value, text));
    std::thread::scope(|scope| {
        for texts in texts.chunks(8) {
            let (server, check) = (&server, &check);
            scope.spawn(move || {
                for text in texts {
                    let one = server.predict(&json!({ "text": text }).to_string());
                    check(&one.json(), text);
                }
            });
        }
    });
    let none = server.predict(r#"{"texts": []}"#);
    assert_eq!(none.json(), json!({ "predictions": [] }));
}

#[test]
fn words_come_when_they_are_asked_for() {
    let server = server(HttpConfig::default());
    let words = server
        .predict(r#"{"text": "a lovely plot", "words": true}"#)
        .json();
    let words: Vec<&str> = words["words"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|w| w["word"].as_str())
        .collect();
    assert_eq!(words, ["a", "lovely", "plot"]);
    let without = server.predict(r#"{"text": "a lovely plot"}"#).json();
    assert!(without.get("words").is_none());
}

#[test]
fn a_wrong_request_is_told_what_is_wrong() {
    let server = server(HttpConfig::default());
    let body = r#"{"text": "a"}"#;
    for (method, path, body, code, found) in [
        ("GET", "/nowhere", "", 404, "/nowhere"),
        ("POST", "/predict/", body, 404, "/predict/"),
        ("GET", "/predict", "", 405, "GET"),
        ("DELETE", "/health", "", 405, "DELETE"),
        ("POST", "/metrics", "", 405, "POST"),
        ("POST", "/", "", 405, "POST"),
        ("POST", "/predict", "", 400, "nothing"),
        (
            "POST",
            "/predict",
            "{\"text\": \"a\"",
            400,
            "line 1 column 12",
        ),
        (
            "POST",
            "/predict",
            r#"{"text": ["a"]}"#,
            400,
            "expected a string",
        ),
        (
            "POST",
            "/predict",
            r#"{"texts": "a"}"#,
            400,
            "expected a sequence",
        ),
        (
            "POST",
            "/predict",
            r#"{"text": "a", "word": true}"#,
            400,
            "unknown field `word`",
        ),
    ] {
        let response = ask(server.address, method, path, "", body);
        assert_eq!(response.code, code, "{method} {path} {body}: {response:?}");
        assert!(response.found().contains(found), "{response:?}");
        assert_eq!(
            code == 405,
            response.head.contains("\r\nallow: "),
            "{response:?}"
        );
    }
    assert_eq!(server.predict(body).code, 200);
    assert_eq!(
        server.metric("ulmfit_http_requests_total{path=\"/predict\",code=\"400\"}"),
        5.0
    );
    assert_eq!(
        server.metric("ulmfit_http_requests_total{path=\"other\",code=\"404\"}"),
        2.0
    );
}

#[test]
fn a_token_is_asked_for_where_texts_and_numbers_are() {
    let http = HttpConfig::default().with_token(Token::new("the-right-token").unwrap());
    let server = server(http);
    for (headers, found) in [
        ("", "no such header"),
        ("Authorization: Bearer the-wrong-token\r\n", "another token"),
        ("Authorization: Bearer\r\n", "another scheme"),
        (
            "Authorization: Basic dGhlLXJpZ2h0LXRva2Vu\r\n",
            "another scheme",
        ),
    ] {
        for (method, path) in [("POST", "/predict"), ("GET", "/metrics")] {
            let response = ask(server.address, method, path, headers, "");
            assert_eq!(response.code, 401, "{headers}");
            assert_eq!(response.found(), found);
            assert!(response.head.contains("www-authenticate: bearer"));
        }
    }
    for scheme in ["Bearer", "bearer"] {
        let headers = format!("Authorization: {scheme} the-right-token\r\n");
        let response = ask(
            server.address,
            "POST",
            "/predict",
            &headers,
            r#"{"text": "a"}"#,
        );
        assert_eq!(response.code, 200, "{response:?}");
        assert_eq!(
            ask(server.address, "GET", "/metrics", &headers, "").code,
            200
        );
    }
    assert_eq!(server.get("/health").code, 200);
    assert_eq!(server.get("/").code, 200);
}

#[test]
fn health_names_the_model() {
    let health = server(HttpConfig::default()).get("/health").json();
    let model =
        json!({ "files": [], "task": "single_label", "names": ["neg", "pos"], "words": true });
    assert_eq!(
        health,
        json!({ "status": "ok", "queued": 0, "model": model })
    );
}

#[test]
fn metrics_count_what_was_asked() {
    let server = server(HttpConfig::default());
    for _ in 0..3 {
        server.predict(r#"{"texts": ["a", "b"]}"#);
    }
    for (name, value) in [
        (
            "ulmfit_http_requests_total{path=\"/predict\",code=\"200\"}",
            3.0,
        ),
        ("ulmfit_http_request_seconds_count", 3.0),
        ("ulmfit_http_requests_in_flight", 0.0),
        ("ulmfit_batch_texts_sum", 6.0),
        ("ulmfit_queue_texts", 0.0),
        (
            "ulmfit_model_info{files=\"\",task=\"single_label\",outputs=\"2\"}",
            1.0,
        ),
    ] {
        assert_eq!(server.metric(name), value, "{name}");
    }
    assert!(
        server
            .get("/metrics")
            .head
            .contains("content-type: text/plain; version=0.0.4")
    );
}

#[test]
fn the_page_is_whole_and_asks_nothing_of_others() {
    let server = server(HttpConfig::default());
    let page = server.get("/");
    assert!(
        page.head
            .contains("content-security-policy: default-src 'none'; script-src 'self'")
    );
    assert!(page.body.starts_with("<!doctype html>"));
    for path in ["/", "/page.css", "/page.js"] {
        let file = server.get(path);
        assert_eq!(file.code, 200);
        assert!(!file.body.contains("://"), "{path} names another place");
    }
    let head = ask(server.address, "HEAD", "/", "", "");
    assert_eq!((head.code, head.body.as_str()), (200, ""));
}

#[test]
fn settings_and_addresses_that_cannot_be_are_named() {
    let none = HttpConfig::default;
    let zero = std::time::Duration::ZERO;
    for (http, field) in [
        (none().with_max_body(0), "max_body"),
        (none().with_max_concurrent(0), "max_concurrent"),
        (none().with_timeout(zero), "timeout"),
    ] {
        let error = Server::bind("127.0.0.1:0", http).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
    let taken = Server::bind("127.0.0.1:0", none()).unwrap();
    let address = taken.address().to_string();
    let error = Server::bind(address.as_str(), none())
        .unwrap_err()
        .to_string();
    assert!(error.contains(&address), "{error}");
}
