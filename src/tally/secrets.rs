//! What must not get into a record: tokens and passwords, wherever an answer shows them.

use std::borrow::Cow;
use std::ops::Range;

/// What stands where a secret was.
const MASK: &str = "[secret]";
/// Parts of the names of members and headers whose values are secrets.
const NAMES: [&str; 7] = ["token", "password", "passwd", "secret", "authorization", "api_key", "apikey"];
/// Shortest text that is looked for as a whole: shorter ones would mask half of every answer.
const SHORTEST: usize = 8;
/// JSON in a text in a text is read so deep.
const DEEPEST_TEXT: usize = 3;

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

    /// A value as it may be kept. `place` is where it was found; whatever lies below a telling name is a secret.
    pub fn mask(&self, place: &str, value: &str) -> String {
        if place.split(['.', '[']).any(is_secret_name) {
            return MASK.to_owned();
        }
        if place == "header set-cookie" || place == "header cookie" {
            return mask_cookie(value);
        }
        let known = self.known.iter().fold(value.to_owned(), |value, secret| value.replace(secret.as_str(), MASK));
        mask_pairs(&mask_members(&known, DEEPEST_TEXT))
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

/// What members with a telling name have for their value, in a piece of JSON that may be cut off: texts, and arrays and
/// objects as a whole. `levels`: how deep JSON is looked for in texts.
fn mask_members(json: &str, levels: usize) -> String {
    let mut out = String::with_capacity(json.len());
    let mut done = 0;
    for telling in Telling::all(json) {
        let range = telling.range();
        out.push_str(&json[done..range.start]);
        out.push_str(MASK);
        done = range.end;
        if matches!(telling, Telling::Text { .. }) && done == json.len() {
            // The string was cut off.
            out.push('"');
        }
    }
    out.push_str(&json[done..]);
    if levels > 0 && out.contains(r#"\""#) { mask_in_texts(&out, levels - 1) } else { out }
}

/// The same for JSON that stands in a string of JSON.
fn mask_in_texts(json: &str, levels: usize) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let content = content(rest, start);
        let (before, text) = (&rest[..content.start], &rest[content.clone()]);
        rest = &rest[content.end..];
        out.push_str(before);
        out.push_str(&masked_text(text, levels));
        if rest.starts_with('"') {
            out.push('"');
            rest = &rest[1..];
        }
    }
    out + rest
}

/// The content of a string of JSON, which may be cut off.
fn masked_text(text: &str, levels: usize) -> Cow<'_, str> {
    if !text.contains(r#"\""#) {
        return Cow::Borrowed(text);
    }
    match serde_json::from_str::<String>(&format!("\"{text}\"")) {
        Ok(plain) => {
            let masked = mask_members(&plain, levels);
            let written = serde_json::Value::from(&*masked).to_string();
            if masked == plain { Cow::Borrowed(text) } else { Cow::Owned(written[1..written.len() - 1].to_owned()) }
        }
        // What cannot be read might be anything.
        Err(_) if is_secret_name(text) => Cow::Borrowed(MASK),
        Err(_) => Cow::Borrowed(text),
    }
}

/// `name=value` with a telling name, as in a query, a form or a list of parameters.
fn mask_pairs(text: &str) -> String {
    if !text.contains(['?', '&', ';', '#']) {
        return text.to_owned();
    }
    let is_of_name = |c: char| c.is_alphanumeric() || "_-.[]%$".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = &before[before.rfind(|c| !is_of_name(c)).map_or(0, |at| before.ceil_char_boundary(at + 1))..];
        out.push_str(&rest[..=at]);
        rest = after;
        if is_secret_name(name) && !after.starts_with(MASK) {
            let quote = after.len() - after.trim_start_matches(['\\', '"']).len();
            let value = &after[quote..];
            let end = value.find(|c: char| c.is_whitespace() || "&;#,\"'<>\\".contains(c)).unwrap_or(value.len());
            if end > 0 {
                out.push_str(&after[..quote]);
                out.push_str(MASK);
                rest = &value[end..];
            }
        }
    }
    out + rest
}

/// The value of a member with a telling name.
enum Telling {
    /// The content of a string.
    Text { name: String, content: Range<usize> },
    /// An array or object; `inner` are the texts and numbers in it.
    Container { whole: Range<usize>, inner: Vec<(String, Range<usize>)> },
}

impl Telling {
    fn range(&self) -> Range<usize> {
        match self {
            Self::Text { content, .. } => content.clone(),
            Self::Container { whole, .. } => whole.clone(),
        }
    }

    /// All of a piece of JSON, in their order.
    fn all(json: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some((before, name, _)) = next_string(&json[at..]) {
            let after = at + before.len() + name.len();
            at = after;
            let value = json[after..].trim_start().strip_prefix(':').map(str::trim_start);
            let Some(value) = value.filter(|value| value.starts_with(['"', '{', '[']) && is_secret_name(name)) else {
                continue;
            };
            let (start, name) = (json.len() - value.len(), name.trim_matches('"'));
            if value.starts_with('"') {
                let content = content(json, start);
                at = (content.end + 1).min(json.len());
                found.push(Self::Text { name: name.to_owned(), content });
            } else {
                let telling = container(json, start, name);
                at = telling.range().end;
                found.push(telling);
            }
        }
        found
    }
}

/// Where the content of the string that begins at `start` stands.
fn content(json: &str, start: usize) -> Range<usize> {
    let length = next_string(&json[start..]).map(|(_, string, _)| string.len());
    start + 1..length.map_or(json.len(), |length| start + length - 1)
}

/// The array or object that begins at `start`, to its end or to that of the text.
fn container(json: &str, start: usize, name: &str) -> Telling {
    let mut inner = Vec::new();
    let (mut at, mut open, mut name) = (start, 0_usize, name.to_owned());
    while let Some(first) = json[at..].chars().next() {
        let mut next = at + first.len_utf8();
        match first {
            '{' | '[' => open += 1,
            '}' | ']' => open -= 1,
            '"' => {
                let text = content(json, at);
                next = (text.end + 1).min(json.len());
                if json[next..].trim_start().starts_with(':') {
                    json[text].clone_into(&mut name);
                } else {
                    inner.push((name.clone(), text));
                }
            }
            '-' | '0'..='9' => {
                let end = json[at..].find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
                next = end.map_or(json.len(), |end| at + end);
                inner.push((name.clone(), at..next));
            }
            _ => {}
        }
        at = next;
        if open == 0 {
            break;
        }
    }
    Telling::Container { whole: start..at, inner }
}

/// Values of a piece of JSON, which may be cut off, that are secrets by the name of their member or of one around it: the
/// name, and where the content of the text, or the number, stands.
pub fn secret_members(json: &str) -> Vec<(String, Range<usize>)> {
    let values = Telling::all(json).into_iter().flat_map(|telling| match telling {
        Telling::Text { name, content } => vec![(name, content)],
        Telling::Container { inner, .. } => inner,
    });
    values.collect()
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
        let cases = [
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
            ("$.tokens.access", "\"abc\"", "[secret]"),
            ("$.recovery_secrets[0]", "\"abc\"", "[secret]"),
            ("$.users[3]['api keys'].first", "\"abc\"", "\"abc\""),
            ("body", r#"{"n":[1,{"tokens":{"a":"x}","b":[7]},"m":2}]}"#, r#"{"n":[1,{"tokens":[secret],"m":2}]}"#),
            ("body", r#"{"token" : ["a", "b"#, r#"{"token" : [secret]"#),
            // Numbers alone count things more often than they are secrets.
            ("body", r#"{"tokens_used":17,"token":null}"#, r#"{"tokens_used":17,"token":null}"#),
            ("$.log", r#""{\"a\":1,\"token\":{\"value\":\"x\"}}""#, r#""{\"a\":1,\"token\":[secret]}""#),
            ("$.log", r#""{\"a\":1,\"password\":\"x\\\"y\"}""#, r#""{\"a\":1,\"password\":\"[secret]\"}""#),
            ("$.log", r#""a \"quoted\" word""#, r#""a \"quoted\" word""#),
            ("header location", "/cb?state=1&access_token=eyJ.a-b&n=2", "/cb?state=1&access_token=[secret]&n=2"),
            ("header location", "https://a/cb#access_token=abc", "https://a/cb#access_token=[secret]"),
            (
                "$.next",
                r#""/cb?token_type=bearer&user[password]=a%20b""#,
                r#""/cb?token_type=bearer&user[password]=[secret]""#,
            ),
            ("header x", "realm=a; refresh-token=\"abc\"; n=1", "realm=a; refresh-token=\"[secret]\"; n=1"),
            ("body", "password=hunter2&n=1", "password=[secret]&n=1"),
            ("body", "é?tokené=ü&x==&=", "é?tokené=[secret]&x==&="),
            ("$.text", "\"tokens = 17, and a = b\"", "\"tokens = 17, and a = b\""),
        ];
        let masked = cases.map(|(place, value, _)| format!("{place} {value} {}", secrets.mask(place, value)));
        let expected = cases.map(|(place, value, kept)| format!("{place} {value} {kept}"));
        let wrong: Vec<_> = masked.iter().zip(&expected).filter(|(masked, expected)| masked != expected).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_a_request_shows_of_a_secret_is_found_piece_by_piece() {
        let json =
            r#"{"n":1,"token":{"value":"x","ids":[12,-3e4],"of":{"deep":"y"}},"password":"z","m":"a","tokens":["cut"#;
        let found: Vec<(String, &str)> =
            secret_members(json).into_iter().map(|(name, range)| (name, &json[range])).collect();
        let expected =
            [("value", "x"), ("ids", "12"), ("ids", "-3e4"), ("deep", "y"), ("password", "z"), ("tokens", "cut")];
        assert_eq!(found, expected.map(|(name, text)| (name.to_owned(), text)));
    }

    #[test]
    fn any_text_is_masked_in_time_and_without_a_panic() {
        let secrets = Secrets::new([]);
        for piece in ["{\"token\":", "[", "\"token\":{\"", "\\\"", "token=", "?token=&", "\"é\\", "}]\"token\":[1"] {
            let text = piece.repeat(20_000);
            for end in 0..4 {
                let end = text.floor_char_boundary(text.len() - end);
                assert!(!secrets.mask("body", &text[..end]).is_empty());
            }
        }
    }
}
