//! From an exchange on the wire to what may be kept of it: secrets of the request become digests, and of the answer
//! only digests are kept, of those values that a later request may use.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use crate::compare::json;

use super::answer;
use super::exchange::{Digest, Exchange, Part, Place, Sealed, SealedBody, SealedJson, Value};
use super::names;
use super::traffic::Dropped;

/// JSON of a request that is deeper is kept as text, if no secret is in it: a plan has its own limit.
const MAX_DEPTH: usize = 40;
/// The same of JSON with more values.
const MAX_VALUES: usize = 5_000;
/// Longest body that a plan may have.
const MAX_BODY: usize = 256 << 10;

/// Seals exchanges. Its key is drawn anew for each recording and never written.
pub struct Sealer {
    keys: [RandomState; 2],
    /// Digests of what is known to be secret.
    secrets: HashSet<Digest>,
}

impl Default for Sealer {
    fn default() -> Self {
        Self { keys: [RandomState::new(), RandomState::new()], secrets: HashSet::new() }
    }
}

impl Sealer {
    /// What may be kept of an exchange.
    ///
    /// # Errors
    /// Why no plan can send its request.
    pub fn seal(&mut self, exchange: &Exchange) -> Result<Sealed, Dropped> {
        let known = self.secrets.len();
        let mut sealed = self.request(exchange);
        if self.secrets.len() > known {
            // What a later part has shown to be a secret may stand in an earlier one.
            sealed = self.request(exchange);
        }
        // Also the answer to a request that cannot be sent tells secrets that later requests use.
        let (found, hints, secrets) = answer::read(self, exchange);
        self.secrets.extend(secrets);
        let (target, headers, body) = sealed?;
        Ok(Sealed {
            session: exchange.session.clone(),
            at_us: exchange.at_us,
            origin: exchange.origin.clone(),
            method: exchange.method.clone(),
            target,
            headers,
            body,
            status: exchange.status,
            found,
            hints,
        })
    }

    #[expect(clippy::type_complexity, reason = "the three parts of a request")]
    fn request(&mut self, exchange: &Exchange) -> Result<(Vec<Part>, Vec<(String, Vec<Part>)>, SealedBody), Dropped> {
        if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&&*exchange.method) {
            return Err(Dropped::Method);
        }
        if !(200..600).contains(&exchange.status) {
            return Err(Dropped::NoAnswer);
        }
        let target = self.target(&exchange.target)?;
        let body = self.body(exchange)?;
        let headers = self.headers(exchange, &body);
        Ok((target, headers, body))
    }

    /// The identity of a value.
    pub(super) fn digest(&self, text: &str) -> Digest {
        Digest(self.keys[0].hash_one(text), self.keys[1].hash_one(text))
    }

    fn value(&mut self, text: &str, noun: &str, place: Place, is_secret: bool) -> Value {
        let digest = self.digest(text);
        let is_secret = is_secret && !text.is_empty() || names::looks_secret(text) || self.secrets.contains(&digest);
        if is_secret && is_telling(text) {
            self.secrets.insert(digest);
        }
        let is_odd = is_secret || names::is_odd(text);
        Value { text: (!is_secret).then(|| text.to_owned()), digest, noun: noun.to_owned(), place, is_odd }
    }

    fn target(&mut self, target: &str) -> Result<Vec<Part>, Dropped> {
        let is_clean = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !is_clean || target.parse::<http::uri::PathAndQuery>().is_err() {
            return Err(Dropped::Target);
        }
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut parts = Parts::default();
        let mut before = "";
        for (index, segment) in path.split('/').enumerate() {
            parts.fixed(if index == 0 { "" } else { "/" });
            match linkable(segment, "/?#%") {
                Some(text) if !text.is_empty() => {
                    parts.value(self.value(&text, &names::singular(before), Place::Path, false));
                }
                _ => parts.fixed(segment),
            }
            before = segment;
        }
        if let Some(query) = query {
            parts.fixed("?");
            self.pairs(query, Place::Query, &mut parts);
        }
        Ok(parts.0)
    }

    /// `a=1&b=2`, of a query or a form.
    fn pairs(&mut self, text: &str, place: Place, parts: &mut Parts) {
        for (index, pair) in text.split('&').enumerate() {
            parts.fixed(if index == 0 { "" } else { "&" });
            let Some((name, value)) = pair.split_once('=') else {
                parts.fixed(pair);
                continue;
            };
            parts.fixed(name);
            parts.fixed("=");
            let is_secret = names::is_secret(&decoded(name)) || holds_secret(&decoded(value));
            match linkable(value, "&+%#") {
                Some(text) => parts.value(self.value(&text, name, place, is_secret)),
                None => match self.value(value, name, place, is_secret) {
                    secret @ Value { text: None, .. } => parts.value(secret),
                    _ => parts.fixed(value),
                },
            }
        }
    }

    fn headers(&mut self, exchange: &Exchange, body: &SealedBody) -> Vec<(String, Vec<Part>)> {
        let mut headers: Vec<(String, Vec<Part>)> = Vec::new();
        for (name, value) in &exchange.request_headers {
            let name = name.to_ascii_lowercase();
            let default = match (&*name, body) {
                ("content-type", SealedBody::None) => true,
                ("content-type", SealedBody::Json(_)) => value == "application/json",
                ("accept", _) => value == "*/*",
                _ => false,
            };
            let is_header = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
            if default || !is_header || names::is_noise(&name) || http::HeaderValue::from_str(value).is_err() {
                continue;
            }
            let parts = self.header(&name, value.trim());
            match headers.iter_mut().find(|(known, _)| *known == name) {
                None => headers.push((name, parts)),
                // A mapping has each name once; a list of values may be written on one line (RFC 9110, 5.3).
                Some((_, known)) => {
                    known.push(Part::Fixed(if name == "cookie" { "; " } else { ", " }.to_owned()));
                    known.extend(parts);
                }
            }
        }
        headers
    }

    fn header(&mut self, name: &str, value: &str) -> Vec<Part> {
        let mut parts = Parts::default();
        if name == "cookie" {
            for (index, pair) in value.split(';').map(str::trim).enumerate() {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                parts.fixed(&format!("{}{name}=", if index == 0 { "" } else { "; " }));
                parts.value(self.value(value, name, Place::Cookie, true));
            }
            return parts.0;
        }
        let is_secret = names::is_secret(name);
        let scheme = value.split_once(' ').filter(|(scheme, _)| {
            is_secret && scheme.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') && scheme.len() <= 16
        });
        if let Some((scheme, rest)) = scheme {
            parts.fixed(&format!("{scheme} "));
            parts.value(self.value(rest.trim(), name, Place::Header, true));
        } else {
            parts.value(self.value(value, name, Place::Header, is_secret));
        }
        parts.0
    }

    fn body(&mut self, exchange: &Exchange) -> Result<SealedBody, Dropped> {
        let content = &exchange.request_body;
        if content.bytes.is_empty() {
            return Ok(SealedBody::None);
        }
        if content.is_cut || content.bytes.len() > MAX_BODY {
            return Err(Dropped::TooLong);
        }
        let text = std::str::from_utf8(&content.bytes).map_err(|_| Dropped::NotText)?;
        let kind = header(&exchange.request_headers, "content-type").unwrap_or_default().to_ascii_lowercase();
        // Programs send JSON as text as well, to be asked for less.
        if (kind.contains("json") || looks_like_json(text))
            && let Some(json) = self.json_body(text)
        {
            return Ok(SealedBody::Json(json));
        }
        let mut parts = Parts::default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            self.pairs(text, Place::Body, &mut parts);
        } else if kind.starts_with("multipart/") && has_secret_part(text) || tells_secret(text) {
            return Err(Dropped::SecretForm);
        } else {
            self.words(text, &mut parts);
        }
        Ok(SealedBody::Text(parts.0))
    }

    /// Text of no known form: words that are known to be secrets, or look like one, are values.
    fn words(&mut self, text: &str, parts: &mut Parts) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match self.value(word, "", Place::Body, false) {
                secret @ Value { text: None, .. } if word.len() >= 8 => parts.value(secret),
                _ => parts.fixed(word),
            }
            let gap = after.find(is_word).unwrap_or(after.len());
            parts.fixed(&after[..gap]);
            rest = &after[gap..];
        }
    }

    /// `None`: JSON that a plan cannot hold as data.
    fn json_body(&mut self, text: &str) -> Option<SealedJson> {
        let document = json::parse(text.as_bytes()).ok()?;
        self.json(document.root(), "", false, 0, &mut 0)
    }

    fn json(
        &mut self,
        value: json::Value<'_>,
        name: &str,
        is_secret: bool,
        depth: usize,
        count: &mut usize,
    ) -> Option<SealedJson> {
        *count += 1;
        if depth > MAX_DEPTH || *count > MAX_VALUES {
            return None;
        }
        let raw = std::str::from_utf8(value.raw()).ok()?;
        Some(match value.kind() {
            json::Type::Null | json::Type::Bool => SealedJson::Bare(raw.to_owned()),
            json::Type::Number => SealedJson::Number(self.value(raw, name, Place::Body, is_secret)),
            json::Type::String => {
                let text = String::from_utf8(value.text()?.decode().into_owned()).ok()?;
                let is_secret = is_secret || holds_secret(&text);
                SealedJson::Text(self.value(&text, name, Place::Body, is_secret))
            }
            json::Type::Array => {
                let items = value.elements().map(|item| self.json(item, name, is_secret, depth + 1, count));
                SealedJson::List(items.collect::<Option<_>>()?)
            }
            json::Type::Object => {
                let mut members: Vec<(String, SealedJson)> = Vec::new();
                let mut seen = HashSet::new();
                for (name, item) in value.members() {
                    let name = String::from_utf8(name.decode().into_owned()).ok()?;
                    if !seen.insert(name.clone()) {
                        return None;
                    }
                    let is_secret = is_secret || names::is_secret(&name);
                    let item = self.json(item, &name, is_secret, depth + 1, count)?;
                    members.push((name, item));
                }
                SealedJson::Map(members)
            }
        })
    }
}

/// Whether a secret can be known again: shorter ones are everywhere.
pub(super) const fn is_telling(text: &str) -> bool {
    text.len() >= 8
}

/// The value of a header.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The value that a spelling in a URL stands for, if a variable can take its place: rendering encodes little.
fn linkable(spelled: &str, refused: &str) -> Option<String> {
    let text = decoded(spelled);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !refused.as_bytes().contains(&byte));
    (is_plain && (text == spelled || !spelled.contains('+'))).then_some(text)
}

fn decoded(spelled: &str) -> String {
    let pair = format!("x={}", spelled.replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn has_secret_part(form: &str) -> bool {
    form.split("name=\"").skip(1).filter_map(|rest| rest.split('"').next()).any(names::is_secret)
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Whether a value is text of some form with a secret in it: JSON, XML, a URL, but not what a person wrote.
fn holds_secret(text: &str) -> bool {
    let is_form = looks_like_json(text) || text.starts_with('<') || !text.contains(char::is_whitespace);
    is_form && tells_secret(text)
}

/// Whether a text of any form has a value behind a name that tells of a secret: a member of JSON, an element or attribute
/// of XML, a parameter.
fn tells_secret(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
        let mark = after.trim_start_matches(|c: char| c.is_whitespace() || "\"'\\]".contains(c));
        if mark.starts_with([':', '=', '>']) && names::is_secret(word) {
            return true;
        }
        rest = after;
    }
    looks_like_json(text) && has_secret_member(text)
}

/// Whether a member of JSON is a secret by its name, however that is written.
fn has_secret_member(text: &str) -> bool {
    let Ok(document) = json::parse(text.as_bytes()) else { return false };
    let mut ahead = vec![document.root()];
    while let Some(value) = ahead.pop() {
        for (name, member) in value.members() {
            if names::is_secret(&String::from_utf8_lossy(&name.decode())) {
                return true;
            }
            ahead.push(member);
        }
        ahead.extend(value.elements());
    }
    false
}

/// Parts in order; neighbouring fixed ones are joined.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn fixed(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Fixed(last)) => last.push_str(text),
            _ => self.0.push(Part::Fixed(text.to_owned())),
        }
    }

    fn value(&mut self, value: Value) {
        self.0.push(Part::Value(value));
    }
}
