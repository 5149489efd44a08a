//! The kernels of ULMFiT as operations of Burn.
//!
//! Three operations take nearly all the time of training an AWD-LSTM, and each of them is one function here:
//!
//! * [`lstm_layer`]: a whole LSTM layer over all time steps as one autodiff node with hand-derived back-propagation
//!   through time. Written step by step, Burn records about twenty small nodes a step, and the gradient of every
//!   slice is a full-size tensor, so that time grows with the square of the sequence length.
//! * [`tied_cross_entropy`]: decoder, softmax and loss over chunks of rows. The `[rows, vocabulary]` logits never
//!   exist whole, and the gradient is made in the same pass.
//! * [`adam_update`]: moments, decay and parameter in one sweep.
//!
//! Three more are here for the memory that they take otherwise: [`embedding_rows`], whose gradient is written only where
//! the batch has words; [`drop_elements`], whose mask is bits; [`sum_of_squares`], for clipping.
//!
//! Each has a **generic body** made of Burn's own operations, which every backend runs, and an override for Flex
//! (the CPU backend) on raw slices; the first three and dropout have one of few launches for the GPU (`cube.rs`). The tests hold
//! them against each other, value by value and gradient by gradient. Which one runs is decided by the device of the
//! tensors.
//!
//! Legend: `T` time steps, `B` rows of the batch, `I` input width, `H` hidden width, `N` rows, `E` embedding width,
//! `V` vocabulary size.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "flex")]
mod cpu;
pub mod int8;
mod mask;
mod ops;
mod precision;

pub use mask::KeptElements;
pub use ops::adam::{AdamHyper, adam_update};
pub use ops::dropout::drop_elements;
pub use ops::embedding::embedding_rows;
pub use ops::lstm::{Int8Lstm, LstmOutput, LstmWeights, lstm_layer};
#[cfg(feature = "flex")]
pub use ops::matmul::PackedMatrix;
pub use ops::squares::sum_of_squares;
pub use ops::tied_loss::{
    CrossEntropy, IGNORED, TiedLoss, tied_cross_entropy, tied_cross_entropy_with,
};
pub use precision::MatmulPrecision;
