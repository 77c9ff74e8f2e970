//! How callers show who they are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Place, SecurityScheme, Warning};
use super::reference::{escaped, follow};

/// Schemes that must all be met; none: nobody need show anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecurityRequirement {
    /// Names of the schemes.
    pub schemes: Vec<String>,
}

/// The requirements of a document or an operation, any of which will do.
pub(super) fn requirements(list: &Value) -> Option<Vec<SecurityRequirement>> {
    let alternatives = list.as_array()?.iter().filter_map(Value::as_object);
    Some(alternatives.map(|all| SecurityRequirement { schemes: all.keys().cloned().collect() }).collect())
}

/// The schemes of a document by name.
pub(super) fn schemes(document: &Value, warnings: &mut Vec<Warning>) -> BTreeMap<String, SecurityScheme> {
    let mut schemes = BTreeMap::new();
    let all = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    for (name, value) in all.into_iter().flatten() {
        let pointer = format!("/components/securitySchemes/{}", escaped(name));
        let Some((value, pointer)) = follow(document, value, &pointer) else { continue };
        match scheme(value) {
            Some(scheme) => {
                schemes.insert(name.clone(), scheme);
            }
            None => warnings.push(Warning { pointer, message: "not a security scheme; it is left out".to_owned() }),
        }
    }
    schemes
}

fn scheme(value: &Value) -> Option<SecurityScheme> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    Some(match text("type")? {
        "http" => match text("scheme")?.to_ascii_lowercase().as_str() {
            "bearer" => SecurityScheme::Bearer,
            "basic" => SecurityScheme::Basic,
            other => SecurityScheme::Other(other.to_owned()),
        },
        "apiKey" => {
            let place = match text("in")? {
                "query" => Place::Query,
                "header" => Place::Header,
                "cookie" => Place::Cookie,
                _ => return None,
            };
            SecurityScheme::ApiKey { place, name: text("name")?.to_owned() }
        }
        "oauth2" => {
            let flows = value.get("flows").and_then(Value::as_object);
            let token_url = flows.into_iter().flatten().find_map(|(_, flow)| flow.get("tokenUrl")?.as_str());
            SecurityScheme::OAuth2 { token_url: token_url.map(str::to_owned) }
        }
        other => SecurityScheme::Other(other.to_owned()),
    })
}
