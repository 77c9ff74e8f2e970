//! What a run came to, on standard output: the figures first, the verdict last.

mod explore;
mod load_parity;

use std::path::Path;

use console::Style;

use super::args::{Format, OutputArgs};
use super::print;
use crate::record::{
    Class, Difference, Ending, FaultEvidence, GateResult, Load, RunRecord, Severity, SideLoad, Verdict,
};
use crate::report::{self, visible};
use crate::role::{Pair, Role};
use crate::units::{format_bytes, format_count, format_share, format_us, three_digits};

/// Most differences that are shown; the report has them all.
const MOST_DIFFERENCES: usize = 10;
/// Most commands that do a step again.
const MOST_COMMANDS: usize = 3;
/// Longest value that is shown of a difference.
const MOST_CHARACTERS: usize = 60;

/// Prints a record in the format that was asked for.
///
/// `out`: where the reports of it were written, if they were.
pub(super) fn print(record: &RunRecord, out: Option<&Path>, output: &OutputArgs) {
    match output.format {
        Format::Json => print::out(&format!("{:#}\n", as_json(record))),
        Format::Markdown => print::out(&format!("{}\n", markdown(record))),
        Format::Text if output.quiet => print::out(&format!("{}\n", last_lines(record).join("\n"))),
        Format::Text => print_text(record, out),
    }
}

fn print_text(record: &RunRecord, out: Option<&Path>) {
    let mut lines = Vec::new();
    figures(record, &mut lines);
    capacity(record, &mut lines);
    parity(record, &mut lines);
    state(record, &mut lines);
    coverage(record, &mut lines);
    if let Some(exploration) = &record.explore {
        explore::explore(exploration, &mut lines);
    }
    faults(record, &mut lines);
    load_parity::lines(record, &mut lines);
    rules("gates", &record.gates, &mut lines);
    rules("targets (reported, not gated)", &record.targets, &mut lines);
    findings(record, &mut lines);
    lines.push(String::new());
    lines.extend(out.map(|out| format!("report   {}", out.join("report.html").display())));
    lines.extend(last_lines(record));
    print::out(&format!("{}\n", lines.join("\n")));
}

/// The summary that is written for pull requests.
fn markdown(record: &RunRecord) -> String {
    let files = report::render(record);
    let summary = files.into_iter().find(|file| file.path == "summary.md");
    summary.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default()
}

/// The figures that scripts want most, without the series.
fn as_json(record: &RunRecord) -> serde_json::Value {
    let sides = record.load.as_ref().map(|load| load.sides.clone().map(|_, side| side.map(without_histograms)));
    serde_json::json!({
        "schema_version": record.schema_version,
        "verdict": record.verdict,
        "reason": record.reason,
        "run": record.run,
        "gates": record.gates,
        "targets": record.targets,
        "findings": record.findings,
        "parity": record.parity,
        "state": record.state,
        "explore": record.explore,
        "faults": record.faults,
        "search": record.search,
        "load": sides.map(|sides| serde_json::json!({
            "sides": sides,
            "parity": record.load.as_ref().map(|load| &load.parity),
        })),
    })
}

fn without_histograms(mut side: SideLoad) -> SideLoad {
    for step in &mut side.steps {
        step.response_time_hdr.clear();
        step.service_time_hdr.clear();
    }
    side
}

/// The verdict; of a search, which has none, what each side bears.
fn last_lines(record: &RunRecord) -> Vec<String> {
    let Some(search) = record.search.as_ref().filter(|_| record.ending == Ending::Complete) else {
        return vec![verdict_line(record)];
    };
    let line = |role: Role| {
        let side = search.sides.get(role).as_ref()?;
        Some(format!("{role:<9} {}", visible(&side.in_words())))
    };
    Role::BOTH.into_iter().filter_map(line).collect()
}

/// `verdict  pass — all 7 gates hold`, or `measured — nothing was to be judged: there are no gates`.
fn verdict_line(record: &RunRecord) -> String {
    if record.has_figures_only() {
        return format!("{} — {}", Style::new().bold().apply_to(record.word()), visible(&record.reason));
    }
    let style = match record.verdict {
        Verdict::Pass => Style::new().green().bold(),
        Verdict::Fail => Style::new().red().bold(),
        Verdict::Inconclusive | Verdict::Invalid => Style::new().yellow().bold(),
    };
    format!("verdict  {} — {}", style.apply_to(record.verdict.name()), visible(&record.reason))
}

/// A row of the table of figures: its name, and each side's figure in words.
type Row = (&'static str, Box<dyn Fn(&SideLoad) -> Option<String>>);

fn figures(record: &RunRecord, lines: &mut Vec<String>) {
    let Some(load) = &record.load else { return };
    lines.push(String::new());
    let names = Pair::from_fn(|role| record.run.sides.get(role).clone().unwrap_or_default());
    lines.push(format!("{:<22}{:>16}{:>16}", "", "baseline", "candidate"));
    for (name, figure) in rows() {
        let figures = Pair::from_fn(|role: Role| load.sides.get(role).as_ref().and_then(&figure));
        if figures.baseline.is_some() || figures.candidate.is_some() {
            let shown = figures.map(|_, figure| figure.unwrap_or_else(|| "–".to_owned()));
            lines.push(format!("{name:<22}{:>16}{:>16}", shown.baseline, shown.candidate));
        }
    }
    for (role, name) in names.iter().filter(|(_, name)| !name.is_empty()) {
        lines.push(format!("{role:<9} {}", visible(name)));
    }
    lines.push(format!("database  {}", visible(&record.run.database)));
    lines.extend(load_in_words(load));
    lines.push(format!("generator {}", report::generator_in_words(&load.generator)));
    lines.push(format!("machine   {}", report::machine_in_words(load)));
}

/// How the load arrived: the rate alone says nothing of bursts and ramps.
fn load_in_words(load: &Load) -> Option<String> {
    (!load.arrivals.is_empty()).then(|| format!("load      {}", visible(&load.arrivals)))
}

/// `capacity the baseline bears 96.2 flow iterations/s (94.0/s met, 98.5/s missed)`
fn capacity(record: &RunRecord, lines: &mut Vec<String>) {
    let Some(search) = &record.search else { return };
    for (role, side) in search.sides.iter() {
        let Some(side) = side else { continue };
        let words = record.run.sides.get(role).as_deref().unwrap_or_default();
        lines.extend([String::new(), format!("{role} ({}) {}", visible(words), side.in_words())]);
        lines.extend(report::capacity_in_words(side).into_iter().map(|line| format!("  {}", visible(&line))));
    }
    lines.extend([String::new(), format!("held against  {}", visible(&search.gates.join(", ")))]);
}

fn rows() -> Vec<Row> {
    fn row(name: &'static str, figure: impl Fn(&SideLoad) -> Option<String> + 'static) -> Row {
        (name, Box::new(figure))
    }
    let us = |micros: u64| format_us(micros as f64);
    vec![
        row("response time P50", move |side| side.response_time_us.map(|q| us(q.p50))),
        row("response time P95", move |side| side.response_time_us.map(|q| us(q.p95))),
        row("response time P99", move |side| side.response_time_us.map(|q| us(q.p99))),
        row("response time max", move |side| side.response_time_us.map(|q| us(q.max))),
        row("service time P95", move |side| side.service_time_us.map(|q| us(q.p95))),
        row("requests", |side| Some(format_count(side.requests))),
        row("errors", |side| side.error_rate.map(format_share)),
        row("throughput", |side| side.throughput.map(|rate| format!("{}/s", three_digits(rate)))),
        row("connections used", |side| {
            let used = side.pool.as_ref()?.used;
            Some(format!("{} (max {:.0})", three_digits(used.mean?), used.max?))
        }),
        row("waiting, most", |side| side.pool.as_ref()?.pending.max.map(|most| format!("{most:.0}"))),
        row("pool saturated", |side| side.pool.as_ref()?.saturated_share.map(format_share)),
        row("pool timeouts", |side| side.pool.as_ref()?.timeouts.map(format_count)),
        row("connections lost", |side| side.after.as_ref()?.leaked_connections.map(format_count)),
        row("processor (one core)", |side| side.cpu.map(format_share)),
        row("memory", |side| side.rss_bytes.map(|bytes| format_bytes(bytes as f64))),
    ]
}

fn parity(record: &RunRecord, lines: &mut Vec<String>) {
    let Some(parity) = &record.parity else { return };
    lines.push(String::new());
    lines.push(format!(
        "parity   {} answers compared at {} places: {} breaking, {} representation, {} volatile{}",
        format_count(parity.compared),
        format_count(parity.places),
        format_count(parity.breaking),
        format_count(parity.representation),
        format_count(parity.volatile),
        if parity.accepted > 0 { format!(", {} accepted", format_count(parity.accepted)) } else { String::new() },
    ));
    if parity.flows_left > 0 {
        lines.push(format!(
            "  broken off: {} flows were not done, or not to their end",
            format_count(parity.flows_left)
        ));
    }
    if parity.ids.unequal > 0 {
        let (count, places) = (format_count(parity.ids.unequal), format_count(parity.ids.places));
        lines.push(format!("  {count} ids differ between the sides and are one, at {places} places"));
    }
    if !parity.noise.places.is_empty() {
        let [places, allowed, broken] =
            [parity.noise.places.len() as u64, parity.noise.allowed, parity.noise.broken].map(format_count);
        lines.push(format!(
            "  {places} places differ between two runs of the baseline: {allowed} differences excused, {broken} not"
        ));
    }
    if let Some(only) = &record.run.only {
        lines.push(format!("  only {} was asked for; nothing else counts", shorten(only)));
    }
    let shown = told(&parity.differences, lines);
    look_deeper(report::reproduce::Cases::of_parity(record, parity), &shown, lines);
}

/// `state    6 tables, 5 012 rows equal after 9 flows, 7 faults and the load`
fn state(record: &RunRecord, lines: &mut Vec<String>) {
    let Some(state) = &record.state else { return };
    lines.push(String::new());
    lines.push(format!("state    {}", visible(&report::state_in_words(state))));
    let shown = told(&state.differences, lines);
    look_deeper(report::reproduce::Cases::of_state(record, state), &shown, lines);
}

/// The gravest differences; gives back all that count.
fn told<'r>(differences: &'r [Difference], lines: &mut Vec<String>) -> Vec<&'r Difference> {
    let is_open = |d: &&Difference| d.class != Class::Volatile && !d.is_accepted();
    let mut shown: Vec<&Difference> = differences.iter().filter(is_open).collect();
    shown.sort_by_key(|difference| difference.class);
    lines.extend(shown.iter().take(MOST_DIFFERENCES).map(|difference| difference_line(difference)));
    if shown.len() > MOST_DIFFERENCES {
        lines.push(format!("  … and {} more, see the report", shown.len() - MOST_DIFFERENCES));
    }
    shown
}

/// How to see the first differences again; the answers and the requests are in the report.
fn look_deeper(cases: report::reproduce::Cases<'_>, shown: &[&Difference], lines: &mut Vec<String>) {
    let mut commands: Vec<String> = Vec::new();
    for case in shown.iter().filter_map(|difference| cases.of(difference)) {
        let command = report::reproduce::again(cases.record, case);
        if !commands.contains(&command) && commands.len() < MOST_COMMANDS {
            commands.push(command);
        }
    }
    if !commands.is_empty() {
        lines.push("again    both sides, the requests and what would accept it are in the report".to_owned());
        lines.extend(commands.into_iter().map(|command| format!("  {command}")));
    }
}

fn coverage(record: &RunRecord, lines: &mut Vec<String>) {
    if let Some(coverage) = record.parity.as_ref().and_then(|parity| parity.coverage.as_ref()) {
        lines.push(format!("contract {}", visible(&coverage.in_words())));
    }
}

/// One line for all faults; what differed stands among the differences.
fn faults(record: &RunRecord, lines: &mut Vec<String>) {
    if record.faults.is_empty() {
        return;
    }
    let made: Vec<&FaultEvidence> = record.faults.iter().filter(|fault| fault.applied.is_some()).collect();
    let compared: u64 = made.iter().map(|fault| fault.compared).sum();
    let breaking: u64 = made.iter().map(|fault| fault.breaking).sum();
    let looks = made.iter().filter_map(|fault| record.state.as_ref()?.after_fault(&fault.name));
    let (looks, in_databases) = looks.fold((0_u64, 0), |(count, sum), look| (count + 1, sum + look.breaking));
    let databases = match looks {
        0 => String::new(),
        _ => format!("; the databases after {}: {} breaking", format_count(looks), format_count(in_databases)),
    };
    lines.push(format!(
        "faults   {} of {} made on both sides, {} answers compared: {} breaking{databases}",
        made.len(),
        record.faults.len(),
        format_count(compared),
        format_count(breaking),
    ));
    let not_made = record.faults.iter().filter(|fault| fault.applied.is_none());
    let not_made: Vec<&str> = not_made.map(|fault| &*fault.name).collect();
    if !not_made.is_empty() {
        lines.push(format!("  not made: {}; why is said below", visible(&not_made.join(", "))));
    }
}

fn difference_line(difference: &Difference) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), shorten);
    let mut times = if difference.count > 1 { format!(" ({} times)", difference.count) } else { String::new() };
    let expired = difference.accepted.as_ref().filter(|accepted| accepted.expired);
    if let Some(until) = expired.and_then(|accepted| accepted.until.as_deref()) {
        times.extend([", accepted until ", &shorten(until), ", expired"]);
    }
    let broken = match (&difference.rule, &difference.note) {
        (Some(rule), Some(note)) => format!("\n      breaks    {}: {}", shorten(rule), shorten(note)),
        (None, Some(note)) => format!("\n      {}", visible(note)),
        _ => String::new(),
    };
    format!(
        "  {} {} / {} at {}{times}\n      baseline  {}\n      candidate {}{broken}",
        colour(difference.class),
        shorten(&difference.flow),
        shorten(&difference.step),
        shorten(&difference.place),
        value(&difference.baseline),
        value(&difference.candidate),
    )
}

fn colour(class: Class) -> String {
    match class {
        Class::Breaking => Style::new().red().apply_to(class.name()).to_string(),
        _ => class.name().to_owned(),
    }
}

/// What targets send must not steer a terminal, nor fill it.
fn shorten(text: &str) -> String {
    let mut shown = visible(&text.chars().take(MOST_CHARACTERS).collect::<String>());
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

fn rules(title: &str, results: &[GateResult], lines: &mut Vec<String>) {
    if results.is_empty() {
        return;
    }
    let (left_out, judged): (Vec<_>, Vec<_>) = results.iter().partition(|result| is_left_out(result));
    lines.push(String::new());
    lines.push(title.to_owned());
    let width = judged.iter().map(|result| visible(&result.expr).chars().count()).max().unwrap_or(0);
    for result in judged {
        let (sign, style) = match result.status {
            Verdict::Pass => ("✓ pass", Style::new().green()),
            Verdict::Fail => ("✗ fail", Style::new().red()),
            Verdict::Inconclusive => ("? open", Style::new().yellow()),
            Verdict::Invalid => ("! void", Style::new().yellow()),
        };
        lines.push(format!(
            "  {}  {:<width$}  {}",
            style.apply_to(sign),
            visible(&result.expr),
            visible(&result.reason)
        ));
    }
    if let Some(first) = left_out.first() {
        lines.push(format!("  {} more {}", left_out.len(), visible(&first.reason)));
    }
}

/// Whether this command cannot answer it at all.
fn is_left_out(result: &GateResult) -> bool {
    !result.decides && result.observed.is_none()
}

fn findings(record: &RunRecord, lines: &mut Vec<String>) {
    if record.findings.is_empty() {
        return;
    }
    lines.push(String::new());
    for finding in &record.findings {
        let name = match finding.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Invalid => "invalid",
        };
        lines.push(format!("{name}: {}", visible(&finding.message)));
    }
}
