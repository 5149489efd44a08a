//! The `ulmfit` command.

fn main() -> std::process::ExitCode {
    ulmfit_cli::run()
}
