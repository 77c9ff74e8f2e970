//! Where the contract of the service is, and which of its promises no request of a plan can see kept.

use std::fmt;
use std::path::{Path, PathBuf};

/// The contract that coverage is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractSource {
    /// Where it is.
    pub document: Document,
    /// What coverage is not held against, unless it is covered all the same.
    pub except: Vec<Exception>,
}

/// Where an OpenAPI document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// A file, relative to the plan's.
    File(PathBuf),
    /// A path that the baseline serves it at.
    Served(String),
}

/// Promises that no request can see kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Which.
    pub what: Excepted,
    /// Only of this operation: method and path as the document has them.
    pub operation: Option<String>,
    /// Why.
    pub reason: String,
}

/// What of an operation is excepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excepted {
    /// Answers with these statuses.
    Statuses(Vec<u16>),
    /// The parameter of this name.
    Parameter(String),
}

impl ContractSource {
    /// A contract without exceptions.
    pub fn new(document: Document) -> Self {
        Self { document, except: Vec::new() }
    }
}

impl Document {
    /// `/openapi.json` is served by the baseline, anything else is a file.
    pub fn parse(text: &str) -> Self {
        if text.starts_with('/') { Self::Served(text.to_owned()) } else { Self::File(PathBuf::from(text)) }
    }

    /// The file as it can be opened, for a plan that was read from another file.
    pub fn file(&self, plan: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::Served(_) => None,
            Self::File(file) => {
                Some(plan.and_then(Path::parent).map_or_else(|| file.clone(), |beside| beside.join(file)))
            }
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Served(path) => write!(f, "{path} of the baseline"),
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Excepted::Parameter(name) => write!(f, "parameter {name}")?,
            Excepted::Statuses(statuses) => {
                let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                write!(f, "status {}", statuses.join(" and "))?;
            }
        }
        self.operation.as_ref().map_or(Ok(()), |operation| write!(f, " of {operation}"))
    }
}
