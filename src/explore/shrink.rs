//! Smaller sequences that may still differ. Pure: what is tried, not whether it holds.

use super::call::{Argument, Call, Caller, Payload};

/// An id that most likely nothing has; with it instead of another's answer, that other call may go.
const NOBODY: &str = "999999999";

/// Everything that is this sequence made smaller in one way, the boldest cuts first. The last call stays the last, for it
/// is the one whose answers differ.
pub(super) fn smaller(calls: &[Call]) -> Vec<Vec<Call>> {
    let mut all = Vec::new();
    let last = calls.len().saturating_sub(1);
    if calls.len() > 2 {
        all.extend(without(calls, 0..last));
    }
    for at in (0..last).rev() {
        all.extend(without(calls, at..at + 1));
    }
    for at in (0..calls.len()).rev() {
        all.extend(simpler(&calls[at]).into_iter().map(|call| {
            let mut changed = calls.to_vec();
            changed[at] = call;
            changed
        }));
    }
    all
}

/// The sequence without some of its calls; `None` if another call needs what they answered.
fn without(calls: &[Call], dropped: std::ops::Range<usize>) -> Option<Vec<Call>> {
    let mut rest: Vec<Call> =
        calls.iter().enumerate().filter(|(at, _)| !dropped.contains(at)).map(|(_, call)| call.clone()).collect();
    for argument in rest.iter_mut().flat_map(Call::arguments) {
        if let Argument::IdOf(call) = argument {
            if dropped.contains(call) {
                return None;
            }
            if *call >= dropped.end {
                *call -= dropped.len();
            }
        }
    }
    Some(rest)
}

/// A call with one thing less.
fn simpler(call: &Call) -> Vec<Call> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Call)| {
        let mut changed = call.clone();
        change(&mut changed);
        all.push(changed);
    };
    for at in 0..call.query.len() {
        add(&|call| drop(call.query.remove(at)));
    }
    for at in 0..call.headers.len() {
        add(&|call| drop(call.headers.remove(at)));
    }
    for at in 0..call.path.len() {
        if matches!(call.path[at], Argument::IdOf(_)) {
            add(&|call| call.path[at] = Argument::Text(NOBODY.to_owned()));
        }
    }
    if call.caller != Caller::Plan {
        add(&|call| call.caller = Caller::Plan);
    }
    if call.body != Payload::Nothing {
        add(&|call| call.body = Payload::Nothing);
    }
    if let Payload::Json(json) = &call.body {
        for smaller in json.smaller() {
            add(&|call| call.body = Payload::Json(smaller.clone()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::text::Json;

    fn call(path: &str, id_of: Option<usize>) -> Call {
        let mut path = vec![Argument::Text(path.to_owned())];
        path.extend(id_of.map(Argument::IdOf));
        Call {
            operation: 0,
            method: "GET".to_owned(),
            path,
            query: vec![("page".to_owned(), Argument::Text("1".to_owned()))],
            headers: Vec::new(),
            body: Payload::Json(Json::Object(vec![("a".to_owned(), Json::string("b"))])),
            caller: Caller::Nobody,
        }
    }

    #[test]
    fn a_call_whose_answer_is_needed_stays_and_references_follow_their_call() {
        let calls = [call("/a", None), call("/b", None), call("/b/", Some(1))];
        assert_eq!(without(&calls, 1..2), None);
        let rest = without(&calls, 0..1).unwrap();
        assert_eq!(rest[1].path[1], Argument::IdOf(0));
    }

    #[test]
    fn everything_smaller_is_smaller_and_ends_in_the_same_call() {
        fn size(calls: &[Call]) -> usize {
            calls
                .iter()
                .map(|call| {
                    let body = match &call.body {
                        Payload::Json(json) => json.pieces(),
                        Payload::Nothing => 0,
                    };
                    let ids = call.path.iter().filter(|piece| matches!(piece, Argument::IdOf(_))).count();
                    10 + ids + call.query.len() + call.headers.len() + body + usize::from(call.caller != Caller::Plan)
                })
                .sum()
        }
        let calls = [call("/a", None), call("/b", None), call("/c/", Some(1))];
        let smaller = smaller(&calls);
        assert!(smaller.len() > 8);
        for sequence in &smaller {
            assert!(size(sequence) < size(&calls), "{sequence:?}");
            assert_eq!(sequence.last().unwrap().path[0], calls[2].path[0]);
        }
    }
}
