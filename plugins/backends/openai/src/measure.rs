//! Seams for benches.
