//! From a pickle's values to named tensors: what PyTorch's functions would make, read off their arguments.

use std::collections::BTreeMap;
use std::ops::Range;

use super::dtype::Dtype;
use super::fault::{Fault, UNKNOWN};
use super::pickle::{Global, Id, Node, Pickle};
use super::tensor::StoredTensor;

/// Longest chain of calls around a tensor: a parameter of a tensor is one.
const DEEPEST: usize = 4;

/// A storage as a pickle names it.
pub(super) struct StorageName<'a> {
    pub(super) dtype: Dtype,
    pub(super) key: &'a str,
    /// How many numbers it has.
    pub(super) numbers: usize,
    /// Old files have storages that are a part of another: the first number of that part.
    start: usize,
}

/// The tensors of a state dictionary. `storage` finds a storage's bytes in the file.
///
/// What stands beside the key `model` (an optimizer's state) is not looked at. Elsewhere every class and function must
/// be one of those that make up tensors.
pub(super) fn tensors(
    pickle: &Pickle<'_>,
    mut storage: impl FnMut(&StorageName<'_>) -> Result<Range<usize>, Fault>,
) -> Result<BTreeMap<String, StoredTensor>, Fault> {
    let dictionary = match wrapped(pickle, pickle.root()) {
        Some(model) => model,
        None => {
            check_globals(pickle)?;
            pickle.root()
        }
    };
    let Some(pairs) = pickle.mapping(dictionary) else {
        return Err(unexpected(
            pickle,
            "pickle",
            "a dictionary of tensors",
            dictionary,
        ));
    };
    let mut tensors = BTreeMap::new();
    for (key, value) in pairs {
        let Some(name) = pickle.str(key) else {
            return Err(unexpected(pickle, "pickle", "a tensor's name", key));
        };
        let tensor = tensor(pickle, name, value, &mut storage)?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

/// The value of the key `model`, if there is one.
fn wrapped(pickle: &Pickle<'_>, root: Id) -> Option<Id> {
    let mut pairs = pickle.mapping(root)?;
    let model = pairs.find(|&(key, _)| pickle.str(key) == Some("model"));
    // A tensor of this name belongs to a model without layers; no generation has one.
    model.map(|(_, value)| value)
}

fn check_globals(pickle: &Pickle<'_>) -> Result<(), Fault> {
    match pickle.globals().iter().find(|global| !is_known(**global)) {
        None => Ok(()),
        Some(global) => Err(Fault::new(
            "pickle",
            "only tensors, numbers, text and containers",
            format!("the global `{global}`"),
            UNKNOWN,
        )),
    }
}

fn is_known(global: Global<'_>) -> bool {
    match (global.module, global.name) {
        ("collections", "OrderedDict") | ("torch", "Size" | "device") => true,
        ("torch._utils", name) => matches!(
            name,
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_parameter"
        ),
        ("torch", name) => Dtype::of_storage(name).is_some(),
        _ => false,
    }
}

fn tensor(
    pickle: &Pickle<'_>,
    name: &str,
    value: Id,
    storage: &mut impl FnMut(&StorageName<'_>) -> Result<Range<usize>, Fault>,
) -> Result<StoredTensor, Fault> {
    let part = format!("tensor `{name}`");
    let mut inner = value;
    for _ in 0..DEEPEST {
        let Some((global, object)) = pickle.call(inner) else {
            break;
        };
        let args = pickle.tuple(object.args).unwrap_or_default();
        match (global.module, global.name, args) {
            ("torch._utils", "_rebuild_parameter", [tensor, ..]) => inner = *tensor,
            (
                "torch._utils",
                "_rebuild_tensor" | "_rebuild_tensor_v2",
                [from, offset, size, stride, ..],
            ) => {
                let from = storage_name(pickle, *from)
                    .ok_or_else(|| unexpected(pickle, &part, "a storage of numbers", *from))?;
                let numbers = |id| {
                    sizes(pickle, id)
                        .ok_or_else(|| unexpected(pickle, &part, "a tuple of sizes", id))
                };
                let (shape, strides) = (numbers(*size)?, numbers(*stride)?);
                if shape.len() != strides.len() {
                    let found = format!("{shape:?} and {strides:?}");
                    return Err(Fault::damaged(part, "a stride for each size", found));
                }
                let offset = pickle
                    .int(*offset)
                    .and_then(|offset| usize::try_from(offset).ok()?.checked_add(from.start))
                    .ok_or_else(|| unexpected(pickle, &part, "an offset", *offset))?;
                return Ok(StoredTensor {
                    dtype: from.dtype,
                    storage: storage(&from)?,
                    offset,
                    shape,
                    strides,
                });
            }
            _ => break,
        }
    }
    Err(unexpected(pickle, &part, "a tensor", inner))
}

/// Reads `('storage', class, key, device, numbers[, (key, start, numbers)])`.
pub(super) fn storage_name<'a>(pickle: &Pickle<'a>, id: Id) -> Option<StorageName<'a>> {
    let Node::Persistent(id) = pickle.node(id) else {
        return None;
    };
    let [tag, class, key, _device, numbers, view @ ..] = pickle.tuple(id)? else {
        return None;
    };
    let class = pickle.global(*class).filter(|c| c.module == "torch")?;
    if pickle.str(*tag) != Some("storage") {
        return None;
    }
    let start = match view.first().map(|view| pickle.tuple(*view)) {
        Some(Some([_key, start, _numbers])) => usize::try_from(pickle.int(*start)?).ok()?,
        _ => 0,
    };
    Some(StorageName {
        dtype: Dtype::of_storage(class.name)?,
        key: pickle.str(*key)?,
        numbers: usize::try_from(pickle.int(*numbers)?).ok()?,
        start,
    })
}

fn sizes(pickle: &Pickle<'_>, id: Id) -> Option<Vec<usize>> {
    let id = match pickle.call(id) {
        // `torch.Size((2, 3))`
        Some((global, object)) if global.name == "Size" => *pickle.tuple(object.args)?.first()?,
        _ => id,
    };
    let sizes = pickle.sequence(id)?.iter();
    sizes
        .map(|&size| usize::try_from(pickle.int(size)?).ok())
        .collect()
}

/// Something else than `expected`: named, and not run.
pub(super) fn unexpected(pickle: &Pickle<'_>, part: &str, expected: &str, found: Id) -> Fault {
    Fault::new(part, expected, pickle.describe(found), UNKNOWN)
}
