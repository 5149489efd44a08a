//! The tensors of a model file, read one at a time, each straight into the array it stays in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use safetensors::tensor::Dtype;

use super::METADATA_KEY;
use super::document::Document;
use super::header::Header;
use super::storage::{self, Storage};
use crate::error::{Error, Result};
use crate::random::from_values;

const NOT_OURS: &str = "pass a file that this library has saved";
pub(super) const DAMAGED: &str = "the file is damaged or incomplete: copy or save it again";
/// Behind the name of a matrix of whole numbers: the tensor with the factors of its rows.
pub(super) const FACTORS: &str = ".scale";
/// About so many bytes of a file are in memory beside the tensors: they stay in the second-level cache.
const BLOCK: usize = 256 << 10;

/// Sizes and elements of tensors, by name.
pub(crate) type Values = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Where the bytes of a model file come from.
pub(super) trait Source: Read + Seek {}

impl<S: Read + Seek> Source for S {}

/// Tensors that have not been taken yet: those of a file, or of a conversion.
pub(crate) struct Reader<'a> {
    path: PathBuf,
    storage: Storage,
    file: Option<Box<dyn Source + 'a>>,
    bytes: u64,
    stored: BTreeMap<String, Stored>,
    values: Values,
}

/// A tensor in the file.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Its bytes, from the file's beginning on.
    place: Range<u64>,
}

impl<'a> Reader<'a> {
    /// Tensors that are in memory already; `path` is for messages.
    pub(crate) fn of_values(values: Values, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            storage: Storage::F32,
            file: None,
            bytes: 0,
            stored: BTreeMap::new(),
            values,
        }
    }

    /// Checks the file's layout and its metadata; no tensor is read.
    pub(super) fn open(path: &Path) -> Result<(Document, Self)> {
        let file = File::open(path).map_err(Error::unread(path))?;
        let bytes = file.metadata().map_err(Error::unread(path))?.len();
        Self::of_source(Box::new(file), bytes, path)
    }

    /// The same for a file that is in memory already; `name` is for messages.
    pub(super) fn of_bytes(bytes: &'a [u8], name: &str) -> Result<(Document, Self)> {
        let source = Box::new(Cursor::new(bytes));
        Self::of_source(source, bytes.len() as u64, Path::new(name))
    }

    fn of_source(
        mut file: Box<dyn Source + 'a>,
        bytes: u64,
        path: &Path,
    ) -> Result<(Document, Self)> {
        let header = Header::read(&mut *file, bytes, path)?;
        let json = header.document().ok_or_else(|| Error::ModelFile {
            path: path.to_owned(),
            part: "metadata".to_owned(),
            expected: format!("a key `{METADATA_KEY}`"),
            found: "none".to_owned(),
            remedy: NOT_OURS,
        })?;
        let document = Document::parse(json, path)?;
        let stored = header.tensors().map(|(name, info, place)| {
            let (dtype, shape) = (info.dtype, info.shape.clone());
            let stored = Stored {
                dtype,
                shape,
                place,
            };
            (name, stored)
        });
        let reader = Self {
            path: path.to_owned(),
            storage: document.storage,
            stored: stored.collect(),
            values: Values::new(),
            file: Some(file),
            bytes,
        };
        Ok((document, reader))
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of tensors.
    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.stored.contains_key(name) || self.values.contains_key(name)
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
        self.expect(name, &[rows, cols])?;
        let mut turned = vec![0.0; rows * cols];
        self.each_block(name, &[rows, cols], |row, block| {
            turn(&mut turned, rows, row, block, cols);
        })?;
        Ok(from_values(turned, [cols, rows], device))
    }

    /// Checks that there is a tensor of this shape, without taking it.
    pub(super) fn expect(&self, name: &str, shape: &[usize]) -> Result<()> {
        let found = match (self.stored.get(name), self.values.get(name)) {
            (Some(Stored { shape: found, .. }), _) | (None, Some((found, _))) if found == shape => {
                return Ok(());
            }
            (Some(stored), _) => format!("{:?} {:?}", stored.dtype, stored.shape),
            (None, Some((found, _))) => format!("{found:?}"),
            (None, None) => "no such tensor".to_owned(),
        };
        Err(self.wrong(name, self.storage.dtype(shape.len()), shape, found))
    }

    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.expect(name, shape)?;
        if let Some((_, values)) = self.values.remove(name) {
            self.check(name, &values)?;
            return Ok(values);
        }
        // The shape is the header's, and the header's shapes fit the file.
        let mut all = Vec::with_capacity(shape.iter().product());
        self.each_block(name, shape, |_, block| all.extend_from_slice(block))?;
        Ok(all)
    }

    /// Takes a tensor whose shape has been checked, some rows at a time: `each` is given the first row's number and
    /// the rows' values. A vector's elements are rows of one.
    fn each_block(
        &mut self,
        name: &str,
        shape: &[usize],
        mut each: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let rows = shape.first().copied().unwrap_or(1);
        let width = shape.iter().skip(1).product::<usize>();
        if let Some((_, values)) = self.values.remove(name) {
            self.check(name, &values)?;
            each(0, &values);
            return Ok(());
        }
        let expected = self.storage.dtype(shape.len());
        let Some(Stored { dtype, place, .. }) = self.stored.remove(name) else {
            return Err(self.wrong(name, expected, shape, "no such tensor".to_owned()));
        };
        if dtype != expected {
            return Err(self.wrong(name, expected, shape, format!("{dtype:?} {shape:?}")));
        }
        let factors = match dtype {
            Dtype::I8 => Some(self.values(&format!("{name}{FACTORS}"), &shape[..1])?),
            _ => None,
        };
        let row_bytes = width * dtype.bitsize() / 8;
        let Some(file) = self.file.as_mut().filter(|_| rows * row_bytes > 0) else {
            return Ok(());
        };
        let at_once = (BLOCK / row_bytes).max(1);
        let (mut bytes, mut block) = (Vec::new(), Vec::new());
        let start = file.seek(SeekFrom::Start(place.start));
        start.map_err(Error::unread(&self.path))?;
        for row in (0..rows).step_by(at_once) {
            let n = at_once.min(rows - row);
            bytes.resize(n * row_bytes, 0);
            file.read_exact(&mut bytes)
                .map_err(Error::unread(&self.path))?;
            block.clear();
            match (&factors, dtype) {
                (Some(factors), _) => storage::add_int8(&mut block, &bytes, &factors[row..], width),
                (None, Dtype::F16) => storage::add_f16(&mut block, &bytes),
                (None, _) => storage::add_f32(&mut block, &bytes),
            }
            check(name, &block, &self.path)?;
            each(row, &block);
        }
        Ok(())
    }

    fn check(&self, name: &str, values: &[f32]) -> Result<()> {
        check(name, values, &self.path)
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

/// Refuses numbers with which every prediction would be none.
fn check(name: &str, values: &[f32], path: &Path) -> Result<()> {
    // Without an exit within a block, so that it is compared some numbers at a time.
    let finite = |block: &[f32]| {
        block
            .iter()
            .fold(true, |all, value| all & value.is_finite())
    };
    let variance = name.ends_with("running_var");
    let (expected, wrong) = match values.chunks(1024).all(finite) {
        false => (
            "finite numbers",
            values.iter().find(|value| !value.is_finite()),
        ),
        true if variance => (
            "variances of 0 or more",
            values.iter().find(|value| **value < 0.0),
        ),
        true => return Ok(()),
    };
    wrong.map_or(Ok(()), |found| {
        Err(Error::ModelFile {
            path: path.to_owned(),
            part: format!("tensor `{name}`"),
            expected: expected.to_owned(),
            found: found.to_string(),
            remedy: "take another file: the training went wrong, or the file has been changed since",
        })
    })
}

/// Writes the rows of `block`, which begin with row `first`, as columns of a matrix with columns of `rows` numbers.
fn turn(turned: &mut [f32], rows: usize, first: usize, block: &[f32], cols: usize) {
    let here = block.len() / cols.max(1);
    for (c, column) in turned.chunks_exact_mut(rows.max(1)).enumerate() {
        for (r, value) in column[first..first + here].iter_mut().enumerate() {
            *value = block[r * cols + c];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn blocks_of_rows_become_columns() {
        // 3 rows of 2, in blocks of 2 rows and 1.
        let mut turned = [0.0; 6];
        turn(&mut turned, 3, 0, &[1.0, 2.0, 3.0, 4.0], 2);
        turn(&mut turned, 3, 2, &[5.0, 6.0], 2);
        assert_eq!(turned, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
