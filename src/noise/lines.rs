//! Bodies that are text and differ between two runs of the baseline: which parts of which lines do, and what is still
//! said of another body by that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Shape;

/// Most lines that are known to differ; a body in which more do is another body.
const MOST_LINES: usize = 10_000;

/// Of lines that are built alike so many are held against one that is new.
const MOST_ALIKE: usize = 100;
/// Lines with fewer marks between their words have nothing in common by having the same.
const FEWEST_MARKS: usize = 2;

/// Words that differ in a line, by their number.
type Words = BTreeMap<usize, Word>;

/// What a word that differs has been.
#[derive(Debug, Clone, Default)]
struct Word {
    shapes: BTreeSet<Shape>,
    /// It was never a number.
    is_text: bool,
}

/// What differs in a body from run to run, by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// By number of the line.
    noisy: BTreeMap<usize, Words>,
    /// By what stands between the words: rows of a table, figures of a program.
    alike: BTreeMap<String, Words>,
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
        let (all_before, all_now): (HashSet<&str>, HashSet<&str>) =
            (before.split('\n').collect(), now.split('\n').collect());
        for (at, (one, other)) in before.split('\n').zip(now.split('\n')).enumerate() {
            // Lines that stand elsewhere are in another order, and are no other lines.
            let is_moved = all_now.contains(one) && all_before.contains(other);
            if one == other || is_moved || self.noisy.len() >= MOST_LINES {
                continue;
            }
            let words = other_words(one, other);
            let marks = marks(other);
            if marks.len() >= FEWEST_MARKS {
                merge(self.alike.entry(marks).or_default(), words.clone());
            }
            merge(self.noisy.entry(at).or_default(), words);
        }
    }

    /// What the candidate's body is that no two of the baseline's ever were. Which line comes first is not asked: programs
    /// that write their figures in any order do so by chance.
    pub(super) fn objection(&self, baseline: &str, candidate: &str) -> Option<String> {
        let count = |text: &str| text.split('\n').count();
        if self.forms.is_none() && count(baseline) != count(candidate) {
            return Some(format!("it has always had {} lines, and has {} here", count(baseline), count(candidate)));
        }
        let old = lines_without(baseline, candidate);
        let at_number: HashMap<usize, &str> = old.iter().copied().collect();
        let mut alike: HashMap<String, Vec<(usize, &str)>> = HashMap::new();
        for (at, line) in &old {
            alike.entry(marks(line)).or_default().push((*at, line));
        }
        let is_known = |(at, line): &(usize, &str)| {
            let in_place = at_number.get(at).is_some_and(|old| self.keeps_form(*at, old, line));
            let elsewhere = || {
                let alike = alike.get(&marks(line)).into_iter().flatten().take(MOST_ALIKE);
                alike.into_iter().any(|(at, old)| self.keeps_form(*at, old, line))
            };
            in_place || elsewhere() || self.forms.as_ref().is_some_and(|forms| forms.contains(&form(line)))
        };
        let (at, _) = lines_without(candidate, baseline).into_iter().find(|line| !is_known(line))?;
        let always = if self.noisy.contains_key(&at) { "never differed in this way" } else { "was always the same" };
        Some(format!("line {} {always}", at + 1))
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
            None => self.keeps_form(at.saturating_sub(1), &one, &other),
        };
        (!is_known).then(|| format!("line {at} is not as it has always been"))
    }

    /// Whether two lines differ only in words that did, there or in lines of the same kind, each in a shape that it had.
    fn keeps_form(&self, at: usize, baseline: &str, candidate: &str) -> bool {
        let alike = self.alike.get(&marks(baseline));
        let known =
            |at_word: usize| [self.noisy.get(&at), alike].into_iter().flatten().filter_map(move |of| of.get(&at_word));
        let (mut one, mut other) = (words_of(baseline), words_of(candidate));
        for number in 0.. {
            match (one.next(), other.next()) {
                (None, None) => break,
                (Some(one), Some(other)) if one == other || known(number).any(|word| word.admits(other)) => {}
                _ => return false,
            }
        }
        true
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (at, words) in other.noisy {
            merge(self.noisy.entry(at).or_default(), words);
        }
        for (marks, words) in other.alike {
            merge(self.alike.entry(marks).or_default(), words);
        }
        if let Some(forms) = other.forms {
            self.forms.get_or_insert_default().extend(forms);
        }
    }
}

impl Word {
    /// Whether this may stand there. Programs write the same number with a point or without.
    fn admits(&self, word: &str) -> bool {
        let shape = Shape::of_text(word);
        let is_number = !self.is_text && is_number(word);
        is_number || self.shapes.iter().any(|known| known.admits(&shape)) || shape.is_within(&self.shapes)
    }
}

/// The words in which two lines of the baseline differ.
fn other_words(one: &str, other: &str) -> Words {
    let pairs = words_of(one).zip(words_of(other)).enumerate().filter(|(_, (one, other))| one != other);
    let word = |(at, (one, other))| {
        let shapes = [Shape::of_text(one), Shape::of_text(other)].into();
        (at, Word { shapes, is_text: !is_number(one) || !is_number(other) })
    };
    pairs.map(word).collect()
}

fn merge(known: &mut Words, more: Words) {
    for (at, word) in more {
        let known = known.entry(at).or_default();
        known.shapes.extend(word.shapes);
        known.is_text |= word.is_text;
    }
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) && word.parse::<f64>().is_ok()
}

/// What stands between the words of a line.
fn marks(line: &str) -> String {
    line.chars().filter(|c| is_between(*c)).collect()
}

/// Lines of a text that the other has not, or not so often, with their numbers.
fn lines_without<'t>(text: &'t str, other: &str) -> Vec<(usize, &'t str)> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in other.split('\n') {
        *there.entry(line).or_default() += 1;
    }
    let mut is_new = |line: &str| match there.get_mut(line) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    };
    text.split('\n').enumerate().filter(|(_, line)| is_new(line)).collect()
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

/// What lines have in common that say the same of other things.
fn form(line: &str) -> String {
    let word = |word: &str| match Shape::of_text(word) {
        _ if is_number(word) => "number".to_owned(),
        Shape::Token { .. } => "word".to_owned(),
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
            ("# at noon\nid,name\n1,Ada\n", Some("line 1 never differed in this way")),
            ("# in 10:20:31.654321\nid,name\n1,Ada\n", Some("line 1 never differed in this way")),
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
    fn lines_that_are_built_alike_are_one_kind() {
        let figures = |ready: &str, idle: &str, name: &str| {
            format!("# figures\nready{{pool=\"{name}\"}} {ready}\nidle{{pool=\"{name}\"}} {idle}\nup 1\n")
        };
        let lines = learned(&[(&figures("1", "7", "a"), &figures("1", "8", "a"))]);
        let objection = |candidate: &str| lines.objection(&figures("1", "8", "a"), candidate);
        assert_eq!(objection(&figures("0.5", "8", "a")), None, "another figure of the same kind");
        let turned = "idle{pool=\"a\"} 9\nready{pool=\"a\"} 1\nup 1\n# figures\n";
        assert_eq!(objection(turned), None, "another order");
        assert!(objection(&figures("none", "8", "a")).is_some(), "no figure");
        assert!(objection(&figures("1", "8", "b")).is_some(), "another name");
        assert!(objection(&figures("1", "8", "a").replace("up 1", "up 0")).is_some(), "another kind");
    }

    #[test]
    fn where_the_number_of_lines_differs_each_has_a_form_that_was_seen() {
        let lines = learned(&[("a 1\nb 22\n", "a 1\nb 22\nc 333\n")]);
        assert_eq!(lines.objection("a 1\n", "d 4\ne 5\n"), None);
        assert!(lines.objection("a 1\n", "d 4\nan error: no such thing\n").is_some());
    }
}
