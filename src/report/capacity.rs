//! What a search found, as rows and sentences that the formats share.

use super::text::{NONE, micros, plain, quantity};
use crate::record::search::{Scalability, SearchStep, SideSearch};
use crate::units::{format_us, three_digits};

/// The column that has words; all others are figures.
pub(super) const OUTCOME: &str = "Outcome";
const HEAD: [&str; 9] = ["Rate", OUTCOME, "P50", "P95", "P99", "Requests/s", "Errors", "Connections used", "CPU"];

/// The table of steps.
pub(super) struct Steps {
    /// A name for each column.
    pub(super) head: Vec<&'static str>,
    /// One for each rate that was tried, the lowest first.
    pub(super) rows: Vec<Vec<String>>,
}

/// The rates that were tried; where there were several searches, which of them a row is of.
pub(super) fn steps(side: &SideSearch) -> Steps {
    let is_repeated = side.steps.iter().any(|step| step.search > 0);
    let mut steps: Vec<&SearchStep> = side.steps.iter().collect();
    steps.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    let which = |step: &SearchStep| is_repeated.then(|| (step.search + 1).to_string());
    let rows = steps.into_iter().map(|step| which(step).into_iter().chain(row(step)).collect());
    Steps { head: is_repeated.then_some("Search").into_iter().chain(HEAD).collect(), rows: rows.collect() }
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
    let Steps { head, rows } = steps(side);
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let width =
        |column: usize| std::iter::once(&head).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or(0);
    // The outcome last: it has the reason with it.
    let (words, figures): (Vec<usize>, Vec<usize>) = (0..head.len()).partition(|column| head[*column] == OUTCOME);
    let line = |row: &Vec<String>| {
        let figures = figures.iter().map(|column| format!("{:>1$}", row[*column], width(*column)));
        figures.chain(words.iter().map(|column| row[*column].clone())).collect::<Vec<_>>().join("  ")
    };
    let mut lines: Vec<String> = std::iter::once(&head).chain(&rows).map(line).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn side(searches: &[u32]) -> SideSearch {
        let step = |search: &u32| SearchStep {
            search: *search,
            rate: 100.0 - f64::from(*search),
            outcome: "met".to_owned(),
            ..SearchStep::default()
        };
        SideSearch { steps: searches.iter().map(step).collect(), ..SideSearch::default() }
    }

    #[test]
    fn a_row_says_which_search_it_is_of_where_there_are_several() {
        let Steps { head, rows } = steps(&side(&[0, 1, 2]));
        assert_eq!((head[0], head.len()), ("Search", 10));
        assert_eq!(rows.iter().map(|row| &*row[0]).collect::<Vec<_>>(), ["3", "2", "1"], "the lowest rate first");
        assert!(rows.iter().all(|row| row.len() == 10));
        let lines = capacity_in_words(&side(&[0, 1, 2]));
        assert!(lines[0].starts_with("Search") && lines[0].ends_with("CPU  Outcome"), "{lines:#?}");
        assert!(lines[1].trim_start().starts_with("3 ") && lines[1].ends_with("met"), "{lines:#?}");

        let Steps { head, rows } = steps(&side(&[0, 0]));
        assert_eq!((head[0], rows[0].len()), ("Rate", 9));
    }
}
