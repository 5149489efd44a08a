//! Safetensors files with fastai's names.

use std::collections::BTreeMap;

use safetensors::SafeTensors;

use super::super::dtype::Dtype;
use super::super::fault::Fault;
use super::super::tensor::StoredTensor;
use crate::file::METADATA_KEY;

/// Whether the file begins with the length of a header and the header's brace.
pub(super) fn is_safetensors(file: &[u8]) -> bool {
    file.get(8) == Some(&b'{') && file.get(6..8) == Some(&[0, 0])
}

pub(super) fn tensors(file: &[u8]) -> Result<BTreeMap<String, StoredTensor>, Fault> {
    let (header, metadata) = SafeTensors::read_metadata(file).map_err(|error| {
        let part = crate::file::blame(file).unwrap_or_else(|| "header".to_owned());
        Fault::damaged(part, "a safetensors file", error.to_string())
    })?;
    let ours = metadata.metadata().as_ref();
    if ours.is_some_and(|metadata| metadata.contains_key(METADATA_KEY)) {
        return Err(Fault::new(
            "metadata",
            "weights with fastai's names",
            "a model file of this library",
            "there is nothing to import: load it as it is",
        ));
    }
    let start = 8 + header;
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        let Some(dtype) = Dtype::of_safetensors(info.dtype) else {
            let found = format!("{:?}", info.dtype);
            let part = format!("tensor `{name}`");
            return Err(Fault::damaged(part, "numbers of 8 to 64 bits", found));
        };
        let (from, to) = info.data_offsets;
        let tensor = StoredTensor::contiguous(dtype, start + from..start + to, info.shape.clone());
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}
