//! The lines of the page about many machines, as a shell runs them.

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the lines of the page that begin with `call`; `program` is the built one, and `env` is set for it.
pub(crate) fn takes_every_call(call: &str, program: &str, env: &[(&str, &str)]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/machines.md");
    let page = std::fs::read_to_string(page).unwrap().replace("\\\n", " ");
    let call = format!("{call} ");
    let lines: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with(&call))
        .collect();
    assert!(!lines.is_empty());
    let mut path = Path::new(program).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let empty = tempfile::tempdir().unwrap();
    for line in lines {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&empty);
        command.env("PATH", &path).envs(env.iter().copied());
        let out = command.stdin(Stdio::null()).output().unwrap();
        // Its files are missing, which is exit code 1; a wrong command line is 2.
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{line}\n{said}");
    }
}
