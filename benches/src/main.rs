//! What each part of ulmfit costs. Every subcommand prints one JSON line.

mod clas;
mod data;
mod gemm;
mod kernels;
mod lm;
mod lowshot;
mod memory;
mod quiet;
mod startup;
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
    Gemm(gemm::Args),
    Kernels(kernels::Args),
    Lm(lm::Args),
    Clas(clas::Args),
    Lowshot(lowshot::Args),
    Startup(startup::Args),
    Tok(tok::Args),
    Store(store::Args),
}

fn main() -> anyhow::Result<()> {
    let line = match Cli::parse().work {
        Work::Gemm(args) => gemm::run(&args)?,
        Work::Kernels(args) => kernels::run(&args)?,
        Work::Lm(args) => lm::run(&args)?,
        Work::Clas(args) => clas::run(&args)?,
        Work::Lowshot(args) => lowshot::run(&args)?,
        Work::Startup(args) => startup::run(&args)?,
        Work::Tok(args) => tok::run(&args)?,
        Work::Store(args) => store::run(&args)?,
    };
    println!("{line}");
    Ok(())
}

/// Lets the kernels use so many threads.
fn threads(n: usize) -> anyhow::Result<()> {
    Ok(rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .build_global()?)
}

/// The middle one of several measurements, sorted on the way.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
