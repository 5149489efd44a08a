//! What the operations are made of on the CPU: matrix products, threads, memory, functions. It imports no operation.

pub(crate) mod gemm;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod parts;
pub(crate) mod scratch;
pub(crate) mod team;
