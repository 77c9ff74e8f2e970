//! Where an answer has the id of what it is about.

use std::borrow::Cow;

use serde_json::Value;

use crate::contract::{Contract, Operation, StatusPattern};

/// Members in which answers wrap what they are about.
const WRAPPERS: [&str; 5] = ["data", "result", "item", "object", "value"];

/// The schema of the first good answer in JSON, and its status.
pub(super) fn answer<'c>(contract: &'c Contract, operation: &'c Operation) -> Option<(Cow<'c, Value>, StatusPattern)> {
    let good = operation.responses.iter().filter(|response| match response.status {
        StatusPattern::Exact(status) => (200..300).contains(&status),
        StatusPattern::Class(hundreds) => hundreds == 2,
        StatusPattern::Default => false,
    });
    good.into_iter().find_map(|response| {
        let content = response.contents.iter().find(|content| content.is_json())?;
        Some((contract.resolve(&content.schema), response.status))
    })
}

/// Place of the id of what was created, such as `$.id`; `parameter` is its name in paths.
pub(super) fn of_created(contract: &Contract, operation: &Operation, parameter: &str) -> Option<String> {
    let (schema, _) = answer(contract, operation)?;
    if let Some(name) = id_of(&schema, parameter) {
        return Some(format!("$.{name}"));
    }
    WRAPPERS.iter().find_map(|wrapper| {
        let inner = contract.resolve(schema.get("properties")?.get(wrapper)?);
        Some(format!("$.{wrapper}.{}", id_of(&inner, parameter)?))
    })
}

/// The last part of the path in `Location`, if the document promises that header for what was created.
pub(super) fn of_location(operation: &Operation) -> Option<String> {
    let has = |name: &String| name.eq_ignore_ascii_case("location");
    let promised =
        operation.responses.iter().find(|response| matches!(response.status, StatusPattern::Exact(200..=299)))?;
    promised.headers.iter().any(has).then(|| "header Location matching /([^/?#]+)/?$".to_owned())
}

/// Place of the id of the first of a list, such as `$.items[0].id`.
pub(super) fn of_first(contract: &Contract, operation: &Operation, parameter: &str) -> Option<String> {
    let (schema, _) = answer(contract, operation)?;
    let item = |schema: &Value| Some(id_of(&contract.resolve(schema.get("items")?), parameter)?.to_owned());
    if let Some(id) = item(&schema) {
        return Some(format!("$[0].{id}"));
    }
    let properties = schema.get("properties")?.as_object()?;
    properties.iter().find_map(|(name, inner)| Some(format!("$.{name}[0].{}", item(&contract.resolve(inner))?)))
}

/// The member that is the id: named as the parameter is, or as ids are.
fn id_of<'n>(schema: &Value, parameter: &'n str) -> Option<&'n str> {
    let properties = schema.get("properties")?.as_object()?;
    [parameter, "id", "uuid", "key"].into_iter().find(|name| properties.contains_key(*name) && is_name(name))
}

/// Whether a name can stand in a path as it is.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
