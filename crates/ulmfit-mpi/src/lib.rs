//! Language models trained by several processes, through MPI.
//!
//! [`Mpi`] is the [`Peers`] of a run. With it, `mpirun -n 4` trains bit for bit what one process trains that accumulates
//! the same four parts of every batch. Needs an MPI library (Open MPI, MPICH) and libclang to build.

use std::fmt;

use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives as _};
use ulmfit::train::{Error, Peers, Result};

/// The processes that `mpirun` has started.
pub struct Mpi {
    // Ends MPI when it is dropped; the communicator is of it.
    _universe: Universe,
    world: SimpleCommunicator,
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.size())
    }
}

impl Mpi {
    /// Joins the other processes. Nothing if this process has joined them before.
    pub fn start() -> Option<Self> {
        let universe = mpi::initialize()?;
        let world = universe.world();
        Some(Self {
            _universe: universe,
            world,
        })
    }

    /// Ends all processes with this exit code.
    pub fn abort(&self, code: i32) -> ! {
        self.world.abort(code)
    }
}

impl Peers for Mpi {
    fn rank(&self) -> usize {
        // MPI counts from 0.
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let lengths: Vec<u64> = outgoing.iter().map(|bytes| bytes.len() as u64).collect();
        let mut incoming = vec![0_u64; self.size()];
        self.world.all_to_all_into(&lengths[..], &mut incoming[..]);
        let (sends, receives) = (Layout::of(&lengths)?, Layout::of(&incoming)?);
        let (mut sent, mut received) = (outgoing.concat(), vec![0_u8; receives.total]);
        // An empty vector without room has the address 1, which is MPI_IN_PLACE to Open MPI.
        sent.reserve(1);
        received.reserve(1);
        let sent = Partition::new(&sent[..], &sends.counts[..], &sends.starts[..]);
        let (counts, starts) = (&receives.counts[..], &receives.starts[..]);
        let mut into = PartitionMut::new(&mut received[..], counts, starts);
        self.world.all_to_all_varcount_into(&sent, &mut into);
        let mut rest = &received[..];
        let parts = counts.iter().map(|&count| {
            let (own, others) = rest.split_at(count as usize);
            rest = others;
            own.to_vec()
        });
        Ok(parts.collect())
    }
}

/// Where the bytes of each rank lie in one buffer, as MPI counts them.
struct Layout {
    counts: Vec<i32>,
    starts: Vec<i32>,
    total: usize,
}

impl Layout {
    fn of(lengths: &[u64]) -> Result<Self> {
        let total: u64 = lengths.iter().sum();
        if i32::try_from(total).is_err() {
            return Err(Error::Peers {
                message: format!(
                    "expected at most 2 GiB in one exchange, found {total} bytes; take a smaller model or more ranks"
                ),
            });
        }
        let counts: Vec<i32> = lengths.iter().map(|&length| length as i32).collect();
        let starts = counts.iter().scan(0, |at, count| {
            let start = *at;
            *at += count;
            Some(start)
        });
        Ok(Self {
            starts: starts.collect(),
            counts,
            total: total as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn more_bytes_than_mpi_can_count_are_an_error() {
        let layout = Layout::of(&[3, 0, 5]).map(|layout| (layout.starts, layout.total));
        assert_eq!(layout.ok(), Some((vec![0, 3, 3], 8)));
        assert!(Layout::of(&[1 << 30, 1 << 30]).is_err());
    }
}
