//! Flows of a plan, and the login before them.

use super::super::fields::{Fields, elements, text, whole};
use super::super::keys::{AUTH, FLOW, MAX_WEIGHT};
use super::super::problems::Problems;
use super::super::yaml::{Node, Value};
use super::super::{Auth, Flow, Step, Template, Think};
use super::load::think;
use super::step::{self, ReadStep, header, step};
use super::variables::Variables;

/// The header that authenticates, before it is known whether a login sets its variables.
struct Header {
    name: String,
    value: Template,
}

/// What every list of steps begins with: the variables that the login sets, and the header that authenticates.
pub(super) struct Callers {
    login: Vec<String>,
    header: Option<Header>,
    logs_in: bool,
}

pub(super) fn auth_and_flows(
    auth: Option<&Node>,
    flows: Option<&Node>,
    problems: &mut Problems<'_>,
) -> (Option<Auth>, Vec<Flow>, Callers) {
    let mut variables = Variables::new(Vec::new(), Vec::new());
    let (login, header) = auth.map_or((None, None), |node| login_and_header(node, &mut variables, problems));
    let callers = Callers { login: variables.into_names(), header, logs_in: login.is_some() };
    let mut read = Vec::new();
    for node in elements(flows, problems) {
        read.extend(flow(node, &callers, problems));
    }
    if let Some(node) = flows.filter(|node| matches!(&node.value, Value::List(nodes) if nodes.is_empty())) {
        problems.value(node, "a plan needs at least one flow", None);
    }
    check_flow_names(flows, problems);
    let header = callers.header.as_ref().map(|header| (header.name.clone(), header.value.clone()));
    let auth = login.zip(header).map(|(login, header)| Auth { login, header });
    (auth, read, callers)
}

/// A header without a login is one that each step sends.
fn send_always(steps: &mut [Step], callers: &Callers) {
    let Some(header) = callers.header.as_ref().filter(|_| !callers.logs_in) else { return };
    for step in steps.iter_mut().filter(|step| step.auth) {
        step.headers.push((header.name.clone(), header.value.clone()));
    }
}

fn login_and_header(
    node: &Node,
    variables: &mut Variables,
    problems: &mut Problems<'_>,
) -> (Option<Step>, Option<Header>) {
    let Some(fields) = Fields::open(node, &AUTH, problems) else { return (None, None) };
    let login = fields.get("login").and_then(|node| step(node, variables, problems));
    if let Some(node) = node.child("login") {
        refuse_think(std::slice::from_ref(node), problems);
    }
    let login = login.map(|login| Step { auth: false, ..login.step });
    let header = fields.get("header").and_then(|node| auth_header(node, variables, problems));
    (login, header)
}

fn auth_header(node: &Node, variables: &Variables, problems: &mut Problems<'_>) -> Option<Header> {
    let whole = text(node, problems)?;
    let Some((name, value)) = whole.split_once(':') else {
        let hint = "such as `Authorization: Bearer {{token}}`, in quotes".to_owned();
        problems.value(node, "a header is a name, a colon and a value", Some(hint));
        return None;
    };
    let start = whole.len() - value.trim_start().len();
    let (name, value) = header(node, node, (name.trim(), value.trim(), start), variables, problems)?;
    Some(Header { name, value })
}

fn flow(node: &Node, callers: &Callers, problems: &mut Problems<'_>) -> Option<Flow> {
    let fields = Fields::open(node, &FLOW, problems)?;
    let name = fields.get("name").and_then(|node| text(node, problems)).unwrap_or("");
    let weight = fields.get("weight").and_then(|node| whole(node, 1..=MAX_WEIGHT, problems));
    let nodes = elements(fields.get("steps"), problems);
    if let Some(node) = fields.get("steps").filter(|_| nodes.is_empty()) {
        problems.value(node, "a flow needs at least one step", None);
    }
    let pause = fields.get("think").and_then(|node| think(node, problems));
    let Steps { all: steps, think, variables } = steps(nodes, callers, problems);
    let think = think.into_iter().map(|own| own.or(pause)).collect();
    Some(Flow { name: name.to_owned(), weight: weight.unwrap_or(1) as u32, steps, think, variables })
}

/// A step that no user does has nobody who would pause after it.
pub(super) fn refuse_think(nodes: &[Node], problems: &mut Problems<'_>) {
    for node in nodes.iter().filter_map(|node| node.child("think")) {
        problems.value(node, "only steps of flows have a `think`", Some("remove it".to_owned()));
    }
}

/// A list of steps.
pub(super) struct Steps {
    /// In order.
    pub(super) all: Vec<Step>,
    /// Pauses of their own, as many as steps.
    pub(super) think: Vec<Option<Think>>,
    /// Names of the variables.
    pub(super) variables: Vec<String>,
}

/// Steps in order, and the names of their variables.
pub(super) fn steps(nodes: &[Node], callers: &Callers, problems: &mut Problems<'_>) -> Steps {
    let mut variables = Variables::new(callers.login.clone(), captured_in(nodes));
    let (mut read, mut pauses) = (Vec::new(), Vec::new());
    for (index, node) in nodes.iter().enumerate() {
        variables.step = index + 1;
        let Some(ReadStep { step, is_named, think }) = step(node, &mut variables, problems) else { continue };
        check_auth(node, &step, callers.header.as_ref(), problems);
        read.push((step, is_named, node));
        pauses.push(think);
    }
    let mut steps = with_unique_names(read, problems);
    send_always(&mut steps, callers);
    Steps { all: steps, think: pauses, variables: variables.into_names() }
}

/// Which step captures which name first, as far as can be told before the steps are read.
fn captured_in(steps: &[Node]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let Some(Node { value: Value::Map(names), .. }) = step.child("capture") else { continue };
        let names = names.iter().filter_map(|(key, _)| key.scalar());
        found.extend(names.map(|name| (name.text.clone(), index + 1)));
    }
    found
}

fn check_auth(node: &Node, step: &Step, auth: Option<&Header>, problems: &mut Problems<'_>) {
    let Some(auth) = auth.filter(|_| step.auth) else { return };
    if step.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(&auth.name)) {
        let hint = "write `auth: false` for a step that brings its own".to_owned();
        let message = "this step and `auth` send the same header, it would be sent twice";
        problems.at(&step::first_key(node), message, Some(hint));
    }
}

fn check_flow_names(flows: Option<&Node>, problems: &mut Problems<'_>) {
    let Some(Value::List(flows)) = flows.map(|node| &node.value) else { return };
    let mut seen: Vec<&str> = Vec::new();
    for flow in flows {
        let Some(node) = flow.child("name") else { continue };
        let Some(scalar) = node.scalar() else { continue };
        let name = &*scalar.text;
        if name.contains('/') || name.chars().any(char::is_control) {
            let hint = "gates write `for FLOW/STEP`".to_owned();
            problems.value(node, format!("the name of a flow cannot have a `/`: `{name}`"), Some(hint));
        } else if seen.contains(&name) {
            problems.value(node, format!("there are two flows `{name}`"), None);
        }
        seen.push(name);
    }
}

/// Default names get a number where they would be there twice; given names must be unique.
fn with_unique_names(steps: Vec<(Step, bool, &Node)>, problems: &mut Problems<'_>) -> Vec<Step> {
    let mut taken: Vec<String> = Vec::new();
    for (step, _, node) in steps.iter().filter(|(_, is_named, _)| *is_named) {
        if taken.contains(&step.name) {
            let message = format!("this flow has two steps `{}`", step.name);
            let name = node.child("name").unwrap_or(node);
            problems.value(name, message, Some("give one another `name`".to_owned()));
        }
        taken.push(step.name.clone());
    }
    let mut out = Vec::new();
    for (mut step, is_named, _) in steps {
        if !is_named {
            let base = step.name.clone();
            let names = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base} ({number})")));
            step.name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or(base);
            taken.push(step.name.clone());
        }
        out.push(step);
    }
    out
}
