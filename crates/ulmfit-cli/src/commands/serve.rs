//! `ulmfit serve`: the model behind HTTP, and a page to try it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ulmfit::prelude::Device;
use ulmfit_serve::http::{Event, HttpConfig, Server, Token};
use ulmfit_serve::{Model, Service, ServiceConfig};

use super::predict::Quantize;
use crate::options::compute::Precision;

/// The variable that holds the token where no file does: arguments can be read by every user of the machine.
const TOKEN: &str = "ULMFIT_TOKEN";

/// Serve a model over HTTP: POST /predict, GET /health, GET /metrics, and at / a page to try it.
///
/// SIGHUP loads the model's files again, without a pause; SIGTERM and Ctrl-C finish the requests under way, a second one
/// cuts them. The variable ULMFIT_TOKEN or --token-file holds a token that clients have to send.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file of a classifier or a regression.
    model: PathBuf,
    /// A second classifier of the same classes that reads backwards: the mean of both answers.
    #[arg(long, value_name = "FILE")]
    bwd: Option<PathBuf>,
    /// Compute with the weights of the LSTM layers rounded to 8 bits: faster, most of all for one text.
    #[arg(long, value_enum)]
    quantize: Option<Quantize>,
    #[command(flatten)]
    precision: Precision,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "HOST:PORT")]
    addr: String,
    /// A file that holds the token [default: the variable ULMFIT_TOKEN, or no token].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The longest body of a request; a longer one gets 413.
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES")]
    max_body: usize,
    /// Requests answered at the same time; one more gets 503.
    #[arg(long, default_value_t = 64, value_name = "N")]
    max_concurrent: usize,
    /// Time for a client to send a body, for the answer, and for a stop, each.
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    timeout: f64,
    /// How long the first text of a batch waits for others.
    #[arg(long, default_value_t = 2, value_name = "MS")]
    batch_wait_ms: u64,
    /// Texts in a batch.
    #[arg(long, default_value_t = 32, value_name = "N")]
    max_batch: usize,
    /// Threads of the computation [default: all cores].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let timeout = Duration::try_from_secs_f64(args.timeout);
    let timeout = timeout.with_context(|| format!("--timeout {}", args.timeout))?;
    let mut http = HttpConfig::default()
        .with_max_body(args.max_body)
        .with_max_concurrent(args.max_concurrent)
        .with_timeout(timeout);
    http.token = token(args.token_file.as_deref())?;
    let is_open = http.token.is_none();
    let config = ServiceConfig::default()
        .with_max_batch(args.max_batch)
        .with_batch_wait(Duration::from_millis(args.batch_wait_ms));
    args.precision.set_on(&Device::default())?;
    if let Some(threads) = args.threads {
        use_threads(threads)?;
    }
    // The address is taken before the model is loaded: what fails at once is said at once.
    let server = Server::bind(args.addr.as_str(), http)?;
    let mut files = vec![args.model.clone()];
    files.extend(args.bwd.clone());
    let mut model = Model::load(&files, &Device::default())?;
    if let Some(Quantize::Int8) = args.quantize {
        model = model.quantized();
    }
    let service = Service::new(model, config)?;
    if is_open && !server.address().ip().is_loopback() {
        eprintln!(
            "warning: {} can be reached from other machines, and whoever reaches it may ask; set {TOKEN} or \
             --token-file, or listen on 127.0.0.1",
            server.address()
        );
    }
    let model = service.model();
    server.run_with_signals(&Arc::new(service), move |event| tell(&event, &model))?;
    Ok(())
}

/// Everything that is told goes to the standard error: the standard output is for results.
fn tell(event: &Event, first: &Model) {
    match event {
        Event::Listening(address) => {
            eprintln!("serving {} on http://{address}/", described(first));
        }
        Event::Reloaded(model) => eprintln!("reloaded {}", described(model)),
        Event::NotReloaded(error) => {
            eprintln!("error: not reloaded, the old model goes on: {error}");
        }
        Event::Stopping { connections } => {
            eprintln!("stopping: {connections} connections are open");
        }
        Event::Stopped { cut: 0 } => eprintln!("stopped"),
        Event::Stopped { cut } => eprintln!("stopped: {cut} connections were cut"),
        _ => {}
    }
}

fn described(model: &Model) -> String {
    let files = model.files().iter().map(|file| file.display().to_string());
    let files: Vec<String> = files.collect();
    let (kind, n) = (model.task(), model.names().len());
    format!("{} ({kind}, {n} outputs)", files.join(" and "))
}

fn token(file: Option<&Path>) -> anyhow::Result<Option<Token>> {
    let (place, text) = match file {
        Some(file) => {
            let place = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| place.clone())?;
            (place, text)
        }
        None => match std::env::var(TOKEN) {
            Ok(text) => (TOKEN.to_owned(), text),
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(error) => return Err(error).context(TOKEN),
        },
    };
    Ok(Some(Token::new(&text).context(place)?))
}

fn use_threads(threads: usize) -> anyhow::Result<()> {
    if threads == 0 {
        bail!("--threads: expected at least 1, found 0; leave it out for all cores");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().context("--threads")
}
