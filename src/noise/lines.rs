//! Bodies that are text and differ between two runs of the baseline: which parts of which lines do, and what is still
//! said of another body by that.

use std::collections::{BTreeMap, BTreeSet};

use super::Shape;

/// Most lines that are known to differ; a body in which more do is another body.
const MOST_LINES: usize = 10_000;

/// What differs in a body from run to run, by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// By number of the line, then of the word.
    noisy: BTreeMap<usize, BTreeMap<usize, BTreeSet<Shape>>>,
    /// The baseline has not always had the same number of lines: then these are the forms that they had.
    forms: Option<BTreeSet<String>>,
}

impl Lines {
    /// Two answers of the baseline to the same request.
    pub(super) fn see(&mut self, before: &str, now: &str) {
        if before.split('\n').count() != now.split('\n').count() {
            let forms = self.forms.get_or_insert_default();
            forms.extend(before.split('\n').chain(now.split('\n')).map(form).take(MOST_LINES));
            return;
        }
        for (at, (one, other)) in before.split('\n').zip(now.split('\n')).enumerate() {
            if one == other || self.noisy.len() >= MOST_LINES {
                continue;
            }
            let words = self.noisy.entry(at).or_default();
            for (at, (one, other)) in words_of(one).zip(words_of(other)).enumerate() {
                if one != other {
                    words.entry(at).or_default().extend([Shape::of_text(one), Shape::of_text(other)]);
                }
            }
        }
    }

    /// What the candidate's body is that no two of the baseline's ever were.
    pub(super) fn objection(&self, baseline: &str, candidate: &str) -> Option<String> {
        let count = |text: &str| text.split('\n').count();
        if let Some(forms) = &self.forms {
            let known: BTreeSet<&str> = baseline.split('\n').collect();
            let is_new = |line: &&str| !known.contains(line) && !forms.contains(&form(line));
            let line = candidate.split('\n').position(|line| is_new(&line))? + 1;
            return Some(format!("line {line} is of a form that none of its lines ever had"));
        }
        if count(baseline) != count(candidate) {
            return Some(format!("it has always had {} lines, and has {} here", count(baseline), count(candidate)));
        }
        let lines =
            baseline.split('\n').zip(candidate.split('\n')).enumerate().filter(|(_, (one, other))| one != other);
        for (at, (one, other)) in lines {
            let Some(noisy) = self.noisy.get(&at) else { return Some(format!("line {} was always the same", at + 1)) };
            if !keeps_form(noisy, one, other) {
                return Some(format!("line {} has another form than it has always had", at + 1));
            }
        }
        None
    }

    /// The same where nothing but the first line that differs is known, as comparing shows it: `line 3: …`.
    pub(super) fn objection_to_shown(&self, baseline: &str, candidate: &str) -> Option<String> {
        let parse = |shown: &str| -> Option<(usize, String)> {
            let (number, line) = shown.strip_prefix("line ")?.split_once(": ")?;
            Some((number.parse().ok()?, line.to_owned()))
        };
        let (Some((at, one)), Some((_, other))) = (parse(baseline), parse(candidate)) else {
            return Some("it never ended there".to_owned());
        };
        let is_known = match &self.forms {
            Some(forms) => forms.contains(&form(&other)),
            None => self.noisy.get(&at.saturating_sub(1)).is_some_and(|noisy| keeps_form(noisy, &one, &other)),
        };
        (!is_known).then(|| format!("line {at} is not as it has always been"))
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (at, words) in other.noisy {
            let known = self.noisy.entry(at).or_default();
            for (at, shapes) in words {
                known.entry(at).or_default().extend(shapes);
            }
        }
        if let Some(forms) = other.forms {
            self.forms.get_or_insert_default().extend(forms);
        }
    }
}

/// Whether two lines differ only in words that did, each in a shape that it had.
fn keeps_form(noisy: &BTreeMap<usize, BTreeSet<Shape>>, baseline: &str, candidate: &str) -> bool {
    let has_shape = |at: usize, word: &str| {
        let shape = Shape::of_text(word);
        noisy.get(&at).is_some_and(|seen| seen.iter().any(|known| known.admits(&shape)) || shape.is_within(seen))
    };
    let (mut one, mut other) = (words_of(baseline), words_of(candidate));
    for at in 0.. {
        match (one.next(), other.next()) {
            (None, None) => break,
            (Some(one), Some(other)) if one == other || has_shape(at, other) => {}
            _ => return false,
        }
    }
    true
}

/// Words of a line and what stands between them, each on its own.
fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive(is_between).flat_map(|piece| {
        let word = piece.strip_suffix(is_between).unwrap_or(piece);
        [word, &piece[word.len()..]]
    })
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || ",;|\"'<>()[]{}=".contains(c)
}

/// What lines have in common that say the same of other things: words as the letters that they are made of.
fn form(line: &str) -> String {
    let word = |word: &str| match Shape::of_text(word) {
        Shape::Token { alphabet, .. } => format!("{alphabet:?}"),
        shape => format!("{shape:?}"),
    };
    words_of(line).map(|piece| if piece.starts_with(is_between) { piece.to_owned() } else { word(piece) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(pairs: &[(&str, &str)]) -> Lines {
        let mut lines = Lines::default();
        for (before, now) in pairs {
            lines.see(before, now);
        }
        lines
    }

    #[test]
    fn only_what_differed_in_a_line_may_differ_and_keeps_its_shape() {
        let lines = learned(&[("# at 10:20:30.123456\nid,name\n1,Ada\n", "# at 10:20:31.654321\nid,name\n1,Ada\n")]);
        let baseline = "# at 10:20:31.654321\nid,name\n1,Ada\n";
        for (candidate, expected) in [
            ("# at 23:59:59.000000\nid,name\n1,Ada\n", None),
            ("# at noon\nid,name\n1,Ada\n", Some("line 1 has another form")),
            ("# in 10:20:31.654321\nid,name\n1,Ada\n", Some("line 1 has another form")),
            ("# at 23:59:59.000000\nid;name\n1,Ada\n", Some("line 2 was always the same")),
            ("# at 23:59:59.000000\nid,name\n1,Eve\n", Some("line 3 was always the same")),
            ("# at 23:59:59.000000\nid,name\n1,Ada\n2,Eve\n", Some("it has always had 4 lines, and has 5")),
        ] {
            let objection = lines.objection(baseline, candidate);
            match expected {
                None => assert_eq!(objection, None, "{candidate}"),
                Some(words) => assert!(objection.as_ref().is_some_and(|o| o.starts_with(words)), "{objection:?}"),
            }
        }
    }

    #[test]
    fn where_the_number_of_lines_differs_each_has_a_form_that_was_seen() {
        let lines = learned(&[("a 1\nb 22\n", "a 1\nb 22\nc 333\n")]);
        assert_eq!(lines.objection("a 1\n", "d 4\ne 5\n"), None);
        assert!(lines.objection("a 1\n", "d 4\nan error: no such thing\n").is_some());
    }
}
