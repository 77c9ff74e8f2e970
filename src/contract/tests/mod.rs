mod coverage;
mod documents;
mod matching;
mod sample;
mod upgrade;

use super::{Contract, read};

/// The contract of a document, which must be one.
fn contract(text: &str) -> Contract {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Its warnings, a line each.
fn warnings(contract: &Contract) -> Vec<String> {
    contract.warnings.iter().map(ToString::to_string).collect()
}
