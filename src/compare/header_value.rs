//! What the values of well-known headers say, so that another spelling of the same is told from another value.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::moment::http_date;
use super::own_url::OwnUrl;
use super::scalar::{self, Verdict};
use crate::record::Class;
use crate::role::Pair;

/// Headers that are lists (RFC 9110, 5.6.1): values that are repeated and values joined by commas are the same. Case
/// says nothing in those that are marked, nor does order in those that are sets.
const LISTS: &[List] = &[
    List { name: "accept-patch", ignores_case: true, is_set: true },
    List { name: "accept-ranges", ignores_case: true, is_set: true },
    List { name: "access-control-allow-headers", ignores_case: true, is_set: true },
    List { name: "access-control-allow-methods", ignores_case: false, is_set: true },
    List { name: "access-control-expose-headers", ignores_case: true, is_set: true },
    List { name: "allow", ignores_case: false, is_set: true },
    List { name: "cache-control", ignores_case: true, is_set: true },
    List { name: "content-encoding", ignores_case: true, is_set: false },
    List { name: "content-language", ignores_case: true, is_set: false },
    List { name: "vary", ignores_case: true, is_set: true },
];

struct List {
    name: &'static str,
    ignores_case: bool,
    is_set: bool,
}

/// Whether repeated values of a header are one list.
pub(super) fn is_list(name: &str) -> bool {
    LISTS.iter().any(|list| list.name == name)
}

/// Two values of one header.
pub(super) fn compare(urls: &Pair<OwnUrl<'_>>, name: &str, baseline: &[u8], candidate: &[u8]) -> Verdict {
    let class = scalar::plain(urls, baseline, candidate)?;
    let alike = match name {
        "content-type" => MediaType::parse(baseline) == MediaType::parse(candidate),
        "set-cookie" => Cookie::parse(baseline) == Cookie::parse(candidate),
        "location" | "content-location" => {
            let (baseline, candidate) = (own_path(&urls.baseline, baseline), own_path(&urls.candidate, candidate));
            scalar::texts(urls, baseline, candidate) != Some(Class::Breaking)
        }
        "expires" | "last-modified" | "retry-after" => {
            http_date(baseline).is_some_and(|instant| http_date(candidate) == Some(instant))
        }
        _ => LISTS
            .iter()
            .find(|list| list.name == name)
            .is_some_and(|list| list.items(baseline) == list.items(candidate)),
    };
    if alike { Some(Class::Representation) } else { Some(class) }
}

/// An absolute URL of the side itself, with or without its scheme, as the path that it names.
fn own_path<'v>(url: &OwnUrl<'_>, value: &'v [u8]) -> &'v [u8] {
    url.path_of(value).or_else(|| url.path_without_scheme(value)).unwrap_or(value)
}

/// Elements of a list.
pub(super) fn items(value: &[u8]) -> Vec<Vec<u8>> {
    split_outside_quotes(value, b',').filter(|item| !item.is_empty()).map(<[u8]>::to_vec).collect()
}

impl List {
    fn items(&self, value: &[u8]) -> Vec<Vec<u8>> {
        let mut items = items(value);
        if self.ignores_case {
            for item in &mut items {
                item.make_ascii_lowercase();
            }
        }
        if self.is_set {
            items.sort_unstable();
        }
        items
    }
}

/// The value of `content-type`, with what says nothing left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MediaType {
    /// `application/json`, in lower case; empty: there is none.
    essence: String,
    /// In lower case and sorted; without a charset that the type has anyway.
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// The media type of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        headers.get(CONTENT_TYPE).map(|value| Self::parse(value.as_bytes())).unwrap_or_default()
    }

    fn parse(value: &[u8]) -> Self {
        let mut parts = split_outside_quotes(value, b';').map(String::from_utf8_lossy);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut parameters: Vec<_> = parts.filter(|part| !part.is_empty()).map(|part| parameter(&part)).collect();
        parameters.sort_unstable();
        let mut parsed = Self { essence, parameters };
        if parsed.is_json() {
            // JSON is UTF-8 (RFC 8259, 8.1).
            parsed.parameters.retain(|(name, value)| name != "charset" || value != "utf-8");
        }
        parsed
    }

    /// Whether a body of this type is JSON.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.essence.as_str(), "application/json" | "text/json") || self.essence.ends_with("+json")
    }

    /// Whether a body of this type has lines.
    pub(super) fn is_text(&self) -> bool {
        self.essence.starts_with("text/")
    }
}

/// Name and value of `name=value`, `name="value"`. The value of a charset has no case; others may have.
fn parameter(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim().trim_matches('"');
    let value = if name == "charset" { value.to_ascii_lowercase() } else { value.to_owned() };
    (name, value)
}

/// The value of `set-cookie`, its attributes sorted.
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    /// `name=value`
    pair: Vec<u8>,
    /// Names in lower case, with their values.
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Cookie {
    fn parse(value: &[u8]) -> Self {
        let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let pair = parts.next().unwrap_or_default().to_vec();
        let mut attributes: Vec<_> = parts.filter(|part| !part.is_empty()).map(cookie_attribute).collect();
        attributes.sort();
        Self { pair, attributes }
    }
}

fn cookie_attribute(part: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let split = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
    let (name, value) = part.split_at(split);
    let (name, value) = (name.trim_ascii().to_ascii_lowercase(), value.trim_ascii());
    let value = match &*name {
        // RFC 6265, 5.2.3: a dot at the front and case say nothing.
        b"domain" => {
            value.strip_prefix(b"=.").unwrap_or(value.strip_prefix(b"=").unwrap_or(value)).to_ascii_lowercase()
        }
        b"samesite" => value.to_ascii_lowercase(),
        b"expires" => {
            let instant = value.strip_prefix(b"=").and_then(http_date);
            instant.map_or_else(|| value.to_vec(), |seconds| seconds.to_string().into_bytes())
        }
        _ => value.to_vec(),
    };
    (name, value)
}

/// Pieces between separators that stand in no quoted string, without white space at their ends.
fn split_outside_quotes(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut is_quoted = false;
    value
        .split(move |byte| {
            is_quoted ^= *byte == b'"';
            *byte == separator && !is_quoted
        })
        .map(<[u8]>::trim_ascii)
}
