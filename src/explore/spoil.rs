//! Makes a sound call wrong, in one way.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::call::{Argument, Call, Caller, Payload};
use super::text::Json;
use crate::contract::encoded;

/// Values of a body that are seldom what a service waits for.
const HARD: [&str; 20] = [
    "null",
    "true",
    "-1",
    "0",
    "-0",
    "1.0",
    "1e0",
    "1.5",
    "9007199254740993",
    "18446744073709551616",
    "1e999",
    "\"\"",
    "\"abc\"",
    "\"1\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"2024-02-30T25:00:00Z\"",
    "[]",
    "{}",
    "[[[[[[[[]]]]]]]]",
];

/// The same for parameters.
const HARD_TEXTS: [&str; 16] = [
    "",
    "abc",
    "-1",
    "0",
    "00",
    "1e3",
    "1.0",
    " 1",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999",
    "1,2",
    "null",
    "true",
    "\u{0}",
    "é👩‍🔬",
];

/// Changes one thing.
pub(super) fn spoil(call: &mut Call, random: &mut Xoshiro256PlusPlus) {
    match random.random_range(0..10) {
        0 => call.caller = if random.random_bool(0.5) { Caller::Nobody } else { Caller::Forged },
        1 => spoil_form(call, random),
        2..6 if matches!(call.body, Payload::Json(_)) => spoil_body(call, random),
        _ => spoil_parameter(call, random),
    }
}

/// What is around the content: media types, unknown parameters, a body that breaks off.
fn spoil_form(call: &mut Call, random: &mut Xoshiro256PlusPlus) {
    let sound = match &call.body {
        Payload::Json(json) => Some(json.write("form")),
        Payload::Nothing => None,
    };
    match (random.random_range(0..6), sound) {
        (0, Some(_)) => call.headers.push(("content-type".to_owned(), Argument::Text("text/plain".to_owned()))),
        (1, Some(text)) => {
            let end = text.char_indices().nth(random.random_range(0..text.chars().count().max(1)));
            call.body = Payload::Json(Json::Raw(text[..end.map_or(0, |(at, _)| at)].to_owned()));
        }
        (2, Some(text)) => call.body = Payload::Json(Json::Raw(format!("{text}{text}"))),
        (3, Some(_)) => call.body = Payload::Nothing,
        (4, _) => call.headers.push(("accept".to_owned(), Argument::Text("image/png".to_owned()))),
        (_, _) => call.query.push(("no_such_parameter".to_owned(), Argument::Text("1".to_owned()))),
    }
}

fn spoil_body(call: &mut Call, random: &mut Xoshiro256PlusPlus) {
    let Payload::Json(json) = &mut call.body else { return };
    match random.random_range(0..5) {
        0 => {
            let mut smaller = json.smaller();
            if !smaller.is_empty() {
                *json = smaller.swap_remove(random.random_range(0..smaller.len()));
            }
        }
        1 => {
            if let Json::Object(members) = json {
                members.push(("no_such_member".to_owned(), Json::Raw("1".to_owned())));
            }
        }
        2 => {
            if let Json::Object(members) = json
                && let Some((name, _)) = members.first().cloned()
            {
                members.push((name, hard(random)));
            }
        }
        _ => {
            let at = random.random_range(0..json.pieces());
            if let Some(piece) = json.piece(at) {
                *piece = if random.random_bool(0.1) { Json::string(&"x".repeat(10_000)) } else { hard(random) };
            }
        }
    }
}

fn hard(random: &mut Xoshiro256PlusPlus) -> Json {
    Json::Raw(HARD[random.random_range(0..HARD.len())].to_owned())
}

fn spoil_parameter(call: &mut Call, random: &mut Xoshiro256PlusPlus) {
    let text = HARD_TEXTS[random.random_range(0..HARD_TEXTS.len())].to_owned();
    let in_path: Vec<usize> = (0..call.path.len()).filter(|at| at % 2 == 1).collect();
    let places = in_path.len() + call.query.len();
    if places == 0 {
        call.query.push(("no_such_parameter".to_owned(), Argument::Text(text)));
        return;
    }
    let chosen = random.random_range(0..places);
    if let Some(at) = in_path.get(chosen) {
        call.path[*at] = Argument::Text(encoded(&text));
        return;
    }
    let at = chosen - in_path.len();
    if random.random_bool(0.2) {
        let twice = (call.query[at].0.clone(), Argument::Text(text));
        call.query.push(twice);
    } else {
        call.query[at].1 = Argument::Text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::generator;

    #[test]
    fn one_thing_changes_and_what_is_left_can_be_sent() {
        let call = Call {
            operation: 0,
            method: "PUT".to_owned(),
            path: vec![Argument::Text("/students/".to_owned()), Argument::Text("1".to_owned())],
            query: vec![("page".to_owned(), Argument::Text("1".to_owned()))],
            headers: Vec::new(),
            body: Payload::Json(Json::Object(vec![
                ("name".to_owned(), Json::string("Ada 👩‍🔬")),
                ("credits".to_owned(), Json::Raw("12".to_owned())),
            ])),
            caller: Caller::Plan,
        };
        let mut unchanged = 0;
        for number in 0..2_000 {
            let mut spoiled = call.clone();
            spoil(&mut spoiled, &mut generator(5, "spoil", number));
            unchanged += u32::from(spoiled == call);
            assert_eq!(spoiled.method, "PUT");
        }
        // Now and then what is put in is what was there.
        assert!(unchanged < 20, "{unchanged}");
    }
}
