//! The sizes of a new encoder.

use serde::{Deserialize, Serialize};

/// The sizes of a new encoder: embedding width, hidden width, layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Width of the embedding and of the last layer.
    pub embed: usize,
    /// Width of the other layers.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
}

impl Sizes {
    /// 400 / 1152 / 3: fastai v1 and v2 (the paper: 1150).
    pub const STANDARD: Self = Self {
        embed: 400,
        hidden: 1152,
        layers: 3,
    };
    /// 128 / 384 / 3: for a vocabulary of about 10,000 words and minutes of CPU time.
    pub const SMALL: Self = Self {
        embed: 128,
        hidden: 384,
        layers: 3,
    };
    /// 64 / 128 / 2: for tests and the bundled sample.
    pub const TINY: Self = Self {
        embed: 64,
        hidden: 128,
        layers: 2,
    };
}
