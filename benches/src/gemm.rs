//! The matrix product alone, with the right operand packed before, as a layer packs its weight for all steps, and with the
//! packing.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use ulmfit::kernels::{MatmulPrecision, PackedMatrix};

use crate::median;

/// Time matrix products of a language model's shapes, in fp32 and bf16 (the shapes of the peer's `bench_gemm.py`).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs of each that are measured, after one that is not.
    #[arg(long, default_value_t = 7)]
    iters: usize,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Rows, depth and columns: a layer at batch 64, 16 and 1, all its steps at once, the decoder.
const SHAPES: [[usize; 3]; 5] = [
    [64, 1152, 4608],
    [16, 1152, 4608],
    [1, 1152, 4608],
    [4480, 1152, 4608],
    [4480, 400, 60_000],
];

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    crate::threads(args.threads)?;
    let mut rows = Vec::new();
    for precision in [MatmulPrecision::Fp32, MatmulPrecision::Bf16] {
        for shape in SHAPES {
            let [m, k, n] = shape;
            // Any values but zeros and denormal ones: the pace does not depend on them.
            let values = |len: usize| (0..len).map(|i| (i % 251) as f32 / 251.0 - 0.5).collect();
            let (lhs, rhs): (Vec<f32>, Vec<f32>) = (values(m * k), values(k * n));
            let mut dst = vec![1.0; m * n];
            let pack = || PackedMatrix::new(precision, [k, n], &rhs);
            let packed = pack();
            // Small products many times, as the steps of a layer are.
            let times = (1_000_000_000 / (m * k * n)).clamp(1, 50);
            let (mut alone, mut whole) = (Vec::new(), Vec::new());
            for run in 0..=args.iters {
                let start = Instant::now();
                for _ in 0..times {
                    packed.multiply(black_box(&lhs), black_box(&mut dst));
                }
                let multiplied = start.elapsed().as_secs_f64() / times as f64;
                let start = Instant::now();
                pack().multiply(black_box(&lhs), black_box(&mut dst));
                if run > 0 {
                    alone.push(multiplied);
                    whole.push(start.elapsed().as_secs_f64());
                }
            }
            let gflops = |seconds: f64| 2.0 * (m * k * n) as f64 / seconds / 1e9;
            let (alone, whole) = (median(alone), median(whole));
            rows.push(json!({
                "shape": shape, "precision": precision.to_string(), "ms": 1e3 * alone, "gflops": gflops(alone),
                "gflops_with_packing": gflops(whole),
            }));
        }
    }
    Ok(json!({ "bench": "gemm", "threads": args.threads, "products": rows }))
}
