//! The four kinds of weight files: PyTorch's zip archives and older pickles, and safetensors files.

mod legacy;
mod safe;
mod torch_zip;

use std::collections::BTreeMap;

use super::fault::Fault;
use super::tensor::StoredTensor;

/// The tensors of a file of any kind, checked against its length.
pub(super) fn tensors(file: &[u8]) -> Result<BTreeMap<String, StoredTensor>, Fault> {
    let tensors = if file.starts_with(b"PK\x03\x04") {
        torch_zip::tensors(file)?
    } else if safe::is_safetensors(file) {
        safe::tensors(file)?
    } else if file.first() == Some(&0x80) {
        legacy::tensors(file)?
    } else {
        return Err(Fault::new(
            "first bytes",
            "those of a weight file of PyTorch (zip or pickle) or of a safetensors file",
            format!("{:02x?}", &file[..file.len().min(8)]),
            "save the weights with `torch.save` or as safetensors",
        ));
    };
    for (name, tensor) in &tensors {
        tensor.check(name, file.len())?;
    }
    check_total(&tensors, file.len())?;
    Ok(tensors)
}

/// Tied tensors share their numbers, halves double when they are read: up to eight times the file is honest. More is
/// a file made to use up memory.
fn check_total(tensors: &BTreeMap<String, StoredTensor>, length: usize) -> Result<(), Fault> {
    let numbers = tensors
        .values()
        .fold(0usize, |sum, tensor| sum.saturating_add(tensor.len()));
    if numbers <= length.saturating_mul(2) {
        return Ok(());
    }
    Err(Fault::damaged(
        "tensors",
        format!("at most {} numbers in {length} bytes", length * 2),
        numbers.to_string(),
    ))
}
