//! `ulmfit-ballista`: the processes of a cluster that scores texts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use clap::{Parser, Subcommand};
use ulmfit_datafusion::command::{ModelOptions, QueryOptions, exit_code};

/// SQL with ulmfit_predict(model, text) on many machines. Every process is given the same models, and the files that a
/// query reads lie under the same path on every machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Run the scheduler, which plans queries and hands out their tasks.
    Scheduler {
        #[command(flatten)]
        models: ModelOptions,
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:50050", value_name = "ADDR")]
        bind: SocketAddr,
        /// The name or address by which executors and clients reach it.
        #[arg(long, default_value = "localhost", value_name = "HOST")]
        external_host: String,
    },
    /// Run an executor, which scores texts.
    Executor {
        #[command(flatten)]
        models: ModelOptions,
        /// The scheduler.
        #[arg(long, default_value = "localhost:50050", value_name = "HOST:PORT")]
        scheduler: String,
        /// Where others fetch its results.
        #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDR")]
        bind: SocketAddr,
        /// The port on which the scheduler gives it tasks.
        #[arg(long, default_value_t = 50052, value_name = "PORT")]
        grpc_port: u16,
        /// The name or address by which others reach it [default: that of --bind].
        #[arg(long, value_name = "HOST")]
        external_host: Option<String>,
        /// Where it keeps results until they are fetched [default: a temporary folder].
        #[arg(long, value_name = "FOLDER")]
        work_dir: Option<PathBuf>,
        /// Tasks side by side. A task uses every core while it scores, so that more of them only help queries that
        /// mostly read.
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        tasks: u16,
    },
    /// Run statements on the cluster.
    Sql {
        #[command(flatten)]
        models: ModelOptions,
        /// The scheduler.
        #[arg(long, default_value = "localhost:50050", value_name = "HOST:PORT")]
        scheduler: String,
        #[command(flatten)]
        query: QueryOptions,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(Args::parse().role).await)
}

async fn run(role: Role) -> anyhow::Result<()> {
    match role {
        Role::Scheduler {
            models,
            bind,
            external_host,
        } => {
            let config = SchedulerConfig {
                bind_host: bind.ip().to_string(),
                bind_port: bind.port(),
                external_host,
                ..ulmfit_ballista::scheduler(models.load()?)
            };
            let cluster = BallistaCluster::new_from_config(&config).await?;
            Ok(start_server(cluster, bind, Arc::new(config)).await?)
        }
        Role::Executor {
            models,
            scheduler,
            bind,
            grpc_port,
            external_host,
            work_dir,
            tasks,
        } => {
            let (scheduler_host, scheduler_port) = host_and_port(&scheduler)?;
            let work_dir = work_dir.map(|folder| folder.to_string_lossy().into_owned());
            let config = ExecutorProcessConfig {
                bind_host: bind.ip().to_string(),
                port: bind.port(),
                grpc_port,
                external_host: external_host.or_else(|| Some(bind.ip().to_string())),
                scheduler_host,
                scheduler_port,
                scheduler_connect_timeout_seconds: 30,
                work_dir,
                vcores: tasks.into(),
                ..ulmfit_ballista::executor(models.load()?)
            };
            Ok(start_executor_process(Arc::new(config)).await?)
        }
        Role::Sql {
            models,
            scheduler,
            query,
        } => {
            let (host, port) = host_and_port(&scheduler)?;
            let url = format!("df://{host}:{port}");
            let context = ulmfit_ballista::client(&url, models.load()?).await?;
            query.run(&context).await
        }
    }
}

fn host_and_port(text: &str) -> anyhow::Result<(String, u16)> {
    let split = text.rsplit_once(':');
    let parsed = split.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parsed.with_context(|| {
        format!("--scheduler: expected HOST:PORT as in localhost:50050, found `{text}`")
    })
}
