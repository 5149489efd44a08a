//! A classifier's training step, and classifying.

use clap::ValueEnum;
use serde_json::{Value, json};
use ulmfit::burn::module::Module;
use ulmfit::model::{Classifier, Random};
use ulmfit::precision::Precision;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;

use crate::data::Zipf;
use crate::memory::status_mb;
use crate::quiet::Reps;

/// Time a classifier (the flags of the peer's `bench_clas.py`).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to time.
    mode: Work,
    /// Documents of a batch.
    #[arg(long, default_value_t = 16)]
    bs: usize,
    /// Tokens of a document.
    #[arg(long, default_value_t = 250)]
    len: usize,
    /// Words of the vocabulary.
    #[arg(long, default_value_t = 60_000)]
    vocab: usize,
    /// Steps that are measured, after one that is not.
    #[arg(long, default_value_t = 6)]
    iters: usize,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Operands of matrix products: fp32, bf16, or auto for the faster one of this processor.
    #[arg(long, default_value = "fp32", value_parser = str::parse::<Precision>)]
    precision: Precision,
    /// Train the last so many groups; 0 for all five.
    #[arg(long, default_value_t = 0)]
    frozen: usize,
    /// Infer with the recurrent weights in 8 bits, through a predictor: from text on.
    #[arg(long)]
    int8: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Work {
    Train,
    Infer,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    crate::threads(args.threads)?;
    let device = Device::default();
    let precision = args.precision.set_on(&device)?.to_string();
    let encoder = AwdLstmConfig::new(args.vocab).init(&mut Random::new(0), &device)?;
    let model = ClassifierConfig::new(2).init(encoder, 1, &device)?;
    let mut zipf = Zipf::new(args.vocab - 9, 2);
    let mut batch = || {
        let ids = zipf.ids(args.bs * args.len).into_iter().map(|id| id + 9);
        TokenGrid::new(args.bs, args.len, ids.collect())
    };
    let batches: Vec<TokenGrid> = (0..args.iters + 1).map(|_| batch()).collect();
    let reps = match args.mode {
        Work::Train => train(model, &batches, args.frozen),
        Work::Infer if args.int8 => infer_int8(args, model, &batches)?,
        Work::Infer => infer(&model, &batches),
    };
    let step = reps.median();
    Ok(json!({
        "bench": format!("clas_{:?}", args.mode).to_lowercase(), "bs": args.bs, "len": args.len,
        "vocab": args.vocab, "threads": args.threads, "frozen": args.frozen, "int8": args.int8, "precision": precision, "step_s": step,
        "docs_s": args.bs as f64 / step, "tok_s": (args.bs * args.len) as f64 / step,
        "ms_per_doc": 1e3 * step / args.bs as f64, "peak_rss_MB": status_mb("VmHWM"), "clean": reps.clean(), "all": reps.seconds(),
    }))
}

/// Each batch but the first.
fn infer(model: &Classifier, batches: &[TokenGrid]) -> Reps {
    each(batches, |grid| {
        let lengths = vec![grid.cols(); grid.rows()];
        std::hint::black_box(model.outputs(grid, &lengths).into_data());
    })
}

/// Measures what is done with each batch but the first.
fn each<T>(batches: &[T], mut work: impl FnMut(&T)) -> Reps {
    let mut reps = Reps::new();
    work(&batches[0]);
    for grid in &batches[1..] {
        reps.time(|| work(grid));
    }
    reps
}

/// The same through a predictor with weights of 8 bits, whose texts have a word for each id.
fn infer_int8(args: &Args, model: Classifier, batches: &[TokenGrid]) -> anyhow::Result<Reps> {
    let word = |id: usize| -> String {
        let letters = (0..4).scan(id, |rest, _| {
            let letter = b'a' + (*rest % 26) as u8;
            *rest /= 26;
            Some(char::from(letter))
        });
        "q".chars().chain(letters).collect()
    };
    let config = VocabConfig::new().with_min_freq(1);
    // The special tokens stand in front, whatever the words.
    let specials = config.build::<Vec<String>>(&[]).len();
    let words: Vec<String> = (specials..args.vocab).map(word).collect();
    let vocab = config.build(&[words]);
    let text = TextEncoding::new(TokenizerConfig::new(), vocab);
    let names = vec!["no".to_owned(), "yes".to_owned()];
    let predictor = Predictor::new(&TextClassifier::new(text, model, names)?)?.quantized();
    // One token less: the first is the mark of the beginning.
    let row = |ids: &[u32]| ids[1..].iter().map(|&id| word(id as usize) + " ").collect();
    let texts =
        |grid: &TokenGrid| -> Vec<String> { grid.ids().chunks(grid.cols()).map(row).collect() };
    let batches: Vec<Vec<String>> = batches.iter().map(texts).collect();
    Ok(each(&batches, |texts| {
        std::hint::black_box(predictor.predict_all(texts));
    }))
}

fn train(model: Classifier, batches: &[TokenGrid], frozen: usize) -> Reps {
    let model = model.train();
    let groups = LayerGroups::classifier(&model);
    let trained = if frozen == 0 { groups.len() } else { frozen };
    let mut model = Some(groups.train(model, Trained::Last(trained)));
    let (mut adam, rates) = (AdamConfig::default().init(), vec![1e-3; groups.len()]);
    let mut mode = Mode::train(3);
    each(batches, |grid| {
        let labels: Vec<u32> = (0..grid.rows() as u32).map(|row| row % 2).collect();
        let lengths = vec![grid.cols(); grid.rows()];
        let now = model.take().expect("put back below");
        let loss = now.loss(grid, &lengths, &labels, &mut mode);
        let gradients = loss.objective.backward();
        model = Some(adam.step(now, gradients, &groups, &rates, 0.8));
    })
}
