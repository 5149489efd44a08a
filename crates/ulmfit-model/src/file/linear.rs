//! The file of a linear classifier: the keys, their inverse document frequencies, weights and biases.

use std::collections::HashMap;
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use ulmfit_text::{VocabConfig, write_beside};

use super::METADATA_KEY;
use super::document::{Body, Document, ModelKind};
use super::reader::Reader;
use super::storage::{self, Storage};
use crate::error::{DAMAGED, Error, Result};
use crate::linear::classifier::LinearClassifier;
use crate::linear::table::{FeatureTable, FeatureValue};

/// The first version of the layout that has linear classifiers.
const FORMAT: u32 = 3;
const KEYS: &str = "features.keys";
const IDF: &str = "features.idf";
const WEIGHTS: &str = "weights";
const BIAS: &str = "bias";

impl LinearClassifier {
    /// Writes the classifier as one file, beside the target first and then renamed.
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save(self, path.as_ref())
    }

    /// Reads a file that [`Self::save`] has written.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`], naming file, part, what was expected and found, and what to do.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        load(path.as_ref())
    }
}

fn save(model: &LinearClassifier, path: &Path) -> Result<()> {
    let table = model.table();
    let document = Document {
        format: FORMAT,
        storage: Storage::F32,
        body: Body::LinearClassifier {
            task: model.task(),
            value: table.value(),
            classes: model.classes().to_vec(),
        },
        tokenizer: model.tokenizer().config().clone(),
        // Words are known by their keys.
        vocabulary: VocabConfig::new().build::<Vec<String>>(&[]),
    };
    let cannot = |error: &dyn std::fmt::Display| fault(path, "file", "a model", error.to_string());
    let json = serde_json::to_string(&document).map_err(|e| cannot(&e))?;
    let (features, outputs) = (table.len(), model.bias().len());
    let keys: Vec<u8> = table.keys().iter().flat_map(|k| k.to_le_bytes()).collect();
    let idf = storage::f32_bytes(table.idf());
    let weights = model.weights().iter();
    let weights: Vec<u8> = weights
        .flat_map(|w| f16::from_f32(*w).to_le_bytes())
        .collect();
    let bias = storage::f32_bytes(model.bias());
    let mut tensors = vec![
        (KEYS, Dtype::U32, vec![features], &keys),
        (WEIGHTS, Dtype::F16, vec![features, outputs], &weights),
        (BIAS, Dtype::F32, vec![outputs], &bias),
    ];
    if table.value() == FeatureValue::TfIdf {
        tensors.push((IDF, Dtype::F32, vec![features], &idf));
    }
    let views = tensors.into_iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(dtype, shape, bytes).map_err(|e| cannot(&e))?;
        Ok((name, view))
    });
    let views: Vec<(&str, TensorView<'_>)> = views.collect::<Result<_>>()?;
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
    let bytes = serialize(views, Some(metadata)).map_err(|e| cannot(&e))?;
    write_beside(path, &bytes).map_err(Error::unwritten(path))
}

fn load(path: &Path) -> Result<LinearClassifier> {
    // Layout and document are checked here; what is left to read is known to lie within the file.
    let (document, _) = Reader::open(path)?;
    let Body::LinearClassifier {
        task,
        value,
        classes,
    } = document.body.clone()
    else {
        return Err(document.of_other_kind(ModelKind::LinearClassifier, path));
    };
    let bytes = std::fs::read(path).map_err(Error::unread(path))?;
    let file = SafeTensors::deserialize(&bytes);
    let file = file.map_err(|e| fault(path, "file", "a safetensors file", e.to_string()))?;
    let tensor = |name: &str, dtype: Dtype, shape: &[usize]| {
        let part = format!("tensor `{name}`");
        let expected = format!("{dtype:?} {shape:?}");
        match file.tensor(name) {
            Ok(found) if found.dtype() == dtype && found.shape() == shape => Ok(found.data()),
            Ok(found) => {
                let found = format!("{:?} {:?}", found.dtype(), found.shape());
                Err(fault(path, &part, &expected, found))
            }
            Err(_) => Err(fault(path, &part, &expected, "no such tensor".to_owned())),
        }
    };
    let features = file.tensor(KEYS).map_or(0, |keys| keys.data().len() / 4);
    let outputs = LinearClassifier::outputs(task, classes.len());
    let (keys, _) = tensor(KEYS, Dtype::U32, &[features])?.as_chunks::<4>();
    let keys = keys.iter().map(|key| u32::from_le_bytes(*key)).collect();
    let singles = |name: &str, n: usize| {
        let mut values = Vec::new();
        storage::add_f32(&mut values, tensor(name, Dtype::F32, &[n])?);
        Ok::<_, Error>(values)
    };
    let idf = match value {
        FeatureValue::TfIdf => singles(IDF, features)?,
        FeatureValue::Present => vec![1.0; features],
    };
    let halves = tensor(WEIGHTS, Dtype::F16, &[features, outputs])?;
    let mut weights = Vec::with_capacity(halves.len() / 2);
    storage::add_f16(&mut weights, halves);
    let bias = singles(BIAS, outputs)?;
    if let Some(idf) = idf.iter().find(|idf| !idf.is_finite()) {
        let part = format!("tensor `{IDF}`");
        return Err(fault(path, &part, "finite numbers", idf.to_string()));
    }
    let table = FeatureTable::new(value, keys, idf).ok_or_else(|| {
        let part = format!("tensor `{KEYS}`");
        fault(path, &part, "keys in ascending order", "others".to_owned())
    })?;
    LinearClassifier::new(&document.tokenizer, task, classes, table, weights, bias)
        .map_err(|error| fault(path, "document", "a linear classifier", error.to_string()))
}

fn fault(path: &Path, part: &str, expected: &str, found: String) -> Error {
    Error::file(path, part, expected, found, DAMAGED)
}
