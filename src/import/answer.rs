//! What an answer has that a later request may use, and what it tells about places that differ from run to run.

use std::fmt::Write as _;
use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::compare::json;

use super::exchange::{Content, Digest, Exchange, Found, Hint};
use super::names;
use super::seal::{Sealer, header, is_telling};

/// Most values of one answer that are kept.
const MAX_FOUND: usize = 400;
/// Most values of one answer that are looked at.
const MAX_VISITED: usize = 50_000;
/// Most bytes of an unpacked answer that are read.
const MAX_UNPACKED: u64 = 4 << 20;
/// A time so close to that of the request was written because of it.
const NOW_US: u64 = 120_000_000;

/// Members around a list that say nothing of what is in it.
const WRAPPERS: [&str; 12] =
    ["items", "data", "results", "result", "content", "rows", "records", "list", "entries", "values", "nodes", "node"];

/// Values that may be used later, hints for rules, and digests of secrets.
pub(super) fn read(sealer: &Sealer, exchange: &Exchange) -> (Vec<Found>, Vec<Hint>, Vec<Digest>) {
    let mut reader = Reader { sealer, exchange, nouns: nouns(&exchange.target), ..Reader::new(sealer, exchange) };
    reader.headers();
    let bytes = unpacked(exchange);
    if let Ok(document) = json::parse(&bytes) {
        reader.json(&document);
    }
    reader.hints.sort();
    reader.hints.dedup();
    (reader.found, reader.hints, reader.secrets)
}

struct Reader<'a> {
    sealer: &'a Sealer,
    exchange: &'a Exchange,
    /// What the path of the request is about.
    nouns: Vec<String>,
    request_ids: Vec<String>,
    found: Vec<Found>,
    hints: Vec<Hint>,
    secrets: Vec<Digest>,
    visited: usize,
}

/// A value on its way, with where it stands.
struct Open<'d> {
    value: json::Value<'d>,
    path: String,
    /// The name of the member that it is, or is in.
    name: String,
    /// The name of the member around that.
    parent: String,
    is_secret: bool,
}

impl<'a> Reader<'a> {
    fn new(sealer: &'a Sealer, exchange: &'a Exchange) -> Self {
        Self {
            sealer,
            exchange,
            nouns: Vec::new(),
            request_ids: Vec::new(),
            found: Vec::new(),
            hints: Vec::new(),
            secrets: Vec::new(),
            visited: 0,
        }
    }

    fn add(&mut self, place: String, text: &str, nouns: Vec<String>, is_number: bool) {
        if self.found.len() < MAX_FOUND {
            self.found.push(Found { place, digest: self.sealer.digest(text), nouns, is_number });
        }
    }

    fn secret(&mut self, place: String, text: &str, name: String) {
        self.add(place, text, vec![name], false);
        if is_telling(text) {
            self.secrets.push(self.sealer.digest(text));
        }
    }

    fn headers(&mut self) {
        for (name, value) in &self.exchange.response_headers {
            let name = name.to_ascii_lowercase();
            match &*name {
                "etag" => {
                    self.add("header etag".to_owned(), value, vec!["if-match".into(), "if-none-match".into()], false);
                }
                "location" => self.location(value),
                "set-cookie" => self.cookie(value),
                _ if names::is_request_id(&name) => {
                    self.request_ids.push(value.clone());
                    self.hints.push(Hint::RequestHeader(name));
                }
                _ if names::is_secret(&name) && !value.is_empty() => {
                    self.secret(format!("header {name}"), value, name);
                }
                _ => {}
            }
        }
    }

    /// The last segment of the path is what was made.
    fn location(&mut self, value: &str) {
        let segments: Vec<&str> = value.split('/').collect();
        if let [.., collection, last] = &*segments
            && !last.is_empty()
            && !last.contains(['?', '#', '%'])
        {
            let nouns = vec![names::singular(collection)];
            self.add("header location matching ([^/]+)$".to_owned(), last, nouns, false);
        }
    }

    fn cookie(&mut self, value: &str) {
        let pair = value.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.trim().split_once('=').filter(|(_, value)| !value.is_empty()) else { return };
        let place = format!("header set-cookie matching ^{}=([^;]+)", regex::escape(name));
        self.secret(place, value, name.to_owned());
    }

    /// In the order of the document, without recursion.
    fn json(&mut self, document: &json::Document<'_>) {
        let root = document.root();
        let mut open = vec![Open {
            value: root,
            path: "$".to_owned(),
            name: String::new(),
            parent: String::new(),
            is_secret: false,
        }];
        while let Some(next) = open.pop() {
            self.visited += 1;
            if self.visited > MAX_VISITED {
                return;
            }
            let from = open.len();
            match next.value.kind() {
                json::Type::Object => open.extend(next.value.members().map(|(name, value)| {
                    let name = name.to_str_lossy().into_owned();
                    // Not what is inside: a document about passwords has members named so.
                    let is_secret = names::is_secret(&name);
                    let path = format!("{}{}", next.path, member(&name));
                    Open { value, path, name, parent: next.name.clone(), is_secret }
                })),
                json::Type::Array => open.extend(next.value.elements().enumerate().map(|(index, value)| Open {
                    value,
                    path: format!("{}[{index}]", next.path),
                    name: next.name.clone(),
                    parent: next.parent.clone(),
                    is_secret: next.is_secret,
                })),
                kind => self.leaf(&next, kind),
            }
            open[from..].reverse();
        }
    }

    fn leaf(&mut self, leaf: &Open<'_>, kind: json::Type) {
        let text = leaf.value.scalar_text().text;
        match kind {
            json::Type::Number if names::is_identity(&leaf.name) && text.bytes().all(|b| b.is_ascii_digit()) => {
                self.add(leaf.path.clone(), &text, self.nouns_of(leaf), true);
            }
            json::Type::String if text.is_empty() || text.len() > 4096 => {}
            json::Type::String if leaf.is_secret || names::looks_secret(&text) => {
                self.secret(leaf.path.clone(), &text, leaf.name.clone());
                if leaf.is_secret {
                    self.hints.push(Hint::Secret(leaf.name.clone()));
                }
            }
            json::Type::String if self.request_ids.iter().any(|id| *id == *text) => {
                self.hints.push(Hint::RequestMember(leaf.name.clone()));
            }
            json::Type::String if names::is_time(&text) && is_now(&text, self.exchange.at_us) => {
                self.hints.push(Hint::Now(leaf.name.clone()));
            }
            json::Type::String if names::is_odd(&text) || names::is_identity(&leaf.name) => {
                self.add(leaf.path.clone(), &text, self.nouns_of(leaf), false);
            }
            _ => {}
        }
    }

    fn nouns_of(&self, leaf: &Open<'_>) -> Vec<String> {
        match names::stem(&leaf.name) {
            Some(stem) if stem.is_empty() => {
                let own = (!leaf.parent.is_empty() && !WRAPPERS.contains(&&*leaf.parent.to_ascii_lowercase()))
                    .then(|| names::singular(&leaf.parent));
                own.into_iter().chain(self.nouns.iter().cloned()).collect()
            }
            Some(stem) => vec![stem],
            None => vec![leaf.name.to_ascii_lowercase()],
        }
    }
}

/// The last two words of a path, the last one first: `/students/batch` makes students.
fn nouns(target: &str) -> Vec<String> {
    let path = target.split('?').next().unwrap_or_default();
    let words = path.rsplit('/').filter(|word| word.len() > 2 && !word.starts_with(|c: char| c.is_ascii_digit()));
    words.filter(|word| *word != "api").take(2).map(names::singular).collect()
}

/// A member as a path spells it.
pub(super) fn member(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word {
        return format!(".{name}");
    }
    let mut out = String::from("['");
    for c in name.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "']"
}

fn is_now(text: &str, at_us: u64) -> bool {
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    let microseconds = instant.and_then(|instant| u64::try_from(instant.as_microsecond()).ok());
    text.len() > 10 && microseconds.is_some_and(|us| us.abs_diff(at_us) <= NOW_US)
}

/// The answer's body without its packing; what cannot be unpacked is left out.
fn unpacked(exchange: &Exchange) -> Vec<u8> {
    let Content { bytes, .. } = &exchange.response_body;
    let mut out = Vec::new();
    // A cut-off packing gives what can be had of it.
    let _ = match header(&exchange.response_headers, "content-encoding").unwrap_or("identity").trim() {
        "" | "identity" => return bytes.clone(),
        "gzip" | "x-gzip" => GzDecoder::new(&**bytes).take(MAX_UNPACKED).read_to_end(&mut out),
        "deflate" => ZlibDecoder::new(&**bytes).take(MAX_UNPACKED).read_to_end(&mut out),
        _ => return out,
    };
    out
}
