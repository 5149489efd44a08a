//! The Large Movie Review data set (Maas et al. 2011) as published: one file per review, unpacked or in its archive.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::review_set::{ReviewSet, unknown};
use crate::decode::decode_file;
use crate::open::{io_error, list, open, read};
use crate::{Corpus, Document, Label, Result};

/// The classes, sorted; unlabeled reviews lie in a folder beside theirs.
const CLASSES: [&str; 2] = ["neg", "pos"];
const UNLABELED: &str = "unsup";

/// Whether `folder` is `aclImdb` itself.
pub(super) fn is_folder(folder: &Path) -> bool {
    CLASSES
        .iter()
        .all(|class| folder.join("train").join(class).is_dir())
}

/// The set in the folder `aclImdb`.
pub(super) fn open_folder(folder: &Path) -> Result<ReviewSet> {
    let mut reviews = Vec::new();
    for part in [Part::Train, Part::Test] {
        for class in CLASSES.into_iter().chain([UNLABELED]) {
            let class_folder = folder.join(part.folder()).join(class);
            if !class_folder.is_dir() {
                continue;
            }
            for path in list(&class_folder)? {
                if let Some((part, class, name)) = place(&path) {
                    reviews.push(Review {
                        part,
                        class,
                        name,
                        text: decode_file(read(&path)?, &path)?,
                    });
                }
            }
        }
    }
    assemble(reviews, folder)
}

/// The set in the archive, in one pass over it.
pub(super) fn open_archive(path: &Path) -> Result<ReviewSet> {
    let mut reviews = Vec::new();
    let mut archive = tar::Archive::new(open(path)?);
    let failed = |e| io_error("read", path, e);
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let inner = entry.path().map_err(failed)?.into_owned();
        // Links and sparse files do not occur in the published archive; a forged one could claim any size.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if let Some((part, class, name)) = place(&inner) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            reviews.push(Review {
                part,
                class,
                name,
                text: decode_file(bytes, &path.join(&inner))?,
            });
        }
    }
    assemble(reviews, path)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Train,
    Test,
}

impl Part {
    fn folder(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

struct Review {
    part: Part,
    /// `None` for the unlabeled ones.
    class: Option<u32>,
    name: PathBuf,
    text: String,
}

/// Where a review belongs by the end of its path, `<part>/<class>/<name>.txt`; `None` for anything else.
fn place(path: &Path) -> Option<(Part, Option<u32>, PathBuf)> {
    let mut from_end = path.components().rev().map(|c| match c {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let (name, class, part) = (from_end.next()??, from_end.next()??, from_end.next()??);
    if name.starts_with('.') || !name.ends_with(".txt") {
        return None;
    }
    let part = [Part::Train, Part::Test]
        .into_iter()
        .find(|p| p.folder() == part)?;
    let label = CLASSES
        .iter()
        .zip(0..)
        .find_map(|(known, label)| (*known == class).then_some(label));
    if label.is_none() && class != UNLABELED {
        return None;
    }
    Some((part, label, PathBuf::from(name)))
}

/// The parts, each by class and file name: archives list their entries in any order.
fn assemble(mut reviews: Vec<Review>, path: &Path) -> Result<ReviewSet> {
    reviews.sort_by(|a, b| (a.part, a.class, &a.name).cmp(&(b.part, b.class, &b.name)));
    let (mut train, mut test, mut unlabeled) = (Vec::new(), Vec::new(), Vec::new());
    for review in reviews {
        let documents = match (review.class, review.part) {
            (None, _) => &mut unlabeled,
            (Some(_), Part::Train) => &mut train,
            (Some(_), Part::Test) => &mut test,
        };
        documents.push(Document {
            text: review.text,
            label: review.class.map(Label::Class),
        });
    }
    if train.is_empty() {
        return Err(unknown(
            path,
            "no review under `train/neg` or `train/pos`".into(),
        ));
    }
    let corpus = |documents| Corpus::new(documents, CLASSES.map(str::to_owned).to_vec());
    let optional = |documents: Vec<Document>| {
        (!documents.is_empty())
            .then(|| corpus(documents))
            .transpose()
    };
    Ok(ReviewSet {
        train: corpus(train)?,
        test: optional(test)?,
        unlabeled: optional(unlabeled)?,
    })
}
