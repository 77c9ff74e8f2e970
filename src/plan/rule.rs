//! Compare rules: permissions to differ, each for a place and with a reason.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::JsonPath;
use crate::units::format_duration;

/// One permission to differ.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The place it is about.
    pub place: RulePlace,
    /// What may differ there.
    pub kind: RuleKind,
    /// Why; printed in every report.
    pub reason: String,
    /// Only for this flow.
    pub flow: Option<String>,
    /// Only for this step.
    pub step: Option<String>,
}

/// In one line that stays the same from run to run: `uuid $.id`, `number within 1e-9 $..mean only in browse / list`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.place)?;
        match (&self.flow, &self.step) {
            (Some(flow), Some(step)) => write!(f, " only in {flow} / {step}"),
            (Some(name), None) | (None, Some(name)) => write!(f, " only in {name}"),
            (None, None) => Ok(()),
        }
    }
}

/// The place that a rule is about.
#[derive(Debug, Clone)]
pub enum RulePlace {
    /// Places in a JSON body.
    Body(JsonPath),
    /// A header, in lower case.
    Header(String),
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(path) => write!(f, "{path}"),
            Self::Header(name) => write!(f, "header {name}"),
        }
    }
}

/// What may differ at a place.
#[derive(Debug, Clone)]
pub enum RuleKind {
    /// Anything.
    Ignore,
    /// Two instants at most this far apart, both with the same way of writing.
    Datetime {
        /// Largest distance.
        within: Duration,
    },
    /// Two UUIDs, whichever.
    Uuid,
    /// Two numbers that are near each other.
    Number {
        /// Largest distance.
        within: Tolerance,
    },
    /// An array, or the values of a header, in any order.
    Unordered,
    /// An array in any order, whose elements belong together by what they have at a path.
    Keyed {
        /// The path, from an element.
        by: JsonPath,
    },
    /// Two texts that both match.
    Matches {
        /// Found somewhere in the text, unless it says `^` and `$`.
        pattern: regex::bytes::Regex,
    },
    /// Two values, with all below them, that both fit a JSON Schema.
    Schema {
        /// The schema, ready to be asked.
        schema: Arc<jsonschema::Validator>,
    },
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("ignore"),
            Self::Datetime { within } => write!(f, "datetime within {}", format_duration(*within)),
            Self::Uuid => f.write_str("uuid"),
            Self::Number { within } => write!(f, "number within {within}"),
            Self::Unordered => f.write_str("unordered"),
            Self::Keyed { by } => write!(f, "keyed by {by}"),
            Self::Matches { pattern } => write!(f, "matches /{pattern}/"),
            Self::Schema { .. } => f.write_str("schema"),
        }
    }
}

/// Largest distance of two numbers, as a decimal that is never rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tolerance {
    /// So much, whatever the numbers; a JSON number.
    Absolute(String),
    /// So many percent of the one that is farther from zero; a JSON number.
    Percent(String),
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(number) => f.write_str(number),
            Self::Percent(number) => write!(f, "{number}%"),
        }
    }
}
