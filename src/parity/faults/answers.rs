//! Kinds of answers: what is counted of them, and what is compared where numbers depend on the moment.

use std::collections::BTreeMap;

use crate::compare::json;
use crate::http::Response;
use crate::plan::JsonPath;
use crate::record::faults::AnswerCount;
use crate::step::{Done, RenderError};

/// What became of one probe.
pub(super) type Outcome = Result<Done, RenderError>;

/// Places of a JSON body at which services put the stable name of an error.
const CODES: [&str; 3] = ["$.code", "$.error.code", "$.error"];
/// A longer one is no name.
const LONGEST_CODE: usize = 64;

/// The answer, if there was one.
pub(super) fn response(outcome: &Outcome) -> Option<&Response> {
    outcome.as_ref().ok()?.exchange.outcome.as_ref().ok()
}

/// Whether the answer is one that the plan expects of the probe.
pub(super) fn is_good(outcome: &Outcome) -> bool {
    outcome.as_ref().is_ok_and(|done| done.problem.is_none())
}

/// `503 DATABASE_BUSY`, `200`, or why there was no answer.
pub(super) fn kind(outcome: &Outcome) -> String {
    match outcome {
        Err(error) => format!("not sent: {error}"),
        Ok(done) => match &done.exchange.outcome {
            Err(failure) => format!("no answer: {}", failure.kind.name()),
            Ok(response) => match code(response) {
                Some(code) => format!("{} {code}", response.status),
                None => response.status.to_string(),
            },
        },
    }
}

/// The stable name of an error, where the body has one.
fn code(response: &Response) -> Option<String> {
    if response.status < 400 {
        return None;
    }
    let body = json::parse(&response.body).ok()?;
    let at = |path: &&str| JsonPath::parse(path).ok().and_then(|path| json::select(&body, &path));
    let codes = CODES.iter().filter_map(at).map(|value| value.scalar_text().text.into_owned());
    let is_name = |text: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        (1..=LONGEST_CODE).contains(&text.len()) && text.chars().all(plain)
    };
    codes.into_iter().find(is_name)
}

/// So many of each kind, in the order of their names.
pub(super) fn count<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>) -> Vec<AnswerCount> {
    let mut counts = BTreeMap::<String, u64>::new();
    for outcome in outcomes {
        *counts.entry(kind(outcome)).or_default() += 1;
    }
    counts.into_iter().map(|(answer, count)| AnswerCount { answer, count }).collect()
}

/// The kinds alone, in words.
pub(super) fn kinds(counts: &[AnswerCount]) -> String {
    counts.iter().map(|count| &*count.answer).collect::<Vec<_>>().join(", ")
}
