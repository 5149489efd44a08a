//! What every verb takes, with one meaning: where to compute, and how much to say.

use std::rc::Rc;

use anyhow::{Context as _, anyhow};
use ulmfit::device;
use ulmfit::precision::Precision;
use ulmfit::prelude::*;
use ulmfit::train::Peers;

use crate::talk::Talk;

/// The options of every verb.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    /// Where to compute: flex (CPU), ndarray, wgpu, vulkan, metal or cuda, where built in [default: the fastest there is].
    #[arg(long, value_name = "NAME", global = true, help_heading = "Machine")]
    device: Option<String>,
    /// Operands of matrix products: fp32, bf16, fp16 (GPUs alone), or auto for the faster one of this processor.
    #[arg(long, value_name = "NAME", default_value = "fp32", value_parser = str::parse::<Precision>, global = true, help_heading = "Machine")]
    precision: Precision,
    /// Threads of the CPU; they change the speed, never the result [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), global = true, help_heading = "Machine")]
    threads: Option<u16>,
    #[command(flatten)]
    pub(crate) talk: Talk,
    /// The processes that train one model with this one.
    #[arg(skip)]
    pub(crate) peers: Option<Rc<dyn Peers>>,
}

impl Common {
    /// As one of several processes: only the first speaks and writes.
    pub(crate) fn with_peers(mut self, peers: Option<Rc<dyn Peers>>) -> Self {
        self.peers = peers;
        if !self.is_first() {
            self.talk = Talk::silent();
        }
        self
    }

    /// Whether this is the process that writes.
    pub(crate) fn is_first(&self) -> bool {
        self.peers.as_ref().is_none_or(|peers| peers.rank() == 0)
    }

    /// Does what prepares files for all processes: the first makes them, then the others find them.
    ///
    /// # Errors
    /// As `work`, and if a process is gone.
    pub(crate) fn first_then_others<T>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(peers) = &self.peers else {
            return work();
        };
        let meet = || peers.exchange(vec![Vec::new(); peers.size()]);
        if !self.is_first() {
            meet()?;
        }
        let done = work()?;
        if self.is_first() {
            meet()?;
        }
        Ok(done)
    }

    /// Sets threads and precision of the whole process and returns the device; once, before anything is computed.
    ///
    /// # Errors
    /// For a device that this build does not have, with those that it has; for a precision that the device does not have;
    /// if the system does not give so many threads.
    pub(crate) fn device(&self) -> anyhow::Result<Device> {
        self.set_threads()?;
        let device = match &self.device {
            None => Device::default(),
            Some(name) => device::by_name(name).map_err(|error| anyhow!("--device: {error}"))?,
        };
        let set = self.precision.set_on(&device);
        set.map_err(|error| anyhow!("--precision: {error}"))?;
        Ok(device)
    }

    /// As [`Self::device`], for a training run: says if it begins slowly.
    ///
    /// # Errors
    /// As [`Self::device`].
    pub(crate) fn training_device(&self) -> anyhow::Result<Device> {
        let device = self.device()?;
        if let Some(note) = device::slow_start(&device) {
            self.talk.note(note);
        }
        Ok(device)
    }

    /// Sets the threads of the whole process, for a verb that needs no device.
    ///
    /// # Errors
    /// If the system does not give so many.
    pub(crate) fn set_threads(&self) -> anyhow::Result<()> {
        let Some(n) = self.threads else {
            return Ok(());
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(n));
        pool.build_global()
            .with_context(|| format!("--threads {n}"))
    }
}
