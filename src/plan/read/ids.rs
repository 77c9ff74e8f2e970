//! Ids of a plan.

use super::super::fields::{Fields, choice, elements, text};
use super::super::keys::{ID_EXCEPT, ID_PLACE, IDS, LEARN};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Flow, IdPlace, Ids, Learn};
use super::compare::scope;

/// Where ids are that the sides generate, and where pairs of them are introduced.
pub(super) fn ids(node: &Node, flows: &[Flow], problems: &mut Problems<'_>) -> Ids {
    let Some(fields) = Fields::open(node, &IDS, problems) else { return Ids::default() };
    let word = fields.get("learn").and_then(|node| choice(node, LEARN, "way of learning ids", problems));
    let learn = match word {
        Some("never") => Learn::Never,
        Some("changed") => Learn::Changed,
        Some("anywhere") => Learn::Anywhere,
        _ => Learn::Created,
    };
    let mut places: Vec<(usize, IdPlace)> = Vec::new();
    for (name, object) in [("places", &ID_PLACE), ("except", &ID_EXCEPT)] {
        for node in elements(fields.get(name), problems) {
            let Some(fields) = Fields::open(node, object, problems) else { continue };
            let is_place = name == "places";
            places.extend(id_place(&fields, is_place, flows, problems).map(|place| (node.span.start, place)));
        }
    }
    places.sort_by_key(|(start, _)| *start);
    Ids { learn, places: places.into_iter().map(|(_, place)| place).collect() }
}

fn id_place(fields: &Fields<'_>, is_place: bool, flows: &[Flow], problems: &mut Problems<'_>) -> Option<IdPlace> {
    let path = fields.get("path").and_then(|node| super::step::json_path(node, text(node, problems)?, problems));
    let of = if is_place { fields.get("of") } else { fields.get("reason") }.and_then(|node| text(node, problems));
    let (flow, step) = scope(fields.get("flow"), fields.get("step"), flows, problems);
    Some(IdPlace { path: path?, of: of.filter(|_| is_place).map(str::to_owned), flow, step })
        .filter(|place| place.of.is_some() == is_place)
}
