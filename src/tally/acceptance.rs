//! Differences that somebody has accepted, by the entries of a committed file.

use std::collections::HashSet;

use super::remedy::yaml_text;
use super::without_indices;
use crate::plan::{Accepted, AcceptedDifference};
use crate::record::Open;
use crate::record::parity::{Acceptance, AcceptanceUse, Class, Kind};

/// The entries, and what each was about so far.
#[derive(Debug, Default)]
pub struct Acceptances {
    entries: Vec<AcceptedDifference>,
    matched: Vec<u64>,
}

impl Acceptances {
    /// None of them used yet.
    pub fn new(accepted: Option<&Accepted>) -> Self {
        let entries = accepted.map(|accepted| accepted.entries.clone()).unwrap_or_default();
        Self { matched: vec![0; entries.len()], entries }
    }

    /// As [`Acceptances::about`]; counts it.
    pub fn find(
        &mut self,
        flow: &str,
        step: &str,
        about: (Class, Kind, &str),
        values: impl Fn() -> (Option<String>, Option<String>),
    ) -> Option<(usize, Acceptance)> {
        let found = self.about(flow, step, about, values);
        self.matched[found.as_ref()?.0] += 1;
        found
    }

    /// The entry that is about a difference, the first that still holds before any that has expired.
    /// `values` gives both values as a record would show them.
    pub fn about(
        &self,
        flow: &str,
        step: &str,
        (class, kind, place): (Class, Kind, &str),
        values: impl Fn() -> (Option<String>, Option<String>),
    ) -> Option<(usize, Acceptance)> {
        if self.entries.is_empty() || class == Class::Volatile {
            return None;
        }
        let place = general(kind, place);
        let mut about = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let is_meant = entry.flow == flow
                && entry.step == step
                && entry.class == class.name()
                && entry.kind == kind.name()
                && general(kind, &entry.place) == place;
            if is_meant && has_values(entry, &values) {
                about.push(index);
            }
        }
        let index = about.iter().copied().find(|index| !self.entries[*index].expired).or(about.first().copied())?;
        Some((index, acceptance(&self.entries[index])))
    }

    /// What each entry did. `is_asked`: whether something was compared in a step of a flow.
    pub fn uses(&self, is_asked: impl Fn(&str, &str) -> bool) -> Vec<AcceptanceUse> {
        let used = |(entry, matched): (&AcceptedDifference, &u64)| AcceptanceUse {
            entry: format!("{} / {} at {}", entry.flow, entry.step, entry.place),
            place: entry.source.clone(),
            acceptance: acceptance(entry),
            matched: *matched,
            asked: is_asked(&entry.flow, &entry.step) || *matched > 0,
        };
        self.entries.iter().zip(&self.matched).map(used).collect()
    }
}

fn acceptance(entry: &AcceptedDifference) -> Acceptance {
    Acceptance {
        reason: entry.reason.clone(),
        until: entry.until.map(|date| date.to_string()),
        ticket: entry.ticket.clone(),
        expired: entry.expired,
    }
}

/// A place without what is drawn or numbered: `$.items[*].name` and `$.items[3].name` are both `$.items[].name`, and
/// a column of a table is the same place in every row.
fn general(kind: Kind, place: &str) -> String {
    match of_table(kind, place) {
        Some(place) => place,
        None => without_indices(place).replace("[*]", "[]"),
    }
}

/// `table students row id=17 column name` → `table students column name`; `None`: it is about no row.
fn of_table(kind: Kind, place: &str) -> Option<String> {
    let (table, row) = place.strip_prefix("table ")?.split_once(" row ")?;
    let column = row.rsplit_once(" column ").filter(|_| !matches!(kind, Kind::RowMissing | Kind::RowExtra));
    let column = column.map(|(_, column)| format!(" column {column}")).unwrap_or_default();
    Some(format!("table {table}{column}"))
}

fn has_values(entry: &AcceptedDifference, values: impl Fn() -> (Option<String>, Option<String>)) -> bool {
    if entry.baseline.is_none() && entry.candidate.is_none() {
        return true;
    }
    let (baseline, candidate) = values();
    let fits = |wanted: &Option<String>, found: Option<String>| wanted.is_none() || *wanted == found;
    fits(&entry.baseline, baseline) && fits(&entry.candidate, candidate)
}

/// The fields of an entry that say which difference it is about, as YAML.
pub(super) fn entry_fields(flow: &str, step: &str, class: Class, kind: Kind, place: &str) -> Vec<String> {
    let place = of_table(kind, place).unwrap_or_else(|| without_indices(place).replace("[]", "[*]"));
    vec![
        format!("flow: {}", yaml_text(flow)),
        format!("step: {}", yaml_text(step)),
        format!("where: {}", yaml_text(&place)),
        format!("class: {}", class.name()),
        format!("kind: {}", kind.name()),
    ]
}

/// Entries for what nobody has accepted yet, each as the lines of one element of a list.
pub fn new_entries<'r>(
    open: impl IntoIterator<Item = Open<'r>>,
    classes: &[Class],
    reason: &str,
    until: Option<&str>,
) -> Vec<Vec<String>> {
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for Open { flow, step, place, class, kind, values } in open {
        let mut lines = entry_fields(flow, step, class, kind, place);
        for (role, value) in values.iter() {
            let value = value.filter(|value| is_constant(kind, value));
            let text = |value: &str| serde_json::Value::from(value.replace("${", "$${"));
            lines.extend(value.map(|value| format!("{role}: {}", text(value))));
        }
        if classes.contains(&class) && seen.insert(lines.clone()) {
            lines.push(format!("reason: {}", yaml_text(reason)));
            lines.extend(until.map(|until| format!("until: {until}")));
            entries.push(lines);
        }
    }
    entries
}

/// Whether a value is the same whatever is drawn: a status without its number, or a word such as an error code.
fn is_constant(kind: Kind, value: &str) -> bool {
    let word = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    let is_code = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    (kind == Kind::Status && !value.contains('×')) || is_code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Difference as Found;
    use crate::role::Pair;

    fn found(class: Class, kind: Kind, place: &str, candidate: &str) -> Found {
        let (baseline, candidate) = (Some("1".to_owned()), Some(candidate.to_owned()));
        Found { class, kind, place: place.to_owned(), baseline, candidate, rule: None, note: None }
    }

    fn accepted(fields: &str) -> Accepted {
        let text = format!("version: 1\naccepted:\n  - {{ flow: f, step: s, reason: why, {fields} }}\n");
        Accepted::parse("accepted.yaml", &text).unwrap_or_else(|told| panic!("{told}"))
    }

    fn is_about(fields: &str, found: &Found) -> bool {
        let mut acceptances = Acceptances::new(Some(&accepted(fields)));
        let is_in = |acceptances: &mut Acceptances, step| {
            acceptances
                .find("f", step, (found.class, found.kind, &found.place), || {
                    (found.baseline.clone(), found.candidate.clone())
                })
                .is_some()
        };
        assert!(!is_in(&mut acceptances, "other"), "another step is another difference");
        is_in(&mut acceptances, "s")
    }

    #[test]
    fn an_entry_is_about_its_place_kind_class_and_values_and_nothing_else() {
        let difference = found(Class::Breaking, Kind::Value, "$.items[3].n", "2");
        for (fields, expected) in [
            ("where: \"$.items[*].n\", kind: value", true),
            ("where: \"$.items[7].n\", kind: value", true),
            ("where: \"$.items[*].m\", kind: value", false),
            ("where: \"$.items[*].n\", kind: type", false),
            ("where: \"$.items[*].n\", kind: value, class: representation", false),
            ("where: \"$.items[*].n\", kind: value, baseline: 1, candidate: 2", true),
            ("where: \"$.items[*].n\", kind: value, candidate: 3", false),
        ] {
            assert_eq!(is_about(fields, &difference), expected, "{fields}");
        }
        let volatile = found(Class::Volatile, Kind::Value, "$.items[3].n", "2");
        assert!(!is_about("where: \"$.items[*].n\", kind: value", &volatile), "a rule has allowed it already");
    }

    #[test]
    fn an_entry_that_holds_goes_before_one_that_has_expired() {
        let mut both = accepted("where: status, kind: status, until: 2026-01-01");
        both.expire("2026-01-02".parse().unwrap());
        let expired = |accepted: &Accepted| {
            let mut acceptances = Acceptances::new(Some(accepted));
            acceptances.find("f", "s", (Class::Breaking, Kind::Status, "status"), || (None, None)).unwrap().1.expired
        };
        assert!(expired(&both));
        both.entries.extend(accepted("where: status, kind: status").entries);
        assert!(!expired(&both));
    }

    #[test]
    fn a_column_is_the_same_place_in_every_row() {
        for (kind, place, expected) in [
            (Kind::Value, "table students row id=17 column name", "table students column name"),
            (Kind::Value, "table t row name='a column b' column name", "table t column name"),
            (Kind::RowMissing, "table t row name='a column b'", "table t"),
            (Kind::Schema, "table t index t_name_idx", "table t index t_name_idx"),
            (Kind::Value, "table t sum of column n", "table t sum of column n"),
        ] {
            assert_eq!(general(kind, place), expected);
            let accepted = accepted(&format!("where: \"{expected}\", kind: {}", kind.name()));
            let mut acceptances = Acceptances::new(Some(&accepted));
            assert!(acceptances.find("f", "s", (Class::Breaking, kind, place), || (None, None)).is_some(), "{place}");
        }
    }

    #[test]
    fn what_is_written_for_a_difference_accepts_it_whatever_was_counted_or_drawn() {
        let open = |kind, place, values: [&'static str; 2]| Open {
            flow: "f",
            step: "s",
            place,
            class: Class::Breaking,
            kind,
            values: Pair { baseline: Some(values[0]), candidate: Some(values[1]) },
        };
        for (wrote, next, is_it) in [
            (open(Kind::Status, "status", ["404", "400"]), open(Kind::Status, "status", ["404", "400"]), true),
            (open(Kind::Status, "status", ["404", "400"]), open(Kind::Status, "status", ["404", "500"]), false),
            (
                open(Kind::Status, "status", ["403 (6×)", "201 (1×)"]),
                open(Kind::Status, "status", ["403 (5×)", "201 (2×)"]),
                true,
            ),
            (open(Kind::Invariant, "$.id", ["", ""]), open(Kind::Invariant, "$.id", ["", ""]), true),
            (open(Kind::Value, "$.items[1].n", ["1", "2"]), open(Kind::Value, "$.items[7].n", ["3", "4"]), true),
        ] {
            let entries = new_entries([wrote], &[Class::Breaking], "why", None);
            let text = Accepted::extend("f", "", &entries).unwrap();
            let mut acceptances = Acceptances::new(Some(&Accepted::parse("f", &text).unwrap()));
            let values = || (next.values.baseline.map(str::to_owned), next.values.candidate.map(str::to_owned));
            let found = acceptances.find("f", "s", (next.class, next.kind, next.place), values);
            assert_eq!(found.is_some(), is_it, "{text}");
        }
    }

    #[test]
    fn every_kind_of_difference_can_be_accepted() {
        for kind in Kind::ALL {
            accepted(&format!("where: somewhere, kind: {}", kind.name()));
        }
    }
}
