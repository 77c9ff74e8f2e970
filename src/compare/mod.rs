//! Answers → differences. Pure: no clock, no network, nothing awaited.
//!
//! Everything is compared unless a rule of the plan says otherwise. What every conforming reader understands as the
//! same is at most a difference of representation; what some conforming reader would understand otherwise, or refuse,
//! is breaking. This room knows nothing of how answers were got, nor of verdicts.

mod align;
mod body;
mod distance;
mod findings;
mod fingerprint;
mod header_value;
mod headers;
pub mod ids;
pub mod json;
mod members;
mod moment;
mod nearness;
mod number;
mod own_url;
mod pairing;
mod path;
mod permit;
mod place;
mod readable;
mod routes;
pub mod rows;
mod rules;
mod scalar;
mod shown;
mod structure;

pub use headers::HEADERS_LEFT_OUT;
pub use nearness::{Nearness, is_permitted, nearness};
pub use place::member_place;
pub use readable::Mask;
pub use scalar::is_uuid;

use crate::plan::Compare;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;
use findings::{Contrast, Findings};
pub use ids::Ids;
use ids::Watch;
use own_url::OwnUrl;
use rules::{Rules, Scope};

/// One side's answer to a step.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The headers as received.
    pub headers: &'a http::HeaderMap,
    /// The body, free of transfer encoding.
    pub body: &'a [u8],
    /// Where the side is reached, such as `http://127.0.0.1:8081`. Where a side names its own address, the other side's
    /// own address counts as the same.
    pub base_url: &'a str,
}

/// What two answers are answers to.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Name of the flow.
    pub flow: &'a str,
    /// Name of the step.
    pub step: &'a str,
    /// The method.
    pub method: &'a str,
    /// Path and query, as each side was asked.
    pub targets: Pair<&'a str>,
}

/// Compares answers under the rules of one plan.
#[derive(Debug)]
pub struct Comparator {
    rules: Rules,
}

/// What comparing two answers came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Places compared: the status, each header, each JSON value. Bodies that are the same byte for byte, and those
    /// that are not JSON, are one place.
    pub places: u64,
    /// What differs: status, headers by name, then the body in document order.
    pub differences: Vec<Difference>,
    /// What the plan's rules did; those that had no place here are left out.
    pub rule_matches: Vec<RuleMatch>,
}

/// One place where two answers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How much it matters.
    pub class: Class,
    /// What kind it is.
    pub kind: Kind,
    /// `status`, `header NAME`, `body`, or a `JSONPath` into the body; indices are the baseline's, those of extra
    /// elements the candidate's.
    pub place: String,
    /// What the baseline has there, as it was on the wire, shortened; `None`: nothing.
    pub baseline: Option<String>,
    /// What the candidate has there.
    pub candidate: Option<String>,
    /// Index of the plan's rule that decides the place: it permits what is `volatile`, and is broken by what is `breaking`.
    pub rule: Option<usize>,
    /// How the rule is broken, such as `no UUID on the candidate`, what it says nothing of, or what else there is to know.
    pub note: Option<String>,
}

/// What one rule did in one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleMatch {
    /// Index of the rule in the plan.
    pub rule: usize,
    /// Places that it decided, whether or not they differed; what is below an ignored place counts with it.
    pub matched: u64,
    /// Differences that it permitted.
    pub allowed: u64,
}

/// What every part of a comparison needs to know.
struct Context<'c> {
    scope: Scope<'c>,
    ids: Watch<'c>,
    urls: Pair<OwnUrl<'c>>,
    /// Whether the answers are to `HEAD`: then what their bodies would be is told by headers alone.
    is_head: bool,
}

impl Comparator {
    /// Prepares the rules.
    pub fn new(compare: &Compare) -> Self {
        Self { rules: Rules::new(compare) }
    }

    /// Compares the two sides' answers to one step; ids are values like any others.
    pub fn compare(&self, flow: &str, step: &str, baseline: &Answer<'_>, candidate: &Answer<'_>) -> Comparison {
        self.compare_watching((flow, step, ""), Watch::off(), baseline, candidate)
    }

    /// The same with ids that the sides generated: pairs are learned and checked on the way.
    pub fn compare_with_ids(
        &self,
        asked: &Asked<'_>,
        ids: &mut Ids,
        baseline: &Answer<'_>,
        candidate: &Answer<'_>,
    ) -> Comparison {
        let watch = Watch::new(&*ids, asked, baseline, candidate);
        self.compare_watching((asked.flow, asked.step, asked.method), watch, baseline, candidate)
    }

    fn compare_watching<'c>(
        &'c self,
        (flow, step, method): (&str, &str, &str),
        ids: Watch<'c>,
        baseline: &Answer<'c>,
        candidate: &Answer<'c>,
    ) -> Comparison {
        let context = Context {
            scope: self.rules.scope(flow, step),
            ids,
            urls: Pair { baseline: OwnUrl::new(baseline.base_url), candidate: OwnUrl::new(candidate.base_url) },
            is_head: method == "HEAD",
        };
        let mut findings = Findings::new(self.rules.len());
        compare_targets(&context, &mut findings);
        compare_status(&mut findings, baseline.status, candidate.status);
        headers::compare(&context, &mut findings, baseline.headers, candidate.headers);
        body::compare(&context, &mut findings, baseline, candidate);
        context.ids.finish();
        findings.into_comparison()
    }
}

/// Whether what the sides were asked for contradicts what is known of their ids.
fn compare_targets(context: &Context<'_>, findings: &mut Findings) {
    if let Some(((baseline, candidate), words)) = context.ids.targets() {
        let shown = (Some(baseline.to_owned()), Some(candidate.to_owned()));
        let contrast = Contrast { class: Class::Breaking, kind: Kind::Id, baseline: None, candidate: None, shown };
        findings.report(None, "request".to_owned(), contrast);
        findings.note(words);
    }
}

fn compare_status(findings: &mut Findings, baseline: u16, candidate: u16) {
    findings.visit(None);
    if baseline != candidate {
        let shown = (Some(baseline.to_string()), Some(candidate.to_string()));
        let contrast = Contrast { class: Class::Breaking, kind: Kind::Status, baseline: None, candidate: None, shown };
        findings.report(None, "status".to_owned(), contrast);
    }
}

#[cfg(test)]
mod tests;
