//! From what others wrote down to a plan: recordings of traffic, and documents that describe a service.
//!
//! Everything here makes a [`Draft`], which is written as a plan file for people to read and change. Nothing here
//! reads a clock, a file or a network: callers bring the text.

mod answer;
mod draft;
mod exchange;
mod flows;
mod har;
mod link;
mod names;
mod openapi;
mod recording;
mod seal;
mod steps;
mod text;
mod traffic;
mod write;
mod yaml;

pub use draft::{Draft, DraftAuth, DraftBody, DraftFlow, DraftRule, DraftRuleKind, DraftSide, DraftStep, Json};
pub use exchange::{Content, Exchange, Sealed};
pub use har::{HarError, HarRead, read_har};
pub use openapi::{ContractOptions, ImportedContract, draft_of_contract};
pub use recording::{Imported, Options, draft};
pub use seal::Sealer;
pub use text::{Piece, Text};
pub use traffic::{Dropped, unwanted};

#[cfg(test)]
mod tests;
