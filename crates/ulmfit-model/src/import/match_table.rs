//! What a weight file holds against the table of tensors: sizes read off its shapes, then every name and shape checked.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::weights::FastaiWeights;
use crate::encoder::awd_lstm_config::{AwdLstmConfig, Directions};
use crate::error::Result;
use crate::file::layout::{self, EMBEDDING, HEAD, HeadBlockLayout, TensorEntry};
use crate::file::{params, transpose};

const OTHER_MODEL: &str = "pass weights of an AWD-LSTM that fastai has saved";

impl FastaiWeights {
    /// The encoder's sizes.
    pub(super) fn sizes(&self) -> Result<AwdLstmConfig, Fault> {
        // Their shapes would be refused, too, but less clearly.
        if let Some(name) = self.names().find(|name| is_qrnn(name)) {
            return Err(other(name));
        }
        let prefix = self.layout.prefix;
        let [rows, width] = self.matrix(&format!("{prefix}{EMBEDDING}"))?;
        let is_there = |l: &usize| self.has_prefix(&format!("{prefix}rnns.{l}."));
        let count = (0..).take_while(is_there).count();
        let one_layer = |directions| {
            let sizes = AwdLstmConfig::new(rows).with_sizes(width, width, 1);
            layout::encoder(&sizes.with_directions(directions), prefix)
        };
        // The recurrent weights of the lowest layer: behind those of the forward direction stand those of the backward one.
        let recurrent = one_layer(Directions::Both)
            .into_iter()
            .filter(|entry| entry.name.ends_with("weight_hh"));
        let names: Vec<String> = recurrent.map(|entry| self.name_of(&entry)).collect();
        let (ways, directions) = match names.get(1).and_then(|name| self.shape(name)) {
            Some(_) => (2, Directions::Both),
            None => (1, Directions::Forward),
        };
        let [_, hidden] = self.matrix(&names[0])?;
        Ok(AwdLstmConfig::new(rows)
            .with_sizes(width, hidden.saturating_mul(ways), count)
            .with_directions(directions))
    }

    /// The blocks of a classifier's head that reads vectors of `width`.
    ///
    /// Dropouts have no tensors, and fastai leaves out those of probability zero: what is a normalization is known by
    /// its running mean, not by its number.
    pub(super) fn head_blocks(&self, width: usize) -> Result<Vec<HeadBlockLayout>, Fault> {
        let modules = self.head_modules();
        let (blocks, rest) = modules.as_chunks::<2>();
        let regular = |[(_, norm), (_, linear)]: &[(&str, bool); 2]| *norm && !*linear;
        if blocks.is_empty() || !rest.is_empty() || !blocks.iter().all(regular) {
            let found: Vec<&str> = modules.iter().map(|(path, _)| *path).collect();
            return Err(Fault::new(
                "names of the head",
                "normalizations and linear maps in turn",
                found.join(", "),
                "pass a classifier that fastai's `text_classifier_learner` has made",
            ));
        }
        let mut input = width;
        let block = |[(norm, _), (linear, _)]: &[(&str, bool); 2]| {
            let [output, _] = self.matrix(&format!("{linear}.weight"))?;
            Ok(HeadBlockLayout {
                input: std::mem::replace(&mut input, output),
                output,
                has_bias: self.shape(&format!("{linear}.bias")).is_some(),
                norm: (*norm).to_owned(),
                linear: (*linear).to_owned(),
            })
        };
        blocks.iter().map(block).collect()
    }

    /// The modules of the head in their order, and whether each is a normalization.
    fn head_modules(&self) -> Vec<(&str, bool)> {
        let is_norm = |path: &str| self.shape(&format!("{path}.running_mean")).is_some();
        let of_weight = |name: &'_ str| name.len() - ".weight".len();
        let names = self.names().filter(|name| name.starts_with(HEAD));
        let weights = names.filter(|name| name.ends_with(".weight"));
        let paths = weights.map(|name| &name[..of_weight(name)]);
        let mut modules: Vec<(&str, bool)> = paths.map(|path| (path, is_norm(path))).collect();
        // By number, not by letter: 10 is behind 2. v0.7's `bn` is before its `lin`.
        modules.sort_by_key(|(path, is_norm)| {
            let steps = path[HEAD.len()..].split('.');
            let numbers = steps.map(|step| step.parse().unwrap_or(usize::from(!is_norm)));
            numbers.collect::<Vec<usize>>()
        });
        modules
    }

    /// Checks that every tensor of the table is there in its shape, and that the file has no others but the `known`.
    pub(super) fn check(&self, table: &[TensorEntry], known: &[String]) -> Result<(), Fault> {
        let mut used: BTreeSet<&String> = known.iter().collect();
        for entry in table {
            let name = self.name_of(entry);
            if self.shape(&name) != Some(&entry.shape) {
                return Err(self.misfit(&name, format!("{:?}", entry.shape)));
            }
            used.extend(entry.fastai_names());
        }
        match self.names().find(|&name| !used.contains(&name.to_owned())) {
            None => Ok(()),
            Some(name) => Err(other(name)),
        }
    }

    /// The same model with the tensors of a table that has been checked.
    pub(super) fn fill<M: burn::module::Module>(
        &self,
        model: M,
        table: &[TensorEntry],
    ) -> Result<M> {
        params::filled(model, table, self.path(), |entry| {
            let values = self.values(&self.name_of(entry)).unwrap_or_default();
            Ok(match entry.shape[..] {
                [rows, cols] if entry.transposed => {
                    let mut turned = vec![0.0; values.len()];
                    transpose(&mut turned, rows, 0, &values, cols);
                    turned
                }
                _ => values,
            })
        })
    }

    /// The name under which the file has a tensor; if it has none, the one that it should have.
    fn name_of(&self, entry: &TensorEntry) -> String {
        let there = entry.fastai_names().find(|name| self.shape(name).is_some());
        let name = there.or_else(|| entry.fastai_names().next());
        name.cloned().unwrap_or_default()
    }

    /// The sizes of a matrix.
    fn matrix(&self, name: &str) -> Result<[usize; 2], Fault> {
        match self.shape(name) {
            Some(&[rows, cols]) => Ok([rows, cols]),
            _ => Err(self.misfit(name, "a matrix")),
        }
    }

    /// The fault of a tensor that is not what is expected.
    fn misfit(&self, name: &str, expected: impl Into<String>) -> Fault {
        let found = self.shape(name).map(|shape| format!("{shape:?}"));
        let found = found.unwrap_or_else(|| "no such tensor".to_owned());
        Fault::new(format!("tensor `{name}`"), expected, found, OTHER_MODEL)
    }
}

/// A tensor that no encoder here has.
fn other(name: &str) -> Fault {
    let found = match is_qrnn(name) {
        true => "a layer of a QRNN",
        false => "a tensor of another model",
    };
    let part = format!("tensor `{name}`");
    let expected = "only the tensors of an AWD-LSTM";
    Fault::new(part, expected, found, OTHER_MODEL)
}

fn is_qrnn(name: &str) -> bool {
    name.contains("rnns.") && name.contains(".linear.")
}
