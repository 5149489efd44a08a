//! Files that are compressed where their name says so.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::write::GzEncoder;

/// A file that is being written.
pub(crate) enum Created {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

/// Makes a file at `path`, compressed as `name` ends: by `.gz` or `.zst`.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn create(path: &Path, name: &Path) -> io::Result<Created> {
    let file = BufWriter::new(File::create(path)?);
    let ending = name.extension().and_then(|end| end.to_str());
    Ok(match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("gz") => Created::Gzip(GzEncoder::new(file, flate2::Compression::default())),
        Some("zst" | "zstd") => Created::Zstd(zstd::Encoder::new(file, 0)?),
        _ => Created::Plain(file),
    })
}

impl Created {
    /// Writes what is left to the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(file) => file.finish()?,
            Self::Zstd(file) => file.finish()?,
        };
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

impl Write for Created {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(file) => file.write(bytes),
            Self::Zstd(file) => file.write(bytes),
        }
    }

    /// Flushes a plain file; a compressed one at its end alone, as each flush costs bytes.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Gzip(_) | Self::Zstd(_) => Ok(()),
        }
    }
}
