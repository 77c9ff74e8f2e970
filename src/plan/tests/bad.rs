use super::*;

/// Each problem as `line:column message / hint`.
fn problems(text: &str) -> Vec<String> {
    let Err(found) = parse(text) else { return Vec::new() };
    found
        .iter()
        .map(|one| {
            let place = one.place.as_ref().map_or(String::new(), |place| format!("{}:{} ", place.line, place.column));
            let hint = one.hint.as_ref().map_or(String::new(), |hint| format!(" / {hint}"));
            format!("{place}{}{hint}", one.message)
        })
        .collect()
}

pub(super) fn assert_problem(text: &str, part: &str) {
    let found = problems(text);
    assert!(found.len() == 1 && found[0].contains(part), "expected one problem with `{part}` in\n{text}\n{found:#?}");
}

#[test]
fn all_problems_of_a_plan_are_told_at_once() {
    let text = include_str!("../../../tests/fixtures/plans/wrong.yaml");
    let expected = include_str!("../../../tests/fixtures/plans/wrong.expected");
    let shown = parse(text).unwrap_err().to_string();
    assert_eq!(shown, expected);
}

#[test]
fn wrong_rates_stages_and_pauses_are_told_by_what_is_wrong() {
    for (lines, part) in [
        ("load: { rate: 0 }", "`0` must be above 0"),
        ("load: { rate: 1000000000/s }", "must be above 0 and at most 1000000/s"),
        ("load: { rate: 1e9 }", "is not a rate"),
        (
            "load: { rate: 900000/s, block: 1h }",
            "3\u{2009}240\u{2009}000\u{2009}000 arrivals, and 1\u{2009}000\u{2009}000 are the most that are kept in memory / make `block` shorter",
        ),
        (
            "load: { rate: 5/s, block: 1h, burst: { size: 100000, every: 100ms } }",
            "arrivals, and 1\u{2009}000\u{2009}000 are",
        ),
        (
            "load: { rate: 5/s, block: 1h, stages: [ { duration: 2s, target: 5/s } ] }",
            "as long as they are / remove it",
        ),
        ("load: { stages: [] }", "must take some time"),
        ("load: { stages: [ { duration: 0s, target: 5 } ] }", "must take some time"),
        ("load: { stages: [ { duration: 2h, target: 5 } ] }", "a duration from 0s to 3600s"),
        ("load: { stages: [ { duration: 1h, target: 5 }, { duration: 1s, target: 5 } ] }", "at most 3600s together"),
        ("load: { stages: [ { duration: 2s, target: 0 } ] }", "needs a target above 0"),
        ("load: { stages: [ { duration: 2s, target: -5 } ] }", "is not a rate"),
        ("load: { stages: [ { duration: 2s, target: .nan } ] }", "is not a rate"),
        ("load: { stages: [ { duration: 2s } ] }", "key `target` is missing"),
        ("load: { stages: [ { duration: 2s, target: 5, targt: 5 } ] }", "did you mean `target`?"),
        ("load: { stages: [ { duration: 2s, target: 0.2 } ] }", "nothing may arrive"),
        ("load: { model: closed, stages: [ { duration: 2s, target: 5/s } ] }", "a whole number from 0 to 100000"),
        ("load: { settle: 3s, stages: [ { duration: 2s, target: 5 } ] }", "is over before it has settled"),
        ("flows: [ { name: a, think: 1, steps: [ { request: GET /a } ] } ]", "has no unit"),
        ("flows: [ { name: a, think: 2s..1s, steps: [ { request: GET /a } ] } ]", "ends before it begins"),
        ("flows: [ { name: a, think: 1h, steps: [ { request: GET /a } ] } ]", "a pause is at most 600s"),
        ("flows: [ { name: a, steps: [ { request: GET /a, think: soon } ] } ]", "such as `think: 1s`"),
        (
            "flows: [ { name: a, think: 5s, steps: [ { request: GET /a }, { request: GET /b } ] } ]",
            "pauses for 5s between its steps, and a block takes 5s",
        ),
        (
            "auth: { login: { request: POST /l, think: 1s, capture: { t: $.t } }, header: \"A: {{t}}\" }",
            "only steps of flows have a `think`",
        ),
    ] {
        assert_problem(&plan_with(lines), part);
    }
}

#[test]
fn wrong_lines_are_told_by_what_is_wrong() {
    for (lines, part) in [
        (
            "flows: [ { name: a, steps: [ { request: GET /a, capture: { x: \"header a matching b\" } } ] } ]",
            "has no group",
        ),
        (
            "flows: [ { name: a, steps: [ { request: GET /a, capture: { x: \"header a matching (\" } } ] } ]",
            "`(` is no regular",
        ),
        ("lod: {}", "unknown key `lod` / did you mean `load`?"),
        ("name: again", "5:1 key `name` is there twice / it stands in line 2 already"),
        ("flows: {}", "expected a list, found a mapping"),
        ("flows: []", "at least one flow"),
        ("flows: [ { name: a, steps: [] } ]", "at least one step"),
        ("flows: [ { name: a/b, steps: [ { request: GET /a } ] } ]", "cannot have a `/`"),
        ("timeout: 10", "has no unit, write `10s`"),
        ("timeout: 0s", "a duration from 1ms to 600s"),
        ("seed: -1", "a whole number from 0, found `-1`"),
        ("seed: \"7\"", "a whole number from 0, found `7`"),
        ("database: { provider: sqlite, latency: 3ms }", "has no latency"),
        ("database: { provider: \"mysql://me:secret@h/d\" }", "only `postgres://` URLs"),
        ("database: { setup: [migrate, \"{{port}}\"] }", "unknown variable `{{port}}` / known here: `database_url`"),
        ("database: { setup: migrate }", "expected a list"),
        ("auth: { header: Bearer }", "a name, a colon and a value"),
        ("auth: { header: \"A: {{token}}\" }", "nothing captures `token`"),
        ("auth: { login: { request: POST /t } }", "key `header` is missing"),
        ("contract: http://h/openapi.json", "cannot be a URL / name a file beside the plan"),
        ("contract: /open api", "is not a path"),
        ("contract: { except: [] }", "key `document` is missing"),
        ("contract: { document: a, except: [ { status: 503 } ] }", "key `reason` is missing"),
        ("contract: { document: a, except: [ { reason: x } ] }", "one of `status`, `parameter` is missing"),
        ("contract: { document: a, except: [ { status: 5, reason: x } ] }", "a whole number from 100 to 599"),
        ("contract: { document: a, except: [ { status: 503, operation: /a, reason: x } ] }", "`/a` is no operation"),
        ("gates: [ parity.coverage >= 90% ]", "the plan names no contract / say where its OpenAPI document is"),
        ("contract: a\ngates: [ parity.coverage >= 90 ]", "is a share"),
        ("contract: a\ngates: [ parity.coverage >= 90% for browse ]", "whole run"),
        ("faults: { inject: [database-stoped], probe: [ { request: GET /a } ] }", "did you mean `database-stopped`?"),
        ("faults: { inject: [client-gone], probe: [ { request: GET /a } ] }", "`client-gone` needs `lock: TABLE`"),
        ("faults: { inject: [stale-if-match], probe: [ { request: GET /a } ] }", "needs `stale_if_match: FLOW/STEP`"),
        ("faults: { inject: [database-slow] }", "key `probe` is missing"),
        ("faults: { inject: [database-slow], probe: [ { request: PUT /a } ] }", "one of the probes must be a `GET`"),
        (
            "faults: { inject: [database-slow], probe: [ { request: GET /a, capture: { b: $.b } } ] }",
            "`GET /a` captures a value",
        ),
        ("faults: { inject: [database-slow], probe: [ { request: GET /a } ], lock: \"a b\" }", "the name of a table"),
        (
            "faults: { inject: [unique-violation], probe: [ { request: GET /a } ], unique_violation: brows/GET /students }",
            "did you mean `browse/GET /students`?",
        ),
        ("load: { model: open }", "key `rate` is missing"),
        ("load: { model: closed }", "key `users` is missing"),
        ("load: { model: closed, users: 4, rate: 5/s }", "`rate` goes with the open model only"),
        ("load: { model: closed, users: 0 }", "from 1 to 100000, found `0`"),
        ("load: { rate: 5/s, users: 100001 }", "from 1 to 100000"),
        ("load: { model: closed, users: 4, burst: { size: 5, every: 1s } }", "`burst` goes with the open model only"),
        ("load: { rate: 5/s, burst: { size: 0, every: 1s } }", "from 1 to 100000, found `0`"),
        ("load: { rate: 5/s, burst: { size: 100001, every: 1s } }", "from 1 to 100000"),
        ("load: { rate: 5/s, burst: { size: 5, every: 0s } }", "a duration from 100ms to 3600s"),
        ("load: { rate: 5/s, burst: { size: 5 } }", "key `every` is missing"),
        ("load: { rate: 5/s, burst: 60 }", "expected a mapping"),
        ("load: { rate: .nan }", "is not a rate"),
        ("load: { rate: 9999999/s }", "must be above 0"),
        ("load: { rate: 5/s, pairs: 0 }", "from 1 to 10000"),
        ("load: { rate: 5/s, pairs: 8, max_pairs: 6 }", "`max_pairs` is less than `pairs`, which is 8"),
        ("load: { rate: 5/s, block: 1s }", "is over before it has settled"),
        ("load: { rate: 5/s, settle: 5s }", "is over before it has settled"),
        (
            "load: { rate: 0.1/s, block: 2s }",
            "nothing may arrive in the 1s of a block that count; they take at least 10s",
        ),
        ("gates: candidate.p95 < 1s", "expected a list"),
        ("gates: [ candidate.p95 < 1s for browse/GET /student ]", "did you mean `GET /students`?"),
        ("gates: [ candidate.eror_rate < 1% ]", "did you mean `candidate.error_rate`?"),
        ("x-ok: { anything: [1] }\ngatez: []", "6:1 unknown key `gatez`"),
        ("sides: { baseline: { url: \"http://a\" } }", "key `candidate` is missing"),
    ] {
        assert_problem(&plan_with(lines), part);
    }
}

#[test]
fn wrong_sides_are_told_by_what_is_wrong() {
    for (side, part) in [
        ("{ ready: /x }", "one of `bundled`, `url`, `command` is missing"),
        ("{ bundled: { stack: async }, url: \"http://a\" }", "only one of"),
        ("{ bundled: { stack: asink } }", "unknown stack `asink` / did you mean `async`?"),
        ("{ bundled: {} }", "key `stack` is missing"),
        ("{ bundled: async }", "expected a mapping, found a single value / its keys: stack, defects, args"),
        ("{ bundled: { stack: async, defects: [slowtail] } }", "did you mean `slow-tail`?"),
        ("{ bundled: { stack: async, defects: [slow-tail=] } }", "`slow-tail` takes a whole number from 1, not ``"),
        ("{ bundled: { stack: async, defects: [lost-header=2] } }", "`lost-header` takes no value"),
        ("{ bundled: { stack: async }, env: { A: b } }", "`env` goes with `command` only"),
        ("{ url: \"10.0.0.5:8000\" }", "begins with `http://`"),
        (
            "{ url: \"https://a:8000\" }",
            "`https` are not supported yet / give a port that speaks plain HTTP, or put a proxy",
        ),
        ("{ url: \"HTTPS://a\" }", "`https` are not supported yet"),
        ("{ url: \"http://me:secret@a\" }", "with a user name would show up in reports / send a header"),
        ("{ url: \"http://a/base\" }", "scheme, host and port only"),
        ("{ url: \"http://a\", ready: health }", "is not a path"),
        ("{ url: \"http://a\", ready_timeout: 0s }", "from 1ms"),
        ("{ url: \"http://a\", metrics: { path: /m, names: hikari } }", "did you mean `hikaricp`?"),
        ("{ command: run.sh }", "not told its port"),
        ("{ command: [run, --port, 80] }", "not told its port"),
        (
            "{ command: [run, \"{{prot}}\"], env: { PORT: \"{{port}}\" } }",
            "unknown variable `{{prot}}` / did you mean `port`?",
        ),
    ] {
        let other = "candidate: { bundled: { stack: async } }";
        let text = plan_with(&format!("sides: {{ baseline: {side}, {other} }}"));
        let found = problems(&text);
        assert!(found.iter().any(|one| one.contains(part)), "expected `{part}` for {side}: {found:#?}");
    }
}

#[test]
fn wrong_steps_are_told_by_what_is_wrong() {
    for (steps, part) in [
        ("{ name: a }", "key `request` is missing"),
        ("{ request: GET }", "a method and a target"),
        ("{ request: get /a }", "unknown method `get` / did you mean `GET`?"),
        ("{ request: GET students }", "`students` is not a target / a target begins with `/`"),
        ("{ request: \"GET http://h/a\" }", "write the path only"),
        ("{ request: GET /a b }", "percent-encoding"),
        ("{ request: GET /ä }", "percent-encoding"),
        ("{ request: \"GET /a#b\" }", "fragment"),
        ("{ request: GET /a, json: 1, body: x }", "either `json` or `body`"),
        ("{ request: GET /a, json: .inf }", "no number `.inf`"),
        ("{ request: GET /a, json: { a: {{id}} } }", "a key must be plain text / a `{{variable}}` needs quotes"),
        ("{ request: GET /a, json: !secret x }", "tags are not supported"),
        ("{ request: GET /a, headers: { Content-Length: 5 } }", "frames the message"),
        ("{ request: GET /a, headers: { \"a b\": c } }", "cannot be the name of a header"),
        ("{ request: GET /a, headers: { a: \"x\\ny\" } }", "one line"),
        ("{ request: GET /a, expect: { status: 600 } }", "from 100 to 599, found `600`"),
        ("{ request: GET /a, expect: { status: [] } }", "no status"),
        ("{ request: GET /a, expect: 200 }", "expected a mapping"),
        ("{ request: GET /a, capture: { id: id } }", "write `$.id`"),
        ("{ request: GET /a, capture: { 1a: $.id } }", "cannot be the name of a variable"),
        ("{ request: GET /a, capture: { unique: $.id } }", "cannot be the name of a variable"),
        ("{ request: GET /a, capture: { id: \"$.a[0:2]\" } }", "slices are not supported"),
        ("{ request: GET /a, auth: no }", "expected `true` or `false`"),
        ("{ request: \"GET /a/{{id}}\" }", "nothing captures `id`"),
        ("{ request: \"GET /a/{{unqiue}}\" }", "did you mean `unique`?"),
        ("{ request: \"GET /a/{{id}}\", capture: { id: $.id } }", "not there yet"),
        (
            "{ request: \"GET /a/{{id}}\" }, { request: GET /b, capture: { id: $.id } }",
            "step 2 of this flow captures it",
        ),
        (
            "{ request: GET /a, capture: { student: $.id } }, { request: \"GET /{{studnet}}\" }",
            "did you mean `student`?",
        ),
        ("{ request: GET /a, name: x }, { request: GET /b, name: x }", "two steps `x`"),
        ("{ request: \"GET /{{random:5..1}}\" }", "between 5 and 1"),
        ("{ request: \"GET /{{random}}\" }", "two whole numbers"),
        ("{ request: POST /a, body: \"{{x\" }", "`{{` is not closed"),
    ] {
        let found = problems(&plan_with_steps(steps));
        assert!(found.iter().any(|one| one.contains(part)), "expected `{part}` for {steps}: {found:#?}");
    }
}

#[test]
fn carets_stand_at_the_wrong_part() {
    for (text, caret) in [
        (plan_with_steps("{ request: \"GET /a/{{id}}/b\" }"), "{{id}}"),
        (plan_with_steps("{ request: FETCH /a }"), "FETCH"),
        (plan_with("gates: [ candidate.p95 <= baseline.eror_rate ]"), "baseline.eror_rate"),
        (plan_with("compare: { ignore: [ { path: '$.a[1:2]', reason: x } ] }"), ":"),
        (plan_with("load:\n  rate: 5/s\n  pars: 12"), "pars"),
    ] {
        let found = parse(&text).unwrap_err();
        let place = found.iter().next().and_then(|one| one.place.clone()).unwrap();
        let marked: String = place.text.chars().skip(place.column - 1).take(place.width).collect();
        assert_eq!(marked, caret, "{found}");
    }
}

#[test]
fn a_flow_name_or_a_step_that_sends_the_token_itself_is_told() {
    let flow = "{ name: a, steps: [ { request: GET /a } ] }";
    assert_problem(&plan_with(&format!("flows: [ {flow}, {flow} ]")), "two flows `a`");
    let text = plan_with(
        "auth: { header: \"Authorization: x\" }\nflows: [ { name: a, steps: [ { request: GET /a, headers: { authorization: y } } ] } ]",
    );
    assert_problem(&text, "sent twice");
}

#[test]
fn gates_that_no_side_can_answer_are_told() {
    let sides = "sides: { baseline: { url: \"http://a\" }, candidate: { url: \"http://b\", metrics: /metrics } }";
    for (gate, part) in [
        ("candidate.pool.timeouts == 0", None),
        ("candidate.pool.used.mean <= baseline.pool.used.mean", Some("side `baseline` has no metrics")),
        ("candidate.cpu < 40%", Some("known by its URL only")),
    ] {
        let text = plan_with(&format!("{sides}\ntargets: [ {gate} ]"));
        match part {
            Some(part) => assert_problem(&text, part),
            None => assert_eq!(problems(&text), Vec::<String>::new(), "{gate}"),
        }
    }
}

#[test]
fn versions_are_checked() {
    for (version, part) in [
        ("version: 2", "version of this plan is not known"),
        ("version: one", "expected 1, found `one`"),
        ("version:", "key `version` is missing"),
    ] {
        assert_problem(&plan_with("").replace("version: 1", version), part);
    }
}

#[test]
fn secrets_of_the_environment_are_never_shown() {
    for lines in [
        "timeout: \"${PLAN_PASSWORD}\"",
        "seed: \"${PLAN_PASSWORD}\"",
        "name_: 1\ngates: [ \"${PLAN_PASSWORD} < 1s\" ]",
        "database: { provider: \"${PLAN_PASSWORD}\" }",
        "load: { rate: 5/s, model: \"${PLAN_PASSWORD}\" }",
        "sides: { baseline: { url: \"${PLAN_PASSWORD}\" }, candidate: { bundled: { stack: async } } }",
        "sides: { baseline: { command: [a, \"{{${PLAN_PASSWORD}}}\", \"{{port}}\"] }, candidate: { bundled: { stack: \"${PLAN_PASSWORD}\", defects: [\"${PLAN_PASSWORD}\"] } } }",
        "flows: [ { name: \"${PLAN_PASSWORD}/\", steps: [ { request: \"${PLAN_PASSWORD} /\", json: \"{{${PLAN_PASSWORD}}}\", headers: { a: \"{{${PLAN_PASSWORD}}}\" }, capture: { a: \"${PLAN_PASSWORD}\" } } ] } ]",
        "flows: [ { name: x, steps: [ { request: \"GET /${PLAN_PASSWORD}\", name: \"${PLAN_PASSWORD}\" }, { request: GET /, name: \"${PLAN_PASSWORD}\" }, { request: \"GET ${PLAN_PASSWORD}\" } ] } ]",
        "auth: { header: \"${PLAN_PASSWORD}\" }",
        "auth: { header: \"${PLAN_USER}: x\" }\nflows: [ { name: x, steps: [ { request: GET /, headers: { Admin: a } } ] } ]",
        "compare: { rules: [ { path: $.a, as: matches, pattern: \"(${PLAN_PASSWORD}\", reason: x }, { path: $.a, as: keyed, by: \"[${PLAN_PASSWORD}\", reason: x }, { path: $.a, as: number, within: \"${PLAN_PASSWORD}\", reason: x }, { path: $.a, as: schema, schema: { type: \"${PLAN_PASSWORD}\" }, reason: x } ] }",
        "compare: { ignore: [ { path: \"${PLAN_PASSWORD}\", reason: x, flow: \"${PLAN_PASSWORD}\" } ] }",
    ] {
        let text = plan_with(lines);
        let shown = parse(&text).expect_err(lines).to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("`admin`"), "{shown}");
    }
}

#[test]
fn variables_of_the_environment_that_are_not_set_are_told_once() {
    assert_problem(&plan_with("timeout: ${PLAN_ABSENT}"), "5:10 environment variable `PLAN_ABSENT` is not set");
    assert_problem(&plan_with("load: { rate: \"${PLAN_ABSENT}/s\" }"), "`PLAN_ABSENT` is not set");
    assert_problem(&plan_with("timeout: ${}"), "without the name");
    assert_problem(&plan_with("seed: \"${1A}\""), "without the name");
}
