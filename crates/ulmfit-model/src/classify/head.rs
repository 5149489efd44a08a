//! The classifier's head: blocks of normalization, dropout, linear map and (but for the last) ReLU.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::classify::batch_norm::BatchNorm;
use crate::encoder::dropout::Mode;
use crate::random::Random;

/// The sizes and dropouts of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// Widths of the hidden layers; default one of 50 (paper section 4).
    pub hidden: Vec<usize>,
    /// Dropout of the blocks after the first (whose dropout is `Dropouts::output`); default 0.1 (fastai v1 and v2).
    pub dropout: f64,
}

impl Default for HeadConfig {
    fn default() -> Self {
        Self {
            hidden: vec![50],
            dropout: 0.1,
        }
    }
}

/// One block.
#[derive(Module, Debug)]
pub struct HeadBlock {
    /// Normalization of the block's input.
    pub norm: BatchNorm,
    /// `[in, out]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`, in models of fastai v1 and v0.7 that were imported. New heads have none, because the next normalization
    /// (or the softmax's shift) takes its part (fastai v2).
    pub bias: Option<Param<Tensor<1>>>,
}

/// The blocks, from the pooled vector to the classes.
#[derive(Module, Debug)]
pub struct Head {
    /// In order of application.
    pub blocks: Vec<HeadBlock>,
}

impl Head {
    /// A head from `width` features to `outputs`: linear maps `U(-1/sqrt(in), 1/sqrt(in))` (PyTorch's default).
    pub(crate) fn init(
        config: &HeadConfig,
        width: usize,
        outputs: usize,
        random: &mut Random,
        device: &Device,
    ) -> Self {
        let mut width = width;
        let outputs = config.hidden.iter().copied().chain([outputs]);
        let blocks = outputs.map(|out| {
            let bound = 1.0 / (width as f64).sqrt();
            let weight = Param::from_tensor(random.uniform([width, out], bound, device));
            let block = HeadBlock {
                norm: BatchNorm::new(width, device),
                weight,
                bias: None,
            };
            width = out;
            block
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// Pooled vectors `[B, 3E]` to logits `[B, classes]`.
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        first: f64,
        rest: f64,
        mode: &mut Mode,
    ) -> Tensor<2> {
        let last = self.blocks.len() - 1;
        let mut x = x;
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.norm.forward(x, mode);
            x = mode.dropout(x, if index == 0 { first } else { rest });
            x = x.matmul(block.weight.val());
            if let Some(bias) = &block.bias {
                x = x + bias.val().unsqueeze::<2>();
            }
            if index < last {
                x = activation::relu(x);
            }
        }
        x
    }
}
