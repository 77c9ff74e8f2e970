//! Where the contract comes from: a file beside the plan, or the baseline.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use super::Job;
use crate::contract::{self, Contract, ContractError, MAX_BYTES};
use crate::http::{Connection, Exchange, Failure, Keep, Limits, Origin};
use crate::plan::{Document, Plan};
use crate::progress::Progress;
use crate::record::{Coverage, Parity};
use crate::role::Pair;

/// A large document may take its time.
const LEAST_TIMEOUT: Duration = Duration::from_secs(30);
/// Where most services have their document.
const USUAL_PATH: &str = "/openapi.json";

/// Why there is no contract.
#[derive(Debug, thiserror::Error)]
pub enum ContractProblem {
    /// The file could not be read.
    #[error("cannot read contract `{file}`: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// What was read is no contract.
    #[error("contract `{document}`: {source}")]
    Document {
        /// Where it is, in words.
        document: String,
        /// Why.
        source: ContractError,
    },
    /// The baseline did not answer.
    #[error("contract `{path}`: the baseline gave no answer: {failure}")]
    Unanswered {
        /// The path.
        path: String,
        /// Why.
        failure: Failure,
    },
    /// The baseline answered with another status.
    #[error("contract `{path}`: the baseline answered {status}")]
    Status {
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// The path is none.
    #[error("contract `{path}` is not a path that can be requested")]
    Path {
        /// The path.
        path: String,
    },
}

/// The contract of a plan, if it is in a file. One that the baseline serves is read once that runs.
///
/// # Errors
/// Why the file is no contract.
pub fn contract_file(plan: &Plan) -> Result<Option<Contract>, ContractProblem> {
    let source = plan.contract.as_ref();
    let Some(file) = source.and_then(|source| source.document.file(plan.source.as_deref())) else { return Ok(None) };
    let name = file.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(&file).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|source| ContractProblem::File { file: name.clone(), source })?;
    let contract = contract::read(&bytes).map_err(|source| ContractProblem::Document { document: name, source })?;
    Ok(Some(contract))
}

/// The contract that the baseline serves, if the plan asks for that one.
pub(super) async fn served(plan: &Plan, sides: &Pair<Origin>) -> Result<Option<Contract>, ContractProblem> {
    let Some(Document::Served(path)) = plan.contract.as_ref().map(|source| &source.document) else { return Ok(None) };
    at(path, plan, sides).await.map(Some)
}

/// The contract to make requests from: the plan's, or the one at [`USUAL_PATH`].
pub(super) async fn to_explore(job: &Job, sides: &Pair<Origin>) -> Result<Contract, ContractProblem> {
    if let Some(contract) = &job.contract {
        return Ok(contract.clone());
    }
    match served(&job.plan, sides).await? {
        Some(contract) => Ok(contract),
        None => at(USUAL_PATH, &job.plan, sides).await,
    }
}

/// The contract that the baseline serves at a path. The candidate is asked for the same and nobody reads what it says: a
/// side that has answered more than the other counts more, in its metrics and in whatever it keeps.
async fn at(path: &str, plan: &Plan, sides: &Pair<Origin>) -> Result<Contract, ContractProblem> {
    let limits = Limits { timeout: plan.timeout.max(LEAST_TIMEOUT), max_body: MAX_BYTES };
    let ask = async |origin: &Origin| {
        let request = origin.get(path).map_err(|_| ContractProblem::Path { path: path.to_owned() })?;
        Ok(Connection::new(origin.clone(), limits).exchange(&request, Keep::Body).await)
    };
    let (baseline, _) = tokio::join!(ask(&sides.baseline), ask(&sides.candidate));
    let exchange: Exchange = baseline?;
    let answer = exchange.outcome.map_err(|failure| ContractProblem::Unanswered { path: path.to_owned(), failure })?;
    if answer.status != 200 {
        return Err(ContractProblem::Status { path: path.to_owned(), status: answer.status });
    }
    let document = || format!("{path} of the baseline");
    let read = contract::read(&answer.body);
    read.map_err(|source| ContractProblem::Document { document: document(), source })
}

/// Says what a contract came to, while the run goes on.
pub(super) fn tell(contract: Option<&Contract>, problem: Option<&ContractProblem>, progress: &Progress) {
    if let Some(problem) = problem {
        progress.warn(problem.to_string());
    }
    if let Some((contract, first)) = contract.and_then(|contract| Some((contract, contract.warnings.first()?))) {
        let count = contract.warnings.len();
        let remarks = if count == 1 { "one remark".to_owned() } else { format!("{count} remarks, the first") };
        progress.note(format!("contract: {remarks}: {first}"));
    }
}

/// Puts on record that there is no contract to hold anything against.
pub(super) fn without_contract(parity: &mut Parity, plan: &Plan, problem: &ContractProblem) {
    let document = plan.contract.as_ref().map_or_else(String::new, |source| source.document.to_string());
    parity.coverage = Some(Coverage { document, problem: Some(problem.to_string()), ..Coverage::default() });
}
