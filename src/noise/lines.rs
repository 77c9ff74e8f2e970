//! Bodies that are text and differ between two runs of the baseline: which parts of which lines do, and what is still
//! said of another body by that.

mod pairs;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use pairs::pairs;
use words::{form, is_number, lines_without, marks, words_of};

use super::seen::{Fit, Luck, Seen, may_be_all, most_by_chance};
use super::shape::Shape;

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
    seen: Seen,
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
    /// So many lines one body had more than the other, at most.
    most_lacking: usize,
}

impl Lines {
    /// Two answers of the baseline to the same request.
    pub(super) fn see<'t>(&mut self, before: &'t str, now: &'t str) {
        let counts = [before, now].map(|text| text.split('\n').count());
        if counts[0] != counts[1] {
            let forms = self.forms.get_or_insert_default();
            forms.extend(before.split('\n').chain(now.split('\n')).map(form).take(MOST_LINES));
            self.most_lacking = self.most_lacking.max(counts[0].abs_diff(counts[1]));
        }
        // Lines that stand elsewhere are in another order, and are no other lines.
        let first = |mut lines: Vec<(usize, &'t str)>| {
            lines.truncate(MOST_LINES);
            lines
        };
        for pair in pairs(&first(lines_without(before, now)), &first(lines_without(now, before))) {
            let words = other_words(pair.before, pair.now);
            let marks = marks(pair.now);
            if marks.len() >= FEWEST_MARKS {
                merge(self.alike.entry(marks).or_default(), words.clone());
            }
            merge(self.noisy.entry(pair.at).or_default(), words);
        }
    }

    /// What the candidate's body is that no two of the baseline's ever were. Which line comes first is not asked: programs
    /// that write their figures in any order do so by chance.
    pub(super) fn objection(&self, baseline: &str, candidate: &str) -> Option<String> {
        let (count, count_here) = (baseline.split('\n').count(), candidate.split('\n').count());
        if self.forms.is_none() && count != count_here {
            return Some(format!("it has always had {count} lines, and has {count_here} here"));
        }
        // Lines that come and go.
        let most_new = if self.forms.is_some() { most_by_chance(self.most_lacking) } else { 0 };
        let lost = count.saturating_sub(count_here);
        if lost > most_new || lost > 0 && !may_be_all(self.most_lacking, lost) && lost + 1 >= count {
            return Some(format!("so many lines were never missing: there are {count_here}, and not {count}"));
        }
        let mut new = 0;
        let old = lines_without(baseline, candidate);
        let at_number: HashMap<usize, &str> = old.iter().copied().collect();
        let mut alike: HashMap<String, Vec<(usize, &str)>> = HashMap::new();
        let mut settled: HashMap<(String, u64), Vec<(usize, &str)>> = HashMap::new();
        for (at, line) in &old {
            let marks = marks(line);
            settled.entry((marks.clone(), self.settled(&marks, line))).or_default().push((*at, line));
            alike.entry(marks).or_default().push((*at, line));
        }
        let mut luck = Luck::default();
        let mut is_known = |(at, line): &(usize, &str)| {
            let in_place = || self.keeps_form(*at, at_number.get(at)?, line);
            let elsewhere = || {
                let marks = marks(line);
                let settled = settled.get(&(marks.clone(), self.settled(&marks, line))).into_iter().flatten();
                let mut like = settled.chain(alike.get(&marks).into_iter().flatten().take(MOST_ALIKE));
                like.find_map(|(at, old)| self.keeps_form(*at, old, line))
            };
            let kept = in_place().or_else(elsewhere);
            luck = luck.and(kept.unwrap_or_default());
            let is_new = || self.forms.as_ref().is_some_and(|forms| forms.contains(&form(line)));
            new += usize::from(kept.is_none());
            kept.is_some() || new <= most_new && is_new()
        };
        let Some((at, _)) = lines_without(candidate, baseline).into_iter().find(|line| !is_known(line)) else {
            return luck.is_none().then(|| "so many times or tokens are shorter than chance has it".to_owned());
        };
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
            None => self.keeps_form(at.saturating_sub(1), &one, &other).is_some(),
        };
        (!is_known).then(|| format!("line {at} is not as it has always been"))
    }

    /// What of a line has never differed in lines with the same marks, hashed.
    fn settled(&self, marks: &str, line: &str) -> u64 {
        let noisy = self.alike.get(marks);
        let words = words_of(line).enumerate().filter(|(at, _)| noisy.is_none_or(|noisy| !noisy.contains_key(at)));
        let mut hasher = DefaultHasher::new();
        words.for_each(|word| word.hash(&mut hasher));
        hasher.finish()
    }

    /// Whether two lines differ only in words that did, there or in lines of the same kind, each in a form that it had; and
    /// how many of them have that by chance.
    fn keeps_form(&self, at: usize, baseline: &str, candidate: &str) -> Option<Luck> {
        let alike = self.alike.get(&marks(baseline));
        let known =
            |at_word: usize| [self.noisy.get(&at), alike].into_iter().flatten().filter_map(move |of| of.get(&at_word));
        let (mut one, mut other) = (words_of(baseline), words_of(candidate));
        let mut luck = Luck::default();
        for number in 0.. {
            match (one.next(), other.next()) {
                (None, None) => break,
                (Some(one), Some(other)) if one == other => {}
                (Some(_), Some(other)) => {
                    let mut fits = known(number).map(|word| word.fit(other)).filter(|fit| *fit != Fit::Unlike);
                    let first = fits.next()?;
                    luck.add(fits.find(|fit| *fit == Fit::Like).unwrap_or(first));
                }
                _ => return None,
            }
        }
        Some(luck)
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
        self.most_lacking = self.most_lacking.max(other.most_lacking);
    }
}

impl Word {
    /// How another word fits there. Programs write the same number with a point or without.
    fn fit(&self, word: &str) -> Fit {
        let is_number = !self.is_text && is_number(word);
        if is_number { Fit::Like } else { self.seen.fit(&Shape::of_text(word)) }
    }
}

/// The words in which two lines of the baseline differ.
fn other_words(one: &str, other: &str) -> Words {
    let pairs = words_of(one).zip(words_of(other)).enumerate().filter(|(_, (one, other))| one != other);
    let word = |(at, (one, other))| {
        let mut seen = Seen::default();
        seen.see_text(one);
        seen.see_text(other);
        (at, Word { seen, is_text: !is_number(one) || !is_number(other) })
    };
    pairs.map(word).collect()
}

fn merge(known: &mut Words, more: Words) {
    for (at, word) in more {
        let known = known.entry(at).or_default();
        known.seen.merge(word.seen);
        known.is_text |= word.is_text;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::seq::SliceRandom as _;
    use rand_xoshiro::Xoshiro256PlusPlus;

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

    /// Figures of a program that writes them in any order.
    fn figures(random: &mut Xoshiro256PlusPlus, of: impl Fn(u32) -> u32) -> String {
        let figure = |at: u32| format!("asked{{route=\"/r{}\",status=\"{}\"}} {}", at / 3, 200 + at % 3, of(at));
        let mut lines: Vec<String> = (0..120).map(figure).collect();
        lines.shuffle(random);
        lines.join("\n")
    }

    #[test]
    fn figures_in_any_order_are_each_held_against_their_own() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        for round in 0..200 {
            // One of them differs between the two runs, and most have the same value.
            let before = figures(&mut random, |at| 1 + at / 100);
            let now = figures(&mut random, |at| 1 + at / 100 + u32::from(at == round % 120));
            let lines = learned(&[(&before, &now)]);
            let also = figures(&mut random, |at| 1 + at / 100 + u32::from(at == 7));
            assert_eq!(lines.objection(&now, &also), None, "{round}");
            let all = figures(&mut random, |at| 5 + at);
            assert_eq!(lines.objection(&now, &all), None, "{round}");
            let other = also.replace("route=\"/r5\",status=\"201\"", "route=\"/r5\",status=\"500\"");
            assert!(lines.objection(&now, &other).is_some(), "{round}: a label is no figure");
        }
    }

    #[test]
    fn times_that_are_less_exact_by_chance_are_none_where_all_are() {
        let rows = |fraction: fn(u32) -> u32, digits: usize| {
            let row = |at: u32| format!("{at},2026-03-14T09:26:{:02}.{:0digits$}Z", at % 60, fraction(at));
            (0..40).map(row).collect::<Vec<_>>().join("\n")
        };
        let before = rows(|at| 100_001 + at * 7, 6);
        let now = rows(|at| 200_001 + at * 7, 6);
        let lines = learned(&[(&before, &now)]);
        assert_eq!(lines.objection(&now, &rows(|at| 300_001 + at * 7, 6)), None);
        let one = rows(|at| 300_001 + at * 7, 6).replace(".300008Z", ".300Z");
        assert_eq!(lines.objection(&now, &one), None);
        let objection = lines.objection(&now, &rows(|at| 300 + at, 3));
        assert_eq!(objection.as_deref(), Some("so many times or tokens are shorter than chance has it"));
    }

    #[test]
    fn many_lines_that_all_differ_are_each_held_against_their_own() {
        let text = |run: u32| {
            (0..10_000).map(|at| format!("{at};{};{}", at + run, at * 7 + run)).collect::<Vec<_>>().join("\n")
        };
        let lines = learned(&[(&text(1), &text(2))]);
        assert_eq!(lines.objection(&text(2), &text(3)), None);
    }

    #[test]
    fn where_lines_come_and_go_the_others_are_still_compared() {
        let rows = |count: usize, factor: usize| {
            let rows = (0..count).map(|at| format!("{at},row {at},{}\n", at * factor));
            format!("id,name,amount\n{}", rows.collect::<Vec<_>>().concat())
        };
        let lines = learned(&[(&rows(100, 1), &rows(101, 1))]);
        for (candidate, expected) in [
            (rows(101, 1), true),
            (rows(100, 1), true),
            (rows(103, 1), true),
            (rows(98, 1), true),
            (rows(0, 1), false),
            (rows(50, 1), false),
            (rows(150, 1), false),
            (rows(101, 100), false),
            (format!("{}{}", rows(101, 1), rows(101, 1)), false),
        ] {
            let objection = lines.objection(&rows(101, 1), &candidate);
            assert_eq!(objection.is_none(), expected, "{} lines: {objection:?}", candidate.lines().count());
        }
    }

    #[test]
    fn where_the_number_of_lines_differs_each_has_a_form_that_was_seen() {
        let lines = learned(&[("a 1\nb 22\n", "a 1\nb 22\nc 333\n")]);
        assert_eq!(lines.objection("a 1\n", "d 4\ne 5\n"), None);
        assert!(lines.objection("a 1\n", "d 4\nan error: no such thing\n").is_some());
    }
}
