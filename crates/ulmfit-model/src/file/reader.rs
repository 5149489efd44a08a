//! The tensors of a model file, read one at a time, each straight into the array it stays in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::tensor::Dtype;

use super::METADATA_KEY;
use super::document::Document;
use super::header::Header;
use super::layout::TensorEntry;
use super::storage::{self, FACTORS, Storage};
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::error::{DAMAGED, Error, Result};

const NOT_OURS: &str = "pass a file that this library has saved";
/// About so many bytes of a file are in memory beside the tensors: they stay in the second-level cache.
const BLOCK: usize = 256 << 10;

/// Where the bytes of a model file come from.
trait Source: Read + Seek {}

impl<S: Read + Seek> Source for S {}

/// The tensors of a file that have not been taken yet.
pub(super) struct Reader<'a> {
    path: PathBuf,
    storage: Storage,
    file: Box<dyn Source + 'a>,
    bytes: u64,
    stored: BTreeMap<String, Stored>,
}

/// A tensor in the file.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Its bytes, from the file's beginning on.
    place: Range<u64>,
}

impl<'a> Reader<'a> {
    /// Checks the file's layout and its metadata; no tensor is read.
    pub(super) fn open(path: &Path) -> Result<(Document, Self)> {
        let file = File::open(path).map_err(Error::unread(path))?;
        let bytes = file.metadata().map_err(Error::unread(path))?.len();
        Self::of_source(Box::new(file), bytes, path)
    }

    /// The same for the bytes of a file.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Result<(Document, Self)> {
        let source = Box::new(Cursor::new(bytes));
        Self::of_source(source, bytes.len() as u64, Path::new("model in memory"))
    }

    fn of_source(
        mut file: Box<dyn Source + 'a>,
        bytes: u64,
        path: &Path,
    ) -> Result<(Document, Self)> {
        let header = Header::read(&mut *file, bytes, path)?;
        let key = || format!("a key `{METADATA_KEY}`");
        let json = header
            .document()
            .ok_or_else(|| Error::file(path, "metadata", key(), "none", NOT_OURS))?;
        let document = Document::parse(json, path)?;
        let stored = header.tensors().map(|(name, info, place)| {
            let stored = Stored {
                dtype: info.dtype,
                shape: info.shape.clone(),
                place,
            };
            (name, stored)
        });
        let reader = Self {
            path: path.to_owned(),
            storage: document.storage,
            stored: stored.collect(),
            file,
            bytes,
        };
        Ok((document, reader))
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.stored.contains_key(name)
    }

    /// The file's length.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// How many numbers training changes: neither factors nor running statistics.
    pub(super) fn parameters(&self) -> usize {
        let kept = |name: &str| !name.ends_with(FACTORS) && !name.contains(".running_");
        let all = self.stored.iter().filter(|(name, _)| kept(name));
        all.map(|(_, stored)| stored.shape.iter().product::<usize>())
            .sum()
    }

    /// Refuses sizes that no file of this length can have, before anything of that size is made.
    pub(super) fn check_sizes(&self, sizes: &AwdLstmConfig) -> Result<()> {
        for (field, size, most) in [
            ("layers", sizes.layers, self.stored.len()),
            ("embed", sizes.embed, self.bytes()),
            ("hidden", sizes.hidden, self.bytes()),
        ] {
            if size > most {
                let part = format!("metadata field `{field}`");
                let expected = format!("at most {most} in a file of this length");
                return Err(Error::file(&self.path, part, expected, size, DAMAGED));
            }
        }
        sizes.validate()
    }

    /// Checks that the file has all tensors of a table in their shapes; none is read.
    pub(super) fn check(&self, table: &[TensorEntry]) -> Result<()> {
        table.iter().try_for_each(|entry| {
            let dtype = self.storage.dtype(entry.shape.len());
            self.expect(&entry.name, dtype, &entry.shape).map(drop)
        })
    }

    fn expect(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&Stored> {
        let found = match self.stored.get(name) {
            Some(stored) if stored.shape == shape && stored.dtype == dtype => return Ok(stored),
            Some(stored) => format!("{:?} {:?}", stored.dtype, stored.shape),
            None => "no such tensor".to_owned(),
        };
        let (part, expected) = (format!("tensor `{name}`"), format!("{dtype:?} {shape:?}"));
        Err(Error::file(&self.path, part, expected, found, DAMAGED))
    }

    /// Takes a tensor: its values as the module holds them.
    pub(super) fn take(&mut self, entry: &TensorEntry) -> Result<Vec<f32>> {
        let (name, shape) = (&entry.name, &entry.shape[..]);
        let dtype = self.storage.dtype(shape.len());
        let (rows, width) = (shape[0], shape[1..].iter().product::<usize>());
        // The shape is the header's, and the header's shapes fit the file.
        self.expect(name, dtype, shape)?;
        let mut values = Vec::new();
        match entry.transposed {
            true => values.resize(rows * width, 0.0),
            false => values.reserve_exact(rows * width),
        }
        let mut each = |row: usize, block: &[f32]| match entry.transposed {
            true => transpose(&mut values, rows, row, block, width),
            false => values.extend_from_slice(block),
        };
        self.each_block(name, dtype, shape, &mut each)?;
        Ok(values)
    }

    /// Takes a tensor some rows at a time: `each` is given the first row's number and the rows' values. A vector's
    /// elements are rows of one.
    fn each_block(
        &mut self,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
        each: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<()> {
        let start = self.expect(name, dtype, shape)?.place.start;
        self.stored.remove(name);
        let (rows, width) = (shape[0], shape[1..].iter().product::<usize>());
        let mut factors = Vec::new();
        if dtype == Dtype::I8 {
            let mut factor = |_: usize, block: &[f32]| factors.extend_from_slice(block);
            let name = format!("{name}{FACTORS}");
            self.each_block(&name, Dtype::F32, &shape[..1], &mut factor)?;
        }
        let row_bytes = width * dtype.bitsize() / 8;
        if rows * row_bytes == 0 {
            return Ok(());
        }
        let at_once = (BLOCK / row_bytes).max(1);
        let (mut bytes, mut block) = (Vec::new(), Vec::new());
        let io = Error::unread(&self.path);
        self.file.seek(SeekFrom::Start(start)).map_err(&io)?;
        for row in (0..rows).step_by(at_once) {
            let n = at_once.min(rows - row);
            bytes.resize(n * row_bytes, 0);
            self.file.read_exact(&mut bytes).map_err(&io)?;
            block.clear();
            match dtype {
                Dtype::I8 => storage::add_int8(&mut block, &bytes, &factors[row..], width),
                Dtype::F16 => storage::add_f16(&mut block, &bytes),
                _ => storage::add_f32(&mut block, &bytes),
            }
            each(row, &block);
        }
        Ok(())
    }

    /// Refuses a file with tensors that nobody has taken.
    pub(super) fn finish(self) -> Result<()> {
        let Some(name) = self.stored.keys().next() else {
            return Ok(());
        };
        let part = format!("tensor `{name}`");
        let expected = "only the tensors of the model that the metadata describes";
        Err(Error::file(
            &self.path,
            part,
            expected,
            "a further tensor",
            NOT_OURS,
        ))
    }
}

/// Writes the rows of `block`, which begin with row `first`, as columns of a matrix with columns of `rows` numbers.
pub(crate) fn transpose(turned: &mut [f32], rows: usize, first: usize, block: &[f32], cols: usize) {
    let here = block.len() / cols.max(1);
    for (c, column) in turned.chunks_exact_mut(rows.max(1)).enumerate() {
        for (r, value) in column[first..first + here].iter_mut().enumerate() {
            *value = block[r * cols + c];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn blocks_of_rows_become_columns() {
        // 3 rows of 2, in blocks of 2 rows and 1.
        let mut turned = [0.0; 6];
        transpose(&mut turned, 3, 0, &[1.0, 2.0, 3.0, 4.0], 2);
        transpose(&mut turned, 3, 2, &[5.0, 6.0], 2);
        assert_eq!(turned, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
