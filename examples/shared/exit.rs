//! How an example ends.

use std::process::ExitCode;

/// Success, or failure with the error and its causes on one line of the standard error stream.
pub(crate) fn with(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
