//! Two answers as a unified diff.

use similar::TextDiff;

/// Lines that are shown at most.
const MAX_LINES: usize = 200;
/// Characters of a line that are shown at most.
const MAX_WIDTH: usize = 400;
/// Lines of an answer beyond which no diff is made: two long answers that have nothing in common take too long.
const MAX_COMPARED: usize = 4_000;
/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableDiff {
    /// The diff; lines begin with ` `, `-` (the baseline's), `+` (the candidate's) or `@@`.
    pub text: String,
    /// Lines that were left out.
    pub left_out: u64,
}

/// What differs between two answers, each as lines.
pub fn diff(baseline: &[String], candidate: &[String]) -> ReadableDiff {
    if baseline.len().max(candidate.len()) > MAX_COMPARED {
        let text =
            format!("the answers have {} and {} lines: too many for a diff here", baseline.len(), candidate.len());
        return ReadableDiff { text, left_out: baseline.len().max(candidate.len()) as u64 };
    }
    let left: Vec<&str> = baseline.iter().map(String::as_str).collect();
    let right: Vec<&str> = candidate.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&left, &right);
    let mut lines = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        lines.push(hunk.header().to_string());
        lines.extend(hunk.iter_changes().map(|change| cut(&format!("{}{}", change.tag(), change.value()))));
    }
    let left_out = lines.len().saturating_sub(MAX_LINES) as u64;
    lines.truncate(MAX_LINES);
    ReadableDiff { text: lines.join("\n"), left_out }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("line {number}")).collect()
    }

    #[test]
    fn what_differs_stands_between_what_does_not() {
        let (baseline, mut candidate) = (lines(20), lines(20));
        candidate[10] = "other".to_owned();
        let ReadableDiff { text, left_out } = diff(&baseline, &candidate);
        assert_eq!(left_out, 0);
        let expected = "@@ -8,7 +8,7 @@\n line 7\n line 8\n line 9\n-line 10\n+other\n line 11\n line 12\n line 13";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_equal_leaves_nothing() {
        assert_eq!(diff(&lines(5), &lines(5)).text, "");
    }

    #[test]
    fn long_ones_are_cut_and_say_so() {
        let wide = vec!["x".repeat(5_000)];
        assert!(diff(&wide, &lines(1)).text.lines().all(|line| line.chars().count() <= MAX_WIDTH + 1));
        let many = diff(&lines(1_000), &[]);
        assert_eq!((many.text.lines().count(), many.left_out), (MAX_LINES, 1_001 - MAX_LINES as u64));
        let too_many = diff(&lines(MAX_COMPARED + 1), &lines(1));
        assert!(too_many.text.contains("too many") && too_many.left_out > 0);
    }
}
