//! The baseline against itself: what differs there says nothing about the candidate, as far as its value goes.
//!
//! Before the replay the baseline's answers are recorded on its own; afterwards it starts again from a fresh copy of the
//! same data. During the replay each of its answers is compared with the recorded one, and a place that differs is
//! noise ([`crate::noise`]), and relations that held in both runs (`updated_at >= created_at`) must hold on the candidate
//! too.

mod record;
mod relations;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use record::{Recording, record};

use crate::compare::json::Type;
use crate::compare::{Asked, Comparator, Comparison, Difference, Ids};
use crate::http::Response;
use crate::noise::{Hearing, Known, Noisy, Remembered, Ruling, each_value, is_asked, is_lack, request_of};
use crate::plan::Plan;
use crate::record::Class;
use crate::record::parity::{Kind, NoiseParity, NoisePlace};
use crate::role::Pair;
use crate::step::answer;
use crate::tally::without_indices;

/// So often the baseline is asked once more in a run.
const MOST_LOOKS: usize = 400;

/// What is known of the noise of a plan.
#[derive(Debug)]
pub(super) struct Noise {
    /// With the ids of each run, which may be others than those of the replay.
    recordings: Vec<(Recording, Ids)>,
    evidence: NoiseParity,
    places: BTreeMap<(String, String, String), Counted>,
    /// What the steps ask for, by flow and step.
    requests: HashMap<(String, String), String>,
    /// Headers that differed in the answers to any step: what one means does not depend on what was asked.
    headers: BTreeMap<String, Noisy>,
    remembered: Remembered,
    /// How often the baseline was asked once more.
    looks: usize,
    /// Differences at the end of the last comparison that are broken relations, of which no other look says anything.
    broken_relations: usize,
}

/// One place that differs between two runs of the baseline, and how often that mattered.
#[derive(Debug, Default)]
struct Counted {
    noisy: Noisy,
    seen: u64,
    allowed: u64,
    broken: u64,
    relations: BTreeSet<String>,
}

/// The answers of the baseline to one step, and the candidate's.
struct Answers<'a> {
    baseline: Vec<&'a Response>,
    candidate: &'a Response,
}

impl Noise {
    /// Begins with what was recorded.
    pub(super) fn new(plan: &Plan, recordings: Vec<Recording>) -> Self {
        let is_fresh = recordings.iter().all(|recording| recording.is_fresh);
        let evidence = NoiseParity { runs: recordings.len() as u64, is_fresh, ..NoiseParity::default() };
        let recordings = recordings.into_iter().map(|recording| (recording, Ids::new(plan))).collect();
        let steps = plan.flows.iter().flat_map(|flow| flow.steps.iter().map(move |step| (flow, step)));
        let requests = steps.map(|(flow, step)| ((flow.name.clone(), step.name.clone()), request_of(step))).collect();
        Self {
            recordings,
            evidence,
            places: BTreeMap::new(),
            requests,
            headers: BTreeMap::new(),
            remembered: Remembered::default(),
            looks: 0,
            broken_relations: 0,
        }
    }

    /// Takes what is noise out of what comparing the two sides' answers found: compares the baseline's with what it
    /// answered before, and asks of the candidate what both have in common.
    pub(super) fn take_out(
        &mut self,
        comparator: &Comparator,
        asked: &Asked<'_>,
        comparison: &mut Comparison,
        answers: &Pair<(&Response, &str)>,
    ) {
        let (now, base_url) = answers.baseline;
        let mut own = vec![now.clone()];
        let mut itself = Vec::new();
        for (recording, ids) in &mut self.recordings {
            let key = (asked.flow.to_owned(), asked.step.to_owned());
            let Some(recorded) = recording.answers.get(&key) else { continue };
            let asked =
                Asked { targets: Pair { baseline: &recorded.target, candidate: asked.targets.baseline }, ..*asked };
            let (before, now) = (answer(&recorded.response, &recording.base_url), answer(now, base_url));
            itself.push(comparator.compare_with_ids(&asked, ids, &before, &now));
            own.push(recorded.response.clone());
        }
        for (itself, before) in itself.into_iter().zip(&own[1..]) {
            self.learn(asked.flow, asked.step, itself, (&before.body, &now.body));
        }
        let candidate = answers.candidate.0;
        self.degrade(asked.flow, asked.step, comparison, &Answers { baseline: own.iter().collect(), candidate });
    }

    /// Learns from comparing two answers of the baseline; what a rule or an id explains is none.
    fn learn(&mut self, flow: &str, step: &str, itself: Comparison, (before, now): (&[u8], &[u8])) {
        let found = itself.differences.into_iter().filter(|found| found.class != Class::Volatile);
        let mut lacking: HashMap<(String, Kind), usize> = HashMap::new();
        for found in found {
            let general = without_indices(&found.place);
            let place = self.places.entry((flow.to_owned(), step.to_owned(), general.clone())).or_default();
            place.seen += 1;
            place.noisy.see(&found);
            if general.starts_with("header ") {
                self.headers.entry(general.clone()).or_default().see(&found);
            }
            if is_lack(found.kind) {
                let count = lacking.entry((general, found.kind)).or_default();
                *count += 1;
                place.noisy.see_lacking(*count);
            }
            if found.kind == Kind::Body {
                place.noisy.see_bodies(before, now);
            }
        }
    }

    /// Degrades what a comparison of the sides found at noisy places of a step, and adds what breaks a relation.
    fn degrade(&mut self, flow: &str, step: &str, comparison: &mut Comparison, answers: &Answers<'_>) {
        self.broken_relations = 0;
        self.share_headers(flow, step, comparison);
        let is_of_step = |key: &(String, String, String)| key.0 == flow && key.1 == step;
        if !self.places.keys().any(is_of_step) {
            return;
        }
        self.learn_shapes(flow, step, answers);
        self.remembered = self.judge(flow, step, comparison, answers);
        let count = comparison.differences.len();
        self.relations(flow, step, comparison, answers);
        self.broken_relations = comparison.differences.len() - count;
    }

    /// What a header means does not depend on what was asked: one that differed elsewhere is noise here.
    fn share_headers(&mut self, flow: &str, step: &str, comparison: &Comparison) {
        for found in &comparison.differences {
            let place = without_indices(&found.place);
            if let Some(noisy) = self.headers.get(&place).filter(|noisy| noisy.is_shared(found)) {
                let counted = || Counted { noisy: noisy.clone(), ..Counted::default() };
                self.places.entry((flow.to_owned(), step.to_owned(), place)).or_insert_with(counted);
            }
        }
    }

    fn judge(&mut self, flow: &str, step: &str, comparison: &mut Comparison, answers: &Answers<'_>) -> Remembered {
        let bodies =
            answers.baseline.first().map(|now| Pair { baseline: &now.body[..], candidate: &answers.candidate.body });
        let mut hearing = bodies.map_or_else(Hearing::default, Hearing::of).after(self.remembered);
        let key = |found: &Difference| (flow.to_owned(), step.to_owned(), without_indices(&found.place));
        for found in &comparison.differences {
            if let Some(place) = self.places.get(&key(found)) {
                place.noisy.weigh(found, &mut hearing);
            }
        }
        for found in &mut comparison.differences {
            if let Some(place) = self.places.get_mut(&key(found)) {
                place.judge(found, &hearing);
            }
        }
        hearing.remembered()
    }

    /// Whether asking the baseline once more could show that something is no difference.
    pub(super) fn wants_another_look(&self, comparison: &Comparison) -> bool {
        let may_be_noise = |found: &Difference| {
            found.class == Class::Breaking && found.rule.is_none() && !matches!(found.kind, Kind::Id | Kind::Status)
        };
        let values = comparison.differences.len() - self.broken_relations;
        let is_open = comparison.differences[..values].iter().any(may_be_noise);
        is_open && !self.recordings.is_empty() && self.looks < MOST_LOOKS
    }

    /// The baseline was asked once more for what `comparison` is about: learns from it, and judges what is left again.
    pub(super) fn look_again(
        &mut self,
        comparator: &Comparator,
        asked: &Asked<'_>,
        comparison: &mut Comparison,
        answers: &Pair<(&Response, &str)>,
        again: &Response,
    ) {
        self.looks += 1;
        let relations = comparison.differences.split_off(comparison.differences.len() - self.broken_relations);
        let ((now, base_url), (flow, step)) = (answers.baseline, (asked.flow, asked.step));
        let itself = comparator.compare(flow, step, &answer(now, base_url), &answer(again, base_url));
        for found in comparison.differences.iter().filter(|found| is_asked(found)) {
            let key = (flow.to_owned(), step.to_owned(), without_indices(&found.place));
            // It was refused, and is judged and counted once more.
            self.places.entry(key).and_modify(|place| place.broken = place.broken.saturating_sub(1));
        }
        self.learn(flow, step, itself, (&now.body, &again.body));
        let answers = Answers { baseline: vec![now, again], candidate: answers.candidate.0 };
        self.share_headers(flow, step, comparison);
        self.learn_shapes(flow, step, &answers);
        self.judge(flow, step, comparison, &answers);
        comparison.differences.extend(relations);
    }

    /// The evidence, and what other comparisons of answers to the same requests may know.
    pub(super) fn into_evidence(self) -> (NoiseParity, Known) {
        let (mut evidence, mut known) = (self.evidence, Known::default());
        for ((flow, step, place), counted) in self.places {
            let Counted { noisy, seen, allowed, broken, relations } = counted;
            evidence.allowed += allowed;
            evidence.broken += broken;
            let (compared, relations) = (noisy.compared(), relations.into_iter().collect());
            let key = (flow, step);
            if let Some(request) = self.requests.get(&key) {
                known.add(request.clone(), place.clone(), noisy);
            }
            let (flow, step) = key;
            evidence.places.push(NoisePlace { flow, step, place, seen, allowed, broken, compared, relations });
        }
        (evidence, known)
    }

    /// What the baseline has at noisy places, also in elements that did not differ.
    fn learn_shapes(&mut self, flow: &str, step: &str, answers: &Answers<'_>) {
        for response in &answers.baseline {
            each_value(&response.body, |place, value| {
                let key = (flow.to_owned(), step.to_owned(), place.to_owned());
                if let Some(place) = self.places.get_mut(&key)
                    && !matches!(value.kind(), Type::Array | Type::Object)
                {
                    place.noisy.see_value(&value.to_text());
                }
            });
        }
    }

    fn relations(&mut self, flow: &str, step: &str, comparison: &mut Comparison, answers: &Answers<'_>) {
        let key = |place: &str| (flow.to_owned(), step.to_owned(), place.to_owned());
        let is_noisy = |place: &str| self.places.contains_key(&key(place));
        let held = relations::held(answers.baseline.iter().map(|response| &response.body[..]), &is_noisy);
        let broken = relations::broken(&held, &answers.candidate.body);
        let told: Vec<_> = held.iter().map(|held| (key(&held.noisy_place(&is_noisy)), held.to_string())).collect();
        for (key, words) in told {
            if let Some(noisy) = self.places.get_mut(&key) {
                noisy.relations.insert(words);
            }
        }
        for found in broken {
            if let Some(noisy) = self.places.get_mut(&key(&found.place)) {
                noisy.broken += 1;
            }
            comparison.differences.push(found);
        }
    }
}

impl Counted {
    fn judge(&mut self, found: &mut Difference, hearing: &Hearing<'_>) {
        match self.noisy.judge(found, hearing) {
            Ruling::NotAsked => {}
            Ruling::Excused => self.allowed += 1,
            Ruling::Refused => self.broken += 1,
        }
    }
}

#[cfg(test)]
mod tests;
