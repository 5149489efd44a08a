//! The folder of a run's checkpoints: their names, the newest of them, and which are kept.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::io_error;
use crate::error::Result;

const PREFIX: &str = "step-";
const SUFFIX: &str = ".safetensors";

/// The file of the checkpoint after so many batches of the run.
pub(super) fn path_of(folder: &Path, steps: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{steps:09}{SUFFIX}"))
}

/// The checkpoints of a folder by the number of their batches, oldest first; none if there is no such folder.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for (name, path) in names(folder)? {
        let steps = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(SUFFIX));
        if let Some(Ok(steps)) = steps.map(str::parse) {
            found.push((steps, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Makes the folder, and removes what a process that was killed had begun to write.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| io_error(folder, "make", e))?;
    for (name, path) in names(folder)? {
        let ours = name.starts_with(PREFIX) && name.contains(SUFFIX);
        if ours && name.ends_with(".tmp") {
            fs::remove_file(&path).map_err(|e| io_error(&path, "remove", e))?;
        }
    }
    Ok(())
}

/// Removes all checkpoints but the `keep` newest and that after `best` batches.
pub(super) fn prune(folder: &Path, keep: usize, best: Option<u64>) -> Result<()> {
    let all = list(folder)?;
    let old = all.len().saturating_sub(keep);
    for (steps, path) in &all[..old] {
        if Some(*steps) != best {
            fs::remove_file(path).map_err(|e| io_error(path, "remove", e))?;
        }
    }
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let error = |e| io_error(folder, "list", e);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            names.push((name.to_owned(), path));
        }
    }
    Ok(names)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_the_best_stay_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for steps in [5, 10, 100, 20] {
            fs::write(path_of(folder, steps), b"").unwrap();
        }
        let mine = folder.join("step-notes.txt");
        fs::write(&mine, b"").unwrap();
        let unfinished = folder.join("step-000000007.safetensors.99.tmp");
        fs::write(&unfinished, b"").unwrap();
        prepare(folder).unwrap();
        prune(folder, 2, Some(10)).unwrap();
        let steps: Vec<u64> = list(folder).unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(steps, [10, 20, 100]);
        assert!(mine.exists() && !unfinished.exists());
        assert!(list(&folder.join("absent")).unwrap().is_empty());
    }
}
