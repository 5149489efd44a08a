//! Tensors by name, on the host: the form in which weights, optimizer state and hidden state are stored.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Shape, Tensor, TensorData};
use sha2::{Digest, Sha256};

use crate::copy::deep_copy;
use crate::error::{Error, Result};

/// Tensors of 32-bit floats by name, on the host: plain data that can be stored and read.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_train::Tensors;
///
/// let device = Device::default();
/// let mut tensors = Tensors::default();
/// tensors.insert("state", Tensor::<2>::ones([2, 3], &device));
/// let state: Tensor<2> = tensors.take("state", &device)?;
/// assert_eq!((state.dims(), tensors.is_empty()), ([2, 3], true));
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors(BTreeMap<String, Stored>);

/// One of them, in row-major order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stored {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Stored {
    fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let data = tensor.into_data();
        let values = match data.as_slice::<f32>() {
            Ok(values) => values.to_vec(),
            Err(_) => data.iter::<f32>().collect(),
        };
        Self { shape, values }
    }

    fn into_tensor<const D: usize>(self, device: &Device) -> Tensor<D> {
        Tensor::from_data(
            TensorData::new(self.values, Shape::from(self.shape)),
            device,
        )
    }

    /// Calls `work` with the values as little-endian bytes, some kilobytes at a time.
    pub(crate) fn for_each_part<E>(
        &self,
        mut work: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes = Vec::new();
        for part in self.values.chunks(1 << 14) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
            work(&bytes)?;
        }
        Ok(())
    }
}

impl Tensors {
    /// Adds a tensor, in place of one of the same name.
    pub fn insert<const D: usize>(&mut self, name: impl Into<String>, tensor: Tensor<D>) {
        self.0.insert(name.into(), Stored::of(tensor));
    }

    /// Takes a tensor out and moves it to `device`.
    ///
    /// # Errors
    /// [`Error::Tensor`] if there is none of this name, or it has another number of dimensions.
    pub fn take<const D: usize>(&mut self, name: &str, device: &Device) -> Result<Tensor<D>> {
        let expected = || format!("{D} dimensions");
        let stored = self.take_stored(name, expected)?;
        if stored.shape.len() != D {
            return Err(unfit(name, expected(), format!("shape {:?}", stored.shape)));
        }
        Ok(stored.into_tensor(device))
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the parameters and running statistics of a module by their paths, such as
    /// `encoder.layers.0.forward.weight_ih`. Running statistics are up to date, whether the module trains or not.
    pub fn of_module<M: Module>(module: &M) -> Self {
        let mut tensors = Self::default();
        // Outside of autodiff, where running statistics have joined what the last batches left.
        module.valid().visit(&mut Walk {
            each: Some(&mut tensors),
            ..Walk::default()
        });
        tensors
    }

    /// Returns a copy of `module` with these values; the module stays as it is.
    ///
    /// # Errors
    /// [`Error::Tensor`] for one that is missing, has another shape, or that the module does not have.
    pub fn into_module<M: Module>(self, module: &M) -> Result<M> {
        let mut fill = Fill {
            path: Vec::new(),
            tensors: self,
            error: None,
        };
        // Running statistics are shared with clones, so the copy is a deep one.
        let filled = deep_copy(module).map(&mut fill);
        match (fill.error, fill.tensors.names().next()) {
            (Some(error), _) => Err(error),
            (None, Some(name)) => Err(unfit(
                name,
                "only tensors of this model".to_owned(),
                "another one".to_owned(),
            )),
            (None, None) => Ok(filled),
        }
    }

    /// SHA-256 of names, shapes and values, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.hash(&mut hash);
        hex(hash)
    }

    pub(crate) fn insert_stored(&mut self, name: String, stored: Stored) {
        self.0.insert(name, stored);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Stored)> {
        self.0.iter()
    }

    /// Adds all of `others`, their names behind `prefix` and a dot.
    pub(crate) fn add_within(&mut self, prefix: &str, others: Self) {
        let named = others.0.into_iter();
        self.0
            .extend(named.map(|(name, stored)| (format!("{prefix}.{name}"), stored)));
    }

    /// Takes all whose names begin with `prefix` and a dot, which are cut off.
    /// Adds others under their own names.
    pub(crate) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// All of them in a form that another process of the same version reads.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let layout: Vec<(&String, &Vec<usize>)> = self
            .0
            .iter()
            .map(|(name, stored)| (name, &stored.shape))
            .collect();
        let layout = serde_json::to_vec(&layout).unwrap_or_default();
        let mut bytes = (layout.len() as u64).to_le_bytes().to_vec();
        bytes.extend(layout);
        for stored in self.0.values() {
            bytes.extend(stored.values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) was called on.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (layout, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let layout: Vec<(String, Vec<usize>)> = serde_json::from_slice(layout).ok()?;
        let (mut words, []) = rest.as_chunks::<4>() else {
            return None;
        };
        let mut tensors = Self::default();
        for (name, shape) in layout {
            let own;
            (own, words) = words.split_at_checked(shape.iter().product())?;
            let values = own.iter().map(|word| f32::from_le_bytes(*word)).collect();
            tensors.insert_stored(name, Stored { shape, values });
        }
        Some(tensors)
    }

    pub(crate) fn split_within(&mut self, prefix: &str) -> Self {
        let prefix = format!("{prefix}.");
        let mut taken = BTreeMap::new();
        self.0
            .retain(|name, stored| match name.strip_prefix(&prefix) {
                Some(rest) => {
                    taken.insert(rest.to_owned(), std::mem::take(stored));
                    false
                }
                None => true,
            });
        Self(taken)
    }

    pub(crate) fn hash(&self, hash: &mut Sha256) {
        for (name, stored) in &self.0 {
            // Names and shapes join the digest, so that no two lists of tensors share one.
            hash.update(format!("{name}:{:?}:", stored.shape));
            // A digest takes any bytes.
            let _ = stored.for_each_part(|bytes| -> Result<(), ()> {
                hash.update(bytes);
                Ok(())
            });
        }
    }

    fn take_stored(&mut self, name: &str, expected: impl FnOnce() -> String) -> Result<Stored> {
        let found = self.0.remove(name);
        found.ok_or_else(|| unfit(name, expected(), "no such tensor".to_owned()))
    }
}

pub(crate) fn hex(hash: Sha256) -> String {
    let digits = |byte: &u8| format!("{byte:02x}");
    hash.finalize().iter().map(digits).collect()
}

/// A parameter's path, number of elements and device outside of autodiff.
pub(crate) type Paths = HashMap<ParamId, (String, usize, Device)>;

/// The paths of all parameters: what identifies them from one process to the next, where ids are drawn anew.
pub(crate) fn paths<M: Module>(model: &M) -> Paths {
    let mut paths = Paths::new();
    model.visit(&mut Walk {
        paths: Some(&mut paths),
        ..Walk::default()
    });
    paths
}

fn unfit(name: &str, expected: String, found: String) -> Error {
    Error::Tensor {
        name: name.to_owned(),
        expected,
        found,
    }
}

#[derive(Default)]
struct Walk<'a> {
    path: Vec<String>,
    paths: Option<&'a mut Paths>,
    each: Option<&'a mut Tensors>,
}

impl ModuleVisitor for Walk<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (path, tensor) = (self.path.join("."), param.val());
        if let Some(paths) = &mut self.paths {
            let size = tensor.dims().iter().product();
            paths.insert(param.id, (path.clone(), size, tensor.device().inner()));
        }
        if let Some(each) = &mut self.each {
            each.insert(path, tensor);
        }
    }
}

struct Fill {
    path: Vec<String>,
    tensors: Tensors,
    error: Option<Error>,
}

impl Fill {
    fn read<const D: usize>(&mut self, before: &Tensor<D>) -> Result<Tensor<D>> {
        let (path, shape) = (self.path.join("."), before.dims());
        let expected = || format!("shape {shape:?}");
        let stored = self.tensors.take_stored(&path, expected)?;
        if stored.shape != shape {
            let found = format!("shape {:?}", stored.shape);
            return Err(unfit(&path, expected(), found));
        }
        Ok(stored.into_tensor(&before.device()))
    }
}

impl ModuleMapper for Fill {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, before, mapper) = param.consume();
        let tensor = match self.read(&before) {
            Ok(tensor) => tensor.set_require_grad(before.is_require_grad()),
            Err(error) => {
                self.error.get_or_insert(error);
                before
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
