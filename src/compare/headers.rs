//! Headers, one name at a time.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::findings::{Contrast, Findings};
use super::header_value::{self, MediaType};
use super::ids::Ruling;
use super::permit::Seen;
use super::rules::Decider;
use super::{Context, shown};
use crate::plan::RuleKind;
use crate::record::Class;
use crate::record::parity::Kind;

/// Headers that are not compared unless a rule asks for them: they belong to one connection or one moment, not to what
/// the service says. `content-length` is framing, and the body itself is compared; an answer to `HEAD` has none, so there it
/// is compared.
pub const HEADERS_LEFT_OUT: &[&str] = &[
    "age",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "server",
    "server-timing",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-process-time",
    "x-response-time",
    "x-runtime",
];

const CONTENT_LENGTH: &str = "content-length";

/// Compares all headers.
pub(super) fn compare(context: &Context<'_>, findings: &mut Findings, baseline: &HeaderMap, candidate: &HeaderMap) {
    let names: BTreeSet<&str> = baseline.keys().chain(candidate.keys()).map(HeaderName::as_str).collect();
    for name in names {
        let decider = context.scope.header(name);
        let is_asked_for = decider.is_some_and(|decider| !matches!(decider.kind, RuleKind::Ignore));
        if !HEADERS_LEFT_OUT.contains(&name) || is_asked_for {
            let values = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            let header = Header { name, decider, baseline: values(baseline), candidate: values(candidate) };
            header.compare(context, findings);
        } else if name == CONTENT_LENGTH && context.is_head && decider.is_none() {
            compare_lengths(findings, baseline, candidate);
        }
    }
}

/// How long the body would be. One that a service does not know beforehand need not be told (RFC 9110, 9.3.2), and JSON
/// may be written in more or in fewer characters; but nothing is not something.
fn compare_lengths(findings: &mut Findings, baseline: &HeaderMap, candidate: &HeaderMap) {
    findings.visit(None);
    let value = |headers: &HeaderMap| headers.get(CONTENT_LENGTH).map(|value| value.as_bytes().to_vec());
    let is_json = |headers: &HeaderMap| MediaType::of(headers).is_json();
    let (left, right) = (value(baseline), value(candidate));
    let (class, kind) = match (&left, &right) {
        (left, right) if left == right => return,
        (Some(_), None) => (Class::Representation, Kind::Missing),
        (None, _) => (Class::Representation, Kind::Extra),
        (Some(left), Some(right)) => {
            let is_something = left != b"0" && right != b"0";
            let is_other_spelling = is_something && is_json(baseline) && is_json(candidate);
            (if is_other_spelling { Class::Representation } else { Class::Breaking }, Kind::Value)
        }
    };
    let shown = (left.as_deref().map(shown::bytes), right.as_deref().map(shown::bytes));
    let (baseline, candidate) = (left.as_deref().map(Seen::Header), right.as_deref().map(Seen::Header));
    findings.report(None, format!("header {CONTENT_LENGTH}"), Contrast { class, kind, baseline, candidate, shown });
}

struct Header<'c> {
    name: &'c str,
    decider: Option<Decider<'c>>,
    baseline: Vec<HeaderValue>,
    candidate: Vec<HeaderValue>,
}

impl Header<'_> {
    fn compare(&self, context: &Context<'_>, findings: &mut Findings) {
        findings.visit(self.decider);
        if header_value::is_list(self.name) {
            let (baseline, candidate) = (join(&self.baseline), join(&self.candidate));
            return self.pair(context, findings, baseline.as_deref(), candidate.as_deref());
        }
        if self.is_unordered() && self.has_same_items() {
            let (baseline, candidate) = (join(&self.baseline), join(&self.candidate));
            if baseline != candidate {
                self.report(findings, Class::Breaking, Kind::Order, baseline.as_deref(), candidate.as_deref());
            }
            return;
        }
        if self.is_reordered() {
            let (baseline, candidate) = (join(&self.baseline), join(&self.candidate));
            return self.report(findings, Class::Breaking, Kind::Order, baseline.as_deref(), candidate.as_deref());
        }
        for at in 0..self.baseline.len().max(self.candidate.len()) {
            let value = |values: &[HeaderValue]| values.get(at).map(|value| value.as_bytes().to_vec());
            let (baseline, candidate) = (value(&self.baseline), value(&self.candidate));
            self.pair(context, findings, baseline.as_deref(), candidate.as_deref());
        }
    }

    fn is_unordered(&self) -> bool {
        self.decider.is_some_and(|decider| matches!(decider.kind, RuleKind::Unordered))
    }

    /// Whether both sides have the same elements of lists, each as often. Cookies are no list: they may have commas.
    fn has_same_items(&self) -> bool {
        let items = |values: &[HeaderValue]| {
            let is_whole = self.name == "set-cookie";
            let split = |value: &HeaderValue| {
                let value = value.as_bytes();
                if is_whole { vec![value.to_vec()] } else { header_value::items(value) }
            };
            let mut items: Vec<Vec<u8>> = values.iter().flat_map(split).collect();
            items.sort_unstable();
            items
        };
        items(&self.baseline) == items(&self.candidate)
    }

    /// Whether the same values stand in another order.
    fn is_reordered(&self) -> bool {
        let sorted = |values: &[HeaderValue]| {
            let mut values: Vec<Vec<u8>> = values.iter().map(|value| value.as_bytes().to_vec()).collect();
            values.sort_unstable();
            values
        };
        self.baseline.len() == self.candidate.len()
            && self.baseline != self.candidate
            && sorted(&self.baseline) == sorted(&self.candidate)
    }

    fn pair(&self, context: &Context<'_>, findings: &mut Findings, baseline: Option<&[u8]>, candidate: Option<&[u8]>) {
        match (baseline, candidate) {
            (Some(left), Some(right)) => {
                let class = |candidate: &[u8]| header_value::compare(&context.urls, self.name, left, candidate);
                match context.ids.header(&context.urls, self.name, left, right) {
                    // A rule of the plan goes first.
                    Ruling::AsItIs => self.report_if(class(right), Kind::Value, findings, left, right),
                    _ if self.decider.is_some() => self.report_if(class(right), Kind::Value, findings, left, right),
                    Ruling::Translated(translated) => match class(&translated) {
                        None => self.report_if(Some(Class::Volatile), Kind::Id, findings, left, right),
                        class => self.report_if(class, Kind::Value, findings, left, right),
                    },
                    Ruling::Same => self.report_if(Some(Class::Volatile), Kind::Id, findings, left, right),
                    Ruling::Conflict(words) => {
                        self.report_if(Some(Class::Breaking), Kind::Id, findings, left, right);
                        findings.note(words);
                    }
                }
            }
            (Some(_), None) => self.report(findings, Class::Breaking, Kind::Missing, baseline, candidate),
            (None, Some(_)) => self.report(findings, Class::Breaking, Kind::Extra, baseline, candidate),
            (None, None) => {}
        }
    }

    fn report_if(&self, class: Option<Class>, kind: Kind, findings: &mut Findings, baseline: &[u8], candidate: &[u8]) {
        if let Some(class) = class {
            self.report(findings, class, kind, Some(baseline), Some(candidate));
        }
    }

    fn report(
        &self,
        findings: &mut Findings,
        class: Class,
        kind: Kind,
        baseline: Option<&[u8]>,
        candidate: Option<&[u8]>,
    ) {
        let shown = (baseline.map(shown::bytes), candidate.map(shown::bytes));
        let (baseline, candidate) = (baseline.map(Seen::Header), candidate.map(Seen::Header));
        let contrast = Contrast { class, kind, baseline, candidate, shown };
        findings.report(self.decider, format!("header {}", self.name), contrast);
    }
}

/// Repeated values as one list; `None`: there is none.
fn join(values: &[HeaderValue]) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = values.iter().map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}
