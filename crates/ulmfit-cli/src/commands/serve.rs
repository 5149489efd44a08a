//! `ulmfit serve`: the model behind HTTP, and a page to try it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ulmfit_serve::http::{Event, HttpConfig, Server, Token};
use ulmfit_serve::{Model, Service, ServiceConfig};

use super::Execute;
use crate::options::common::Common;
use crate::options::model::ModelFiles;
use crate::options::number::{MANY, seconds, whole};
use crate::talk::{Talk, say};

/// The variable that holds the token where no file does: arguments can be read by every user of the machine.
const TOKEN: &str = "ULMFIT_TOKEN";

/// Serve a model over HTTP, with a page to try it
///
/// POST /predict, GET /health, GET /metrics, and the page at /. SIGHUP loads the model's files again, without a pause;
/// SIGTERM and Ctrl-C finish the requests under way, a second one cuts them. The variable ULMFIT_TOKEN or --token-file holds
/// a token that clients have to send.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelFiles,
    /// Where to listen; port 0 takes a free one.
    #[arg(
        long,
        help_heading = "Server",
        default_value = "127.0.0.1:8000",
        value_name = "HOST:PORT"
    )]
    addr: String,
    /// A file that holds the token [default: the variable ULMFIT_TOKEN, or no token].
    #[arg(long, help_heading = "Server", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The longest body of a request; a longer one gets 413.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 1 << 20, value_name = "BYTES", value_parser = whole::<usize>(1, 1 << 30))]
    max_body: usize,
    /// The most tokens of a request, after what the model leaves out of long texts; one with more gets 413.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 1 << 16, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_tokens: usize,
    /// Requests answered at the same time; one more gets 503.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 64, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_concurrent: usize,
    /// Time for a client to send a body, for the answer, and for a stop, each.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 30.0, value_name = "SECONDS", value_parser = seconds)]
    timeout: f64,
    /// How long the first text of a batch waits for others.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 2, value_name = "MS", value_parser = whole::<u64>(0, 10_000))]
    batch_wait_ms: u64,
    /// Texts in a batch.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 32, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_batch: usize,
    /// Tokens in a batch, unless a single text has more.
    #[arg(long, hide_short_help = true, help_heading = "Limits", default_value_t = 1 << 14, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    max_batch_tokens: usize,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let timeout = Duration::try_from_secs_f64(self.timeout);
        let timeout = timeout.with_context(|| format!("--timeout {}", self.timeout))?;
        let mut http = HttpConfig::default()
            .with_max_body(self.max_body)
            .with_max_concurrent(self.max_concurrent)
            .with_timeout(timeout);
        http.token = token(self.token_file.as_deref())?;
        let is_open = http.token.is_none();
        let config = ServiceConfig::default()
            .with_max_batch(self.max_batch)
            .with_batch_tokens(self.max_batch_tokens)
            .with_max_tokens(self.max_tokens)
            .with_batch_wait(Duration::from_millis(self.batch_wait_ms));
        let device = common.device()?;
        // The address is taken before the model is loaded: what fails at once is said at once.
        let server = Server::bind(self.addr.as_str(), http)?;
        let model = self.model.load(&device)?;
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
            self.max_tokens, self.max_body, self.max_concurrent, self.timeout
        );
        let talk = common.talk;
        server.run_with_signals(&Arc::new(service), move |event| {
            tell(&event, &model, &limits, talk)
        })?;
        Ok(())
    }
}

/// Says on the standard error what has happened.
fn tell(event: &Event, first: &Model, limits: &str, talk: Talk) {
    match event {
        Event::Listening(address) => {
            let model = described(first);
            talk.note(&format!(
                "serving {model}, at most {limits}, on http://{address}/"
            ));
        }
        Event::Answered { path, code, time } => {
            let ms = 1e3 * time.as_secs_f64();
            talk.detail(&format!("{path} {code} in {ms:.1} ms"));
        }
        Event::Reloaded(model) => talk.note(&format!("reloaded {}", described(model))),
        Event::NotReloaded(error) => {
            say(&format!(
                "error: not reloaded, the old model stays: {error}"
            ));
        }
        Event::Stopping { connections } => {
            talk.note(&format!("stopping: {connections} connections are open"));
        }
        Event::Stopped { cut: 0 } => talk.note("stopped"),
        Event::Stopped { cut } => talk.note(&format!("stopped: {cut} connections were cut")),
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
