//! Linear models beside the LSTM: what it is to be better than, what is as good hundreds of times faster, and a second view
//! of the documents that labels them for it.
//!
//! * [`LinearPartner`]: fitted to the labels alone.
//! * [`Comparison`]: majority class, partner and model on the same documents, with intervals and a sentence.
//! * [`Student`]: taught by a model's probabilities on texts without labels.
//! * [`SelfTraining`]: labels for such texts, from a model by way of a partner.
//!
//! Solved here: the crates that fit logistic regression on sparse rows in Rust alone either have no L2 penalty that is solved
//! to convergence or want dense rows; liblinear's bindings are C++.

mod compare;
mod features;
mod matrix;
mod partner;
mod self_training;
mod solve;
mod student;
mod taught;

pub use compare::{Comparison, Difference, Standing};
pub use partner::{LinearPartner, PartnerKind};
pub use self_training::SelfTraining;
pub use student::Student;
