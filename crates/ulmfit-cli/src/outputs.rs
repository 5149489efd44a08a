//! The files that a verb writes: checked before the work, written beside their places, put there together.
//!
//! * Only a regular file or nothing is replaced: never a link, a device, a pipe or a folder.
//! * No output is an input of the same run, or the file of another output, under whatever name.
//! * The files of a verb are put in place when all of them are whole; until then those that were there stay.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::{TempDir, TempPath};

/// The files that a verb reads and writes.
#[derive(Debug)]
pub(crate) struct Outputs {
    force: bool,
    inputs: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Outputs {
    /// No files yet; with `force` those that are there may be replaced.
    pub(crate) fn new(force: bool) -> Self {
        Self {
            force,
            inputs: Vec::new(),
            files: Vec::new(),
        }
    }

    /// With further files and folders that are read.
    pub(crate) fn reading<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned());
        self.inputs.extend(paths);
        self
    }

    /// With further files that are written.
    pub(crate) fn writing<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned());
        self.files.extend(paths);
        self
    }

    /// Refuses what would only come to light, or be lost, after hours.
    ///
    /// # Errors
    /// For the first file that cannot be put in its place, with the reason and what to do.
    pub(crate) fn check(self) -> anyhow::Result<Self> {
        let mut before: Vec<Identity> = Vec::new();
        for file in &self.files {
            // First what --force does not allow either.
            if let Ok(identity) = Identity::of(file) {
                self.check_against_inputs(file, &identity)?;
            }
            self.check_place(file)?;
            let identity = Identity::of(file).with_context(|| unwritable(file))?;
            if before.contains(&identity) {
                bail!(
                    "{}: expected a file for each result, found one twice; name another",
                    file.display()
                );
            }
            before.push(identity);
        }
        Ok(self)
    }

    /// Whether a path is that of a file which is written or read.
    pub(crate) fn names(&self, path: &Path) -> bool {
        let Ok(wanted) = Identity::of(path) else {
            return false;
        };
        let all = self.files.iter().chain(&self.inputs);
        all.filter_map(|other| Identity::of(other).ok())
            .any(|other| other == wanted)
    }

    /// Whether a regular file may go where `file` says.
    fn check_place(&self, file: &Path) -> anyhow::Result<()> {
        let shown = file.display();
        let probe = match folder_of(file) {
            Some(folder) if !ends_with_separator(file) => folder_beside(folder),
            _ => bail!("{shown}: expected the name of a file, found that of a folder; name a file"),
        };
        let probe = probe.map_err(|error| anyhow::anyhow!(unwritable_because(file, &error)))?;
        let found = match fs::symlink_metadata(file) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => bail!(unwritable_because(file, &error)),
        };
        if !found.is_file() {
            let target = fs::read_link(file).map(|target| format!(" to {}", target.display()));
            bail!(
                "{shown}: expected a regular file or nothing, found {}{}; nothing else is replaced: name a file",
                kind_of(found.file_type()),
                target.unwrap_or_default()
            );
        }
        if !self.force {
            bail!("expected no file at {shown}, found one; name another or pass --force");
        }
        if !may_replace(&found, file, probe.path()) {
            bail!(
                "cannot write {shown}: it is another user's, in a folder where only the owner may replace it; name \
                 another"
            );
        }
        Ok(())
    }

    fn check_against_inputs(&self, file: &Path, identity: &Identity) -> anyhow::Result<()> {
        for input in &self.inputs {
            let Ok(read) = Identity::of(input) else {
                // It is not there: whoever reads it says so.
                continue;
            };
            if read == *identity {
                bail!(
                    "{}: expected a new file, found the one that is read ({}); choose another",
                    file.display(),
                    input.display()
                );
            }
            if input.is_dir() && lies_in(file, input) && !is_made_here(file) {
                bail!(
                    "{}: expected a new file, found one of the folder that is read ({}); choose another",
                    file.display(),
                    input.display()
                );
            }
        }
        Ok(())
    }

    /// Places beside the files, to write them to.
    ///
    /// # Errors
    /// If a folder cannot be made beside one.
    pub(crate) fn stage(self) -> anyhow::Result<Staged> {
        let mut files = Vec::new();
        for target in &self.files {
            let folder = folder_of(target).unwrap_or(Path::new("."));
            let folder = folder_beside(folder);
            let folder =
                folder.map_err(|error| anyhow::anyhow!(unwritable_because(target, &error)))?;
            // In a folder below, so that it may have its own name, which messages tell.
            let below = folder.path().join("new");
            fs::create_dir(&below).with_context(|| unwritable(target))?;
            files.push(StagedFile {
                place: below.join(target.file_name().unwrap_or_default()),
                folder,
                target: target.clone(),
            });
        }
        Ok(Staged {
            outputs: self,
            files,
        })
    }
}

/// Files that are being written; dropped without [`commit`](Self::commit), they leave nothing behind.
#[derive(Debug)]
pub(crate) struct Staged {
    outputs: Outputs,
    files: Vec<StagedFile>,
}

#[derive(Debug)]
struct StagedFile {
    /// A folder of its own, so that no name is too long and no one else's link is in the way.
    folder: TempDir,
    place: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// Writes one of the files, by a function that is given the place to write to.
    ///
    /// # Errors
    /// Those of `write`, with the name of the file that the user gave.
    pub(crate) fn write<E: Into<anyhow::Error>>(
        &self,
        target: &Path,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> anyhow::Result<()> {
        let staged = self.files.iter().find(|file| file.target == target);
        let staged = staged.with_context(|| format!("{} is no output", target.display()))?;
        write(&staged.place)
            .map_err(Into::into)
            .with_context(|| format!("cannot write {}; nothing was replaced", target.display()))
    }

    /// Puts all files in place.
    ///
    /// # Errors
    /// If one of them cannot be: what has come into its place since it was checked, or the system's reason. The files
    /// that were there are then there again.
    pub(crate) fn commit(self) -> anyhow::Result<()> {
        // What was true hours ago need not be now.
        for file in &self.files {
            self.outputs.check_place(&file.target)?;
        }
        for (done, file) in self.files.iter().enumerate() {
            if let Err(error) = file.put(self.outputs.force) {
                self.files[..done].iter().for_each(StagedFile::take_back);
                bail!(unwritable_because(&file.target, &error));
            }
        }
        for file in &self.files {
            // The new name is part of the folder. Where a folder cannot be synced, the system keeps it safe itself.
            if let Ok(folder) = File::open(folder_of(&file.target).unwrap_or(Path::new("."))) {
                let _ = folder.sync_all();
            }
        }
        Ok(())
    }
}

impl StagedFile {
    /// Where the file that was there is kept until all files are in place.
    fn old(&self) -> PathBuf {
        self.folder.path().join("old")
    }

    fn put(&self, replace: bool) -> io::Result<()> {
        if !replace {
            let placed = TempPath::try_from_path(&self.place)?;
            let placed = placed.persist_noclobber(&self.target);
            return placed.map_err(|error| error.error);
        }
        if self.target.exists() {
            // Not every file system has links, and not every user may make one.
            fs::hard_link(&self.target, self.old())
                .or_else(|_| fs::copy(&self.target, self.old()).map(drop))?;
        }
        fs::rename(&self.place, &self.target)
    }

    fn take_back(&self) {
        // The reason why not all are in place is the one to report.
        let _ = match self.old().exists() {
            true => fs::rename(self.old(), &self.target),
            false => fs::remove_file(&self.target),
        };
    }
}

/// What a path leads to, whatever it is called.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Device and inode.
    #[cfg(unix)]
    File(u64, u64),
    /// The name in a folder without links.
    Name(PathBuf),
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) => Self::of_existing(path, &found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = fs::canonicalize(folder_of(path).unwrap_or(Path::new(".")))?;
                let mut name = path.file_name().unwrap_or_default().to_owned();
                if cfg!(any(windows, target_os = "macos")) {
                    // One file, however it is spelled.
                    name = name.to_string_lossy().to_lowercase().into();
                }
                Ok(Self::Name(folder.join(name)))
            }
            Err(error) => Err(error),
        }
    }

    #[cfg(unix)]
    fn of_existing(_: &Path, found: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(Self::File(found.dev(), found.ino()))
    }

    #[cfg(not(unix))]
    fn of_existing(path: &Path, _: &Metadata) -> io::Result<Self> {
        fs::canonicalize(path).map(Self::Name)
    }
}

/// The folder that a file is named in; none for a path that names no file.
fn folder_of(file: &Path) -> Option<&Path> {
    file.file_name()?;
    let folder = file.parent()?;
    Some(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })
}

fn ends_with_separator(file: &Path) -> bool {
    let bytes = file.as_os_str().as_encoded_bytes();
    bytes
        .last()
        .is_some_and(|last| std::path::is_separator(char::from(*last)))
}

/// A new folder in `folder`, with a name that no one can guess.
fn folder_beside(folder: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(".ulmfit-")
        .tempdir_in(folder)
        .map_err(|error| {
            // The name that could not be made says nothing to the user; the system's own words do.
            let inner = error.get_ref().and_then(|inner| inner.source());
            let inner = inner.and_then(|inner| inner.downcast_ref::<io::Error>());
            match inner.unwrap_or(&error).raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => error,
            }
        })
}

/// Whether a file that is there lies in a folder, however deep.
fn lies_in(file: &Path, folder: &Path) -> bool {
    let both = (fs::canonicalize(file), fs::canonicalize(folder));
    matches!(both, (Ok(file), Ok(folder)) if file.starts_with(&folder))
}

/// Whether a file has the name of one that only this command makes: no format of documents reads it.
fn is_made_here(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".safetensors") || name.ends_with(".report.html")
}

fn kind_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    match () {
        () if kind.is_symlink() => "a link",
        () if kind.is_dir() => "a folder",
        () => "something else",
    }
}

/// Whether this process may put another file in the place of `found`: in a sticky folder, such as /tmp, only the owner
/// of file or folder may.
#[cfg(unix)]
fn may_replace(found: &Metadata, file: &Path, probe: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const STICKY: u32 = 0o1000;
    let folder = folder_of(file).unwrap_or(Path::new("."));
    // Whoever made the probe is who this process is.
    let (Ok(folder), Ok(probe)) = (fs::metadata(folder), fs::metadata(probe)) else {
        return true;
    };
    let me = probe.uid();
    folder.mode() & STICKY == 0 || [0, found.uid(), folder.uid()].contains(&me)
}

#[cfg(not(unix))]
fn may_replace(_: &Metadata, _: &Path, _: &Path) -> bool {
    true
}

fn unwritable(file: &Path) -> String {
    format!("cannot write {}", file.display())
}

fn unwritable_because(file: &Path, error: &io::Error) -> String {
    format!(
        "cannot write {}: {error}; name a file in a folder that is there and that you may write",
        file.display()
    )
}
