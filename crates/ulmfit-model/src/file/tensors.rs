//! Named tensors in a safetensors file, written and read with every size checked.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::METADATA_KEY;
use super::document::Document;
use super::header::blame;
use super::storage::{self, Storage};
use crate::error::{Error, Result};
use crate::random::from_values;

const NOT_OURS: &str = "pass a file that this library has saved";
pub(super) const DAMAGED: &str = "the file is damaged or incomplete: copy or save it again";
/// Behind the name of a matrix of whole numbers: the tensor with the factors of its rows.
const FACTORS: &str = ".scale";

/// Sizes and elements of tensors, by name.
pub(crate) type Values = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Collects tensors for a file.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) tensors: Values,
}

impl Writer {
    pub(super) fn add<const D: usize>(&mut self, name: impl Into<String>, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().iter::<f32>().collect();
        self.tensors.insert(name.into(), (shape, values));
    }

    /// The bytes of a model file.
    pub(super) fn into_bytes(self, document: &Document, path: &Path) -> Result<Vec<u8>> {
        let json = serde_json::to_string(document).map_err(|e| cannot(path, "metadata", &e))?;
        let mut tensors = Vec::with_capacity(self.tensors.len());
        for (name, (shape, values)) in self.tensors {
            let dtype = document.storage.dtype(shape.len());
            let outside = || {
                let reason = format!("a value that {dtype:?} does not have");
                cannot(path, &format!("tensor `{name}`"), &reason)
            };
            let bytes = match dtype {
                Dtype::F16 => storage::f16_bytes(&values).ok_or_else(outside)?,
                Dtype::I8 => {
                    let rows = storage::int8_rows(&values, shape[1]);
                    let (bytes, factors) = rows.ok_or_else(outside)?;
                    let factors = storage::f32_bytes(&factors);
                    tensors.push((
                        format!("{name}{FACTORS}"),
                        Dtype::F32,
                        vec![shape[0]],
                        factors,
                    ));
                    bytes
                }
                _ => storage::f32_bytes(&values),
            };
            tensors.push((name, dtype, shape, bytes));
        }
        serialize(&tensors, METADATA_KEY, json, path)
    }
}

/// A safetensors file with one key of metadata.
pub(super) fn serialize(
    tensors: &[(String, Dtype, Vec<usize>, Vec<u8>)],
    key: &str,
    value: String,
    path: &Path,
) -> Result<Vec<u8>> {
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in tensors {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        views.push((name, view.map_err(|e| cannot(path, name, &e))?));
    }
    let metadata = HashMap::from([(key.to_owned(), value)]);
    safetensors::serialize(views, Some(metadata)).map_err(|e| cannot(path, "tensors", &e))
}

fn cannot(path: &Path, part: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::ModelFile {
        path: path.to_owned(),
        part: part.to_owned(),
        expected: "a model that can be written".to_owned(),
        found: reason.to_string(),
        remedy: "save it as f32; a model with such weights predicts nothing if they are not finite",
    }
}

/// Tensors that have not been taken yet: those of a file, or of a conversion.
pub(crate) struct Reader {
    path: PathBuf,
    storage: Storage,
    file: Vec<u8>,
    stored: BTreeMap<String, (Dtype, Vec<usize>, Range<usize>)>,
    values: Values,
}

impl Reader {
    /// Tensors that are in memory already; `path` is for messages.
    pub(crate) fn of_values(values: Values, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            storage: Storage::F32,
            file: Vec::new(),
            stored: BTreeMap::new(),
            values,
        }
    }

    /// Checks the file's layout and its metadata.
    pub(super) fn open(file: Vec<u8>, path: &Path) -> Result<(Document, Self)> {
        let problem = |part: &str, expected: &str, found: String, remedy| Error::ModelFile {
            path: path.to_owned(),
            part: part.to_owned(),
            expected: expected.to_owned(),
            found,
            remedy,
        };
        let (header, metadata) = SafeTensors::read_metadata(&file).map_err(|error| {
            let part = blame(&file).map_or("header".to_owned(), |part| format!("header, {part}"));
            problem(&part, "a safetensors file", error.to_string(), DAMAGED)
        })?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get(METADATA_KEY))
            .ok_or_else(|| {
                let expected = format!("a key `{METADATA_KEY}`");
                problem("metadata", &expected, "none".to_owned(), NOT_OURS)
            })?;
        let document = Document::parse(json, path)?;
        let start = 8 + header;
        let stored = metadata.tensors().into_iter().map(|(name, info)| {
            let (from, to) = info.data_offsets;
            (
                name,
                (info.dtype, info.shape.clone(), start + from..start + to),
            )
        });
        let reader = Self {
            path: path.to_owned(),
            storage: document.storage,
            stored: stored.collect(),
            values: Values::new(),
            file,
        };
        Ok((document, reader))
    }

    /// The number of tensors.
    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.stored.contains_key(name) || self.values.contains_key(name)
    }

    /// The number of bytes.
    pub(super) fn bytes(&self) -> usize {
        self.file.len()
    }

    /// How many numbers training changes: neither factors nor running statistics.
    pub(super) fn parameters(&self) -> usize {
        let kept = |name: &str| !name.ends_with(FACTORS) && !name.contains(".running_");
        let all = self.stored.iter().filter(|(name, _)| kept(name));
        all.map(|(_, (_, shape, _))| shape.iter().product::<usize>())
            .sum()
    }

    /// Takes a tensor of exactly this shape.
    pub(crate) fn take<const D: usize>(
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

    /// Checks that there is a tensor of this shape, without taking it.
    pub(super) fn expect(&self, name: &str, shape: &[usize]) -> Result<()> {
        let found = match (self.stored.get(name), self.values.get(name)) {
            (Some((_, found, _)), _) | (None, Some((found, _))) if found == shape => return Ok(()),
            (Some((dtype, found, _)), _) => format!("{dtype:?} {found:?}"),
            (None, Some((found, _))) => format!("{found:?}"),
            (None, None) => "no such tensor".to_owned(),
        };
        Err(self.wrong(name, self.storage.dtype(shape.len()), shape, found))
    }

    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.expect(name, shape)?;
        if let Some((_, values)) = self.values.remove(name) {
            return Ok(values);
        }
        let expected = self.storage.dtype(shape.len());
        let Some((dtype, _, place)) = self.stored.remove(name) else {
            return Err(self.wrong(name, expected, shape, "no such tensor".to_owned()));
        };
        if dtype != expected {
            return Err(self.wrong(name, expected, shape, format!("{dtype:?} {shape:?}")));
        }
        if dtype == Dtype::I8 {
            let factors = format!("{name}{FACTORS}");
            let factors = self.values(&factors, &shape[..1])?;
            return Ok(storage::int8_values(&self.file[place], &factors, shape[1]));
        }
        let bytes = &self.file[place];
        Ok(match dtype {
            Dtype::F16 => storage::f16_values(bytes),
            _ => storage::f32_values(bytes),
        })
    }

    fn wrong(&self, name: &str, dtype: Dtype, shape: &[usize], found: String) -> Error {
        Error::ModelFile {
            path: self.path.clone(),
            part: format!("tensor `{name}`"),
            expected: format!("{dtype:?} {shape:?}"),
            found,
            remedy: DAMAGED,
        }
    }

    /// Refuses a file with tensors that nobody has taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.stored.keys().chain(self.values.keys()).next() {
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
