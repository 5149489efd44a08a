//! What a cell stores while it is being filled, so that one that is cut goes on at its step.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ulmfit::text::write_beside;
use ulmfit::train::observe::{BatchEnd, Observer};
use ulmfit::train::{Checkpoints, Resume};

use super::cells::Cell;
use crate::memory::cpu_seconds;

/// Checkpoints in a folder, with which a run goes on if it was cut.
pub(super) fn checkpoints(folder: impl Into<PathBuf>) -> Checkpoints {
    Checkpoints::new(folder).with_resume(Resume::Newest)
}

/// The folder of a cell: its checkpoints, and the CPU time of all its runs so far.
pub(super) struct Storage {
    folder: PathBuf,
    /// CPU seconds of the runs that were cut.
    before: f64,
    /// Those of this process when this run began.
    began: f64,
}

impl Storage {
    /// The folder of `cell` within `work`, made if it is not there.
    pub(super) fn open(work: &Path, cell: &Cell) -> anyhow::Result<Self> {
        let name = format!("{}-{}-{}", cell.column.name(), cell.labels, cell.seed);
        let folder = work.join("cells").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let spent = folder.join(CPU_SECONDS);
        let before = match spent.exists() {
            true => fs::read_to_string(&spent)
                .map_err(anyhow::Error::from)
                .and_then(|text| Ok(text.parse()?))
                .with_context(|| spent.display().to_string())?,
            false => 0.0,
        };
        Ok(Self {
            folder,
            before,
            began: cpu_seconds(),
        })
    }

    pub(super) fn checkpoints(&self) -> Checkpoints {
        checkpoints(self.folder.join("checkpoints"))
    }

    /// What filling the cell has taken so far, with the batches that a cut made it train on twice.
    pub(super) fn cpu_seconds(&self) -> f64 {
        self.before + cpu_seconds() - self.began
    }

    /// Deletes the folder: the cell is filled.
    pub(super) fn delete(self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot delete {}", self.folder.display()))
    }
}

const CPU_SECONDS: &str = "cpu_seconds";

impl Observer for Storage {
    fn batch_end(&mut self, _: &BatchEnd) {
        // A time that is not stored makes one number of the line too low, and is no reason to end an hour's work.
        let spent = self.cpu_seconds().to_string();
        write_beside(&self.folder.join(CPU_SECONDS), spent.as_bytes()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::Column;
    use super::*;

    #[test]
    fn the_time_of_a_run_that_was_cut_is_counted() -> anyhow::Result<()> {
        let work = std::env::temp_dir().join(format!("ulmfit_cell_{}", std::process::id()));
        let cell = Cell {
            column: Column::Scratch,
            labels: 100,
            seed: 3,
        };
        let mut cut = Storage::open(&work, &cell)?;
        cut.before = 90.5;
        cut.batch_end(&BatchEnd {
            epoch: 1,
            batch: 1,
            batches: 2,
            tokens: 10,
            loss: 0.5,
            rate: 0.01,
            momentum: 0.8,
        });
        let again = Storage::open(&work, &cell)?;
        assert!(again.before >= 90.5 && again.cpu_seconds() >= again.before);
        fs::write(again.folder.join(CPU_SECONDS), "no number")?;
        assert!(Storage::open(&work, &cell).is_err());
        again.delete()?;
        assert!(Storage::open(&work, &cell)?.before == 0.0);
        fs::remove_dir_all(&work)?;
        Ok(())
    }
}
