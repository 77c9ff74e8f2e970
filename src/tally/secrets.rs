//! What must not get into a record: tokens and passwords, wherever an answer shows them.

use std::ops::Range;

/// What stands where a secret was.
const MASK: &str = "[secret]";
/// Parts of the names of members and headers whose values are secrets.
const NAMES: [&str; 7] = ["token", "password", "passwd", "secret", "authorization", "api_key", "apikey"];
/// Shortest text that is looked for as a whole: shorter ones would mask half of every answer.
const SHORTEST: usize = 8;

/// Texts that are known to be secrets, and rules for those that are not.
#[derive(Debug, Clone)]
pub struct Secrets {
    known: Vec<String>,
}

impl Secrets {
    /// The texts are what the logins captured.
    pub fn new(known: impl IntoIterator<Item = String>) -> Self {
        Self { known: known.into_iter().filter(|text| text.len() >= SHORTEST).collect() }
    }

    /// More texts of the same kind.
    pub fn add(&mut self, known: impl IntoIterator<Item = String>) {
        self.known.extend(known.into_iter().filter(|text| text.len() >= SHORTEST));
    }

    /// A value as it may be kept. `place` is where it was found.
    pub fn mask(&self, place: &str, value: &str) -> String {
        let last = place.rsplit(['.', '[']).next().unwrap_or(place);
        if is_secret_name(last) {
            return MASK.to_owned();
        }
        if place == "header set-cookie" || place == "header cookie" {
            return mask_cookie(value);
        }
        let known = self.known.iter().fold(value.to_owned(), |value, secret| value.replace(secret.as_str(), MASK));
        mask_members(&known)
    }
}

/// Whether what has this name is a secret, as far as a name can tell.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    NAMES.iter().any(|secret| name.contains(secret)) && !name.contains("token_type")
}

/// `name=value; Path=/` keeps its name and attributes.
fn mask_cookie(value: &str) -> String {
    let (pair, attributes) = value.split_once(';').map_or((value, ""), |(pair, rest)| (pair, rest));
    let name = pair.split('=').next().unwrap_or_default();
    let attributes = if attributes.is_empty() { String::new() } else { format!(";{attributes}") };
    format!("{name}={MASK}{attributes}")
}

/// Strings that are values of members with a telling name, in a piece of JSON that may be cut off.
fn mask_members(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut done = 0;
    for (_, content) in secret_members(json) {
        out.push_str(&json[done..content.start]);
        out.push_str(MASK);
        done = content.end;
        if done == json.len() {
            // The string was cut off.
            out.push('"');
        }
    }
    out.push_str(&json[done..]);
    out
}

/// Members of a piece of JSON, which may be cut off, that have a telling name and a string for their value: the name,
/// and where the content of the string stands.
pub fn secret_members(json: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((before, name, _)) = next_string(&json[at..]) {
        let after = at + before.len() + name.len();
        at = after;
        let rest = json[after..].trim_start();
        let value = rest.strip_prefix(':').map(str::trim_start).filter(|value| value.starts_with('"'));
        if let Some(value) = value.filter(|_| is_secret_name(name)) {
            let start = json.len() - value.len() + 1;
            let end = next_string(value).map_or(json.len(), |(_, string, _)| start + string.len() - 2);
            found.push((name.trim_matches('"').to_owned(), start..end));
            at = (end + 1).min(json.len());
        }
    }
    found
}

/// What stands before the next quoted string, the string with its quotes, and what follows.
fn next_string(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('"')?;
    let mut escaped = false;
    let end = text[start + 1..].char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(start + 1 + at + 1)
    })?;
    Some((&text[..start], &text[start..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_else_is() {
        let secrets = Secrets::new(["0123456789abcdef".to_owned(), "short".to_owned()]);
        for (place, value, kept) in [
            ("$.access_token", "\"abc\"", "[secret]"),
            ("$.user['new Password']", "\"abc\"", "[secret]"),
            ("$.token_type", "\"bearer\"", "\"bearer\""),
            ("header authorization", "Bearer abc", "[secret]"),
            ("header x-api-key", "abc", "[secret]"),
            ("header set-cookie", "sid=abc; Path=/; HttpOnly", "sid=[secret]; Path=/; HttpOnly"),
            ("header etag", "\"3\"", "\"3\""),
            ("$.name", "\"a short one\"", "\"a short one\""),
            ("body", "token 0123456789abcdef!", "token [secret]!"),
            ("$.session", r#"{"id":1,"api_token": "x\"y","n":2}"#, r#"{"id":1,"api_token": "[secret]","n":2}"#),
            ("$.session", r#"{"refresh_token":"cut o"#, r#"{"refresh_token":"[secret]""#),
            ("$.tokens", "[1,2]", "[secret]"),
        ] {
            assert_eq!(secrets.mask(place, value), kept, "{place} {value}");
        }
    }
}
