//! What each part of ulmfit costs. Every subcommand prints one JSON line.

mod memory;
mod store;
mod tok;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "ulmfit-bench", version, about)]
struct Cli {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    Tok(tok::Args),
    Store(store::Args),
}

fn main() -> anyhow::Result<()> {
    let line = match Cli::parse().work {
        Work::Tok(args) => tok::run(&args)?,
        Work::Store(args) => store::run(&args)?,
    };
    println!("{line}");
    Ok(())
}

/// The middle one of several measurements, sorted on the way.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
