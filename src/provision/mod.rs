//! Brings sides and databases up and down.
