//! From the name of a device to the device. The one place that knows the backends: the libraries take any device.

use anyhow::bail;
use ulmfit::burn::tensor::Device;

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

/// The device called `name`.
///
/// # Errors
/// For a name that this build does not have, with those that it has.
pub(crate) fn find(name: &str) -> anyhow::Result<Device> {
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
