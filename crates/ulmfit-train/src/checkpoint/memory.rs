//! What a stage holds beside its model: the optimizer's moments and the stream's hidden state, in the file and back.

use std::collections::HashMap;

use ulmfit_model::{HiddenState, LayerState, RecurrentState};

use super::document::{Exact, Remembered};
use super::file::{Reader, Writer};
use super::params::Paths;
use crate::error::Result;
use crate::optimizer::{Memory, Optimizer};

pub(super) fn write_optimizer(
    writer: &mut Writer,
    optimizer: &Optimizer,
    paths: &Paths,
) -> Remembered {
    let memory = optimizer.memory();
    for (kind, tensors) in memory.tensors {
        for (id, tensor) in tensors {
            if let Some((path, ..)) = paths.get(&id) {
                writer.add(format!("optimizer.{kind}.{path}"), tensor);
            }
        }
    }
    let steps = memory.steps.iter();
    let steps = steps.filter_map(|(id, &n)| paths.get(id).map(|(path, ..)| (path.clone(), n)));
    Remembered {
        steps: steps.collect(),
        losses: memory.losses.into_iter().map(Exact).collect(),
        averages: memory.averages,
    }
}

/// Brings the optimizer, which must be at rest, to where it was.
pub(super) fn read_optimizer(
    reader: &mut Reader,
    remembered: &Remembered,
    optimizer: &mut Optimizer,
    paths: &Paths,
) -> Result<()> {
    let mut memory = Memory {
        losses: remembered.losses.iter().map(|loss| loss.0).collect(),
        averages: remembered.averages,
        ..Memory::default()
    };
    for kind in optimizer.kinds() {
        let mut tensors = HashMap::new();
        for (id, (path, size, device)) in paths {
            let name = format!("optimizer.{kind}.{path}");
            if reader.has(&name) {
                tensors.insert(*id, reader.take(&name, [*size], device)?);
            }
        }
        memory.tensors.insert(kind, tensors);
    }
    let steps = paths.iter();
    let steps = steps.filter_map(|(id, (path, ..))| Some((*id, *remembered.steps.get(path)?)));
    memory.steps = steps.collect();
    optimizer.recall(memory).map_err(|kind| {
        let expected = format!("a tensor `{kind}` for every parameter that was stepped");
        reader.wrong("optimizer", expected, "none for one of them".to_owned())
    })
}

pub(super) fn write_hidden(writer: &mut Writer, state: &HiddenState) {
    for (l, layer) in state.layers().iter().enumerate() {
        let directions = [("forward", Some(&layer.forward))];
        let backward = [("backward", layer.backward.as_ref())];
        for (direction, state) in directions.into_iter().chain(backward) {
            let name = |part: &str| format!("hidden.{l}.{direction}.{part}");
            match state {
                None => {}
                Some(RecurrentState::Lstm { hidden, cell }) => {
                    writer.add(name("hidden"), hidden.clone());
                    writer.add(name("cell"), cell.clone());
                }
                Some(RecurrentState::Qrnn { cell, previous }) => {
                    writer.add(name("cell"), cell.clone());
                    if let Some(previous) = previous {
                        writer.add(name("previous"), previous.clone());
                    }
                }
            }
        }
    }
}

/// The state in a file, of the same kinds and shapes as `template`.
pub(super) fn read_hidden(reader: &mut Reader, template: &HiddenState) -> Result<HiddenState> {
    let mut read = |l: usize, direction: &str, state: &RecurrentState| -> Result<RecurrentState> {
        let mut take = |part: &str, like: &burn::tensor::Tensor<2>| {
            let name = format!("hidden.{l}.{direction}.{part}");
            reader.take(&name, like.dims(), &like.device())
        };
        Ok(match state {
            RecurrentState::Lstm { hidden, cell } => RecurrentState::Lstm {
                hidden: take("hidden", hidden)?,
                cell: take("cell", cell)?,
            },
            RecurrentState::Qrnn { cell, previous } => RecurrentState::Qrnn {
                cell: take("cell", cell)?,
                previous: match previous {
                    Some(previous) => Some(take("previous", previous)?),
                    None => None,
                },
            },
        })
    };
    let mut layers = Vec::new();
    for (l, layer) in template.layers().iter().enumerate() {
        let forward = read(l, "forward", &layer.forward)?;
        let backward = match &layer.backward {
            Some(state) => Some(read(l, "backward", state)?),
            None => None,
        };
        layers.push(LayerState { forward, backward });
    }
    Ok(HiddenState::new(layers))
}
