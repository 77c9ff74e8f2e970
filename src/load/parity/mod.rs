//! Parity under load: answers to the same arrivals on both sides, compared as the load goes on.
//!
//! While a block runs, answers of a sample of its flow iterations are kept ([`BlockSample`]); between blocks they are
//! looked into, so that measured time pays for little more than copying them. Odd pairs repeat the arrivals of the pair
//! before, so each side is compared with itself as well: only what a side answers the same every time is compared value by
//! value. Of everything else the form must be the same, and what the request or the plan asks for must hold. This room
//! of the load phase reads no clock and knows no socket.

mod facts;
mod lasting;
mod lists;
mod once;
mod places;
mod sample;
mod shape;
mod statuses;
mod told;
mod walk;

use std::collections::HashMap;

pub(super) use facts::may_change;
pub(super) use sample::{BlockSample, Notes, Sample};

use crate::compare::{self, Answer, Comparator, json};
use crate::noise::{Hearing, Known, request_of};
use crate::plan::Plan;
use crate::record::Class;
use crate::record::load_parity::{LoadParity, Mode, StepLoadParity};
use crate::record::parity::Kind;
use crate::role::{Pair, Role};
use crate::step::unique_text;
use crate::tally::Secrets;
use facts::StepFacts;
use lasting::Lasting;
use lists::Lists;
use once::{Arrival, HandedOut};
use places::{Against, Places};
use sample::KeptAnswer;
use shape::Shapes;
use statuses::Statuses;
use told::Book;
pub(super) use told::Rehearsal;
use walk::PlaceNames;

/// The pair whose arrivals and drawn values a pair has: its own, or those of the even pair before it.
pub(super) const fn repeats(pair: u32) -> u32 {
    pair & !1
}

/// Looks into what blocks left.
pub(super) struct Examiner {
    steps: Vec<StepFacts>,
    comparator: Comparator,
    base_urls: Pair<String>,
    book: Book,
    seed: u64,
    /// Samples that others are still to be compared with.
    waiting: Vec<(u32, Role, Sample)>,
    level: u32,
    evidence: LoadParity,
    places: Vec<Places>,
    shapes: Vec<Shapes>,
    statuses: Vec<Statuses>,
    handed_out: HandedOut,
    lists: Lists,
    names: PlaceNames,
    lasting: Lasting,
    noise: Option<Known>,
    /// What each step asks for, as noise knows it.
    requests: Vec<String>,
}

impl Examiner {
    /// Nothing looked into yet.
    pub(super) fn new(
        plan: &Plan,
        base_urls: Pair<String>,
        secrets: Secrets,
        seed: u64,
        rehearsal: Option<Rehearsal>,
    ) -> Self {
        let steps = facts::of_plan(plan);
        let count = steps.len();
        Self {
            steps,
            comparator: Comparator::new(&plan.compare),
            base_urls,
            book: Book::new(secrets, plan, rehearsal),
            seed,
            waiting: Vec::new(),
            level: 0,
            evidence: LoadParity::default(),
            places: std::iter::repeat_with(Places::default).take(count).collect(),
            shapes: std::iter::repeat_with(Shapes::default).take(count).collect(),
            statuses: std::iter::repeat_with(Statuses::default).take(count).collect(),
            handed_out: HandedOut::default(),
            lists: Lists::default(),
            names: PlaceNames::default(),
            lasting: Lasting::default(),
            noise: None,
            requests: plan.flows.iter().flat_map(|flow| flow.steps.iter().map(request_of)).collect(),
        }
    }

    /// With what the replay has found to be noise: what is drawn once for each process or login is the same in all answers of
    /// a side.
    pub(super) fn with(mut self, noise: Option<Known>) -> Self {
        self.noise = noise;
        self
    }

    /// How much is kept of the next block.
    pub(super) const fn level(&self) -> u32 {
        self.level
    }

    /// Looks into what a block left.
    pub(super) fn take(&mut self, pair: u32, role: Role, sample: Sample) {
        self.level = self.level.max(sample.level);
        self.count(pair, role, &sample);
        self.look_at_each(pair, role, &sample);
        if self.evidence.values_until_pair.is_none() {
            self.compare_with_others(pair, role, &sample);
        }
        self.waiting.push((pair, role, sample));
        let is_over = |pair| self.waiting.iter().filter(|(other, ..)| *other == pair).count() == Role::BOTH.len();
        if repeats(pair) != pair && is_over(pair) {
            self.waiting.clear();
        }
    }

    fn count(&mut self, pair: u32, role: Role, sample: &Sample) {
        let evidence = &mut self.evidence;
        let kept: usize = sample.iterations.iter().map(|notes| notes.answers().count()).sum();
        *evidence.answers.get_mut(role) += sample.answers;
        *evidence.kept.get_mut(role) += kept as u64;
        *evidence.left_out.get_mut(role) += sample.left_out;
        *evidence.broken_off.get_mut(role) += sample.broken_off;
        if sample.broken_off > 0 {
            // What was left behind differs from now on, and with it what is read.
            evidence.values_until_pair.get_or_insert(pair);
        }
    }

    /// What each answer says by itself.
    fn look_at_each(&mut self, pair: u32, role: Role, sample: &Sample) {
        for unexpected in &sample.unexpected {
            let arrival = Arrival { pair, number: unexpected.number };
            self.statuses[unexpected.step].see(role, unexpected.status, arrival);
        }
        for notes in &sample.iterations {
            let arrival = Arrival { pair, number: notes.number };
            for answer in notes.answers() {
                self.look_at(role, arrival, &answer);
            }
        }
    }

    fn look_at(&mut self, role: Role, arrival: Arrival, answer: &KeptAnswer<'_>) {
        let step = &self.steps[answer.step];
        self.statuses[answer.step].see(role, answer.status, arrival);
        let body = answer.body.filter(|body| may_be_json(body)).and_then(|body| json::parse(body).ok());
        self.handed_out.see(role, step, arrival, answer, body.as_ref(), &mut self.names);
        if let Some(body) = &body {
            let second = second(arrival.pair, answer);
            self.shapes[answer.step].at(arrival);
            self.shapes[answer.step].see(role, answer.status, second, body, &mut self.names);
            if (200..300).contains(&answer.status) {
                self.lists.see(role, answer.step, step, arrival, body, &mut self.names);
            }
        }
    }

    /// Compares a block's answers with the other side's of the same pair, and with the same side's of the pair that this
    /// one repeats.
    fn compare_with_others(&mut self, pair: u32, role: Role, sample: &Sample) {
        let waiting = std::mem::take(&mut self.waiting);
        for (other_pair, other_role, other) in &waiting {
            if *other_pair == pair && *other_role != role {
                let sides = Pair::from_fn(|side| if side == role { sample } else { other });
                self.compare(Against::Other, [pair, pair], [sides.baseline, sides.candidate]);
            } else if *other_pair != pair && *other_role == role && *other_pair == repeats(pair) {
                self.compare(Against::Itself(role), [*other_pair, pair], [other, sample]);
            }
        }
        self.waiting = waiting;
    }

    fn compare(&mut self, against: Against, pairs: [u32; 2], samples: [&Sample; 2]) {
        let others: HashMap<u64, &Notes> = samples[1].iterations.iter().map(|notes| (notes.number, notes)).collect();
        for left in &samples[0].iterations {
            let Some(right) = others.get(&left.number) else { continue };
            let renamed = (pairs[0] != pairs[1]).then(|| {
                pairs.map(|pair| unique_text(self.seed, super::PHASE, super::block::iteration(pair, left.number)))
            });
            for answer in left.answers() {
                let same = right.answers().find(|other| other.step == answer.step);
                if let Some(same) = same {
                    let arrival = Arrival { pair: pairs[1], number: left.number };
                    self.compare_answers(against, arrival, renamed.as_ref(), &answer, &same);
                }
            }
        }
    }

    /// `renamed`: the texts that `{{unique}}` stood for, where they are not the same.
    fn compare_answers(
        &mut self,
        against: Against,
        arrival: Arrival,
        renamed: Option<&[String; 2]>,
        left: &KeptAnswer<'_>,
        right: &KeptAnswer<'_>,
    ) {
        let number = left.step;
        let step = &self.steps[number];
        let differences = if left.status == right.status {
            let (Some(left_body), Some(right_body)) = (left.body, right.body) else { return };
            let [left_url, right_url] = match against {
                Against::Itself(role) => [self.base_urls.get(role); 2],
                Against::Other => [&self.base_urls.baseline, &self.base_urls.candidate],
            };
            let headers = [left.headers(), rename_headers(right.headers(), renamed)];
            let right_body = renamed.map_or_else(|| right_body.to_vec(), |texts| replace(right_body, texts));
            let answer = |headers, body, base_url| Answer { status: left.status, headers, body, base_url };
            let left = answer(&headers[0], left_body, left_url);
            let right = answer(&headers[1], &right_body, right_url);
            let mut comparison = self.comparator.compare(&step.flow, &step.name, &left, &right);
            if let (Against::Other, Some(noise)) = (against, &self.noise) {
                let bodies = Pair { baseline: left_body, candidate: &right_body[..] };
                noise.excuse(&self.requests[number], &mut comparison, &mut Hearing::of(bodies));
            }
            comparison.differences
        } else {
            vec![other_status(left.status, right.status)]
        };
        match against {
            Against::Itself(role) => *self.evidence.lessons.get_mut(role) += 1,
            Against::Other => {}
        }
        let places = &mut self.places[number];
        places.at(arrival);
        places.see(against, second(arrival.pair, left), differences);
    }

    /// What was found.
    pub(super) fn into_evidence(self) -> LoadParity {
        let Self { steps, mut book, mut evidence, places, shapes, statuses, handed_out, lists, names, .. } = self;
        for (number, found) in places.into_iter().enumerate() {
            let step = &steps[number];
            let summary = summary(step, &found);
            match summary.mode {
                Mode::Exact | Mode::Partly => evidence.compared_exact += summary.compared,
                Mode::Shape => evidence.compared_shape += summary.compared,
            }
            statuses[number].found(step).into_iter().for_each(|other| book.status(step, other));
            found.found().into_iter().for_each(|found| book.place(step, found));
            shapes[number].found(&names).into_iter().for_each(|form| book.form(step, form));
            evidence.steps.push(summary);
        }
        let invariants = handed_out.invariants().into_iter().chain(lists.invariants(&steps));
        invariants.for_each(|(invariant, first)| book.invariant(invariant, first));
        book.finish(&mut evidence);
        evidence
    }
}

fn summary(step: &StepFacts, places: &Places) -> StepLoadParity {
    let (itself, other) = places.compared();
    StepLoadParity {
        flow: step.flow.clone(),
        step: step.name.clone(),
        mode: places.mode(),
        compared: u64::from(other),
        lessons: u64::from(itself.baseline),
        varying: places.varying(),
    }
}

fn other_status(left: u16, right: u16) -> compare::Difference {
    compare::Difference {
        class: Class::Breaking,
        kind: Kind::Status,
        place: "status".to_owned(),
        baseline: Some(left.to_string()),
        candidate: Some(right.to_string()),
        rule: None,
        note: None,
    }
}

/// When an answer came, in seconds counted over the whole load.
const fn second(pair: u32, answer: &KeptAnswer<'_>) -> u64 {
    ((pair as u64) << 32) | answer.at_s as u64
}

fn may_be_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn rename_headers(headers: http::HeaderMap, renamed: Option<&[String; 2]>) -> http::HeaderMap {
    let Some(texts) = renamed else { return headers };
    let rename = |value: &http::HeaderValue| {
        http::HeaderValue::from_bytes(&replace(value.as_bytes(), texts)).unwrap_or_else(|_| value.clone())
    };
    headers.iter().map(|(name, value)| (name.clone(), rename(value))).collect()
}

/// Puts the first text where the second stands.
fn replace(bytes: &[u8], [to, from]: &[String; 2]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from.as_bytes()) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
