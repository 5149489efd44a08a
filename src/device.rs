//! Devices by name. The one place that names the backends: the libraries take any device.

use std::error::Error;
use std::fmt;

use burn::tensor::Device;

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

/// Returns the device called `name`.
///
/// # Errors
/// For a name that this build does not have, with those that it has.
///
/// ```
/// assert!(ulmfit::device::by_name("flex").is_ok());
/// let error = ulmfit::device::by_name("abacus").expect_err("no such feature");
/// assert!(error.to_string().contains("expected one of flex"));
/// ```
pub fn by_name(name: &str) -> Result<Device, UnknownDevice> {
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
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "vulkan")]
        "vulkan" => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "metal")]
        "metal" => Ok(Device::metal(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        _ => Err(UnknownDevice {
            name: name.to_owned(),
        }),
    }
}

/// A name that no device of this build has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDevice {
    name: String,
}

impl fmt::Display for UnknownDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected one of {}, found `{name}`; build with `--features {name}` if it is flex, ndarray, wgpu, vulkan, \
             metal or cuda",
            BUILT_IN.join(", "),
            name = self.name,
        )
    }
}

impl Error for UnknownDevice {}
