//! One generated request, still in parts: so that it can be sent to either side, sent again, and made smaller.

use super::text::{Fresh, Json};
use crate::contract::encoded;
use crate::noise;
use crate::plan::template::Part;
use crate::plan::{Body, Expect, Step, Template};
use crate::role::{Pair, Role};

/// A request that the contract suggested.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// Index of the operation.
    pub(super) operation: usize,
    /// HTTP method in capitals.
    pub(super) method: String,
    /// The path in pieces, to be joined as they are.
    pub(super) path: Vec<Argument>,
    /// Parameters of the query in order; a name may come twice.
    pub(super) query: Vec<(String, Argument)>,
    /// Headers in order, besides those that every request has.
    pub(super) headers: Vec<(String, Argument)>,
    /// What is sent.
    pub(super) body: Payload,
    /// As whom it is sent.
    pub(super) caller: Caller,
}

/// A piece of text in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// As it stands; in a path, already encoded.
    Text(String),
    /// New in every attempt.
    Fresh(Fresh),
    /// The id that the answer to an earlier call of the same sequence gives.
    IdOf(usize),
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Payload {
    /// Nothing.
    Nothing,
    /// JSON, sound or not.
    Json(Json),
}

/// As whom a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// As the plan says.
    Plan,
    /// As nobody.
    Nobody,
    /// With a token that is none.
    Forged,
}

/// What one attempt has to go by.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    /// Part of every text that is new in this attempt.
    pub(super) name: &'a str,
    /// The ids that answers to calls so far gave, per side.
    pub(super) ids: &'a Pair<Vec<Option<String>>>,
}

impl Call {
    /// The request for one side. Where an id is missing it asks for id 0.
    pub(super) fn step(&self, side: Role, attempt: &Attempt<'_>) -> Step {
        let literal = |text: String| Template { parts: vec![Part::Literal(text)] };
        let mut headers: Vec<(String, Template)> =
            self.headers.iter().map(|(name, value)| (name.clone(), literal(value.text(side, attempt)))).collect();
        if self.caller == Caller::Forged {
            headers.push(("authorization".to_owned(), literal("Bearer no-such-token".to_owned())));
        }
        if matches!(self.body, Payload::Json(_)) && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), literal("application/json".to_owned())));
        }
        Step {
            name: String::new(),
            method: self.method.clone(),
            target: literal(self.target(side, attempt)),
            headers,
            body: match self.body_text(attempt) {
                None => Body::None,
                Some(text) => Body::Text(literal(text)),
            },
            expect: Expect::default(),
            capture: Vec::new(),
            auth: self.caller == Caller::Plan,
        }
    }

    /// What it asks for, whatever is filled in.
    pub(super) fn request(&self) -> String {
        let piece = |(at, piece): (usize, &Argument)| match piece {
            Argument::Text(text) if at % 2 == 0 => text.clone(),
            _ => "{}".to_owned(),
        };
        noise::request(&self.method, &self.path.iter().enumerate().map(piece).collect::<String>())
    }

    /// Path and query for one side.
    pub(super) fn target(&self, side: Role, attempt: &Attempt<'_>) -> String {
        let mut target: String = self
            .path
            .iter()
            .map(|piece| match piece {
                Argument::Text(text) => text.clone(),
                other => encoded(&other.text(side, attempt)),
            })
            .collect();
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(&encoded(name));
            target.push('=');
            target.push_str(&encoded(&value.text(side, attempt)));
        }
        target
    }

    /// What is sent, the same to both sides.
    pub(super) fn body_text(&self, attempt: &Attempt<'_>) -> Option<String> {
        match &self.body {
            Payload::Nothing => None,
            Payload::Json(json) => Some(json.write(attempt.name)),
        }
    }

    /// Whether it asks only, and may be asked again.
    pub(super) fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// All places that may refer to an earlier call.
    pub(super) fn arguments(&mut self) -> impl Iterator<Item = &mut Argument> {
        let named = self.query.iter_mut().chain(&mut self.headers).map(|(_, value)| value);
        self.path.iter_mut().chain(named)
    }
}

impl Argument {
    pub(super) fn text(&self, side: Role, attempt: &Attempt<'_>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Fresh(fresh) => fresh.text(attempt.name),
            Self::IdOf(call) => attempt.ids.get(side).get(*call).cloned().flatten().unwrap_or_else(|| "0".to_owned()),
        }
    }
}

impl From<Json> for Argument {
    /// The content of a string, the text of anything else.
    fn from(json: Json) -> Self {
        match json {
            Json::Fresh(fresh) => Self::Fresh(fresh),
            other => Self::Text(unquoted(other.write(""))),
        }
    }
}

fn unquoted(text: String) -> String {
    serde_json::from_str::<String>(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_asked_for_its_own_ids() {
        let call = Call {
            operation: 0,
            method: "GET".to_owned(),
            path: vec![Argument::Text("/students/".to_owned()), Argument::IdOf(0)],
            query: vec![("q".to_owned(), Json::string("a b&c").into())],
            headers: Vec::new(),
            body: Payload::Nothing,
            caller: Caller::Plan,
        };
        let ids = Pair { baseline: vec![Some("7".to_owned())], candidate: vec![None] };
        let attempt = Attempt { name: "q", ids: &ids };
        assert_eq!(call.target(Role::Baseline, &attempt), "/students/7?q=a%20b%26c");
        assert_eq!(call.target(Role::Candidate, &attempt), "/students/0?q=a%20b%26c");
    }
}
