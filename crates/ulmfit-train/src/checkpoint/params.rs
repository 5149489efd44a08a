//! The tensors of a module by their paths, such as `encoder.layers.0.forward.weight_ih`: what identifies a parameter
//! from one process to the next, where ids are drawn anew.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};

use super::file::{Reader, Writer};
use crate::copy::deep_copy;
use crate::error::{Error, Result};

/// The path, number of elements and device of every parameter.
pub(super) type Paths = HashMap<ParamId, (String, usize, Device)>;

pub(super) fn paths<M: Module>(model: &M) -> Paths {
    let mut walk = Walk::default();
    let mut paths = Paths::new();
    walk.each = Some(&mut paths);
    model.visit(&mut walk);
    paths
}

/// Adds all parameters and running statistics under `prefix`.
pub(super) fn write_module<M: Module>(writer: &mut Writer, prefix: &str, model: &M) {
    let mut walk = Walk {
        path: vec![prefix.to_owned()],
        writer: Some(writer),
        each: None,
    };
    // Outside of autodiff, and with running statistics that are up to date.
    model.valid().visit(&mut walk);
}

/// A copy of `model` with the values of a file.
pub(super) fn read_module<M: Module>(reader: &mut Reader, prefix: &str, model: &M) -> Result<M> {
    let mut fill = Fill {
        path: vec![prefix.to_owned()],
        reader,
        error: None,
    };
    // Running statistics are shared with clones; the model that was given stays as it is.
    let model = deep_copy(model).map(&mut fill);
    match fill.error {
        Some(error) => Err(error),
        None => Ok(model),
    }
}

#[derive(Default)]
struct Walk<'a> {
    path: Vec<String>,
    writer: Option<&'a mut Writer>,
    each: Option<&'a mut Paths>,
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
        if let Some(paths) = &mut self.each {
            let size = tensor.dims().iter().product();
            let device = tensor.device().inner();
            paths.insert(param.id, (path.clone(), size, device));
        }
        if let Some(writer) = &mut self.writer {
            writer.add(path, tensor);
        }
    }
}

struct Fill<'a> {
    path: Vec<String>,
    reader: &'a mut Reader,
    error: Option<Error>,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, before, mapper) = param.consume();
        let (shape, device) = (before.dims(), before.device());
        let read = self.reader.take(&self.path.join("."), shape, &device);
        let tensor = match read {
            Ok(tensor) => tensor.set_require_grad(before.is_require_grad()),
            Err(error) => {
                self.error.get_or_insert(error);
                before
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}
