//! Wrappers of the two traits underneath.

pub mod fault;
