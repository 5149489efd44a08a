//! A model in a program of one's own: the program has its protocol, `Service` gathers what its threads ask into
//! batches. Here the protocol is a line of text in, a line of JSON out, over TCP.
//!
//! ```sh
//! cargo run --release --example 06_serve                          # a small model, trained here
//! cargo run --release --example 06_serve -- reviews.safetensors 127.0.0.1:7000
//! ```
//!
//! With an address it serves until its process ends; try it with `nc 127.0.0.1 7000`. For HTTP there is `ulmfit serve`,
//! or `ulmfit_serve::http::Server` in a program.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ulmfit::prelude::*;
use ulmfit_serve::{Model, Request, Service, ServiceConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let device = Device::default();
    let model = match arguments.next() {
        Some(file) => Model::load(&[file], &device)?,
        None => Model::new(&[small_classifier(&device)?], &device)?,
    };
    // One service for all threads. A queue of 64 texts: who comes when it is full is told so at once.
    let config = ServiceConfig::default().with_queue(64);
    let service = Arc::new(Service::new(model, config)?);

    let listener = TcpListener::bind(arguments.next().as_deref().unwrap_or("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let accepting = Arc::clone(&service);
    let server = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let service = Arc::clone(&accepting);
            thread::spawn(move || answer_lines(&service, &stream));
        }
    });
    if std::env::args().len() > 2 {
        println!("one line in, one line out: {address}");
        return server
            .join()
            .map_err(|_| "the server's thread panicked".into());
    }

    // Clients at the same time: each has the answer to its own text.
    let texts = ["A lovely film.", "I hated every minute.", "What a plot!"];
    let clients = texts.map(|text| thread::spawn(move || ask(address, text)));
    for (text, client) in texts.iter().zip(clients) {
        let answer = client.join().map_err(|_| "a client panicked")??;
        println!("{text} -> {answer}");
    }
    let metrics = service.metrics();
    let batches = metrics
        .lines()
        .find(|line| line.starts_with("ulmfit_batch_texts_count"));
    println!("{}", batches.unwrap_or_default());
    Ok(())
}

/// A line of JSON for each line of text, until the client is done.
fn answer_lines(service: &Service, stream: &TcpStream) -> std::io::Result<()> {
    let mut out = stream;
    for line in BufReader::new(stream).lines() {
        let deadline = Instant::now() + Duration::from_secs(10);
        let request = Request::new([line?]).with_deadline(deadline);
        match service.predict(request) {
            Ok(reply) => writeln!(out, "{}", reply.to_json()[0])?,
            // The message says what to do, such as to try again in a second.
            Err(error) => writeln!(out, "error: {error}")?,
        }
    }
    Ok(())
}

fn ask(address: std::net::SocketAddr, text: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    writeln!(stream, "{text}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}

/// A classifier of the bundled sample, just large enough to show something.
fn small_classifier(device: &Device) -> Result<TextClassifier, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let set = ReviewSet::open(folder)?;
    let sizes = Sizes {
        embed: 16,
        hidden: 32,
        layers: 1,
    };
    let learned = Ulmfit::builder()
        .recipe(Recipe::default().with_sizes(sizes))
        .fit(&set.train, device)?;
    Ok(learned.classifier)
}
