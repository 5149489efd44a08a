//! The operation on the CPU: positions in chunks, the vocabulary in blocks that stay in a core's cache.
//!
//! For each chunk of positions the first pass makes the logits of a block of words and their exponentials; then the
//! normalization of every position is known. The second pass turns a block into the gradient of its logits and adds both
//! products that come from it. The logits are kept transposed, so that the weight is read row by row in all of them.

mod softmax;

use std::sync::atomic::{AtomicU32, Ordering};

use burn::backend::{Flex, TensorMetadata};
use softmax::{add_row_sums, exponentials, join, scale};

use super::node::{Inputs, LossGrads, Outputs, TiedLossKernels};
use crate::cpu::gemm::{Beta, Element, Matrix, Panels, Source};
use crate::cpu::isa::Isa;
use crate::cpu::parts::chunks;
use crate::cpu::scratch::Scratch;
use crate::cpu::team::Team;
use crate::ops::flex_tensors::{tensor, values};
use crate::precision::MatmulPrecision;

/// Most positions of a chunk: with a width of 400 their hidden states take 0.8 MB, and panels are full.
const POSITIONS: usize = 480;
/// Words of a block: with 480 positions, 0.5 MB.
const WORDS: usize = 240;
/// Most logits of a chunk: 128 MB.
const LOGITS: usize = 32 << 20;
/// The blocks are added up in so many groups, whatever the number of threads, so that the bits do not depend on it.
const GROUPS: usize = 16;

impl TiedLossKernels for Flex {
    fn tied_loss_forward(inputs: &Inputs<Flex>, with_grads: bool) -> Outputs<Flex> {
        Team::run(|team| forward(team, inputs, with_grads))
    }
}

fn forward(team: &Team, inputs: &Inputs<Flex>, with_grads: bool) -> Outputs<Flex> {
    let [rows, e] = inputs.hidden.shape().dims();
    let [v, _] = inputs.weight.shape().dims();
    let (hidden, weight) = (inputs.hidden.to_contiguous(), inputs.weight.to_contiguous());
    let (bias, shares, at_targets) = (
        inputs.bias.to_contiguous(),
        inputs.row_weights.to_contiguous(),
        inputs.target_weights.to_contiguous(),
    );
    let (hidden, shares, at_targets) = (values(&hidden), values(&shares), values(&at_targets));
    let targets = target_ids(inputs);

    let element = MatmulPrecision::current().element();
    let positions = (LOGITS / v.max(1)).clamp(1, POSITIONS).min(rows);
    let mut room = with_grads.then(|| Room::new(v, e, positions));
    let (mut loss, mut correct) = (0.0, 0);
    let mut d_hidden = vec![0.0; if with_grads { rows * e } else { 0 }];
    for from in (0..rows).step_by(positions) {
        let n = positions.min(rows - from);
        let chunk = Chunk {
            team,
            element,
            hidden: &hidden[from * e..][..n * e],
            weight: values(&weight),
            bias: values(&bias),
            targets: &targets[from..][..n],
            shares: &shares[from..][..n],
            target_shares: &at_targets[from..][..n],
            e,
        };
        let part = match &mut room {
            Some(room) => {
                // Fresh memory that is read before it is written costs two page faults instead of one.
                let beta = if from == 0 { Beta::Zero } else { Beta::One };
                chunk.loss_and_gradients(room, &mut d_hidden[from * e..][..n * e], beta)
            }
            None => chunk.loss(),
        };
        // In the order of the text, so that the sum does not depend on the threads.
        loss += part.loss;
        correct += part.correct;
    }
    Outputs {
        loss: tensor(vec![loss as f32], [1]),
        correct: tensor(vec![correct as f32], [1]),
        grads: room.map(|room| LossGrads {
            hidden: tensor(d_hidden, [rows, e]),
            weight: tensor(room.d_weight, [v, e]),
            bias: tensor(room.d_bias, [v]),
        }),
    }
}

/// The target ids, whichever integer type the device is set to.
fn target_ids(inputs: &Inputs<Flex>) -> Vec<usize> {
    let ids = inputs.targets.to_contiguous().into_data();
    ids.iter::<i64>().map(|id| id as usize).collect()
}

/// What all chunks use one after the other, and what they add to.
struct Room {
    /// `[V, positions]`
    logits: Scratch,
    /// A `[positions, E]` for each group.
    d_hidden: Scratch,
    d_weight: Vec<f32>,
    d_bias: Vec<f32>,
}

impl Room {
    fn new(v: usize, e: usize, positions: usize) -> Self {
        Self {
            logits: Scratch::of(v * positions),
            d_hidden: Scratch::of(GROUPS * positions * e),
            d_weight: vec![0.0; v * e],
            d_bias: vec![0.0; v],
        }
    }
}

/// What a chunk adds to the results.
struct Part {
    loss: f64,
    correct: usize,
}

/// Some positions of the text, against the whole vocabulary.
struct Chunk<'a> {
    team: &'a Team,
    element: Element,
    /// `[n, E]`
    hidden: &'a [f32],
    /// `[V, E]`
    weight: &'a [f32],
    bias: &'a [f32],
    targets: &'a [usize],
    shares: &'a [f32],
    target_shares: &'a [f32],
    e: usize,
}

/// The normalization of a chunk.
struct Normalizer {
    /// What the exponentials of each block are multiplied with, `[blocks, n]`.
    factors: Vec<f32>,
    total: Vec<f32>,
}

impl Chunk<'_> {
    fn n(&self) -> usize {
        self.targets.len()
    }

    /// The loss alone: no block is kept.
    fn loss(&self) -> Part {
        let n = self.n();
        let mut tops = vec![0.0; self.blocks() * n];
        let (mut sums, at_targets) = (tops.clone(), zeros(n));
        let hidden = self.hidden_transposed();
        let parts = (chunks(&mut tops, n), chunks(&mut sums, n));
        self.team.for_each_part(parts, |b, (tops, sums)| {
            let mut block = Scratch::of(WORDS * n);
            let block = &mut block[..self.words(b) * n];
            self.exponentials(&hidden, b, block, [tops, sums], &at_targets);
        });
        self.normalize(tops, sums, &at_targets).0
    }

    /// The loss, and its gradients: `d_hidden` is written, that of the weight goes `into` what is there, that of the bias is
    /// added.
    fn loss_and_gradients(&self, room: &mut Room, d_hidden: &mut [f32], beta: Beta) -> Part {
        let (n, e) = (self.n(), self.e);
        let logits = &mut room.logits[..self.bias.len() * n];
        let mut tops = vec![0.0; self.blocks() * n];
        let (mut sums, at_targets) = (tops.clone(), zeros(n));
        let hidden = self.hidden_transposed();
        let of_blocks = (chunks(&mut tops, n), chunks(&mut sums, n));
        let parts = (chunks(&mut *logits, WORDS * n), of_blocks);
        self.team.for_each_part(parts, |b, (block, (tops, sums))| {
            self.exponentials(&hidden, b, block, [tops, sums], &at_targets);
        });
        drop(hidden);
        let (part, Normalizer { mut factors, total }) = self.normalize(tops, sums, &at_targets);
        let scales: Vec<f32> = self.shares.iter().zip(&total).map(|(w, s)| w / s).collect();
        for factors in factors.chunks_exact_mut(n) {
            for (factor, scale) in factors.iter_mut().zip(&scales) {
                *factor *= scale;
            }
        }

        let mut hidden = self.panels();
        let source = Source::of(Matrix::new(self.hidden, e));
        hidden.pack(Some(self.team), &[source], n, e);
        let group = self.blocks().div_ceil(GROUPS);
        let sums = &mut room.d_hidden[..GROUPS * n * e];
        let groups = self.blocks().div_ceil(group);
        let parts = (
            (
                chunks(&mut sums[..groups * n * e], n * e),
                chunks(logits, group * WORDS * n),
            ),
            (
                chunks(&mut room.d_weight, group * WORDS * e),
                chunks(&mut room.d_bias, group * WORDS),
            ),
        );
        self.team.for_each_part(parts, |g, part| {
            let ((d_hidden, logits), (d_weight, d_bias)) = part;
            let mut weight = self.panels();
            let mut beta_hidden = Beta::Zero;
            let blocks = logits
                .chunks_mut(WORDS * n)
                .zip(d_weight.chunks_mut(WORDS * e))
                .zip(d_bias.chunks_mut(WORDS));
            for (b, ((block, d_weight), d_bias)) in (g * group..).zip(blocks) {
                self.logit_gradient(b, block, &factors[b * n..][..n], d_bias);
                let words = self.words(b);
                let d = Matrix::new(block, n);
                hidden.multiply_alone(d, words, d_weight, beta);
                let source = Source::of(Matrix::new(&self.weight[b * WORDS * e..], e));
                weight.pack(None, &[source], words, e);
                weight.multiply_alone(d.transposed(), n, d_hidden, beta_hidden);
                beta_hidden = Beta::One;
            }
        });
        add_up(self.team, &room.d_hidden[..groups * n * e], d_hidden);
        part
    }

    /// Room for an operand of this chunk's products.
    fn panels(&self) -> Panels {
        Panels::empty(Isa::best(), self.element)
    }

    /// Blocks of the vocabulary.
    fn blocks(&self) -> usize {
        self.bias.len().div_ceil(WORDS)
    }

    /// Words of block `b`.
    fn words(&self, b: usize) -> usize {
        WORDS.min(self.bias.len() - b * WORDS)
    }

    /// The hidden states `[E, n]`, packed.
    fn hidden_transposed(&self) -> Panels {
        let mut hidden = self.panels();
        let source = Source::of(Matrix::new(self.hidden, self.e).transposed());
        hidden.pack(Some(self.team), &[source], self.e, self.n());
        hidden
    }

    /// Writes the exponentials of block `b` to `block`, the maximum and the sum of each position, and the logits of those
    /// targets that lie in the block.
    fn exponentials(
        &self,
        hidden: &Panels,
        b: usize,
        block: &mut [f32],
        [tops, sums]: [&mut [f32]; 2],
        at_targets: &[AtomicU32],
    ) {
        let (n, words, first) = (self.n(), self.words(b), b * WORDS);
        let weight = Matrix::new(&self.weight[first * self.e..], self.e);
        hidden.multiply_alone(weight, words, block, Beta::Zero);
        for (j, &target) in self.targets.iter().enumerate() {
            if (first..first + words).contains(&target) {
                let logit = block[(target - first) * n + j] + self.bias[target];
                at_targets[j].store(logit.to_bits(), Ordering::Relaxed);
            }
        }
        exponentials(block, &self.bias[first..][..words], tops, sums);
    }

    /// Joins the blocks.
    fn normalize(
        &self,
        mut tops: Vec<f32>,
        sums: Vec<f32>,
        at_targets: &[AtomicU32],
    ) -> (Part, Normalizer) {
        let n = self.n();
        let (top, total) = join(&mut tops, &sums, n);
        let mut part = Part {
            loss: 0.0,
            correct: 0,
        };
        for (j, &share) in self.shares.iter().enumerate() {
            let own = self.target_shares[j];
            let at_target = f32::from_bits(at_targets[j].load(Ordering::Relaxed));
            // The target's logit counts otherwise than the rest.
            let rest = (share - own) * at_target;
            part.loss += f64::from(share * (total[j].ln() + (top[j] - at_target)) + rest);
            part.correct += usize::from(share > 0.0 && at_target >= top[j]);
        }
        let factors = tops;
        (part, Normalizer { factors, total })
    }

    /// Turns the exponentials of block `b` into the gradient of its logits, and adds that of its bias.
    fn logit_gradient(&self, b: usize, block: &mut [f32], factors: &[f32], d_bias: &mut [f32]) {
        let (n, first, words) = (self.n(), b * WORDS, self.words(b));
        scale(block, factors);
        for (j, (&target, &share)) in self.targets.iter().zip(self.target_shares).enumerate() {
            if (first..first + words).contains(&target) {
                block[(target - first) * n + j] -= share;
            }
        }
        // After the targets: the sum of differences loses less than the difference of sums.
        add_row_sums(block, n, d_bias);
    }
}

/// Room for a value of each position, each written by whichever task has it.
fn zeros(n: usize) -> Vec<AtomicU32> {
    (0..n).map(|_| AtomicU32::new(0)).collect()
}

/// `total = ` the sum of all `parts`, in their order.
fn add_up(team: &Team, parts: &[f32], total: &mut [f32]) {
    /// Values of a task.
    const TASK: usize = 4096;
    let len = total.len();
    team.for_each_part(chunks(total, TASK), |task, total| {
        total.fill(0.0);
        for part in parts.chunks_exact(len) {
            for (total, x) in total.iter_mut().zip(&part[task * TASK..]) {
                *total += x;
            }
        }
    });
}
