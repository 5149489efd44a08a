//! Where documents come from: read one at a time and as often as needed, or all at once into a [`Corpus`].

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::formats::{csv_corpus, folder, jsonl, plain_text};
use crate::label_kind::LabelField;
use crate::open::{bytes_of, list};
use crate::{Corpus, CsvColumns, LabelKind, Result, TextUnit};

/// One text and its label as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    /// The raw text.
    pub text: String,
    /// The label's text: for most the name of a class, see [`LabelKind`].
    pub label: Option<String>,
    /// Where it begins in its file: a line from 1, or a row; for messages.
    pub line: u64,
}

/// Documents, one at a time. Nothing follows an error.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<RawDocument>> + Send + 'a>;

/// Anything that yields documents, in the same order whenever it is asked.
///
/// [`Source`] reads files this way, [`Corpus`] holds its documents; implement it for a data base or a format of your own,
/// and [`count_tokens`](crate::count_tokens) and [`TokenStore`](crate::TokenStore) work on it.
///
/// ```
/// use ulmfit_data::{Corpus, Document, DocumentSource};
/// let corpus = Corpus::new(vec![Document::labeled("fine", 0)], vec!["pos".into()])?;
/// let first = corpus.documents_iter()?.next().unwrap()?;
/// assert_eq!((first.text.as_str(), first.label.as_deref()), ("fine", Some("pos")));
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
pub trait DocumentSource: Sync {
    /// The documents from the first one on.
    ///
    /// # Errors
    /// If the source cannot be opened.
    fn documents_iter(&self) -> Result<Documents<'_>>;

    /// A digest of everything the documents follow from: equal contents may have different fingerprints, different
    /// contents never have equal ones.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn fingerprint(&self) -> Result<[u8; 32]>;

    /// The names of the classes where they are known beforehand. Default: unknown, the distinct labels are taken.
    fn class_names(&self) -> Option<&[String]> {
        None
    }
}

/// Documents in a file or folder. A name that ends in `.gz` or `.zst` is decompressed while it is read.
///
/// ```no_run
/// use ulmfit_data::{CsvColumns, Source};
/// let reviews = Source::csv("reviews.csv.zst", CsvColumns::new("text").with_label("label"));
/// let corpus = reviews.corpus()?; // or, of any size: TokenStore::create(path, &reviews, ...)
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    format: Format,
    labels: LabelKind,
}

/// The registry of formats. Each is a file in `formats` with a function that opens its documents.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Csv(CsvColumns),
    Jsonl {
        text: String,
        label: Option<String>,
    },
    Text(TextUnit),
    Folder,
    #[cfg(feature = "parquet")]
    Parquet {
        text: String,
        label: Option<String>,
    },
}

impl Source {
    /// A CSV or TSV file.
    pub fn csv(path: impl Into<PathBuf>, columns: CsvColumns) -> Self {
        let labels = columns.labels.clone();
        Self::new(path, Format::Csv(columns)).with_label_kind(labels)
    }

    /// A file with one JSON object per line.
    pub fn jsonl(path: impl Into<PathBuf>, text: &str, label: Option<&str>) -> Self {
        let (text, label) = (text.to_owned(), label.map(str::to_owned));
        Self::new(path, Format::Jsonl { text, label })
    }

    /// A file of plain text, or all files of a folder, sorted by name.
    pub fn text(path: impl Into<PathBuf>, unit: TextUnit) -> Self {
        Self::new(path, Format::Text(unit))
    }

    /// A folder with one folder for each class and one file for each document.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::new(path, Format::Folder)
    }

    /// A Parquet file with a text column and perhaps a label column. Needs the feature `parquet`.
    #[cfg(feature = "parquet")]
    pub fn parquet(path: impl Into<PathBuf>, text: &str, label: Option<&str>) -> Self {
        let (text, label) = (text.to_owned(), label.map(str::to_owned));
        Self::new(path, Format::Parquet { text, label })
    }

    /// With labels of this kind; without it each is one class.
    ///
    /// ```no_run
    /// use ulmfit_data::{LabelKind, Source};
    /// let posts = Source::jsonl("posts.jsonl", "text", Some("tags")).with_label_kind(LabelKind::set(";"));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    #[must_use]
    pub fn with_label_kind(mut self, kind: LabelKind) -> Self {
        if let Format::Csv(columns) = &mut self.format {
            columns.labels = kind.clone();
        }
        self.labels = kind;
        self
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All documents in memory, their labels numbered.
    ///
    /// # Errors
    /// As the documents; if a label is not among the classes that were given, or not of the kind; the message names the
    /// line.
    pub fn corpus(&self) -> Result<Corpus> {
        let documents = self.documents_iter()?.collect::<Result<Vec<_>>>()?;
        let field = LabelField {
            kind: &self.labels,
            classes: self.class_names(),
            name: self.label_name(),
            file: &self.path,
        };
        field.corpus(documents)
    }

    /// What the file calls the label, where it has a name.
    fn label_name(&self) -> Option<&str> {
        match &self.format {
            Format::Csv(columns) => columns.label_name(),
            Format::Jsonl { label, .. } => label.as_deref(),
            Format::Text(_) | Format::Folder => None,
            #[cfg(feature = "parquet")]
            Format::Parquet { label, .. } => label.as_deref(),
        }
    }

    fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self {
            path: path.into(),
            format,
            labels: LabelKind::default(),
        }
    }
}

impl DocumentSource for Source {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let path = &self.path;
        match &self.format {
            Format::Csv(columns) => csv_corpus::documents(path, columns),
            Format::Jsonl { text, label } => {
                jsonl::documents(path, text, label.as_deref(), &self.labels)
            }
            Format::Text(unit) => plain_text::documents(path, *unit),
            Format::Folder => folder::documents(path),
            #[cfg(feature = "parquet")]
            Format::Parquet { text, label } => {
                crate::formats::parquet::documents(path, text, label.as_deref())
            }
        }
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        digest.bytes(format!("{:?}", self.format).as_bytes());
        digest_files(&self.path, &mut digest)?;
        Ok(digest.finish())
    }

    fn class_names(&self) -> Option<&[String]> {
        match &self.format {
            Format::Csv(columns) => columns.classes(),
            _ => None,
        }
    }
}

impl DocumentSource for Corpus {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let raw = |(line, document): (u64, &crate::Document)| {
            let class = document.label.as_ref().and_then(crate::Label::class);
            Ok(RawDocument {
                text: document.text.clone(),
                label: class.map(|class| self.classes()[class as usize].clone()),
                line,
            })
        };
        Ok(Box::new((1..).zip(self.documents()).map(raw)))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for class in self.classes() {
            digest.part(class.as_bytes());
        }
        for document in self.documents() {
            digest.part(document.text.as_bytes());
            match &document.label {
                None => digest.part(&u64::MAX.to_le_bytes()),
                Some(label) => label.digest(|bytes| digest.part(bytes)),
            }
        }
        Ok(digest.finish())
    }

    fn class_names(&self) -> Option<&[String]> {
        Some(self.classes())
    }
}

/// Texts that are in memory already, without labels.
impl<S: AsRef<str> + Sync> DocumentSource for Vec<S> {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let raw = |(line, text): (u64, &S)| {
            Ok(RawDocument {
                text: text.as_ref().to_owned(),
                label: None,
                line,
            })
        };
        Ok(Box::new((1..).zip(self).map(raw)))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for text in self {
            digest.part(text.as_ref().as_bytes());
        }
        Ok(digest.finish())
    }
}

/// Documents from a function that returns the next one, until it fails or has none.
pub(crate) fn until_error<'a>(
    next: impl FnMut() -> Result<Option<RawDocument>> + Send + 'a,
) -> Documents<'a> {
    let mut next = Some(next);
    Box::new(std::iter::from_fn(move || {
        let item = next.as_mut()?().transpose();
        if !matches!(item, Some(Ok(_))) {
            next = None;
        }
        item
    }))
}

/// The names and bytes, as they are on the disk, of a file or of all files of a folder.
fn digest_files(path: &Path, digest: &mut Digest) -> Result<()> {
    if path.is_dir() {
        for inner in list(path)? {
            digest.bytes(inner.file_name().unwrap_or_default().as_encoded_bytes());
            digest.bytes(&[0]);
            digest_files(&inner, digest)?;
        }
        return Ok(());
    }
    let mut length = 0;
    bytes_of(path, |bytes| {
        length += bytes.len() as u64;
        digest.bytes(bytes);
    })?;
    digest.number(length);
    Ok(())
}
