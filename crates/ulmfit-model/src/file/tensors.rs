//! Named tensors in a safetensors file, written and read with every size checked.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::METADATA_KEY;
use super::document::{Document, FORMAT};
use crate::error::{Error, Result};
use crate::random::from_values;

const NOT_OURS: &str = "pass a file that this library has saved";
const DAMAGED: &str = "the file is damaged or incomplete: copy or save it again";

/// Collects tensors for a file.
#[derive(Default)]
pub(super) struct Writer {
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl Writer {
    pub(super) fn add<const D: usize>(&mut self, name: impl Into<String>, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        let bytes = tensor
            .into_data()
            .iter::<f32>()
            .flat_map(f32::to_le_bytes)
            .collect();
        self.tensors.insert(name.into(), (shape, bytes));
    }

    pub(super) fn into_bytes(self, document: &Document, path: &Path) -> Result<Vec<u8>> {
        let problem = |part: &str, reason: &dyn std::fmt::Display| Error::ModelFile {
            path: path.to_owned(),
            part: part.to_owned(),
            expected: "a model that can be written".to_owned(),
            found: reason.to_string(),
            remedy: "please report this",
        };
        let json = serde_json::to_string(document).map_err(|e| problem("metadata", &e))?;
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
        let mut views = Vec::with_capacity(self.tensors.len());
        for (name, (shape, bytes)) in &self.tensors {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            views.push((name, view.map_err(|e| problem(name, &e))?));
        }
        safetensors::serialize(views, Some(metadata)).map_err(|e| problem("tensors", &e))
    }
}

/// The tensors of a file that have not been taken yet.
pub(super) struct Reader {
    path: PathBuf,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Reader {
    /// Checks the file's layout and its metadata.
    pub(super) fn open(bytes: Vec<u8>, path: &Path) -> Result<(Document, Self)> {
        let problem = |part: &str, expected: &str, found: String, remedy| Error::ModelFile {
            path: path.to_owned(),
            part: part.to_owned(),
            expected: expected.to_owned(),
            found,
            remedy,
        };
        let expected = "a safetensors file";
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| problem("header", expected, e.to_string(), DAMAGED))?;
        let json = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get(METADATA_KEY))
            .ok_or_else(|| {
                let expected = format!("a key `{METADATA_KEY}`");
                problem("metadata", &expected, "none".to_owned(), NOT_OURS)
            })?;
        let document = parse(json, path)?;
        let parsed = SafeTensors::deserialize(&bytes)
            .map_err(|e| problem("tensors", expected, e.to_string(), DAMAGED))?;
        let tensors = parsed
            .tensors()
            .into_iter()
            .map(|(name, v)| (name, (v.dtype(), v.shape().to_vec(), v.data().to_vec())))
            .collect();
        Ok((
            document,
            Self {
                path: path.to_owned(),
                tensors,
            },
        ))
    }

    /// Takes a tensor of exactly this shape.
    pub(super) fn take<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Tensor<D>> {
        Ok(from_values(self.values(name, &shape)?, shape, device))
    }

    /// Takes a matrix of exactly this shape and returns its transpose, contiguous.
    pub(super) fn take_transposed(
        &mut self,
        name: &str,
        [rows, cols]: [usize; 2],
        device: &Device,
    ) -> Result<Tensor<2>> {
        let values = self.values(name, &[rows, cols])?;
        let turned = (0..cols).flat_map(|c| (0..rows).map(move |r| (r, c)));
        let turned = turned.map(|(r, c)| values[r * cols + c]).collect();
        Ok(from_values(turned, [cols, rows], device))
    }

    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let problem = |found: String| Error::ModelFile {
            path: self.path.clone(),
            part: format!("tensor `{name}`"),
            expected: format!("f32 {shape:?}"),
            found,
            remedy: DAMAGED,
        };
        let Some((dtype, found, bytes)) = self.tensors.remove(name) else {
            return Err(problem("no such tensor".to_owned()));
        };
        if dtype != Dtype::F32 || found != shape {
            return Err(problem(format!("{dtype:?} {found:?}")));
        }
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }

    /// Refuses a file with tensors that nobody has taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.tensors.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::ModelFile {
                part: format!("tensor `{name}`"),
                expected: "only the tensors of the model that the metadata describes".to_owned(),
                found: "a further tensor".to_owned(),
                remedy: NOT_OURS,
                path: self.path,
            }),
        }
    }
}

/// Reads the JSON document: first its version, so that a newer file is named as such.
fn parse(json: &str, path: &Path) -> Result<Document> {
    let problem = |part: &str, expected: String, found: String, remedy| Error::ModelFile {
        path: path.to_owned(),
        part: part.to_owned(),
        expected,
        found,
        remedy,
    };
    let bad_json = |e: serde_json::Error| {
        problem(
            "metadata",
            "a valid document".to_owned(),
            e.to_string(),
            DAMAGED,
        )
    };
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let Version { format } = serde_json::from_str(json).map_err(bad_json)?;
    if format == 0 || format > FORMAT {
        return Err(problem(
            "metadata field `format`",
            format!("1 to {FORMAT}"),
            format.to_string(),
            "read it with a newer version of this library",
        ));
    }
    serde_json::from_str(json).map_err(bad_json)
}
