use super::bad::assert_problem;
use super::*;

#[test]
fn wrong_rules_are_told_by_what_is_wrong() {
    for (lines, part) in [
        ("compare: { ignore: [ { path: $.a } ] }", "key `reason` is missing"),
        ("compare: { ignore: [ { path: $.a, reason: \" \" } ] }", "must not be empty"),
        ("compare: { ignore: [ { reason: x } ] }", "one of `path`, `header` is missing"),
        ("compare: { ignore: [ { path: $.a, header: b, reason: x } ] }", "only one of `path`, `header`"),
        ("compare: { ignore: [ { path: a.b, reason: x } ] }", "begins with `$` / write `$.a.b`"),
        ("compare: { ignore: [ { path: $.a, reason: x, flow: brwse } ] }", "did you mean `browse`?"),
        ("compare: { ignore: [ { path: $.a, reason: x, step: GET /student } ] }", "did you mean `GET /students`?"),
        ("compare: { rules: [ { path: $.a, as: number within 1, reason: x } ] }", "write `as: number, within: 1`"),
        ("compare: { rules: [ { path: $.a, as: keyed by id, reason: x } ] }", "write `as: keyed, by: id`"),
        ("compare: { rules: [ { path: $.a, as: unorderd, reason: x } ] }", "did you mean `unordered`?"),
        ("compare: { rules: [ { path: $.a, as: keyed, reason: x } ] }", "key `by` is missing / such as `by: id`"),
        ("compare: { rules: [ { path: $.a, as: keyed, by: $, reason: x } ] }", "not all of it / to pair elements"),
        (
            "compare: { rules: [ { path: $.a, as: keyed, by: user-id, reason: x } ] }",
            "5:53 `-` cannot be part of a name after a dot / write `['user-id']`",
        ),
        ("compare: { rules: [ { path: $.a, as: keyed, by: \"id[?(@.x)]\", reason: x } ] }", "5:53 filters are not"),
        ("compare: { rules: [ { header: a, as: keyed, by: id, reason: x } ] }", "`keyed` is for places in a body"),
        (
            "compare: { rules: [ { header: a, as: schema, schema: {}, reason: x } ] }",
            "`schema` is for places in a body",
        ),
        (
            "compare: { rules: [ { path: $.a, as: uuid, within: 5s, reason: x } ] }",
            "says nothing about `uuid` / it goes",
        ),
        ("compare: { rules: [ { path: $.a, as: number, reason: x } ] }", "key `within` is missing"),
        (
            "compare: { rules: [ { path: $.a, as: number, within: 5s, reason: x } ] }",
            "`5s` is no distance of two numbers",
        ),
        ("compare: { rules: [ { path: $.a, as: number, within: -1, reason: x } ] }", "`-1` is no distance"),
        ("compare: { rules: [ { path: $.a, as: number, within: .5, reason: x } ] }", "write it like `1e-9`"),
        ("compare: { rules: [ { path: $.a, as: datetime, within: 1e-9, reason: x } ] }", "unit `e-9` is not known"),
        ("compare: { rules: [ { path: $.a, as: matches, reason: x } ] }", "key `pattern` is missing"),
        (
            "compare: { rules: [ { path: $.a, as: matches, pattern: 'a(b', reason: x } ] }",
            "5:58 the pattern cannot be used: unclosed group",
        ),
        ("compare: { rules: [ { path: $.a, as: matches, pattern: '(?=a)', reason: x } ] }", "look-around"),
        ("compare: { rules: [ { path: $.a, as: matches, pattern: 'ä(', reason: x } ] }", "5:58 the pattern"),
        (
            "compare: { rules: [ { path: $.a, as: matches, pattern: '(a{999}){999}', reason: x } ] }",
            "the pattern cannot",
        ),
        ("compare: { rules: [ { path: $.a, as: schema, reason: x } ] }", "key `schema` is missing"),
        (
            "compare: { rules: [ { path: $.a, as: schema, schema: { type: objct }, reason: x } ] }",
            "5:62 the schema cannot be used: ",
        ),
        (
            "compare: { rules: [ { path: $.a, as: schema, schema: { $ref: \"http://h/s\" }, reason: x } ] }",
            "the schema cannot be used: ",
        ),
        ("compare: { rules: [ { path: $.a, as: schema, schema: { minimum: .inf }, reason: x } ] }", "no number `.inf`"),
        ("compare: { rules: [ { path: $.a, as: schema, schema: { pattern: \"(\" }, reason: x } ] }", "cannot be used"),
        ("compare: { rules: [ { path: $.a, as: ignore, reason: x } ] }", "put it under `ignore:`"),
        ("compare: { rules: [ { path: $.a, as: datetme, within: 1s, reason: x } ] }", "did you mean `datetime`?"),
        ("compare: { rules: [ { path: $.a, as: datetime, reason: x } ] }", "key `within` is missing"),
    ] {
        assert_problem(&plan_with(lines), part);
    }
}

#[test]
fn a_path_that_is_too_long_to_be_walked_is_told() {
    let rule = |steps: usize| format!("compare: {{ ignore: [ {{ path: \"${}\", reason: x }} ] }}", ".a".repeat(steps));
    assert!(parse(&plan_with(&rule(100))).is_ok());
    assert_problem(&plan_with(&rule(101)), "a path has at most 100 steps, this one has 101");
}
