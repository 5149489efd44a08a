//! PyTorch's files since 1.6: a zip archive of `data.pkl` and one entry for each storage, none compressed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use super::super::fault::Fault;
use super::super::pickle::Pickle;
use super::super::state_dict;
use super::super::tensor::StoredTensor;

const PICKLE: &str = "data.pkl";

pub(super) fn tensors(file: &[u8]) -> Result<BTreeMap<String, StoredTensor>, Fault> {
    let archive = Archive::open(file)?;
    // All entries lie in one folder, named as the file once was.
    let Some(folder) = archive.entries.keys().find_map(|path| {
        path.strip_suffix(PICKLE)
            .filter(|folder| folder.matches('/').count() == 1)
    }) else {
        return Err(Fault::damaged(
            "zip archive",
            "an entry `data.pkl`",
            "no such entry",
        ));
    };
    if let Some(order) = archive.find(&format!("{folder}byteorder"))?
        && &file[order.clone()] != b"little"
    {
        return Err(Fault::new(
            "entry `byteorder`",
            "little",
            String::from_utf8_lossy(&file[order]).into_owned(),
            "save the weights on a little-endian machine",
        ));
    }
    let data = archive.get(&format!("{folder}{PICKLE}"))?;
    let pickle = Pickle::read(&file[data], 0)?;
    state_dict::tensors(&pickle, |storage| {
        let entry = format!("{folder}data/{}", storage.key);
        let bytes = archive.get(&entry)?;
        let needed = storage.numbers.checked_mul(storage.dtype.size());
        if needed != Some(bytes.len()) {
            return Err(Fault::damaged(
                format!("entry `{entry}`"),
                format!("{} numbers", storage.numbers),
                format!("{} bytes", bytes.len()),
            ));
        }
        Ok(bytes)
    })
}

/// The entries of an archive, by path; their data stays where it is.
struct Archive<'a> {
    archive: ZipSliceArchive<&'a [u8]>,
    entries: HashMap<String, (CompressionMethod, ZipArchiveEntryWayfinder)>,
}

impl<'a> Archive<'a> {
    fn open(file: &'a [u8]) -> Result<Self, Fault> {
        let archive = ZipArchive::from_slice(file).map_err(broken)?;
        let mut entries = HashMap::new();
        let mut records = archive.entries();
        while let Some(record) = records.next_entry().map_err(broken)? {
            if let Ok(path) = std::str::from_utf8(record.file_path().as_bytes()) {
                let place = (record.compression_method(), record.wayfinder());
                entries.insert(path.to_owned(), place);
            }
        }
        Ok(Self { archive, entries })
    }

    /// The bytes of an entry, as a range of the file.
    fn get(&self, path: &str) -> Result<Range<usize>, Fault> {
        self.find(path)?.ok_or_else(|| {
            Fault::damaged("zip archive", format!("an entry `{path}`"), "no such entry")
        })
    }

    fn find(&self, path: &str) -> Result<Option<Range<usize>>, Fault> {
        let Some((method, place)) = self.entries.get(path) else {
            return Ok(None);
        };
        if *method != CompressionMethod::STORE {
            return Err(Fault::new(
                format!("entry `{path}`"),
                "an entry without compression",
                format!("compression {method}"),
                "save the weights with `torch.save`, which compresses nothing",
            ));
        }
        // The size is the one of the archive's directory: an entry that is shorter than that is an error here.
        let entry = self.archive.get_entry(*place).map_err(broken)?;
        let (start, end) = entry.compressed_data_range();
        Ok(Some(start as usize..end as usize))
    }
}

fn broken(error: rawzip::Error) -> Fault {
    Fault::damaged("zip archive", "a whole archive", error.to_string())
}
