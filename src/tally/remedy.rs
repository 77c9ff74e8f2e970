//! What would accept a difference: the narrowest rule for the plan, or an entry of the file of accepted differences where
//! no rule can be about it.

use std::time::Duration;

use super::acceptance::entry_fields;
use super::without_indices;
use crate::compare::{Difference, Nearness, is_permitted, nearness};
use crate::plan::{RuleKind, Tolerance, knows_rule_kind};
use crate::record::Class;
use crate::record::parity::{Kind, Remedy, RemedyTarget};
use crate::units::format_duration;

/// Distances of two points in time that people write.
const DISTANCES: [Duration; 12] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(24),
    Duration::from_hours(8784),
];
/// The flow under which generated requests are told.
const EXPLORE: &str = "explore";
/// What stands for the reason that only a person knows.
const REASON: &str = "say why";

/// What lets two values differ.
enum Way {
    /// They are near each other: so much of a rule, after its place.
    Near(String),
    /// Nothing but a rule that permits anything.
    Anything,
    /// No rule: what would permit their distance says nothing of how they are written.
    Entry,
}

/// What would accept a difference that was found in a step. `broken`: the rule that it breaks, if it breaks one; of rules
/// that fit a place the first is applied.
pub fn remedy(flow: &str, step: &str, difference: &Difference, broken: Option<&str>) -> Remedy {
    if let Some((list, rule)) = state_rule(difference) {
        let yaml = format!("compare:\n  state:\n    {list}:\n      - {{ {rule}, reason: {REASON} }}");
        return Remedy { target: RemedyTarget::Plan, yaml };
    }
    // Rules are about steps of flows that the plan has; a fault is none, and no more are generated requests.
    match rule(difference).filter(|_| !flow.starts_with("fault ") && flow != EXPLORE) {
        Some((list, rule)) => {
            let scope = format!("reason: {REASON}, flow: {}, step: {}", yaml_text(flow), yaml_text(step));
            let place = broken.map(|broken| format!("    # above `{broken}`\n")).unwrap_or_default();
            let yaml = format!("compare:\n  {list}:\n{place}    - {{ {rule}, {scope} }}");
            Remedy { target: RemedyTarget::Plan, yaml }
        }
        None => Remedy { target: RemedyTarget::AcceptedDifferences, yaml: entry(flow, step, difference) },
    }
}

/// An entry of the file of accepted differences, for what no rule is asked about.
pub fn acceptance_remedy(flow: &str, step: &str, difference: &Difference) -> Remedy {
    Remedy { target: RemedyTarget::AcceptedDifferences, yaml: entry(flow, step, difference) }
}

/// The list of the plan that a rule belongs to, and the rule without reason and scope.
fn rule(difference: &Difference) -> Option<(&'static str, String)> {
    if matches!(
        difference.kind,
        Kind::Transport | Kind::Expectation | Kind::Capture | Kind::Id | Kind::Aftermath | Kind::Invariant
    ) {
        return None;
    }
    let place = match difference.place.split_once(' ') {
        Some(("header", name)) => format!("header: {}", yaml_text(name)),
        _ if difference.place == "body" => "path: $".to_owned(),
        _ if difference.place.starts_with('$') => format!("path: {}", yaml_text(&any_index(&difference.place))),
        _ => return None,
    };
    if difference.kind == Kind::Order {
        return order(difference, &place);
    }
    of_way(near(difference), place)
}

/// The list of the plan, and the rule.
fn of_way(way: Way, place: String) -> Option<(&'static str, String)> {
    match way {
        Way::Near(kind) => Some(("rules", format!("{place}, {kind}"))),
        Way::Anything => Some(("ignore", place)),
        Way::Entry => None,
    }
}

/// For a column of a table: the list of the plan that a rule about it belongs to, and the rule without its reason.
fn state_rule(difference: &Difference) -> Option<(&'static str, String)> {
    let (table, row) = difference.place.strip_prefix("table ")?.split_once(" row ")?;
    let (_, column) = row.rsplit_once(" column ").filter(|_| difference.kind == Kind::Value)?;
    let place = format!("table: {}, column: {}", yaml_text(table), yaml_text(column));
    // Texts of a database stand in single quotes, and JSON's in double ones.
    let json = |value: &Option<String>| {
        let text = value.as_deref().and_then(|value| value.strip_prefix('\'')?.strip_suffix('\''));
        text.map(|text| serde_json::Value::from(text).to_string()).or_else(|| value.clone())
    };
    let found = Difference {
        baseline: json(&difference.baseline),
        candidate: json(&difference.candidate),
        ..difference.clone()
    };
    of_way(near(&found), place)
}

/// Of the order of members, which says nothing to a reader of JSON, there are no rules.
fn order(difference: &Difference, place: &str) -> Option<(&'static str, String)> {
    let is_array = difference.baseline.as_deref().is_some_and(|text| text.starts_with('['));
    match difference.class {
        Class::Representation => None,
        _ if is_array && knows_rule_kind("unordered") => Some(("rules", format!("{place}, as: unordered"))),
        _ => Some(("ignore", place.to_owned())),
    }
}

fn near(difference: &Difference) -> Way {
    let (Some(baseline), Some(candidate)) = (difference.baseline.as_deref(), difference.candidate.as_deref()) else {
        return Way::Anything;
    };
    let (words, kind) = match nearness(baseline, candidate) {
        Some(Nearness::Datetime(distance)) => match DISTANCES.into_iter().find(|within| distance <= *within) {
            Some(within) => {
                (format!("as: datetime, within: {}", format_duration(within)), RuleKind::Datetime { within })
            }
            None => return Way::Anything,
        },
        Some(Nearness::Uuid) if knows_rule_kind("uuid") => ("as: uuid".to_owned(), RuleKind::Uuid),
        Some(Nearness::Number(distance)) if knows_rule_kind("number") => {
            (format!("as: number, within: {distance}"), RuleKind::Number { within: Tolerance::Absolute(distance) })
        }
        _ => return Way::Anything,
    };
    let is_json = difference.place.starts_with('$') || difference.place.starts_with("table ");
    if is_permitted(&kind, is_json, baseline, candidate) { Way::Near(words) } else { Way::Entry }
}

/// An entry of the file of accepted differences.
fn entry(flow: &str, step: &str, difference: &Difference) -> String {
    let fields = entry_fields(flow, step, difference.class, difference.kind, &difference.place).join(", ");
    let status = |side: &str, value: &Option<String>| match (difference.kind, value) {
        (Kind::Status, Some(value)) => format!(", {side}: \"{value}\""),
        _ => String::new(),
    };
    let values = status("baseline", &difference.baseline) + &status("candidate", &difference.candidate);
    format!("accepted:\n  - {{ {fields}{values}, reason: {REASON} }}")
}

/// `$.items[3].name` → `$.items[*].name`; members whose names are numbers stand in quotes and stay.
fn any_index(place: &str) -> String {
    without_indices(place).replace("[]", "[*]")
}

/// Text as YAML has it inside `{ }`, with quotes where it needs them.
pub(super) fn yaml_text(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./$ ".contains(c))
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    // `${` begins a variable of the environment.
    if is_plain { text.to_owned() } else { serde_json::Value::from(text.replace("${", "$${")).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(kind: Kind, place: &str, baseline: Option<&str>, candidate: Option<&str>) -> Difference {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let class = Class::Breaking;
        let (baseline, candidate) = (text(baseline), text(candidate));
        Difference { class, kind, place: place.to_owned(), baseline, candidate, rule: None, note: None }
    }

    #[test]
    fn the_rule_is_as_narrow_as_the_values_let_it_be() {
        let times = (Some("\"2024-01-01T00:00:00Z\""), Some("\"2024-01-01T00:00:02Z\""));
        for (found, expected) in [
            (
                difference(Kind::Value, "$.items[3].at", times.0, times.1),
                "path: \"$.items[*].at\", as: datetime, within: 5s",
            ),
            (difference(Kind::Value, "$.name", Some("\"a\""), Some("\"b\"")), "    - { path: $.name, reason"),
            (difference(Kind::Missing, "$['a b'][0]", Some("1"), None), "path: \"$['a b'][*]\", reason"),
            (difference(Kind::Extra, "header etag", None, Some("x")), "header: etag, reason"),
            (difference(Kind::Body, "body", Some("x"), Some("y")), "path: $, reason"),
            (
                difference(Kind::Status, "status", Some("404"), Some("400")),
                "accepted:\n  - { flow: f, step: GET /x, where: status, class: breaking, kind: status, \
                 baseline: \"404\", candidate: \"400\", reason: say why }",
            ),
            (difference(Kind::Transport, "answer", None, None), "kind: transport, reason: say why }"),
        ] {
            let yaml = remedy("f", "GET /x", &found, None).yaml;
            assert!(yaml.contains(expected), "{yaml}\n{expected}");
        }
    }

    #[test]
    fn text_has_quotes_where_yaml_needs_them() {
        for (text, expected) in [
            ("by name", "by name"),
            ("GET /x/{{id}}", "\"GET /x/{{id}}\""),
            ("true", "\"true\""),
            ("a: b", "\"a: b\""),
            ("7", "\"7\""),
            ("${HOME}", "\"$${HOME}\""),
        ] {
            assert_eq!(yaml_text(text), expected);
        }
    }
}
