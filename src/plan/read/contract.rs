//! The contract of a plan.

use super::super::contract::{ContractSource, Document, Excepted, Exception};
use super::super::fields::{Fields, elements, text};
use super::super::keys::{CONTRACT, EXCEPT, METHODS};
use super::super::problems::Problems;
use super::super::side::{PATH_FORM, is_path};
use super::super::yaml::Node;
use super::step::statuses;

pub(super) fn contract(node: &Node, problems: &mut Problems<'_>) -> Option<ContractSource> {
    if node.scalar().is_some() {
        return Some(ContractSource::new(document(node, problems)?));
    }
    let fields = Fields::open(node, &CONTRACT, problems)?;
    let except = elements(fields.get("except"), problems);
    let except = except.iter().filter_map(|node| exception(node, problems)).collect();
    let document = fields.get("document").and_then(|node| document(node, problems))?;
    Some(ContractSource { document, except })
}

fn document(node: &Node, problems: &mut Problems<'_>) -> Option<Document> {
    let text = text(node, problems)?;
    if text.contains("://") {
        let hint = "name a file beside the plan, or the path at which the baseline serves it, such as `/openapi.json`";
        problems.value(node, "the contract cannot be a URL", Some(hint.to_owned()));
        return None;
    }
    if text.starts_with('/') && !is_path(text) {
        problems.value(node, format!("`{text}` is not a path"), Some(PATH_FORM.to_owned()));
        return None;
    }
    Some(Document::parse(text))
}

fn exception(node: &Node, problems: &mut Problems<'_>) -> Option<Exception> {
    let fields = Fields::open(node, &EXCEPT, problems)?;
    let statuses = fields.get("status").map(|node| Excepted::Statuses(statuses(node, problems)));
    let parameter = fields.get("parameter").and_then(|node| text(node, problems));
    let operation = fields.get("operation").and_then(|node| operation(node, problems));
    let reason = fields.get("reason").and_then(|node| text(node, problems));
    let what = statuses.or_else(|| parameter.map(|name| Excepted::Parameter(name.to_owned())))?;
    Some(Exception { what, operation, reason: reason?.to_owned() })
}

/// Whether the contract has it is known only once that is read.
fn operation(node: &Node, problems: &mut Problems<'_>) -> Option<String> {
    let text = text(node, problems)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [method, path] = words[..]
        && (METHODS.contains(&method) || method == "TRACE")
        && path.starts_with('/')
    {
        return Some(format!("{method} {path}"));
    }
    problems.value(node, format!("`{text}` is no operation"), Some("write it like `GET /students/{id}`".to_owned()));
    None
}
