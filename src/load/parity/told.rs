//! What was found in words: what somebody has accepted, what would accept the rest, and how it is seen again.

use super::facts::StepFacts;
use super::once::Arrival;
use super::{places, repeats, shape, statuses};
use crate::compare;
use crate::load::PHASE;
use crate::load::block::iteration;
use crate::plan::{Accepted, Plan};
use crate::record::Class;
use crate::record::load_parity::{Held, Invariant, LoadParity};
use crate::record::parity::{Difference, Kind};
use crate::record::reproduce::{Again, FailingCase};
use crate::role::Pair;
use crate::step::{PreparedFlow, Reproducer};
use crate::tally::{Acceptances, Cases, Secrets, acceptance_remedy, without_indices};

/// Requests of an arrival, as they were sent.
pub(in crate::load) struct Rehearsal {
    reproducer: Reproducer,
    flows: Vec<PreparedFlow>,
}

impl Rehearsal {
    /// `flows` are those of the plan.
    pub(in crate::load) const fn new(reproducer: Reproducer, flows: Vec<PreparedFlow>) -> Self {
        Self { reproducer, flows }
    }

    fn case(&mut self, flow: &str, step: &str, first: Arrival, count: u64) -> Option<FailingCase> {
        let prepared = self.flows.iter().find(|prepared| prepared.name == flow)?;
        let of = |pair| iteration(pair, first.number);
        let mut trace = self.reproducer.begin_as('l', of(first.pair), of(repeats(first.pair)), prepared);
        debug_assert_eq!(PHASE, 'l');
        for known in &prepared.steps {
            self.reproducer.add(&mut trace, prepared, known);
            if known.name == step {
                break;
            }
        }
        let about = format!(
            "one of {count} under load, {first}, among many callers at the same moment: alone, the requests may not show it"
        );
        let case = self.reproducer.case(&trace, flow, step, None);
        Some(FailingCase { about: Some(about), again: Again::Load, ..case })
    }
}

/// Differences and broken invariants, as they are told.
pub(super) struct Book {
    secrets: Secrets,
    acceptances: Acceptances,
    cases: Cases,
    rehearsal: Option<Rehearsal>,
    differences: Vec<Difference>,
    invariants: Vec<Invariant>,
    breaking: u64,
    accepted: u64,
}

impl Book {
    pub(super) fn new(secrets: Secrets, plan: &Plan, rehearsal: Option<Rehearsal>) -> Self {
        let accepted: Option<&Accepted> = plan.accepted.as_ref();
        Self {
            secrets,
            acceptances: Acceptances::new(accepted),
            cases: Cases::default(),
            rehearsal,
            differences: Vec::new(),
            invariants: Vec::new(),
            breaking: 0,
            accepted: 0,
        }
    }

    /// Whether a difference is breaking and nobody accepts it.
    pub(super) fn is_open(
        &self,
        (flow, step): (&str, &str),
        (class, kind, place): (Class, Kind, &str),
        sides: Pair<Option<String>>,
    ) -> bool {
        let values = || {
            let Pair { baseline, candidate } =
                sides.map(|_, value| value.map(|value| self.secrets.mask(place, &value)));
            (baseline, candidate)
        };
        let values = values();
        let about = self.acceptances.about(flow, step, (class, kind, place), || values.clone());
        class == Class::Breaking && about.is_none_or(|(_, acceptance)| acceptance.expired)
    }

    pub(super) fn status(&mut self, step: &StepFacts, other: statuses::OtherStatus) {
        let sides = Pair { baseline: Some(other.baseline), candidate: Some(other.candidate) };
        let class = if other.chance.is_some() { Class::Representation } else { Class::Breaking };
        self.tell(step, (class, Kind::Status, "status"), sides, other.count, other.first);
        if let (Some(chance), Some(told)) = (other.chance, self.differences.last_mut()) {
            told.note = Some(format!(
                "what is as rare on both sides is on this one only with a probability of {:.0} %; a longer load would tell",
                100.0 * chance
            ));
        }
    }

    pub(super) fn place(&mut self, step: &StepFacts, found: places::Found) {
        let places::Found { difference, count, is_certain, first } = found;
        let class = if is_certain { difference.class } else { Class::Volatile };
        let is_told = |told: &Difference| told.kind == Kind::Status && difference.kind == Kind::Status;
        if !self.of(step).any(is_told) {
            let sides = Pair { baseline: difference.baseline, candidate: difference.candidate };
            self.tell(step, (class, difference.kind, &difference.place), sides, u64::from(count), first);
        }
    }

    /// What was found value by value already is not told again.
    pub(super) fn form(&mut self, step: &StepFacts, form: shape::OtherForm) {
        let place = without_indices(&form.place);
        let is_told = |told: &Difference| told.class != Class::Volatile && without_indices(&told.place) == place;
        if !self.of(step).any(is_told) {
            let sides = Pair { baseline: form.baseline, candidate: form.candidate };
            self.tell(step, (form.class, form.kind, &form.place), sides, u64::from(form.count), form.first);
        }
    }

    pub(super) fn invariant(&mut self, invariant: Invariant, first: Option<Arrival>) {
        let mut invariant = invariant;
        if invariant.outcome == Held::Broken {
            let Invariant { flow, step, place, broken, .. } = &invariant;
            let about = (Class::Breaking, Kind::Invariant, place.as_str());
            let found = self.acceptances.find(flow, step, about, || (None, None));
            let (flow, step, broken) = (flow.clone(), step.clone(), *broken);
            invariant.remedy = Some(acceptance_remedy(&flow, &step, &found_at(about)));
            invariant.accepted = found.map(|(_, acceptance)| acceptance);
            invariant.case = self.case(Class::Breaking, (&flow, &step), broken, first);
            self.count(Class::Breaking, invariant.is_accepted());
        }
        self.invariants.push(invariant);
    }

    /// Puts everything into the evidence.
    pub(super) fn finish(self, evidence: &mut LoadParity) {
        let is_asked = |flow: &str, step: &str| {
            evidence.steps.iter().any(|known| known.flow == flow && known.step == step && known.compared > 0)
        };
        evidence.acceptances = self.acceptances.uses(is_asked);
        evidence.differences = self.differences;
        evidence.invariants = self.invariants;
        (evidence.breaking, evidence.accepted) = (self.breaking, self.accepted);
        (evidence.reproduction.cases, evidence.reproduction.left_out) = self.cases.into_parts();
        if let Some(rehearsal) = self.rehearsal {
            rehearsal.reproducer.finish(&mut evidence.reproduction);
        }
    }

    fn of(&self, step: &StepFacts) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(move |told| told.flow == step.flow && told.step == step.name)
    }

    fn tell(
        &mut self,
        step: &StepFacts,
        (class, kind, place): (Class, Kind, &str),
        sides: Pair<Option<String>>,
        count: u64,
        first: Option<Arrival>,
    ) {
        let Pair { baseline, candidate } = sides.map(|_, value| value.map(|value| self.secrets.mask(place, &value)));
        let values = || (baseline.clone(), candidate.clone());
        let accepted = self.acceptances.find(&step.flow, &step.name, (class, kind, place), values);
        let is_open = class != Class::Volatile;
        let mut difference = Difference {
            class,
            kind,
            flow: step.flow.clone(),
            step: step.name.clone(),
            place: place.to_owned(),
            baseline,
            candidate,
            count,
            rule: None,
            note: None,
            examples: Vec::new(),
            accepted: accepted.map(|(_, acceptance)| acceptance),
            // No rule is asked about what was only learned.
            remedy: is_open.then(|| acceptance_remedy(&step.flow, &step.name, &found_at((class, kind, place)))),
            case: None,
        };
        if is_open {
            difference.case = self.case(class, (&step.flow, &step.name), count, first);
        }
        self.count(class, difference.is_accepted());
        self.differences.push(difference);
    }

    fn case(&mut self, class: Class, (flow, step): (&str, &str), count: u64, first: Option<Arrival>) -> Option<usize> {
        let case = self.rehearsal.as_mut()?.case(flow, step, first?, count)?;
        self.cases.keep(case, class)
    }

    const fn count(&mut self, class: Class, is_accepted: bool) {
        if is_accepted {
            self.accepted += 1;
        } else if matches!(class, Class::Breaking) {
            self.breaking += 1;
        }
    }
}

fn found_at((class, kind, place): (Class, Kind, &str)) -> compare::Difference {
    compare::Difference {
        class,
        kind,
        place: place.to_owned(),
        baseline: None,
        candidate: None,
        rule: None,
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Accepted, Expect};
    use crate::record::load_parity::{Mode, StepLoadParity};

    const PLAN: &str = "version: 1\nname: small\nsides: { baseline: { url: 'http://a' }, candidate: { url: 'http://b' } }\n\
        flows: [ { name: f, steps: [ { request: POST /claim, name: s } ] } ]\n";
    const ACCEPTED: &str = "version: 1\naccepted:\n\
        - { flow: f, step: s, where: $.id, kind: invariant, reason: known }\n\
        - { flow: f, step: s, where: $.other, kind: invariant, reason: gone }\n";

    fn step() -> StepFacts {
        StepFacts {
            flow: "f".to_owned(),
            name: "s".to_owned(),
            method: "POST".to_owned(),
            fixed_target: None,
            changes: true,
            expect: Expect::default(),
            order: None,
            page_size: None,
        }
    }

    fn broken() -> Invariant {
        Invariant {
            kind: "handed_out_once".to_owned(),
            flow: "f".to_owned(),
            step: "s".to_owned(),
            place: "$.id".to_owned(),
            rule: String::new(),
            outcome: Held::Broken,
            observed: Pair { baseline: 9, candidate: 9 },
            broken: 1,
            baseline: None,
            candidate: None,
            accepted: None,
            remedy: None,
            case: None,
        }
    }

    #[test]
    fn what_is_accepted_under_load_does_not_count_and_an_entry_about_nothing_is_known_for_it() {
        let mut plan = crate::plan::parse("plan.yaml", PLAN).unwrap_or_else(|told| panic!("{told}"));
        plan.accepted = Some(Accepted::parse("accepted.yaml", ACCEPTED).unwrap_or_else(|told| panic!("{told}")));
        let mut book = Book::new(Secrets::new([]), &plan, None);
        book.invariant(broken(), None);
        let other = statuses::OtherStatus {
            baseline: "403 (6×)".to_owned(),
            candidate: "201 (1×)".to_owned(),
            count: 1,
            chance: None,
            first: None,
        };
        book.status(&step(), other);
        let compared = StepLoadParity {
            flow: "f".to_owned(),
            step: "s".to_owned(),
            mode: Mode::Shape,
            compared: 12,
            lessons: 0,
            varying: Vec::new(),
        };
        let mut evidence = LoadParity { steps: vec![compared], ..LoadParity::default() };
        book.finish(&mut evidence);
        assert_eq!((evidence.breaking, evidence.accepted, evidence.broken().count()), (1, 1, 0));
        let uses: Vec<_> = evidence.acceptances.iter().map(|entry| (entry.matched, entry.asked)).collect();
        assert_eq!(uses, [(1, true), (0, true)]);
        // What is proposed is an entry about the place, without figures that no other run would have.
        let remedy = evidence.differences[0].remedy.as_ref().map(|remedy| remedy.yaml.clone()).unwrap_or_default();
        assert!(Accepted::parse("f", &format!("version: 1\n{remedy}\n")).is_ok() && !remedy.contains('×'), "{remedy}");
    }
}
