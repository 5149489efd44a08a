//! Which entry of a safetensors header is wrong: the format's own errors do not always name it.

use safetensors::Dtype;
use serde_json::Value;

/// The tensor and the field that lie, if it is one of them.
pub(crate) fn blame(file: &[u8]) -> Option<String> {
    let length = u64::from_le_bytes(*file.first_chunk::<8>()?);
    let header_end = usize::try_from(length).ok()?.checked_add(8)?;
    let header: Value = serde_json::from_slice(file.get(8..header_end)?).ok()?;
    let data = (file.len() - header_end) as u64;
    let mut places = Vec::new();
    for (name, entry) in header.as_object()? {
        if name == "__metadata__" {
            continue;
        }
        match place(entry, data) {
            Ok(place) => places.push((place, name)),
            Err(field) => return Some(format!("tensor `{name}`, field `{field}`")),
        }
    }
    // Each must begin where the one before it ends.
    places.sort();
    let mut end = 0;
    for ((from, to), name) in places {
        if from != end {
            return Some(format!("tensor `{name}`, field `data_offsets`"));
        }
        end = to;
    }
    (end != data).then(|| "data behind the header".to_owned())
}

/// The bytes of a tensor, or the field that is wrong.
fn place(entry: &Value, data: u64) -> Result<(u64, u64), &'static str> {
    let numbers = |field: &'static str| {
        let list = entry.get(field).and_then(Value::as_array);
        let list = list.and_then(|list| list.iter().map(Value::as_u64).collect::<Option<Vec<_>>>());
        list.ok_or(field)
    };
    let dtype = entry.get("dtype").cloned().unwrap_or_default();
    let dtype: Dtype = serde_json::from_value(dtype).map_err(|_| "dtype")?;
    let shape = numbers("shape")?;
    let [from, to] = numbers("data_offsets")?[..] else {
        return Err("data_offsets");
    };
    if from > to || to > data {
        return Err("data_offsets");
    }
    let bits = shape
        .iter()
        .try_fold(dtype.bitsize() as u64, |n, &size| n.checked_mul(size));
    match bits {
        Some(bits) if bits / 8 == to - from => Ok((from, to)),
        _ => Err("shape"),
    }
}

#[cfg(test)]
mod tests {
    use super::blame;

    #[test]
    fn the_field_that_lies_is_named() {
        let file = |header: &str| {
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend(header.bytes());
            file.extend([0; 12]);
            file
        };
        let two = |a: &str, b: &str| blame(&file(&format!(r#"{{"a":{{{a}}},"b":{{{b}}}}}"#)));
        let a = r#""dtype":"F32","shape":[2],"data_offsets":[0,8]"#;
        let b = r#""dtype":"F32","shape":[1],"data_offsets":[8,12]"#;
        assert_eq!(two(a, b), None);
        for (b, field) in [
            (b.replace("F32", "Q7"), "tensor `b`, field `dtype`"),
            (b.replace("[1]", "[9]"), "tensor `b`, field `shape`"),
            (b.replace("[1]", "[-1]"), "tensor `b`, field `shape`"),
            (b.replace("12", "99"), "tensor `b`, field `data_offsets`"),
            (b.replace("8,12", "4,8"), "tensor `b`, field `data_offsets`"),
        ] {
            assert_eq!(two(a, &b).as_deref(), Some(field));
        }
    }
}
