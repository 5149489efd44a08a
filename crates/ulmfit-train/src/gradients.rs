//! The gradients of a model's parameters: of one batch, or the mean of several.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use ulmfit_kernels::sum_of_squares;

/// The gradients of a module's parameters, flat and outside of autodiff, with the weight they stand for.
///
/// Several small batches become one large one: with the weight of each its number of tokens or rows, the mean of
/// their gradients is the gradient of all of them together, where the loss is a mean over tokens or rows.
///
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_train::ParamGradients;
///
/// let device = Device::default().autodiff();
/// let x = Param::from_tensor(Tensor::<1>::ones([1], &device));
/// let of = |factor: f64| ParamGradients::of(&x, (x.val() * factor).backward(), 1.0);
/// let mut mean = of(2.0);
/// mean.join(of(4.0));
/// assert!((mean.norm() - 3.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct ParamGradients {
    // In the order of the module, so that sums over all of them have the same bits in every run.
    list: Vec<(ParamId, Tensor<1>)>,
    /// What every value of the list is still to be multiplied by.
    factor: f64,
    weight: f64,
}

impl ParamGradients {
    /// Returns the gradients that a backward pass left for `model`'s parameters; `weight` is what the batch counts in
    /// a mean (its tokens or rows), above 0.
    pub fn of<M: Module>(model: &M, mut gradients: Gradients, weight: f64) -> Self {
        let mut gather = Gather {
            gradients: &mut gradients,
            list: Vec::new(),
        };
        model.visit(&mut gather);
        let list = gather.list;
        Self {
            list,
            factor: 1.0,
            weight,
        }
    }

    /// Those of a loss that was multiplied by `scale`, above 0, as those of the loss. Nothing is computed: whoever reads
    /// them divides.
    #[must_use]
    pub fn divided_by(self, scale: f64) -> Self {
        Self {
            factor: self.factor / scale,
            ..self
        }
    }

    /// Makes this the weighted mean of itself and `other`; a parameter that one of them lacks counts as 0 there.
    pub fn join(&mut self, other: Self) {
        let whole = self.weight + other.weight;
        let here = self.weight / whole * self.factor;
        let there = other.weight / whole * other.factor;
        let mut others = other.list;
        // Every tensor is taken out of its list first, so that the sums are made in place.
        let list = std::mem::take(&mut self.list).into_iter();
        self.list = list
            .map(|(id, gradient)| {
                let gradient = gradient * here;
                let other = others.iter().position(|(known, _)| *known == id);
                match other.map(|at| others.remove(at)) {
                    Some((_, other)) => (id, gradient + other * there),
                    None => (id, gradient),
                }
            })
            .collect();
        let rest = others.into_iter();
        self.list
            .extend(rest.map(|(id, other)| (id, other * there)));
        (self.weight, self.factor) = (whole, 1.0);
    }

    /// Returns the L2 norm of all gradients together.
    pub fn norm(&self) -> f64 {
        let squares = self.list.iter().map(|(_, g)| sum_of_squares(g.clone()));
        let norm = squares
            .reduce(|sum, square| sum + square)
            .map_or(0.0, |sum| f64::from(sum.into_scalar::<f32>()).sqrt());
        norm * self.factor
    }

    /// The values in as many parts as there are ranks, each with the weight and the factor before it.
    pub(crate) fn to_parts(&self, n: usize) -> Vec<Vec<u8>> {
        let values: Vec<f32> = self.values();
        let len = values.len().div_ceil(n);
        let mut parts = values.chunks(len.max(1));
        let part = |values: &[f32]| {
            let mut bytes = Vec::with_capacity(16 + 4 * values.len());
            bytes.extend(self.weight.to_le_bytes());
            bytes.extend(self.factor.to_le_bytes());
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            bytes
        };
        (0..n)
            .map(|_| part(parts.next().unwrap_or_default()))
            .collect()
    }

    /// One part of every rank's gradients, joined in their order: the weight and the values. Nothing if they have not the
    /// same length.
    pub(crate) fn join_part(&self, ranks: &[Vec<u8>]) -> Option<Vec<u8>> {
        let device = self.list.first().map(|(_, gradient)| gradient.device())?;
        let id = ParamId::new();
        let mut joined: Option<Self> = None;
        for bytes in ranks {
            let (weight, rest) = bytes.split_first_chunk::<8>()?;
            let (factor, values) = rest.split_first_chunk::<8>()?;
            let values = floats(values)?;
            let part = Self {
                list: vec![(id, Tensor::from_data(&values[..], &device))],
                factor: f64::from_le_bytes(*factor),
                weight: f64::from_le_bytes(*weight),
            };
            match &mut joined {
                Some(joined) if joined.len() != values.len() => return None,
                Some(joined) => joined.join(part),
                None => joined = Some(part),
            }
        }
        let joined = joined?;
        let mut bytes = joined.weight.to_le_bytes().to_vec();
        bytes.extend(joined.values().iter().flat_map(|value| value.to_le_bytes()));
        Some(bytes)
    }

    /// The gradients whose joined parts these are. Nothing if they have another length than these gradients.
    pub(crate) fn of_joined(self, parts: &[Vec<u8>]) -> Option<Self> {
        let (weight, _) = parts.first()?.split_first_chunk::<8>()?;
        let mut values = Vec::with_capacity(self.len());
        for part in parts {
            values.extend(floats(part.get(8..)?)?);
        }
        if values.len() != self.len() {
            return None;
        }
        let mut rest = &values[..];
        let list = self.list.into_iter().map(|(id, gradient)| {
            let (own, others) = rest.split_at(gradient.dims()[0]);
            rest = others;
            (id, Tensor::from_data(own, &gradient.device()))
        });
        Some(Self {
            list: list.collect(),
            factor: 1.0,
            weight: f64::from_le_bytes(*weight),
        })
    }

    fn len(&self) -> usize {
        let lengths = self.list.iter().map(|(_, gradient)| gradient.dims()[0]);
        lengths.sum()
    }

    fn values(&self) -> Vec<f32> {
        let gradients = self.list.iter();
        gradients
            .flat_map(|(_, gradient)| gradient.to_data().iter::<f32>().collect::<Vec<f32>>())
            .collect()
    }

    /// What [`Self::take`]n values are to be multiplied by.
    pub(crate) fn factor(&self) -> f64 {
        self.factor
    }

    /// Takes the gradient of a parameter out.
    pub(crate) fn take(&mut self, id: ParamId) -> Option<Tensor<1>> {
        let place = self.list.iter().position(|(known, _)| *known == id)?;
        Some(self.list.swap_remove(place).1)
    }
}

fn floats(bytes: &[u8]) -> Option<Vec<f32>> {
    let (words, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    Some(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

struct Gather<'a> {
    gradients: &'a mut Gradients,
    list: Vec<(ParamId, Tensor<1>)>,
}

impl ModuleVisitor for Gather<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(self.gradients) {
            let size = gradient.dims().iter().product::<usize>();
            self.list.push((param.id, gradient.reshape([size])));
        }
    }
}
