//! A plan made of an `OpenAPI` document: for each resource one flow that creates, reads, updates and deletes it.
//!
//! What the document does not say is guessed, and each guess is a comment in the plan. Secrets are never written: they
//! are variables of the environment.

mod body;
mod capture;
mod login;
mod resource;
mod rules;
mod step;

use super::draft::{Draft, DraftSide};
use crate::contract::{Contract, Operation};
use crate::role::Pair;

/// What the document cannot say.
#[derive(Debug, Clone)]
pub struct ContractOptions {
    /// Name of the plan.
    pub name: String,
    /// Where the document is, for people.
    pub from: String,
    /// Where the document is, as `contract:` of a plan spells it.
    pub contract: Option<String>,
    /// URLs of the two systems.
    pub sides: Pair<String>,
}

/// What was made of a document.
#[derive(Debug, Clone)]
pub struct ImportedContract {
    /// The plan.
    pub draft: Draft,
    /// Operations that have no step, each with the reason.
    pub left_out: Vec<String>,
    /// Names of environment variables that the plan needs, with what they are.
    pub environment: Vec<(String, String)>,
}

/// Makes a plan of a contract.
pub fn draft_of_contract(contract: &Contract, options: &ContractOptions) -> ImportedContract {
    let login = login::find(contract);
    let mut left_out = Vec::new();
    let wanted = |index: &usize| match step::unwanted(&contract.operations[*index]) {
        None => true,
        Some(why) => {
            left_out.push(format!("{}: {why}", contract.operations[*index].name()));
            false
        }
    };
    let indices: Vec<usize> = (0..contract.operations.len()).filter(wanted).collect();
    let flows = resource::flows(contract, &indices, &login);
    let ready = ready(contract);
    let side = |url: &String| DraftSide { url: url.clone(), ready: ready.clone() };
    let draft = Draft {
        comments: comments(contract, options),
        name: options.name.clone(),
        sides: Pair { baseline: side(&options.sides.baseline), candidate: side(&options.sides.candidate) },
        contract: options.contract.clone(),
        auth: login.auth.clone(),
        flows,
        rules: rules::rules(contract, &login),
        gates: vec!["parity.breaking == 0".to_owned()],
    };
    ImportedContract { draft, left_out, environment: login.environment }
}

fn comments(contract: &Contract, options: &ContractOptions) -> Vec<String> {
    let mut lines = vec![
        format!("Made by `cutover import openapi` from {} ({}).", options.from, contract.title),
        "Look at: the URLs of the sides; bodies, which are the document's examples or made up from its schemas; what a"
            .to_owned(),
        "comment calls a guess; and the rules under `compare`. Values that must be new each time are `{{unique}}`."
            .to_owned(),
    ];
    if options.contract.is_some() {
        lines.push(
            "Reports show what of the contract was compared; `parity.coverage >= 90%` would be a gate on it."
                .to_owned(),
        );
    }
    lines
}

/// A path that answers once the service is ready, if one looks like it.
fn ready(contract: &Contract) -> Option<String> {
    const NAMES: [&str; 9] =
        ["/health", "/healthz", "/ready", "/readyz", "/readiness", "/livez", "/live", "/ping", "/status"];
    let open = |path: &&String| NAMES.iter().any(|name| path.ends_with(name));
    let operations = contract.operations.iter().filter(|it| it.method == "GET" && it.security.is_empty());
    let paths: Vec<String> = operations.map(Operation::full_path).collect();
    paths.iter().find(open).or_else(|| paths.iter().find(|path| !path.contains('{'))).cloned()
}
