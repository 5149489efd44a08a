//! A function that looks at the model after each epoch.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use super::{EpochEnd, Observer};
use crate::error::Result;

/// Calls a function with the model of each epoch: to sample text, to save it, to look at its weights. Models of another
/// type are passed by, so that a run of several steps may have one for each.
///
/// ```
/// use ulmfit_model::{Generator, LanguageModel, Sampling, TextEncoding, TextLanguageModel};
/// use ulmfit_train::Run;
/// use ulmfit_train::observe::{EachEpoch, EpochEnd};
/// # use ulmfit_text::{TokenizerConfig, VocabConfig};
///
/// # let tokens = TokenizerConfig::new().init().tokenize_all(&["the film"]);
/// # let text = TextEncoding::new(TokenizerConfig::new(), VocabConfig::new().with_min_freq(1).build(&tokens));
/// // A sentence after each epoch, of a model whose text encoding is `text`.
/// let mut sample = EachEpoch::new(move |epoch: &EpochEnd, model: &LanguageModel| {
///     let model = TextLanguageModel::new(text.clone(), model.clone())?.valid();
///     let written = Generator::new(&model).generate("the", 20, &Sampling::default(), 0);
///     println!("epoch {}: {written}", epoch.epoch);
///     Ok(())
/// });
/// let run = Run::new(&mut sample);
/// # let _ = run;
/// ```
pub struct EachEpoch<M, F> {
    work: F,
    model: PhantomData<fn(&M)>,
}

impl<M, F> EachEpoch<M, F>
where
    M: 'static,
    F: FnMut(&EpochEnd, &M) -> Result<()>,
{
    /// An observer that calls `work`; an error of it ends the run.
    pub fn new(work: F) -> Self {
        let model = PhantomData;
        Self { work, model }
    }
}

impl<M, F> fmt::Debug for EachEpoch<M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EachEpoch")
    }
}

impl<M, F> Observer for EachEpoch<M, F>
where
    M: 'static,
    F: FnMut(&EpochEnd, &M) -> Result<()>,
{
    fn epoch_model(&mut self, epoch: &EpochEnd, model: &dyn Any) -> Result<()> {
        match model.downcast_ref() {
            Some(model) => (self.work)(epoch, model),
            None => Ok(()),
        }
    }
}
