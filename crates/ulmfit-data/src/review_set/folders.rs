//! Data sets of one file per document: `train/<class>/…` and the like, unpacked or in the archive of the Large Movie
//! Review data set (Maas et al. 2011).

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{ReviewSet, unknown};
use crate::classes::sorted_classes;
use crate::corpus::Corpus;
use crate::document::{Document, Place};
use crate::formats::{all_files, class_name, decode, whole_text};
use crate::input::{file_name, io_error, list, open};
use crate::labels::Label;
use crate::report::ReadReport;
use crate::{Error, Result};

/// Names of the part to score on, the most fitting first.
const TESTS: [&str; 5] = ["test", "valid", "validation", "val", "dev"];
const TRAIN: &str = "train";
/// Unlabeled documents lie beside the classes, or beside the parts.
const UNLABELED: &str = "unsup";
/// The classes of the archive.
const CLASSES: [&str; 2] = ["neg", "pos"];

/// Whether a folder holds a folder `train` with folders of classes in it.
pub(super) fn is_set(folder: &Path) -> bool {
    let train = folder.join(TRAIN);
    train.is_dir() && list(&train).is_ok_and(|inner| inner.iter().any(|path| path.is_dir()))
}

/// The set in a folder.
pub(super) fn open_folder(folder: &Path) -> Result<ReviewSet> {
    let mut set = Parts::default();
    let tests: Vec<&str> = TESTS
        .into_iter()
        .filter(|name| folder.join(name).is_dir())
        .collect();
    for (name, part) in [(TRAIN, Part::Train)]
        .into_iter()
        .chain(tests.first().map(|name| (*name, Part::Test)))
    {
        for path in list(&folder.join(name))? {
            if !path.is_dir() {
                set.report.left_out.push(path.display().to_string());
                continue;
            }
            let class = class_name(&path)?;
            set.read_folder(&path, part, Some(class).filter(|class| class != UNLABELED))?;
        }
    }
    let unlabeled = folder.join(UNLABELED);
    if unlabeled.is_dir() {
        set.read_folder(&unlabeled, Part::Train, None)?;
    }
    let others = tests
        .iter()
        .skip(1)
        .map(|name| format!("the folder {}", folder.join(name).display()));
    set.report.left_out.extend(others);
    set.finish(folder)
}

/// The set in the archive, in one pass over it.
pub(super) fn open_archive(path: &Path) -> Result<ReviewSet> {
    let mut set = Parts::default();
    let mut archive = tar::Archive::new(open(path)?);
    let failed = |e| io_error("read", path, e);
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let inner = entry.path().map_err(failed)?.into_owned();
        // Links and sparse files do not occur in the published archive; a forged one could claim any size.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if let Some((part, class)) = place(&inner) {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).map_err(failed)?;
            let file = path.join(&inner);
            let text = decode(bytes, &file)?;
            set.add(text, part, class, file);
        }
    }
    set.finish(path)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Train,
    Test,
}

/// Where a review belongs by the end of its path, `<part>/<class>/<name>.txt`; `None` for anything else.
fn place(path: &Path) -> Option<(Part, Option<String>)> {
    let mut from_end = path.components().rev().map(|c| match c {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let (name, class, part) = (from_end.next()??, from_end.next()??, from_end.next()??);
    if name.starts_with('.') || !name.ends_with(".txt") {
        return None;
    }
    let part = match part {
        TRAIN => Part::Train,
        "test" => Part::Test,
        _ => return None,
    };
    match class {
        UNLABELED => Some((part, None)),
        class if CLASSES.contains(&class) => Some((part, Some(class.to_owned()))),
        _ => None,
    }
}

/// The documents of a set in the making.
#[derive(Default)]
struct Parts {
    documents: Vec<Read>,
    report: ReadReport,
}

struct Read {
    part: Part,
    /// None for an unlabeled one.
    class: Option<String>,
    file: PathBuf,
    text: String,
}

impl Parts {
    fn read_folder(&mut self, folder: &Path, part: Part, class: Option<String>) -> Result<()> {
        for file in all_files(folder)? {
            let text = whole_text(&file)?;
            self.add(text, part, class.clone(), file);
        }
        Ok(())
    }

    fn add(&mut self, text: String, part: Part, class: Option<String>, file: PathBuf) {
        self.report.files += 1;
        self.report.rows += 1;
        self.report.documents += 1;
        self.report.empty_texts += usize::from(text.trim().is_empty());
        self.report.unlabeled += usize::from(class.is_none());
        self.documents.push(Read {
            part,
            class,
            file,
            text,
        });
    }

    /// The parts, each by class and file name: archives list their entries in any order.
    fn finish(self, path: &Path) -> Result<ReviewSet> {
        let Self {
            mut documents,
            report,
        } = self;
        let of_train = documents.iter().filter(|read| read.part == Part::Train);
        let classes = sorted_classes(of_train.filter_map(|read| read.class.as_deref()));
        if classes.is_empty() {
            return Err(unknown(path, "no document under `train/<class>`".into()));
        }
        let mut all = Vec::with_capacity(documents.len());
        for read in documents.drain(..) {
            let number = |class: &String| {
                let known = classes.iter().position(|known| known == class);
                known.ok_or_else(|| Error::UnknownLabel {
                    at: read.file.display().to_string(),
                    found: class.clone(),
                    classes: crate::error::quoted(&classes),
                })
            };
            let class = read.class.as_ref().map(number).transpose()?;
            all.push((class, read));
        }
        // An unlabeled document has no part.
        all.sort_by(|(a, x), (b, y)| {
            (x.part, a, file_name(&x.file), &x.file).cmp(&(y.part, b, file_name(&y.file), &y.file))
        });
        let corpus = |wanted: &dyn Fn(Option<usize>, Part) -> bool| {
            let chosen = all.iter().filter(|(class, read)| wanted(*class, read.part));
            let document = |(class, read): &(Option<usize>, Read)| Document {
                text: read.text.clone(),
                label: class.map(|class| Label::SingleLabel(class as u32)),
            };
            let documents: Vec<Document> = chosen.clone().map(document).collect();
            let places = chosen.map(|(_, read)| Place::new(&Arc::from(read.file.as_path()), 1));
            let places = places.collect();
            Ok(Corpus::new(documents, classes.clone())?.with_places(places))
        };
        let optional = |corpus: Corpus| (!corpus.is_empty()).then_some(corpus);
        Ok(ReviewSet {
            train: corpus(&|class, part| class.is_some() && part == Part::Train)?,
            test: optional(corpus(&|class, part| {
                class.is_some() && part == Part::Test
            })?),
            unlabeled: optional(corpus(&|class, _| class.is_none())?),
            report,
        })
    }
}
