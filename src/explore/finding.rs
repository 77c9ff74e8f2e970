//! From a difference to the shortest sequence that shows it.
//!
//! First on the data as they are, which costs nothing but requests. What was done before may have left the sides with
//! different data, so the result is tried once more from the data that the sides began with; if it does not show there,
//! the whole sequence is made smaller from there.

use super::call::Call;
use super::runner::{self, Answered};
use super::{ExploreError, Exploring, Key, Renew, shrink};
use crate::record::explore::{ExploreFinding, Origin};
use crate::step;

/// Most attempts to make one finding smaller on the data as they are.
const MOST_ATTEMPTS: u32 = 150;
/// Most attempts from the first data, each of which costs a start of both sides.
const MOST_FRESH_ATTEMPTS: u32 = 12;
/// Most starts of both sides over all findings.
const MOST_RENEWALS: u32 = 30;

/// A sequence that shows a difference, and what was answered.
struct Shown {
    calls: Vec<Call>,
    answers: Vec<Answered>,
}

impl<R: Renew> Exploring<'_, R> {
    /// Makes the sequence of a difference smaller for as long as it shows it. What else the shortest one shows is part
    /// of the same finding.
    pub(super) async fn finding(
        &mut self,
        key: &Key,
        found: &[Call],
        answers: &[Answered],
    ) -> Result<(), ExploreError> {
        self.under_way = Some(self.told_of(key, found, answers, (found.len(), Origin::Unfinished)));
        let repeated = match self.shows(found, key).await {
            None => None,
            Some(first) => Some(self.smallest(first, key).await),
        };
        let (shown, origin) = match repeated {
            Some(smallest) => self.on_first_data(found, smallest, key).await?,
            None => (Shown { calls: found.to_vec(), answers: answers.to_vec() }, Origin::Once),
        };
        self.known.extend(shown.answers.last().map(|answer| Self::keys(key.operation, answer)).unwrap_or_default());
        let finding = self.told_of(key, &shown.calls, &shown.answers, (found.len(), origin));
        self.told.findings.push(finding);
        self.under_way = None;
        Ok(())
    }

    /// A sequence that shows a difference, as it goes on record. `found_in`: how many calls it was found in.
    fn told_of(
        &mut self,
        key: &Key,
        calls: &[Call],
        answers: &[Answered],
        (found_in, origin): (usize, Origin),
    ) -> ExploreFinding {
        let mut finding = ExploreFinding {
            operation: self.operations[key.operation].name.clone(),
            differences: answers.last().map(Answered::explained).unwrap_or_default(),
            found_in: found_in as u64,
            origin,
            requests: self.shell.lines(calls, &self.runner.attempt_name()),
            calls: runner::explained(calls, answers),
        };
        self.mask(&mut finding);
        finding
    }

    /// Makes a sequence smaller on the data as they are.
    async fn smallest(&mut self, first: Shown, key: &Key) -> Shown {
        let (mut best, mut attempts) = (first, 0);
        'smaller: loop {
            for calls in shrink::smaller(&best.calls) {
                attempts += 1;
                if attempts > MOST_ATTEMPTS {
                    return best;
                }
                if let Some(shown) = self.shows(&calls, key).await {
                    best = shown;
                    continue 'smaller;
                }
            }
            return best;
        }
    }

    /// Tries a sequence from the data that the sides began with, and if it does not show the difference there, makes the
    /// one in which it was found smaller from there.
    async fn on_first_data(
        &mut self,
        found: &[Call],
        smallest: Shown,
        key: &Key,
    ) -> Result<(Shown, Origin), ExploreError> {
        if !self.renew().await? {
            return Ok((smallest, Origin::Unknown));
        }
        if let Some(shown) = self.shows(&smallest.calls, key).await {
            return Ok((shown, Origin::Start));
        }
        if found == smallest.calls || !self.renew().await? {
            return Ok((smallest, Origin::Earlier));
        }
        let Some(mut best) = self.shows(found, key).await else { return Ok((smallest, Origin::Earlier)) };
        let mut attempts = 0;
        'smaller: loop {
            for calls in shrink::smaller(&best.calls) {
                attempts += 1;
                if attempts > MOST_FRESH_ATTEMPTS || !self.renew().await? {
                    return Ok((best, Origin::Start));
                }
                if let Some(shown) = self.shows(&calls, key).await {
                    best = shown;
                    continue 'smaller;
                }
            }
            return Ok((best, Origin::Start));
        }
    }

    /// Gives both sides the data that they began with. `false`: not to be had, or not any more.
    async fn renew(&mut self) -> Result<bool, ExploreError> {
        if self.renewals >= MOST_RENEWALS {
            return Ok(false);
        }
        self.renewals += 1;
        let Some(origins) = self.twins.renew().await.map_err(ExploreError::Renew)? else {
            self.renewals = MOST_RENEWALS;
            return Ok(false);
        };
        let logins = super::logins(self.plan, &origins).await?;
        self.secrets.add(step::secrets(self.plan, &logins));
        self.tally.keep_secret(self.secrets.clone());
        self.runner.turn_to(&origins, logins);
        Ok(true)
    }

    /// Sends a sequence again; what was answered if the last answers show the difference.
    async fn shows(&mut self, calls: &[Call], key: &Key) -> Option<Shown> {
        self.told.extra_requests += calls.len() as u64;
        let answers = self.runner.attempt(calls).await;
        let shows = answers.last().is_some_and(|last| Self::keys(key.operation, last).contains(key));
        shows.then(|| Shown { calls: calls.to_vec(), answers })
    }

    /// No secret gets into the evidence.
    fn mask(&self, finding: &mut ExploreFinding) {
        let mask = |place: &str, value: &mut Option<String>| {
            *value = value.as_ref().map(|value| self.secrets.mask(place, value));
        };
        for difference in &mut finding.differences {
            mask(&difference.place, &mut difference.baseline);
            mask(&difference.place, &mut difference.candidate);
        }
        for call in &mut finding.calls {
            mask("body", &mut call.body);
        }
    }
}
