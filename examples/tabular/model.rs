//! fast.ai's tabular network: embeddings and normalized numbers, layers of linear map, ReLU and normalization.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Tensor, TensorData, activation};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::{BatchNorm, Random};
use ulmfit::prelude::*;

use crate::columns::{Encoder, Rows};
use crate::embedding::Embedding;
use crate::linear::Linear;

/// The sizes of a network.
#[derive(Clone, Debug)]
pub(crate) struct TabularConfig {
    /// The ids of each category.
    pub(crate) cardinalities: Vec<usize>,
    /// The columns of numbers.
    pub(crate) numbers: usize,
    /// The classes.
    pub(crate) classes: usize,
    /// The widths of the layers.
    pub(crate) layers: Vec<usize>,
}

/// The network.
#[derive(Module, Debug)]
pub(crate) struct Tabular {
    embeddings: Vec<Embedding>,
    /// None for a table without numbers.
    numbers: Option<BatchNorm>,
    layers: Vec<Layer>,
    /// `[classes, width]`
    out: Param<Tensor<2>>,
    /// `[classes]`
    out_bias: Param<Tensor<1>>,
}

/// Linear map, ReLU, normalization (fastai's `LinBnDrop` with the linear map first).
#[derive(Module, Debug)]
pub(crate) struct Layer {
    linear: Linear,
    norm: BatchNorm,
}

impl TabularConfig {
    /// The sizes that a table asks for, without layers.
    pub(crate) fn of(encoder: &Encoder) -> Self {
        Self {
            cardinalities: encoder.cardinalities(),
            numbers: encoder.n_numbers(),
            classes: encoder.classes().len(),
            layers: Vec::new(),
        }
    }

    /// A new network.
    pub(crate) fn init(&self, seed: u64, device: &Device) -> Tabular {
        let mut random = Random::new(seed);
        let widths: Vec<usize> = self
            .cardinalities
            .iter()
            .map(|&n| embedding_width(n))
            .collect();
        let pairs = self.cardinalities.iter().zip(&widths);
        // Small vectors: a category that is seldom met says little (fastai: deviation 0.01, truncated).
        let embeddings = pairs
            .map(|(&n, &width)| Embedding::new(n, width, 0.02, &mut random, device))
            .collect();
        let mut width = widths.iter().sum::<usize>() + self.numbers;
        let layer = |&out: &usize| {
            let linear = Linear::new(width, out, &mut random, device);
            width = out;
            Layer {
                linear,
                norm: BatchNorm::new(out, device),
            }
        };
        let layers = self.layers.iter().map(layer).collect();
        let bound = 1.0 / (width as f64).sqrt();
        Tabular {
            embeddings,
            numbers: (self.numbers > 0).then(|| BatchNorm::new(self.numbers, device)),
            layers,
            out: Param::from_tensor(random.uniform([self.classes, width], bound, device)),
            out_bias: Param::from_tensor(Tensor::zeros([self.classes], device)),
        }
    }
}

/// fastai v2's rule of thumb for a category of `n` ids.
fn embedding_width(n: usize) -> usize {
    (1.6 * (n as f64).powf(0.56)).round().clamp(1.0, 600.0) as usize
}

impl Tabular {
    /// One group, as fastai's tabular learner has it; normalizations take no decay.
    pub(crate) fn groups(&self) -> LayerGroups {
        let all = ParamGroup::ids_from_module(self.clone());
        let norms: Vec<BatchNorm> = self.layers.iter().map(|layer| layer.norm.clone()).collect();
        let norms = ParamGroup::ids_from_module(norms)
            .fuse(&ParamGroup::ids_from_module(self.numbers.clone()));
        LayerGroups::new(vec![all], norms)
    }

    /// The loss of the rows `which`.
    pub(crate) fn loss(&self, rows: &Rows, which: &[usize], mode: &Mode) -> TiedLoss {
        let pick = |column: &Vec<u32>| which.iter().map(|&row| column[row]).collect::<Vec<u32>>();
        let pairs = self.embeddings.iter().zip(&rows.categories);
        let mut parts: Vec<Tensor<2>> = pairs.map(|(table, ids)| table.rows(&pick(ids))).collect();
        if let Some(norm) = &self.numbers {
            let values: Vec<f32> = which
                .iter()
                .flat_map(|&row| rows.numbers[row].iter().copied())
                .collect();
            let shape = [which.len(), values.len() / which.len().max(1)];
            let values = Tensor::from_data(TensorData::new(values, shape), &self.out.device());
            parts.push(norm.forward(values, mode));
        }
        let mut x = Tensor::cat(parts, 1);
        for layer in &self.layers {
            x = layer
                .norm
                .forward(activation::relu(layer.linear.forward(x)), mode);
        }
        tied_cross_entropy(x, self.out.val(), self.out_bias.val(), &pick(&rows.labels))
    }
}
