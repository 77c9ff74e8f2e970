//! Problems of one plan as they are found, and the environment variables that fill it in.

use std::ops::Range;

use super::Filled;
use super::yaml::Node;
use crate::diagnostic::{Diagnostic, Diagnostics, Place};

/// The value of an environment variable.
pub(super) type Environment<'t> = &'t dyn Fn(&str) -> Option<String>;

/// Collects what is wrong with one text.
pub(super) struct Problems<'t> {
    source: &'t str,
    text: &'t str,
    environment: Environment<'t>,
    found: Diagnostics,
    filled: Vec<Filled>,
}

impl<'t> Problems<'t> {
    pub(super) fn new(source: &'t str, text: &'t str, environment: Environment<'t>) -> Self {
        Self { source, text, environment, found: Diagnostics::default(), filled: Vec::new() }
    }

    /// A problem at a place.
    pub(super) fn at(&mut self, place: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let (source, text) = (self.source, self.text);
        self.found.push_with(|| {
            let place = Some(Place::locate(source, text, place.clone()));
            Diagnostic { message: message.into(), place, hint }
        });
    }

    /// A problem of the whole text.
    pub(super) fn whole(&mut self, message: &str, hint: Option<String>) {
        let message = format!("{message}: {}", self.source);
        self.found.push(Diagnostic { message, place: None, hint });
    }

    /// A problem with a value.
    pub(super) fn value(&mut self, node: &Node, message: impl Into<String>, hint: Option<String>) {
        self.part(node, node.span.clone(), message, hint);
    }

    /// A problem with a part of a value. If environment variables were filled in, neither message nor hint is shown:
    /// both may quote a secret.
    pub(super) fn part(&mut self, node: &Node, place: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        match node.scalar().filter(|scalar| scalar.filled() || scalar.broken) {
            Some(scalar) if scalar.broken => {}
            None => self.at(&place, message, hint),
            Some(scalar) => {
                let message = format!("`{}` with its variables filled in cannot be used here", scalar.written);
                self.at(&node.span, message, Some("the value is not shown: it may be a secret".to_owned()));
            }
        }
    }

    /// The line of a place, counted from 1.
    pub(super) fn line(&self, place: &Range<usize>) -> usize {
        Place::locate(self.source, self.text, place.clone()).line
    }

    /// The text of the line of a place.
    pub(super) fn line_text(&self, place: &Range<usize>) -> String {
        Place::locate(self.source, self.text, place.clone()).text
    }

    /// The environment variables that were filled in so far.
    pub(super) fn take_filled(&mut self) -> Vec<Filled> {
        std::mem::take(&mut self.filled)
    }

    /// What was found, in the order of the file.
    pub(super) fn into_found(mut self) -> Diagnostics {
        self.found.sort();
        self.found
    }

    /// The text with each `${NAME}` replaced by the environment variable of that name; `$${` stands for `${`. `None`:
    /// one is not set.
    pub(super) fn fill(&mut self, written: &str, place: &Range<usize>) -> Option<String> {
        let mut complete = true;
        let mut out = String::with_capacity(written.len());
        let mut rest = written;
        while let Some(found) = rest.find("${") {
            let (before, hole) = rest.split_at(found);
            if let Some(escaped) = before.strip_suffix('$') {
                out.push_str(escaped);
                out.push_str("${");
                rest = &hole[2..];
                continue;
            }
            out.push_str(before);
            let name = hole.find('}').map(|end| &hole[2..end]).filter(|name| is_variable_name(name));
            let Some(name) = name else {
                let hint = "write `${NAME}` for an environment variable, or `$${` for the characters themselves";
                self.at(place, "`${` without the name of an environment variable", Some(hint.to_owned()));
                return None;
            };
            if let Some(value) = (self.environment)(name) {
                out.push_str(&value);
                self.filled.push(Filled { name: name.to_owned(), value });
            } else {
                complete = false;
                self.at(place, format!("environment variable `{name}` is not set"), None);
            }
            rest = &hole[name.len() + 3..];
        }
        complete.then(|| out + rest)
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
