//! `ulmfit-sql`: SQL over files of text, with `ulmfit_predict`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use ulmfit_datafusion::command::{ModelOptions, QueryOptions, exit_code};
use ulmfit_datafusion::register;

/// Run SQL over Parquet, CSV and JSON files with the function ulmfit_predict(model, text).
///
/// A file or a pattern in quotes is a table. The function gives a struct: `.label` and `.probability` of a classifier,
/// the numbers of a regression by their names; a third argument `true` adds the probabilities of all classes.
///
/// ulmfit-sql --model stars=model.safetensors
///   "SELECT ulmfit_predict('stars', body).label, count(*) FROM 'reviews/*.parquet' GROUP BY 1"
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Args {
    #[command(flatten)]
    models: ModelOptions,
    #[command(flatten)]
    query: QueryOptions,
    /// Memory for sorting, grouping and joining, in MiB; what does not fit goes to temporary files.
    #[arg(long, default_value_t = 512, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory: u64,
    /// Parts of a table that are read side by side [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    partitions: Option<u16>,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(&Args::parse()).await)
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let context = context(args)?;
    register(&context, args.models.load()?);
    args.query.run(&context).await
}

fn context(args: &Args) -> anyhow::Result<SessionContext> {
    let mut config = SessionConfig::new();
    if let Some(partitions) = args.partitions {
        config = config.with_target_partitions(partitions.into());
    }
    let bytes = usize::try_from(args.memory << 20).context("--memory")?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(bytes, 1.0)
        .build_arc()?;
    let context = SessionContext::new_with_config_rt(config, runtime);
    Ok(context.enable_url_table())
}
