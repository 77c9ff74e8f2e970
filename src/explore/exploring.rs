//! One sequence after the other: made, sent, counted, learnt from, followed up.

use http::header::ETAG;

use super::call::Call;
use super::generate::Generator;
use super::runner::Answered;
use super::{ExploreError, Exploring, Key, Renew};
use crate::record::parity::Class;
use crate::role::Pair;
use crate::schedule;

/// Most findings; what differs everywhere need not be found everywhere.
const MOST_FINDINGS: usize = 50;

impl<R: Renew> Exploring<'_, R> {
    pub(super) fn in_words(&self) -> String {
        match self.told.findings.len() {
            0 => "nothing differs yet".to_owned(),
            1 => "1 finding".to_owned(),
            findings => format!("{findings} findings"),
        }
    }

    /// Makes a sequence, sends it, and follows up what differs.
    pub(super) async fn sequence(&mut self) -> Result<(), ExploreError> {
        let mut generator = Generator {
            operations: &self.operations,
            contract: self.contract,
            seen: &self.seen,
            random: schedule::generator(self.told.seed, "explore", self.told.sequences),
            fresh: 0,
        };
        let calls = generator.sequence();
        self.told.sequences += 1;
        let answered = self.runner.attempt(&calls).await;
        for (call, answer) in calls.iter().zip(&answered) {
            self.tell(call, answer);
        }
        for (at, answer) in answered.iter().enumerate() {
            answer.count(&mut self.tally, &self.operations[calls[at].operation].name);
            for key in Self::keys(calls[at].operation, answer) {
                if self.told.findings.len() < MOST_FINDINGS && self.known.insert(key.clone()) {
                    self.finding(&key, &calls[..=at], &answered[..=at]).await?;
                }
            }
        }
        Ok(())
    }

    /// Counts an answer and learns from it.
    fn tell(&mut self, call: &Call, answer: &Answered) {
        self.told.requests += 1;
        let told = &mut self.told.operations[call.operation];
        told.requests += 1;
        if answer.is_unanswered() {
            self.told.unanswered += 1;
            self.unanswered_in_a_row += 1;
        } else {
            self.unanswered_in_a_row = 0;
        }
        if let Some(baseline) = &answer.responses.baseline {
            *told.statuses.entry(baseline.status).or_default() += 1;
        }
        if let Pair { baseline: Some(baseline), candidate: Some(candidate) } = &answer.responses {
            self.seen.learn(&self.operations[call.operation].resource, &baseline.body, &candidate.body);
            let tags = (baseline.headers.get(ETAG), candidate.headers.get(ETAG));
            if let (Some(tag), Some(other)) = tags
                && let (true, Ok(tag)) = (tag == other, tag.to_str())
            {
                self.seen.learn_text("etag", tag);
            }
        }
    }

    /// What differs in an answer, as keys, what matters most first; volatile differences are none.
    pub(super) fn keys(operation: usize, answer: &Answered) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for (class, kind, place) in answer.differences() {
            let key = Key { operation, class, kind, place };
            if class != Class::Volatile && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.sort_by_key(|key| key.class);
        keys
    }
}
