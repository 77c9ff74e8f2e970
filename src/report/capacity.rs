//! What a search found, as rows and sentences that the formats share.

use super::text::{NONE, micros, plain, quantity};
use crate::record::search::{Scalability, SearchStep, SideSearch};
use crate::units::{format_us, three_digits};

/// Head of the table of steps.
pub(super) const HEAD: [&str; 9] =
    ["Rate", "Outcome", "P50", "P95", "P99", "Requests/s", "Errors", "Connections used", "CPU"];

/// One row for each rate that was tried, the lowest first.
pub(super) fn rows(side: &SideSearch) -> Vec<[String; 9]> {
    let mut steps: Vec<&SearchStep> = side.steps.iter().collect();
    steps.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    steps.into_iter().map(row).collect()
}

fn row(step: &SearchStep) -> [String; 9] {
    let why = if step.reason.is_empty() { String::new() } else { format!(": {}", step.reason) };
    let used = match (step.pool_used, step.pool_max) {
        (Some(used), Some(max)) => format!("{} of {}", three_digits(used), plain(max)),
        (Some(used), None) => three_digits(used),
        _ => NONE.to_owned(),
    };
    [
        format!("{}/s", three_digits(step.rate)),
        format!("{}{why}", step.outcome),
        micros(step.p50_us),
        micros(step.p95_us),
        micros(step.p99_us),
        step.throughput.map_or_else(|| NONE.to_owned(), three_digits),
        quantity(step.error_rate, "share"),
        used,
        quantity(step.cpu, "share"),
    ]
}

/// The table and the sentences as plain text, a line each.
pub fn capacity_in_words(side: &SideSearch) -> Vec<String> {
    let rows = rows(side);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or(0)
    };
    // The outcome last: it has the reason with it.
    let order = [0, 2, 3, 4, 5, 6, 7, 8];
    let line = |cells: &dyn Fn(usize) -> String| {
        let cells_in_order = order.map(|column| format!("{:>1$}", cells(column), width(column)));
        format!("{}  {}", cells_in_order.join("  "), cells(1))
    };
    let mut lines = vec![line(&|column| HEAD[column].to_owned())];
    lines.extend(rows.iter().map(|row| line(&|column| row[column].clone())));
    lines.extend(sentences(side));
    lines
}

/// What the steps of a side say together.
pub(super) fn sentences(side: &SideSearch) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(pool) = &side.pool_size {
        let present = pool.present.map(|present| format!("; it opens {} now", plain(present))).unwrap_or_default();
        let hold = side
            .steps
            .iter()
            .filter(|step| step.outcome == "met")
            .max_by(|one, other| one.rate.total_cmp(&other.rate))
            .and_then(|step| step.hold_us)
            .map(|us| format!(", each held for {}", format_us(us)))
            .unwrap_or_default();
        all.push(format!(
            "At {}/s {} connections are in use{hold}. By Little's law, with room for chance, a pool of {} is enough for \
             that{present}.",
            three_digits(pool.rate),
            three_digits(pool.used),
            pool.connections,
        ));
    }
    all.push(scalability(&side.scalability));
    all
}

/// The law with its caveats: it is a hint where to look, and no proof.
fn scalability(law: &Scalability) -> String {
    let (Some(lambda), Some(sigma), Some(kappa)) = (law.lambda, law.sigma, law.kappa) else {
        let why = law.problem.as_deref().unwrap_or("nothing was tried");
        return format!("Universal Scalability Law: not fitted, {why}.");
    };
    let peak = law.peak.map_or_else(
        || "no peak: throughput levels off".to_owned(),
        |[n, x]| format!("highest throughput {}/s at {} requests under way", three_digits(x), three_digits(n)),
    );
    format!(
        "Universal Scalability Law: {}/s for one request at a time, contention σ {sigma:.3}, coherence κ {kappa:.5}, {peak} \
         (error {}). A diagnostic: it knows nothing of pools, bursts and time limits, and beyond the rates that were tried it \
         is a guess.",
        three_digits(lambda),
        quantity(law.error, "share"),
    )
}
