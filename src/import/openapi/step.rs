//! One operation as one step.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::draft::{DraftBody, DraftStep};
use super::super::text::{Piece, Text};
use super::body;
use crate::contract::{Contract, Operation, Parameter, Place, StatusPattern, encoded};

/// Why an operation has no step, if it has none.
pub(super) fn unwanted(operation: &Operation) -> Option<&'static str> {
    let answers = |part: &str| {
        let contents = operation.responses.iter().flat_map(|response| &response.contents);
        contents.into_iter().any(|content| content.media_type.contains(part))
    };
    let is_metrics = operation.method == "GET" && operation.path.as_str().ends_with("/metrics");
    match () {
        () if operation.method == "TRACE" => Some("plans know no TRACE"),
        () if is_metrics || answers("openmetrics") => Some("figures of a process are different each time"),
        () if answers("text/event-stream") => Some("a stream of events does not end"),
        () if !body::can_be_written(operation) => Some("its body is neither JSON nor text"),
        () => None,
    }
}

/// What a step is made with.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Variables with the ids of what is in a collection, by the collection's path.
    pub(super) ids: BTreeMap<String, String>,
    /// Requests so far that created something.
    pub(super) creations: usize,
}

/// An operation as a step without anything that was captured.
pub(super) fn plain(contract: &Contract, operation: &Operation) -> DraftStep {
    step(contract, operation, &Known::default(), Optional::LeftOut)
}

/// Whether parameters go along that a request need not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Optional {
    /// Only those that are required.
    LeftOut,
    /// Also those of the query that the document has an example for.
    WithExample,
}

pub(super) fn step(contract: &Contract, operation: &Operation, known: &Known, optional: Optional) -> DraftStep {
    let mut guesses = Vec::new();
    let mut target = path(contract, operation, known, &mut guesses);
    query(contract, operation, optional, &mut target, &mut guesses);
    let required = operation.parameters.iter().filter(|it| it.place == Place::Header && it.required);
    let mut headers: Vec<(String, Text)> =
        required.map(|it| (it.name.clone(), Text::literal(text(&value(contract, it))))).collect();
    guesses.extend(headers.iter().map(|(name, _)| format!("header `{name}`")));
    let (body, media_type) = body::body(contract, operation, known.creations).unwrap_or((DraftBody::None, None));
    headers.extend(media_type.map(|media_type| ("Content-Type".to_owned(), Text::literal(media_type))));
    DraftStep {
        comment: (!guesses.is_empty()).then(|| format!("A guess: {}.", guesses.join(", "))),
        name: operation.operation_id.clone(),
        method: operation.method.clone(),
        target,
        headers,
        body,
        status: expected(operation),
        capture: Vec::new(),
        without_auth: operation.security.is_empty(),
    }
}

/// Statuses of success that are documented; those of redirection where there are none.
fn expected(operation: &Operation) -> Vec<u16> {
    let exact = |low: u16| -> Vec<u16> {
        let statuses = operation.responses.iter().filter_map(|response| match response.status {
            StatusPattern::Exact(status) if (low..low + 100).contains(&status) => Some(status),
            _ => None,
        });
        statuses.collect()
    };
    let has_class = operation.responses.iter().any(|response| response.status == StatusPattern::Class(2));
    let good = exact(200);
    match () {
        () if has_class => Vec::new(),
        () if good.is_empty() => exact(300),
        () => good,
    }
}

/// The path with what was captured, else with a sample.
fn path(contract: &Contract, operation: &Operation, known: &Known, guesses: &mut Vec<String>) -> Text {
    let full = operation.full_path();
    let mut path = Text::default();
    let mut before = String::new();
    for segment in full.split('/').skip(1) {
        path.push(Piece::Literal("/".to_owned()));
        let whole = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match whole.and_then(|_| known.ids.get(&before)) {
            Some(variable) => path.push(Piece::Hole(variable.clone())),
            None => path.push(Piece::Literal(filled(contract, operation, segment, guesses))),
        }
        before = format!("{before}/{segment}");
    }
    path
}

/// A segment with samples in place of its variables.
fn filled(contract: &Contract, operation: &Operation, segment: &str, guesses: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = segment;
    while let Some((literal, name, after)) = rest.split_once('{').and_then(|(literal, rest)| {
        let (name, after) = rest.split_once('}')?;
        Some((literal, name, after))
    }) {
        out.push_str(literal);
        let parameter = operation.parameters.iter().find(|it| it.place == Place::Path && it.name == name);
        let sample = parameter.map_or_else(|| "1".to_owned(), |parameter| text(&value(contract, parameter)));
        out.push_str(&encoded(&sample));
        guesses.push(format!("`{name}` of the path"));
        rest = after;
    }
    out + rest
}

fn query(contract: &Contract, operation: &Operation, optional: Optional, target: &mut Text, guesses: &mut Vec<String>) {
    let mut pairs = Vec::new();
    for parameter in operation.parameters.iter().filter(|it| it.place == Place::Query) {
        let has_example = parameter.example.is_some() || contract.resolve(&parameter.schema).get("examples").is_some();
        let is_wanted = parameter.required || optional == Optional::WithExample && has_example;
        if !is_wanted {
            continue;
        }
        if !has_example {
            guesses.push(format!("parameter `{}`", parameter.name));
        }
        pairs.extend(spelled(parameter, &value(contract, parameter)));
    }
    if !pairs.is_empty() {
        target.push(Piece::Literal(format!("?{}", pairs.join("&"))));
    }
}

/// A parameter as it stands in a query, by its style.
fn spelled(parameter: &Parameter, value: &Value) -> Vec<String> {
    let name = encoded(&parameter.name);
    match value {
        _ if parameter.media_type.is_some() => vec![format!("{name}={}", encoded(&value.to_string()))],
        Value::Array(items) if parameter.explode => {
            items.iter().map(|item| format!("{name}={}", encoded(&text(item)))).collect()
        }
        Value::Array(items) => {
            let joint = match parameter.style.as_str() {
                "spaceDelimited" => "%20",
                "pipeDelimited" => "%7C",
                _ => ",",
            };
            vec![format!("{name}={}", items.iter().map(|item| encoded(&text(item))).collect::<Vec<_>>().join(joint))]
        }
        Value::Object(members) => {
            let is_deep = parameter.style == "deepObject";
            let key = |member: &str| if is_deep { format!("{name}%5B{}%5D", encoded(member)) } else { encoded(member) };
            members.iter().map(|(member, value)| format!("{}={}", key(member), encoded(&text(value)))).collect()
        }
        value => vec![format!("{name}={}", encoded(&text(value)))],
    }
}

fn value(contract: &Contract, parameter: &Parameter) -> Value {
    parameter.example.clone().unwrap_or_else(|| contract.sample(&parameter.schema))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "1".to_owned(),
        value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}
