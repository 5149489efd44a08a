//! Accuracy against the number of labels.

mod cells;
mod ours;
mod page;
mod picture;
mod rows;
mod storage;
mod table;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};
use ulmfit::precision::Precision;

use cells::{Cell, Column, Line, recorded};
use ours::Encoders;
use rows::Rows;

/// Fill the cells of the low-shot study that are not done yet: accuracy against the number of labels
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder aclImdb, its archive, or a folder with train.csv and unsup.csv.
    data: PathBuf,
    /// The file that holds the cells that are done, a line each; new ones go to its end.
    #[arg(long, value_name = "FILE", default_value = "studies/lowshot.jsonl")]
    cells: PathBuf,
    /// Where the language model of the domain is stored, the rows, and cells that are not done.
    #[arg(long, value_name = "DIR", default_value = "lowshot")]
    work: PathBuf,
    /// Only these columns.
    #[arg(long, value_delimiter = ',')]
    columns: Option<Vec<Column>>,
    /// Only these numbers of labels.
    #[arg(long, value_delimiter = ',')]
    labels: Option<Vec<usize>>,
    /// Only the first so many subsets of each number of labels.
    #[arg(long, value_name = "N")]
    subsets: Option<u64>,
    /// A language model of the domain that is made already; without it, one is made and stored in --work.
    #[arg(long, value_name = "FILE")]
    language_model: Option<PathBuf>,
    /// Unlabeled texts for the language model.
    #[arg(long, default_value_t = 20_000)]
    unlabeled: usize,
    /// Texts that are held out where the data set has no test set.
    #[arg(long, default_value_t = 5_000)]
    valid: usize,
    /// Operands of matrix products: fp32, bf16, or auto for the faster one of this processor.
    #[arg(long, default_value = "fp32", value_parser = str::parse::<Precision>)]
    precision: Precision,
    /// Write the rows of all cells into the folder `rows` of --work, for the baselines, and end.
    #[arg(long)]
    write_rows: bool,
    /// Write the table and the picture that come of the cells that are done into this folder, and end.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

impl Args {
    fn wants(&self, cell: &Cell) -> bool {
        let of = |asked: &Option<Vec<usize>>| match asked {
            Some(asked) => asked.contains(&cell.labels),
            None => true,
        };
        let columns = self.columns.as_ref();
        let first = self.subsets.is_none_or(|n| cell.seed < n);
        first && of(&self.labels) && columns.is_none_or(|columns| columns.contains(&cell.column))
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    let done = Line::read_all(&args.cells)?;
    if let Some(folder) = &args.report {
        return page::write(&Line::newest(done), folder);
    }
    std::fs::create_dir_all(&args.work)
        .with_context(|| format!("cannot make {}", args.work.display()))?;
    let rows = Rows::read(&args.data, args.valid, args.unlabeled)?;
    let cells: Vec<Cell> = Cell::all();
    if args.write_rows {
        let of_a_column = cells.iter().filter(|cell| cell.column == Column::Scratch);
        let subsets: Vec<_> = of_a_column.map(|cell| (cell.labels, cell.seed)).collect();
        let folder = args.work.join("rows");
        rows.write(&folder, &subsets)?;
        return Ok(json!({ "rows": folder, "subsets": subsets.len() }));
    }
    args.precision.set_on(&ulmfit::prelude::Device::default())?;
    let mut encoders = Encoders::new(&rows, &args.work, args.language_model.as_deref())?;
    let wanted = cells.into_iter().filter(|cell| args.wants(cell));
    let mut filled = 0;
    for cell in wanted {
        let train = rows.subset(cell.labels, cell.seed)?;
        let recipe = cell.recipe(&train);
        let now = recorded(&recipe)?;
        if done
            .iter()
            .any(|line| line.is(&cell, &now, encoders.given()))
        {
            continue;
        }
        let (line, storage) = encoders.fill(&cell, &train, &recipe)?;
        line.append(&args.cells)?;
        storage.delete()?;
        eprintln!(
            "{}, {} labels, seed {}: {:.2} % of {}",
            line.column,
            line.labels,
            line.seed,
            100.0 * line.accuracy,
            line.of
        );
        filled += 1;
    }
    Ok(json!({ "filled": filled, "done_before": done.len() }))
}
