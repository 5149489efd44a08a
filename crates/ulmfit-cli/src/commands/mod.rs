//! One file for each verb. A new verb is a file with `Args` that are `Execute`, its `mod` and its line in [`VERBS`].

mod classify;
mod completions;
mod distill;
mod embed;
mod evaluate;
mod export;
mod finetune;
mod generate;
mod import;
mod info;
mod lr_find;
mod perplexity;
mod predict;
mod pretrain;
mod serve;
mod tokenize;
mod train;

use clap::{ArgMatches, Command};
use ulmfit::prelude::Recipe;

use crate::options::common::Common;
use crate::talk::print;

/// Every verb, in the order of the help.
pub(crate) static VERBS: [Verb; 17] = [
    verb::<train::Args>("train"),
    verb::<predict::Args>("predict"),
    verb::<evaluate::Args>("evaluate"),
    verb::<serve::Args>("serve"),
    verb::<embed::Args>("embed"),
    verb::<classify::Args>("classify"),
    verb::<distill::Args>("distill"),
    verb::<pretrain::Args>("pretrain"),
    verb::<finetune::Args>("finetune"),
    verb::<perplexity::Args>("perplexity"),
    verb::<generate::Args>("generate"),
    verb::<lr_find::Args>("lr-find"),
    verb::<tokenize::Args>("tokenize"),
    verb::<info::Args>("info"),
    verb::<import::Args>("import"),
    verb::<export::Args>("export"),
    verb::<completions::Args>("completions"),
];

/// The options of a verb, and what it does.
trait Execute: clap::Args {
    fn run(&self, common: &Common) -> anyhow::Result<()>;
}

/// A verb of the command line.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    options: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches, &Common) -> anyhow::Result<()>,
}

impl Verb {
    /// Whether several processes may run it together.
    pub(crate) fn trains_language_model(&self) -> bool {
        matches!(self.name, "pretrain" | "finetune")
    }

    /// The verb for the parser; its description is the comment of its options.
    pub(crate) fn command(&self) -> Command {
        (self.options)(Command::new(self.name))
    }
}

const fn verb<A: Execute>(name: &'static str) -> Verb {
    Verb {
        name,
        options: A::augment_args,
        run: |matches, common| {
            let args = A::from_arg_matches(matches);
            args.unwrap_or_else(|error| error.exit()).run(common)
        },
    }
}

/// Prints every number of a recipe, in the form of --config.
fn print_recipe(recipe: &Recipe) -> anyhow::Result<()> {
    print(&recipe.to_toml()?)
}
