//! Facts taken from elsewhere as data; `make.py` beside this file writes all of them.

pub(crate) mod english;
pub(crate) mod entities;
pub(crate) mod unicode;
