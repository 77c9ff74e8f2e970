//! The rules of a plan, made ready once, and those of them that apply to one step.

use super::path::Matcher;
use crate::plan::{Compare, Rule, RuleKind, RulePlace};

/// The rules of a plan, made ready once.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    rule: Rule,
    /// Its place, if that is in a body.
    matcher: Option<Matcher>,
    /// What elements of arrays are paired by.
    key: Option<Matcher>,
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
    pub(super) key: Option<&'c Matcher>,
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

/// The rule that has a say at one place.
#[derive(Clone, Copy)]
pub(super) struct Decider<'c> {
    /// Which of the plan's rules it is.
    pub(super) index: usize,
    pub(super) kind: &'c RuleKind,
    /// Whether it has decided a place above with everything below.
    pub(super) from_above: bool,
}

impl Rules {
    pub(super) fn new(compare: &Compare) -> Self {
        let prepare = |rule: &Rule| Prepared {
            rule: rule.clone(),
            matcher: match &rule.place {
                RulePlace::Body(path) => Some(Matcher::new(path)),
                RulePlace::Header(_) => None,
            },
            key: match &rule.kind {
                RuleKind::Keyed { by } => Some(Matcher::new(by)),
                _ => None,
            },
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
        for (index, Prepared { rule, matcher, key }) in self.rules.iter().enumerate() {
            let applies = |only: &Option<String>, name| only.as_deref().is_none_or(|only| only == name);
            if !applies(&rule.flow, flow) || !applies(&rule.step, step) {
                continue;
            }
            match (&rule.place, matcher) {
                (RulePlace::Header(name), _) => scope.headers.push(HeaderRule { index, name, kind: &rule.kind }),
                (RulePlace::Body(_), Some(matcher)) => {
                    scope.body.push(BodyRule { index, matcher, key: key.as_ref(), kind: &rule.kind });
                }
                (RulePlace::Body(_), None) => {}
            }
        }
        scope
    }
}

impl<'c> Scope<'c> {
    /// The rule that decides a header.
    pub(super) fn header(&self, name: &str) -> Option<Decider<'c>> {
        let rule = self.headers.iter().find(|rule| rule.name.eq_ignore_ascii_case(name))?;
        Some(Decider { index: rule.index, kind: rule.kind, from_above: false })
    }

    /// The rule that decides a body as a whole: one whose path is the root.
    pub(super) fn whole_body(&self) -> Option<Decider<'c>> {
        let rule = self.body.iter().find(|rule| rule.matcher.accepts(rule.matcher.start()))?;
        Some(Decider { index: rule.index, kind: rule.kind, from_above: false })
    }
}

impl BodyRule<'_> {
    /// Whether it decides everything below its place along with it.
    pub(super) const fn covers_below(&self) -> bool {
        matches!(self.kind, RuleKind::Ignore | RuleKind::Schema { .. })
    }

    /// Whether it permits any order of elements and nothing else.
    pub(super) const fn frees_order(&self) -> bool {
        matches!(self.kind, RuleKind::Unordered | RuleKind::Keyed { .. })
    }
}
