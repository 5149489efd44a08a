//! The lines of the page about many machines that call `ulmfit-mpi` are command lines that it takes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../../../tests/shared/page.rs"]
mod page;

#[test]
fn the_command_takes_every_call_of_the_page() {
    let program = env!("CARGO_BIN_EXE_ulmfit-mpi");
    page::takes_every_call(
        "mpirun",
        program,
        &[
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ],
    );
}
