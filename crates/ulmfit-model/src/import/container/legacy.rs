//! PyTorch's files before 1.6: a magic number, a version, facts of the machine and the object, each as a pickle of its
//! own; then a list of storages, and their numbers one behind the other.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::super::dtype::Dtype;
use super::super::fault::Fault;
use super::super::pickle::{Node, Pickle};
use super::super::state_dict;
use super::super::tensor::StoredTensor;

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

pub(super) fn tensors(file: &[u8]) -> Result<BTreeMap<String, StoredTensor>, Fault> {
    let magic = Pickle::read(file, 0)?;
    if !matches!(magic.node(magic.root()), Node::Long(digits) if digits == MAGIC) {
        return Err(Fault::new(
            "first pickle",
            "the magic number of PyTorch",
            magic.describe(magic.root()),
            "pass the file of the weights; a vocabulary is given apart",
        ));
    }
    let version = Pickle::read(file, magic.end())?;
    if version.int(version.root()) != Some(VERSION) {
        let found = version.describe(version.root());
        return Err(Fault::damaged(
            "second pickle",
            format!("version {VERSION}"),
            found,
        ));
    }
    let machine = Pickle::read(file, version.end())?;
    check_machine(&machine)?;
    let object = Pickle::read(file, machine.end())?;
    let keys = Pickle::read(file, object.end())?;
    let storages = storages(file, &object, &keys)?;
    state_dict::tensors(&object, |storage| {
        storages.get(storage.key).cloned().ok_or_else(|| {
            let found = format!("no storage `{}`", storage.key);
            Fault::damaged("list of storages", "every storage of a tensor", found)
        })
    })
}

fn check_machine(machine: &Pickle<'_>) -> Result<(), Fault> {
    let facts = machine.mapping(machine.root()).into_iter().flatten();
    for (key, value) in facts {
        if machine.str(key) == Some("little_endian") {
            if let Node::Bool(true) = machine.node(value) {
                return Ok(());
            }
            let found = machine.describe(value);
            let remedy = "save the weights on a little-endian machine";
            return Err(Fault::new("field `little_endian`", "true", found, remedy));
        }
    }
    Err(Fault::damaged(
        "third pickle",
        "a field `little_endian`",
        "none",
    ))
}

/// The place of every storage: the list says in which order they lie, the object of which type each is.
fn storages<'a>(
    file: &[u8],
    object: &Pickle<'a>,
    keys: &Pickle<'a>,
) -> Result<HashMap<&'a str, Range<usize>>, Fault> {
    // Also those of an optimizer: their numbers lie between the others.
    let mut types: HashMap<&str, Dtype> = HashMap::new();
    for storage in object.persistent() {
        let Some(storage) = state_dict::storage_name(object, storage) else {
            let found = object.describe(storage);
            return Err(Fault::damaged("pickle", "storages of numbers", found));
        };
        types.insert(storage.key, storage.dtype);
    }
    let mut places = HashMap::new();
    let mut at = keys.end();
    for &key in keys.sequence(keys.root()).unwrap_or_default() {
        let key = keys.str(key).unwrap_or_default();
        let part = || format!("storage `{key}`");
        let Some(dtype) = types.get(key) else {
            return Err(Fault::damaged(part(), "a storage of the object", "none"));
        };
        let rest = file.len() - at;
        let numbers = file[at..]
            .first_chunk::<8>()
            .map(|n| u64::from_le_bytes(*n));
        let bytes = numbers
            .and_then(|numbers| usize::try_from(numbers).ok()?.checked_mul(dtype.size()))
            .filter(|bytes| *bytes <= rest - 8);
        let Some(bytes) = bytes else {
            let found = match numbers {
                Some(numbers) => format!("a count of {numbers} numbers"),
                None => "the end of the file".to_owned(),
            };
            return Err(Fault::damaged(
                part(),
                format!("a count and numbers in the last {rest} bytes"),
                found,
            ));
        };
        places.insert(key, at + 8..at + 8 + bytes);
        at += 8 + bytes;
    }
    Ok(places)
}
