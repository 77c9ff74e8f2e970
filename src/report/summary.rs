//! `summary.md`: the verdict as a comment on a pull request.
//!
//! Whatever targets sent stands in code or with its punctuation as character references, so that it can neither break
//! a table nor mention anybody.

mod capacity;
mod coverage;
mod explore;
mod faults;
mod load_parity;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::audit::{generator_in_words, machine_in_words};
use super::estimate;
use super::figures::{Figure, figures, loaded};
use super::reproduce::{Cases, command};
use super::state::state_in_words;
use super::text::{NONE, counted, not_run, quantity, reached, symbol, visible};
use super::{File, View, reproduce};
use crate::record::{Class, Difference, Ending, GateResult, Load, RunRecord, Verdict};
use crate::role::Role;
use crate::units::{format_count, three_digits};

const MOST_DIFFERENCES: usize = 10;
const MOST_CASES: usize = 3;
/// Lines of a failing case; the report has all of them.
const MOST_LINES: usize = 30;
/// Values are cut to this in the table; the report has them whole.
const LONGEST_VALUE: usize = 80;

pub(super) fn render(view: &View) -> Vec<File> {
    let record = view.record;
    let parts = [
        verdict(record),
        capacity::section(record),
        gates(record),
        compared(record),
        differences(record),
        state(record),
        coverage::coverage(record),
        explore::explored(record),
        faults::faults(record),
        load_parity::section(record),
        findings(record),
        closing(view),
    ];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    vec![File { path: "summary.md".to_owned(), bytes: text.into_bytes() }]
}

fn verdict(record: &RunRecord) -> String {
    let run = &record.run;
    let ending = match &record.ending {
        Ending::Complete => String::new(),
        Ending::Running => "\n\n**Written while the run was still under way.**".to_owned(),
        Ending::Interrupted => "\n\n**The run was interrupted.**".to_owned(),
        Ending::Failed(message) => {
            format!("\n\n**The run ended early:** {}", prose(message.lines().next().unwrap_or_default()))
        }
    };
    format!(
        "## {} cutover: {}\n\n{}{ending}\n\n{} · {} · {}\n",
        badge(record),
        record.word(),
        prose(&record.reason),
        prose(&run.plan),
        prose(&run.started_at),
        code(&command(record)),
    )
}

fn badge(record: &RunRecord) -> &'static str {
    match record.verdict {
        _ if record.has_figures_only() => "📏",
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Inconclusive => "❔",
        Verdict::Invalid => "⚠️",
    }
}

fn gates(record: &RunRecord) -> String {
    if record.gates.is_empty() {
        return "### Gates\n\nNo gates were judged.\n".to_owned();
    }
    let row = |gate: &GateResult| {
        let (observed, limit) = (quantity(gate.observed, &gate.unit), quantity(gate.limit, &gate.unit));
        let status = format!("{} {}", symbol(gate.status), gate.status.name());
        let estimate = estimate::interval(gate);
        [code(&gate.expr), status, observed, limit, estimate, format_count(gate.samples), prose(&gate.reason)]
    };
    let head = ["Gate", "Status", "Observed", "Limit", "Estimate (95 %)", "Samples", "Reason"];
    format!("### Gates\n\n{}", table(head, [2, 3, 4, 5], record.gates.iter().map(row)))
}

fn compared(record: &RunRecord) -> String {
    let Some(load) = &record.load else {
        return format!("### Baseline and candidate\n\nLoad was {}.\n", not_run(record));
    };
    let worth_a_row = |figure: &Figure| figure.is_known() || !figure.targets.is_empty();
    let (shown, unknown): (Vec<_>, Vec<_>) = figures(record).into_iter().partition(worth_a_row);
    let unknown: Vec<&str> = unknown.iter().map(|figure| figure.name).collect();
    let unknown = if unknown.is_empty() { String::new() } else { format!("\nNot known: {}.\n", unknown.join("; ")) };
    let (title, rows) = match loaded(load)[..] {
        [only] => ("Figures", one_side(&shown, only)),
        _ => ("Baseline and candidate", both_sides(&shown)),
    };
    let audit = format!("Generator: {}. Machine: {}.", generator_in_words(&load.generator), machine_in_words(load));
    format!("### {title}\n\n{}\n\n{rows}{unknown}\n{audit}\n", basis(load))
}

fn one_side(figures: &[Figure], role: Role) -> String {
    let row = |figure: &Figure| [figure.name.to_owned(), figure.sides.get(role).text.clone(), targets(figure)];
    table(["Metric", role.name(), "Target"], [1], figures.iter().map(row))
}

fn both_sides(figures: &[Figure]) -> String {
    let row = |figure: &Figure| {
        let (baseline, candidate) = (figure.sides.baseline.text.clone(), figure.sides.candidate.text.clone());
        [figure.name.to_owned(), baseline, candidate, targets(figure), figure.ratio.clone()]
    };
    table(["Metric", "Baseline", "Candidate", "Target", "Ratio"], [1, 2, 4], figures.iter().map(row))
}

/// What the figures rest on.
fn basis(load: &Load) -> String {
    let side = |role: Role| {
        let side = load.sides.get(role).as_ref()?;
        Some(format!("{role} {} in {} s", counted(side.requests, "request"), three_digits(side.measured_s)))
    };
    let arrivals = if load.arrivals.is_empty() { String::new() } else { format!(" Load: {}.", prose(&load.arrivals)) };
    let sides = Role::BOTH.into_iter().filter_map(side).collect::<Vec<_>>().join(", ");
    format!("Measured under load: {sides}.{arrivals}")
}

fn targets(figure: &Figure) -> String {
    let target = |target: &&GateResult| {
        let aim = &target.expr[target.expr.find(['<', '>', '=']).unwrap_or(0)..];
        format!("{} {} {}", code(aim), symbol(target.status), reached(target.status))
    };
    let targets: Vec<String> = figure.targets.iter().map(target).collect();
    if targets.is_empty() { NONE.to_owned() } else { targets.join(", ") }
}

fn differences(record: &RunRecord) -> String {
    let Some(parity) = &record.parity else {
        return format!("### Differences\n\nThe replay was {}.\n", not_run(record));
    };
    let mut out = format!(
        "### Differences\n\n{} of each side compared: **{} breaking**, {} of representation, {} volatile or allowed{}.\n",
        counted(parity.compared, "answer"),
        format_count(parity.breaking),
        format_count(parity.representation),
        format_count(parity.volatile),
        if parity.accepted > 0 { format!(", {} accepted", format_count(parity.accepted)) } else { String::new() },
    );
    if parity.flows_left > 0 {
        let _ = writeln!(out, "\n**Broken off:** {} not done, or not to the end.", counted(parity.flows_left, "flow"));
    }
    if parity.ids.unequal > 0 {
        let _ = writeln!(
            out,
            "\n{} differ between the sides and are one; they stood at {}.",
            counted(parity.ids.unequal, "generated id"),
            counted(parity.ids.places, "place")
        );
    }
    if parity.noise.runs > 0 {
        let _ = writeln!(
            out,
            "\nNoise: at {} the baseline differs from itself; that excused {} and did not excuse {}.",
            counted(parity.noise.places.len() as u64, "place"),
            counted(parity.noise.allowed, "difference"),
            format_count(parity.noise.broken),
        );
    }
    if let Some(only) = &record.run.only {
        let _ = writeln!(out, "\nOnly {} was asked for; nothing else counts.", code(only));
    }
    let found = told(&parity.differences, &mut out);
    let cases = Cases::of_parity(record, parity);
    out + &shown(cases, &found)
}

/// What became of the databases.
fn state(record: &RunRecord) -> String {
    let Some(state) = &record.state else { return String::new() };
    let mut out = format!("### Databases\n\n{}.\n", prose(&state_in_words(state)));
    let found = told(&state.differences, &mut out);
    let cases = Cases::of_state(record, state);
    out + &shown(cases, &found)
}

/// The gravest differences as a table; gives back all that count.
fn told<'r>(differences: &'r [Difference], out: &mut String) -> Vec<&'r Difference> {
    let is_open = |found: &&Difference| found.class != Class::Volatile && !found.is_accepted();
    let mut found: Vec<&Difference> = differences.iter().filter(is_open).collect();
    found.sort_by_key(|difference| difference.class);
    if !found.is_empty() {
        let head = ["Class", "Step", "Where", "Baseline", "Candidate", "Count"];
        let _ =
            write!(out, "\n{}", table(head, [5], found.iter().take(MOST_DIFFERENCES).map(|found| difference(found))));
    }
    more(found.len(), out);
    found
}

/// That there are more than the rows of a table.
fn more(found: usize, out: &mut String) {
    if found > MOST_DIFFERENCES {
        let _ = writeln!(out, "\n{} more in the full report.", format_count((found - MOST_DIFFERENCES) as u64));
    }
}

/// The first failing cases: both answers, and the command that does the step again.
fn shown(cases: Cases<'_>, found: &[&Difference]) -> String {
    let mut told = BTreeSet::new();
    // Differences of the same answers share a case.
    let shown = found.iter().filter_map(|difference| difference.case).filter(|case| told.insert(*case));
    let mut out = String::new();
    for case in shown.filter_map(|at| cases.cases.get(at)).take(MOST_CASES) {
        let again = reproduce::again(cases.record, case);
        let _ = writeln!(out, "\n{}: {}", prose(&format!("{} / {}", case.flow, case.step)), code(&again));
        if !case.diff.is_empty() {
            let lines: Vec<String> = case.diff.lines().take(MOST_LINES).map(|line| shortened(&visible(line))).collect();
            let _ = writeln!(out, "\n{}", fenced(&lines.join("\n")));
        }
    }
    out
}

/// Text from elsewhere as a block of code; the fence is longer than any in the text.
fn fenced(text: &str) -> String {
    let ticks = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((ticks + 1).max(3));
    format!("{fence}diff\n{text}\n{fence}")
}

fn difference(difference: &Difference) -> [String; 6] {
    let value =
        |value: &Option<String>| value.as_deref().map_or_else(|| NONE.to_owned(), |value| code(&shortened(value)));
    [
        difference.class.name().to_owned(),
        prose(&format!("{} / {}", difference.flow, difference.step)),
        format!("{}{}", code(&difference.place), broken_rule(difference)),
        value(&difference.baseline),
        value(&difference.candidate),
        format_count(difference.count),
    ]
}

/// Which rule a difference breaks, and how.
fn broken_rule(difference: &Difference) -> String {
    match (&difference.rule, &difference.note) {
        (Some(rule), Some(note)) => format!(", breaks {}: {}", code(rule), prose(note)),
        (None, Some(note)) => format!(": {}", prose(note)),
        _ => String::new(),
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= LONGEST_VALUE {
        return value.to_owned();
    }
    value.chars().take(LONGEST_VALUE).chain(['…']).collect()
}

fn findings(record: &RunRecord) -> String {
    if record.findings.is_empty() {
        return String::new();
    }
    let line = |finding: &crate::record::Finding| {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        format!("- {severity} {}: {}\n", code(&finding.code), prose(&finding.message))
    };
    format!("### Findings\n\n{}", record.findings.iter().map(line).collect::<String>())
}

fn closing(view: &View) -> String {
    let undecoded = view.histograms.problems.len() as u64;
    let note = if undecoded == 0 {
        String::new()
    } else {
        format!("\n{} could not be decoded; the full report names what is missing.\n", counted(undecoded, "histogram"))
    };
    format!(
        "{note}\nFull report: open `report.html` beside this file (charts, every difference, how it was measured). \
         `cutover report run.json` renders it again, `cutover judge run.json` judges the same evidence with other gates.\n"
    )
}

fn table<const N: usize, const R: usize>(
    head: [&str; N],
    right: [usize; R],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rule: Vec<&str> = (0..N).map(|column| if right.contains(&column) { "--:" } else { "---" }).collect();
    let mut out = format!("| {} |\n| {} |\n", head.join(" | "), rule.join(" | "));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// Text from elsewhere as code. A code span cannot hold what ends it or what ends a cell; such text is spelled in
/// character references instead.
fn code(text: &str) -> String {
    let text = visible(text);
    let plain = !text.trim().is_empty() && !text.contains(['`', '|']);
    if plain { format!("`{text}`") } else { format!("<code>{}</code>", references(&text)) }
}

/// Text from elsewhere as running text; `code` in back ticks stays code.
fn prose(text: &str) -> String {
    let text = visible(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return references(&text);
    }
    let part = |(index, part): (usize, &&str)| if index.is_multiple_of(2) { references(part) } else { code(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Punctuation that Markdown may read becomes character references, which it never reads.
fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A reference alone would still mention somebody once it is rendered.
            '@' => out.push_str("&#64;&#8203;"),
            '#' => out.push_str("&#35;&#8203;"),
            '&' | '<' | '>' | '"' | '`' | '|' | '*' | '_' | '[' | ']' | '\\' | '~' | '!' | '$' | '{' | '}' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            // Neither `http://` nor `www.` becomes a link.
            ':' | '.'
                if out.ends_with("http") || out.ends_with("https") || out.ends_with("ftp") || out.ends_with("www") =>
            {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("candidate.p95 <= 1s"), "`candidate.p95 <= 1s`");
        assert_eq!(code("a`b|c"), "<code>a&#96;b&#124;c</code>");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn running_text_mentions_and_links_nothing() {
        assert_eq!(prose("ask @root, see <b> or http://x"), "ask &#64;&#8203;root, see &#60;b&#62; or http&#58;//x");
        assert_eq!(prose("side `candidate` was slow"), "side `candidate` was slow");
        assert_eq!(prose("one ` tick"), "one &#96; tick");
    }
}
