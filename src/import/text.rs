//! Text of a draft: what is sent as it is, and what is filled in when the plan runs.

/// Text whose parts are kept apart, so that nothing which was recorded is ever taken for a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<Piece>);

/// One part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Sent as it is, whatever it looks like.
    Literal(String),
    /// What stands between `{{` and `}}`: a captured variable, `unique`, or `random:1..100`.
    Hole(String),
    /// The name of an environment variable: `${NAME}`.
    Environment(String),
}

impl Text {
    /// Text that is sent as it is.
    pub fn literal(text: impl Into<String>) -> Self {
        let mut all = Self::default();
        all.push(Piece::Literal(text.into()));
        all
    }

    /// Text that is nothing but one variable.
    pub fn hole(name: impl Into<String>) -> Self {
        Self(vec![Piece::Hole(name.into())])
    }

    /// Adds a part; neighbouring literals are joined.
    pub fn push(&mut self, piece: Piece) {
        match (self.0.last_mut(), piece) {
            (_, Piece::Literal(text)) if text.is_empty() => {}
            (Some(Piece::Literal(last)), Piece::Literal(text)) => last.push_str(&text),
            (_, piece) => self.0.push(piece),
        }
    }

    /// This text with a part at its end.
    #[must_use]
    pub fn then(mut self, piece: Piece) -> Self {
        self.push(piece);
        self
    }

    /// The parts in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// As a plan spells it, before any quoting of YAML.
    pub(super) fn spelled(&self) -> String {
        let mut out = String::new();
        let mut chunk = String::new();
        for (index, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Literal(text) => chunk += &without_holes(text, index + 1 < self.0.len()),
                Piece::Hole(name) => chunk.extend(["{{", name, "}}"]),
                Piece::Environment(name) => {
                    out += &before_a_variable(&std::mem::take(&mut chunk));
                    out.extend(["${", name, "}"]);
                }
            }
        }
        out + &without_environment(&chunk)
    }

    /// As [`Self::spelled`] where text must not be empty or blank: then `{{''}}`, which stands for nothing, precedes it.
    pub(super) fn spelled_never_blank(&self) -> String {
        let spelled = self.spelled();
        if spelled.trim().is_empty() { format!("{NOTHING}{spelled}") } else { spelled }
    }

    /// As [`Self::spelled`] for a JSON string: one variable alone would become the value that was captured.
    pub(super) fn spelled_as_string(&self) -> String {
        let is_value = matches!(&*self.0, [Piece::Hole(name)] if name != "unique");
        if is_value { format!("{NOTHING}{}", self.spelled()) } else { self.spelled() }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

/// A hole that stands for nothing.
const NOTHING: &str = "{{''}}";

/// A literal in which nothing opens a hole, also not together with what follows.
fn without_holes(text: &str, something_follows: bool) -> String {
    let escaped = text.replace("{{", "{{'{{'}}");
    match escaped.strip_suffix('{').filter(|_| something_follows) {
        Some(rest) => format!("{rest}{{{{'{{'}}}}"),
        None => escaped,
    }
}

/// Text in which nothing is an environment variable.
pub(super) fn without_environment(text: &str) -> String {
    text.replace("${", "$${")
}

/// The same in front of one: a `$` at its end would be taken for an escape.
fn before_a_variable(text: &str) -> String {
    let escaped = without_environment(text);
    match escaped.strip_suffix('$') {
        Some(rest) => format!("{rest}{{{{'$'}}}}"),
        None => escaped,
    }
}
