//! The part of JSONPath (RFC 9535) that names places: members, indices, wildcards and descendants. No filters and no
//! slices: a rule must be readable as a place.

use std::fmt;

/// A path into a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    /// The steps from the root.
    pub segments: Vec<Segment>,
    /// As it was written.
    pub source: String,
}

/// Most steps of a path: whoever walks along it keeps a bit for each.
const MOST_SEGMENTS: usize = 100;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name` or `['name']`
    Member(String),
    /// `[3]`; negative counts from the end
    Index(i64),
    /// `.*` or `[*]`: each child
    Wildcard,
    /// `..`: here and at each descendant, what follows
    Descendant,
}

/// Why a text is no path that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    /// Byte of the text at which it goes wrong.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl JsonPath {
    /// Reads a path such as `$.items[0].id`, `$['odd name']`, `$.items[*].created_at` or `$..updated_at`.
    pub fn parse(source: &str) -> Result<Self, PathError> {
        let segments = Reader { source, at: 0 }.path()?;
        if segments.len() > MOST_SEGMENTS {
            let message = format!("a path has at most {MOST_SEGMENTS} steps, this one has {}", segments.len());
            return Err(PathError { offset: 0, message, hint: Some("`..` stands for any number of steps".to_owned()) });
        }
        Ok(Self { segments, source: source.to_owned() })
    }
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn path(mut self) -> Result<Vec<Segment>, PathError> {
        if !self.take("$") {
            let hint = format!("write `$.{}`", self.source.trim_start_matches('.'));
            return Err(self.error("a path begins with `$`", Some(hint)));
        }
        let mut segments = Vec::new();
        while self.peek().is_some() {
            self.segment(&mut segments)?;
        }
        Ok(segments)
    }

    fn segment(&mut self, segments: &mut Vec<Segment>) -> Result<(), PathError> {
        if self.take("..") {
            segments.push(Segment::Descendant);
            let bracket = self.peek() == Some('[');
            segments.push(if bracket { self.bracket()? } else { self.shorthand()? });
        } else if self.take(".") {
            segments.push(self.shorthand()?);
        } else if self.peek() == Some('[') {
            segments.push(self.bracket()?);
        } else {
            let found = self.peek().unwrap_or(' ');
            return Err(self.error(&format!("`{found}` cannot follow here, only `.` or `[`"), None));
        }
        Ok(())
    }

    /// What follows a dot: a name or `*`.
    fn shorthand(&mut self) -> Result<Segment, PathError> {
        if self.take("*") {
            return Ok(Segment::Wildcard);
        }
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_' || !c.is_ascii()) {
            self.bump();
        }
        let name = &self.source[start..self.at];
        match name.chars().next() {
            None => Err(self.error("a name or `*` is missing after the dot", None)),
            Some(first) if first.is_ascii_digit() => {
                self.at = start;
                Err(self.error("a name does not begin with a digit", Some(format!("write `[{name}]` or `['{name}']`"))))
            }
            Some(_) if self.peek() == Some('-') => {
                let whole: String = self.source[start..].chars().take_while(|c| !".[".contains(*c)).collect();
                Err(self.error("`-` cannot be part of a name after a dot", Some(format!("write `['{whole}']`"))))
            }
            Some(_) => Ok(Segment::Member(name.to_owned())),
        }
    }

    fn bracket(&mut self) -> Result<Segment, PathError> {
        self.bump();
        self.blanks();
        let segment = match self.peek() {
            Some('*') => {
                self.bump();
                Segment::Wildcard
            }
            Some(quote @ ('\'' | '"')) => Segment::Member(self.quoted(quote)?),
            Some('0'..='9' | '-') => Segment::Index(self.index()?),
            other => return Err(self.unsupported(other)),
        };
        self.blanks();
        if self.take("]") { Ok(segment) } else { Err(self.unsupported(self.peek())) }
    }

    fn unsupported(&self, found: Option<char>) -> PathError {
        let (message, hint) = match found {
            None => ("the bracket is not closed", Some("add `]`")),
            Some('?') => ("filters are not supported", Some("use `[*]` for each element or one index")),
            Some(':') => ("slices are not supported", Some("use `[*]` for each element or one index")),
            Some(',') => ("several selectors in one bracket are not supported", Some("write one rule for each")),
            Some(_) => ("a bracket holds an index, `*` or a name in quotes", None),
        };
        self.error(message, hint.map(str::to_owned))
    }

    fn index(&mut self) -> Result<i64, PathError> {
        let start = self.at;
        self.take("-");
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.bump();
        }
        let text = &self.source[start..self.at];
        let canonical = text.parse::<i64>().ok().filter(|index| index.to_string() == text);
        canonical.ok_or_else(|| PathError { offset: start, message: format!("`{text}` is not an index"), hint: None })
    }

    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let opened = self.at;
        self.bump();
        let mut name = String::new();
        loop {
            match self.bump() {
                None => {
                    self.at = opened;
                    return Err(self.error("the quote is not closed", None));
                }
                Some(c) if c == quote => return Ok(name),
                Some('\\') => name.push(self.escape(quote)?),
                Some(c) => name.push(c),
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<char, PathError> {
        let offset = self.at - 1;
        let refused = |message: &str| PathError { offset, message: message.to_owned(), hint: None };
        match self.bump() {
            Some(c) if c == quote || c == '\\' || c == '/' => Ok(c),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.unicode().ok_or_else(|| refused("`\\u` needs the four digits of a character")),
            _ => Err(refused("this escape is not known")),
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let unit = self.unit()?;
        let low = if (0xd800..0xdc00).contains(&unit) && self.take("\\u") { self.unit() } else { None };
        let units = [Some(unit), low].into_iter().flatten();
        char::decode_utf16(units).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let digits =
            self.source.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.source[self.at..].starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn error(&self, message: &str, hint: Option<String>) -> PathError {
        PathError { offset: self.at, message: message.to_owned(), hint }
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
