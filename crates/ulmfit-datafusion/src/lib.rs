//! A text classifier as a function of SQL: `ulmfit_predict(model, text)` for [DataFusion](datafusion).
//!
//! ```no_run
//! use datafusion::prelude::SessionContext;
//! use ulmfit_datafusion::{Model, Models, register, sql};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let models = Models::new().with("stars", Model::load("model.safetensors")?)?;
//! let context = SessionContext::new().enable_url_table();
//! register(&context, models);
//! let counts = "SELECT ulmfit_predict('stars', body).label, count(*) FROM 'reviews/*.parquet' GROUP BY 1";
//! sql(&context, counts).await?.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`SessionContext::sql`] takes the function too; there a field behind the call is written `ulmfit_predict(...)['label']`.
//!
//! The function gives a struct:
//!
//! | the model's task | fields | with `true` as a third argument also |
//! |---|---|---|
//! | single-label | `label` text, `probability` 32-bit float | `probabilities`, a list of `label` and `probability` |
//! | multi-label | `labels` list of texts, `label` and `probability` of the most probable one | the same |
//! | regression | a 32-bit float for each number, with its name | |
//!
//! A text may be `Utf8`, `LargeUtf8` or `Utf8View`, a null gives a null. The first argument is a constant: a query is
//! planned with the digest of that model's file, and a machine that holds another file under the same name refuses to
//! run it.

pub mod command;
mod error;
mod function;
mod model;
mod result;
mod sql;

use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::ScalarUDF;

pub use error::{Error, Result};
pub use function::FUNCTION;
pub use model::{Model, Models};
pub use sql::sql;

/// Returns the function with these models, for a registry that is not a [`SessionContext`]'s.
pub fn function(models: Models) -> ScalarUDF {
    ScalarUDF::new_from_impl(function::Predict::new(models))
}

/// Makes `ulmfit_predict` known to `context`.
pub fn register(context: &SessionContext, models: Models) {
    // They take a field of a struct for cheap and copy what gives the struct: each field would score the text once more.
    for rule in ["extract_leaf_expressions", "push_down_leaf_projections"] {
        context.remove_optimizer_rule(rule);
    }
    context.register_udf(function(models));
}
