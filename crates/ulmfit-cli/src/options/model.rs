//! A trained classifier or regression, and how it computes.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ulmfit::model::ModelInfo;
use ulmfit::prelude::*;
use ulmfit_serve::Model;

/// The files of a model that predicts.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelFiles {
    /// The file of a classifier or a regression.
    model: PathBuf,
    /// A second classifier of the same classes that reads backward: predictions are the mean of both.
    #[arg(
        long,
        value_name = "FILE",
        aliases = ["with", "bwd"],
        help_heading = "Model"
    )]
    backward_model: Option<PathBuf>,
    /// Round the weights of the LSTM layers to int8: faster on the CPU, most of all for one text.
    #[arg(long, value_enum, help_heading = "Model")]
    quantize: Option<Quantize>,
}

/// How weights are rounded.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Quantize {
    /// int8, with a scale for each output
    Int8,
}

impl ModelFiles {
    /// Reads the model.
    ///
    /// # Errors
    /// For a file that is no such model; for two models that read in the same direction, whose mean would be the first alone
    /// at twice the work.
    pub(crate) fn load(&self, device: &Device) -> anyhow::Result<Model> {
        self.check_backward()?;
        let files: Vec<&Path> = self.paths().collect();
        let model = Model::load(&files, device)?;
        Ok(match self.quantize {
            Some(Quantize::Int8) => model.quantized(),
            None => model,
        })
    }

    /// The first file, whose words reports show.
    pub(crate) fn first(&self) -> &Path {
        &self.model
    }

    /// The files that are read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let files = std::iter::once(&self.model).chain(&self.backward_model);
        files.map(PathBuf::as_path)
    }

    fn check_backward(&self) -> anyhow::Result<()> {
        let Some(second) = &self.backward_model else {
            return Ok(());
        };
        for (path, wanted, name) in [
            (&self.model, Direction::Forward, "forward"),
            (second, Direction::Backward, "backward"),
        ] {
            if ModelInfo::read(path)?.tokenizer.direction != wanted {
                bail!(
                    "{}: expected a classifier that reads {name} beside --backward-model, found one that reads the other \
                     way; train both with --direction both, or name another",
                    path.display(),
                );
            }
        }
        Ok(())
    }
}
