//! `ulmfit serve`: the model behind HTTP, and a page to try it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ulmfit::model::ModelInfo;
use ulmfit::prelude::{Device, Direction};
use ulmfit_serve::http::{Event, HttpConfig, Server, Token};
use ulmfit_serve::{Model, Service, ServiceConfig};

use super::predict::Quantize;
use crate::options::compute::{Precision, Threads};
use crate::options::number::{MANY, seconds, whole};
use crate::talk::say;

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
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES", value_parser = whole::<usize>(1, 1 << 30))]
    max_body: usize,
    /// The most tokens of a request, after what the model leaves out of long texts; one with more gets 413.
    #[arg(long, default_value_t = 1 << 16, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_tokens: usize,
    /// Requests answered at the same time; one more gets 503.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_concurrent: usize,
    /// Time for a client to send a body, for the answer, and for a stop, each.
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS", value_parser = seconds)]
    timeout: f64,
    /// How long the first text of a batch waits for others.
    #[arg(long, default_value_t = 2, value_name = "MS", value_parser = whole::<u64>(0, 10_000))]
    batch_wait_ms: u64,
    /// Texts in a batch.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_batch: usize,
    /// Tokens in a batch, unless a single text has more.
    #[arg(long, default_value_t = 1 << 14, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_batch_tokens: usize,
    #[command(flatten)]
    threads: Threads,
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
        .with_batch_tokens(args.max_batch_tokens)
        .with_max_tokens(args.max_tokens)
        .with_batch_wait(Duration::from_millis(args.batch_wait_ms));
    args.precision.set_on(&Device::default())?;
    args.threads.set()?;
    args.check_backward()?;
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
        say(&format!(
            "warning: {} can be reached from other machines, and whoever reaches it may ask; set {TOKEN} or \
             --token-file, or listen on 127.0.0.1",
            server.address()
        ));
    }
    let model = service.model();
    let limits = format!(
        "{} tokens and {} bytes a request, {} requests at a time, {} s",
        args.max_tokens, args.max_body, args.max_concurrent, args.timeout
    );
    server.run_with_signals(&Arc::new(service), move |event| {
        tell(&event, &model, &limits)
    })?;
    Ok(())
}

impl Args {
    /// Refuses a second model that reads as the first does: their mean would be the first alone, at twice the work.
    fn check_backward(&self) -> anyhow::Result<()> {
        let Some(second) = &self.bwd else {
            return Ok(());
        };
        let reads = |path| anyhow::Ok(ModelInfo::read(path)?.tokenizer.direction);
        for (path, wanted) in [
            (&self.model, Direction::Forward),
            (second, Direction::Backward),
        ] {
            let found = reads(path)?;
            if found != wanted {
                let name = |direction| match direction {
                    Direction::Forward => "forward",
                    Direction::Backward => "backward",
                };
                bail!(
                    "{}: expected a classifier that reads {} beside --bwd, found one that reads {}; train both with \
                     --direction both, or name another",
                    path.display(),
                    name(wanted),
                    name(found)
                );
            }
        }
        Ok(())
    }
}

/// Everything that is told goes to the standard error: the standard output is for results.
fn tell(event: &Event, first: &Model, limits: &str) {
    match event {
        Event::Listening(address) => {
            let model = described(first);
            say(&format!(
                "serving {model}, at most {limits}, on http://{address}/"
            ));
        }
        Event::Reloaded(model) => say(&format!("reloaded {}", described(model))),
        Event::NotReloaded(error) => {
            say(&format!(
                "error: not reloaded, the old model goes on: {error}"
            ));
        }
        Event::Stopping { connections } => {
            say(&format!("stopping: {connections} connections are open"));
        }
        Event::Stopped { cut: 0 } => say("stopped"),
        Event::Stopped { cut } => say(&format!("stopped: {cut} connections were cut")),
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
