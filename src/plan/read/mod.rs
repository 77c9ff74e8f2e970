//! From text to a [`Plan`]: every problem of a file is found before anything is started.

mod compare;
mod contract;
mod faults;
mod flows;
mod gates;
mod ids;
mod json;
mod load;
mod rule_kind;
mod sides;
mod state;
mod step;
mod variables;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) use gates::admits;
#[cfg(test)]
pub(super) use json::{JsonScalar, json_scalar};
pub use load::parse_rate;
pub(super) use load::{check as check_load, check_think};

use super::fields::{Fields, duration, text, whole};
use super::keys::{MAX_PAIRS, PLAN};
use super::problems::{Environment, Problems};
use super::side::{Side, UrlError, split_url};
use super::yaml::{self, Node};
use super::{Arrivals, Body, Compare, Database, Expect, Flow, Load, Plan, Provider, Step, Template};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::role::Pair;
use crate::units::format_duration;

/// Why a plan could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file could not be read.
    #[error("cannot read plan `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and is no valid plan.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

/// Why there is no plan for one URL.
#[derive(Debug, thiserror::Error)]
pub enum AdHocError {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The load cannot be done, as a sentence.
    #[error("{0}")]
    Load(String),
}

/// Reads and validates the plan in a file.
pub fn load(path: &Path) -> Result<Plan, PlanError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|source| PlanError::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&name, &error))?;
    let mut plan = parse(&name, &text)?;
    for side in [&mut plan.sides.baseline, &mut plan.sides.candidate].into_iter().flatten() {
        if let (Some(ca), Some(beside)) = (&mut side.transport.ca, path.parent()) {
            *ca = beside.join(&*ca);
        }
    }
    Ok(Plan { source: Some(path.to_owned()), ..plan })
}

fn not_utf8(source: &str, error: &std::string::FromUtf8Error) -> Diagnostics {
    let at = error.utf8_error().valid_up_to();
    let utf16 = error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]);
    let text = String::from_utf8_lossy(error.as_bytes());
    let message = if utf16 { "the file is UTF-16, a plan must be UTF-8" } else { "the file is not UTF-8" };
    let place = Place::locate(source, &text, at..at + 1);
    Diagnostic { message: message.to_owned(), place: Some(place), hint: None }.into()
}

/// Reads and validates a plan. All problems are told at once, in the order of the text.
///
/// `${NAME}` in a value is replaced by the environment variable of that name.
pub fn parse(source_name: &str, text: &str) -> Result<Plan, Diagnostics> {
    parse_with(source_name, text, &|name| std::env::var(name).ok())
}

/// As [`parse`], with another environment.
pub(super) fn parse_with(source: &str, text: &str, environment: Environment<'_>) -> Result<Plan, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut problems = Problems::new(source, text, environment);
    let root = yaml::read(text, &mut problems);
    let plan = root.and_then(|root| plan(&root, &mut problems));
    let found = problems.into_found();
    match plan.filter(|_| found.is_empty()) {
        Some(plan) => Ok(plan),
        None if found.is_empty() => Err(empty(source)),
        None => Err(found),
    }
}

fn empty(source: &str) -> Diagnostics {
    let hint = Some("begin with `version: 1`, or copy one of the bundled scenarios".to_owned());
    Diagnostic { message: format!("the plan is empty: {source}"), place: None, hint }.into()
}

fn plan(root: &Node, problems: &mut Problems<'_>) -> Option<Plan> {
    if root.is_null() {
        return None;
    }
    let fields = Fields::open(root, &PLAN, problems)?;
    version(fields.get("version"), problems);
    let name = fields.get("name").map_or_else(String::new, |node| plan_name(node, problems));
    let sides = sides::sides(fields.get("sides"), problems);
    let database = sides::database(fields.get("database"), problems);
    let (auth, flows, callers) = flows::auth_and_flows(fields.get("auth"), fields.get("flows"), problems);
    let contract = fields.get("contract").and_then(|node| contract::contract(node, problems));
    let compare = compare::compare(fields.get("compare"), &flows, problems);
    let faults = faults::faults(fields.get("faults"), &flows, &callers, problems);
    let load = load::load(fields.get("load"), problems);
    load::check_thinks(fields.get("flows"), &flows, &load, problems);
    let most = Duration::from_mins(10);
    let timeout = fields.get("timeout").and_then(|node| duration(node, Duration::from_millis(1)..=most, problems));
    let seed = fields.get("seed").and_then(|node| whole(node, 0..=u64::MAX, problems));
    let mut plan = Plan {
        name,
        source: None,
        sides,
        database,
        auth,
        flows,
        contract,
        compare,
        faults,
        load,
        gates: Vec::new(),
        targets: Vec::new(),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        seed,
        only: None,
        accepted: None,
        filled: problems.take_filled(),
    };
    plan.gates = gates::gates(fields.get("gates"), &plan, problems);
    plan.targets = gates::gates(fields.get("targets"), &plan, problems);
    Some(plan)
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

fn version(node: Option<&Node>, problems: &mut Problems<'_>) {
    let is_number = |node: &Node| node.scalar().is_some_and(|scalar| scalar.text.parse::<u32>().is_ok_and(|v| v > 1));
    match node {
        Some(node) if is_number(node) => {
            let hint = "this cutover reads version 1; a newer one may read this plan".to_owned();
            problems.value(node, "the version of this plan is not known", Some(hint));
        }
        Some(node) => {
            whole(node, 1..=1, problems);
        }
        None => {}
    }
}

/// The name goes into file names.
fn plan_name(node: &Node, problems: &mut Problems<'_>) -> String {
    let name = text(node, problems).unwrap_or("");
    let admitted = name.len() <= 64
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !admitted {
        let hint = "it becomes part of a directory's name: letters, digits, `-`, `_` and `.`, at most 64".to_owned();
        problems.value(node, format!("`{name}` cannot be the name of a plan"), Some(hint));
    }
    name.to_owned()
}

/// See [`Plan::ad_hoc`].
pub(super) fn ad_hoc(url: &str, arrivals: Arrivals, duration: Duration) -> Result<Plan, AdHocError> {
    let (base, target) = split_url(url)?;
    let load = ad_hoc_load(arrivals, duration).map_err(AdHocError::Load)?;
    let step = Step {
        name: format!("GET {}", target.split('?').next().unwrap_or("/")),
        method: "GET".to_owned(),
        target: Template::literal(&target),
        headers: Vec::new(),
        body: Body::None,
        expect: Expect::default(),
        capture: Vec::new(),
        auth: false,
    };
    let flow =
        Flow { name: "request".to_owned(), weight: 1, steps: vec![step], think: vec![None], variables: Vec::new() };
    Ok(Plan {
        name: "load".to_owned(),
        source: None,
        sides: Pair {
            baseline: None,
            candidate: Some(Side { ready: target, ready_by_any: true, ..Side::from_url(&base)? }),
        },
        database: Database { provider: Provider::Auto, ..sides::default_database() },
        auth: None,
        flows: vec![flow],
        contract: None,
        compare: Compare::default(),
        faults: None,
        load,
        gates: Vec::new(),
        targets: Vec::new(),
        timeout: DEFAULT_TIMEOUT,
        seed: None,
        only: None,
        accepted: None,
        filled: Vec::new(),
    })
}

/// A block of at most a minute, and of no more arrivals than fit into 20 MB, as many times as it takes.
fn ad_hoc_load(arrivals: Arrivals, duration: Duration) -> Result<Load, String> {
    const LONGEST: Duration = Duration::from_mins(1);
    const MOST: f64 = 200_000.0;
    let arriving = match arrivals {
        Arrivals::Open { rate, .. } => rate * duration.as_secs_f64(),
        Arrivals::Closed { .. } => 0.0,
    };
    let seconds = duration.as_secs_f64();
    // A block of less than a second says nothing.
    let blocks = (seconds / LONGEST.as_secs_f64()).max((arriving / MOST).min(seconds)).ceil().max(1.0);
    if blocks > MAX_PAIRS as f64 {
        return Err(format!("a load of {} is too long", format_duration(duration)));
    }
    let pairs = blocks as u32;
    let block = duration / pairs;
    let load = Load {
        arrivals,
        ramp: None,
        pairs,
        max_pairs: None,
        block,
        settle: Duration::ZERO,
        parity: false,
        stop_early: true,
    };
    match load::check(&load) {
        Ok(()) => Ok(load),
        Err((message, _)) => Err(message),
    }
}
