use serde_json::Value as Json;

use super::*;
use crate::plan::problems::Problems;
use crate::plan::read::{JsonScalar, json_scalar};
use crate::plan::yaml::{self, Node, Value};

/// A block goes through its stages and has no length of its own.
const STAGES: &str = "load: { rate: 5/s, stages: [ { duration: 0s, target: 20/s }, { duration: 90s, target: 0 } ] }";

/// A plan as an editor would see it.
fn as_json(text: &str) -> Json {
    let mut problems = Problems::new("plan.yaml", text, &environment);
    node_as_json(&yaml::read(text, &mut problems).expect("readable YAML"))
}

fn node_as_json(node: &Node) -> Json {
    match &node.value {
        Value::List(nodes) => nodes.iter().map(node_as_json).collect(),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, node)| (key.scalar().unwrap().text.clone(), node_as_json(node))).collect(),
        ),
        Value::Scalar(scalar) => match json_scalar(scalar) {
            JsonScalar::Bare(text) => serde_json::from_str(&text).unwrap(),
            JsonScalar::Text(text) => text.into(),
            JsonScalar::Impossible => Json::Null,
        },
    }
}

fn complaints(text: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(&crate::plan::schema()).expect("a valid schema");
    validator.iter_errors(&as_json(text)).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schema_is_a_schema() {
    assert!(jsonschema::meta::is_valid(&crate::plan::schema()));
}

#[test]
fn good_plans_fit_the_schema() {
    for text in [EVERYTHING, STUDENTS, SMOKE, &plan_with(""), &plan_with(STAGES)] {
        assert_eq!(complaints(text), Vec::<String>::new());
    }
}

#[test]
fn what_the_reader_refuses_for_its_form_the_schema_refuses_too() {
    for lines in [
        "lod: {}",
        "load: { rate: 5/s, pars: 1 }",
        "load: { rate: 5/s, pairs: 0 }",
        "load: { model: opn, rate: 5/s }",
        "load: { rate: 5/s, burst: { size: 0, every: 1s } }",
        "load: { rate: 5/s, burst: { every: 1s } }",
        "load: { stages: [] }",
        "load: { stages: [ { duration: 5s } ] }",
        "load: { stages: [ { duration: 5s, target: -1 } ] }",
        "flows: [ { name: a, think: 1, steps: [ { request: GET /a } ] } ]",
        "flows: [ { name: a, steps: [ { request: GET /a, think: 1s.. } ] } ]",
        "timeout: 10",
        "timeout: 10 parsecs",
        "flows: []",
        "flows: [ { name: a, steps: [ { name: x } ] } ]",
        "flows: [ { name: a, steps: [ { request: GET /a, expect: { status: 600 } } ] } ]",
        "sides: { baseline: { bundled: { stack: async } } }",
        "sides: { baseline: { ready: /x }, candidate: { bundled: { stack: async } } }",
        "compare: { ignore: [ { path: $.a } ] }",
        "compare: { ignore: [ { reason: x } ] }",
        "compare: { ignore: [ { path: $.a, header: a, reason: x } ] }",
        "compare: { rules: [ { path: $.a, as: uiud, reason: x } ] }",
        "compare: { rules: [ { path: $.a, as: number, within: -1, reason: x } ] }",
        "compare: { rules: [ { path: $.a, as: number, within: 1 parsec, reason: x } ] }",
        "compare: { rules: [ { path: $.a, as: schema, schema: [], reason: x } ] }",
        "gates: candidate.p95 < 1s",
    ] {
        let text = plan_with(lines);
        assert!(parse(&text).is_err(), "{lines}");
        assert!(!complaints(&text).is_empty(), "{lines}");
    }
}

/// The reader panics in debug builds when it does not read exactly the keys of the table that the schema is written
/// from. This makes sure that the plan with which that is shown has each key of the schema.
#[test]
fn the_fixture_with_everything_has_every_key_of_the_schema() {
    let schema = crate::plan::schema();
    let mut missing = Vec::new();
    let mut objects: Vec<&Json> = vec![&schema];
    objects.extend(schema["$defs"].as_object().unwrap().values());
    for key in objects.iter().flat_map(|object| object["properties"].as_object().unwrap().keys()) {
        let is_there = |text: &str| text.contains(&format!("{key}:"));
        if !is_there(EVERYTHING) && !is_there(STAGES) && key != "url" {
            missing.push(key);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_key_of_the_schema_is_described() {
    let schema = crate::plan::schema();
    for (name, object) in schema["$defs"].as_object().unwrap() {
        for (key, value) in object["properties"].as_object().unwrap() {
            assert!(value["description"].as_str().is_some_and(|about| about.ends_with('.')), "{name}.{key}");
        }
    }
}
