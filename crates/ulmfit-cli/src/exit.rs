//! How the command ends: what is said, and the exit code.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done; also if the reader of the output had seen enough and closed the pipe |
//! | 1 | an error, which is on the standard error stream |
//! | 2 | a command line that cannot be understood |
//! | 130 | ended by Ctrl-C; what was trained is stored |

use std::process::ExitCode;

use crate::talk::say;

/// The exit code of an interrupted command, as a shell gives it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Says what went wrong and returns the code.
pub fn code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    if is_closed_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    if let Some(ulmfit::train::Error::Interrupted { path }) = error.downcast_ref() {
        say(&format!(
            "interrupted; the run is stored in {}\ngo on with: {}",
            path.display(),
            resuming(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()))
        ));
        return ExitCode::from(INTERRUPTED);
    }
    say(&format!("error: {}", message(&error)));
    ExitCode::FAILURE
}

/// The error and its causes, without those that are told already: many messages end with a remedy and name their cause
/// before it.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if message.is_empty() {
            message = cause;
        } else if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

/// Whether a reader has closed the pipe that the command writes to (`| head`).
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// The command line that goes on with the run of this one, for a shell.
fn resuming(args: impl Iterator<Item = String>) -> String {
    let mut args: Vec<String> = args.map(|arg| quoted(&arg)).collect();
    if !args.iter().any(|arg| arg == "--resume") {
        args.push("--resume".to_owned());
    }
    args.join(" ")
}

/// An argument as a POSIX shell reads it back.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    match !arg.is_empty() && arg.chars().all(plain) {
        true => arg.to_owned(),
        false => format!("'{}'", arg.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_resumes_can_be_pasted() {
        let line = |args: &[&str]| resuming(args.iter().map(|arg| (*arg).to_owned()));
        assert_eq!(
            line(&["ulmfit", "train", "a b.csv"]),
            "ulmfit train 'a b.csv' --resume"
        );
        assert_eq!(
            line(&["ulmfit", "it's", "--resume", ""]),
            r"ulmfit 'it'\''s' --resume ''"
        );
    }

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("no such file");
        let told = ulmfit::data::Error::Io {
            action: "open",
            path: "a.csv".into(),
            source: cause(),
        };
        let expected = told.to_string();
        assert!(expected.contains("no such file; check"), "{expected}");
        assert_eq!(message(&told.into()), expected);
        let untold = anyhow::Error::new(cause()).context("a.csv");
        assert_eq!(message(&untold), "a.csv: no such file");
    }

    #[test]
    fn a_closed_pipe_is_found_beneath_other_errors() {
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&anyhow::Error::new(pipe).context("writing")));
        assert!(!is_closed_pipe(&anyhow::anyhow!("broken")));
    }
}
