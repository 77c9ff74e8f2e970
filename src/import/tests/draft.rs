//! A draft that is written and read again is the same plan.

use proptest::prelude::*;

use crate::import::{
    Draft, DraftAuth, DraftBody, DraftFlow, DraftRule, DraftRuleKind, DraftSide, DraftStep, Json, Piece, Text,
};
use crate::plan::template::{JsonPart, Part};
use crate::plan::{self, Body, Plan, Template};
use crate::role::Pair;

fn draft(steps: Vec<DraftStep>) -> Draft {
    let side = DraftSide { url: "http://127.0.0.1:8080".to_owned(), ready: None };
    let flow = DraftFlow { comment: None, name: "one".to_owned(), weight: 1, steps };
    Draft {
        comments: vec!["made by a test".to_owned()],
        name: "a test".to_owned(),
        sides: Pair { baseline: side.clone(), candidate: side },
        contract: None,
        auth: None,
        flows: vec![flow],
        rules: Vec::new(),
        gates: vec!["parity.breaking == 0".to_owned()],
    }
}

fn read(draft: &Draft) -> Plan {
    let text = draft.to_yaml();
    plan::parse("draft.yaml", &text).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"))
}

fn post(body: DraftBody) -> DraftStep {
    DraftStep { method: "POST".to_owned(), target: "/a".into(), body, ..DraftStep::default() }
}

/// The text of a template that has no variables.
fn text(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Literal(text) => text.as_str(),
        other => panic!("a variable where none is: {other:?}"),
    });
    parts.collect()
}

fn sent_json(plan: &Plan) -> String {
    let Body::Json(template) = &plan.flows[0].steps[0].body else { panic!("no JSON") };
    match template.parts.as_slice() {
        [JsonPart::Literal(text)] => text.clone(),
        other => panic!("variables where none are: {other:?}"),
    }
}

fn to_draft(value: &serde_json::Value) -> Json {
    use serde_json::Value;
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => Json::Text(Text::literal(text)),
        Value::Array(items) => Json::List(items.iter().map(to_draft).collect()),
        Value::Object(members) => {
            Json::Map(members.iter().map(|(name, value)| (name.clone(), to_draft(value))).collect())
        }
    }
}

#[test]
fn text_that_looks_like_something_else_stays_text() {
    let odd = [
        "",
        " ",
        "yes",
        "No",
        "on",
        "~",
        "null",
        "True",
        "1",
        "1e3",
        "-0",
        "0x1f",
        ".inf",
        "2001-01-01",
        "- a",
        "a: b",
        "a #b",
        "#",
        "{{",
        "{{id}}",
        "{{{{",
        "{{{",
        "}}",
        "${HOME}",
        "$${",
        "$",
        "${",
        "{",
        "${{id}}",
        "a\nb",
        "a\r\n",
        "\t",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é ü 漢字 🦀",
        "\"",
        "'",
        "\\",
        "\\n",
        "[a]",
        "a, b",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "?",
        "<<",
        "a:",
        " a",
        "a ",
        "\u{e000}",
        "\u{10ffff}",
        "{{''}}",
    ];
    for one in odd {
        assert_eq!(
            text(&{
                let plan = read(&draft(vec![post(DraftBody::Text(one.into()))]));
                let Body::Text(template) = plan.flows[0].steps[0].body.clone() else { panic!("no text") };
                template
            }),
            one
        );
        let value = serde_json::json!({ "v": one, "list": [one, 1], one: { "deep": one } });
        let plan = read(&draft(vec![post(DraftBody::Json(to_draft(&value)))]));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&sent_json(&plan)).unwrap(), value);
    }
}

#[test]
fn numbers_stay_as_they_were_written() {
    for number in ["0", "-0", "1.0", "1e3", "1E+30", "18446744073709551616", "0.10", "-1.5e-7"] {
        let plan = read(&draft(vec![post(DraftBody::Json(Json::List(vec![Json::Number(number.to_owned())])))]));
        assert_eq!(sent_json(&plan), format!("[{number}]"));
    }
}

#[test]
fn variables_are_variables_and_nothing_else_is() {
    let around = |left: &str, right: &str| {
        Text::literal(left).then(Piece::Hole("id".to_owned())).then(Piece::Literal(right.to_owned()))
    };
    for (left, right) in [("", ""), ("{", "}"), ("{{", "}}"), ("$", ""), ("${", "}"), ("a{", "{{'"), ("{{{", "{")] {
        let first = DraftStep { capture: vec![("id".to_owned(), "$['an id'][0]".to_owned())], ..post(DraftBody::None) };
        let plan = read(&draft(vec![first, post(DraftBody::Text(around(left, right)))]));
        let Body::Text(template) = &plan.flows[0].steps[1].body else { panic!("no text") };
        let literal = |text: &str| (!text.is_empty()).then(|| Part::Literal(text.to_owned()));
        let expected: Vec<Part> =
            [literal(left), Some(Part::Variable(0)), literal(right)].into_iter().flatten().collect();
        assert_eq!(template.parts, expected, "{left} {right}");
    }
}

#[test]
fn a_variable_alone_is_a_value_or_a_string_as_the_draft_says() {
    let first = DraftStep { capture: vec![("id".to_owned(), "header ETag".to_owned())], ..post(DraftBody::None) };
    let both = Json::List(vec![Json::Hole("id".to_owned()), Json::Text(Text::hole("id"))]);
    let plan = read(&draft(vec![first, post(DraftBody::Json(both))]));
    let Body::Json(template) = &plan.flows[0].steps[1].body else { panic!("no JSON") };
    let literal = |text: &str| JsonPart::Literal(text.to_owned());
    assert_eq!(
        template.parts,
        [
            literal("["),
            JsonPart::Value(Part::Variable(0)),
            literal(",\""),
            JsonPart::InString(Part::Variable(0)),
            literal("\"]")
        ]
    );
}

#[test]
fn everything_that_a_draft_may_have_is_read_again() {
    let login = DraftStep {
        status: vec![200],
        capture: vec![("token".to_owned(), "$.token".to_owned())],
        ..post(DraftBody::Json(Json::Map(vec![("user".to_owned(), Json::Text("a".into()))])))
    };
    let step = DraftStep {
        comment: Some("one\ntwo: {{".to_owned()),
        name: Some("named {{x}} ${Y}".to_owned()),
        headers: vec![("If-Match".to_owned(), "\"3\"".into()), ("X-Empty".to_owned(), Text::default())],
        status: vec![404, 410],
        without_auth: true,
        ..post(DraftBody::None)
    };
    let rule = |place: &str, kind| DraftRule { place: place.to_owned(), kind, reason: "a: reason".to_owned() };
    let within = DraftRuleKind::As(vec![("as".into(), "datetime".into()), ("within".into(), "5s".into())]);
    let written = Draft {
        comments: vec!["top\r\nsecond".to_owned()],
        name: ".odd name/ü".to_owned(),
        auth: Some(DraftAuth {
            login: Some(login),
            header: ("Authorization".to_owned(), Text::literal("Bearer ").then(Piece::Hole("token".to_owned()))),
        }),
        flows: vec![DraftFlow {
            comment: Some("above".to_owned()),
            name: "a/b".to_owned(),
            weight: 7,
            steps: vec![step],
        }],
        rules: vec![rule("header x-request-id", DraftRuleKind::Ignore), rule("$..at", within)],
        ..draft(Vec::new())
    };
    let plan = read(&written);
    let step = &plan.flows[0].steps[0];
    assert_eq!((plan.name.as_str(), plan.flows[0].name.as_str(), plan.flows[0].weight), ("odd-name--", "a-b", 7));
    assert_eq!((step.name.as_str(), &*step.expect.status, step.auth), ("named {{x}} ${Y}", &[404, 410][..], false));
    assert_eq!(
        step.headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect::<Vec<_>>(),
        [("If-Match", "\"3\"".to_owned()), ("X-Empty", String::new())]
    );
    assert_eq!(plan.auth.map(|auth| auth.header.1.parts.len()), Some(2));
    assert_eq!((plan.compare.rules.len(), plan.gates.len()), (2, 1));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[{}$'\"a \\\\\n:#-]{0,12}", any::<String>()]
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any_text().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any_text(), inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_survives(body in any_text(), comment in any_text(), name in any_text()) {
        let step = DraftStep { comment: Some(comment.clone()), ..post(DraftBody::Text(body.as_str().into())) };
        let mut draft = draft(vec![step]);
        draft.comments.push(comment);
        draft.name = name;
        let plan = read(&draft);
        let Body::Text(template) = &plan.flows[0].steps[0].body else { panic!("no text") };
        prop_assert_eq!(text(template), body);
    }

    #[test]
    fn any_json_survives(value in any_json()) {
        let plan = read(&draft(vec![post(DraftBody::Json(to_draft(&value)))]));
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&sent_json(&plan)).unwrap(), value);
    }
}
