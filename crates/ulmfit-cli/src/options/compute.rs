//! Where to compute, and with how many threads. The one place of the command that knows the backends.

use anyhow::{Context as _, bail};
use ulmfit::prelude::*;

/// The devices of this build: a feature of the package each.
const BUILT_IN: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "ndarray")]
    "ndarray",
    #[cfg(feature = "wgpu")]
    "wgpu",
    #[cfg(feature = "vulkan")]
    "vulkan",
    #[cfg(feature = "metal")]
    "metal",
    #[cfg(feature = "cuda")]
    "cuda",
];

/// Where to compute.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Compute {
    /// flex (CPU), ndarray, wgpu, vulkan, metal or cuda, where built in [default: the fastest there is].
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    #[command(flatten)]
    threads: Threads,
}

/// How many threads.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Threads {
    /// Threads of the CPU; they change the speed, never the result [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

impl Compute {
    /// The device, when the threads are set.
    ///
    /// # Errors
    /// For a name that this build does not have, with those that it has.
    pub(crate) fn device(&self) -> anyhow::Result<Device> {
        self.threads.set()?;
        match &self.device {
            None => Ok(Device::default()),
            Some(name) => find(name),
        }
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

fn find(name: &str) -> anyhow::Result<Device> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[expect(
            deprecated,
            reason = "kept as a second CPU backend as long as Burn ships it"
        )]
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(
            ulmfit::burn::tensor::DeviceKind::DefaultDevice,
        )),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(
            ulmfit::burn::tensor::DeviceKind::DefaultDevice,
        )),
        #[cfg(feature = "metal")]
        "metal" => Ok(Device::metal(
            ulmfit::burn::tensor::DeviceKind::DefaultDevice,
        )),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        _ => bail!(
            "--device: expected one of {}, found `{name}`; build with `--features {name}` if it is flex, ndarray, \
             wgpu, vulkan, metal or cuda",
            BUILT_IN.join(", ")
        ),
    }
}
