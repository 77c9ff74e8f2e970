//! From bytes to a JSON value that says it is OpenAPI.

use serde_json::Value;

/// Largest document that is read.
pub const MAX_BYTES: usize = 64 << 20;
/// Deepest nesting of a YAML document; the JSON reader has the same limit.
const MAX_DEPTH: usize = 127;
/// Most nodes of a YAML document, its aliases filled in.
const MAX_NODES: usize = 20_000_000;

/// Why a document is no contract at all.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// There is nothing.
    #[error("the document is empty")]
    Empty,
    /// More than is read.
    #[error("the document has {bytes} bytes, more than the {MAX_BYTES} that are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A web page.
    #[error("this is HTML, not OpenAPI; give the address of the document itself, often `/openapi.json`")]
    Html,
    /// Neither JSON nor YAML, or cut off.
    #[error("not {format}: {message}")]
    Syntax {
        /// `JSON` or `YAML`.
        format: &'static str,
        /// What the reader says, with its place.
        message: String,
    },
    /// A document of another kind.
    #[error("not an OpenAPI document: {found}")]
    NotOpenApi {
        /// What it is instead.
        found: String,
    },
    /// OpenAPI 2.
    #[error(
        "this is Swagger {version}, which is not read; convert it to OpenAPI 3, for instance with `swagger2openapi`"
    )]
    Swagger {
        /// As it says.
        version: String,
    },
    /// A version from a time after this.
    #[error("OpenAPI `{version}` is not known; 3.1 and 3.0 are read")]
    Version {
        /// As it says.
        version: String,
    },
}

/// Reads JSON if it begins like JSON, YAML otherwise.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, ContractError> {
    if bytes.len() > MAX_BYTES {
        return Err(ContractError::TooLarge { bytes: bytes.len() });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match bytes.first() {
        None => Err(ContractError::Empty),
        Some(b'<') => Err(ContractError::Html),
        Some(b'{' | b'[') => serde_json::from_slice(bytes).map_err(|error| syntax("JSON", &error)),
        Some(_) => yaml(bytes),
    }
}

fn yaml(bytes: &[u8]) -> Result<Value, ContractError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    serde_saphyr::from_slice_with_options(bytes, options).map_err(|error| syntax("YAML", &error))
}

/// The first line of what a reader says, so that a broken document does not fill the screen.
fn syntax(format: &'static str, error: &dyn std::fmt::Display) -> ContractError {
    let message: String = error.to_string().lines().next().unwrap_or_default().chars().take(200).collect();
    ContractError::Syntax { format, message }
}

/// The version that a document says it is, if it is one that is read.
pub(super) fn version(document: &Value) -> Result<String, ContractError> {
    let Some(object) = document.as_object() else {
        return Err(ContractError::NotOpenApi { found: format!("it is {}", kind(document)) });
    };
    // YAML makes a number of `2.0` without quotes.
    let text =
        |name: &str| object.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    if let Some(version) = text("swagger") {
        return Err(ContractError::Swagger { version });
    }
    let Some(version) = text("openapi") else {
        let keys: Vec<String> = object.keys().take(5).map(|key| format!("`{key}`")).collect();
        let found = format!(
            "it has no `openapi` key, only {}",
            if keys.is_empty() { "{}".to_owned() } else { keys.join(", ") }
        );
        return Err(ContractError::NotOpenApi { found });
    };
    if version.starts_with("3.0") || version.starts_with("3.1") {
        Ok(version)
    } else {
        Err(ContractError::Version { version })
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a switch",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
