//! The `ulmfit` command: from files of text to classifiers, language models, predictions and a report.
//!
//! * `commands/`: a file for each verb, and their registry.
//! * `options/`: what several verbs ask for; `learned/`: what training leaves behind, as files and as a page.
//! * `outputs.rs`: the files that a verb writes, none of which takes the place of another.
//! * `talk.rs`: what is said where; `interrupt.rs`: Ctrl-C; `exit.rs`: how it ends.

mod commands;
mod exit;
mod interrupt;
mod learned;
mod options;
mod outputs;
mod talk;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(
    name = "ulmfit",
    version,
    about = "Text classifiers from few labels, without Python",
    after_help = "Most people need two: ulmfit train reviews.csv --text body --label stars\n\
                  and then:             ulmfit predict --model model.safetensors \"A slow start, but a fine end.\""
)]
struct Cli {
    #[command(subcommand)]
    verb: commands::Verb,
}

fn main() -> ExitCode {
    exit::code(Cli::parse().verb.run())
}
