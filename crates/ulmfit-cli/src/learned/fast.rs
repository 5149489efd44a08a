//! A linear classifier taught by a trained one: made, saved, and scored beside its teacher.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use ulmfit::data::Labels;
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit::train::linear::Student;

use super::told;
use crate::outputs::Staged;
use crate::talk::Talk;

/// Texts that the teacher reads between two words about how far it is.
const TOLD_EVERY: usize = 2_000;

/// What teaches: classes, text rules, and the probabilities of texts.
pub(crate) struct Teacher<'a> {
    pub(crate) tokenizer: &'a TokenizerConfig,
    pub(crate) task: Task,
    pub(crate) classes: &'a [String],
    pub(crate) read: &'a dyn Fn(&[&str]) -> Vec<Prediction>,
}

impl Teacher<'_> {
    /// A student of these texts, and of documents whose labels are known.
    ///
    /// # Errors
    /// For no text at all, and for labels that are not the teacher's.
    pub(crate) fn teach(
        &self,
        unlabeled: &[&str],
        labeled: Option<&Corpus>,
        talk: Talk,
    ) -> anyhow::Result<Student> {
        let start = Instant::now();
        let mut probabilities = self.probabilities(unlabeled, talk);
        let mut texts = unlabeled.to_vec();
        if let Some(labeled) = labeled {
            texts.extend(labeled.texts());
            probabilities.extend(certain(&labeled.all_labels()?, self.classes.len()));
        }
        talk.note(&format!(
            "the teacher has read {} texts in {:.0} s; the student learns from them",
            unlabeled.len(),
            start.elapsed().as_secs_f64()
        ));
        let (tokenizer, task) = (self.tokenizer, self.task);
        Ok(Student::of(
            tokenizer,
            task,
            self.classes,
            &texts,
            &probabilities,
        )?)
    }

    /// The probabilities of texts, with a word about how far it is.
    pub(crate) fn probabilities(&self, texts: &[&str], talk: Talk) -> Vec<Vec<f32>> {
        let mut all = Vec::with_capacity(texts.len());
        for part in texts.chunks(TOLD_EVERY) {
            all.extend(
                (self.read)(part)
                    .into_iter()
                    .map(|found| found.probabilities),
            );
            if texts.len() > TOLD_EVERY {
                talk.note(&format!(
                    "the teacher has read {} of {} texts",
                    all.len(),
                    texts.len()
                ));
            }
        }
        all
    }
}

/// Writes a student, and tells how well it does beside its teacher where there are scores of the same documents.
///
/// # Errors
/// For a file that cannot be written, and for a document without a label.
pub(crate) fn write(
    student: &Student,
    path: &Path,
    files: &Staged,
    scored: Option<(&Corpus, &ClassifierScores)>,
    talk: Talk,
) -> anyhow::Result<Value> {
    let mut bytes = 0;
    files.write(path, |to| {
        student.classifier.save(to)?;
        bytes = std::fs::metadata(to)?.len();
        anyhow::Ok(())
    })?;
    let mut told = format!(
        "{}: a linear classifier of {} words and pairs, C {}, {:.1} MB",
        path.display(),
        student.classifier.table().len(),
        student.c,
        bytes as f64 / 1e6
    );
    let mut result = json!({
        "file": path.display().to_string(),
        "features": student.classifier.table().len(),
        "c": student.c,
        "bytes": bytes,
    });
    if let Some((corpus, teacher)) = scored {
        let found = Predictor::of_linear(&student.classifier).predict_all(&corpus.texts());
        let found = found.into_iter().map(|found| found.probabilities).collect();
        let (task, n) = (student.classifier.task(), corpus.n_classes());
        let own = ClassifierScores::of(task, found, &corpus.all_labels()?, n);
        told.push_str(&format!(
            "; on {} documents {}, its teacher {}",
            corpus.len(),
            told::headline(&own),
            told::headline(teacher)
        ));
        for (name, scores) in [("student", &own), ("teacher", teacher)] {
            let metrics = scores
                .metrics
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)));
            result[name] = Value::Object(metrics.collect());
        }
    }
    talk.note(&told);
    Ok(result)
}

/// The probabilities of labels that are known.
fn certain(labels: &Labels, classes: usize) -> Vec<Vec<f32>> {
    let row = |of: &[u32]| {
        let mut row = vec![0.0; classes];
        of.iter().for_each(|class| row[*class as usize] = 1.0);
        row
    };
    match labels {
        Labels::SingleLabel(all) => all.iter().map(|class| row(&[*class])).collect(),
        Labels::MultiLabel(all) => all.iter().map(|set| row(set)).collect(),
        Labels::Regression(values) => values.clone(),
    }
}
