//! The parts of a contract.

use serde_json::Value;

use super::path::PathTemplate;
use super::security::SecurityRequirement;

/// Something of a document that could not be read, or not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// JSON pointer of the place; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what it costs.
    pub message: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// One method of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The document's own name for it, if it has one.
    pub operation_id: Option<String>,
    /// In capitals: `GET`.
    pub method: String,
    /// As the document writes it, without the base path of its servers.
    pub path: PathTemplate,
    /// Paths of the servers that it is offered at, without a trailing `/`; one of them at least, often empty.
    pub bases: Vec<String>,
    /// What it does, in few words.
    pub summary: Option<String>,
    /// Groups that it belongs to.
    pub tags: Vec<String>,
    /// Parameters, those of the path's every operation among them.
    pub parameters: Vec<Parameter>,
    /// What is sent with it.
    pub body: Option<RequestBody>,
    /// What it may answer, in the order of their statuses, `2XX` after `299`, `default` last.
    pub responses: Vec<Response>,
    /// Ways to be let in, any of which will do; none: anyone is.
    pub security: Vec<SecurityRequirement>,
}

impl Operation {
    /// `GET /students/{id}`: what reports call it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The template with the base path of the first server.
    pub fn full_path(&self) -> String {
        format!("{}{}", self.bases.first().map_or("", |base| base), self.path)
    }

    /// The values of its path parameters, if a path is one of its own.
    pub(super) fn fit(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let under_base = self.bases.iter().find_map(|base| self.path.fit(path.strip_prefix(base.as_str())?));
        // A side may be reached behind the gateway that adds the base path.
        under_base.or_else(|| self.path.fit(path))
    }

    /// What is promised for a status: the status itself before its class, and that before `default`.
    pub fn response(&self, status: u16) -> Option<&Response> {
        let fits = self.responses.iter().filter(|response| response.status.admits(status));
        fits.min_by_key(|response| response.status)
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header of its own.
    Header,
    /// In the `Cookie` header.
    Cookie,
}

impl Place {
    /// As documents spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Where it stands.
    pub place: Place,
    /// Its name; of a header in any case of letters.
    pub name: String,
    /// Whether a request without it is wrong.
    pub required: bool,
    /// Its values; anything where none is given.
    pub schema: Value,
    /// `simple`, `form`, `deepObject` and so on.
    pub style: String,
    /// Whether elements of lists and mappings are parameters of their own.
    pub explode: bool,
    /// The media type, of a parameter that is a document of its own, such as JSON.
    pub media_type: Option<String>,
    /// A value that the document gives as an example.
    pub example: Option<Value>,
}

/// What is sent with a request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestBody {
    /// Whether a request without it is wrong.
    pub required: bool,
    /// By media type, in the order of their names.
    pub contents: Vec<Content>,
}

/// A body in one media type.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Such as `application/json`.
    pub media_type: String,
    /// Its values; anything where none is given.
    pub schema: Value,
    /// A value that the document gives as an example.
    pub example: Option<Value>,
}

impl Content {
    /// Whether it is JSON: `application/json`, `application/problem+json`.
    pub fn is_json(&self) -> bool {
        let essence = self.media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    }
}

/// One promised answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// For which statuses.
    pub status: StatusPattern,
    /// What it means.
    pub description: String,
    /// Bodies by media type; empty: none is promised.
    pub contents: Vec<Content>,
    /// Names of promised headers.
    pub headers: Vec<String>,
}

/// The statuses that an answer is promised for. The order is from special to general.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusPattern {
    /// `404`.
    Exact(u16),
    /// `4XX`: the hundreds.
    Class(u16),
    /// `default`: those that are not named otherwise.
    Default,
}

impl StatusPattern {
    /// Reads `404`, `4XX` or `default`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        let (hundreds, rest) = text.split_at_checked(1)?;
        let is_class = rest.eq_ignore_ascii_case("xx");
        let hundreds: u16 = hundreds.parse().ok().filter(|digit| (1..=5).contains(digit))?;
        match rest.parse::<u16>() {
            _ if is_class => Some(Self::Class(hundreds)),
            Ok(rest_number) if rest.len() == 2 => Some(Self::Exact(hundreds * 100 + rest_number)),
            _ => None,
        }
    }

    /// Whether a status is one of them, whatever else is promised.
    pub const fn admits(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Class(hundreds) => status / 100 == hundreds,
            Self::Default => true,
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(hundreds) => write!(f, "{hundreds}XX"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// How a caller shows who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityScheme {
    /// `Authorization: Bearer TOKEN`.
    Bearer,
    /// `Authorization: Basic …`.
    Basic,
    /// A key in a header, the query or a cookie.
    ApiKey {
        /// Where.
        place: Place,
        /// Its name there.
        name: String,
    },
    /// A token from elsewhere, sent as a bearer's.
    OAuth2 {
        /// Where tokens are to be had for a password or a client's secret.
        token_url: Option<String>,
    },
    /// Anything else, such as `mutualTLS`.
    Other(String),
}
