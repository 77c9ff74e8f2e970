//! From sealed exchanges to a draft: order, flows, logins, and what is left to the environment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::draft::{Draft, DraftAuth, DraftFlow, DraftRule, DraftRuleKind, DraftSide, DraftStep};
use super::exchange::{Hint, Sealed};
use super::flows::{self, Login};
use super::names;
use super::steps::{Secrets, Steps};
use super::traffic::Dropped;
use crate::role::Pair;

/// Bytes of a plan, and values in it, that leave room below the limits of the reader.
const MAX_BYTES: usize = 3 << 20;
const MAX_VALUES: usize = 120_000;

/// How a recording becomes a plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the plan.
    pub name: String,
    /// Lines at the top of the plan.
    pub comments: Vec<String>,
    /// Scheme, host and port of both sides.
    pub sides: Pair<String>,
    /// A session that pauses so long goes on as another flow.
    pub gap: Duration,
    /// Sessions that use each other's values are one flow: they are of one caller.
    pub one_caller: bool,
    /// Most steps of the plan.
    pub max_steps: usize,
    /// Names of members whose values must be different in each iteration.
    pub unique: Vec<String>,
}

/// What became of a recording.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The plan.
    pub draft: Draft,
    /// Steps in all flows.
    pub steps: usize,
    /// Values that are captured from answers.
    pub captures: usize,
    /// Exchanges that are no steps because they log in; the plan's login does it for all.
    pub logins: usize,
    /// Flows that were the same as another one.
    pub repeated: usize,
    /// Variables of the environment that the plan asks for, and what each is.
    pub environment: BTreeMap<String, String>,
    /// Exchanges beyond the limit.
    pub dropped: BTreeMap<Dropped, usize>,
}

/// Makes a plan of a recording.
pub fn draft(mut exchanges: Vec<Sealed>, options: &Options) -> Imported {
    exchanges.sort_by_key(|exchange| exchange.at_us);
    let login = flows::login(&exchanges);
    let groups = flows::group(&exchanges, login.as_ref(), options.gap, options.one_caller);
    let mut secrets = Secrets::new(&options.name, &exchanges);
    let mut steps = Steps::new(login.as_ref(), &mut secrets, &options.unique);
    let mut flows: Vec<DraftFlow> = Vec::new();
    let mut budget = Budget::new(options.max_steps);
    let mut names = BTreeMap::new();
    let mut repeated = 0;
    for group in &groups {
        let mut drafted = steps.flow(group);
        budget.take(&mut drafted);
        if drafted.is_empty() {
            continue;
        }
        if let Some(same) = flows.iter_mut().find(|flow| flow.steps == drafted) {
            same.weight += 1;
            repeated += 1;
            continue;
        }
        let name = flow_name(group, &mut names);
        flows.push(DraftFlow { comment: None, name, weight: 1, steps: drafted });
    }
    let auth = login.as_ref().map(|login| authentication(login, &mut steps));
    let captures = steps.captures;
    let environment = secrets.environment();
    let total = flows.iter().map(|flow| flow.steps.len()).sum();
    let ready = ready(&exchanges);
    let side = |url: &String| DraftSide { url: url.clone(), ready: ready.clone() };
    let sides = Pair { baseline: side(&options.sides.baseline), candidate: side(&options.sides.candidate) };
    let draft = Draft {
        comments: comments(options, &environment),
        name: options.name.clone(),
        sides,
        contract: None,
        auth,
        flows,
        rules: rules(&exchanges),
        gates: vec!["parity.breaking == 0".to_owned()],
    };
    let dropped = if budget.dropped > 0 { BTreeMap::from([(Dropped::Limit, budget.dropped)]) } else { BTreeMap::new() };
    let logins = login.map_or(0, |login| login.requests.len());
    Imported { draft, steps: total, captures, logins, repeated, environment, dropped }
}

fn authentication<'a>(login: &Login<'a>, steps: &mut Steps<'a, '_>) -> DraftAuth {
    let header = (login.header.clone(), steps.credential(login));
    DraftAuth { login: login.exchange.map(|exchange| steps.login(exchange)), header }
}

fn comments(options: &Options, environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = options.comments.clone();
    if !environment.is_empty() {
        lines
            .push("Secrets are not in this file. Set these variables of the environment before it is used:".to_owned());
        lines.extend(environment.iter().map(|(name, what)| format!("  {name}  {what}")));
    }
    lines
}

/// `students-1`: what most requests of a flow are about.
fn flow_name(group: &[&Sealed], taken: &mut BTreeMap<String, usize>) -> String {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for exchange in group {
        *counts.entry(subject(exchange)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let name = counts.into_iter().next().map_or_else(|| "flow".to_owned(), |(name, _)| name);
    let number = taken.entry(name.clone()).or_default();
    *number += 1;
    if *number == 1 { name } else { format!("{name}-{number}") }
}

fn subject(exchange: &Sealed) -> String {
    let path = exchange.path();
    let is_version = |word: &str| word.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    let word = path.split('/').find(|word| !word.is_empty() && *word != "api" && !is_version(word));
    let word = word.map(names::identifier).unwrap_or_default();
    if word.is_empty() { "root".to_owned() } else { word }
}

/// A path that answers 2xx to anybody, best one that is meant for the question.
fn ready(exchanges: &[Sealed]) -> Option<String> {
    let open = exchanges.iter().filter(|exchange| {
        exchange.method == "GET"
            && (200..300).contains(&exchange.status)
            && exchange.values().iter().all(|value| value.text.is_some())
    });
    let paths: Vec<String> = open.map(Sealed::spelled).collect();
    let is_meant = |path: &&String| ["health", "ready", "alive", "ping"].iter().any(|word| path.contains(word));
    paths.iter().find(is_meant).or(paths.first()).cloned()
}

/// Rules that follow from what the answers have shown.
fn rules(exchanges: &[Sealed]) -> Vec<DraftRule> {
    let hints: BTreeSet<&Hint> = exchanges.iter().flat_map(|exchange| &exchange.hints).collect();
    let anywhere = |name: &str| format!("$.{}", super::answer::member(name).replacen("['", ".['", 1));
    let rule = |hint: &Hint| {
        let (place, kind, reason) = match hint {
            Hint::RequestHeader(name) => {
                (format!("header {name}"), DraftRuleKind::Ignore, "the identity of the request")
            }
            Hint::RequestMember(name) => (anywhere(name), DraftRuleKind::Ignore, "the identity of the request"),
            Hint::Secret(name) => (anywhere(name), DraftRuleKind::Ignore, "a secret drawn at random"),
            Hint::Now(name) => {
                let within = vec![("as".to_owned(), "datetime".to_owned()), ("within".to_owned(), "5s".to_owned())];
                (anywhere(name), DraftRuleKind::As(within), "written by each side when it was asked")
            }
        };
        DraftRule { place, kind, reason: reason.to_owned() }
    };
    hints
        .into_iter()
        .filter(
            |hint| !matches!(hint, Hint::Secret(name) | Hint::Now(name) | Hint::RequestMember(name) if name.is_empty()),
        )
        .map(rule)
        .collect()
}

/// What a plan may still hold.
struct Budget {
    steps: usize,
    bytes: usize,
    values: usize,
    dropped: usize,
}

impl Budget {
    const fn new(steps: usize) -> Self {
        Self { steps, bytes: MAX_BYTES, values: MAX_VALUES, dropped: 0 }
    }

    /// Keeps the steps of a flow that there is room for.
    fn take(&mut self, steps: &mut Vec<DraftStep>) {
        let fits = |budget: &mut Self, step: &DraftStep| {
            let (bytes, values) = step.size();
            if budget.steps == 0 || budget.bytes < bytes || budget.values < values {
                return false;
            }
            budget.steps -= 1;
            budget.bytes -= bytes;
            budget.values -= values;
            true
        };
        let kept = steps.iter().take_while(|step| fits(self, step)).count();
        self.dropped += steps.len() - kept;
        steps.truncate(kept);
    }
}
