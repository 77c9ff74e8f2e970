use super::*;
use crate::explore::targets::of_contract;
use crate::schedule::generator;

const CONTRACT: &str = r#"{ "openapi": "3.1.0", "info": { "title": "Things", "version": "1" }, "paths": {
    "/things/{number}": { "put": {
        "parameters": [
            { "name": "number", "in": "path", "required": true, "schema": { "type": "integer" } },
            { "name": "If-Match", "in": "header", "schema": { "type": "string" } } ],
        "requestBody": { "content": { "application/json": { "schema": { "type": "object", "required": ["n"],
            "properties": { "n": { "type": "integer", "minimum": 1, "maximum": 9 } } } } } },
        "responses": { "200": { "description": "" } } } } } }"#;

/// How many of a thousand calls have something.
fn count(seen: &Seen, has: impl Fn(&Call) -> bool) -> usize {
    let contract = crate::contract::read(CONTRACT.as_bytes()).expect("a contract");
    let operations = of_contract(&contract);
    let calls = (0..1_000).flat_map(|number| {
        let random = generator(7, "explore", number);
        Generator { operations: &operations, contract: &contract, seen, random, fresh: 0 }.sequence()
    });
    calls.filter(|call| has(call)).count()
}

#[test]
fn what_answers_had_is_asked_for_again() {
    let mut seen = Seen::default();
    seen.learn("/things", br#"{"id":710017}"#, br#"{"id":710017}"#);
    seen.learn_text("etag", "\"tag-710017\"");
    let is_known = |call: &Call| call.path.contains(&Argument::Text("710017".to_owned()));
    let has_tag = |call: &Call| {
        let tag = Argument::Text("\"tag-710017\"".to_owned());
        call.headers.iter().any(|(_, value)| *value == tag)
    };
    let (known, tagged) = (count(&seen, is_known), count(&seen, has_tag));
    assert!(known > 400 && tagged > 100, "{known} and {tagged}");
    let nothing = Seen::default();
    assert_eq!((count(&nothing, is_known), count(&nothing, has_tag)), (0, 0));
}

#[test]
fn some_calls_are_wrong_in_one_way_and_most_are_not() {
    let seen = Seen::default();
    let is_other = |call: &Call| !matches!(call.caller, Caller::Plan);
    let has_parameter = |call: &Call| call.query.iter().any(|(name, _)| name == "no_such_parameter");
    let has_no_body = |call: &Call| matches!(call.body, Payload::Nothing);
    for (what, wrong) in [
        ("another caller", count(&seen, is_other)),
        ("an unknown parameter", count(&seen, has_parameter)),
        ("no body", count(&seen, has_no_body)),
    ] {
        assert!((3..300).contains(&wrong), "{what}: {wrong}");
    }
}
