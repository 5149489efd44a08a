//! The two large kernels alone: a layer forward and back, and the decoder with its loss.

use std::time::Instant;

use serde_json::{Value, json};
use ulmfit::kernels::{LstmWeights, lstm_layer, tied_cross_entropy};
use ulmfit::precision::Precision;
use ulmfit::prelude::Device;

use crate::median;
use burn::tensor::{Distribution, Tensor};

/// Time the kernels of a training step: which one is slow?
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows of a batch.
    #[arg(long, default_value_t = 64)]
    bs: usize,
    /// Time steps.
    #[arg(long, default_value_t = 70)]
    seq: usize,
    /// Widths of a layer's input and hidden state.
    #[arg(long, default_values_t = [1152, 1152], num_args = 2)]
    layer: Vec<usize>,
    /// Words of the decoder and its width.
    #[arg(long, default_values_t = [60_000, 400], num_args = 2)]
    decoder: Vec<usize>,
    /// Runs that are measured, after one that is not.
    #[arg(long, default_value_t = 5)]
    iters: usize,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Operands of matrix products: fp32, bf16, fp16 (GPUs alone), or auto for the faster one of this processor.
    #[arg(long, default_value = "fp32", value_parser = str::parse::<Precision>)]
    precision: Precision,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    crate::threads(args.threads)?;
    args.precision.set_on(&Device::default())?;
    let device = Device::default().autodiff();
    let plain = Device::default();
    let draw = |shape: [usize; 2], device: &Device| {
        Tensor::<2>::random(shape, Distribution::Uniform(-0.05, 0.05), device)
    };
    let (t, b, [i, h]) = (args.seq, args.bs, [args.layer[0], args.layer[1]]);
    let [v, e] = [args.decoder[0], args.decoder[1]];
    let weights = |device: &Device| LstmWeights {
        input: draw([i, 4 * h], device),
        hidden: draw([h, 4 * h], device),
        kept: None,
        bias: draw([1, 4 * h], device).reshape([4 * h]),
    };
    let x = draw([t * b, i], &plain).reshape([t, b, i]);
    let zero = Tensor::<2>::zeros([b, h], &plain);
    let (mut infer, mut forward, mut backward, mut loss, mut decoder) =
        (vec![], vec![], vec![], vec![], vec![]);
    let hidden = draw([t * b, e], &plain);
    let weight = draw([v, e], &plain);
    let bias = Tensor::<1>::zeros([v], &plain);
    let targets: Vec<u32> = (0..t * b).map(|k| (k * 31 % v) as u32).collect();
    for run in 0..=args.iters {
        let fixed = weights(&plain);
        let start = Instant::now();
        let out = lstm_layer(x.clone(), &fixed, zero.clone(), zero.clone());
        drop(out);
        let inferred = start.elapsed().as_secs_f64();

        let mut trained = weights(&device);
        trained.input = trained.input.require_grad();
        trained.hidden = trained.hidden.require_grad();
        let input = x.clone().autodiff().require_grad();
        let start = Instant::now();
        let out = lstm_layer(input, &trained, zero.clone(), zero.clone());
        let seen = start.elapsed().as_secs_f64();
        let sum = out.hidden.sum();
        let start = Instant::now();
        drop(sum.backward());
        let back = start.elapsed().as_secs_f64();

        let start = Instant::now();
        drop(tied_cross_entropy(
            hidden.clone(),
            weight.clone(),
            bias.clone(),
            &targets,
        ));
        let lossed = start.elapsed().as_secs_f64();
        let inputs = [hidden.clone(), weight.clone()].map(|x| x.autodiff().require_grad());
        let [hidden, weight] = inputs;
        let start = Instant::now();
        drop(tied_cross_entropy(
            hidden,
            weight,
            bias.clone().autodiff(),
            &targets,
        ));
        let graded = start.elapsed().as_secs_f64();
        if run > 0 {
            infer.push(inferred);
            forward.push(seen);
            backward.push(back);
            loss.push(lossed);
            decoder.push(graded);
        }
    }
    let rate = |products: f64, n: f64, seconds: f64| 2.0 * products * n / seconds / 1e9;
    let (layer, words) = ((4 * h * (i + h)) as f64, (v * e) as f64);
    let n = (t * b) as f64;
    let [infer, forward, backward, loss, decoder] =
        [infer, forward, backward, loss, decoder].map(median);
    Ok(json!({
        "bench": "kernels", "bs": b, "seq": t, "layer": [i, h], "decoder": [v, e], "threads": args.threads,
        "layer_infer_s": infer, "layer_forward_s": forward, "layer_backward_s": backward,
        "loss_s": loss, "loss_and_gradients_s": decoder,
        "layer_infer_gflops": rate(layer, n, infer), "layer_forward_gflops": rate(layer, n, forward),
        "layer_backward_gflops": rate(2.0 * layer, n, backward),
        "loss_gflops": rate(words, n, loss), "loss_and_gradients_gflops": rate(3.0 * words, n, decoder),
    }))
}
