//! `ulmfit predict`: labels and probabilities of texts, beside the rows that they belong to.

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use ulmfit::data::{Format, Quotes, RawRow};
use ulmfit::prelude::*;
use ulmfit_serve::{Model, Reply, Words};

use super::Execute;
use crate::options::common::Common;
use crate::options::model::ModelFiles;
use crate::options::source::Columns;
use crate::options::stream::{Stream, Strict};
use crate::outputs::Outputs;
use crate::table::{Cell, Dialect, Lines, create, parquet};
use crate::{table, talk};

/// Classify texts: the rows of files with a prediction added, or single texts
///
/// Each file's rows are written in the file's format, with columns for the prediction and for the probability of each class.
/// Plain text, and texts given by --text, become one JSON object each.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelFiles,
    /// Files in any format that train reads; - is the standard input, which is read where no file is named.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Classify this text instead of files; may be given several times.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        conflicts_with = "files",
        help_heading = "Data"
    )]
    text: Vec<String>,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    strict: Strict,
    /// Add how much each word mattered, from 0 to 1.
    #[arg(long, help_heading = "Output")]
    words: bool,
    /// What the names of the added columns begin with.
    #[arg(long, value_name = "TEXT", default_value = "", help_heading = "Output")]
    prefix: String,
    /// Where the rows go [default: the standard output]; compressed if the name ends in .gz or .zst.
    #[arg(
        short,
        long,
        value_name = "FILE",
        conflicts_with = "text",
        help_heading = "Output"
    )]
    out: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let outputs = Outputs::new(self.force)
            .writing(&self.out)
            .reading(self.model.paths())
            .reading(&self.files)
            .check()?;
        let sources = self.sources()?;
        let model = Arc::new(self.model.load(&common.device()?)?);
        if !self.text.is_empty() {
            return self.texts(&model);
        }
        let Some(path) = &self.out else {
            if sources.iter().any(|(_, format)| *format == Format::Parquet) {
                bail!(
                    "--out: expected the name of a file for the rows of a Parquet file, found none"
                );
            }
            let out = std::io::BufWriter::new(std::io::stdout().lock());
            self.lines(&model, &sources, out, common)?;
            return Ok(());
        };
        let outputs = outputs.stage()?;
        outputs.write(path, |to| match &sources[..] {
            [(source, Format::Parquet)] => self.parquet(&model, source, to),
            _ => Ok(self
                .lines(&model, &sources, create(to, path)?, common)?
                .finish()?),
        })?;
        outputs.commit()?;
        common.talk.note(&format!("saved {}", path.display()));
        Ok(())
    }
}

impl Args {
    /// The files with their formats, all of which can be written one behind the other.
    fn sources(&self) -> anyhow::Result<Vec<(Source, Format)>> {
        let stdin = [PathBuf::from("-")];
        let files = match self.files.is_empty() {
            true if !self.text.is_empty() => return Ok(Vec::new()),
            true => &stdin[..],
            false => &self.files,
        };
        let mut sources = Vec::new();
        for path in files {
            let source = self.columns.source(path)?;
            let format = source.format()?;
            sources.push((source, format));
        }
        if sources.len() > 1 && sources.iter().any(|(_, format)| *format == Format::Parquet) {
            bail!("expected one Parquet file, found several files; predict each by itself");
        }
        if let (Some(out), [(_, format), ..]) = (&self.out, &sources[..])
            && let Some(named) = Format::of_name(out)
            && named != *format
            && !matches!(
                (named, format),
                (Format::Jsonl, Format::Text | Format::Folder)
            )
        {
            bail!(
                "--out {}: expected the format of the input, {format}, found the name of another; rows keep their format",
                out.display()
            );
        }
        Ok(sources)
    }

    fn reply(&self, model: &Arc<Model>, texts: &[String]) -> Reply {
        let words = match self.words {
            true => Words::Weighed,
            false => Words::Without,
        };
        Reply::to(model, texts, words)
    }

    fn texts(&self, model: &Arc<Model>) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        for object in self.reply(model, &self.text).to_json() {
            writeln!(out, "{object}")?;
        }
        Ok(())
    }

    fn added(&self, model: &Model) -> table::Columns {
        table::Columns::of(model, &self.prefix, self.words)
    }

    /// Reads text, row by row.
    fn lines<W: Write>(
        &self,
        model: &Arc<Model>,
        sources: &[(Source, Format)],
        out: W,
        common: &Common,
    ) -> anyhow::Result<W> {
        let dialect = |format: Format| Dialect {
            delimiter: self.columns.delimiter(format),
            quotes: self.columns.quotes().unwrap_or(Quotes::Double),
        };
        let first = sources.first().map_or(Format::Text, |(_, format)| *format);
        let mut lines = Lines::new(out, self.added(model), dialect(first));
        for (source, format) in sources {
            if source.path() == Path::new("-") && std::io::stdin().is_terminal() {
                talk::say("reading the standard input, a text on each line; Ctrl-D ends it");
            }
            if dialect(*format).delimiter != dialect(first).delimiter {
                bail!(
                    "expected files of one format, found {first} and {format}; predict each by itself"
                );
            }
            let mut stream = Stream::open(source.clone(), self.strict);
            let mut begun = false;
            while let Some(documents) = stream.next()? {
                if !std::mem::replace(&mut begun, true) {
                    lines.begin(stream.header().as_deref())?;
                }
                let (texts, rows): (Vec<String>, Vec<Option<RawRow>>) =
                    documents.into_iter().unzip();
                lines.write(rows, &self.reply(model, &texts))?;
            }
            let (path, read) = (source.path().display(), stream.counts().documents);
            common.talk.detail(&format!("{path}: {read} documents"));
        }
        lines.finish()
    }

    /// Reads a Parquet file, whose other columns are copied as they are.
    fn parquet(&self, model: &Arc<Model>, source: &Source, to: &Path) -> anyhow::Result<()> {
        let columns = self.added(model);
        let mut rows: Vec<Option<Vec<Cell>>> = Vec::new();
        let mut stream = Stream::open(source.clone(), Strict::YES);
        while let Some(documents) = stream.next()? {
            let texts: Vec<String> = documents.into_iter().map(|(text, _)| text).collect();
            let reply = self.reply(model, &texts);
            rows.extend(
                reply
                    .answers
                    .iter()
                    .map(|answer| Some(columns.cells(answer))),
            );
        }
        parquet::extend(
            source.path(),
            to,
            &columns.names(),
            &columns.are_text(),
            &rows,
        )
    }
}
