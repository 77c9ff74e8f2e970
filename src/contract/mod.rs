//! What an OpenAPI document promises: operations, their parameters, bodies and answers. Pure.
//!
//! A document is read into a model of our own, part by part: what is broken costs that part, with a warning that names
//! its place, and never the rest. Schemas stay JSON as they were written, references and all, because they may be
//! circular; [`Contract::resolve`] follows one step, and whoever walks further bounds the depth. Knows nothing of how a
//! document was got, and nothing of sides.

mod coverage;
mod document;
mod model;
mod operations;
mod path;
mod pattern;
mod reference;
mod sample;
mod security;
mod upgrade;

pub use coverage::{Compared, Coverage};
pub use document::{ContractError, MAX_BYTES};
pub use model::{Content, Operation, Parameter, Place, RequestBody, Response, SecurityScheme, StatusPattern, Warning};
pub use path::{PathTemplate, encoded};
pub use security::SecurityRequirement;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// What a service promises.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Title of the document.
    pub title: String,
    /// Version of OpenAPI as the document says it.
    pub openapi: String,
    /// In the order of their paths.
    pub operations: Vec<Operation>,
    /// How a caller may show who they are, by name.
    pub security_schemes: BTreeMap<String, SecurityScheme>,
    /// What could not be read, or not as it was written.
    pub warnings: Vec<Warning>,
    document: Value,
}

/// A request and the operation that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'c> {
    /// Place in [`Contract::operations`].
    pub index: usize,
    /// The operation.
    pub operation: &'c Operation,
    /// Values of the path's parameters, decoded.
    pub path_values: Vec<(&'c str, String)>,
    /// Parameters of the query in their order, decoded.
    pub query: Vec<(String, String)>,
}

/// Reads an OpenAPI document, 3.1 or 3.0, in JSON or YAML.
///
/// # Errors
/// [`ContractError`] if it is none at all; whatever is wrong in parts of it is a warning of the contract.
pub fn read(bytes: &[u8]) -> Result<Contract, ContractError> {
    let mut warnings = Vec::new();
    let mut document = document::parse(bytes)?;
    let openapi = document::version(&document)?;
    if openapi.starts_with("3.0") {
        warnings.extend(upgrade::from_3_0(&mut document, &openapi));
    }
    warnings.extend(reference::broken(&document));
    let operations = operations::read(&document, &mut warnings);
    let security_schemes = security::schemes(&document, &mut warnings);
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("").to_owned();
    Ok(Contract { title, openapi, operations, security_schemes, warnings, document })
}

impl Contract {
    /// The operation of a request; `target` is the path with its query, as on the wire. Where several templates fit,
    /// the one that says more in the earlier segments: `/students/batch` before `/students/{id}`.
    pub fn find(&self, method: &str, target: &str) -> Option<Match<'_>> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.split('#').next().unwrap_or(path);
        let of_method = self.operations.iter().enumerate().filter(|(_, operation)| operation.method == method);
        let fits = of_method.filter_map(|(index, operation)| Some((index, operation, operation.fit(path)?)));
        // The first of those that are equally specific.
        let (index, operation, path_values) =
            fits.min_by(|(_, one, _), (_, other, _)| one.path.specificity().cmp(other.path.specificity()))?;
        Some(Match { index, operation, path_values, query: path::query(query) })
    }

    /// A schema without a reference at its top. A keyword beside `$ref` stands over the one that is referred to. What
    /// cannot be resolved (another document, a circle of references alone) is the schema that admits anything; reading
    /// the document has warned of it.
    pub fn resolve<'s>(&'s self, schema: &'s Value) -> Cow<'s, Value> {
        reference::resolve(&self.document, schema)
    }

    /// The whole document, as 3.1.
    pub const fn document(&self) -> &Value {
        &self.document
    }
}

#[cfg(test)]
mod tests;
