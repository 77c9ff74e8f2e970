//! The file of accepted differences: what somebody has looked at and lets pass, with the reason and a last day, so that
//! only new differences fail. It is committed beside the plan and read like one: every problem with its place.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::fields::{Fields, choice, elements, text, whole};
use super::keys::{ACCEPTED, ACCEPTED_DIFFERENCE, CLASSES, DIFFERENCE_KINDS};
use super::problems::Problems;
use super::yaml::{self, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Differences that somebody has accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// In the order of the file.
    pub entries: Vec<AcceptedDifference>,
    /// What differs is going to be added: flows go on as they will once it is accepted.
    pub is_growing: bool,
}

/// One difference that somebody has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedDifference {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// Where it is, as `run.json` has it; `[*]` stands for any index.
    pub place: String,
    /// `breaking` or `representation`.
    pub class: &'static str,
    /// What kind of difference, as `run.json` has it.
    pub kind: &'static str,
    /// Only if the baseline has exactly this there.
    pub baseline: Option<String>,
    /// Only if the candidate has exactly this there.
    pub candidate: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub until: Option<Date>,
    /// Where the work on it is tracked.
    pub ticket: Option<String>,
    /// File and line.
    pub source: String,
    /// Whether the last day is over; see [`Accepted::expire`].
    pub expired: bool,
}

/// Why there are no accepted differences to be had.
#[derive(Debug, thiserror::Error)]
pub enum AcceptedError {
    /// The file could not be read.
    #[error("cannot read the accepted differences in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read and does not say what it should.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

impl Accepted {
    /// Reads a file; all its problems are told at once.
    pub fn load(path: &Path) -> Result<Self, AcceptedError> {
        Ok(Self::parse(&path.display().to_string(), &read(path)?)?)
    }

    /// Reads a text.
    pub fn parse(source: &str, text: &str) -> Result<Self, Diagnostics> {
        document(source, text).map(|(accepted, _)| accepted)
    }

    /// From now on, entries whose last day is before this one no longer hold.
    pub fn expire(&mut self, today: Date) {
        for entry in &mut self.entries {
            entry.expired = entry.until.is_some_and(|until| until < today);
        }
    }

    /// A text with entries added at the end of the list; whatever else stands in it, comments too, stays as it is.
    /// Each entry is given by its lines, without indentation.
    ///
    /// # Errors
    /// The text is not a file of accepted differences, or its list is written in `[ ]`.
    pub fn extend(source: &str, text: &str, entries: &[Vec<String>]) -> Result<String, Diagnostics> {
        if text.trim().is_empty() {
            return Ok(format!("{HEAD}{}", items(entries, "  ")));
        }
        let (_, list) = document(source, text)?;
        let (at, indent) = end_of_list(source, text, &list)?;
        let (before, after) = text.split_at(at);
        let line_end = if before.ends_with('\n') { "" } else { "\n" };
        Ok(format!("{before}{line_end}{}{after}", items(entries, &indent)))
    }
}

const HEAD: &str = "# Differences that are accepted: they are reported and do not fail. `cutover verify --accept FILE`\n\
    version: 1\naccepted:\n";

fn items(entries: &[Vec<String>], indent: &str) -> String {
    let item = |lines: &Vec<String>| format!("{indent}- {}\n", lines.join(&format!("\n{indent}  ")));
    entries.iter().map(item).collect()
}

fn read(path: &Path) -> Result<String, AcceptedError> {
    let failed = |source| AcceptedError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(yaml::MAX_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The entries, and the list as it stands in the text.
fn document(source: &str, text: &str) -> Result<(Accepted, Node), Diagnostics> {
    let mut problems = Problems::new(source, text, &|_| None);
    let root = yaml::read(text, &mut problems);
    let found = root.as_ref().and_then(|root| top(root, source, &mut problems));
    let problems = problems.into_found();
    match found.filter(|_| problems.is_empty()) {
        Some(found) => Ok(found),
        None if problems.is_empty() => {
            let hint = Some("begin with `version: 1` and `accepted:`, or let `--accept-new` write it".to_owned());
            Err(Diagnostic { message: format!("the file is empty: {source}"), place: None, hint }.into())
        }
        None => Err(problems),
    }
}

fn top(root: &Node, source: &str, problems: &mut Problems<'_>) -> Option<(Accepted, Node)> {
    if root.is_null() {
        return None;
    }
    let fields = Fields::open(root, &ACCEPTED, problems)?;
    if let Some(version) = fields.get("version") {
        whole(version, 1..=1, problems);
    }
    let list = fields.get_or_null("accepted");
    if list.is_none() {
        fields.report(problems, "key `accepted` is missing".to_owned(), Some("the list of differences".to_owned()));
    }
    let entries = elements(list.filter(|list| !list.is_null()), problems)
        .iter()
        .filter_map(|node| entry(node, source, problems))
        .collect();
    Some((Accepted { entries, is_growing: false }, list?.clone()))
}

fn entry(node: &Node, source: &str, problems: &mut Problems<'_>) -> Option<AcceptedDifference> {
    let fields = Fields::open(node, &ACCEPTED_DIFFERENCE, problems)?;
    let mut word = |name| fields.get(name).and_then(|node| text(node, problems)).map(str::to_owned);
    let (flow, step, place) = (word("flow"), word("step"), word("where"));
    let (reason, ticket) = (word("reason"), word("ticket"));
    let kind = fields.get("kind").and_then(|node| choice(node, DIFFERENCE_KINDS, "kind of difference", problems));
    let class = match fields.get("class") {
        Some(node) => choice(node, CLASSES, "class", problems),
        None => Some("breaking"),
    };
    let baseline = value(fields.get_or_null("baseline"), problems);
    let candidate = value(fields.get_or_null("candidate"), problems);
    let until = fields.get("until").map(|node| date(node, problems));
    Some(AcceptedDifference {
        flow: flow?,
        step: step?,
        place: place?,
        class: class?,
        kind: kind?,
        baseline,
        candidate,
        reason: reason?,
        until: until.flatten(),
        ticket,
        source: format!("{source}:{}", problems.line(&node.span)),
        expired: false,
    })
}

/// A value as records show it: text of JSON, which YAML may take for a number or for nothing.
fn value(node: Option<&Node>, problems: &mut Problems<'_>) -> Option<String> {
    let node = node?;
    match node.scalar() {
        Some(scalar) if !scalar.broken => Some(scalar.text.clone()),
        Some(_) => None,
        None => {
            let hint = "put it in quotes, as `run.json` has it".to_owned();
            problems.value(node, format!("expected a single value, found {}", node.kind()), Some(hint));
            None
        }
    }
}

fn date(node: &Node, problems: &mut Problems<'_>) -> Option<Date> {
    let written = text(node, problems)?;
    let date = written.parse::<Date>().ok().filter(|date| date.to_string() == written);
    if date.is_none() {
        problems.value(node, format!("`{written}` is not a day"), Some("write it as `2027-01-31`".to_owned()));
    }
    date
}

/// Byte at which another element of the list goes, and how far it is indented.
fn end_of_list(source: &str, text: &str, list: &Node) -> Result<(usize, String), Diagnostics> {
    let Value::List(nodes) = &list.value else { return Ok((text.len(), "  ".to_owned())) };
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let refused = || {
        let mut problems = Problems::new(source, text, &|_| None);
        let hint = "write `accepted:` and below it one `- ` for each, so that more can be added".to_owned();
        let place = list.span.start..list.span.start + 1;
        problems.at(&place, "nothing can be added to a list in `[ ]`", Some(hint));
        problems.into_found()
    };
    let newest = nodes.last().ok_or_else(refused)?;
    let first_line = &text[line_start(newest.span.start)..];
    let indent: String = first_line.chars().take_while(|c| *c == ' ').collect();
    if !first_line[indent.len()..].starts_with("- ") {
        return Err(refused());
    }
    // The end of the last thing that is written in the element, not of the blanks and comments that follow.
    let end = last_byte(newest);
    Ok((text[end..].find('\n').map_or(text.len(), |at| end + at + 1), indent))
}

fn last_byte(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => node.span.end,
        Value::List(nodes) => nodes.last().map_or(node.span.end, last_byte),
        Value::Map(entries) => entries.last().map_or(node.span.end, |(_, node)| last_byte(node)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours
version: 1
accepted:
  # since the rewrite
  - flow: enrol
    step: gone
    where: status
    kind: status
    baseline: \"404\"
    candidate: 400      # as agreed
    reason: decided in March
    until: 2027-01-31
    ticket: SHOP-1

# the end
";

    fn complaints(text: &str) -> String {
        Accepted::parse("accepted.yaml", text).expect_err("refused").to_string()
    }

    #[test]
    fn an_entry_is_read_with_its_line() {
        let accepted = Accepted::parse("accepted.yaml", FILE).unwrap();
        let [entry] = &accepted.entries[..] else { panic!("{accepted:?}") };
        assert_eq!((&*entry.flow, &*entry.step, &*entry.place), ("enrol", "gone", "status"));
        assert_eq!((entry.class, entry.kind), ("breaking", "status"));
        assert_eq!((entry.baseline.as_deref(), entry.candidate.as_deref()), (Some("404"), Some("400")));
        assert_eq!(entry.until, Some(jiff::civil::date(2027, 1, 31)));
        assert_eq!(entry.source, "accepted.yaml:5");
    }

    #[test]
    fn an_entry_holds_to_the_end_of_its_last_day() {
        let mut accepted = Accepted::parse("accepted.yaml", FILE).unwrap();
        for (today, expired) in [("2027-01-31", false), ("2027-02-01", true)] {
            accepted.expire(today.parse().unwrap());
            assert_eq!(accepted.entries[0].expired, expired, "{today}");
        }
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let text =
            FILE.replace("reason:", "reson:").replace("kind: status", "kind: statsu").replace("-01-31", "-13-31");
        let told = complaints(&text);
        for part in
            ["accepted.yaml:11:5", "did you mean `reason`?", "did you mean `status`?", "`2027-13-31` is not a day"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(complaints("").contains("the file is empty"));
        assert!(complaints("version: 2\naccepted: []").contains("expected 1"));
        assert!(complaints("version: 1").contains("key `accepted` is missing"));
        assert_eq!(Accepted::parse("f", "version: 1\naccepted:\n").unwrap().entries, []);
    }

    #[test]
    fn what_is_added_changes_nothing_else() {
        let entry = vec!["flow: a".to_owned(), "step: b".to_owned(), "where: status".to_owned()];
        let extended = Accepted::extend("f", FILE, std::slice::from_ref(&entry)).unwrap();
        let expected = "    ticket: SHOP-1\n  - flow: a\n    step: b\n    where: status\n\n# the end\n";
        assert!(extended.ends_with(expected), "{extended}");
        assert!(extended.starts_with(&FILE[..FILE.len() - 11]), "{extended}");

        let more = ["kind: value".to_owned(), "reason: why".to_owned()];
        let whole = [entry, more.to_vec()].concat();
        let begun = Accepted::extend("f", "", std::slice::from_ref(&whole)).unwrap();
        let twice = Accepted::extend("f", begun.trim_end(), &[whole]).unwrap();
        assert_eq!(Accepted::parse("f", &twice).unwrap().entries.len(), 2, "{twice}");
    }

    #[test]
    fn a_list_in_brackets_is_not_added_to() {
        let told = Accepted::extend("f", "version: 1\naccepted: []\n", &[]).unwrap_err().to_string();
        assert!(told.contains("f:2:11") && told.contains("nothing can be added"), "{told}");
    }
}
