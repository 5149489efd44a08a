//! `ulmfit embed`: vectors of documents.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;
use ulmfit::prelude::*;

use super::Execute;
use crate::options::common::Common;
use crate::options::source::Columns;
use crate::options::stream::{Stream, Strict};
use crate::outputs::Outputs;
use crate::table::{create, npy::Npy, parquet::Vectors};

/// Write a vector for each document of a file, for search, clustering or another model
///
/// The vector is what the classifier's head reads. Vectors are in the order of the documents; a document that cannot be read
/// is an error, so that each vector is at its document's number.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file of a classifier or a regression.
    model: PathBuf,
    /// A file in any format that train reads, or - for the standard input.
    file: PathBuf,
    #[command(flatten)]
    columns: Columns,
    /// Where the vectors go: .npy, .parquet or .jsonl, also compressed; - is the standard output, as JSON lines.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "-",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Replace a file that is there.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let to_stdout = self.out == Path::new("-");
        let outputs = Outputs::new(self.force)
            .writing((!to_stdout).then_some(&self.out))
            .reading([&self.model, &self.file])
            .check()?;
        let source = self.columns.source(&self.file)?;
        let predictor = Predictor::load(&self.model, &common.device()?)?;
        // A linear classifier has no vectors: said before a file is read.
        predictor.vectors::<&str>(&[])?;
        let each = |write: &mut dyn FnMut(&[Vec<f32>]) -> anyhow::Result<()>| {
            let mut stream = Stream::open(source.clone(), Strict::YES);
            while let Some(documents) = stream.next()? {
                let texts: Vec<String> = documents.into_iter().map(|(text, _)| text).collect();
                write(&predictor.vectors(&texts)?)?;
            }
            anyhow::Ok(stream.counts().documents)
        };
        if to_stdout {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            each(&mut |vectors| {
                lines(&mut out, vectors)?;
                Ok(out.flush()?)
            })?;
            return Ok(());
        }
        let outputs = outputs.stage()?;
        let mut n = 0;
        outputs.write(&self.out, |to| {
            let name = self.out.to_string_lossy().to_ascii_lowercase();
            let ends = |ending: &str| name.ends_with(ending);
            if ends(".npy") {
                let mut file = Npy::create(to)?;
                n = each(&mut |rows| Ok(rows.iter().try_for_each(|row| file.row(row))?))?;
                return Ok(file.finish()?);
            }
            if ends(".parquet") {
                let mut file = Vectors::create(to)?;
                n = each(&mut |rows| file.rows(rows))?;
                return file.finish();
            }
            if ![".jsonl", ".jsonl.gz", ".jsonl.zst"].iter().any(|end| ends(end)) {
                bail!("expected a name that ends in .npy, .parquet, .jsonl, .jsonl.gz or .jsonl.zst, found another");
            }
            let mut file = create(to, &self.out)?;
            n = each(&mut |rows| lines(&mut file, rows))?;
            Ok(file.finish()?)
        })?;
        outputs.commit()?;
        let out = self.out.display();
        common.talk.note(&format!("saved {n} vectors in {out}"));
        Ok(())
    }
}

fn lines(out: &mut dyn std::io::Write, vectors: &[Vec<f32>]) -> anyhow::Result<()> {
    for vector in vectors {
        writeln!(out, "{}", json!({ "vector": vector }))?;
    }
    Ok(())
}
