//! Placeholder.
mod grid;
pub use grid::TokenGrid;
