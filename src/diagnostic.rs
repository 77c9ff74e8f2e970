//! Problems with a place in a file, shown with the line and a caret.
//!
//! Understandable without colour. Knows nothing of what the file means.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// Columns of a source line that are shown around the caret.
const SHOWN: usize = 110;

/// Problems that are shown before the rest is only counted.
const LISTED: usize = 40;

/// Problems that are kept before the rest is only counted: finding the place of each in a large file takes time.
const KEPT: usize = 200;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong: lower case, values in backticks.
    pub message: String,
    /// Where; `None`: about the whole.
    pub place: Option<Place>,
    /// What to do about it, such as "did you mean `pairs`?".
    pub hint: Option<String>,
}

/// A stretch of one line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the file as the user gave it.
    pub source: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Characters under the caret.
    pub width: usize,
    /// The whole line.
    pub text: String,
}

impl Place {
    /// The place of a range of bytes in a text. Ranges over several lines are cut at the end of the first.
    pub fn locate(source: &str, text: &str, bytes: Range<usize>) -> Self {
        let start = floor_boundary(text, bytes.start);
        let line_start = text[..start].rfind('\n').map_or(0, |index| index + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |index| start + index);
        let end = floor_boundary(text, bytes.end).clamp(start, line_end);
        Self {
            source: source.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            width: text[start..end].trim_end().chars().count().max(1),
            text: text[line_start..line_end].trim_end_matches('\r').to_owned(),
        }
    }
}

/// The nearest boundary of a character at or before an index.
fn floor_boundary(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", printable(&mask_passwords(&self.message)))?;
        let hint = self.hint.as_deref().map(|hint| printable(&mask_passwords(hint)));
        match (&self.place, hint) {
            (Some(place), hint) => write_place(f, place, hint.as_deref().unwrap_or("")),
            (None, Some(hint)) => writeln!(f, "  hint: {hint}"),
            (None, None) => Ok(()),
        }
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, place: &Place, hint: &str) -> fmt::Result {
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let (before, marked, after) = cut(place);
    let indent = " ".repeat(before.width());
    let carets = "^".repeat(marked.width().max(1));
    writeln!(f, "{gutter}--> {}:{}:{}", printable(&place.source), place.line, place.column)?;
    writeln!(f, "{gutter} |")?;
    writeln!(f, "{}", format!("{number} | {before}{marked}{after}").trim_end())?;
    writeln!(f, "{}", format!("{gutter} | {indent}{carets} {hint}").trim_end())
}

/// The line in three pieces: before the caret, above it, and after it; a long line only around the caret.
fn cut(place: &Place) -> (String, String, String) {
    let masked: Vec<char> = mask_passwords(&place.text).chars().collect();
    let start = (place.column - 1).min(masked.len());
    let end = (start + place.width.min(SHOWN)).min(masked.len());
    let from = if masked.len() > SHOWN { start.saturating_sub(SHOWN / 3) } else { 0 };
    let to = masked.len().min((from + SHOWN).max(end));
    let piece = |range: Range<usize>| printable(&masked[range].iter().collect::<String>());
    let ellipsis = |cut: bool| if cut { "…" } else { "" };
    (
        format!("{}{}", ellipsis(from > 0), piece(from..start)),
        piece(start..end),
        format!("{}{}", piece(end..to), ellipsis(to < masked.len())),
    )
}

/// The text with tabs as blanks and other control characters, which could steer a terminal, as `�`.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The text with each password of a URL (`scheme://user:password@host`) as asterisks, one for each character.
pub fn mask_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        let (head, tail) = rest.split_at(found + 3);
        let url_end = tail.find(|c: char| c.is_whitespace() || "\"'`,".contains(c)).unwrap_or(tail.len());
        out.push_str(head);
        out.push_str(&mask_authority(&tail[..url_end]));
        rest = &tail[url_end..];
    }
    out.push_str(rest);
    out
}

fn mask_authority(url: &str) -> String {
    let Some((user, host)) = url.rsplit_once('@') else { return url.to_owned() };
    let Some((name, password)) = user.split_once(':') else { return url.to_owned() };
    format!("{name}:{}@{host}", "*".repeat(password.chars().count()))
}

/// All problems of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Counted, not kept.
    more: usize,
}

impl Diagnostics {
    /// Adds one, unless the same is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.push_with(|| diagnostic);
    }

    /// Adds one that is only made if it will be kept.
    pub fn push_with(&mut self, make: impl FnOnce() -> Diagnostic) {
        if self.list.len() >= KEPT {
            self.more += 1;
            return;
        }
        let diagnostic = make();
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Each that was kept, in the order of the file once [`Self::sort`] was called.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Puts them in the order of the file.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|one| one.place.as_ref().map_or((0, 0), |place| (place.line, place.column)));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self { list: vec![one], more: 0 }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().take(LISTED).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        match self.len() {
            0 | 1 => Ok(()),
            count if count > LISTED => writeln!(f, "\n{count} errors; the first {LISTED} are shown"),
            count => writeln!(f, "\n{count} errors"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate that a mistyped word was most likely meant to be.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = |candidate: &str| ((word.chars().count().max(candidate.chars().count()) + 1) / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `…`?" for a mistyped word, else the candidates themselves if they are few.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(candidate) = suggest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    (1..=12).contains(&all.len()).then(|| format!("known here: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, bytes: Range<usize>, hint: Option<&str>) -> String {
        let place = Some(Place::locate("plan.yaml", text, bytes));
        Diagnostic { message: "unknown key `pars`".into(), place, hint: hint.map(str::to_owned) }.to_string()
    }

    #[test]
    fn a_problem_is_shown_with_its_line_and_a_caret() {
        let text = format!("{}load:\n  pars: 12\n", "\n".repeat(39));
        let at = text.find("pars").unwrap();
        let expected = "\
error: unknown key `pars`
  --> plan.yaml:41:3
   |
41 |   pars: 12
   |   ^^^^ did you mean `pairs`?
";
        assert_eq!(shown(&text, at..at + 4, Some("did you mean `pairs`?")), expected);
    }

    #[test]
    fn carets_stand_under_wide_characters_and_tabs() {
        let text = "名:\tx";
        let at = text.find('x').unwrap();
        let shown = shown(text, at..at + 1, None);
        assert!(shown.contains("1 | 名: x\n  |     ^\n"), "{shown}");
        assert!(shown.contains("plan.yaml:1:4"), "{shown}");
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret() {
        let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let shown = shown(&text, 5000..5004, None);
        assert!(shown.contains("aHEREb") && shown.contains('…'), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 130), "{shown}");
    }

    #[test]
    fn escape_sequences_of_a_file_do_not_reach_the_terminal() {
        assert!(!shown("a: \u{1b}[31mred", 0..1, None).contains('\u{1b}'));
    }

    #[test]
    fn ranges_beyond_the_text_and_inside_characters_are_moved() {
        assert_eq!(Place::locate("p", "é", 1..9).column, 1);
        assert_eq!(Place::locate("p", "", 5..9), Place { width: 1, ..Place::locate("p", "", 0..0) });
    }

    #[test]
    fn passwords_in_urls_are_masked() {
        assert_eq!(
            mask_passwords("a postgres://me:s3:cr@t@host/db, http://host:80/x"),
            "a postgres://me:*******@host/db, http://host:80/x"
        );
        assert!(!shown("url: postgres://me:secret@host", 0..3, None).contains("secret"));
    }

    #[test]
    fn suggestions_are_near_or_not_made() {
        let known = ["pairs", "block", "settle"];
        assert_eq!(suggest("pars", known), Some("pairs"));
        assert_eq!(suggest("BLOCK", known), Some("block"));
        assert_eq!(suggest("timeout", known), None);
        assert_eq!(did_you_mean("timeout", known), Some("known here: `pairs`, `block`, `settle`".into()));
    }

    #[test]
    fn the_same_problem_is_told_once_and_many_are_counted() {
        let mut all = Diagnostics::default();
        for index in 0..KEPT {
            let one = Diagnostic { message: format!("problem {index}"), place: None, hint: None };
            all.push(one.clone());
            if index < KEPT - 1 {
                all.push(one);
            }
        }
        assert_eq!(all.len(), KEPT);
        all.push_with(|| unreachable!("more than are kept"));
        assert!(all.to_string().ends_with("201 errors; the first 40 are shown\n"), "{all}");
    }
}
