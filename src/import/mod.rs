//! From what others wrote down to a plan: recordings of traffic, and documents that describe a service.
//!
//! Everything here makes a [`Draft`], which is written as a plan file for people to read and change. Nothing here
//! reads a clock, a file or a network: callers bring the text.

mod draft;
mod text;
mod write;
mod yaml;

pub use draft::{Draft, DraftAuth, DraftBody, DraftFlow, DraftRule, DraftRuleKind, DraftSide, DraftStep, Json};
pub use text::{Piece, Text};

#[cfg(test)]
mod tests;
