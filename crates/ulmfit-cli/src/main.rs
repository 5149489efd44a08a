//! The `ulmfit` command: text to tokens, classes and language models, prompts to text; model files in and out.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "ulmfit",
    version,
    about = "Text classifiers from few labels, without Python"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tokenize(commands::tokenize::Args),
    Predict(commands::predict::Args),
    Generate(commands::generate::Args),
    Info(commands::info::Args),
    Import(commands::import::Args),
    Export(commands::export::Args),
    Pretrain(commands::pretrain::Args),
    Finetune(commands::finetune::Args),
    Serve(commands::serve::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Tokenize(args) => commands::tokenize::run(&args),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Generate(args) => commands::generate::run(&args),
        Command::Info(args) => commands::info::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Pretrain(args) => commands::pretrain::run(&args),
        Command::Finetune(args) => commands::finetune::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has closed the pipe (`| head`) has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
