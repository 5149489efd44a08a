//! What training leaves behind: scores in words and numbers, and the report.

pub(crate) mod beside;
pub(crate) mod coverage;
pub(crate) mod fast;
pub(crate) mod finish;
pub(crate) mod mistakes;
pub(crate) mod page;
pub(crate) mod scores;
pub(crate) mod told;
