//! What two right systems may answer differently, as far as a document lets one guess.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::draft::{DraftRule, DraftRuleKind};
use super::login::Login;
use crate::contract::Contract;

/// Deepest level of answers at which members are looked at.
const MAX_DEPTH: usize = 6;
/// Names of the identity of a request.
const IDENTITIES: [&str; 8] =
    ["request_id", "requestId", "query_id", "queryId", "trace_id", "traceId", "correlation_id", "correlationId"];
/// How far apart two clocks may be.
const WITHIN: &str = "5s";

pub(super) fn rules(contract: &Contract, login: &Login) -> Vec<DraftRule> {
    let mut found = Found::default();
    for operation in &contract.operations {
        for content in operation.responses.iter().flat_map(|response| &response.contents).filter(|it| it.is_json()) {
            found.schema(contract, &content.schema, "", 0);
        }
    }
    let ignore =
        |place: String, reason: &str| DraftRule { place, kind: DraftRuleKind::Ignore, reason: reason.to_owned() };
    let mut rules = vec![ignore("header x-request-id".to_owned(), "drawn anew for each request, where there is one")];
    let token = login.operation.iter().map(|(_, place)| ignore(place.clone(), "tokens are secrets drawn at random"));
    rules.extend(token);
    let identities = found.identities.iter();
    rules.extend(identities.map(|name| ignore(format!("$..{name}"), "looks like the identity of a request")));
    let within = || vec![("as".to_owned(), "datetime".to_owned()), ("within".to_owned(), WITHIN.to_owned())];
    rules.extend(found.times.iter().map(|name| DraftRule {
        place: format!("$..{name}"),
        kind: DraftRuleKind::As(within()),
        reason: "a guess: a time that each side writes by its own clock".to_owned(),
    }));
    rules
}

/// Names of members by what they are.
#[derive(Default)]
struct Found {
    times: BTreeSet<String>,
    identities: BTreeSet<String>,
    /// Schemas under a name that have been seen: they may be circular.
    seen: BTreeSet<String>,
}

impl Found {
    fn schema(&mut self, contract: &Contract, schema: &Value, name: &str, depth: usize) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && !self.seen.insert(format!("{reference} {name}"))
        {
            return;
        }
        if depth > MAX_DEPTH {
            return;
        }
        let schema = contract.resolve(schema);
        if schema.get("format").is_some_and(|format| format == "date-time") && is_name(name) {
            self.times.insert(name.to_owned());
        }
        for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if IDENTITIES.contains(&name.as_str()) {
                self.identities.insert(name.clone());
            } else {
                self.schema(contract, inner, name, depth + 1);
            }
        }
        if let Some(items) = schema.get("items") {
            self.schema(contract, items, name, depth + 1);
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.schema(contract, part, name, depth + 1);
            }
        }
    }
}

/// Whether a name can stand in a path as it is.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
