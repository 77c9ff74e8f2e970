//! Answers that went well, and how they become bytes.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::defects::{Defect, Defects};

/// What a service answers, before it is serialised.
#[derive(Debug)]
pub(crate) struct Reply<B> {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Option<B>,
}

/// Anything that can be answered.
pub(crate) trait Serialized: Serialize + Send + 'static {}
impl<T: Serialize + Send + 'static> Serialized for T {}

impl<B: Serialized> Reply<B> {
    /// 200 with a body.
    pub(crate) fn ok(body: B) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Some(body) }
    }

    /// 201 with a body.
    pub(crate) fn created(body: B) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: None }
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The bytes.
    pub(crate) fn build(self, defects: &Defects) -> Response {
        let mut response = match &self.body {
            None => empty(self.status),
            Some(body) if !defects.spoil_bodies() => json(self.status, body),
            Some(body) => json(self.status, &spoiled(body, defects)),
        };
        if !defects.has(Defect::LostHeader) {
            for (name, value) in self.headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(name, value);
                }
            }
        }
        response
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(bytes) = serde_json::to_vec(body) else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The hook of every defect that changes a body.
fn spoiled(body: &impl Serialize, defects: &Defects) -> Value {
    let mut value = serde_json::to_value(body).unwrap_or_default();
    spoil(&mut value, defects);
    value
}

fn spoil(value: &mut Value, defects: &Defects) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, defects)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| spoil(field, defects));
            if fields.contains_key("student_no") {
                spoil_student(fields, defects);
            }
        }
        Value::String(text) if is_instant(text) => spoil_instant(text, defects),
        _ => {}
    }
}

fn spoil_student(fields: &mut serde_json::Map<String, Value>, defects: &Defects) {
    if defects.has(Defect::MissingField) {
        fields.remove("email");
    }
    if defects.has(Defect::NullForAbsent) {
        fields.entry("phone").or_insert(Value::Null);
    }
    if defects.has(Defect::FloatForInt)
        && let Some(credits) = fields.get("credits").and_then(Value::as_f64)
    {
        fields.insert("credits".to_owned(), Value::from(credits));
    }
}

/// `2024-09-01T08:00:00.000001Z`: the one form in which this service writes instants.
fn is_instant(text: &str) -> bool {
    text.len() == 27 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

fn spoil_instant(text: &mut String, defects: &Defects) {
    if defects.has(Defect::TruncatedMicros) {
        text.replace_range(23..26, "");
    }
    if defects.has(Defect::NaiveDatetime) {
        text.pop();
    }
}
