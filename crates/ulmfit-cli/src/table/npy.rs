//! Vectors as NumPy reads them: `numpy.load(path)` is a matrix with a row for each document.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::Path;

/// The length of the header, so that the numbers begin at a multiple of 64 bytes.
const HEADER: usize = 128;

/// A matrix of `f32` that is being written row by row.
pub(crate) struct Npy {
    file: BufWriter<File>,
    rows: usize,
    width: usize,
}

impl Npy {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&[0; HEADER])?;
        let (rows, width) = (0, 0);
        Ok(Self { file, rows, width })
    }

    /// Appends a row.
    pub(crate) fn row(&mut self, row: &[f32]) -> io::Result<()> {
        (self.rows, self.width) = (self.rows + 1, row.len());
        row.iter()
            .try_for_each(|number| self.file.write_all(&number.to_le_bytes()))
    }

    /// Writes the header, which holds the number of rows.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(&header(self.rows, self.width))?;
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

/// The header of format 1.0: a magic word, the version, the length of what follows, and a Python dictionary.
fn header(rows: usize, width: usize) -> Vec<u8> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header.resize(HEADER - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_its_length_however_many_rows_there_are() {
        for rows in [0, 7, usize::MAX] {
            let header = header(rows, 99_999);
            assert_eq!(header.len(), HEADER);
            assert!(header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4'"));
            assert!(header.ends_with(b" \n"));
        }
    }
}
