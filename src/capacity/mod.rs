//! How much a side can bear: which rate to try next, and what the tried ones say together. Pure.
//!
//! Nothing here knows how a rate is tried; the phase that does tells whether it was met.

mod ladder;
mod staffing;
mod usl;

pub use ladder::{Ladder, Tried};
pub use staffing::connections_for;
pub use usl::{Usl, UslProblem, fit};
