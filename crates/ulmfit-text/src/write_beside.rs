//! Writing files so that nothing is ever lost: beside the target first, then renamed.

use std::fs::{self, File};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// A file that takes its target's place as a whole or not at all.
///
/// Bytes go to a file beside the target, which takes the target's name in one step when [`commit`](Self::commit) has
/// brought them to the disk. A file that was there stays as it was until then, also when the process is killed or the
/// disk is full. Dropped without a commit, the file beside is removed.
///
/// ```
/// use std::io::Write;
/// use ulmfit_text::BesideFile;
/// let path = std::env::temp_dir().join("beside_file_example.txt");
/// let mut file = BesideFile::create(&path)?;
/// file.write_all(b"whole")?;
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct BesideFile {
    file: File,
    beside: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl BesideFile {
    /// An empty file beside `target`, named like it with the process's number and `.tmp` behind.
    ///
    /// # Errors
    /// The system's reason, such as a missing folder.
    pub fn create(target: &Path) -> Result<Self> {
        let mut beside = target.as_os_str().to_owned();
        beside.push(format!(".{}.tmp", std::process::id()));
        let beside = PathBuf::from(beside);
        Ok(Self {
            file: File::create(&beside)?,
            beside,
            target: target.to_owned(),
            committed: false,
        })
    }

    /// Puts the file in the target's place.
    ///
    /// # Errors
    /// The system's reason; the target is then what it was.
    pub fn commit(mut self) -> Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.target)?;
        self.committed = true;
        // The new name is part of the folder. Where a folder cannot be opened or synced, the system keeps it safe itself.
        let folder = self.target.parent().filter(|f| !f.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Write for BesideFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Drop for BesideFile {
    fn drop(&mut self) {
        if !self.committed {
            // The reason why there was no commit is the one to report.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Writes `bytes` to `path` as a whole or not at all, by a [`BesideFile`].
///
/// # Errors
/// The system's reason; a file that was there is then what it was.
///
/// ```
/// let path = std::env::temp_dir().join("write_beside_example.txt");
/// ulmfit_text::write_beside(&path, b"whole")?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = BesideFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ulmfit_{name}_{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = folder("failed_write");
        assert!(write_beside(&folder.join("no_such_folder/file"), b"x").is_err());
        let path = folder.join("file");
        write_beside(&path, b"old").unwrap();
        let mut unfinished = BesideFile::create(&path).unwrap();
        unfinished.write_all(b"new").unwrap();
        drop(unfinished);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_old_file_is_replaced() {
        let folder = folder("old_file");
        let path = folder.join("file");
        write_beside(&path, b"old").unwrap();
        write_beside(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        fs::remove_dir_all(folder).unwrap();
    }
}
