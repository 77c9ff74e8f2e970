//! Flows: each resource is created, read, updated and deleted, with the ids that the service gives.

use std::collections::BTreeMap;

use super::super::draft::{DraftFlow, DraftStep};
use super::capture;
use super::login::{self, Login};
use super::step::{Known, Optional, step};
use crate::contract::{Contract, Operation, Place, StatusPattern};

/// What is done with a resource, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Create,
    List,
    Read,
    Look,
    Act,
    Replace,
    Change,
    Ask,
    Delete,
}

/// One flow for each resource.
pub(super) fn flows(contract: &Contract, indices: &[usize], login: &Login) -> Vec<DraftFlow> {
    let mut resources: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let collections = collections(contract, indices);
    for index in indices {
        resources.entry(resource_of(&contract.operations[*index].full_path(), &collections)).or_default().push(*index);
    }
    let mut flows: Vec<DraftFlow> = Vec::new();
    for (resource, mut indices) in resources {
        let taken = |name: &str| flows.iter().any(|flow| flow.name == name);
        let name = unique_name(resource.rsplit('/').find(|part| !part.is_empty()).unwrap_or("root"), taken);
        indices.sort_by_key(|index| order(contract, &contract.operations[*index]));
        let steps = Flow { contract, login, indices: &indices, known: Known::default(), steps: Vec::new() }.steps();
        flows.push(DraftFlow { comment: Some(resource), name, weight: 1, steps });
    }
    flows
}

/// Paths that others lie below: those before a variable, and those of operations.
fn collections(contract: &Contract, indices: &[usize]) -> Vec<String> {
    let paths = indices.iter().map(|index| contract.operations[*index].full_path());
    let mut all: Vec<String> =
        paths.map(|path| before_variable(&path).to_owned()).filter(|path| path.len() > 1).collect();
    all.sort_by_key(String::len);
    all
}

/// `/students` of `/students/{id}/notes`.
fn before_variable(path: &str) -> &str {
    path.find("/{").map_or(path, |at| &path[..at])
}

/// The shortest path that this one lies below.
fn resource_of(path: &str, collections: &[String]) -> String {
    let own = before_variable(path);
    let is_above =
        |above: &&String| own.strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    collections.iter().find(is_above).cloned().unwrap_or_else(|| own.to_owned())
}

fn order(contract: &Contract, operation: &Operation) -> (Phase, usize, String) {
    let path = operation.full_path();
    let phase = phase(contract, operation, &path);
    let depth = path.matches('/').count();
    // What was created first is deleted last.
    (phase, if phase == Phase::Delete { usize::MAX - depth } else { depth }, path)
}

fn phase(contract: &Contract, operation: &Operation, path: &str) -> Phase {
    let is_item = path.ends_with('}');
    match operation.method.as_str() {
        "POST" if item_parameter(contract, path).is_some() => Phase::Create,
        "GET" if item_parameter(contract, path).is_some() => Phase::List,
        "GET" if is_item => Phase::Read,
        "GET" => Phase::Look,
        "POST" => Phase::Act,
        "PUT" => Phase::Replace,
        "PATCH" => Phase::Change,
        "DELETE" => Phase::Delete,
        _ => Phase::Ask,
    }
}

/// The name of the parameter by which this collection's items are found, if it is a collection.
fn item_parameter(contract: &Contract, collection: &str) -> Option<String> {
    contract.operations.iter().find_map(|operation| {
        let path = operation.full_path();
        let rest = path.strip_prefix(collection)?.strip_prefix("/{")?;
        let name = rest.split('}').next()?;
        let is_known = operation.parameters.iter().any(|it| it.place == Place::Path && it.name == name);
        is_known.then(|| name.to_owned())
    })
}

struct Flow<'c> {
    contract: &'c Contract,
    login: &'c Login,
    indices: &'c [usize],
    known: Known,
    steps: Vec<DraftStep>,
}

impl Flow<'_> {
    fn steps(mut self) -> Vec<DraftStep> {
        for index in self.indices {
            self.operation(*index);
        }
        self.steps
    }

    fn operation(&mut self, index: usize) {
        let operation = &self.contract.operations[index];
        if self.login.operation.as_ref().is_some_and(|(login, _)| *login == index) && self.login.auth.is_some() {
            let request = login::request(self.contract, operation);
            return self.push(request);
        }
        let mut made = step(self.contract, operation, &self.known, Optional::LeftOut);
        self.capture(operation, &mut made);
        let bare = made.target.clone();
        self.push(made);
        if operation.method == "POST" && operation.body.is_some() {
            self.known.creations += 1;
        }
        self.with_parameters(operation, &bare);
        self.gone(operation);
    }

    /// Keeps the id that the answer has, for the steps that need it.
    fn capture(&mut self, operation: &Operation, step: &mut DraftStep) {
        let path = operation.full_path();
        let Some(parameter) = item_parameter(self.contract, &path) else { return };
        if self.known.ids.contains_key(&path) {
            return;
        }
        let place = match operation.method.as_str() {
            "POST" => capture::of_created(self.contract, operation, &parameter),
            "GET" => capture::of_first(self.contract, operation, &parameter),
            _ => None,
        };
        let Some(place) = place else {
            if operation.method == "POST" {
                let note = "The answer is not known to have the id of what it created: steps below use samples.";
                step.comment =
                    Some(step.comment.take().map_or_else(|| note.to_owned(), |comment| format!("{comment} {note}")));
            }
            return;
        };
        let taken = |name: &str| self.known.ids.values().any(|known| known == name) || name == "token";
        let variable = unique_name(&variable(&path, &parameter), taken);
        step.capture.push((variable.clone(), place));
        self.known.ids.insert(path, variable);
    }

    /// Once more with every parameter that has an example.
    fn with_parameters(&mut self, operation: &Operation, bare: &super::super::text::Text) {
        if operation.method != "GET" {
            return;
        }
        let mut more = step(self.contract, operation, &self.known, Optional::WithExample);
        if more.target != *bare {
            let name = operation.operation_id.clone().unwrap_or_else(|| operation.name());
            more.name = Some(format!("{name} with parameters"));
            self.push(more);
        }
    }

    /// What was deleted is not there any more, if the document says how that is answered.
    fn gone(&mut self, operation: &Operation) {
        let path = operation.full_path();
        let get = self.contract.operations.iter().find(|it| it.method == "GET" && it.full_path() == path);
        let Some(get) = get.filter(|_| operation.method == "DELETE" && path.ends_with('}')) else { return };
        let says = |status: u16| get.responses.iter().any(|response| response.status == StatusPattern::Exact(status));
        if let Some(status) = [404, 410].into_iter().find(|status| says(*status)) {
            let mut read = step(self.contract, get, &self.known, Optional::LeftOut);
            read.name = Some("gone".to_owned());
            read.status = vec![status];
            self.push(read);
        }
    }

    fn push(&mut self, mut step: DraftStep) {
        if let Some(name) = step.name.take() {
            step.name =
                Some(unique_name(&name, |name| self.steps.iter().any(|step| step.name.as_deref() == Some(name))));
        }
        self.steps.push(step);
    }
}

/// `student_id` for the `id` of `/students`.
fn variable(collection: &str, parameter: &str) -> String {
    let clean = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
    };
    let parameter = clean(parameter);
    if parameter.len() > 3 && parameter.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return parameter;
    }
    let resource = collection.rsplit('/').find(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("item");
    let one = clean(resource.strip_suffix('s').unwrap_or(resource));
    let name = format!("{one}_{parameter}");
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("item_{name}") }
}

/// The name, with a number behind it if it is taken.
fn unique_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let others = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.to_owned()).chain(others).find(|name| !taken(name)).unwrap_or_default()
}
