//! Devices by name. The one place that names the backends: the libraries take any device.

use std::error::Error;
use std::fmt;

use burn::tensor::Device;
#[cfg(any(
    feature = "wgpu",
    feature = "vulkan",
    feature = "metal",
    feature = "cuda"
))]
use burn::tensor::DeviceType;

/// The names of the devices of this build: a feature of the package each.
pub const BUILT_IN: &[&str] = &[
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

/// Returns the device called `name`. GPUs may be followed by a number, `cuda:1`: the second of those that are there.
/// Without one it is the one that the backend prefers.
///
/// # Errors
/// For a name that this build does not have, with those that it has; for a GPU that is not there, with those that are.
///
/// ```
/// assert!(ulmfit::device::by_name("flex").is_ok());
/// let error = ulmfit::device::by_name("abacus").expect_err("no such feature");
/// assert!(error.to_string().contains("expected one of flex"));
/// ```
pub fn by_name(name: &str) -> Result<Device, UnknownDevice> {
    let (backend, number) = match name.split_once(':') {
        Some((backend, number)) => (backend, Some(number)),
        None => (name, None),
    };
    let cpu = |device: Device| match number {
        None => Ok(device),
        Some(_) => Err(UnknownDevice(format!(
            "expected {backend}, found `{name}`; only GPUs have a number"
        ))),
    };
    #[cfg(any(
        feature = "wgpu",
        feature = "vulkan",
        feature = "metal",
        feature = "cuda"
    ))]
    let gpu = |kind: DeviceType, preferred: fn() -> Device| {
        let there = Device::enumerate(kind).into_vec();
        one_of(backend, number, there, preferred)
    };
    match backend {
        #[cfg(feature = "flex")]
        "flex" => cpu(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[expect(
            deprecated,
            reason = "kept as a second CPU backend as long as Burn ships it"
        )]
        "ndarray" => cpu(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => gpu(DeviceType::Wgpu, || Device::wgpu(Default::default())),
        #[cfg(feature = "vulkan")]
        "vulkan" => gpu(DeviceType::Vulkan, || Device::vulkan(Default::default())),
        #[cfg(feature = "metal")]
        "metal" => gpu(DeviceType::Metal, || Device::metal(Default::default())),
        #[cfg(feature = "cuda")]
        "cuda" => gpu(DeviceType::Cuda, || Device::cuda(0)),
        _ => Err(UnknownDevice(format!(
            "expected one of {}, found `{name}`; build with `--features {backend}` if it is flex, ndarray, wgpu, vulkan, \
             metal or cuda",
            BUILT_IN.join(", "),
        ))),
    }
}

/// Returns what to tell before a training on a device that compiles its kernels when it first needs them, as GPUs do: its
/// first batches, and the first ones of another length, take seconds to minutes. `None` for the others.
///
/// ```
/// use burn::tensor::Device;
/// assert_eq!(ulmfit::device::slow_start(&Device::flex()), None);
/// ```
pub fn slow_start(device: &Device) -> Option<&'static str> {
    // Of Burn's backends the compiled ones alone hold memory of their own.
    device.memory_pool_usage()?;
    Some("the first batches are slow: their kernels are compiled for this device")
}

/// The GPU of that number among those that are there.
#[cfg(any(
    feature = "wgpu",
    feature = "vulkan",
    feature = "metal",
    feature = "cuda"
))]
fn one_of(
    backend: &str,
    number: Option<&str>,
    there: Vec<Device>,
    preferred: fn() -> Device,
) -> Result<Device, UnknownDevice> {
    let names: Vec<String> = (0..there.len()).map(|n| format!("{backend}:{n}")).collect();
    match number {
        _ if there.is_empty() => Err(UnknownDevice(format!(
            "expected a GPU that {backend} reaches, found none; look at the driver, or name another one of {}",
            BUILT_IN.join(", ")
        ))),
        None => Ok(preferred()),
        Some(number) => {
            let device = number.parse().ok().and_then(|n: usize| there.get(n));
            device.cloned().ok_or_else(|| {
                UnknownDevice(format!(
                    "expected one of {}, found `{backend}:{number}`",
                    names.join(", ")
                ))
            })
        }
    }
}

/// A name that no device of this build, or of this machine, has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDevice(String);

impl fmt::Display for UnknownDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UnknownDevice {}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_has_no_number() {
        let error = by_name("flex:1").expect_err("one CPU").to_string();
        assert_eq!(
            error,
            "expected flex, found `flex:1`; only GPUs have a number"
        );
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn a_gpu_that_is_not_there_is_told_with_those_that_are() {
        let error = by_name("wgpu:99").expect_err("not a hundred").to_string();
        assert!(
            error.starts_with("expected ") && error.contains("found"),
            "{error}"
        );
        assert!(by_name("wgpu:x").is_err());
    }
}
