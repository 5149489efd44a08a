//! `ulmfit completions`: what a shell needs to complete the command line.

use std::io::Write as _;

use clap_complete::Shell;

use super::Execute;
use crate::options::common::Common;

/// Print what a shell needs to complete the command line
///
/// For bash: ulmfit completions bash > /etc/bash_completion.d/ulmfit
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

impl Execute for Args {
    fn run(&self, _: &Common) -> anyhow::Result<()> {
        // To memory first: the generator panics where a pipe is closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::command(), "ulmfit", &mut script);
        Ok(std::io::stdout().write_all(&script)?)
    }
}
