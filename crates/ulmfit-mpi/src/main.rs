//! `ulmfit-mpi`: the verbs of `ulmfit` that train a language model, for `mpirun`.

use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;
use ulmfit::train::{Error, Peers};
use ulmfit_mpi::Mpi;

const ABOUT: &str = "Train a language model in several processes: mpirun -n 4 ulmfit-mpi pretrain TEXT...\n\nEvery process \
takes its rows of each batch: --lm-batch-size is that of all together, and a multiple of their number. All of them read the \
text and the checkpoints under the same paths; the first one writes.";

fn main() -> ExitCode {
    let mut joined = None;
    let done = ulmfit_cli::run_with_peers("ulmfit-mpi", ABOUT, || {
        let mpi = Mpi::start().context("MPI does not start; run the command through mpirun")?;
        let mpi = Rc::new(mpi);
        joined = Some(Rc::clone(&mpi));
        Ok(mpi as Rc<dyn Peers>)
    });
    let Some(mpi) = joined else {
        return ulmfit_cli::exit_code(done);
    };
    let interrupted =
        |error: &anyhow::Error| matches!(error.downcast_ref(), Some(Error::Interrupted { .. }));
    match &done {
        Err(error) if !interrupted(error) => {
            eprint!("rank {} of {}: ", mpi.rank(), mpi.size());
            ulmfit_cli::exit_code(done);
            // The others may wait for this one.
            mpi.abort(1)
        }
        _ if mpi.rank() == 0 => ulmfit_cli::exit_code(done),
        _ => ExitCode::SUCCESS,
    }
}
