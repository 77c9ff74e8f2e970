//! `POST /api/v1/auth/token`.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::service;
use crate::http::{Body, Call, ErrorBody, Failures, Fields, Invalid, Kind, ValidationBody};

/// User name and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// `admin`, `teacher` or `viewer`
    #[schema(example = "teacher")]
    pub(super) username: String,
    /// The seeded ones are the user name and `-password`
    #[schema(example = "teacher-password")]
    pub(super) password: String,
}

/// A bearer token.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Token {
    /// To be sent as `Authorization: Bearer …`
    pub(super) access_token: String,
    /// Always `bearer`
    #[schema(example = "bearer")]
    pub(super) token_type: &'static str,
    /// Seconds
    #[schema(example = 3600)]
    pub(super) expires_in: i64,
}

/// Log in.
#[utoipa::path(
    post, path = "/api/v1/auth/token", tag = "auth", request_body = Credentials,
    responses(
        (status = 200, body = Token),
        (
            status = 401, body = ErrorBody, description = "User name or password is wrong",
            headers(("WWW-Authenticate" = String, description = "`Bearer`")),
        ),
        (status = 413, body = ErrorBody, description = "`PAYLOAD_TOO_LARGE`"),
        (status = 422, body = ValidationBody, description = "The body is wrong"),
        Failures,
    )
)]
pub(crate) async fn token(call: Call, Body(bytes): Body) -> Response {
    let input = move || credentials(&bytes);
    call.answer_anyone(input, |session, input| Box::pin(service::log_in(session, input))).await
}

fn credentials(bytes: &[u8]) -> Result<Credentials, Invalid> {
    let mut fields = Fields::of_body(bytes)?;
    let username = fields.text("username", Kind::Text { longest: 64 });
    let password = fields.text("password", Kind::Text { longest: 256 });
    let both = username.zip(password);
    fields.finish(both.map(|(username, password)| Credentials { username, password }))
}
