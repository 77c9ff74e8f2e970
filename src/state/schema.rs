//! Differences between two schemas. Pure.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Item, ItemKind};
use super::ledger::Found;
use crate::record::Class;
use crate::record::parity::Kind;

/// How much it matters that a part is missing, or another.
///
/// What decides which rows are taken is breaking. An index that refuses nothing changes no answer, only its time, which
/// the load's gates measure; a sequence that stands elsewhere only means that something was rolled back.
const fn class(kind: ItemKind) -> Class {
    match kind {
        ItemKind::Index | ItemKind::Counter => Class::Representation,
        _ => Class::Breaking,
    }
}

/// Compares two schemas. `counters`: whether it matters where sequences stand.
pub(super) fn compare(baseline: &Catalogue, candidate: &Catalogue, counters: bool) -> Vec<Found> {
    let mut found = Vec::new();
    let baseline = by_place(baseline, counters);
    let candidate = by_place(candidate, counters);
    let missing = |side: &Places<'_>, table: &str| {
        let (table, kind) = (table.to_owned(), ItemKind::Table);
        !side.contains_key(&(table.clone(), kind, table))
    };
    let both: std::collections::BTreeSet<&Place> = baseline.keys().chain(candidate.keys()).collect();
    for place in both {
        let (table, kind, _) = place;
        // Of a table that is not there, nothing else needs to be told.
        let is_part = *kind != ItemKind::Table && [&baseline, &candidate].into_iter().any(|side| missing(side, table));
        let is_of_table = !missing(&baseline, table) || !missing(&candidate, table);
        if is_part && is_of_table {
            continue;
        }
        let none = Vec::new();
        let (one, other) = (baseline.get(place).unwrap_or(&none), candidate.get(place).unwrap_or(&none));
        found.extend(contrast(place, one, other));
    }
    found
}

/// Table, kind, and what it is found by: its name, or its definition.
type Place = (String, ItemKind, String);
type Places<'c> = BTreeMap<Place, Vec<&'c Item>>;

fn by_place(catalogue: &Catalogue, counters: bool) -> Places<'_> {
    let mut places: Places<'_> = BTreeMap::new();
    for item in catalogue.items.iter().filter(|item| counters || item.kind != ItemKind::Counter) {
        let by = if item.kind.is_known_by_definition() { &item.definition } else { &item.name };
        places.entry((item.table.clone(), item.kind, by.clone())).or_default().push(item);
    }
    places
}

fn contrast((table, kind, by): &Place, baseline: &[&Item], candidate: &[&Item]) -> Option<Found> {
    let definitions = |items: &[&Item]| items.iter().map(|item| item.definition.clone()).collect::<Vec<_>>();
    let names = |items: &[&Item]| items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    let (class, shown) = if definitions(baseline) != definitions(candidate) {
        (class(*kind), (definitions(baseline), definitions(candidate)))
    } else if names(baseline) != names(candidate) {
        // Another name for the same thing.
        (Class::Representation, (names(baseline), names(candidate)))
    } else {
        return None;
    };
    let name = [baseline, candidate].into_iter().flatten().find(|item| !item.name.is_empty());
    let name = name.map_or(by.as_str(), |item| &item.name);
    let text = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join("; "));
    let part = if *kind == ItemKind::Table { String::new() } else { format!("{} {name}", kind.name()) };
    let (baseline, candidate) = (text(shown.0), text(shown.1));
    Some(Found {
        class,
        kind: Kind::Schema,
        table: table.clone(),
        part,
        column: None,
        baseline,
        candidate,
        rule: None,
        note: None,
    })
}
