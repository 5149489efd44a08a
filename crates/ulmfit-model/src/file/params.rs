//! A module's parameters and running statistics by the table: out of a model, and into one.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use super::layout::TensorEntry;
use crate::error::{Error, Result};

/// A tensor on its device, whose numbers are asked for when they are written.
#[derive(Clone)]
pub(super) struct HostSource {
    pub(super) shape: Vec<usize>,
    values: Rc<dyn Fn() -> Vec<f32>>,
}

impl HostSource {
    fn new<const D: usize>(tensor: Tensor<D>) -> Self {
        Self {
            shape: tensor.dims().to_vec(),
            values: Rc::new(move || tensor.clone().into_data().iter::<f32>().collect()),
        }
    }

    pub(super) fn values(&self) -> Vec<f32> {
        (self.values)()
    }
}

/// The tensors of a model with their places in the table.
pub(super) type Tensors<'t> = Vec<(&'t TensorEntry, HostSource)>;

type Table<'t> = HashMap<&'t str, &'t TensorEntry>;

fn by_path(table: &[TensorEntry]) -> Table<'_> {
    table.iter().map(|e| (e.path.as_str(), e)).collect()
}

/// The tensors of a model, as files have them.
pub(super) fn tensors<'t, M: Module>(model: &M, table: &'t [TensorEntry]) -> Tensors<'t> {
    let mut collect = Collect {
        path: Vec::new(),
        table: by_path(table),
        found: Vec::with_capacity(table.len()),
    };
    // Outside of autodiff, where running statistics have joined what the last batches left.
    model.valid().visit(&mut collect);
    assert_eq!(collect.found.len(), table.len(), "the model's own table");
    collect.found
}

struct Collect<'t> {
    path: Vec<String>,
    table: Table<'t>,
    found: Tensors<'t>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(entry) = self.table.get(self.path.join(".").as_str()) {
            let tensor = match entry.transposed {
                true => param.val().swap_dims(0, 1),
                false => param.val(),
            };
            self.found.push((entry, HostSource::new(tensor)));
        }
    }
}

/// The same model with the tensors of the table: `values` gives each as the module holds it. Sizes of what was there do
/// not matter. `path` is for messages.
pub(crate) fn filled<M: Module>(
    model: M,
    table: &[TensorEntry],
    path: &Path,
    mut values: impl FnMut(&TensorEntry) -> Result<Vec<f32>>,
) -> Result<M> {
    let mut fill = Fill {
        path: Vec::new(),
        table: by_path(table),
        values: |entry: &TensorEntry| {
            let values = values(entry)?;
            check(&entry.name, &values, path)?;
            Ok(values)
        },
        filled: 0,
        error: None,
    };
    let model = model.map(&mut fill);
    if let Some(error) = fill.error {
        return Err(error);
    }
    assert_eq!(fill.filled, table.len(), "the model's own table");
    Ok(model)
}

struct Fill<'t, V> {
    path: Vec<String>,
    table: Table<'t>,
    values: V,
    filled: usize,
    error: Option<Error>,
}

impl<V: FnMut(&TensorEntry) -> Result<Vec<f32>>> ModuleMapper for Fill<'_, V> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let entry = self.table.get(self.path.join(".").as_str());
        let Some(entry) = entry.filter(|_| self.error.is_none()) else {
            return param;
        };
        let (id, before, mapper) = param.consume();
        let tensor = match (self.values)(entry) {
            Ok(values) => {
                let mut shape = entry.shape.clone();
                if entry.transposed {
                    shape.reverse();
                }
                let tensor = Tensor::from_data(TensorData::new(values, shape), &before.device());
                self.filled += 1;
                tensor.set_require_grad(before.is_require_grad())
            }
            Err(error) => {
                self.error = Some(error);
                before
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// Refuses numbers with which every prediction would be none.
fn check(name: &str, values: &[f32], path: &Path) -> Result<()> {
    // Without an exit within a block, so that many are compared at a time.
    let finite = |block: &[f32]| block.iter().fold(true, |all, x| all & x.is_finite());
    let wrong = match values.chunks(1024).all(finite) {
        false => values
            .iter()
            .find(|x| !x.is_finite())
            .map(|x| ("finite numbers", x)),
        true if name.ends_with("running_var") => values
            .iter()
            .find(|x| **x < 0.0)
            .map(|x| ("variances of 0 or more", x)),
        true => None,
    };
    wrong.map_or(Ok(()), |(expected, found)| {
        let remedy =
            "take another file: the training went wrong, or the file has been changed since";
        Err(Error::file(
            path,
            format!("tensor `{name}`"),
            expected,
            found,
            remedy,
        ))
    })
}
