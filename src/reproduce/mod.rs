//! What was sent and what came back, so that a person can see a difference again: requests as `curl` lines, two answers
//! as a unified diff. Pure.
//!
//! Knows requests only as texts with placeholders where captured values stand: on a fresh database other values are
//! captured, so each line takes them from the lines before it. No secret of a plan gets into a line; variables of the
//! shell stand for them.

mod diff;
mod jq;
mod secrets;
mod shell;

pub use diff::{ReadableDiff, diff};

use std::fmt::Write as _;

use crate::plan::{CaptureFrom, Filled};
use crate::record::reproduce::ShellSecret;
use secrets::Vocabulary;
use shell::{Piece, comment, word};

/// Largest body that stands in a line.
const MAX_BODY: usize = 64 << 10;

/// A request with placeholders for the values of variables.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What the request is, for a comment.
    pub title: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers as they go out, without `host`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What is kept of the answer: index of the variable, and where it is.
    pub captures: Vec<(usize, CaptureFrom)>,
}

/// What stands for the value of a variable in a request: as text, and as JSON.
pub fn placeholders(variable: usize) -> (String, String) {
    (format!("cutovervariable{variable}t"), format!("cutovervariable{variable}j"))
}

/// Writes requests for a shell.
#[derive(Debug)]
pub struct Shell {
    vocabulary: Vocabulary,
}

impl Shell {
    /// `filled` are values that came from the environment: they are secrets, and have names already.
    pub fn new(filled: &[Filled]) -> Self {
        Self { vocabulary: Vocabulary::new(filled) }
    }

    /// What the shell must know, as far as the lines that were written need it.
    pub fn secrets(&self) -> Vec<ShellSecret> {
        self.vocabulary.used()
    }

    /// The requests one after the other, each with the captures that later ones need. The last prints its answer.
    /// `names` are those of the variables.
    pub fn lines(&mut self, requests: &[Sent], names: &[String]) -> Vec<String> {
        let is_used = |mark: &str, after: usize| requests[after + 1..].iter().any(|request| request.mentions(mark));
        let last = requests.len().saturating_sub(1);
        let mut lines = Vec::with_capacity(requests.len());
        for (at, request) in requests.iter().enumerate() {
            let mut wanted = Vec::new();
            for (variable, from) in &request.captures {
                let (text, json) = placeholders(*variable);
                wanted.extend(is_used(&text, at).then_some((*variable, from, false)));
                wanted.extend(is_used(&json, at).then_some((*variable, from, true)));
            }
            lines.push(self.request(request, &wanted, names, at == last));
        }
        lines
    }

    fn request(
        &mut self,
        request: &Sent,
        wanted: &[(usize, &CaptureFrom, bool)],
        names: &[String],
        is_last: bool,
    ) -> String {
        let title = comment(&request.title);
        let has_head = wanted.iter().any(|(_, from, _)| !matches!(from, CaptureFrom::Body(_)));
        let options = match (is_last || has_head, wanted.is_empty()) {
            (true, _) => "-sS -i",
            (false, true) => "-sS -o /dev/null",
            (false, false) => "-sS",
        };
        let curl = self.curl(request, options, names);
        if is_last || wanted.is_empty() {
            return format!("{title}\n{curl}");
        }
        let cleaned = if has_head { " | tr -d '\\r'" } else { "" };
        let mut out = format!("{title}\nanswer=$({curl}{cleaned})");
        for (variable, from, as_json) in wanted {
            let name = secrets::variable_name(names, *variable, *as_json);
            let extraction = jq::extraction(from, has_head, *as_json);
            let _ = write!(out, "\n{name}=$(printf '%s\\n' \"$answer\" | {extraction})");
        }
        out
    }

    fn curl(&mut self, request: &Sent, options: &str, names: &[String]) -> String {
        let method = match request.method.as_str() {
            // Told by its name alone, `curl` would wait for a body that never comes.
            "HEAD" => "--head".to_owned(),
            method => format!("--request {}", word(&[Piece::Literal(method.to_owned())])),
        };
        let mut url = vec![Piece::Variable("SIDE".to_owned())];
        url.extend(self.vocabulary.target(request, names));
        let mut arguments = vec![format!("curl {options}{} {method} {}", url_options(&request.target), word(&url))];
        for (name, value) in request.headers.iter().filter(|(name, value)| !is_default(name, value)) {
            let mut pieces =
                vec![Piece::Literal(if value.is_empty() { format!("{name};") } else { format!("{name}: ") })];
            pieces.extend(self.vocabulary.header(request, name, value, names));
            arguments.push(format!("--header {}", word(&pieces)));
        }
        if !request.body.is_empty() {
            let has_type = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            arguments.extend((!has_type).then(|| "--header content-type:".to_owned()));
            arguments.push(self.body(request, names));
        }
        arguments.join(" \\\n  ")
    }

    fn body(&mut self, request: &Sent, names: &[String]) -> String {
        match std::str::from_utf8(&request.body) {
            Ok(text) if text.len() <= MAX_BODY && !text.contains('\0') => {
                format!("--data-raw {}", word(&self.vocabulary.body(request, text, names)))
            }
            _ => format!("--data-binary @BODY-OF-{}-BYTES-AS-THE-PLAN-HAS-IT", request.body.len()),
        }
    }
}

/// Text as one word of a shell.
pub fn shell_word(text: &str) -> String {
    word(&[Piece::Literal(text.to_owned())])
}

impl Sent {
    /// Whether a text stands somewhere in it.
    pub fn mentions(&self, mark: &str) -> bool {
        self.target.contains(mark)
            || self.headers.iter().any(|(_, value)| value.contains(mark))
            || self.body.windows(mark.len()).any(|part| part == mark.as_bytes())
    }
}

/// What `curl` must be told so that it sends a target as it stands.
fn url_options(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let has_dots = path.split('/').any(|part| part == "." || part == "..");
    let dots = if has_dots { " --path-as-is" } else { "" };
    let globs = if target.contains(['[', ']', '{', '}']) { " --globoff" } else { "" };
    format!("{dots}{globs}")
}

/// Headers that say nothing that a service answers by: what we call ourselves, and what `curl` sends of itself.
fn is_default(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("accept") && value == "*/*"
        || name.eq_ignore_ascii_case("user-agent") && value.starts_with("cutover/")
}

#[cfg(test)]
mod tests;
