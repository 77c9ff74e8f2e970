//! Flows: each resource is created, read, updated and deleted, with the ids that the service gives.

use std::collections::{BTreeMap, HashMap, HashSet};

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

/// The paths of a contract, looked at once: a document may have thousands.
struct Paths {
    /// Of each operation, with the base path of its server.
    full: Vec<String>,
    /// Collections, with the name of the parameter by which their items are found.
    collections: HashMap<String, String>,
    /// Paths that others may lie below: those before a variable, and those of operations without one.
    tops: HashSet<String>,
    /// Operations that read a path.
    reads: HashMap<String, usize>,
}

impl Paths {
    fn new(contract: &Contract) -> Self {
        let full: Vec<String> = contract.operations.iter().map(Operation::full_path).collect();
        let mut paths =
            Self { full: Vec::new(), collections: HashMap::new(), tops: HashSet::new(), reads: HashMap::new() };
        for (index, (path, operation)) in full.iter().zip(&contract.operations).enumerate() {
            paths.tops.extend(Some(before_variable(path).to_owned()).filter(|top| top.len() > 1));
            paths.collections.extend(collections_of(path, operation));
            if operation.method == "GET" {
                paths.reads.insert(path.clone(), index);
            }
        }
        Self { full, ..paths }
    }

    /// The shortest path that this one lies below.
    fn resource_of(&self, index: usize) -> String {
        let own = before_variable(&self.full[index]);
        let ends = own.match_indices('/').map(|(at, _)| at).skip(1).chain([own.len()]);
        let above = ends.map(|end| &own[..end]).find(|above| self.tops.contains(*above));
        above.unwrap_or(own).to_owned()
    }

    fn order(&self, index: usize, operation: &Operation) -> (Phase, usize, &str) {
        let path = self.full[index].as_str();
        let phase = self.phase(operation, path);
        let depth = path.matches('/').count();
        // What was created first is deleted last.
        (phase, if phase == Phase::Delete { usize::MAX - depth } else { depth }, path)
    }

    fn phase(&self, operation: &Operation, path: &str) -> Phase {
        let is_collection = self.collections.contains_key(path);
        match operation.method.as_str() {
            "POST" if is_collection => Phase::Create,
            "GET" if is_collection => Phase::List,
            "GET" if path.ends_with('}') => Phase::Read,
            "GET" => Phase::Look,
            "POST" => Phase::Act,
            "PUT" => Phase::Replace,
            "PATCH" => Phase::Change,
            "DELETE" => Phase::Delete,
            _ => Phase::Ask,
        }
    }
}

/// `/students` of `/students/{id}/notes`.
fn before_variable(path: &str) -> &str {
    path.find("/{").map_or(path, |at| &path[..at])
}

/// The collections on the way to a path, each with the parameter that follows it.
fn collections_of<'o>(path: &'o str, operation: &'o Operation) -> impl Iterator<Item = (String, String)> + 'o {
    path.match_indices("/{").filter_map(|(at, _)| {
        let name = path[at + 2..].split('}').next()?;
        let is_known = operation.parameters.iter().any(|it| it.place == Place::Path && it.name == name);
        is_known.then(|| (path[..at].to_owned(), name.to_owned()))
    })
}

/// One flow for each resource.
pub(super) fn flows(contract: &Contract, indices: &[usize], login: &Login) -> Vec<DraftFlow> {
    let paths = Paths::new(contract);
    let mut resources: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for index in indices {
        resources.entry(paths.resource_of(*index)).or_default().push(*index);
    }
    let mut names: HashSet<String> = HashSet::new();
    let mut flows = Vec::new();
    for (resource, mut indices) in resources {
        let last = resource.rsplit('/').find(|part| !part.is_empty()).unwrap_or("root");
        let name = unique_name(last, |name| names.contains(name));
        names.insert(name.clone());
        indices.sort_by_key(|index| paths.order(*index, &contract.operations[*index]));
        let flow =
            Flow { contract, login, paths: &paths, indices: &indices, known: Known::default(), steps: Vec::new() };
        flows.push(DraftFlow { comment: Some(resource), name, weight: 1, steps: flow.steps() });
    }
    flows
}

struct Flow<'c> {
    contract: &'c Contract,
    login: &'c Login,
    paths: &'c Paths,
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
        self.capture(operation, &self.paths.full[index], &mut made);
        let bare = made.target.clone();
        self.push(made);
        if operation.method == "POST" && operation.body.is_some() {
            self.known.creations += 1;
        }
        self.with_parameters(operation, &bare);
        self.gone(operation, &self.paths.full[index]);
    }

    /// Keeps the id that the answer has, for the steps that need it.
    fn capture(&mut self, operation: &Operation, path: &str, step: &mut DraftStep) {
        let Some(parameter) = self.paths.collections.get(path) else { return };
        if self.known.ids.contains_key(path) {
            return;
        }
        let place = match operation.method.as_str() {
            "POST" => {
                capture::of_created(self.contract, operation, parameter).or_else(|| capture::of_location(operation))
            }
            "GET" => capture::of_first(self.contract, operation, parameter),
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
        let variable = unique_name(&variable(path, parameter), taken);
        step.capture.push((variable.clone(), place));
        self.known.ids.insert(path.to_owned(), variable);
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
    fn gone(&mut self, operation: &Operation, path: &str) {
        let get = self.paths.reads.get(path).map(|index| &self.contract.operations[*index]);
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
