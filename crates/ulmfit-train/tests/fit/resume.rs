//! A run that is cut and resumed ends in the same bits as one that is not.

use std::path::Path;
use std::time::Duration;

use burn::module::Module;
use burn::tensor::Device;
use ulmfit_data::{ClassLoader, Corpus, Document, Lengths, LmLoader, LmLoaderConfig};
use ulmfit_model::{
    AwdLstmConfig, Cell, Classifier, Dropouts, LanguageModel, LanguageModelConfig, Task,
};
use ulmfit_train::checkpoint::load_weights;
use ulmfit_train::observe::{
    BatchEnd, Control, EarlyStopping, History, KeepBest, Observer, ReduceOnPlateau,
};
use ulmfit_train::optimizer::{Averaging, Momentum, NtAsgdConfig, OptimizerConfig, SgdConfig};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{
    Checkpoints, Error, Interrupt, Recipe, Result, Resume, Run, Sizes, Stage, Trained, Training,
    Ulmfit,
};

use crate::{
    classifier_for, documents, documents_of, fit_classifier, fit_language_model, labelled, sizes,
    stage, stream, stream_from, values,
};

/// Ends the run with an error after so many batches, as a full disk would.
struct Cut(usize);

impl Observer for Cut {
    fn after_batch(&mut self, _: &BatchEnd) -> Result<Control> {
        self.0 -= 1;
        match self.0 {
            0 => Err(Error::Setting {
                name: "cut",
                expected: "",
                found: String::new(),
            }),
            _ => Ok(Control::Continue),
        }
    }
}

/// Asks for the run's end after so many batches, as a handler of Ctrl-C does.
struct Ask(usize, Interrupt);

impl Observer for Ask {
    fn batch_end(&mut self, _: &BatchEnd) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.request();
        }
    }
}

/// All that a run reports but the time.
fn reports(history: &History) -> History {
    let mut history = history.clone();
    for epoch in &mut history.epochs {
        epoch.time = Duration::ZERO;
    }
    history
}

/// Observers that decide from what they remember.
fn deciders() -> Vec<Box<dyn Observer>> {
    vec![
        Box::new(KeepBest::default()),
        Box::new(EarlyStopping::default().with_patience(2)),
        Box::new(ReduceOnPlateau::default()),
    ]
}

/// Runs once whole, then cut after each of `cuts` further batches and resumed; both must end in the same bits.
fn same_bits<M: Module>(
    cuts: &[usize],
    run: impl Fn(Option<Checkpoints>, &mut dyn Observer) -> Result<M>,
) {
    let mut whole = (History::default(), deciders());
    let expected = run(None, &mut whole).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path())
        .with_every_steps(3)
        .with_resume(Resume::Newest);
    for &cut in cuts {
        let mut watch = (deciders(), Cut(cut));
        let error = run(Some(checkpoints.clone()), &mut watch).err();
        assert!(
            matches!(error, Some(Error::Setting { name: "cut", .. })),
            "{error:?}"
        );
    }
    let mut last = (History::default(), deciders());
    let found = run(Some(checkpoints.clone()), &mut last).unwrap();
    assert_eq!(reports(&last.0), reports(&whole.0));
    let bits = |model: &M| -> Vec<u32> { values(model).into_iter().map(f32::to_bits).collect() };
    assert!(bits(&found) == bits(&expected), "the weights differ");
    // A run that is finished is not run again.
    let mut again = (History::default(), Cut(1));
    let found = run(Some(checkpoints), &mut again).unwrap();
    assert_eq!(reports(&again.0), reports(&whole.0));
    assert!(
        bits(&found) == bits(&expected),
        "the finished weights differ"
    );
}

/// Every dropout is on.
fn dropping(sizes: AwdLstmConfig) -> LanguageModel {
    let config = LanguageModelConfig::new(sizes).with_dropouts(Dropouts::language_model());
    config.init(1, &Device::default().autodiff()).unwrap()
}

fn stages() -> Training {
    let last = Stage::one_cycle("last", 1, Trained::Last(1), GroupRates::Same(2e-2));
    let two = Stage::one_cycle("two", 2, Trained::Last(2), GroupRates::paper(1e-2));
    Training::new([last, two, stage("all", 4, 3e-2)])
}

fn language_run(
    optimizer: OptimizerConfig,
    accumulate: usize,
    checkpoints: Option<Checkpoints>,
    observer: &mut dyn Observer,
) -> Result<LanguageModel> {
    let (train, valid) = (stream(200, 2), stream_from(25, 95, 2));
    let training = stages()
        .with_optimizer(optimizer)
        .with_accumulate(accumulate);
    let mut run = Run::new(observer)
        .with_seed(7)
        .with_checkpoints(checkpoints);
    fit_language_model(dropping(sizes()), &training, &train, Some(&valid), &mut run)
}

#[test]
fn with_adam_in_every_stage() {
    let run = |c, o: &mut dyn Observer| language_run(OptimizerConfig::default(), 1, c, o);
    // An epoch has ten batches. Within the first, at its end, within the second stage, in the last one.
    same_bits(&[5, 6, 9, 14, 11], run);
}

#[test]
fn with_gradients_of_several_batches() {
    let run = |c, o: &mut dyn Observer| language_run(OptimizerConfig::default(), 4, c, o);
    same_bits(&[6, 9, 13], run);
}

#[test]
fn with_momentum() {
    let sgd = SgdConfig {
        momentum: Momentum::Schedule,
        ..SgdConfig::default()
    };
    same_bits(&[4, 13, 8], |c, o: &mut dyn Observer| {
        language_run(OptimizerConfig::Sgd(sgd), 1, c, o)
    });
}

#[test]
fn with_averages_and_with_the_losses_that_start_them() {
    for averaging in [Averaging::FromStart, Averaging::NonMonotonic { epochs: 0 }] {
        let config = NtAsgdConfig {
            averaging,
            ..NtAsgdConfig::default()
        };
        same_bits(&[4, 13, 25], |c, o: &mut dyn Observer| {
            language_run(OptimizerConfig::NtAsgd(config), 1, c, o)
        });
    }
}

#[test]
fn with_the_state_of_a_qrnn_and_batches_of_random_length() {
    let loader = |seed| -> LmLoader {
        let config = LmLoaderConfig::new()
            .with_batch_size(2)
            .with_seq_len(12)
            .with_seed(seed);
        let docs = (0..9).map(|d| (0..30).map(|i| 9 + (i * d + 3 * i) % 11).collect());
        config
            .with_lengths(Lengths::Awd)
            .build(docs.collect::<Vec<Vec<u32>>>())
            .unwrap()
    };
    let sizes = || sizes().with_cell(Cell::Qrnn);
    let (train, valid) = (loader(1), loader(2));
    same_bits(&[4, 6, 15], |c, observer: &mut dyn Observer| {
        let mut run = Run::new(observer).with_checkpoints(c);
        fit_language_model(dropping(sizes()), &stages(), &train, Some(&valid), &mut run)
    });
}

#[test]
fn with_the_running_statistics_of_a_classifier() {
    classifier_run(Task::SingleLabel, [documents(60), documents_of(30, 1)]);
}

#[test]
fn with_several_classes_for_a_document() {
    let set = |class: u32| (0..2 * class).map(|class| class % 2).collect::<Vec<_>>();
    classifier_run(
        Task::MultiLabel,
        [labelled(60, 0, set), labelled(30, 1, set)],
    );
}

#[test]
fn with_numbers_for_a_document() {
    let range = Some((-1.0, 2.0));
    let values = |class: u32| vec![class as f32, 0.25];
    let loaders = [labelled(60, 0, values), labelled(30, 1, values)];
    classifier_run(Task::Regression { range }, loaders);
}

#[track_caller]
fn classifier_run(task: Task, [train, valid]: [ClassLoader; 2]) {
    let start: Classifier = classifier_for(task);
    let before = values(&start);
    same_bits(&[4, 6, 13], |c, observer: &mut dyn Observer| {
        let mut run = Run::new(observer).with_checkpoints(c);
        // A clone would share the running statistics of the run before.
        fit_classifier(
            start.valid().train(),
            &stages(),
            &train,
            Some(&valid),
            &mut run,
        )
        .map(|fitted| fitted.model)
    });
    assert_eq!(before, values(&start));
}

#[test]
fn labels_of_another_task_are_refused() {
    let (model, train) = (classifier_for(Task::MultiLabel), documents(20));
    let error = fit_classifier(model, &stages(), &train, None, &mut Run::default());
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "field `targets`: expected a list of classes for each document, found one class for each document; give labels of \
         the model's task"
    );
}

#[test]
fn other_labels_are_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = |value: f32| {
        let train = labelled(20, 0, |class| vec![class as f32, value]);
        let checkpoints = Checkpoints::new(folder.path()).with_resume(Resume::Newest);
        let mut run = Run::default().with_checkpoints(checkpoints);
        let model = classifier_for(Task::Regression { range: None });
        fit_classifier(model, &stages(), &train, None, &mut run).map(|_| ())
    };
    run(0.5).unwrap();
    let error = run(0.75).unwrap_err().to_string();
    assert!(error.contains("expected `training documents`"), "{error}");
}

#[test]
fn the_three_steps_in_one_call_go_on_in_the_step_that_was_cut() {
    let document = |i: usize, label: u32| {
        let word = ["dreadful", "lovely"][label as usize];
        Document::labeled(
            format!("A {word} film, part {}, with {word} songs.", i % 9),
            label,
        )
    };
    let documents = (0..80).map(|i| document(i, i as u32 % 2)).collect();
    let corpus = Corpus::new(documents, vec!["neg".into(), "pos".into()]).unwrap();
    let run = |checkpoints: Option<Checkpoints>, observer: Cut| {
        let mut recipe = Recipe::default().with_sizes(Sizes {
            embed: 8,
            hidden: 16,
            layers: 2,
        });
        recipe.language_model.batch_size = 4;
        recipe.language_model.seq_len = 10;
        recipe.classifier.batch_size = 8;
        let mut ulmfit = Ulmfit::builder().recipe(recipe).observer(observer);
        if let Some(checkpoints) = checkpoints {
            ulmfit =
                ulmfit.checkpoints(checkpoints.with_every_steps(3).with_resume(Resume::Newest));
        }
        ulmfit.fit(&corpus, &Device::default())
    };
    let never = || Cut(usize::MAX);
    let whole = run(None, never()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    for (step, cut) in [("pretrain", 5), ("finetune", 25), ("classify", 30)] {
        assert!(run(Some(checkpoints.clone()), Cut(cut)).is_err());
        assert!(
            !checkpoints.within(step).list().unwrap().is_empty(),
            "{step}"
        );
    }
    let resumed = run(Some(checkpoints), never()).unwrap();
    assert_eq!(reports(&resumed.history), reports(&whole.history));
    let (a, b) = (&resumed.classifier.model, &whole.classifier.model);
    assert_eq!(values(a), values(b));
    assert_eq!(resumed.scores.probabilities, whole.scores.probabilities);
}

#[test]
fn a_run_that_is_asked_to_end_is_stored_at_that_step_and_goes_on_there() {
    let run = |c, o: &mut dyn Observer| language_run(OptimizerConfig::default(), 1, c, o);
    let expected = run(None, &mut ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let base = Checkpoints::new(folder.path()).with_resume(Resume::Newest);
    // Within an epoch, and at the end of a stage.
    for (batches, stored) in [(4, 4), (6, 10)] {
        let interrupt = Interrupt::default();
        let mut ask = Ask(batches, interrupt.clone());
        let error = run(Some(base.clone().with_interrupt(&interrupt)), &mut ask).err();
        assert!(
            matches!(error, Some(Error::Interrupted { .. })),
            "{error:?}"
        );
        let newest = base.list().unwrap().pop();
        assert_eq!(newest.map(|(steps, _)| steps), Some(stored));
    }
    let found = run(Some(base), &mut ()).unwrap();
    assert_eq!(values(&found), values(&expected));
}

/// A run of ten batches that is cut in the middle.
fn cut_run(folder: &Path) -> Checkpoints {
    let checkpoints = Checkpoints::new(folder).with_every_steps(2);
    let mut cut = Cut(5);
    let mut run = Run::new(&mut cut).with_checkpoints(checkpoints.clone());
    let stages = Training::new([stage("all", 1, 1e-2)]);
    let result = fit_language_model(dropping(sizes()), &stages, &stream(200, 2), None, &mut run);
    assert!(result.is_err());
    checkpoints.with_resume(Resume::Newest)
}

/// Resumes with another seed, stage and text; the message that refuses it.
fn refused(checkpoints: &Checkpoints, seed: u64, rate: f64, text: u32) -> String {
    let mut run = Run::default()
        .with_seed(seed)
        .with_checkpoints(checkpoints.clone());
    let stages = Training::new([stage("all", 1, rate)]);
    let result = fit_language_model(dropping(sizes()), &stages, &stream(text, 2), None, &mut run);
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn another_runs_checkpoint_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = cut_run(folder.path());
    let message = refused(&checkpoints, 1, 1e-2, 200);
    assert!(message.contains("expected `seed` 1, found 0"), "{message}");
    let message = refused(&checkpoints, 0, 2e-2, 200);
    assert!(message.contains("`stage 1`"), "{message}");
    let message = refused(&checkpoints, 0, 1e-2, 199);
    assert!(message.contains("`training text`"), "{message}");
    let anew = checkpoints.clone().with_resume(Resume::Refuse);
    let message = refused(&anew, 0, 1e-2, 200);
    assert!(message.contains("without checkpoints"), "{message}");
    let (_, newest) = checkpoints.list().unwrap().pop().unwrap();
    std::fs::write(&newest, b"cut").unwrap();
    let message = refused(&checkpoints, 0, 1e-2, 200);
    assert!(
        message.contains("step-000000004.safetensors, header"),
        "{message}"
    );
}

#[test]
fn a_setting_of_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    let message = refused(&checkpoints.clone().with_every_steps(0), 0, 1e-2, 200);
    assert!(
        message.contains("every_steps: expected at least 1"),
        "{message}"
    );
    let message = refused(&checkpoints.with_keep(0), 0, 1e-2, 200);
    assert!(message.contains("keep: expected at least 1"), "{message}");
}

#[test]
fn the_newest_and_the_best_epoch_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path()).with_every_steps(4);
    let mut history = History::default();
    let mut run = Run::new(&mut history).with_checkpoints(checkpoints.clone());
    let (train, valid) = (stream(200, 2), stream_from(25, 95, 2));
    let stages = Training::new([stage("all", 4, 3e-2)]);
    let start = dropping(sizes());
    let end = fit_language_model(start.clone(), &stages, &train, Some(&valid), &mut run).unwrap();
    let losses: Vec<f64> = history.epochs.iter().filter_map(|e| e.valid_loss).collect();
    let best = (0..4)
        .min_by(|&a, &b| losses[a].total_cmp(&losses[b]))
        .unwrap();
    assert!(
        best < 2,
        "the best epoch must not be among the newest: {losses:?}"
    );
    let kept = checkpoints.list().unwrap();
    let steps: Vec<u64> = kept.iter().map(|(steps, _)| *steps).collect();
    assert_eq!(steps, [10 * (best as u64 + 1), 38, 40]);
    let newest = load_weights(&kept[2].1, &start).unwrap();
    assert_eq!(values(&newest), values(&end));
    let best = load_weights(&kept[0].1, &start).unwrap();
    let loss = ulmfit_train::evaluate_language_model(&best, &valid).loss;
    assert!((loss - losses.iter().copied().fold(f64::INFINITY, f64::min)).abs() < 1e-9);
}
