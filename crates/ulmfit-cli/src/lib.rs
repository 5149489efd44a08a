//! The `ulmfit` command: from files of text to classifiers, language models, predictions and a report.
//!
//! A library, so that `ulmfit-mpi` runs the same verbs; the command is `main.rs`.
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
use std::rc::Rc;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};
use ulmfit::train::Peers;

pub use exit::code as exit_code;

use options::common::Common;

/// The command line of `ulmfit`.
fn command() -> Command {
    command_of(&commands::VERBS)
}

/// A command line: the options of every verb, and these verbs.
fn command_of<'a>(verbs: impl IntoIterator<Item = &'a commands::Verb>) -> Command {
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
        .subcommands(verbs.into_iter().map(commands::Verb::command));
    // Only the options: the description is that of the command.
    let options = Common::augment_args(Command::new("options"));
    command.args(options.get_arguments().cloned())
}

/// Runs the verb of this process's command line and returns its exit code.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    exit_code(run_verb(&matches, None))
}

/// Runs a verb that trains a language model as one of several processes. `start` joins the others once the command line is
/// understood: help and mistakes need no other process.
///
/// # Errors
/// As the verb, and of `start`.
pub fn run_with_peers(
    name: &'static str,
    about: &'static str,
    start: impl FnOnce() -> anyhow::Result<Rc<dyn Peers>>,
) -> anyhow::Result<()> {
    let verbs = commands::VERBS.iter();
    let verbs = verbs.filter(|verb| verb.trains_language_model());
    let command = command_of(verbs).name(name).about(about).after_help("");
    let matches = command.get_matches();
    run_verb(&matches, Some(start()?))
}

fn run_verb(matches: &ArgMatches, peers: Option<Rc<dyn Peers>>) -> anyhow::Result<()> {
    let Some((name, options)) = matches.subcommand() else {
        return Ok(());
    };
    let verb = commands::VERBS.iter().find(|verb| verb.name == name);
    let common = Common::from_arg_matches(options).unwrap_or_else(|error| error.exit());
    let common = common.with_peers(peers);
    verb.map_or(Ok(()), |verb| (verb.run)(options, &common))
}
