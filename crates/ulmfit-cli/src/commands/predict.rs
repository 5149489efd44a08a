//! `ulmfit predict`: label and probabilities, one JSON object for each input, in order.

use std::io::Write;
use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::{Map, Value, json};
use ulmfit::data::Format;
use ulmfit::model::{ModelInfo, ModelKind};
use ulmfit::prelude::*;

use crate::options::compute::Compute;
use crate::options::source::Columns;
use crate::options::stream::{Strict, for_each_chunk};

/// Print label and probabilities of texts: one JSON object for each input, in order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The classifier's file.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A second classifier of the same classes, such as one that reads backwards: the mean of both is printed.
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// A text to classify.
    #[arg(required_unless_present_any = ["jsonl", "file"], conflicts_with_all = ["jsonl", "file"])]
    text: Option<String>,
    /// A file of documents in any format that training reads, or - for the standard input, with a text on every line
    /// unless --format says otherwise.
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    file: Option<PathBuf>,
    /// The same for a file with one JSON object a line.
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    strict: Strict,
    /// Print how much each word mattered, too (0 to 1).
    #[arg(long, conflicts_with = "with")]
    words: bool,
    /// Compute with the weights of the LSTM layers rounded to 8 bits: faster on the CPU, most of all for one text.
    #[arg(long, value_enum)]
    quantize: Option<Quantize>,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let model = Model::load(args)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut print = |texts: &[String]| -> anyhow::Result<()> {
        for line in model.lines(texts, args.words) {
            writeln!(out, "{}", Value::Object(line))?;
        }
        Ok(out.flush()?)
    };
    if let Some(text) = &args.text {
        return print(std::slice::from_ref(text));
    }
    let source = match (&args.file, &args.jsonl) {
        (Some(path), _) => args.columns.source(path)?,
        (None, Some(path)) => args.columns.source(path)?.with_format(Format::Jsonl),
        (None, None) => return Ok(()),
    };
    for_each_chunk(source, args.strict, print)
}

/// How weights are rounded.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Quantize {
    /// 8 bits, a factor for each output
    Int8,
}

/// What the files on the command line are.
enum Model {
    Classes(Predictor),
    Mean(Ensemble),
    Numbers(Regressor),
}

impl Model {
    fn load(args: &Args) -> anyhow::Result<Self> {
        let device = args.compute.device()?;
        let rounded = |predictor: Predictor| match args.quantize {
            Some(Quantize::Int8) => predictor.quantized(),
            None => predictor,
        };
        let kind = ModelInfo::read(&args.model)?.kind;
        let first = match kind {
            ModelKind::LinearClassifier => Predictor::load(&args.model, &device)?,
            _ => {
                let model = TextClassifier::load(&args.model, &device)?;
                if let Task::Regression { .. } = model.model.config().task {
                    let regressor = Regressor::new(&model)?;
                    return Ok(Self::Numbers(match args.quantize {
                        Some(Quantize::Int8) => regressor.quantized(),
                        None => regressor,
                    }));
                }
                Predictor::new(&model)?
            }
        };
        let first = rounded(first);
        Ok(match &args.with {
            None => Self::Classes(first),
            Some(path) => {
                let second = rounded(Predictor::load(path, &device)?);
                let both = Ensemble::new(vec![first, second]);
                Self::Mean(both.map_err(|error| anyhow!("--with {}: {error}", path.display()))?)
            }
        })
    }

    /// One object for each text.
    fn lines(&self, texts: &[String], words: bool) -> Vec<Map<String, Value>> {
        let (names, predictions) = match self {
            Self::Classes(predictor) => (predictor.classes(), predictor.predict_all(texts)),
            Self::Mean(ensemble) => (ensemble.classes(), ensemble.predict_all(texts)),
            Self::Numbers(regressor) => {
                let line = |values: Vec<f32>| {
                    let line = json!({ "values": by_name(regressor.names(), &values) });
                    line.as_object().cloned().unwrap_or_default()
                };
                return regressor.predict_all(texts).into_iter().map(line).collect();
            }
        };
        let pairs = texts.iter().zip(predictions);
        let line = |(text, prediction): (&String, Prediction)| {
            let mut line = Map::new();
            line.insert("label".into(), json!(prediction.label));
            let probabilities = by_name(names, &prediction.probabilities);
            line.insert("probabilities".into(), probabilities);
            if let Self::Classes(predictor) = self {
                if predictor.task() == Task::MultiLabel {
                    line.insert("labels".into(), json!(prediction.labels));
                }
                if words {
                    let weights = predictor.attribution(text, Some(prediction.class));
                    line.insert("words".into(), json!(weights));
                }
            }
            line
        };
        pairs.map(line).collect()
    }
}

fn by_name(names: &[String], values: &[f32]) -> Value {
    let pairs = names.iter().zip(values);
    Value::Object(
        pairs
            .map(|(name, value)| (name.clone(), (*value).into()))
            .collect(),
    )
}
