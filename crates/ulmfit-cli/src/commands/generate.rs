//! `ulmfit generate`: text from a language model.

use std::io::Write;
use std::path::PathBuf;

use ulmfit::prelude::*;

use crate::options::compute::Compute;
use crate::options::number::{MANY, positive, positive_share, share, whole};

/// Continue a prompt with a language model.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The language model's file.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// How the text begins.
    prompt: String,
    /// At most so many further tokens.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = whole::<usize>(0, 1_000_000))]
    tokens: usize,
    /// 1 is the model's own distribution; lower is safer, higher is wilder.
    #[arg(long, default_value_t = 0.8, value_name = "X", value_parser = positive, allow_negative_numbers = true)]
    temperature: f64,
    /// Only the so many most probable tokens; 0 for all.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = whole::<usize>(0, MANY))]
    top_k: usize,
    /// Only the most probable tokens that together reach this probability; 1 for all.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = positive_share, allow_negative_numbers = true)]
    top_p: f64,
    /// Only tokens of at least this share of the most probable one's probability; 0 for all.
    #[arg(long, default_value_t = 0.0, value_name = "X", value_parser = share, allow_negative_numbers = true)]
    min_p: f64,
    /// Search the most probable text with so many beams instead of drawing a likely one.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, 1_000))]
    beams: Option<usize>,
    /// The same seed gives the same text.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let model = TextLanguageModel::load(&args.model, &args.compute.device()?)?;
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
    };
    let generator = Generator::new(&model);
    let text = match args.beams {
        Some(beams) => generator.beam_search(&args.prompt, args.tokens, beams),
        None => generator.generate(&args.prompt, args.tokens, &sampling, args.seed),
    };
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
