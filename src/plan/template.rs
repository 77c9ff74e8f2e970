//! Text with `{{variables}}` in it, taken apart once so that rendering a request is copying.
//!
//! A text in quotes in place of a name stands for itself: `{{'{{'}}` is `{{`, and `{{''}}` is nothing, which makes
//! `"{{''}}{{id}}"` in a JSON body text whatever `id` was captured as.

/// Text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The pieces in order; neighbouring literals are joined.
    pub parts: Vec<Part>,
}

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Copied as it is.
    Literal(String),
    /// `{{name}}`: the value of a variable, by its index in the flow's list.
    Variable(usize),
    /// `{{unique}}`: text that no other iteration of the run has, the same on both sides and throughout one iteration.
    Unique,
    /// `{{random:LOW..HIGH}}`: a whole number, both ends included, drawn from the run's seed, the same on both sides.
    Random {
        /// Smallest.
        low: u64,
        /// Largest.
        high: u64,
    },
}

/// A JSON document with variables, serialised already: literals are JSON text, values are put between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonTemplate {
    /// The pieces in order.
    pub parts: Vec<JsonPart>,
}

/// One piece of a JSON template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonPart {
    /// JSON text, copied as it is.
    Literal(String),
    /// Part of a string: the value's text, escaped for the inside of a JSON string.
    InString(Part),
    /// A string that was nothing but one variable: the value as the JSON that it was captured as; a random number
    /// as a number.
    Value(Part),
}

/// What is wrong with one `{{…}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateError {
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// Finds a variable by name: its index, or a message and a hint.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Result<usize, (String, Option<String>)>;

impl Template {
    /// Text without variables.
    pub fn literal(text: &str) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Literal(text.to_owned())] };
        Self { parts }
    }

    /// Takes a text apart. All its problems are told; the template is then without the wrong pieces.
    pub(super) fn compile(text: &str, lookup: Lookup<'_>) -> (Self, Vec<TemplateError>) {
        let mut parts = Vec::new();
        let mut errors = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Literal(literal) => push(&mut parts, Part::Literal(literal.to_owned())),
                Piece::Hole { offset, length, name } => match part(name, lookup) {
                    Ok(part) => push(&mut parts, part),
                    Err((message, hint)) => errors.push(TemplateError { offset, length, message, hint }),
                },
                Piece::Open(offset) => errors.push(TemplateError {
                    offset,
                    length: 2,
                    message: "`{{` is not closed".to_owned(),
                    hint: Some("add `}}`".to_owned()),
                }),
            }
        }
        (Self { parts }, errors)
    }
}

/// Neighbouring literals are joined.
fn push(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Literal(last)), Part::Literal(next)) => last.push_str(&next),
        (_, part) => parts.push(part),
    }
}

/// The names in a text's holes, with their places: for texts that are filled in elsewhere.
pub(super) fn holes(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Hole { offset, length, name } => Some((offset, length, name)),
        Piece::Literal(_) | Piece::Open(_) => None,
    })
}

/// The text with each hole written without blanks, `{{port}}`, so that whoever fills it in knows one spelling only.
pub(super) fn canonical(text: &str) -> String {
    let written = |piece| match piece {
        Piece::Literal(literal) => literal.to_owned(),
        Piece::Hole { name, .. } => format!("{{{{{name}}}}}"),
        Piece::Open(offset) => text[offset..].to_owned(),
    };
    pieces(text).into_iter().map(written).collect()
}

enum Piece<'a> {
    Literal(&'a str),
    Hole {
        offset: usize,
        length: usize,
        name: &'a str,
    },
    /// `{{` that is never closed.
    Open(usize),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        if open > at {
            pieces.push(Piece::Literal(&text[at..open]));
        }
        let Some(close) = text[open..].find("}}").map(|found| open + found) else {
            pieces.push(Piece::Open(open));
            return pieces;
        };
        at = close + 2;
        pieces.push(Piece::Hole { offset: open, length: at - open, name: text[open + 2..close].trim() });
    }
    if at < text.len() {
        pieces.push(Piece::Literal(&text[at..]));
    }
    pieces
}

fn part(name: &str, lookup: Lookup<'_>) -> Result<Part, (String, Option<String>)> {
    if name == "unique" {
        return Ok(Part::Unique);
    }
    if let Some(text) = quoted(name) {
        return Ok(Part::Literal(text.to_owned()));
    }
    match name.strip_prefix("random") {
        Some(range) if range.is_empty() || range.starts_with(':') => random(range),
        _ => lookup(name).map(Part::Variable),
    }
}

/// What stands between two quotes of one kind.
fn quoted(name: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote))
}

fn random(range: &str) -> Result<Part, (String, Option<String>)> {
    let hint = || Some("write it like `{{random:1..100}}`".to_owned());
    let bounds = range.strip_prefix(':').and_then(|range| range.split_once(".."));
    let numbers = bounds.and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    match numbers {
        None => Err(("`random` needs two whole numbers".to_owned(), hint())),
        Some((low, high)) if low > high => Err((format!("nothing lies between {low} and {high}"), hint())),
        Some((low, high)) => Ok(Part::Random { low, high }),
    }
}

/// Whether a variable may have this name.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !matches!(name, "unique" | "random")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> (Template, Vec<TemplateError>) {
        Template::compile(text, &|name| match name {
            "id" => Ok(0),
            "etag" => Ok(1),
            _ => Err((format!("no `{name}`"), None)),
        })
    }

    #[test]
    fn text_is_taken_apart_at_its_variables() {
        use Part::{Random, Unique, Variable};
        let literal = |text: &str| Part::Literal(text.to_owned());
        for (text, expected) in [
            ("", vec![]),
            ("plain } text {", vec![literal("plain } text {")]),
            ("{{id}}", vec![Variable(0)]),
            ("/a/{{ id }}?e={{etag}}!", vec![literal("/a/"), Variable(0), literal("?e="), Variable(1), literal("!")]),
            ("{{unique}}@x", vec![Unique, literal("@x")]),
            ("{{random:1..5000}}", vec![Random { low: 1, high: 5000 }]),
            ("{{random: 7 .. 7 }}", vec![Random { low: 7, high: 7 }]),
            ("a{{'{{'}}id}}{{id}}", vec![literal("a{{id}}"), Variable(0)]),
            ("{{\"{\"}}{{ '$' }}{{id}}", vec![literal("{$"), Variable(0)]),
            ("{{''}}{{id}}", vec![literal(""), Variable(0)]),
            ("{{id}}{{''}}", vec![Variable(0), literal("")]),
        ] {
            assert_eq!(compile(text), (Template { parts: expected }, vec![]), "{text}");
        }
    }

    #[test]
    fn every_wrong_hole_is_told_with_its_place() {
        let (_, errors) = compile("é{{x}} {{random}} {{random:9..1}} {{random:a..b}} {{y");
        let places: Vec<_> = errors.iter().map(|error| (error.offset, error.length)).collect();
        assert_eq!(places, [(2, 5), (8, 10), (19, 15), (35, 15), (51, 2)]);
        assert_eq!(errors[0].message, "no `x`");
        assert!(errors[2].message.contains("between 9 and 1"));
        assert!(errors[4].message.contains("not closed"));
    }

    #[test]
    fn names_are_words() {
        for (name, expected) in [("id", true), ("_a1", true), ("1a", false), ("a-b", false), ("", false)] {
            assert_eq!(is_name(name), expected, "{name}");
        }
        assert!(!is_name("unique") && !is_name("random"));
    }
}
