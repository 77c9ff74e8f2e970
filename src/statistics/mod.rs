//! Estimates and tests: numbers in, numbers out. Knows nothing of sides, requests or gates.
//!
//! What is counted as one observation decides whether any of this holds: not the request (requests of the same second share
//! their fate), but whatever was repeated on its own, such as a block of load, a pair of blocks, or a search for a limit.

mod evidence;
mod location;
mod proportion;
mod rank;
mod sign_flip;

pub use evidence::Evidence;
pub use location::{
    Estimate, Method, Z_95, deviation, dropped, location, needed, signed_rank, student, student_chance,
};
pub use proportion::{Window, overdispersion, proportion_interval};
pub use rank::rank_of_p99;
pub use sign_flip::max_t;

/// Share of wrong alarms that is put up with: two-sided, so half of it on each side.
pub const ALPHA: f64 = 0.05;
