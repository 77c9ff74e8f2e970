//! What a plan's rules permit.

use std::borrow::Cow;

use super::json::Value;
use super::moment::Moment;
use super::path::Matcher;
use crate::plan::{Compare, Rule, RuleKind, RulePlace};

/// The rules of a plan, made ready once.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<(Rule, Option<Matcher>)>,
}

/// The rules that apply to one step.
pub(super) struct Scope<'c> {
    /// About places in a JSON body, in the plan's order.
    pub(super) body: Vec<BodyRule<'c>>,
    headers: Vec<HeaderRule<'c>>,
}

/// A rule about places in a JSON body.
pub(super) struct BodyRule<'c> {
    /// Which of the plan's rules it is.
    pub(super) index: usize,
    pub(super) matcher: &'c Matcher,
    pub(super) kind: &'c RuleKind,
}

/// A rule about a header.
#[derive(Clone, Copy)]
pub(super) struct HeaderRule<'c> {
    /// Which of the plan's rules it is.
    pub(super) index: usize,
    name: &'c str,
    pub(super) kind: &'c RuleKind,
}

/// What one side has at a place.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    Json(Value<'a>),
    Header(&'a [u8]),
    Body(&'a [u8]),
}

impl Rules {
    pub(super) fn new(compare: &Compare) -> Self {
        let prepare = |rule: &Rule| match &rule.place {
            RulePlace::Body(path) => (rule.clone(), Some(Matcher::new(path))),
            RulePlace::Header(_) => (rule.clone(), None),
        };
        Self { rules: compare.rules.iter().map(prepare).collect() }
    }

    /// How many rules there are.
    pub(super) const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Those that apply to a step.
    pub(super) fn scope(&self, flow: &str, step: &str) -> Scope<'_> {
        let mut scope = Scope { body: Vec::new(), headers: Vec::new() };
        for (index, (rule, matcher)) in self.rules.iter().enumerate() {
            let applies = |only: &Option<String>, name| only.as_deref().is_none_or(|only| only == name);
            if !applies(&rule.flow, flow) || !applies(&rule.step, step) {
                continue;
            }
            match (&rule.place, matcher) {
                (RulePlace::Header(name), _) => scope.headers.push(HeaderRule { index, name, kind: &rule.kind }),
                (RulePlace::Body(_), Some(matcher)) => {
                    scope.body.push(BodyRule { index, matcher, kind: &rule.kind });
                }
                (RulePlace::Body(_), None) => {}
            }
        }
        scope
    }
}

impl<'c> Scope<'c> {
    /// The rule that decides a header.
    pub(super) fn header(&self, name: &str) -> Option<HeaderRule<'c>> {
        self.headers.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)).copied()
    }

    /// The rule that decides a body as a whole: one whose path is the root.
    pub(super) fn whole_body(&self) -> Option<&BodyRule<'c>> {
        self.body.iter().find(|rule| rule.matcher.accepts(rule.matcher.start()))
    }
}

impl BodyRule<'_> {
    /// Whether it permits anything, below its place too.
    pub(super) const fn is_ignore(&self) -> bool {
        matches!(self.kind, RuleKind::Ignore)
    }
}

/// Whether a rule permits what the two sides have at its place; `None`: a side has nothing there. New kinds of rules
/// get their arm here.
pub(super) fn permits(kind: &RuleKind, baseline: Option<Seen<'_>>, candidate: Option<Seen<'_>>) -> bool {
    match kind {
        // A place that may be anything may also be absent.
        RuleKind::Ignore => true,
        RuleKind::Datetime { within } => match (baseline.and_then(Seen::text), candidate.and_then(Seen::text)) {
            (Some(baseline), Some(candidate)) => are_near(&baseline, &candidate, *within),
            _ => false,
        },
    }
}

fn are_near(baseline: &[u8], candidate: &[u8], within: std::time::Duration) -> bool {
    match (Moment::parse(baseline), Moment::parse(candidate)) {
        (Some(baseline), Some(candidate)) => baseline.is_near(&candidate, within),
        _ => false,
    }
}

impl<'a> Seen<'a> {
    /// Its text, if it is one.
    fn text(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Json(value) => value.text().map(super::json::Text::decode),
            Self::Header(bytes) | Self::Body(bytes) => Some(Cow::Borrowed(bytes)),
        }
    }
}
