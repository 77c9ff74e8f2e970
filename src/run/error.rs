//! Why a run did not come to its end.

use std::error::Error as _;

use super::contract::ContractProblem;
use crate::explore::ExploreError;
use crate::http::OriginError;
use crate::load::LoadError;
use crate::observe;
use crate::parity::ParityError;
use crate::provision::ProvisionError;
use crate::report::ReportError;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A signal asked for the end.
    #[error("interrupted")]
    Interrupted,
    /// A side or its environment could not be started, or died.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The address of a side is none.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The replay could not be done.
    #[error(transparent)]
    Parity(#[from] ParityError),
    /// There is no contract to make requests from.
    #[error("there is nothing to make requests from")]
    Contract(#[from] ContractProblem),
    /// Generated requests could not be sent.
    #[error(transparent)]
    Explore(#[from] ExploreError),
    /// The load could not be done.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A side cannot be watched.
    #[error(transparent)]
    Observe(#[from] observe::Error),
    /// A file could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Parity needs two sides.
    #[error("answers can only be compared between two sides, and the plan has one")]
    OneSide,
}

impl RunError {
    /// The error with its causes and the last words of what failed, a line each.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str("\n  Caused by: ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        if let Self::Provision(error) = self {
            for line in error.details() {
                text.push_str("\n  ");
                text.push_str(&line);
            }
        }
        text
    }

    /// What to try, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Provision(error) => error.hint(),
            Self::Load(LoadError::TooFewUsers { flows, .. }) => Some(format!("use `--users {flows}` or more")),
            Self::Load(LoadError::Files { needed, .. }) => {
                Some(format!("`ulimit -n {needed}` in this shell, or fewer users (`load.users`, `--users`)"))
            }
            Self::Report(error) if error.is_full() => {
                Some("make room there, or write elsewhere with `--out`; what was written before is whole".to_owned())
            }
            Self::Load(LoadError::Login { .. })
            | Self::Parity(ParityError::Login { .. })
            | Self::Explore(ExploreError::Login { .. }) => Some("check `auth.login` of the plan".to_owned()),
            Self::Contract(_) => {
                Some("say where the OpenAPI document is: `contract: FILE` or `contract: /PATH` in the plan".to_owned())
            }
            Self::OneSide => Some("give both `--baseline URL` and `--candidate URL`, or use `cutover load`".to_owned()),
            _ => None,
        }
    }
}
