//! An encoder's tensors by fastai's names: sizes read off the shapes, and every shape checked.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::names::{EMBEDDING, EMBEDDING_COPIES, LAYER_PARTS, backward_name};
use super::weights::FastaiWeights;
use crate::encoder::awd_lstm_config::{AwdLstmConfig, Directions, RecurrenceShape};
use crate::file::Values;

const OTHER_MODEL: &str = "pass weights of an AWD-LSTM that fastai has saved";

/// Tensors under our names, and what has been read under fastai's.
pub(super) struct Renamed<'a> {
    weights: &'a FastaiWeights,
    pub(super) tensors: Values,
    used: BTreeSet<String>,
}

impl<'a> Renamed<'a> {
    pub(super) fn new(weights: &'a FastaiWeights) -> Self {
        Self {
            weights,
            tensors: Values::new(),
            used: BTreeSet::new(),
        }
    }

    /// Takes the tensor `name` of exactly this shape as ours of the name `ours`.
    pub(super) fn take(&mut self, name: &str, ours: String, shape: &[usize]) -> Result<(), Fault> {
        let part = format!("tensor `{name}`");
        let Some(found) = self.weights.shape(name) else {
            return Err(Fault::new(
                part,
                format!("{shape:?}"),
                "no such tensor",
                OTHER_MODEL,
            ));
        };
        if found != shape {
            let found = format!("{found:?}");
            return Err(Fault::new(part, format!("{shape:?}"), found, OTHER_MODEL));
        }
        let values = self.weights.values(name).unwrap_or_default();
        self.tensors.insert(ours, (shape.to_vec(), values));
        self.skip(name);
        Ok(())
    }

    /// Notes that a tensor is known, whether or not there is one.
    pub(super) fn skip(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    /// Refuses tensors that nothing has asked for: a model with more than it is taken for.
    pub(super) fn finish(self) -> Result<Values, Fault> {
        match self.weights.names().find(|&name| !self.used.contains(name)) {
            None => Ok(self.tensors),
            Some(name) => Err(other(name)),
        }
    }

    /// Takes the encoder and returns its sizes.
    pub(super) fn encoder(&mut self) -> Result<AwdLstmConfig, Fault> {
        // Their shapes would be refused, too, but less clearly.
        if let Some(name) = self.weights.names().find(|name| is_qrnn(name)) {
            return Err(other(name));
        }
        let prefix = self.weights.layout.prefix;
        let embedding = format!("{prefix}{EMBEDDING}");
        let [rows, width] = self.matrix(&embedding)?;
        self.take(&embedding, "encoder.embedding".to_owned(), &[rows, width])?;
        for copy in EMBEDDING_COPIES {
            self.skip(&format!("{prefix}{copy}"));
        }
        let is_there = |l: &usize| self.weights.has_prefix(&format!("{prefix}rnns.{l}."));
        let count = (0..).take_while(is_there).count();
        let reverse = format!("{prefix}rnns.0.{}", backward_name("weight_ih"));
        let (ways, directions) = match self.weights.shape(&reverse) {
            Some(_) => (2, Directions::Both),
            None => (1, Directions::Forward),
        };
        let [_, hidden] = self.matrix(&self.recurrent_weight(0))?;
        let sizes = AwdLstmConfig::new(rows)
            .with_sizes(width, hidden.saturating_mul(ways), count)
            .with_directions(directions);
        for (l, shape) in sizes.recurrences().into_iter().enumerate() {
            for (ours, theirs) in LAYER_PARTS {
                self.layer_part(l, ours, theirs, shape)?;
                if directions == Directions::Both {
                    let theirs = [backward_name(ours)];
                    let theirs = theirs.each_ref().map(String::as_str);
                    self.layer_part(l, &format!("backward.{ours}"), &theirs, shape)?;
                }
            }
        }
        Ok(sizes)
    }

    /// Takes a tensor of a layer, which the file has under one of the names `theirs` or under several.
    fn layer_part(
        &mut self,
        l: usize,
        ours: &str,
        theirs: &[&str],
        shape: RecurrenceShape,
    ) -> Result<(), Fault> {
        let prefix = self.weights.layout.prefix;
        let gates = shape.hidden.saturating_mul(4);
        let names = theirs.iter().map(|part| format!("{prefix}rnns.{l}.{part}"));
        let names: Vec<String> = names.collect();
        let there = names.iter().find(|name| self.weights.shape(name).is_some());
        let name = there.unwrap_or(&names[0]);
        let shape = match ours.trim_start_matches("backward.") {
            "weight_ih" => vec![gates, shape.input],
            "weight_hh" => vec![gates, shape.hidden],
            _ => vec![gates],
        };
        self.take(name, format!("encoder.layers.{l}.{ours}"), &shape)?;
        for name in &names {
            self.skip(name);
        }
        Ok(())
    }

    /// The name of a layer's recurrent weight.
    fn recurrent_weight(&self, l: usize) -> String {
        let prefix = self.weights.layout.prefix;
        let (_, names) = LAYER_PARTS[1];
        let mut names = names.iter().map(|part| format!("{prefix}rnns.{l}.{part}"));
        let first = names.next().unwrap_or_default();
        let there = |name: &String| self.weights.shape(name).is_some();
        if there(&first) {
            return first;
        }
        names.find(there).unwrap_or(first)
    }

    /// The sizes of a matrix.
    pub(super) fn matrix(&self, name: &str) -> Result<[usize; 2], Fault> {
        match self.weights.shape(name) {
            Some(&[rows, cols]) => Ok([rows, cols]),
            other => Err(Fault::new(
                format!("tensor `{name}`"),
                "a matrix",
                other.map_or("no such tensor".to_owned(), |shape| format!("{shape:?}")),
                OTHER_MODEL,
            )),
        }
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
