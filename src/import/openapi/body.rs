//! What a request sends: the document's example, or a value made of the schema, with what must be new each time.

use serde_json::Value;

use super::super::draft::{DraftBody, Json};
use super::super::text::{Piece, Text};
use crate::contract::{Content, Contract, Operation};

/// Deepest level at which members are looked at.
const MAX_DEPTH: usize = 8;
/// Ends of names whose values most services want to be unique.
const UNIQUE: [&str; 12] = [
    "email",
    "username",
    "user_name",
    "_no",
    "number",
    "code",
    "slug",
    "sku",
    "isbn",
    "handle",
    "nickname",
    "external_id",
];
/// Room that `{{unique}}` needs, with what is put behind it.
const LONGEST_UNIQUE: u64 = 20;

/// The body and its media type, if it has one that a plan can write. `creation` is the number of the request in its flow
/// among those that create something.
pub(super) fn body(contract: &Contract, operation: &Operation, creation: usize) -> Option<(DraftBody, Option<String>)> {
    let contents = &operation.body.as_ref()?.contents;
    if let Some(content) = contents.iter().find(|content| content.is_json()) {
        let value = content.example.clone().unwrap_or_else(|| contract.sample(&content.schema));
        let json = Writer { contract, creation }.json(&value, Some(&content.schema), "", 0);
        let other = Some(content.media_type.clone()).filter(|media_type| media_type != "application/json");
        return Some((DraftBody::Json(json), other));
    }
    let content = contents.iter().find(|content| is_text(content))?;
    let value = content.example.clone().unwrap_or_else(|| contract.sample(&content.schema));
    let text = if is_form(content) { form(&value) } else { value.as_str().unwrap_or("text").to_owned() };
    Some((DraftBody::Text(Text::literal(text)), Some(content.media_type.clone())))
}

/// Whether a body can be written in a plan.
pub(super) fn can_be_written(operation: &Operation) -> bool {
    operation.body.as_ref().is_none_or(|body| {
        !body.required
            || body.contents.is_empty()
            || body.contents.iter().any(|content| content.is_json() || is_text(content))
    })
}

fn is_form(content: &Content) -> bool {
    content.media_type.starts_with("application/x-www-form-urlencoded")
}

fn is_text(content: &Content) -> bool {
    is_form(content) || content.media_type.starts_with("text/")
}

fn form(value: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in value.as_object().into_iter().flatten() {
        form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    form.finish()
}

struct Writer<'c> {
    contract: &'c Contract,
    creation: usize,
}

impl Writer<'_> {
    fn json(&self, value: &Value, schema: Option<&Value>, name: &str, depth: usize) -> Json {
        let schema = schema.filter(|_| depth < MAX_DEPTH).map(|schema| self.contract.resolve(schema));
        let inner = |key: &str| schema.as_ref().and_then(|schema| schema.get(key));
        match value {
            Value::Null => Json::Null,
            Value::Bool(switch) => Json::Bool(*switch),
            Value::Number(number) => Json::Number(number.to_string()),
            Value::String(text) => Json::Text(self.text(text, name, schema.as_deref())),
            Value::Array(items) => {
                let of = inner("items");
                Json::List(items.iter().map(|item| self.json(item, of, "", depth + 1)).collect())
            }
            Value::Object(members) => {
                let of = |name: &str| inner("properties").and_then(|properties| properties.get(name));
                let members = members.iter();
                Json::Map(members.map(|(name, it)| (name.clone(), self.json(it, of(name), name, depth + 1))).collect())
            }
        }
    }

    fn text(&self, text: &str, name: &str, schema: Option<&Value>) -> Text {
        let has = |key: &str| schema.is_some_and(|schema| schema.get(key).is_some());
        let room = schema.and_then(|schema| schema.get("maxLength")?.as_u64()).unwrap_or(u64::MAX);
        let name = name.to_ascii_lowercase();
        let is_email =
            name.ends_with("email") || schema.is_some_and(|schema| schema.get("format") == Some(&"email".into()));
        let needed = LONGEST_UNIQUE + if is_email { 12 } else { 0 };
        let is_unique = is_email || UNIQUE.iter().any(|end| name.ends_with(end));
        if !is_unique || room < needed || has("enum") || has("const") || has("pattern") {
            return Text::literal(text);
        }
        let unique = Text::hole("unique");
        let number = if self.creation > 0 { format!("-{}", self.creation + 1) } else { String::new() };
        let end = if is_email { "@example.org" } else { "" };
        unique.then(Piece::Literal(number + end))
    }
}
