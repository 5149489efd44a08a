//! A training step of a language model: forward, backward, optimizer, with all five dropouts, AR and TAR.

use serde_json::{Value, json};
use ulmfit::precision::Precision;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;
use ulmfit::train::LossScale;

use crate::data::Zipf;
use crate::median;
use crate::memory::{page_faults, status_mb};
use crate::quiet::{Rep, Reps};

/// Time a language model's training step (the flags of the peer's `bench_lm.py`).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Words of the vocabulary.
    #[arg(long, default_value_t = 60_000)]
    vocab: usize,
    /// Rows of a batch.
    #[arg(long, default_value_t = 64)]
    bs: usize,
    /// Time steps of a batch.
    #[arg(long, default_value_t = 70)]
    seq: usize,
    /// Steps that are measured, after one that is not.
    #[arg(long, default_value_t = 8)]
    iters: usize,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Operands of matrix products: fp32, bf16, fp16 (GPUs alone), or auto for the faster one of this processor.
    #[arg(long, default_value = "fp32", value_parser = str::parse::<Precision>)]
    precision: Precision,
    /// Where: flex, or what else is built in, as `vulkan` or `cuda:1`.
    #[arg(long, default_value = "flex")]
    device: String,
    /// What all dropouts are multiplied by.
    #[arg(long, default_value_t = 0.5)]
    drop_mult: f64,
    /// Widths of embedding and hidden layers, and number of layers.
    #[arg(long, default_values_t = [400, 1152, 3], num_args = 3)]
    sizes: Vec<usize>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    crate::threads(args.threads)?;
    let device = ulmfit::device::by_name(&args.device)?;
    let precision = args.precision.set_on(&device)?.to_string();
    let device = device.autodiff();
    let sizes =
        AwdLstmConfig::new(args.vocab).with_sizes(args.sizes[0], args.sizes[1], args.sizes[2]);
    let dropouts = Dropouts::language_model().scaled(args.drop_mult);
    let config = LanguageModelConfig::new(sizes).with_dropouts(dropouts);
    let mut model = config.init(0, &device)?;
    let groups = LayerGroups::language_model(&model);
    let mut adam = AdamConfig::default().init();
    let (mut mode, mut loss_scale) = (Mode::train(1), LossScale::default());
    let mut state = model.initial_state(args.bs);
    let mut zipf = Zipf::new(args.vocab, 2);
    let (tokens, rates) = (args.bs * args.seq, vec![1e-3; groups.len()]);
    let (mut forward, mut backward, mut update) = (vec![], vec![], vec![]);
    // A card's pace is not that of the processors, and a leak takes hundreds of steps to show.
    let (mut reps, on_cpu) = (Reps::new(), reserved_mb(&device).is_none());
    let mut value = 0.0;
    // Of the device, after a tenth of the steps: what grows from there on is a leak.
    let mut early = None;
    let mut faults = 0.0;
    for step in 0..=args.iters {
        let grid = |ids: Vec<u32>| TokenGrid::new(args.bs, args.seq, ids);
        let (inputs, targets) = (grid(zipf.ids(tokens)), grid(zipf.ids(tokens)));
        if step > 0 && on_cpu {
            reps.wait();
        }
        let rep = Rep::begin();
        let (loss, next) = model.loss(&inputs, &targets, &state, &mut mode);
        state = next;
        value = loss.cross_entropy.into_scalar::<f32>();
        let seen = rep.seconds();
        let gradients = loss_scale.backward(&model, loss.objective, 1.0);
        let back = rep.seconds();
        if loss_scale.accepts(&gradients) {
            model = adam.apply(model, gradients, &groups, &rates, 0.8);
        }
        device.sync()?;
        let done = rep.seconds();
        if step == args.iters.div_ceil(10) {
            early = reserved_mb(&device);
        }
        if step == 0 {
            faults = page_faults();
        } else {
            reps.add(&rep);
            forward.push(seen);
            backward.push(back - seen);
            update.push(done - back);
        }
    }
    let [embed, hidden, layers] = [args.sizes[0], args.sizes[1], args.sizes[2]];
    let step = reps.median();
    Ok(json!({
        "bench": "lm", "device": args.device, "vocab": args.vocab, "bs": args.bs, "seq": args.seq, "threads": args.threads, "precision": precision,
        "sizes": [embed, hidden, layers], "step_s": step, "tok_s": tokens as f64 / step,
        "fwd": median(forward), "bwd": median(backward), "opt_s": median(update),
        "gflops": work(&model.encoder.config(), tokens) / step / 1e9,
        "peak_rss_MB": status_mb("VmHWM"), "page_faults_step": (page_faults() - faults) / args.iters as f64,
        "device_MB": reserved_mb(&device), "device_MB_early": early, "loss": value, "clean": reps.clean(), "all": reps.seconds(),
    }))
}

/// Memory that the device holds for us, in megabytes; none for the CPU, whose memory is the process's.
fn reserved_mb(device: &Device) -> Option<f64> {
    let usage = device.memory_pool_usage()?;
    Some(usage.bytes_reserved as f64 / 1e6)
}

/// Operations of a step's products, as the peer counts them: 6 for each weight and token.
fn work(sizes: &AwdLstmConfig, tokens: usize) -> f64 {
    let mut width = sizes.embed;
    let mut weights = sizes.vocabulary * sizes.embed;
    for hidden in sizes.widths() {
        weights += 4 * hidden * (width + hidden);
        width = hidden;
    }
    6.0 * tokens as f64 * weights as f64
}
