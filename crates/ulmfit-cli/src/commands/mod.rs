//! One file for each verb. A new verb is a file with `Args` and `run`, its `mod` and its line in the registry.

mod classify;
mod completions;
mod distill;
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

use std::io::Write as _;

use ulmfit::prelude::Recipe;

/// Makes the verbs of the command line from the registry.
macro_rules! verbs {
    ($($module:ident => $name:ident,)*) => {
        /// Every verb with its options, in the order of the help.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Verb {
            $($name(Box<$module::Args>),)*
        }

        impl Verb {
            /// Does what the verb says.
            pub(crate) fn run(&self) -> anyhow::Result<()> {
                match self {
                    $(Self::$name(args) => $module::run(args),)*
                }
            }
        }
    };
}

// The registry.
verbs! {
    train => Train,
    classify => Classify,
    evaluate => Evaluate,
    lr_find => LrFind,
    predict => Predict,
    distill => Distill,
    serve => Serve,
    generate => Generate,
    tokenize => Tokenize,
    info => Info,
    pretrain => Pretrain,
    finetune => Finetune,
    perplexity => Perplexity,
    import => Import,
    export => Export,
    completions => Completions,
}

/// Writes every number of a recipe to the standard output, in the form of --config.
fn print_recipe(recipe: &Recipe) -> anyhow::Result<()> {
    Ok(write!(std::io::stdout(), "{}", recipe.to_toml()?)?)
}
