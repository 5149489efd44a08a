//! The lines of the page about many machines that call `ulmfit-ballista` are command lines that it takes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../../tests/shared/page.rs"]
mod page;

#[test]
fn the_command_takes_every_call_of_the_page() {
    let program = env!("CARGO_BIN_EXE_ulmfit-ballista");
    page::takes_every_call("ulmfit-ballista", program, &[]);
}
