//! Reads query and path parameters and collects everything that is wrong, as `fields` does for bodies.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::Value;

use super::App;
use super::fields::{Detail, Invalid, listed, range_fault};

/// The parameters of a request.
pub(crate) struct QueryParameters {
    pairs: Vec<(String, String)>,
    wrong: Vec<Detail>,
}

impl FromRequestParts<Arc<App>> for QueryParameters {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, StatusCode> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Query(pairs) = query.map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(Self { pairs, wrong: Vec::new() })
    }
}

impl QueryParameters {
    /// A whole number within a range.
    pub(crate) fn int(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let text = self.text(name)?;
        match int(&text, least, most) {
            Ok(number) => Some(number),
            Err((kind, message)) => self.complain(name, kind, message),
        }
    }

    /// One of some words.
    pub(crate) fn word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name)?;
        match words.iter().find(|word| **word == text) {
            Some(word) => Some(word),
            None => self.complain(name, "enum", format!("Input should be {}", listed(words))),
        }
    }

    /// Any text up to a length.
    pub(crate) fn short_text(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
        if text.chars().count() <= longest && !text.contains('\0') {
            return Some(text);
        }
        let message = format!("String should have at most {longest} characters");
        self.complain(name, "string_too_long", message)
    }

    /// The input if nothing was wrong.
    pub(crate) fn finish<T>(self, input: T) -> Result<T, Invalid> {
        if self.wrong.is_empty() { Ok(input) } else { Err(Invalid(self.wrong)) }
    }

    /// The last one counts, as in Starlette.
    fn text(&self, name: &str) -> Option<String> {
        self.pairs.iter().rev().find(|pair| pair.0 == name).map(|pair| pair.1.clone())
    }

    fn complain<T>(&mut self, name: &str, kind: &'static str, message: String) -> Option<T> {
        self.wrong.push(Detail::new(vec!["query".into(), name.into()], kind, message));
        None
    }
}

/// The id in a path.
pub(crate) fn path_id(text: &str) -> Result<i64, Invalid> {
    int(text, 1, i64::MAX).map_err(|(kind, message)| {
        let location: Vec<Value> = vec!["path".into(), "id".into()];
        Invalid::one(location, kind, message)
    })
}

fn int(text: &str, least: i64, most: i64) -> Result<i64, (&'static str, String)> {
    let Ok(number) = text.trim().parse::<i64>() else {
        let message = "Input should be a valid integer, unable to parse string as an integer";
        return Err(("int_parsing", message.to_owned()));
    };
    range_fault(number, least, most).map_or(Ok(number), Err)
}
