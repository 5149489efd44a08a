//! What is said where: words for people on the standard error stream, JSON for programs on the standard output.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use ulmfit::train::observe::{Console, EpochEnd, Observer};
use ulmfit::train::{Recipe, Result};

/// How much is said.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Talk {
    /// Print results and errors alone, without progress and notes.
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// Print more: every number of a run, each file of predictions, each request of the server.
    #[arg(
        short,
        long,
        global = true,
        help_heading = "Output",
        conflicts_with = "quiet"
    )]
    verbose: bool,
    /// Print results as JSON: an object on each line, the result of the verb last.
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

impl Talk {
    /// Errors alone.
    pub(crate) fn silent() -> Self {
        Self {
            quiet: true,
            verbose: false,
            json: false,
        }
    }

    /// Says a line to people.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// Says a line to people who asked for more.
    pub(crate) fn detail(self, text: &str) {
        if self.verbose {
            say(text);
        }
    }

    /// Says every number of a run to people who asked for more.
    ///
    /// # Errors
    /// If the recipe cannot be written.
    pub(crate) fn recipe(self, recipe: &Recipe) -> anyhow::Result<()> {
        if self.verbose {
            say(&recipe.to_toml()?);
        }
        Ok(())
    }

    /// Whether the result is for a program.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Writes scores for people to the standard output, or as a note where that is for a program.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub(crate) fn scores(self, text: &str) -> anyhow::Result<()> {
        match self.json {
            true => self.note(text),
            false => print(&shown(text, &['\n', '\t']))?,
        }
        Ok(())
    }

    /// Writes the result for a program, if it is for one; `value` must be an object.
    ///
    /// # Errors
    /// If the standard output cannot be written.
    pub(crate) fn result(self, mut value: Value) -> anyhow::Result<()> {
        if !self.json {
            return Ok(());
        }
        if let Value::Object(fields) = &mut value {
            fields.insert("event".to_owned(), json!("result"));
        }
        Ok(writeln!(std::io::stdout(), "{value}")?)
    }

    /// Who watches a training run: progress for people, epochs for programs.
    pub(crate) fn observers(self) -> Vec<Box<dyn Observer>> {
        let mut all: Vec<Box<dyn Observer>> = Vec::new();
        if !self.quiet {
            all.push(Box::new(Console::new()));
        }
        if self.json {
            all.push(Box::new(JsonLines));
        }
        all
    }
}

/// Writes text to the standard output.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// A path for programs: null for none; what is not Unicode in it is replaced.
pub(crate) fn path_json(path: Option<impl AsRef<Path>>) -> Value {
    path.map_or(Value::Null, |path| {
        json!(path.as_ref().display().to_string())
    })
}

/// Says a line to people, with what would steer their terminal shown instead. That nobody listens is no reason to stop.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", shown(text, &['\n', '\t']));
}

/// A name that users gave, for one line of a terminal: control characters, and marks that turn the direction of text,
/// stand as Rust writes them (`\n`, `\u{1b}`).
pub(crate) fn visible(name: &str) -> String {
    shown(name, &[])
}

fn shown(text: &str, kept: &[char]) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match (c.is_control() || turns(c)) && !kept.contains(&c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// Writes every epoch to the standard output. A reader that has gone away is no reason to stop training.
struct JsonLines;

impl Observer for JsonLines {
    fn epoch_end(&mut self, epoch: &EpochEnd) {
        let mut line = epoch.to_json();
        if let Value::Object(fields) = &mut line {
            fields.insert("event".to_owned(), json!("epoch"));
        }
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.epoch_end(epoch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        assert_eq!(visible("\u{1b}[31mred\nline"), "\\u{1b}[31mred\\nline");
        assert_eq!(visible("a\u{202e}b \u{e9}"), "a\\u{202e}b \u{e9}");
        assert_eq!(shown("one\ntwo\r", &['\n']), "one\ntwo\\r");
    }
}
