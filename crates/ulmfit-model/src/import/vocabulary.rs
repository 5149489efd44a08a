//! Vocabulary files: a pickled list of any generation, or JSON.

use std::path::Path;

use ulmfit_text::Vocab;

use super::fault::{Fault, UNKNOWN};
use super::pickle::{Global, Id, Pickle};
use super::state_dict::unexpected;
use crate::error::{Error, Result};

/// Longest chain of lists in lists: a class map of a list is one.
const DEEPEST: usize = 4;

/// What a vocabulary file holds.
///
/// Read are Python's lists and tuples and fastcore's `L`, pickled, and a JSON list. fastai v2's classifiers have the
/// vocabulary and the classes in one list (`dls.vocab`); both are read from it.
///
/// ```no_run
/// use ulmfit_model::import::FastaiVocabulary;
/// let vocabulary = FastaiVocabulary::open("itos_wt103.pkl")?;
/// println!("{} tokens", vocabulary.vocab.len());
/// # Ok::<(), ulmfit_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FastaiVocabulary {
    /// The tokens, in the order of their ids.
    pub vocab: Vocab,
    /// The names of the classes, where the file has them.
    pub classes: Option<Vec<String>>,
}

impl FastaiVocabulary {
    /// Reads a file. A pickle is parsed and never run.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::ModelFile`] with the part of the file, what was expected and what was found.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(Error::unread(path))?;
        if file.first() == Some(&b'[') {
            let vocab = Vocab::load(path)?;
            let classes = None;
            return Ok(Self { vocab, classes });
        }
        Self::parse(&file).map_err(|fault| fault.at(path))
    }

    fn parse(file: &[u8]) -> Result<Self, Fault> {
        if file.first() != Some(&0x80) {
            return Err(Fault::new(
                "first bytes",
                "those of a pickle of protocol 2 to 5 or of a JSON list",
                format!("{:02x?}", &file[..file.len().min(4)]),
                "save the vocabulary with `pickle.dump(list(vocab), file)`",
            ));
        }
        let pickle = Pickle::read(file, 0)?;
        if let Some(global) = pickle.globals().iter().find(|global| !is_list(**global)) {
            return Err(Fault::new(
                "pickle",
                "only a list of tokens",
                format!("the global `{global}`"),
                UNKNOWN,
            ));
        }
        let root = items(&pickle, pickle.root())?;
        let (tokens, classes) = match root {
            [tokens, classes] if pickle.str(*tokens).is_none() => {
                (items(&pickle, *tokens)?, Some(items(&pickle, *classes)?))
            }
            tokens => (tokens, None),
        };
        let vocab = Vocab::from_tokens(strings(&pickle, tokens, file.len())?).map_err(|error| {
            let remedy = "take the vocabulary that the weights were trained with";
            Fault::new(
                "vocabulary",
                "a vocabulary of fastai",
                error.to_string(),
                remedy,
            )
        })?;
        let classes = classes.map(|classes| strings(&pickle, classes, file.len()));
        Ok(Self {
            vocab,
            classes: classes.transpose()?,
        })
    }
}

/// The classes whose state has a list under the key `items`.
fn is_list(global: Global<'_>) -> bool {
    matches!(
        (global.module, global.name),
        (
            "fastcore.foundation" | "fastcore.basics" | "fastai2.core.foundation",
            "L"
        ) | (
            "fastai.data.transforms" | "fastai2.data.transforms",
            "CategoryMap"
        )
    )
}

/// The items of a list of any class.
fn items<'p>(pickle: &'p Pickle<'_>, list: Id) -> Result<&'p [Id], Fault> {
    let mut inner = list;
    for _ in 0..DEEPEST {
        if let Some(items) = pickle.sequence(inner) {
            return Ok(items);
        }
        let Some((_, object)) = pickle.call(inner) else {
            break;
        };
        let state = object.state.and_then(|state| pickle.mapping(state));
        let mut state = state.into_iter().flatten();
        match state.find(|&(key, _)| pickle.str(key) == Some("items")) {
            Some((_, items)) => inner = items,
            None => break,
        }
    }
    Err(unexpected(pickle, "pickle", "a list of tokens", inner))
}

/// The texts of a list. They may refer to one long text many times, so their sum is held against the file's length.
fn strings(pickle: &Pickle<'_>, items: &[Id], length: usize) -> Result<Vec<String>, Fault> {
    let mut left = length.saturating_mul(8);
    let mut strings = Vec::with_capacity(items.len());
    for (id, &item) in items.iter().enumerate() {
        let part = format!("vocabulary entry {id}");
        let Some(text) = pickle.str(item) else {
            return Err(unexpected(pickle, &part, "a token", item));
        };
        left = left
            .checked_sub(text.len())
            .ok_or_else(|| Fault::damaged(part, "no more text than the file can hold", "more"))?;
        strings.push(text.to_owned());
    }
    Ok(strings)
}
