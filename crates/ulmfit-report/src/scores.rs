//! What a model scores on documents that it was not trained on, for each kind of label. Shares are from 0 to 1.

/// Scores on labeled documents.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// Each document is of one class.
    Classes(ClassScores),
    /// Each document is of any number of classes.
    Sets(SetScores),
    /// Each document has a number.
    Numbers(NumberScores),
}

/// Scores where each document is of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScores {
    /// The share of right predictions.
    pub accuracy: f64,
    /// The mean F1 of the classes.
    pub macro_f1: f64,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// The classes in order.
    pub classes: Vec<ClassRow>,
    /// Documents by true class and predicted class: `[classes][classes]`.
    pub confusion: Vec<Vec<u64>>,
    /// For every document the probability of the predicted class, and whether it is right.
    pub confidences: Vec<(f32, bool)>,
}

/// Scores where each document is of any number of classes; a class is predicted from a probability of 0.5.
#[derive(Clone, Debug, PartialEq)]
pub struct SetScores {
    /// Documents.
    pub documents: usize,
    /// F1 over all decisions, of every class for every document.
    pub f1: f64,
    /// The share of right decisions.
    pub accuracy: f64,
    /// The share of documents whose classes are all right, and no others.
    pub exact: f64,
    /// Mean binary cross-entropy in nats.
    pub loss: f64,
    /// The classes in order.
    pub classes: Vec<ClassRow>,
}

/// How well one class is found.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRow {
    /// The class.
    pub name: String,
    /// Of the documents that were said to be of it, those that are.
    pub precision: f64,
    /// Of its documents, those that were found.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// Its documents.
    pub support: u64,
}

/// Scores where each document has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberScores {
    /// What the number is.
    pub name: String,
    /// The share of the variance that is explained; below 0 the mean of the labels would be the better prediction.
    pub r2: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The mean squared error.
    pub loss: f64,
    /// For every document the number of its label and the predicted one.
    pub pairs: Vec<(f64, f64)>,
    /// The predictions that are furthest off, the worst first.
    pub furthest: Vec<NumberMistake>,
}

/// A prediction that is far off.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberMistake {
    /// The number of the label.
    pub label: f64,
    /// The number of the model.
    pub predicted: f64,
    /// The text.
    pub text: String,
}
