//! Where in the answers of a plan's steps ids are, found out once: by what the plan says, by what steps capture and
//! later requests put into their paths, and by the paths of the requests.

use std::collections::{HashMap, HashSet};

use super::Namespace;
use super::target;
use crate::compare::path::Matcher;
use crate::plan::path::{self, JsonPath};
use crate::plan::template::{JsonPart, Part};
use crate::plan::{CaptureFrom, Flow, Learn, Plan, Step, Template};

/// Where ids are, and where pairs of them may be introduced.
#[derive(Debug, Clone)]
pub struct Places {
    pub(super) learn: Learn,
    /// Collections whose things are named in paths of requests.
    collections: HashSet<Namespace>,
    /// What the answers of a step are about, by flow and step.
    resources: HashMap<(String, String), Namespace>,
    marked: Vec<Marked>,
}

/// A place that the plan marks, or that a capture makes one.
#[derive(Debug, Clone)]
pub(super) struct Marked {
    pub(super) matcher: Matcher,
    /// `None`: no id, whatever it is called.
    pub(super) namespace: Option<Namespace>,
    flow: Option<String>,
    step: Option<String>,
}

impl Places {
    /// Reads them from a plan.
    pub fn new(plan: &Plan) -> Self {
        let steps = || plan.flows.iter().flat_map(|flow| flow.steps.iter().map(move |step| (flow, step)));
        let collections: HashSet<_> = steps()
            .flat_map(|(_, step)| target::collections(&target::segments(&step.target)).collect::<Vec<_>>())
            .collect();
        let resource =
            &|step: &Step| target::resource(&target::segments(&step.target), |name| collections.contains(name));
        let resources =
            steps().filter_map(|(flow, step)| Some(((flow.name.clone(), step.name.clone()), resource(step)?)));
        // What is asked under a fault is asked under the fault's name.
        let faults = || plan.faults.iter().flat_map(|faults| faults.inject.iter().map(move |fault| (faults, fault)));
        let probes = faults().flat_map(|(faults, fault)| {
            faults
                .probe
                .steps
                .iter()
                .filter_map(move |step| Some(((format!("fault {fault}"), step.name.clone()), resource(step)?)))
        });
        let resources = probes.chain(resources).collect();
        let marked = plan.compare.ids.places.iter().map(|place| Marked {
            matcher: Matcher::new(&place.path),
            namespace: place.of.as_deref().map(Namespace::resource),
            flow: place.flow.clone(),
            step: place.step.clone(),
        });
        let marked = marked.chain(plan.flows.iter().flat_map(captured)).collect();
        Self { learn: plan.compare.ids.learn, collections, resources, marked }
    }

    /// Answers to these steps of a flow that the plan does not have are about what their requests ask for.
    pub(super) fn add(&mut self, flow: &str, steps: &[(String, Template)]) {
        let segments: Vec<_> = steps.iter().map(|(step, target)| (step, target::segments(target))).collect();
        self.collections.extend(segments.iter().flat_map(|(_, segments)| target::collections(segments)));
        for (step, segments) in segments {
            let resource = target::resource(&segments, |name| self.collections.contains(name));
            self.resources.extend(resource.map(|resource| ((flow.to_owned(), step.clone()), resource)));
        }
    }

    /// Whether it is a collection of the service, so that a word in an answer that says the same means its things.
    pub(super) fn is_collection(&self, namespace: &Namespace) -> bool {
        self.collections.contains(namespace)
    }

    /// What the answers of a step are about.
    pub(super) fn resource(&self, flow: &str, step: &str) -> Option<&Namespace> {
        self.resources.get(&(flow.to_owned(), step.to_owned()))
    }

    /// The marked places of a step, those of the plan first.
    pub(super) fn marked(&self, flow: &str, step: &str) -> Vec<&Marked> {
        let applies = |only: &Option<String>, name| only.as_deref().is_none_or(|only| only == name);
        self.marked.iter().filter(|marked| applies(&marked.flow, flow) && applies(&marked.step, step)).collect()
    }
}

/// Places that a flow captures from and whose value later names something in a request.
fn captured(flow: &Flow) -> Vec<Marked> {
    let mut found = Vec::new();
    for (at, step) in flow.steps.iter().enumerate() {
        for capture in &step.capture {
            let CaptureFrom::Body(path) = &capture.from else { continue };
            let mut later = flow.steps[at + 1..].iter();
            if let Some(namespace) = later.find_map(|later| use_of(capture.variable, later)) {
                found.push(Marked {
                    matcher: Matcher::new(&for_every_element(path)),
                    namespace: Some(namespace),
                    flow: Some(flow.name.clone()),
                    step: Some(step.name.clone()),
                });
            }
        }
    }
    found
}

/// What is captured of one element is an id in each.
fn for_every_element(path: &JsonPath) -> JsonPath {
    let general = |segment: &path::Segment| match segment {
        path::Segment::Index(_) => path::Segment::Wildcard,
        segment => segment.clone(),
    };
    JsonPath { segments: path.segments.iter().map(general).collect(), source: path.source.clone() }
}

/// What a step uses a variable as the id of.
fn use_of(variable: usize, step: &Step) -> Option<Namespace> {
    in_target(variable, step).or_else(|| in_body(variable, step))
}

fn in_target(variable: usize, step: &Step) -> Option<Namespace> {
    let parts = &step.target.parts;
    let mut before = String::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Literal(text) => before.push_str(text),
            Part::Variable(index) if *index == variable => {
                let rest = parts.get(at + 1);
                let ends =
                    rest.is_none_or(|part| matches!(part, Part::Literal(text) if text.starts_with(['/', '?', '&'])));
                return if ends { named_by(&before) } else { None };
            }
            _ => before.push('\u{0}'),
        }
    }
    None
}

/// What a value names that stands behind this text: `/students/`, or `?class_id=`.
fn named_by(before: &str) -> Option<Namespace> {
    if let Some((_, query)) = before.split_once('?') {
        return Namespace::reference(query.rsplit('&').next()?.strip_suffix('=')?);
    }
    let name = before.strip_suffix('/')?.rsplit('/').next().filter(|name| !name.is_empty())?;
    let fixed = !name.contains('\u{0}') && !target::is_id_shaped(name);
    fixed.then(|| Namespace::resource(name))
}

fn in_body(variable: usize, step: &Step) -> Option<Namespace> {
    let crate::plan::Body::Json(json) = &step.body else { return None };
    json.parts.windows(2).find_map(|two| match two {
        [JsonPart::Literal(before), JsonPart::Value(Part::Variable(index))] if *index == variable => {
            let name = before.trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?.rsplit('"').next()?;
            Namespace::reference(name)
        }
        _ => None,
    })
}
