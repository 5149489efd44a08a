//! The `ulmfit` command: from files of text to classifiers, language models, predictions and a report.
//!
//! * `commands/`: a file for each verb, and their registry.
//! * `options/`: what several verbs ask for; `learned/`: what training leaves behind, as files and as a page.
//! * `table/`: predictions beside the rows that they belong to.
//! * `outputs.rs`: the files that a verb writes, none of which takes the place of another.
//! * `talk.rs`: what is said where; `interrupt.rs`: Ctrl-C; `exit.rs`: how it ends.

mod commands;
mod exit;
mod interrupt;
mod learned;
mod options;
mod outputs;
mod table;
mod talk;

use std::process::ExitCode;

use clap::{Args as _, Command, FromArgMatches as _};

use options::common::Common;

/// The command line: the options of every verb, and the verbs.
fn command() -> Command {
    let command = Command::new("ulmfit")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Text classifiers from few labels, without Python")
        .after_help(
            "Most people need three:\n  ulmfit train reviews.csv --text-column body --label-column stars\n  \
             ulmfit predict model.safetensors new.csv --text-column body -o labeled.csv\n  \
             ulmfit serve model.safetensors",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands::VERBS.iter().map(commands::Verb::command));
    // Only the options: the description is that of the command.
    let options = Common::augment_args(Command::new("options"));
    command.args(options.get_arguments().cloned())
}

fn main() -> ExitCode {
    let matches = command().get_matches();
    let Some((name, options)) = matches.subcommand() else {
        return ExitCode::SUCCESS;
    };
    let verb = commands::VERBS.iter().find(|verb| verb.name == name);
    let common = Common::from_arg_matches(options).unwrap_or_else(|error| error.exit());
    exit::code(verb.map_or(Ok(()), |verb| (verb.run)(options, &common)))
}
