//! A JSON text that can still be taken apart: what generated bodies are until they are sent.
//!
//! Not `serde_json::Value`, because what is worth sending is often what that type cannot hold: `1e999`, a name twice, a
//! lone surrogate, a text that breaks off.

use std::fmt::Write as _;

/// A piece of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// As it is written, sound or not.
    Raw(String),
    /// A string that no earlier attempt has sent.
    Fresh(Fresh),
    /// An array.
    Array(Vec<Self>),
    /// Members in order; a name may come twice.
    Object(Vec<(String, Self)>),
}

/// A text with a part that is new in every attempt, so that a sequence can be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fresh {
    /// The same number gives the same text within one attempt.
    pub(super) number: u32,
    /// What stands before it.
    pub(super) before: &'static str,
    /// What stands behind it.
    pub(super) after: &'static str,
}

impl Fresh {
    pub(super) fn text(&self, attempt: &str) -> String {
        format!("{}{attempt}x{}{}", self.before, self.number, self.after)
    }
}

impl Json {
    /// A string as JSON writes it.
    pub(super) fn string(text: &str) -> Self {
        Self::Raw(quoted(text))
    }

    /// The text of one attempt.
    pub(super) fn write(&self, attempt: &str) -> String {
        let mut out = String::new();
        self.write_to(&mut out, attempt);
        out
    }

    fn write_to(&self, out: &mut String, attempt: &str) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Fresh(fresh) => out.push_str(&quoted(&fresh.text(attempt))),
            Self::Array(elements) => {
                list(out, '[', elements, ']', |out, element| element.write_to(out, attempt));
            }
            Self::Object(members) => list(out, '{', members, '}', |out, (name, value)| {
                let _ = write!(out, "{}:", quoted(name));
                value.write_to(out, attempt);
            }),
        }
    }

    /// How many pieces it has, itself counted.
    pub(super) fn pieces(&self) -> usize {
        1 + match self {
            Self::Array(elements) => elements.iter().map(Self::pieces).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.pieces()).sum::<usize>(),
            _ => 0,
        }
    }

    /// Piece number `number` in document order, 0 being the whole.
    pub(super) fn piece(&mut self, number: usize) -> Option<&mut Self> {
        let mut ahead = vec![self];
        let mut left = number;
        while let Some(piece) = ahead.pop() {
            if left == 0 {
                return Some(piece);
            }
            left -= 1;
            match piece {
                Self::Array(elements) => ahead.extend(elements.iter_mut().rev()),
                Self::Object(members) => ahead.extend(members.iter_mut().rev().map(|(_, value)| value)),
                _ => {}
            }
        }
        None
    }

    /// Everything that is this with one member or element less, outer ones first.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        match self {
            Self::Array(elements) => {
                for at in 0..elements.len() {
                    let mut rest = elements.clone();
                    rest.remove(at);
                    all.push(Self::Array(rest));
                }
                for (at, element) in elements.iter().enumerate() {
                    all.extend(element.smaller().into_iter().map(|smaller| {
                        let mut changed = elements.clone();
                        changed[at] = smaller;
                        Self::Array(changed)
                    }));
                }
            }
            Self::Object(members) => {
                for at in 0..members.len() {
                    let mut rest = members.clone();
                    rest.remove(at);
                    all.push(Self::Object(rest));
                }
                for (at, (_, value)) in members.iter().enumerate() {
                    all.extend(value.smaller().into_iter().map(|smaller| {
                        let mut changed = members.clone();
                        changed[at].1 = smaller;
                        Self::Object(changed)
                    }));
                }
            }
            Self::Raw(text) if text.len() > 40 => all.push(Self::Raw(shortened(text))),
            _ => {}
        }
        all
    }
}

/// Half of a long literal, still a string if it was one.
fn shortened(text: &str) -> String {
    let half = text.chars().take(text.chars().count() / 2).collect::<String>();
    if text.starts_with('"') && text.ends_with('"') { format!("{}\"", half.trim_end_matches('\\')) } else { half }
}

fn list<T>(out: &mut String, open: char, items: &[T], close: char, mut write: impl FnMut(&mut String, &T)) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(close);
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Json {
        Json::Object(vec![
            ("a".into(), Json::Raw("1e999".into())),
            (
                "b".into(),
                Json::Array(vec![
                    Json::Fresh(Fresh { number: 3, before: "n-", after: "@example.org" }),
                    Json::Raw("17".into()),
                ]),
            ),
            ("a".into(), Json::string("x\"y")),
        ])
    }

    #[test]
    fn each_attempt_has_texts_of_its_own() {
        assert_eq!(sample().write("q"), r#"{"a":1e999,"b":["n-qx3@example.org",17],"a":"x\"y"}"#);
        assert_eq!(sample().write("r"), r#"{"a":1e999,"b":["n-rx3@example.org",17],"a":"x\"y"}"#);
    }

    #[test]
    fn pieces_are_numbered_in_document_order() {
        let mut json = sample();
        assert_eq!(json.pieces(), 6);
        assert_eq!(json.piece(1), Some(&mut Json::Raw("1e999".into())));
        assert_eq!(json.piece(5), Some(&mut Json::string("x\"y")));
        assert_eq!(json.piece(6), None);
    }

    #[test]
    fn whatever_is_smaller_has_fewer_pieces_or_less_text() {
        let json = Json::Array(vec![sample(), Json::string(&"é".repeat(50))]);
        let length = json.write("q").len();
        let smaller = json.smaller();
        assert_eq!(smaller.len(), 2 + 3 + 2 + 1);
        assert!(smaller.iter().all(|json| json.write("q").len() < length));
    }
}
