//! What one iteration of a flow knows: its captured values, and what it draws.

use rand::RngExt;

use crate::compare::json;
use crate::schedule;

/// One value kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The text that goes into a URL, a header or a string.
    pub text: String,
    /// The text that goes into a JSON document in place of a whole value.
    pub json: String,
}

impl Captured {
    /// A value that is text.
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), json: serde_json::Value::from(text).to_string() }
    }

    /// A value from a JSON document; a string gives its content, anything else its source text.
    pub fn from_json(value: json::Value<'_>) -> Self {
        Self { text: value.scalar_text().text.into_owned(), json: String::from_utf8_lossy(value.raw()).into_owned() }
    }
}

/// One iteration of a flow on one side.
#[derive(Debug, Clone)]
pub struct Session {
    variables: Vec<Option<Captured>>,
    phase: char,
    /// What `{{unique}}` is made of.
    number: u64,
    seed: u64,
    /// What is drawn follows from it.
    iteration: u64,
    draws: u64,
}

impl Session {
    /// A session of iteration number `iteration`, beginning with the variables of the login. `phase` keeps numbers of
    /// the replay and of the load phase apart. Both sides' sessions of one iteration draw the same values.
    pub fn new(seed: u64, phase: char, iteration: u64, login: &[Option<Captured>], variables: usize) -> Self {
        let mut all = login.to_vec();
        all.resize(variables.max(login.len()), None);
        Self { variables: all, phase, number: iteration, seed, iteration, draws: 0 }
    }

    /// Begins iteration number `iteration` in place of this one, as [`Session::new`] would with the same seed and phase, but
    /// drawing the values that iteration number `drawing_as` draws.
    pub fn begin_again(&mut self, iteration: u64, drawing_as: u64, login: &[Option<Captured>]) {
        self.variables.resize(self.variables.len().max(login.len()), None);
        for (index, slot) in self.variables.iter_mut().enumerate() {
            let value = login.get(index).and_then(Option::as_ref);
            // The token is the same most of the time, and copied only when it is not.
            if slot.as_ref() != value {
                *slot = value.cloned();
            }
        }
        (self.number, self.iteration, self.draws) = (iteration, drawing_as, 0);
    }

    /// Keeps a value.
    pub fn set(&mut self, variable: usize, value: Captured) {
        if let Some(slot) = self.variables.get_mut(variable) {
            *slot = Some(value);
        }
    }

    /// A value that was kept.
    pub fn get(&self, variable: usize) -> Option<&Captured> {
        self.variables.get(variable).and_then(Option::as_ref)
    }

    /// All values, to begin other sessions with.
    pub fn into_variables(self) -> Vec<Option<Captured>> {
        self.variables
    }

    /// Text that no other iteration of the run has.
    pub fn unique(&self) -> String {
        unique_text(self.seed, self.phase, self.number)
    }

    /// The next number drawn, both ends included.
    pub fn draw(&mut self, low: u64, high: u64) -> u64 {
        self.draws += 1;
        let purpose = (self.iteration << 16) ^ self.draws;
        schedule::generator(self.seed, "value", purpose).random_range(low..=high)
    }
}

/// What `{{unique}}` stands for in an iteration. Lower-case letters and digits: six for the run, one for the phase, the rest for the iteration.
pub fn unique_text(seed: u64, phase: char, iteration: u64) -> String {
    let run = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 34;
    let mut text = base36(run);
    text.push(phase);
    text.push_str(&base36(iteration));
    text
}

fn base36(mut number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn unique_text_is_the_same_on_both_sides_and_different_for_each_iteration() {
        let texts: HashSet<String> = (0..1_000).map(|n| Session::new(5, 'l', n, &[], 0).unique()).collect();
        assert_eq!(texts.len(), 1_000);
        assert_eq!(Session::new(5, 'l', 7, &[], 0).unique(), Session::new(5, 'l', 7, &[], 0).unique());
        assert_ne!(Session::new(5, 'l', 7, &[], 0).unique(), Session::new(5, 'p', 7, &[], 0).unique());
        assert_ne!(Session::new(5, 'l', 7, &[], 0).unique(), Session::new(6, 'l', 7, &[], 0).unique());
    }

    #[test]
    fn a_session_that_begins_again_is_a_new_one_and_draws_as_it_is_told() {
        let login = [Some(Captured::text("token"))];
        let mut session = Session::new(5, 'l', 1, &[], 2);
        session.set(1, Captured::text("of the iteration before"));
        session.draw(0, 9);
        session.begin_again(7, 3, &login);
        let (mut as_seven, mut as_three) = (Session::new(5, 'l', 7, &login, 2), Session::new(5, 'l', 3, &login, 2));
        assert_eq!(session.unique(), as_seven.unique());
        assert_eq!((session.get(0), session.get(1)), (as_seven.get(0), None));
        let drawn = |session: &mut Session| (0..9).map(|_| session.draw(0, u64::MAX)).collect::<Vec<_>>();
        let (again, three, seven) = (drawn(&mut session), drawn(&mut as_three), drawn(&mut as_seven));
        assert!(again == three && again != seven);
    }

    #[test]
    fn draws_are_in_range_and_the_same_on_both_sides() {
        let draws = |iteration| {
            let mut session = Session::new(5, 'l', iteration, &[], 0);
            (0..100).map(|_| session.draw(3, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        assert!(draws(1).iter().all(|n| (3..=9).contains(n)));
    }
}
