//! `ulmfit completions`: what a shell needs to complete the command line.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

/// Print the completions for a shell, as for bash: ulmfit completions bash > /etc/bash_completion.d/ulmfit
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    // To memory first: the generator panics where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut crate::Cli::command(),
        "ulmfit",
        &mut script,
    );
    Ok(std::io::stdout().write_all(&script)?)
}
