//! What can go wrong with a request, with a reload and with the server.

/// An error of this crate. Every message says what was expected, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model could not be read, or its parts do not fit together.
    #[error(transparent)]
    Model(#[from] ulmfit_model::Error),
    /// A setting has a value that no service can have.
    #[error("setting `{field}`: expected {expected}, found {found}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        found: String,
    },
    /// There is no room for the texts of a request now.
    #[error(
        "the queue: expected room for {texts} texts, found {queued} of {capacity} places taken; try again in a second"
    )]
    Busy {
        /// The texts of the request.
        texts: usize,
        /// The texts that wait.
        queued: usize,
        /// The texts that may wait.
        capacity: usize,
    },
    /// A request has more texts than the queue has places.
    #[error("texts: expected at most {capacity} in a request, found {texts}; send them in parts")]
    TooManyTexts {
        /// The texts of the request.
        texts: usize,
        /// The texts that may wait.
        capacity: usize,
    },
    /// A request has more tokens than one may have.
    #[error(
        "tokens: expected at most {limit} in a request, found {tokens} or more; send less text"
    )]
    TooManyTokens {
        /// The tokens that were counted until there were too many.
        tokens: usize,
        /// The tokens that a request may have.
        limit: usize,
    },
    /// The weights of words were asked of a model that has none.
    #[error(
        "words: expected a model of classes, found a regression, whose words have no weights; ask without them"
    )]
    NoWords,
    /// The request's deadline passed before it was answered, or nobody waited for it any more.
    #[error("deadline: expected an answer in time, found it passed; try again, or allow more time")]
    Late,
    /// The model panicked on a text of the request: a fault of this library.
    #[error(
        "prediction: expected numbers, found a panic ({0}); the service goes on; please report it with the text"
    )]
    Panic(String),
    /// The model was not read from files, so that there is nothing to read again.
    #[error(
        "reload: expected a model of files, found one made in memory; use `Service::replace` instead"
    )]
    NoFiles,
    /// The system refused a thread, an address or a file.
    #[error("{what}: {source}; {remedy}")]
    Io {
        /// What was wanted.
        what: String,
        /// The system's reason.
        source: std::io::Error,
        /// What to do.
        remedy: &'static str,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
