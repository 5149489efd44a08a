//! Writing files so that nothing is ever lost: beside the target first, then renamed.

use std::fs;
use std::io::{Error, Result, Write};
use std::path::Path;

/// Writes `bytes` to `path` as a whole or not at all.
///
/// The bytes go to a file beside the target, reach the disk, and replace the target in one step. A file that was there
/// stays as it was until then, also when the process is killed or the disk is full.
///
/// # Errors
/// The system's reason, with the step that failed; the file beside is removed where possible.
///
/// ```
/// let path = std::env::temp_dir().join("write_beside_example.txt");
/// ulmfit_text::write_beside(&path, b"whole")?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let write = || -> Result<()> {
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|reason| {
        // The first reason is the one to report.
        let _ = fs::remove_file(&beside);
        Error::new(reason.kind(), reason.to_string())
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let missing = std::env::temp_dir()
            .join("no_such_folder_of_ulmfit")
            .join("file");
        assert!(write_beside(&missing, b"x").is_err());
        assert!(!missing.exists());
    }

    #[test]
    fn an_old_file_is_replaced() {
        let path = std::env::temp_dir().join(format!("write_beside_{}", std::process::id()));
        write_beside(&path, b"old").unwrap();
        write_beside(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        fs::remove_file(path).unwrap();
    }
}
