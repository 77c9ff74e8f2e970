//! Proves that a migrated service answers as the old one did and is faster, from the same requests.
//!
//! The floors of the house, lowest first; imports point down only (`tests/it/floors.rs` holds it). See ARCHITECTURE.md.

pub mod clock;
pub mod diagnostic;
pub mod progress;
pub mod role;
pub mod statistics;
pub mod stop;
pub mod units;

pub mod plan;
pub mod record;

pub mod capacity;
pub mod compare;
pub mod contract;
pub mod import;
pub mod judge;
pub mod merge;
pub mod noise;
pub mod reproduce;
pub mod schedule;
pub mod tally;
pub mod trend;

pub mod http;
pub mod step;

pub mod explore;
pub mod load;
pub mod observe;
pub mod parity;
pub mod provision;
pub mod state;
pub mod tap;

pub mod report;

pub mod run;

pub mod cli;
