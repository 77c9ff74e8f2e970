//! Path templates: `/students/{id}`, and which of them a path fits.

/// A path with places for parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Vec<Part>>,
    specificity: Vec<Rank>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

/// How much a segment says; less is more special.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Literal,
    Mixed,
    Variable,
}

impl PathTemplate {
    /// Reads a template. A brace without its partner is an ordinary character.
    pub fn parse(text: &str) -> Self {
        let segments: Vec<Vec<Part>> = text.split('/').skip(1).map(parts).collect();
        let specificity = segments.iter().map(|parts| rank(parts)).collect();
        Self { text: text.to_owned(), segments, specificity }
    }

    /// The names of its variables in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flatten().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path with a value in place of each variable; the values go in as they are.
    pub fn fill(&self, mut value: impl FnMut(&str) -> String) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for part in segment {
                match part {
                    Part::Literal(text) => path.push_str(text),
                    Part::Variable(name) => path.push_str(&value(name)),
                }
            }
        }
        path
    }

    pub(super) fn specificity(&self) -> &[Rank] {
        &self.specificity
    }

    /// The values of the variables, if a path is of this form. An empty value is none.
    pub(super) fn fit(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let mut values = Vec::new();
        let mut given = path.split('/');
        given.next().filter(|before| before.is_empty())?;
        for segment in &self.segments {
            fit(segment, given.next()?, &mut values)?;
        }
        given.next().is_none().then_some(values)
    }
}

impl std::fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn parts(segment: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = segment;
    while let Some((before, name, after)) = variable(rest) {
        if !before.is_empty() {
            parts.push(Part::Literal(decoded(before)));
        }
        parts.push(Part::Variable(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(decoded(rest)));
    }
    parts
}

/// What stands before the first variable, its name, and what follows.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn rank(parts: &[Part]) -> Rank {
    match parts {
        [Part::Variable(_)] => Rank::Variable,
        parts if parts.iter().any(|part| matches!(part, Part::Variable(_))) => Rank::Mixed,
        _ => Rank::Literal,
    }
}

/// Fits one segment. A variable takes as little as lets the literal after it follow.
fn fit<'t>(parts: &'t [Part], segment: &str, values: &mut Vec<(&'t str, String)>) -> Option<()> {
    let mut rest = decoded(segment);
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Literal(text) => rest = rest.strip_prefix(text.as_str())?.to_owned(),
            Part::Variable(name) => {
                let end = match parts.get(at + 1) {
                    Some(Part::Literal(next)) if at + 2 == parts.len() => rest.len().checked_sub(next.len())?,
                    Some(Part::Literal(next)) => rest.find(next.as_str())?,
                    _ => rest.len(),
                };
                let value = rest.get(..end).filter(|value| !value.is_empty())?.to_owned();
                rest = rest[end..].to_owned();
                values.push((name, value));
            }
        }
    }
    rest.is_empty().then_some(())
}

/// The parameters of a query, decoded, `+` as a blank.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Text in which what is not unreserved is `%41` (RFC 3986, 2.3), so that it stands for itself anywhere in a URL.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Text with its `%41` decoded; what is not UTF-8 becomes the replacement character.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(decoded) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
