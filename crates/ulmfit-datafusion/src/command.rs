//! What `ulmfit-sql` and the cluster's client share: models by name, statements, and how their rows are printed.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use datafusion::arrow::csv;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::execution::context::SessionContext;
use futures::StreamExt as _;

use crate::{Model, Models, sql};

/// Which models a query may name.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelOptions {
    /// A model file and the name that queries call it by; may be given several times.
    #[arg(long = "model", value_name = "NAME=FILE", value_parser = named)]
    models: Vec<(String, PathBuf)>,
    /// Round the weights to 8 bits: faster, a quarter of the memory, nearly the same answers.
    #[arg(long)]
    int8: bool,
}

impl ModelOptions {
    /// Returns the models.
    ///
    /// # Errors
    /// For a file that is no model, and for two models of one name.
    pub fn load(&self) -> crate::Result<Models> {
        let mut models = Models::new();
        for (name, file) in &self.models {
            let model = Model::load(file)?;
            let model = match self.int8 {
                true => model.quantized(),
                false => model,
            };
            models = models.with(name, model)?;
        }
        Ok(models)
    }
}

/// `NAME=FILE`.
fn named(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("expected NAME=FILE as in stars=model.safetensors".into()),
    }
}

/// What is asked, and how the answer is printed.
#[derive(Clone, Debug, clap::Args)]
pub struct QueryOptions {
    /// How rows are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The statements, one after another; COPY (...) TO 'file.parquet' writes a file.
    #[arg(required = true, value_name = "SQL")]
    statements: Vec<String>,
}

impl QueryOptions {
    /// Runs the statements and prints their rows.
    ///
    /// # Errors
    /// Of the first statement that fails.
    pub async fn run(&self, context: &SessionContext) -> anyhow::Result<()> {
        for statement in &self.statements {
            let frame = sql(context, statement).await?;
            let mut rows = frame.execute_stream().await?;
            let mut printer = Printer::new(self.format);
            while let Some(batch) = rows.next().await {
                printer.print(&batch?)?;
            }
            printer.finish()?;
        }
        Ok(())
    }
}

/// Returns the exit code of a command, whose error is printed unless its output was closed by who reads it.
pub fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Err(error) if !is_closed_pipe(&error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = match error.downcast_ref::<ArrowError>() {
        Some(ArrowError::IoError(_, io)) => Some(io),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    Csv,
    /// An object a line.
    Json,
}

/// Rows on the standard output, a batch at a time.
enum Printer {
    /// Kept to its end: the width of a column is known then.
    Table(Vec<RecordBatch>),
    Csv(Box<csv::Writer<io::Stdout>>),
    Json(Box<LineDelimitedWriter<io::Stdout>>),
}

/// A table of more rows is printed as several, so that memory does not grow with the answer.
const TABLE_ROWS: usize = 10_000;

impl Printer {
    fn new(format: Format) -> Self {
        match format {
            Format::Table => Self::Table(Vec::new()),
            Format::Csv => Self::Csv(Box::new(csv::Writer::new(io::stdout()))),
            Format::Json => Self::Json(Box::new(LineDelimitedWriter::new(io::stdout()))),
        }
    }

    fn print(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Table(batches) => {
                batches.push(batch.clone());
                if batches.iter().map(RecordBatch::num_rows).sum::<usize>() >= TABLE_ROWS {
                    table(&std::mem::take(batches))?;
                }
            }
            Self::Csv(writer) => writer.write(batch)?,
            Self::Json(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Table(batches) if batches.is_empty() => Ok(()),
            Self::Table(batches) => table(&batches),
            Self::Csv(_) => Ok(()),
            Self::Json(mut writer) => Ok(writer.finish()?),
        }
    }
}

fn table(batches: &[RecordBatch]) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", pretty_format_batches(batches)?)?;
    Ok(())
}
