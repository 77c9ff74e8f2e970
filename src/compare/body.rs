//! Bodies by what they are: JSON by structure, text by line, other bytes as they are.

use super::findings::{Contrast, Findings};
use super::header_value::MediaType;
use super::json::{self, JsonError};
use super::permit::Seen;
use super::rules::Decider;
use super::scalar;
use super::{Answer, Context, shown, structure};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;

/// Compares two bodies.
pub(super) fn compare(context: &Context<'_>, findings: &mut Findings, baseline: &Answer<'_>, candidate: &Answer<'_>) {
    let bodies = (baseline.body, candidate.body);
    // Rules and ids want to be asked about places that do not differ, too.
    if context.scope.body.is_empty() && !context.ids.is_on() && baseline.body == candidate.body {
        return findings.visit(None);
    }
    let types = (MediaType::of(baseline.headers), MediaType::of(candidate.headers));
    if !types.0.is_json() || !types.1.is_json() {
        return compare_bytes(context, findings, bodies, types.0.is_text() && types.1.is_text());
    }
    if baseline.body == candidate.body
        && let Ok(document) = json::parse(baseline.body)
    {
        return if context.ids.is_on() {
            structure::compare(context, findings, Pair { baseline: &document, candidate: &document });
        } else {
            structure::visit_all(context, findings, &document);
        };
    }
    match (json::parse(baseline.body), json::parse(candidate.body)) {
        (Ok(baseline), Ok(candidate)) => {
            structure::compare(context, findings, Pair { baseline: &baseline, candidate: &candidate });
        }
        (Err(_), Err(_)) => compare_bytes(context, findings, bodies, true),
        (Err(error), Ok(_)) => report_broken(context, findings, bodies, (Some(error), None)),
        (Ok(_), Err(error)) => report_broken(context, findings, bodies, (None, Some(error))),
    }
}

/// Bodies that are not JSON, or claim to be but are not on either side.
fn compare_bytes(context: &Context<'_>, findings: &mut Findings, bodies: (&[u8], &[u8]), is_text: bool) {
    let decider = context.scope.whole_body();
    findings.visit(decider);
    let (baseline, candidate) = bodies;
    let both_text = std::str::from_utf8(baseline).ok().zip(std::str::from_utf8(candidate).ok());
    let class = match both_text {
        Some(_) => scalar::plain(&context.urls, baseline, candidate),
        None => (baseline != candidate).then_some(Class::Breaking),
    };
    let Some(class) = class else { return };
    let has_other_line_ends = is_text && both_text.is_some_and(|(baseline, candidate)| same_lines(baseline, candidate));
    let class = if has_other_line_ends { Class::Representation } else { class };
    let shown = match both_text {
        Some((baseline, candidate)) => first_other_line(baseline, candidate),
        None => first_other_byte(baseline, candidate),
    };
    report(decider, findings, bodies, class, shown);
}

/// One side claims JSON and sends something else.
fn report_broken(
    context: &Context<'_>,
    findings: &mut Findings,
    bodies: (&[u8], &[u8]),
    errors: (Option<JsonError>, Option<JsonError>),
) {
    let decider = context.scope.whole_body();
    findings.visit(decider);
    let show = |body: &[u8], error: Option<JsonError>| match error {
        Some(error) if body.is_empty() => format!("empty ({error})"),
        Some(error) => format!("{error}: {}", shown::bytes(body)),
        None => shown::bytes(body),
    };
    let shown = (show(bodies.0, errors.0), show(bodies.1, errors.1));
    report(decider, findings, bodies, Class::Breaking, shown);
}

fn report(
    decider: Option<Decider<'_>>,
    findings: &mut Findings,
    (baseline, candidate): (&[u8], &[u8]),
    class: Class,
    shown: (String, String),
) {
    let contrast = Contrast {
        class,
        kind: Kind::Body,
        baseline: Some(Seen::Body(baseline)),
        candidate: Some(Seen::Body(candidate)),
        shown: (Some(shown.0), Some(shown.1)),
    };
    findings.report(decider, "body".to_owned(), contrast);
}

/// Whether only the line ends differ.
fn same_lines(baseline: &str, candidate: &str) -> bool {
    let unix = |text: &str| text.replace("\r\n", "\n");
    unix(baseline) == unix(candidate)
}

fn first_other_line(baseline: &str, candidate: &str) -> (String, String) {
    let pairs = baseline.split('\n').zip(candidate.split('\n'));
    let at = pairs.take_while(|(left, right)| left == right).count();
    let show = |text: &str| match text.split('\n').nth(at) {
        Some(line) => format!("line {}: {}", at + 1, shown::text(line)),
        None => format!("ends after line {at}"),
    };
    (show(baseline), show(candidate))
}

fn first_other_byte(baseline: &[u8], candidate: &[u8]) -> (String, String) {
    const MOST: usize = 16;
    let at = baseline.iter().zip(candidate).take_while(|(left, right)| left == right).count();
    let show = |bytes: &[u8]| {
        let few: Vec<String> = bytes[at..].iter().take(MOST).map(|byte| format!("{byte:02x}")).collect();
        format!("{} bytes, from byte {at}: {}", bytes.len(), few.join(" "))
    };
    (show(baseline), show(candidate))
}
