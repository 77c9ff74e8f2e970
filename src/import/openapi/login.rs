//! How a caller gets in, as far as a document tells: a login that answers with a token, or a header with a secret.

use serde_json::Value;

use super::super::draft::{DraftAuth, DraftBody, DraftStep, Json};
use super::super::text::{Piece, Text};
use super::{capture, step};
use crate::contract::{Contract, Operation, Place, SecurityScheme};

/// Names under which answers have a token.
const TOKENS: [&str; 7] = ["access_token", "accessToken", "token", "id_token", "idToken", "jwt", "auth_token"];
/// Words of which one is in the path or name of a login.
const WORDS: [&str; 6] = ["token", "login", "signin", "sign-in", "session", "auth"];

/// How a caller gets in.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    /// As the plan has it.
    pub(super) auth: Option<DraftAuth>,
    /// Place of the login in the contract's operations, and the place of the token in its answer.
    pub(super) operation: Option<(usize, String)>,
    /// Environment variables with what they are.
    pub(super) environment: Vec<(String, String)>,
}

/// Looks for the way in that most operations ask for.
pub(super) fn find(contract: &Contract) -> Login {
    let operation =
        contract.operations.iter().enumerate().find_map(|(index, it)| Some((index, token_of(contract, it)?)));
    let Some((name, scheme)) = most_asked_for(contract) else { return Login { operation, ..Login::default() } };
    let secret = |header: &str, start: &str, what: String| {
        let variable = variable(name);
        let value = Text::literal(start).then(Piece::Environment(variable.clone()));
        let auth = DraftAuth { login: None, header: (header.to_owned(), value) };
        Login { auth: Some(auth), operation: operation.clone(), environment: vec![(variable, what)] }
    };
    match scheme {
        SecurityScheme::Bearer | SecurityScheme::OAuth2 { .. } => match &operation {
            Some((index, token)) => with_login(contract, *index, token),
            None => secret("Authorization", "Bearer ", "a bearer token".to_owned()),
        },
        SecurityScheme::Basic => secret("Authorization", "Basic ", "`user:password` in base64".to_owned()),
        SecurityScheme::ApiKey { place: Place::Header, name } => {
            secret(name, "", format!("the key for header `{name}`"))
        }
        SecurityScheme::ApiKey { place: Place::Cookie, name } => {
            secret("Cookie", &format!("{name}="), format!("the value of cookie `{name}`"))
        }
        SecurityScheme::ApiKey { .. } | SecurityScheme::Other(_) => Login { operation, ..Login::default() },
    }
}

fn most_asked_for(contract: &Contract) -> Option<(&str, &SecurityScheme)> {
    let asks = |name: &str| {
        let schemes =
            |operation: &&Operation| operation.security.iter().any(|all| all.schemes.iter().any(|it| it == name));
        contract.operations.iter().filter(schemes).count()
    };
    let best = contract.security_schemes.iter().max_by_key(|(name, _)| asks(name))?;
    (asks(best.0) > 0).then_some((best.0.as_str(), best.1))
}

/// `API_KEY` for `api-key`.
fn variable(scheme: &str) -> String {
    let name: String =
        scheme.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { format!("{name}_SECRET") } else { "API_SECRET".to_owned() }
}

/// The place of the token, if this looks like a login: open to anyone, takes a password, answers with a token.
fn token_of(contract: &Contract, operation: &Operation) -> Option<String> {
    let name = format!("{} {}", operation.path, operation.operation_id.as_deref().unwrap_or("")).to_ascii_lowercase();
    let is_named = WORDS.iter().any(|word| name.contains(word));
    let (schema, _) = capture::answer(contract, operation)?;
    let token = schema.get("properties")?.as_object()?.keys().find(|key| TOKENS.contains(&key.as_str()))?.clone();
    let takes_password = properties(contract, operation).iter().any(|name| is_password(name));
    (operation.method == "POST" && is_named && takes_password).then(|| format!("$.{token}"))
}

fn properties(contract: &Contract, operation: &Operation) -> Vec<String> {
    let content = operation.body.iter().flat_map(|body| &body.contents).next();
    let schema = content.map(|content| contract.resolve(&content.schema));
    let properties = schema.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "pin"].iter().any(|word| name.contains(word))
}

fn is_user(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["user", "login", "email", "client_id", "account"].iter().any(|word| name.contains(word))
}

fn with_login(contract: &Contract, index: usize, token: &str) -> Login {
    let mut step = request(contract, &contract.operations[index]);
    step.capture = vec![("token".to_owned(), token.to_owned())];
    let value = Text::literal("Bearer ").then(Piece::Hole("token".to_owned()));
    Login {
        auth: Some(DraftAuth { login: Some(step), header: ("Authorization".to_owned(), value) }),
        operation: Some((index, token.to_owned())),
        environment: vec![
            ("LOGIN_USER".to_owned(), "who logs in".to_owned()),
            ("LOGIN_PASSWORD".to_owned(), "their password".to_owned()),
        ],
    }
}

/// The login as a step: who and the password come from the environment.
pub(super) fn request(contract: &Contract, operation: &Operation) -> DraftStep {
    let mut made = step::plain(contract, operation);
    match &mut made.body {
        DraftBody::Json(Json::Map(members)) => {
            for (name, value) in members {
                if let Some(variable) = credential(name) {
                    *value = Json::Text(Text::default().then(Piece::Environment(variable.to_owned())));
                }
            }
        }
        DraftBody::Text(text) => *text = form(&properties(contract, operation)),
        _ => {}
    }
    made
}

fn credential(name: &str) -> Option<&'static str> {
    match name {
        name if is_password(name) => Some("LOGIN_PASSWORD"),
        name if is_user(name) => Some("LOGIN_USER"),
        _ => None,
    }
}

/// `username=${LOGIN_USER}&password=${LOGIN_PASSWORD}`: what else a form may have is left out.
fn form(names: &[String]) -> Text {
    let mut text = Text::default();
    for (name, variable) in names.iter().filter_map(|name| Some((name, credential(name)?))) {
        let joint = if text.pieces().is_empty() { "" } else { "&" };
        text.push(Piece::Literal(format!("{joint}{name}=")));
        text.push(Piece::Environment(variable.to_owned()));
    }
    text
}
