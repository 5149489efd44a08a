//! Clients that send too much, too slowly or too many requests, and a stop while they do.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use ulmfit_serve::ServiceConfig;
use ulmfit_serve::http::HttpConfig;

use crate::client::{Running, ask, connect, response};
use crate::support::two_classes;

const HEAD: &str = "POST /predict HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
const BODY: &str = r#"{"text": "a lovely film"}"#;
const IN_FLIGHT: &str = "ulmfit_http_requests_in_flight";

/// A server that gathers for so long that a test can act meanwhile.
fn slow(wait_ms: u64, http: HttpConfig) -> Running {
    let config = ServiceConfig::default().with_batch_wait(Duration::from_millis(wait_ms));
    Running::new(&two_classes(1), config, http)
}

fn server(http: HttpConfig) -> Running {
    Running::new(&two_classes(1), ServiceConfig::default(), http)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A request whose response is still to be read.
fn send(server: &Running) -> TcpStream {
    let mut stream = connect(server.address);
    let length = BODY.len();
    write!(stream, "{HEAD}Content-Length: {length}\r\n\r\n{BODY}").unwrap();
    stream
}

#[test]
fn a_body_over_the_limit_is_refused_however_it_comes() {
    let server = server(HttpConfig::default().with_max_body(1000));
    let body = |n: usize| json!({ "text": "a".repeat(n - 11) }).to_string();
    assert_eq!(body(1000).len(), 1000);
    assert_eq!(server.predict(&body(1000)).code, 200);
    for length in [1001, 3_000_000] {
        let refused = server.predict(&body(length));
        assert_eq!(refused.code, 413, "{refused:?}");
        assert_eq!(refused.found(), format!("{length} bytes"));
    }

    let mut chunked = connect(server.address);
    write!(chunked, "{HEAD}Transfer-Encoding: chunked\r\n\r\n").unwrap();
    for _ in 0..20 {
        write!(chunked, "64\r\n{}\r\n", "a".repeat(100)).unwrap();
    }
    write!(chunked, "0\r\n\r\n").unwrap();
    assert_eq!(response(&mut chunked).code, 413);

    // A client that asks first is told before it sends.
    let mut asking = connect(server.address);
    write!(
        asking,
        "{HEAD}Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    assert_eq!(response(&mut asking).code, 413);
}

#[test]
fn clients_with_slow_heads_are_left_and_harm_no_one() {
    let http = HttpConfig {
        header_timeout: ms(300),
        ..HttpConfig::default()
    };
    let server = server(http);
    let started = Instant::now();
    let mut silent = connect(server.address);
    let mut halting = connect(server.address);
    halting
        .write_all(b"POST /predict HTTP/1.1\r\nHost")
        .unwrap();
    // A connection that has had its answer is as silent, and is closed, too.
    let mut idle = connect(server.address);
    write!(idle, "GET /health HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    assert_eq!(server.predict(BODY).code, 200);
    for stream in [&mut silent, &mut halting, &mut idle] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    let waited = started.elapsed();
    assert!(waited >= ms(250) && waited < ms(5_000), "{waited:?}");
    server.wait_for("ulmfit_http_connections", 1.0);
}

#[test]
fn a_slow_body_is_told_and_takes_no_place() {
    let server = server(
        HttpConfig::default()
            .with_timeout(ms(300))
            .with_max_concurrent(1),
    );
    let mut slow = connect(server.address);
    write!(slow, "{HEAD}Content-Length: 100\r\n\r\n{{\"text\":").unwrap();
    assert_eq!(server.predict(BODY).code, 200);
    let told = response(&mut slow);
    assert_eq!((told.code, told.found().as_str()), (408, "a part"));
}

#[test]
fn one_request_too_many_is_told_to_come_again() {
    let server = slow(1_000, HttpConfig::default().with_max_concurrent(1));
    let mut first = send(&server);
    server.wait_for(IN_FLIGHT, 1.0);
    let second = server.predict(BODY);
    assert_eq!((second.code, second.found().as_str()), (503, "one more"));
    assert!(second.head.contains("retry-after: 1"));
    assert_eq!(server.get("/health").code, 200);
    assert_eq!(response(&mut first).code, 200);
    assert_eq!(server.predict(BODY).code, 200);
}

#[test]
fn a_full_queue_is_told_too() {
    let config = ServiceConfig::default().with_queue(2);
    let server = Running::new(&two_classes(1), config, HttpConfig::default());
    let three = server.predict(r#"{"texts": ["a", "b", "c"]}"#);
    assert_eq!((three.code, three.found().as_str()), (413, "3"));
    let config = config.with_batch_wait(ms(1_000));
    let server = Running::new(&two_classes(1), config, HttpConfig::default());
    let mut first = send(&server);
    server.wait_for("ulmfit_queue_texts", 1.0);
    let full = server.predict(r#"{"texts": ["a", "b"]}"#);
    assert_eq!(
        (full.code, full.found().as_str()),
        (503, "1 of 2 places taken")
    );
    assert_eq!(response(&mut first).code, 200);
}

#[test]
fn one_connection_too_many_is_told_too() {
    let http = HttpConfig {
        max_connections: 1,
        ..HttpConfig::default()
    };
    let server = slow(1_000, http);
    let mut first = send(&server);
    // The first has been accepted when the second is refused: they come in order.
    let mut second = connect(server.address);
    let refused = response(&mut second);
    assert_eq!((refused.code, refused.found().as_str()), (503, "no place"));
    assert!(
        refused
            .head
            .contains(&format!("content-length: {}", refused.body.len()))
    );
    assert_eq!(response(&mut first).code, 200);
}

#[test]
fn an_answer_that_takes_too_long_is_not_waited_for() {
    let server = slow(1_500, HttpConfig::default().with_timeout(ms(200)));
    let started = Instant::now();
    let late = server.predict(BODY);
    assert_eq!((late.code, late.found().as_str()), (503, "none yet"));
    assert!(started.elapsed() < ms(1_400));
    // Nobody wants it any more: it is not evaluated.
    server.wait_for("ulmfit_queue_texts", 0.0);
    assert_eq!(server.metric("ulmfit_batch_texts_sum"), 0.0);
}

#[test]
fn a_client_that_leaves_takes_its_request_along() {
    let server = slow(1_000, HttpConfig::default());
    let leaving = send(&server);
    server.wait_for(IN_FLIGHT, 1.0);
    drop(leaving);
    server.wait_for(IN_FLIGHT, 0.0);
    server.wait_for("ulmfit_queue_texts", 0.0);
    assert_eq!(server.metric("ulmfit_batch_texts_sum"), 0.0);
}

/// A body of so many words, for which the small model needs many windows.
fn long_body(words: usize) -> String {
    json!({ "text": "lovely film ".repeat(words / 2) }).to_string()
}

/// Sends a body on a connection that stays open.
fn send_body(server: &Running, body: &str) -> TcpStream {
    let mut stream = connect(server.address);
    write!(stream, "{HEAD}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream
}

/// One worker, and texts of any length.
fn lone_worker() -> Running {
    let config = ServiceConfig::default()
        .with_workers(1)
        .with_max_tokens(10_000_000);
    let http = HttpConfig::default()
        .with_max_body(8 << 20)
        .with_timeout(ms(120_000));
    Running::new(&two_classes(1), config, http)
}

#[test]
fn a_client_that_sends_no_more_has_its_answer() {
    let server = slow(600, HttpConfig::default());
    let mut half = send(&server);
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    half.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    // What every client leaves aside may stand before it.
    let answer = text.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{text}");
    assert!(answer.contains("\"label\""), "{text}");
    // A client of HTTP/1.0 knows of no answer but its own.
    let mut old = connect(server.address);
    let length = BODY.len();
    write!(
        old,
        "POST /predict HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{BODY}"
    )
    .unwrap();
    old.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = response(&mut old);
    assert_eq!(answer.code, 200, "{answer:?}");
}

#[test]
fn requests_in_a_row_on_a_connection_that_ends_have_all_answers() {
    let server = slow(300, HttpConfig::default());
    let mut stream = connect(server.address);
    let length = BODY.len();
    for _ in 0..3 {
        write!(
            stream,
            "POST /predict HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{BODY}"
        )
        .unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200").count(), 3, "{text}");
}

#[test]
fn more_tokens_than_a_request_may_have_are_refused() {
    let config = ServiceConfig::default().with_max_tokens(100);
    let server = Running::new(&two_classes(1), config, HttpConfig::default());
    assert_eq!(server.predict(&long_body(90)).code, 200);
    let refused = server.predict(&long_body(200));
    assert_eq!(refused.code, 413, "{refused:?}");
    assert!(refused.found().ends_with(" or more"), "{refused:?}");
    assert!(
        refused.body.contains("at most 100 in a request"),
        "{refused:?}"
    );
    // All texts of a request together.
    let texts = vec!["a lovely film, and never dreadful"; 30];
    let refused = server.predict(&json!({ "texts": texts }).to_string());
    assert_eq!(refused.code, 413, "{refused:?}");
    assert_eq!(server.predict(BODY).code, 200);
}

#[test]
fn short_requests_pass_long_ones_which_end_when_nobody_waits() {
    let server = lone_worker();
    let long = long_body(1_000_000);
    let leaving: Vec<TcpStream> = (0..3).map(|_| send_body(&server, &long)).collect();
    server.wait_for(IN_FLIGHT, 3.0);
    for _ in 0..5 {
        assert_eq!(server.predict(BODY).code, 200);
    }
    // All of the long ones are still under way, behind the short ones that came later.
    assert_eq!(server.metric(IN_FLIGHT), 3.0);
    assert_eq!(server.metric("ulmfit_batch_texts_sum"), 5.0);
    drop(leaving);
    server.wait_for(IN_FLIGHT, 0.0);
    server.wait_for("ulmfit_queue_texts", 0.0);
    assert_eq!(server.predict(BODY).code, 200);
    assert_eq!(
        server.metric("ulmfit_batch_texts_sum"),
        6.0,
        "none was finished"
    );
}

#[test]
fn a_stop_does_not_wait_for_work_that_nobody_wants() {
    let config = ServiceConfig::default()
        .with_workers(1)
        .with_max_tokens(10_000_000);
    let http = HttpConfig::default()
        .with_max_body(64 << 20)
        .with_timeout(ms(1_000));
    let server = Running::new(&two_classes(1), config, http);
    let waiting = send_body(&server, &long_body(3_000_000));
    server.wait_for(IN_FLIGHT, 1.0);
    server.stopper.stop();
    // The test would take as long as the text does: the service's threads are waited for.
    server.ended();
    drop(waiting);
}

#[test]
fn what_looks_like_a_long_run_is_not_written_out() {
    let server = server(HttpConfig::default());
    let text = "xxrep 99999999999 a ".repeat(500);
    let body = json!({ "text": text, "words": true }).to_string();
    let answer = server.predict(&body);
    assert_eq!(answer.code, 200);
    let words = answer.json()["words"].as_array().unwrap().clone();
    let letters: usize = words
        .iter()
        .map(|w| w["word"].as_str().unwrap().len())
        .sum();
    assert!(letters <= 3 * text.len(), "{letters} of {}", text.len());
}

#[test]
fn a_stop_finishes_what_is_under_way_and_accepts_nothing_more() {
    let server = slow(300, HttpConfig::default());
    let address = server.address;
    let mut idle = connect(address);
    write!(idle, "GET /health HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    idle.read_exact(&mut [0; 12]).unwrap();
    let mut half = connect(address);
    let (begin, end) = BODY.split_at(10);
    write!(half, "{HEAD}Content-Length: {}\r\n\r\n{begin}", BODY.len()).unwrap();
    let mut asked = send(&server);
    server.wait_for(IN_FLIGHT, 1.0);
    server.stopper.stop();
    // An open connection without a request is closed.
    idle.read_to_end(&mut Vec::new()).unwrap();
    let started = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(
            started.elapsed() < ms(5_000),
            "nothing is accepted after a stop"
        );
    }
    half.write_all(end.as_bytes()).unwrap();
    assert_eq!(response(&mut half).code, 200);
    assert_eq!(response(&mut asked).code, 200);
    server.ended();
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let server = server(HttpConfig::default().with_timeout(ms(300)));
    let mut never = connect(server.address);
    write!(never, "{HEAD}Content-Length: 100\r\n\r\n{{").unwrap();
    server.wait_for("ulmfit_http_connections", 2.0);
    let started = Instant::now();
    server.stopper.stop();
    server.ended();
    assert!(started.elapsed() < ms(5_000));
}

#[test]
fn hostile_heads_are_refused() {
    let server = server(HttpConfig::default());
    for head in [
        "nonsense\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(40_000)),
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(40_000)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(2_000)),
    ] {
        let mut stream = connect(server.address);
        // The server may close before all of it is written.
        let _ = stream.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    let length = "Content-Length: 18446744073709551615\r\n";
    let mut stream = connect(server.address);
    write!(stream, "{HEAD}{length}Expect: 100-continue\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    assert_eq!(ask(server.address, "POST", "/predict", "", BODY).code, 200);
}
