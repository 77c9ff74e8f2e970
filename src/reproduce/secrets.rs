//! Which parts of a request are values that a shell has to give: captured ones, and secrets.

use super::Sent;
use super::placeholders;
use super::shell::Piece;
use crate::plan::Filled;
use crate::record::reproduce::ShellSecret;
use crate::tally::secrets::{is_secret_name, secret_members};

/// Shortest value from the environment that is looked for: a shorter one stands in too many places by chance.
const SHORTEST: usize = 4;

/// Names for secrets: the same secret has the same name throughout.
#[derive(Debug)]
pub(super) struct Vocabulary {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    value: String,
    secret: ShellSecret,
    used: bool,
    /// Wherever it stands, not only where its place tells that it is one.
    anywhere: bool,
}

impl Vocabulary {
    pub(super) fn new(filled: &[Filled]) -> Self {
        let mut known: Vec<Known> = Vec::new();
        for Filled { name, value } in filled.iter().filter(|filled| filled.value.len() >= SHORTEST) {
            if !known.iter().any(|other| other.secret.name == *name) {
                let about = "environment variable of the plan".to_owned();
                let secret = ShellSecret { name: name.clone(), about };
                known.push(Known { value: value.clone(), secret, used: false, anywhere: true });
            }
        }
        // A value that holds another one is found first.
        known.sort_by_key(|known| std::cmp::Reverse(known.value.len()));
        Self { known }
    }

    /// Those that stand in what was written.
    pub(super) fn used(&self) -> Vec<ShellSecret> {
        self.known.iter().filter(|known| known.used).map(|known| known.secret.clone()).collect()
    }

    /// Path and query; parameters with telling names are secrets.
    pub(super) fn target(&mut self, request: &Sent, names: &[String]) -> Vec<Piece> {
        match request.target.split_once('?') {
            None => self.pieces(&request.target, names),
            Some((path, query)) => {
                let mut pieces = self.pieces(&format!("{path}?"), names);
                pieces.extend(self.form(request, query, names));
                pieces
            }
        }
    }

    /// A header's value. What stands before a secret, such as `Bearer`, is none.
    pub(super) fn header(&mut self, request: &Sent, name: &str, value: &str, names: &[String]) -> Vec<Piece> {
        let is_secret = is_secret_name(name) || name.eq_ignore_ascii_case("cookie");
        if !is_secret || is_variable(value) {
            return self.pieces(value, names);
        }
        let scheme = ["Bearer ", "Basic ", "Token "].into_iter().find(|scheme| value.starts_with(scheme));
        let (scheme, rest) = value.split_at(scheme.map_or(0, str::len));
        vec![Piece::Literal(scheme.to_owned()), self.secret(name, rest, request)]
    }

    /// A body; members of JSON and fields of forms with telling names are secrets.
    pub(super) fn body(&mut self, request: &Sent, text: &str, names: &[String]) -> Vec<Piece> {
        let is_form = request.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.starts_with("application/x-www-form-urlencoded")
        });
        if is_form {
            return self.form(request, text, names);
        }
        let mut pieces = Vec::new();
        let mut done = 0;
        for (name, range) in secret_members(text) {
            if is_variable(&text[range.clone()]) || range.is_empty() {
                continue;
            }
            pieces.extend(self.pieces(&text[done..range.start], names));
            pieces.push(self.secret(&name, &text[range.clone()], request));
            done = range.end;
        }
        pieces.extend(self.pieces(&text[done..], names));
        pieces
    }

    /// `name=value&name=value`
    fn form(&mut self, request: &Sent, text: &str, names: &[String]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (at, field) in text.split('&').enumerate() {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let mark = if at > 0 { "&" } else { "" };
            if is_secret_name(name) && !value.is_empty() && !is_variable(value) {
                pieces.push(Piece::Literal(format!("{mark}{name}=")));
                pieces.push(self.secret(name, value, request));
            } else {
                pieces.extend(self.pieces(&format!("{mark}{field}"), names));
            }
        }
        pieces
    }

    /// The variable that stands for a secret.
    fn secret(&mut self, name: &str, value: &str, request: &Sent) -> Piece {
        if let Some(known) = self.known.iter_mut().find(|known| known.value == value) {
            known.used = true;
            return Piece::Variable(known.secret.name.clone());
        }
        let stem: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let stem = if stem.starts_with(|c: char| c.is_ascii_digit()) { format!("_{stem}") } else { stem };
        let is_taken = |candidate: &str| self.known.iter().any(|known| known.secret.name == candidate);
        let name_of = |number: usize| if number == 1 { stem.clone() } else { format!("{stem}_{number}") };
        // One more than there are names cannot all be taken.
        let free = (1..=self.known.len() + 1).map(name_of).find(|candidate| !is_taken(candidate)).unwrap_or_default();
        let secret = ShellSecret { name: free.clone(), about: format!("`{name}` in the request `{}`", request.title) };
        self.known.push(Known { value: value.to_owned(), secret, used: true, anywhere: false });
        Piece::Variable(free)
    }

    /// Text with variables in place of placeholders and of values from the environment.
    fn pieces(&mut self, text: &str, names: &[String]) -> Vec<Piece> {
        let mut marks: Vec<(String, String)> = Vec::new();
        for variable in 0..names.len() {
            let (as_text, as_json) = placeholders(variable);
            marks.push((as_text, variable_name(names, variable, false)));
            marks.push((as_json, variable_name(names, variable, true)));
        }
        let environment = self.known.iter().filter(|known| known.anywhere);
        marks.extend(environment.map(|known| (known.value.clone(), known.secret.name.clone())));
        let mut pieces = Vec::new();
        let mut rest = text;
        loop {
            let found = marks.iter().filter_map(|(mark, name)| Some((rest.find(mark.as_str())?, mark, name)));
            let Some((at, mark, name)) = found.min_by_key(|(at, mark, _)| (*at, std::cmp::Reverse(mark.len()))) else {
                break;
            };
            pieces.push(Piece::Literal(rest[..at].to_owned()));
            pieces.push(Piece::Variable(name.clone()));
            for known in self.known.iter_mut().filter(|known| known.anywhere && known.secret.name == *name) {
                known.used = true;
            }
            rest = &rest[at + mark.len()..];
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Literal(String::new()));
        pieces
    }
}

/// Whether a captured value stands in a text: then the secret, if it is one, is not in it.
fn is_variable(text: &str) -> bool {
    text.contains("cutovervariable")
}

/// The shell's name for a variable of the plan. Capitals mean something to a shell or are secrets; those get a mark.
pub(super) fn variable_name(names: &[String], variable: usize, as_json: bool) -> String {
    let name = names.get(variable).map_or("value", String::as_str);
    let is_reserved = name == "answer" || !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let mark = if is_reserved { "_value" } else { "" };
    format!("{name}{mark}{}", if as_json { "_json" } else { "" })
}
