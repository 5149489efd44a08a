//! Where to compute, in which precision, and with how many threads.

use anyhow::{Context as _, anyhow};
use ulmfit::device;
use ulmfit::precision;
use ulmfit::prelude::*;

use crate::talk::Talk;

/// Where to compute.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Compute {
    /// flex (CPU), ndarray, wgpu, vulkan, metal or cuda, where built in [default: the fastest there is].
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    #[command(flatten)]
    precision: Precision,
    #[command(flatten)]
    threads: Threads,
}

/// In which precision.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Precision {
    /// Operands of matrix products: fp32, bf16, fp16 (GPUs alone), or auto for the faster one of this processor.
    #[arg(long, value_name = "NAME", default_value = "fp32", value_parser = str::parse::<precision::Precision>)]
    precision: precision::Precision,
}

/// How many threads.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Threads {
    /// Threads of the CPU; they change the speed, never the result [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

impl Compute {
    /// The device, when precision and threads are set.
    ///
    /// # Errors
    /// For a name that this build does not have, with those that it has; for a precision that the device does not have.
    pub(crate) fn device(&self) -> anyhow::Result<Device> {
        self.threads.set()?;
        let device = match &self.device {
            None => Device::default(),
            Some(name) => device::by_name(name).map_err(|error| anyhow!("--device: {error}"))?,
        };
        self.precision.set_on(&device)?;
        Ok(device)
    }

    /// The device of a training run, with a word about a slow beginning.
    ///
    /// # Errors
    /// As [`device`](Self::device).
    pub(crate) fn training_device(&self, talk: Talk) -> anyhow::Result<Device> {
        let device = self.device()?;
        if let Some(note) = device::slow_start(&device) {
            talk.note(note);
        }
        Ok(device)
    }
}

impl Precision {
    /// Sets the precision of the whole process; once, before anything is computed.
    ///
    /// # Errors
    /// For a precision that the device does not have, with those that it has.
    pub(crate) fn set_on(self, device: &Device) -> anyhow::Result<()> {
        let set = self.precision.set_on(device);
        set.map_err(|error| anyhow!("--precision: {error}"))?;
        Ok(())
    }
}

impl Threads {
    /// Sets the threads of the whole process; once, before anything is computed.
    ///
    /// # Errors
    /// If the system does not give so many.
    pub(crate) fn set(self) -> anyhow::Result<()> {
        let Some(n) = self.threads else {
            return Ok(());
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(n));
        pool.build_global()
            .with_context(|| format!("--threads {n}"))
    }
}
