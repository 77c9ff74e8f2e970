//! A plan that is not a file yet. [`Draft::to_yaml`] writes it so that `plan::parse` reads the same steps again.

use super::text::Text;
use crate::role::Pair;

/// A plan that is not a file yet.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Lines at the top, for people; without `#`.
    pub comments: Vec<String>,
    /// Name of the plan; characters that a plan's name cannot have become `-`.
    pub name: String,
    /// Where the two systems are.
    pub sides: Pair<DraftSide>,
    /// `OpenAPI` document that the plan is held against, as a path or URL.
    pub contract: Option<String>,
    /// How a caller gets in.
    pub auth: Option<DraftAuth>,
    /// What is requested.
    pub flows: Vec<DraftFlow>,
    /// What may differ, and why.
    pub rules: Vec<DraftRule>,
    /// Gates, as a plan spells them.
    pub gates: Vec<String>,
}

/// A system that runs already.
#[derive(Debug, Clone)]
pub struct DraftSide {
    /// Scheme, host and port.
    pub url: String,
    /// Path that answers 2xx once it is ready; `None`: the plan's default.
    pub ready: Option<String>,
}

/// How a caller gets in.
#[derive(Debug, Clone)]
pub struct DraftAuth {
    /// The request that answers with a token.
    pub login: Option<DraftStep>,
    /// Name and value of the header that every step carries.
    pub header: (String, Text),
}

/// Requests in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DraftFlow {
    /// A line above it, for people.
    pub comment: Option<String>,
    /// Unique in the plan; `/` and control characters become `-`.
    pub name: String,
    /// Share of the arrivals.
    pub weight: u32,
    /// The requests.
    pub steps: Vec<DraftStep>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DraftStep {
    /// A line above it, for people.
    pub comment: Option<String>,
    /// Unique in its flow; `None`: method and path.
    pub name: Option<String>,
    /// One of the methods that a plan knows.
    pub method: String,
    /// Path and query, percent-encoded already.
    pub target: Text,
    /// Headers in order; no name twice.
    pub headers: Vec<(String, Text)>,
    /// What is sent.
    pub body: DraftBody,
    /// Statuses that are expected; empty: any below 400.
    pub status: Vec<u16>,
    /// Variables, and where they are in the answer as a plan spells it: `$.id`, `header ETag`.
    pub capture: Vec<(String, String)>,
    /// The plan's header is not sent.
    pub without_auth: bool,
}

/// What a request sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum DraftBody {
    /// Nothing.
    #[default]
    None,
    /// JSON, written as YAML data.
    Json(Json),
    /// Text as it stands.
    Text(Text),
}

/// A JSON value with variables. Names of members are unique; numbers are spelled as JSON spells them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A number that a variable of the environment gives.
    Environment(String),
    /// A string, also if it is nothing but one variable.
    Text(Text),
    /// A captured value of whatever type it was captured as, or `random:1..9` as a number.
    Hole(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Map(Vec<(String, Json)>),
}

/// A permission to differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRule {
    /// `$.path`, or `header NAME`.
    pub place: String,
    /// What may differ there.
    pub kind: DraftRuleKind,
    /// Why; printed in every report.
    pub reason: String,
}

/// What may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftRuleKind {
    /// Anything.
    Ignore,
    /// A rule as a plan spells it: keys besides `path` and `reason`, such as `("as", "datetime"), ("within", "5s")`.
    As(Vec<(String, String)>),
}

impl Draft {
    /// The plan as a file.
    pub fn to_yaml(&self) -> String {
        super::write::plan(self)
    }
}
