//! Reads a JSON body field by field and collects everything that is wrong, in FastAPI's words.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One thing that is wrong with the input.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// Where: `["body", "email"]`, `["query", "page"]`.
    #[schema(value_type = Vec<Value>, example = json!(["query", "page"]))]
    loc: Vec<Value>,
    /// A sentence for people.
    #[schema(example = "Input should be greater than or equal to 1")]
    msg: String,
    /// A stable name.
    #[serde(rename = "type")]
    #[schema(example = "greater_than_equal")]
    kind: &'static str,
}

impl Detail {
    /// One thing that is wrong.
    pub(crate) fn new(loc: Vec<Value>, kind: &'static str, msg: impl Into<String>) -> Self {
        Self { loc, msg: msg.into(), kind }
    }
}

/// Everything that is wrong with the input.
#[derive(Debug)]
pub(crate) struct Invalid(pub(crate) Vec<Detail>);

impl Invalid {
    /// A single thing that is wrong.
    pub(crate) fn one(loc: Vec<Value>, kind: &'static str, msg: impl Into<String>) -> Self {
        Self(vec![Detail::new(loc, kind, msg)])
    }
}

/// What a text field has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text of so many characters.
    Text { longest: usize },
    /// Letters, digits, `-`, `_` and `.`, up to 64.
    StudentNo,
    /// Something before and a dotted name after an `@`, up to 254.
    Email,
    /// Digits, spaces, `+`, `-`, `(` and `)`, up to 32.
    Phone,
}

/// The fields of one JSON object.
pub(crate) struct Fields {
    location: Vec<Value>,
    object: Map<String, Value>,
    wrong: Vec<Detail>,
}

/// Parses a body; what does not parse is wrong as a whole.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Invalid> {
    if bytes.is_empty() {
        return Err(Invalid::one(vec!["body".into()], "missing", "Field required"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Invalid::one(vec!["body".into(), error.column().into()], "json_invalid", "JSON decode error"))
}

impl Fields {
    /// The fields of a whole body.
    pub(crate) fn of_body(bytes: &[u8]) -> Result<Self, Invalid> {
        Self::of(parse(bytes)?, vec!["body".into()])
    }

    /// The fields of one value somewhere in a body.
    pub(crate) fn of(value: Value, location: Vec<Value>) -> Result<Self, Invalid> {
        match value {
            Value::Object(object) => Ok(Self { location, object, wrong: Vec::new() }),
            _ => Err(Invalid::one(
                location,
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            )),
        }
    }

    /// Whether a field is written at all, `null` included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Takes a field out as it is; missing is wrong.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        match self.object.remove(name) {
            Some(value) => Some(value),
            None => self.complain(name, "missing", "Field required"),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &str, kind: Kind) -> Option<String> {
        let value = self.take(name)?;
        self.checked_text(name, &value, kind)
    }

    /// A text that may be missing or `null`.
    pub(crate) fn optional_text(&mut self, name: &str, kind: Kind) -> Option<String> {
        let value = self.object.remove(name).filter(|value| !value.is_null())?;
        self.checked_text(name, &value, kind)
    }

    /// A whole number that may be missing or `null`.
    pub(crate) fn optional_int(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.object.remove(name).filter(|value| !value.is_null())?;
        self.checked_int(name, &value, least, most)
    }

    /// A whole number that must not be `null`; `default` when it is missing.
    pub(crate) fn int_or(&mut self, name: &str, default: i64, most: i64) -> Option<i64> {
        match self.object.remove(name) {
            None => Some(default),
            Some(value) => self.checked_int(name, &value, 0, most),
        }
    }

    /// One of some words; `default` when it is missing.
    pub(crate) fn word_or(&mut self, name: &str, default: &str, words: &[&str]) -> Option<String> {
        let value = self.object.remove(name).unwrap_or_else(|| default.into());
        match value.as_str().filter(|word| words.contains(word)) {
            Some(word) => Some(word.to_owned()),
            None => self.complain(name, "enum", format!("Input should be {}", listed(words))),
        }
    }

    /// Notes what is wrong with a field.
    pub(crate) fn complain<T>(&mut self, name: &str, kind: &'static str, message: impl Into<String>) -> Option<T> {
        let mut location = self.location.clone();
        location.push(name.into());
        self.wrong.push(Detail::new(location, kind, message));
        None
    }

    /// The input if nothing was wrong.
    pub(crate) fn finish<T>(self, input: Option<T>) -> Result<T, Invalid> {
        match input {
            Some(input) if self.wrong.is_empty() => Ok(input),
            _ => Err(Invalid(self.wrong)),
        }
    }

    fn checked_text(&mut self, name: &str, value: &Value, kind: Kind) -> Option<String> {
        let Some(text) = value.as_str() else {
            return self.complain(name, "string_type", "Input should be a valid string");
        };
        match kind.fault(text) {
            None => Some(text.to_owned()),
            Some((fault, message)) => self.complain(name, fault, message),
        }
    }

    fn checked_int(&mut self, name: &str, value: &Value, least: i64, most: i64) -> Option<i64> {
        match value.as_i64() {
            None => self.complain(name, "int_type", "Input should be a valid integer"),
            Some(number) => match range_fault(number, least, most) {
                None => Some(number),
                Some((fault, message)) => self.complain(name, fault, message),
            },
        }
    }
}

impl Kind {
    fn longest(self) -> usize {
        match self {
            Self::Text { longest } => longest,
            Self::StudentNo => 64,
            Self::Email => 254,
            Self::Phone => 32,
        }
    }

    fn fault(self, text: &str) -> Option<(&'static str, String)> {
        let length = text.chars().count();
        if text.trim().is_empty() {
            Some(("string_too_short", "String should have at least 1 character".to_owned()))
        } else if length > self.longest() {
            Some(("string_too_long", format!("String should have at most {} characters", self.longest())))
        } else if text.contains('\0') || !self.matches(text) {
            Some(("string_pattern_mismatch", self.expectation().to_owned()))
        } else {
            None
        }
    }

    fn matches(self, text: &str) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::StudentNo => text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            Self::Phone => text.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c)),
            Self::Email => is_email(text),
        }
    }

    fn expectation(self) -> &'static str {
        match self {
            Self::Text { .. } => "String should not hold a null character",
            Self::StudentNo => "String should hold letters, digits, `-`, `_` and `.` only",
            Self::Phone => "String should be a telephone number",
            Self::Email => "value is not a valid email address",
        }
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let named = domain.split('.').all(|label| !label.is_empty());
        !local.is_empty()
            && named
            && domain.contains('.')
            && !text.contains(char::is_whitespace)
            && !domain.contains('@')
    })
}

/// What is wrong with a number outside its range.
pub(super) fn range_fault(number: i64, least: i64, most: i64) -> Option<(&'static str, String)> {
    if number < least {
        Some(("greater_than_equal", format!("Input should be greater than or equal to {least}")))
    } else if number > most {
        Some(("less_than_equal", format!("Input should be less than or equal to {most}")))
    } else {
        None
    }
}

/// `'a', 'b' or 'c'`.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
