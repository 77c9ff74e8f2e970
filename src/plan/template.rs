//! Text with `{{variables}}` in it, taken apart once so that rendering a request is copying.

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
    /// A string that was nothing but one variable: the value as the JSON that it was captured as.
    Value(Part),
}
