//! Several processes that train one model together.

use std::fmt;

use crate::error::{Error, Result};
use crate::gradients::ParamGradients;
use crate::settings::Settings;
use crate::state::TrainState;
use crate::tensors::Tensors;

/// The processes that train one model together, each on its part of every batch; a rank is the number of one of them.
///
/// All ranks make the same steps: [`fit`](crate::fit) sums their gradients in the order of ranks, whatever arrives first,
/// so that a run has the same bits as one process that accumulates the same parts. `exchange` is all that a network has to
/// offer; the crate `ulmfit-mpi` does it through MPI.
pub trait Peers: fmt::Debug {
    /// The number of this process, from 0. Rank 0 writes the checkpoints.
    fn rank(&self) -> usize;

    /// The number of processes.
    fn size(&self) -> usize;

    /// Sends `outgoing[r]` to rank `r` and returns what every rank sent to this one, in the order of ranks. All ranks call
    /// it equally often.
    ///
    /// # Errors
    /// [`Error::Peers`] if a rank is gone.
    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>>;
}

/// The ranks of a run, or this process alone.
#[derive(Clone, Copy)]
pub(crate) struct Ranks<'a>(pub(crate) Option<&'a dyn Peers>);

/// What every rank tells the others of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PartLoss {
    pub(crate) value: f64,
    pub(crate) weight: usize,
    pub(crate) tokens: usize,
    /// Whether the run is asked to end.
    pub(crate) interrupted: bool,
}

impl PartLoss {
    fn to_bytes(self) -> Vec<u8> {
        let numbers = [
            self.value.to_bits(),
            self.weight as u64,
            self.tokens as u64,
            u64::from(self.interrupted),
        ];
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<8>() else {
            return None;
        };
        let numbers: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let [value, weight, tokens, interrupted] = numbers[..] else {
            return None;
        };
        Some(Self {
            value: f64::from_bits(value),
            weight: weight as usize,
            tokens: tokens as usize,
            interrupted: interrupted != 0,
        })
    }
}

impl Ranks<'_> {
    pub(crate) fn size(self) -> usize {
        self.0.map_or(1, Peers::size)
    }

    /// Whether this is the process that writes.
    pub(crate) fn is_first(self) -> bool {
        self.0.is_none_or(|peers| peers.rank() == 0)
    }

    /// What every rank has to tell of its part of a batch, in the order of ranks.
    pub(crate) fn losses(self, own: PartLoss) -> Result<Vec<PartLoss>> {
        let Some(peers) = self.0 else {
            return Ok(vec![own]);
        };
        let all = to_all(peers, &own.to_bytes())?;
        let all = all.iter().enumerate();
        all.map(|(rank, bytes)| PartLoss::of_bytes(bytes).ok_or_else(|| garbled(rank)))
            .collect()
    }

    /// The weighted mean of all ranks' gradients, joined in the order of ranks. Each rank joins one part of them.
    pub(crate) fn join(self, own: ParamGradients) -> Result<ParamGradients> {
        let Some(peers) = self.0.filter(|peers| peers.size() > 1) else {
            return Ok(own);
        };
        let parts = peers.exchange(own.to_parts(peers.size()))?;
        let joined = own.join_part(&parts).ok_or_else(|| unequal(peers))?;
        let joined = to_all(peers, &joined)?;
        own.of_joined(&joined).ok_or_else(|| unequal(peers))
    }

    /// Refuses ranks with other settings than rank 0.
    pub(crate) fn require_same_run(self, settings: &Settings) -> Result<()> {
        let Some(peers) = self.0 else {
            return Ok(());
        };
        let text = serde_json::to_vec(settings.list()).unwrap_or_default();
        for (rank, bytes) in to_all(peers, &text)?.iter().enumerate() {
            let there = serde_json::from_slice(bytes).map_err(|_| garbled(rank))?;
            let there = Settings::of(there);
            if let Some(name) = settings.differences(&there).first() {
                return Err(Error::OtherRank {
                    rank,
                    what: format!("`{name}`"),
                    expected: settings.get(name).to_owned(),
                    found: there.get(name).to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Refuses ranks that found another checkpoint than rank 0.
    pub(crate) fn require_same_checkpoint(self, steps: Option<u64>) -> Result<()> {
        let name = |steps: Option<u64>| {
            steps.map_or_else(|| "none".to_owned(), |steps| format!("step {steps}"))
        };
        self.require_equal("the newest checkpoint", &name(steps))
    }

    fn require_equal(self, what: &str, own: &str) -> Result<()> {
        let Some(peers) = self.0 else {
            return Ok(());
        };
        for (rank, bytes) in to_all(peers, own.as_bytes())?.iter().enumerate() {
            if bytes != own.as_bytes() {
                return Err(Error::OtherRank {
                    rank,
                    what: what.to_owned(),
                    expected: own.to_owned(),
                    found: String::from_utf8_lossy(bytes).into_owned(),
                });
            }
        }
        Ok(())
    }

    /// The state of the whole run: what travels between the batches of every rank. Refuses ranks whose weights differ.
    pub(crate) fn whole(self, mut state: TrainState) -> Result<TrainState> {
        let Some(peers) = self.0.filter(|peers| peers.size() > 1) else {
            return Ok(state);
        };
        self.require_equal("the digest of the weights", &state.model.digest())?;
        let Some(within) = &mut state.within else {
            return Ok(state);
        };
        let own = within.carry.take().unwrap_or_default();
        let mut outgoing = vec![Vec::new(); peers.size()];
        outgoing[0] = own.to_bytes();
        let all = peers.exchange(outgoing)?;
        if peers.rank() > 0 {
            return Ok(state);
        }
        let mut carries = Tensors::default();
        for (rank, bytes) in all.iter().enumerate() {
            carries.add(Tensors::of_bytes(bytes).ok_or_else(|| garbled(rank))?);
        }
        within.carry = (!carries.is_empty()).then_some(carries);
        Ok(state)
    }
}

/// Sends the same to all ranks, and returns what each of them sent.
fn to_all(peers: &dyn Peers, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    peers.exchange(vec![bytes.to_vec(); peers.size()])
}

fn garbled(rank: usize) -> Error {
    Error::Peers {
        message: format!("rank {rank} sent what this version does not understand"),
    }
}

fn unequal(peers: &dyn Peers) -> Error {
    Error::Peers {
        message: format!(
            "the ranks do not have gradients of the same parameters (seen by rank {})",
            peers.rank()
        ),
    }
}
