//! Bytes of files and of the standard input, decompressed; every failure names its file.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// The path that stands for the standard input, as it does for most commands.
pub(crate) const STDIN: &str = "-";

/// What a file is called in messages.
pub(crate) fn shown(path: &Path) -> Arc<Path> {
    match path.as_os_str() == STDIN {
        true => Path::new("standard input").into(),
        false => path.into(),
    }
}

/// What a file can begin with, and what that says.
const MAGIC: [(&[u8], Kind); 10] = [
    (&[0x1f, 0x8b], Kind::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Zstd),
    (
        b"PAR1",
        Kind::Other(
            "a Parquet file",
            "name it .parquet, or say that its format is parquet",
        ),
    ),
    (b"PK\x03\x04", Kind::Other("a zip archive", DECOMPRESS)),
    (
        b"\xfd7zXZ",
        Kind::Other("a file compressed by xz", DECOMPRESS),
    ),
    (
        b"BZh",
        Kind::Other("a file compressed by bzip2", DECOMPRESS),
    ),
    (
        &[0x04, 0x22, 0x4d, 0x18],
        Kind::Other("a file compressed by lz4", DECOMPRESS),
    ),
    (
        b"%PDF-",
        Kind::Other("a PDF file", "save its text as a text file"),
    ),
    (&[0xff, 0xfe], Kind::Other("UTF-16", TO_UTF8)),
    (&[0xfe, 0xff], Kind::Other("UTF-16", TO_UTF8)),
];

const DECOMPRESS: &str = "unpack it, or compress it by gzip or Zstandard instead";
const TO_UTF8: &str = "convert the file to utf-8";

#[derive(Clone, Copy)]
enum Kind {
    Gzip,
    Zstd,
    /// What it is, and what to do.
    Other(&'static str, &'static str),
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
        known.map(|(_, kind)| *kind)
    }
}

/// The content of a file or, for `-`, of the standard input, decompressed if its first bytes say so.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let failed = |e| io_error("open", path, e);
    let source: Box<dyn Read + Send> = match path.as_os_str() == STDIN {
        true => Box::new(io::stdin()),
        false => {
            let file = File::open(path).map_err(failed)?;
            if path.is_dir() {
                return Err(Error::layout(
                    path,
                    "a file",
                    "a folder",
                    "name a file in it",
                ));
            }
            Box::new(file)
        }
    };
    let (head, source) = with_head(source).map_err(failed)?;
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: source,
        read: read.clone(),
    };
    let decoded = |inner: Box<dyn Read + Send>, codec| Decoded { inner, codec, read };
    Ok(match Kind::of(&head) {
        // A file may hold several members one after another; the plain decoder would stop behind the first.
        Some(Kind::Gzip) => {
            let decoder = flate2::read::MultiGzDecoder::new(counted);
            Box::new(BufReader::new(decoded(Box::new(decoder), "gzip")))
        }
        Some(Kind::Zstd) => {
            let decoder = zstd::stream::read::Decoder::new(counted).map_err(failed)?;
            Box::new(BufReader::new(decoded(Box::new(decoder), "zstd")))
        }
        Some(Kind::Other(..)) | None => Box::new(BufReader::with_capacity(1 << 16, counted)),
    })
}

/// As [`open`], for text: what is known to be something else is refused by its name, and a byte order mark, which some
/// editors put at the start of UTF-8 files and which is no part of the text, is left out.
pub(crate) fn open_text(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let failed = |e| io_error("read", path, e);
    let (head, mut source) = with_head(open(path)?).map_err(failed)?;
    let mut known = match Kind::of(&head) {
        Some(Kind::Other(found, remedy)) => Some((found, remedy)),
        Some(Kind::Gzip | Kind::Zstd) => Some(("a file that is compressed twice", DECOMPRESS)),
        None => None,
    };
    // Without a mark UTF-16 shows by every second byte being 0, in European languages.
    let zero = |at: usize| head.iter().skip(at).step_by(2).all(|&byte| byte == 0);
    if head.len() >= 4 && (zero(0) || zero(1)) {
        known = Some(("UTF-16", TO_UTF8));
    }
    if let Some((found, remedy)) = known {
        return Err(Error::layout(&shown(path), "utf-8 text", found, remedy));
    }
    if head.starts_with(BYTE_ORDER_MARK) {
        source
            .read_exact(&mut [0; BYTE_ORDER_MARK.len()])
            .map_err(failed)?;
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, source)))
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of a source, and all of it. No more is waited for than tells the known beginnings apart: whoever
/// writes into a pipe may wait for an answer.
fn with_head(
    mut source: impl Read + Send + 'static,
) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let (mut head, mut n) = (vec![0; 256], 0);
    loop {
        let got = match source.read(&mut head[n..]) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            got => got?,
        };
        n += got;
        let undecided = |magic: &[u8]| magic.len() > n && magic.starts_with(&head[..n]);
        let all = MAGIC.iter().map(|(magic, _)| *magic);
        if got == 0 || n == head.len() || !all.chain([BYTE_ORDER_MARK]).any(undecided) {
            break;
        }
    }
    head.truncate(n);
    Ok((head.clone(), Box::new(Cursor::new(head).chain(source))))
}

/// A reader that counts its bytes.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A decoder whose errors say what is wrong with the file.
struct Decoded {
    inner: Box<dyn Read + Send>,
    codec: &'static str,
    read: Arc<AtomicU64>,
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind as Is;
        self.inner.read(out).map_err(|error| match error.kind() {
            Is::UnexpectedEof | Is::InvalidInput | Is::InvalidData | Is::Other => {
                let damaged = Damaged {
                    codec: self.codec,
                    cut: error.kind() == Is::UnexpectedEof,
                    bytes: self.read.load(Ordering::Relaxed),
                };
                io::Error::new(error.kind(), damaged)
            }
            _ => error,
        })
    }
}

/// A compressed file that is not whole.
#[derive(Debug)]
struct Damaged {
    codec: &'static str,
    cut: bool,
    bytes: u64,
}

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "damaged {} data", self.codec)
    }
}

impl std::error::Error for Damaged {}

/// The whole content of a file, for a format that is read from its end.
#[cfg(any(test, feature = "parquet"))]
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

/// The last part of a path, for messages.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    let damaged = source.get_ref().and_then(|e| e.downcast_ref::<Damaged>());
    match damaged {
        None => Error::Io {
            action,
            path: shown(path).to_path_buf(),
            source,
        },
        Some(Damaged { codec, cut, bytes }) => Error::layout(
            &shown(path),
            format!("a whole {codec} file"),
            match cut {
                true => format!("one that is cut off after {bytes} bytes"),
                false => format!("damaged data within its first {bytes} bytes"),
            },
            "copy or download it again",
        ),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(part: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compression_is_told_by_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv.zst");
        for bytes in [
            b"text".to_vec(),
            zstd::encode_all(&b"text"[..], 1).unwrap(),
            [gzip(b"te"), gzip(b"xt")].concat(),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), b"text");
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
    }

    #[test]
    fn a_file_that_is_cut_off_is_no_matter_of_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cut");
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let all = [
            ("gzip", gzip(&text)),
            ("zstd", zstd::encode_all(&text[..], 1).unwrap()),
        ];
        for (codec, bytes) in all {
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            let error = read(&path).unwrap_err().to_string();
            let half = bytes.len() / 2;
            let expected = format!(
                "cut: expected a whole {codec} file, found one that is cut off after {half} bytes; copy or download it again"
            );
            assert!(error.ends_with(&expected), "{error}");
        }
        let mut bytes = gzip(&text);
        bytes[1000..1100].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("expected a whole gzip file, found damaged data within"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_text_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let utf16: Vec<u8> = "label,text"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, name) in [
            (utf16.clone(), "UTF-16"),
            ([&b"\xff\xfe"[..], &utf16].concat(), "UTF-16"),
            (b"\xfd7zXZ\0\0".to_vec(), "xz"),
            (b"PAR1....".to_vec(), "a Parquet file"),
            (gzip(&gzip(b"text")), "compressed twice"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = open_text(&path).err().unwrap().to_string();
            assert!(
                error.contains("a.csv: expected utf-8 text, found ") && error.contains(name),
                "{error}"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        for bytes in [
            b"\xef\xbb\xbfhi".to_vec(),
            gzip(b"\xef\xbb\xbfhi"),
            b"hi".to_vec(),
        ] {
            fs::write(&path, bytes).unwrap();
            let mut text = String::new();
            open_text(&path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "hi");
        }
    }
}
