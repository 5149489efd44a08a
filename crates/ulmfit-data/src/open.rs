//! Opening files: `.gz` and `.zst` are read through, and every failure names its path.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A reader over the content of a file, decompressed if its name ends in `.gz`, `.tgz` or `.zst`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let file = File::open(path).map_err(|e| io_error("open", path, e))?;
    if path.is_dir() {
        return Err(Error::Layout {
            path: path.to_owned(),
            expected: "a file".into(),
            found: "a folder".into(),
            remedy: "name a file in it",
        });
    }
    Ok(match compression(path) {
        Compression::None => Box::new(BufReader::new(file)),
        // A `.gz` may hold several members one after another; the plain decoder would stop behind the first.
        Compression::Gzip => Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(file))),
        Compression::Zstd => {
            let decoder =
                zstd::stream::read::Decoder::new(file).map_err(|e| io_error("open", path, e))?;
            Box::new(BufReader::new(decoder))
        }
    })
}

/// The whole content of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| io_error("read", path, e))?;
    Ok(bytes)
}

/// Calls `see` with the bytes of a file as they are on the disk, stretch by stretch.
pub(crate) fn bytes_of(path: &Path, mut see: impl FnMut(&[u8])) -> Result<()> {
    let mut file = File::open(path).map_err(|e| io_error("open", path, e))?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file
            .read(&mut buffer)
            .map_err(|e| io_error("read", path, e))?
        {
            0 => return Ok(()),
            n => see(&buffer[..n]),
        }
    }
}

/// What is in a folder, hidden files left out, sorted by name so that no file system's order shows.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<PathBuf> = entries
        .map_err(|e| io_error("list", folder, e))?
        .iter()
        .map(fs::DirEntry::path)
        .collect();
    paths.retain(|path| !file_name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

/// The last part of a path for messages and class names.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// How a file is compressed, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

pub(crate) fn compression(path: &Path) -> Compression {
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz" | "tgz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    }
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn reads_through_compression() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a.txt"), "text").unwrap();
        fs::write(
            path("a.txt.zst"),
            zstd::encode_all(&b"text"[..], 1).unwrap(),
        )
        .unwrap();
        let member = |part: &[u8]| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(part).unwrap();
            encoder.finish().unwrap()
        };
        fs::write(path("a.txt.gz"), [member(b"te"), member(b"xt")].concat()).unwrap();
        for name in ["a.txt", "a.txt.zst", "a.txt.gz"] {
            assert_eq!(read(&path(name)).unwrap(), b"text", "{name}");
        }
    }

    #[test]
    fn failures_name_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let missing = read(&dir.path().join("no.csv")).unwrap_err().to_string();
        assert!(
            missing.starts_with("cannot open ") && missing.contains("no.csv"),
            "{missing}"
        );
        let folder = read(dir.path()).unwrap_err().to_string();
        assert!(
            folder.ends_with("expected a file, found a folder; name a file in it"),
            "{folder}"
        );
        fs::write(dir.path().join("bad.gz"), "no gzip").unwrap();
        assert!(
            read(&dir.path().join("bad.gz"))
                .unwrap_err()
                .to_string()
                .starts_with("cannot read ")
        );
    }
}
