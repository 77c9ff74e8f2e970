//! One request and its answer, first as it was on the wire, then as it may be kept.

use serde::{Deserialize, Serialize};

/// A request and its answer as they were on the wire. Holds secrets: never written anywhere.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Requests of one session belong together: a page, a connection.
    pub session: String,
    /// When it began, in microseconds since 1970.
    pub at_us: u64,
    /// Scheme, host and port.
    pub origin: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// Headers in order.
    pub request_headers: Vec<(String, String)>,
    /// What was sent.
    pub request_body: Content,
    /// Status code; 0: there was no answer.
    pub status: u16,
    /// Headers in order.
    pub response_headers: Vec<(String, String)>,
    /// What came back.
    pub response_body: Content,
}

/// The body of a message, as far as it was kept.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// There was more.
    pub is_cut: bool,
}

/// The identity of a value without the value: equal values have equal digests within one recording, and nobody who
/// has not the key, which is never written, can try values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Digest(pub(super) u64, pub(super) u64);

/// An exchange as it may be kept: no secret of the request, and of the answer no value at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    pub(super) session: String,
    pub(super) at_us: u64,
    pub(super) origin: String,
    pub(super) method: String,
    pub(super) target: Vec<Part>,
    pub(super) headers: Vec<(String, Vec<Part>)>,
    pub(super) body: SealedBody,
    pub(super) status: u16,
    pub(super) found: Vec<Found>,
    pub(super) hints: Vec<Hint>,
}

/// A part of a text of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// Always the same.
    Fixed(String),
    /// A value that may have come from an answer.
    Value(Value),
}

/// A value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value {
    /// `None`: a secret.
    pub(super) text: Option<String>,
    pub(super) digest: Digest,
    /// What it is of: the name of its member or parameter, or the path segment before it.
    pub(super) noun: String,
    /// Where it stands.
    pub(super) place: Place,
    /// So odd that it cannot be the same by chance.
    pub(super) is_odd: bool,
}

/// Where a value of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

/// What a request sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SealedBody {
    None,
    Json(SealedJson),
    Text(Vec<Part>),
}

/// A JSON value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SealedJson {
    /// `null`, `true`, `false`.
    Bare(String),
    Number(Value),
    Text(Value),
    List(Vec<SealedJson>),
    Map(Vec<(String, SealedJson)>),
}

/// A value of an answer that a later request may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// As a plan spells it: `$.id`, `header ETag`.
    pub(super) place: String,
    pub(super) digest: Digest,
    /// What it may be of.
    pub(super) nouns: Vec<String>,
    pub(super) is_number: bool,
}

/// Something about an answer that a compare rule follows from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Hint {
    /// A header with the identity of the request.
    RequestHeader(String),
    /// A member with the same value as such a header.
    RequestMember(String),
    /// A member with the time at which it was asked.
    Now(String),
    /// A member whose value is a secret.
    Secret(String),
}

impl Sealed {
    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Path and query with what stood there; a secret is left out.
    pub(super) fn spelled(&self) -> String {
        let text = |part: &Part| match part {
            Part::Fixed(text) => text.clone(),
            Part::Value(value) => value.text.clone().unwrap_or_default(),
        };
        self.target.iter().map(text).collect()
    }

    /// The path alone.
    pub(super) fn path(&self) -> String {
        self.spelled().split('?').next().unwrap_or_default().to_owned()
    }

    /// Values of the request in order.
    pub(super) fn values(&self) -> Vec<&Value> {
        let mut all: Vec<&Value> = Vec::new();
        let texts = self.headers.iter().map(|(_, parts)| parts);
        for parts in std::iter::once(&self.target).chain(texts) {
            all.extend(of_parts(parts));
        }
        match &self.body {
            SealedBody::None => {}
            SealedBody::Text(parts) => all.extend(of_parts(parts)),
            SealedBody::Json(json) => of_json(json, &mut all),
        }
        all
    }
}

fn of_parts(parts: &[Part]) -> impl Iterator<Item = &Value> {
    parts.iter().filter_map(|part| match part {
        Part::Value(value) => Some(value),
        Part::Fixed(_) => None,
    })
}

/// Depth is bounded where it is made.
fn of_json<'a>(json: &'a SealedJson, all: &mut Vec<&'a Value>) {
    match json {
        SealedJson::Bare(_) => {}
        SealedJson::Number(value) | SealedJson::Text(value) => all.push(value),
        SealedJson::List(items) => items.iter().for_each(|item| of_json(item, all)),
        SealedJson::Map(members) => members.iter().for_each(|(_, item)| of_json(item, all)),
    }
}
