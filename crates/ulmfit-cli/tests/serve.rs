//! `ulmfit serve` as a user runs it: signals, and every answer beside that of `ulmfit predict`.
//!
//! By default 640 requests; with `ULMFIT_SLOW_TESTS` set, 10,000.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ulmfit::model::Random;
use ulmfit::prelude::*;

const CLIENTS: usize = 32;

/// Texts of 0 to 59 words, no two alike.
fn texts(n: usize) -> Vec<String> {
    const WORDS: [&str; 8] = ["a", "film", "of", "words", "never", "seen", "or", "heard"];
    let text = |i: usize| {
        let words: Vec<&str> = (0..i * 7 % 60)
            .map(|j| WORDS[(i + j * j + i * j) % 8])
            .collect();
        format!("{} {i}", words.join(" "))
    };
    (0..n).map(text).collect()
}

/// An untrained classifier in a file of the folder.
fn model(folder: &Path, name: &str, seed: u64) -> PathBuf {
    let tokens = TokenizerConfig::new().init().tokenize_all(&texts(300));
    let vocab = VocabConfig::new().with_min_freq(1).build(&tokens);
    let text = TextEncoding::new(TokenizerConfig::new(), vocab);
    let device = Device::default();
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(32, 64, 2);
    let mut encoder = sizes.init(&mut Random::new(seed), &device).unwrap();
    encoder.embedding = encoder.embedding.map(|x| x * 20.0);
    let model = ClassifierConfig::new(3)
        .init(encoder, seed, &device)
        .unwrap();
    let classes = vec!["x".into(), "y".into(), "z".into()];
    let path = folder.join(name);
    let classifier = TextClassifier::new(text, model, classes).unwrap();
    classifier.save(&path).unwrap();
    path
}

/// A server that runs; it is killed if the test ends before it.
struct Server {
    child: Child,
    address: String,
    said: BufReader<ChildStderr>,
}

impl Server {
    fn start(model: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
        command
            .arg("serve")
            .arg(model)
            .args(["--addr", "127.0.0.1:0"])
            .args(more);
        command.env_remove("ULMFIT_TOKEN").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let (_, address) = line
            .split_once("http://")
            .unwrap_or_else(|| panic!("{line}"));
        let address = address.trim_end().trim_end_matches('/').to_owned();
        Self {
            child,
            address,
            said,
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The next line that the server says.
    fn says(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line
    }

    /// The rest of what it says, after it has ended well.
    fn ended(mut self) -> String {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that stays open over many requests.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, text: &str) {
        self.send_body(&json!({ "text": text }).to_string());
    }

    fn send_body(&mut self, body: &str) {
        let length = body.len();
        let request =
            format!("POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n{body}");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// The code and the body of the response.
    fn receive(&mut self) -> (u16, Value) {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let code = line
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no code in {line:?}"));
        let (code, mut length) = (code.parse().unwrap(), 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("content-length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (code, serde_json::from_slice(&body).unwrap())
    }

    fn ask(&mut self, text: &str) -> (u16, Value) {
        self.send(text);
        self.receive()
    }
}

/// What `ulmfit predict` prints for each text.
fn predicted(model: &Path, texts: &[String]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    command.arg("predict").arg(model);
    command.args(texts.iter().map(|text| format!("--text={text}")));
    let output = command.output().unwrap();
    assert!(output.status.success());
    let lines = output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Whether the library gives a text the same bits alone and in a batch, as it does with its kernels for AVX-512;
/// elsewhere answers may differ by the 1e-5 that it promises.
fn rounds_alike(model: &Path) -> bool {
    let predictor = Predictor::load(model, &Device::default()).unwrap();
    let texts = texts(120);
    let alone = texts.iter().map(|text| predictor.predict(text));
    alone.eq(predictor.predict_all(&texts))
}

fn near(a: &Value, b: &Value) -> bool {
    let number = |value: &Value, name: &str| value["probabilities"][name].as_f64().unwrap();
    let close = |name| (number(a, name) - number(b, name)).abs() <= 1e-5;
    ["x", "y", "z"].into_iter().all(close)
}

#[test]
fn every_request_of_many_clients_has_the_answer_of_ulmfit_predict() {
    let n = match std::env::var_os("ULMFIT_SLOW_TESTS") {
        Some(_) => 10_000,
        None => 640,
    };
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path(), "m.safetensors", 1);
    let (texts, exact) = (texts(n), rounds_alike(&model));
    let wanted = predicted(&model, &texts);
    assert_eq!(wanted.len(), n);
    assert_ne!(wanted[1], wanted[2]);
    let server = Server::start(&model, &[]);
    let (next, started) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(&server.address);
                loop {
                    let row = next.fetch_add(1, Ordering::Relaxed);
                    let Some(text) = texts.get(row) else { break };
                    let (code, answer) = client.ask(text);
                    assert_eq!(code, 200, "{answer}");
                    let same = answer == wanted[row] || !exact && near(&answer, &wanted[row]);
                    assert!(same, "{text}: {answer}, not {}", wanted[row]);
                }
            });
        }
        // The same file again, under way: nobody is to notice.
        for share in 1..4 {
            while next.load(Ordering::Relaxed) < share * n / 4 {
                std::thread::sleep(Duration::from_millis(1));
            }
            server.signal("HUP");
        }
    });
    let how = if exact {
        "the same bits"
    } else {
        "within 1e-5"
    };
    println!("{n} answers in {:.1?}: {how}", started.elapsed());
    server.signal("TERM");
    let said = server.ended();
    assert!(
        said.contains("reloaded") && !said.contains("error"),
        "{said}"
    );
}

#[test]
fn a_hang_up_loads_a_new_file_and_survives_a_broken_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = model(folder.path(), "m.safetensors", 1);
    let second = model(folder.path(), "new.safetensors", 2);
    let text = "never a film".to_owned();
    let before = predicted(&first, std::slice::from_ref(&text)).remove(0);
    let after = predicted(&second, std::slice::from_ref(&text)).remove(0);
    assert!(!near(&before, &after));
    let mut server = Server::start(&first, &[]);
    let mut client = Client::new(&server.address);
    assert!(near(&client.ask(&text).1, &before));
    fs::rename(&second, &first).unwrap();
    server.signal("HUP");
    assert!(server.says().starts_with("reloaded "));
    assert!(near(&client.ask(&text).1, &after));
    fs::write(&first, "not a model").unwrap();
    server.signal("HUP");
    let said = server.says();
    let wanted = "error: not reloaded, the old model stays: ";
    assert!(
        said.starts_with(wanted) && said.contains("m.safetensors"),
        "{said}"
    );
    assert!(near(&client.ask(&text).1, &after));
}

#[test]
fn a_stop_finishes_the_request_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path(), "m.safetensors", 1);
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&model, &["--batch-wait-ms", "500"]);
        let mut client = Client::new(&server.address);
        // Answered once, so that the server has the connection when the signal comes.
        assert_eq!(client.ask("a film").0, 200);
        client.send("never seen");
        std::thread::sleep(Duration::from_millis(100));
        server.signal(signal);
        assert_eq!(server.says(), "stopping: 1 connections are open\n");
        assert_eq!(client.receive().0, 200);
        assert_eq!(server.ended(), "stopped\n");
    }
}

#[test]
fn the_request_of_the_page_is_answered() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/serve.md");
    let page = fs::read_to_string(page).unwrap();
    let calls: Vec<&str> = page
        .lines()
        .filter_map(|l| l.strip_prefix("curl -d \""))
        .collect();
    assert_eq!(calls.len(), 1);
    let (body, address) = calls[0].split_once("\" http://").unwrap();
    assert_eq!(address, "127.0.0.1:8000/predict");
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&model(folder.path(), "m.safetensors", 1), &[]);
    let mut client = Client::new(&server.address);
    client.send_body(&body.replace("\\\"", "\""));
    let (code, answer) = client.receive();
    assert!(
        code == 200 && answer["label"].is_string(),
        "{code} {answer}"
    );
}

#[test]
fn verbose_names_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path(), "m.safetensors", 1);
    let mut server = Server::start(&model, &["--verbose"]);
    Client::new(&server.address).ask("a");
    let said = server.says();
    assert!(said.starts_with("/predict 200 in "), "{said}");
    server.signal("TERM");
    assert!(server.ended().contains("stopped"));
}

#[test]
fn options_are_checked_and_an_open_address_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path(), "m.safetensors", 1);
    let token = folder.path().join("token");
    fs::write(&token, "short\n").unwrap();
    let token = token.to_str().unwrap();
    let itself = format!("--backward-model={}", model.display());
    let (file, backward) = (
        format!("--token-file={token}"),
        format!("--backward-model={token}"),
    );
    for (option, says) in [
        ("--threads=0", "--threads"),
        ("--timeout=-1", "--timeout"),
        ("--timeout=nan", "seconds from 0.001 to 86400"),
        ("--max-concurrent=0", "--max-concurrent"),
        ("--max-batch=0", "an integer from 1"),
        ("--max-tokens=0", "an integer from 1"),
        ("--max-body=99999999999999999999", "--max-body"),
        ("--addr=127.0.0.1", "HOST:PORT"),
        (file.as_str(), "5 characters"),
        (itself.as_str(), "expected a classifier that reads backward"),
        (backward.as_str(), token),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
        command
            .arg("serve")
            .arg(&model)
            .arg(option)
            .env_remove("ULMFIT_TOKEN");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(says),
            "{option}: {said}"
        );
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ulmfit"));
    command
        .arg("serve")
        .arg(&model)
        .args(["--addr", "0.0.0.0:0"]);
    command.env_remove("ULMFIT_TOKEN").stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("warning: 0.0.0.0:"), "{line}");
}
