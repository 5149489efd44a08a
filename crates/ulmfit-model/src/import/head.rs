//! A classifier's head by fastai's names.

use super::encoder::Renamed;
use super::fault::Fault;
use super::names::HEAD;
use super::weights::FastaiWeights;

/// A module of the head: its place, and its name in the file.
struct Part<'a> {
    path: &'a str,
    is_norm: bool,
}

impl Renamed<'_> {
    /// Takes the head and returns the widths of its linear maps' outputs, the classes last.
    ///
    /// Dropouts have no tensors, and fastai leaves out those of probability zero: what is a normalization is known by
    /// its running mean, not by its number.
    pub(super) fn head(
        &mut self,
        weights: &FastaiWeights,
        width: usize,
    ) -> Result<Vec<usize>, Fault> {
        let parts = parts(weights);
        let (blocks, rest) = parts.as_chunks::<2>();
        let regular = |[norm, linear]: &[Part<'_>; 2]| norm.is_norm && !linear.is_norm;
        if blocks.is_empty() || !rest.is_empty() || !blocks.iter().all(regular) {
            let found: Vec<&str> = parts.iter().map(|part| part.path).collect();
            return Err(Fault::new(
                "names of the head",
                "normalizations and linear maps in turn",
                found.join(", "),
                "pass a classifier that fastai's `text_classifier_learner` has made",
            ));
        }
        let mut width = width;
        let mut outputs = Vec::new();
        for (k, [norm, linear]) in blocks.iter().enumerate() {
            for part in ["weight", "bias", "running_mean", "running_var"] {
                let ours = format!("head.blocks.{k}.norm.{part}");
                self.take(&format!("{}.{part}", norm.path), ours, &[width])?;
            }
            self.skip(&format!("{}.num_batches_tracked", norm.path));
            let name = format!("{}.weight", linear.path);
            let [out, _] = self.matrix(&name)?;
            self.take(&name, format!("head.blocks.{k}.weight"), &[out, width])?;
            // v1 and v0.7 have a bias behind a normalization; v2 has not.
            let name = format!("{}.bias", linear.path);
            if weights.shape(&name).is_some() {
                self.take(&name, format!("head.blocks.{k}.bias"), &[out])?;
            }
            outputs.push(out);
            width = out;
        }
        Ok(outputs)
    }
}

/// The modules of the head in their order.
fn parts(weights: &FastaiWeights) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for name in weights.names() {
        let Some((path, "weight")) = name.rsplit_once('.') else {
            continue;
        };
        if path.starts_with(HEAD) {
            let is_norm = weights.shape(&format!("{path}.running_mean")).is_some();
            parts.push(Part { path, is_norm });
        }
    }
    // By number, not by letter: 10 is behind 2. v0.7's `bn` is before its `lin`.
    parts.sort_by_key(|part| {
        let steps = part.path[HEAD.len()..].split('.');
        let numbers = steps.map(|step| step.parse().unwrap_or(usize::from(!part.is_norm)));
        numbers.collect::<Vec<usize>>()
    });
    parts
}
