//! A weight file of any generation, open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::container;
use super::fault::Fault;
use super::names::{Generation, Layout, WeightsKind};
use super::tensor::StoredTensor;
use crate::error::{Error, Result};

/// The named tensors of a weight file of fastai, of PyTorch's zip or older pickle format or in safetensors format.
///
/// Only what describes the tensors is read at first. A pickle is parsed and never run: a file with anything else than
/// tensors is refused by the name of what it asks for.
///
/// ```no_run
/// use ulmfit_model::import::FastaiWeights;
///
/// let weights = FastaiWeights::open("lstm_wt103.pth")?;
/// println!("{} of {}", weights.kind(), weights.generation());
/// for name in weights.names() {
///     println!("{name} {:?}", weights.shape(name));
/// }
/// # Ok::<(), ulmfit_model::Error>(())
/// ```
pub struct FastaiWeights {
    path: PathBuf,
    file: Vec<u8>,
    pub(super) tensors: BTreeMap<String, StoredTensor>,
    pub(super) layout: Layout,
}

impl FastaiWeights {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::ModelFile`] with the part of the file, what was expected and what was found.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(Error::unread(path))?;
        Self::parse(file, path).map_err(|fault| fault.at(path))
    }

    fn parse(file: Vec<u8>, path: &Path) -> Result<Self, Fault> {
        let tensors = container::tensors(&file)?;
        let names: Vec<&str> = tensors.keys().map(String::as_str).collect();
        Ok(Self {
            layout: Layout::of(&names)?,
            path: path.to_owned(),
            file,
            tensors,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file holds, by the names in it.
    pub fn kind(&self) -> WeightsKind {
        self.layout.kind
    }

    /// The generation that saved it, by the names in it.
    pub fn generation(&self) -> Generation {
        self.layout.generation
    }

    /// All names, in alphabetic order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether a name begins so.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        let mut from = self.tensors.range(prefix.to_owned()..);
        from.next()
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// The sizes of a tensor; none if there is no such tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(name)?.shape)
    }

    /// The elements of a tensor in row-major order, as near as `f32` has them; none if there is no such tensor.
    pub fn values(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.tensors.get(name)?.values(&self.file))
    }
}

/// Without the file's bytes.
impl std::fmt::Debug for FastaiWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FastaiWeights")
            .field("path", &self.path)
            .field("layout", &self.layout)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}
