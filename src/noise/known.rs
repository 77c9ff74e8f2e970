//! Noise by what was asked for.

use std::collections::BTreeMap;

use super::{Hearing, Noisy};
use crate::compare::ids::is_id_shaped;
use crate::compare::{Comparison, Difference};
use crate::plan::Step;
use crate::plan::template::Part;
use crate::tally::without_indices;

/// All noise that is known, by request and place.
#[derive(Debug, Clone, Default)]
pub struct Known {
    by_request: BTreeMap<String, BTreeMap<String, Noisy>>,
    /// What is noise at a place in the answers to some request.
    by_place: BTreeMap<String, Noisy>,
}

impl Known {
    /// Keeps what was learned of a place (indices left out) in the answers to a [`request`].
    pub fn add(&mut self, request: String, place: String, noisy: Noisy) {
        self.by_place.entry(place.clone()).or_default().merge(noisy.clone());
        self.by_request.entry(request).or_default().entry(place).or_default().merge(noisy);
    }

    /// Excuses what is noise among the differences of two answers to a [`request`].
    pub fn excuse(&self, request: &str, comparison: &mut Comparison, hearing: &mut Hearing<'_>) {
        for found in &comparison.differences {
            if let Some(noisy) = self.of(request, found) {
                noisy.weigh(found, hearing);
            }
        }
        for found in &mut comparison.differences {
            if let Some(noisy) = self.of(request, found) {
                noisy.judge(found, hearing);
            }
        }
    }

    /// What is known of the place of a difference in the answers to a request. A header means the same in all answers, and so
    /// does a time or a token of the same name: `timestamp` in the refusals of one request is noise in those of another.
    fn of(&self, request: &str, found: &Difference) -> Option<&Noisy> {
        let place = without_indices(&found.place);
        let of_request = self.by_request.get(request).and_then(|places| places.get(&place));
        of_request.or_else(|| self.by_place.get(&place).filter(|noisy| noisy.is_shared(found)))
    }
}

/// What requests have in common that differ in what they fill in: `GET /students/*` for `/students/7`,
/// `/students/{id}` and `/students/{{id}}`, whatever the query.
pub fn request(method: &str, target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_filled = |segment: &str| segment.contains(['{', '}']) || is_id_shaped(segment);
    let segments: Vec<&str> = path.split('/').map(|segment| if is_filled(segment) { "*" } else { segment }).collect();
    format!("{method} {}", segments.join("/"))
}

/// The [`request`] of a step.
pub fn request_of(step: &Step) -> String {
    let text = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        _ => "{}".to_owned(),
    };
    request(&step.method, &step.target.parts.iter().map(text).collect::<String>())
}
