//! The lines of the page about many machines that call `ulmfit-mpi` are command lines that it takes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_command_takes_every_call_of_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/machines.md");
    let page = std::fs::read_to_string(page).unwrap().replace("\\\n", " ");
    let lines: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("mpirun "))
        .collect();
    assert!(!lines.is_empty());
    let program = Path::new(env!("CARGO_BIN_EXE_ulmfit-mpi"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let empty = tempfile::tempdir().unwrap();
    for line in lines {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(&empty)
            .env("PATH", &path);
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1");
        command.env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command.env("OMPI_MCA_rmaps_base_oversubscribe", "1");
        let out = command.stdin(Stdio::null()).output().unwrap();
        // Its files are missing, which is exit code 1; a wrong command line is 2.
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{line}\n{said}");
    }
}
