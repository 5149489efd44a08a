//! `ulmfit generate`: text from a language model.

use serde_json::json;
use ulmfit::prelude::*;

use super::Execute;
use crate::options::common::Common;
use crate::options::number::{MANY, positive, positive_share, share, whole};
use crate::talk::print;

/// Continue a prompt with a language model.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The language model's file, or english: the one that is built in.
    #[arg(value_parser = str::parse::<Pretrained>)]
    model: Pretrained,
    /// How the text begins.
    prompt: String,
    /// At most this many further tokens.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = whole::<usize>(0, 1_000_000))]
    tokens: usize,
    /// 1 is the model's own distribution; lower is safer, higher is wilder.
    #[arg(long, default_value_t = 0.8, value_name = "X", value_parser = positive, allow_negative_numbers = true)]
    temperature: f64,
    /// Only this many of the most probable tokens; 0 for all.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = whole::<usize>(0, MANY))]
    top_k: usize,
    /// Only the most probable tokens that together reach this probability; 1 for all.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = positive_share, allow_negative_numbers = true)]
    top_p: f64,
    /// Only tokens of at least this share of the most probable one's probability; 0 for all.
    #[arg(long, default_value_t = 0.0, value_name = "X", value_parser = share, allow_negative_numbers = true)]
    min_p: f64,
    /// Search for the most probable text with this many beams, instead of drawing a likely one.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, 1_000))]
    beams: Option<usize>,
    /// The same seed gives the same text.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let Some(model) = self.model.load(&common.device()?)? else {
            anyhow::bail!("expected a language model, found `none`; name its file");
        };
        let sampling = Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
        };
        let generator = Generator::new(&model);
        let text = match self.beams {
            Some(beams) => generator.beam_search(&self.prompt, self.tokens, beams),
            None => generator.generate(&self.prompt, self.tokens, &sampling, self.seed),
        };
        if common.talk.is_json() {
            return common.talk.result(json!({ "text": text }));
        }
        print(&format!("{text}\n"))
    }
}
