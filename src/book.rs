//! The README and the pages of the book: their Rust blocks are documentation tests of this package.
//!
//! A page with a Rust block needs a line here; `tests/docs` asks that none is missing.

/// A module for each page, whose documentation is the page.
macro_rules! pages {
    ($($name:ident: $file:literal,)*) => {
        $(
            #[doc = include_str!($file)]
            mod $name {}
        )*
    };
}

pages! {
    readme: "../README.md",
    tour: "../docs/tour.md",
    tokenize: "../docs/tokenize.md",
    pretrain: "../docs/pretrain.md",
    english: "../docs/english.md",
    finetune: "../docs/finetune.md",
    classifier: "../docs/classifier.md",
    predict: "../docs/predict.md",
    generate: "../docs/generate.md",
    serve: "../docs/serve.md",
    recipes: "../docs/recipes.md",
    training: "../docs/training.md",
    languages: "../docs/languages.md",
    linear: "../docs/linear.md",
}
