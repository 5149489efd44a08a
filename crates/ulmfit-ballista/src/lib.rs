//! `ulmfit_predict` on a [Ballista](ballista) cluster: a scheduler, executors and a client that all know the function.
//!
//! A plan names the function and, beside each model's name, the digest of its file. The function itself does not travel:
//! every process has its own copy of the model files, and one whose file differs fails the query instead of answering
//! with another model. Files of a query must be readable under the same path by every process.

use std::sync::Arc;

use ballista::prelude::SessionContextExt as _;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::ExecutorProcessConfig;
use ballista_scheduler::config::SchedulerConfig;
use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::{SessionContext, SessionState};
use datafusion::prelude::SessionConfig;
use ulmfit_datafusion::{Models, function, register};

/// Returns the defaults of a scheduler whose sessions know the models.
///
/// An executor that has not been heard of for 30 seconds counts as lost, and its tasks are given to others.
pub fn scheduler(models: Models) -> SchedulerConfig {
    SchedulerConfig {
        override_session_builder: Some(Arc::new(move |config| Ok(state(config, models.clone())))),
        executor_timeout_seconds: 30,
        expire_dead_executor_interval_seconds: 5,
        no_executors_grace_period_seconds: 60,
        ..SchedulerConfig::default()
    }
}

/// Returns the defaults of an executor that knows the models. It runs one task at a time: the kernels use every core.
pub fn executor(models: Models) -> ExecutorProcessConfig {
    let mut registry = BallistaFunctionRegistry::default();
    let function = Arc::new(function(models));
    registry
        .scalar_functions
        .insert(function.name().to_owned(), function);
    ExecutorProcessConfig {
        override_function_registry: Some(Arc::new(registry)),
        executor_heartbeat_interval_seconds: 5,
        vcores: 1,
        ..ExecutorProcessConfig::default()
    }
}

/// Returns a session whose queries run on the cluster of the scheduler at `url`, as `df://host:50050`.
///
/// # Errors
/// If `url` is none.
pub async fn client(url: &str, models: Models) -> Result<SessionContext> {
    let context = SessionContext::remote(url).await?.enable_url_table();
    // After the connection: Ballista makes the functions of a client's session its own.
    register(&context, models);
    Ok(context)
}

fn state(config: SessionConfig, models: Models) -> SessionState {
    let builder = SessionStateBuilder::new_with_default_features();
    let context = SessionContext::new_with_state(builder.with_config(config).build());
    register(&context, models);
    context.state()
}
