//! JSON Schema of plans, for editors, written from the table of keys that the reader uses.

use serde_json::{Map, Value, json};

use super::keys::{
    AUTH, BUNDLED, BURST, COMPARE, CONTRACT, DATABASE, EXCEPT, EXPECT, FAULTS, FLOW, ID_EXCEPT, ID_PLACE, IDS, IGNORE,
    Kind, LOAD, METRICS, Object, PLAN, RULE, SEED, SIDE, SIDES, STAGE, STATE, STATE_IGNORE, STATE_RULE, STATE_SUM,
    STEP,
};

/// Every object but the plan itself.
static OBJECTS: [&Object; 26] = [
    &SIDES,
    &SIDE,
    &BUNDLED,
    &METRICS,
    &DATABASE,
    &SEED,
    &AUTH,
    &FLOW,
    &STEP,
    &EXPECT,
    &COMPARE,
    &IGNORE,
    &RULE,
    &IDS,
    &ID_PLACE,
    &ID_EXCEPT,
    &LOAD,
    &STAGE,
    &BURST,
    &CONTRACT,
    &EXCEPT,
    &FAULTS,
    &STATE,
    &STATE_IGNORE,
    &STATE_RULE,
    &STATE_SUM,
];

/// JSON Schema (2020-12) of a plan.
pub fn schema() -> Value {
    let mut schema = object_schema(&PLAN);
    let definitions: Map<String, Value> =
        OBJECTS.iter().map(|object| (object.name.to_owned(), object_schema(object))).collect();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("cutover plan");
    schema["patternProperties"] = json!({ "^x-": {} });
    schema["$defs"] = Value::Object(definitions);
    schema
}

fn object_schema(object: &Object) -> Value {
    let described = |kind: &Kind, about: &str| {
        let mut schema = kind_schema(kind);
        schema["description"] = json!(about);
        schema
    };
    let properties: Map<String, Value> =
        object.keys.iter().map(|key| (key.name.to_owned(), described(&key.kind, key.about))).collect();
    let required: Vec<&str> = object.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": object.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !object.one_of.is_empty() {
        schema["oneOf"] = object.one_of.iter().map(|name| json!({ "required": [name] })).collect();
    }
    schema
}

/// Any number may also come from an environment variable, as text.
const FILLED: &str = r"\$\{";

fn kind_schema(kind: &Kind) -> Value {
    match kind {
        Kind::Value => json!({ "type": ["string", "number", "boolean", "null"] }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Duration => {
            json!({ "type": "string", "pattern": format!(r"^\s*[0-9.]+\s*(us|µs|ms|s|m|h)\s*$|{FILLED}") })
        }
        Kind::Think => {
            let one = r"\s*[0-9.]+\s*(us|µs|ms|s|m|h)\s*";
            json!({ "type": "string", "pattern": format!(r"^{one}(\.\.{one})?$|{FILLED}") })
        }
        Kind::Tolerance => json!({
            "type": ["string", "number"],
            "minimum": 0,
            "pattern": format!(r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*%?$|{FILLED}"),
        }),
        Kind::Schema => json!({ "type": ["object", "boolean"] }),
        Kind::Rate => json!({
            "type": ["string", "number"],
            "exclusiveMinimum": 0,
            "pattern": format!(r"^\s*[0-9.]+\s*(/\s*(s|m|min|h)\s*)?$|{FILLED}"),
        }),
        Kind::Level => json!({
            "type": ["string", "number"],
            "minimum": 0,
            "pattern": format!(r"^\s*[0-9.]+\s*(/\s*(s|m|min|h)\s*)?$|{FILLED}"),
        }),
        Kind::Switch => json!({ "type": ["boolean", "string"], "pattern": FILLED }),
        Kind::Whole(low, high) => {
            json!({ "type": ["integer", "string"], "minimum": low, "maximum": high, "pattern": FILLED })
        }
        Kind::Choice(words) => json!({ "type": "string", "anyOf": [{ "enum": words }, { "pattern": FILLED }] }),
        Kind::List(kind) => json!({ "type": "array", "items": kind_schema(kind) }),
        Kind::Filled(kind) => json!({ "type": "array", "items": kind_schema(kind), "minItems": 1 }),
        Kind::Free(kind) => json!({ "type": "object", "additionalProperties": kind_schema(kind) }),
        Kind::Object(object) => json!({ "$ref": format!("#/$defs/{}", object.name) }),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(kind_schema).collect::<Vec<_>>() }),
        Kind::Anything => json!({}),
    }
}
