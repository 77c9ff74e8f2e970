//! What the contract offers to be asked for, in the shape that generating needs.

use serde_json::Value;

use crate::contract::{self, Contract, Place};
use crate::plan::Template;
use crate::plan::template::Part;

/// An operation of the contract.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    /// `GET /students/{id}`.
    pub(super) name: String,
    /// HTTP method in capitals.
    pub(super) method: String,
    /// The path in pieces.
    pub(super) path: Vec<Piece<'a>>,
    /// The path up to its first variable, without a slash at its end: what its ids are ids of.
    pub(super) resource: String,
    /// Parameters of the query.
    pub(super) query: Vec<Parameter<'a>>,
    /// Parameters in headers.
    pub(super) headers: Vec<Parameter<'a>>,
    /// Schema of a JSON body.
    pub(super) body: Option<&'a Value>,
}

/// A piece of a path.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// As it stands.
    Text(String),
    /// To be filled in.
    Variable(Parameter<'a>),
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter<'a> {
    /// Its name.
    pub(super) name: String,
    /// Whether a valid request has it.
    pub(super) is_required: bool,
    /// What it may be.
    pub(super) schema: &'a Value,
}

impl Operation<'_> {
    /// What it asks for, whatever is filled in.
    pub(super) fn target(&self) -> Template {
        let part = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => Part::Literal(text.clone()),
            Piece::Variable(_) => Part::Variable(0),
        };
        Template { parts: self.path.iter().map(part).collect() }
    }

    /// Whether it makes one of what its path lists: a `POST` to a path without variables.
    pub(super) fn makes(&self) -> bool {
        self.method == "POST" && self.body.is_some() && self.path.iter().all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// Whether it is about one of what another operation makes.
    pub(super) fn is_about(&self, maker: &Self) -> bool {
        self.resource == maker.resource && self.path.iter().any(|piece| matches!(piece, Piece::Variable(_)))
    }
}

/// The operations of a contract. Those with a body that is no JSON are asked without one.
pub(super) fn of_contract(contract: &Contract) -> Vec<Operation<'_>> {
    contract.operations.iter().map(operation).collect()
}

fn operation(operation: &contract::Operation) -> Operation<'_> {
    let path = operation.full_path();
    let at = |place: Place| operation.parameters.iter().filter(move |parameter| parameter.place == place);
    let schema = |name: &str| at(Place::Path).find(|parameter| parameter.name == name).map(parameter);
    Operation {
        name: operation.name(),
        method: operation.method.clone(),
        resource: path.split('{').next().unwrap_or_default().trim_end_matches('/').to_owned(),
        path: pieces(&path, schema),
        query: at(Place::Query).map(parameter).collect(),
        // A contract that lists the header of the login says what the plan does anyway.
        headers: at(Place::Header)
            .filter(|parameter| !parameter.name.eq_ignore_ascii_case("authorization"))
            .map(parameter)
            .collect(),
        body: operation
            .body
            .as_ref()
            .and_then(|body| body.contents.iter().find(|content| content.is_json()))
            .map(|content| &content.schema),
    }
}

fn parameter(parameter: &contract::Parameter) -> Parameter<'_> {
    Parameter { name: parameter.name.clone(), is_required: parameter.required, schema: &parameter.schema }
}

/// Text and variables by turns, text first.
fn pieces<'a>(path: &str, schema: impl Fn(&str) -> Option<Parameter<'a>>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some((before, name, after)) =
        rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        pieces.push(Piece::Text(before.to_owned()));
        let unknown = || Parameter { name: name.to_owned(), is_required: true, schema: &Value::Null };
        pieces.push(Piece::Variable(schema(name).unwrap_or_else(unknown)));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}
