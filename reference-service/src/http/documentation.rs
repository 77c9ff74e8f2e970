//! `/openapi.json`, made from the code, and `/docs`, a page that can send each of its operations.

use axum::Json;
use axum::response::Html;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::problem::{ErrorBody, ValidationBody};

#[derive(OpenApi)]
#[openapi(
    info(title = "Students", description = "A school's students, their classes and reviews"),
    paths(
        crate::auth::routes::token,
        crate::students::routes::list,
        crate::students::routes::read,
        crate::students::routes::create,
        crate::students::routes::replace,
        crate::students::routes::update,
        crate::students::routes::delete,
        crate::students::routes::create_batch,
        crate::reviews::claim,
        crate::classes::stats,
        super::health::alive,
        super::health::database,
        super::scrape,
        openapi,
    ),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", scheme);
    }
}

/// What any request that reaches the database may answer.
#[derive(IntoResponses)]
#[allow(dead_code)] // read by the derive only
pub(crate) enum Failures<'a> {
    /// A mistake of the service
    #[response(status = 500)]
    Internal(ErrorBody<'a>),
    /// `DATABASE_BUSY` or `DATABASE_UNAVAILABLE`
    #[response(status = 503, headers(("Retry-After" = i64, description = "Seconds to wait")))]
    Database(ErrorBody<'a>),
}

/// What a request with a token may answer besides.
#[derive(IntoResponses)]
#[allow(dead_code)] // read by the derive only
pub(crate) enum Strangers<'a> {
    /// No token, or one that is unknown or over
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "`Bearer`")))]
    Unauthorized(ErrorBody<'a>),
}

/// What a request that only some roles may make may answer besides.
#[derive(IntoResponses)]
#[allow(dead_code)] // read by the derive only
pub(crate) enum Roles<'a> {
    /// The role does not allow it
    #[response(status = 403)]
    Forbidden(ErrorBody<'a>),
}

/// What a request with input may answer besides.
#[derive(IntoResponses)]
#[allow(dead_code)] // read by the derive only
pub(crate) enum Inputs<'a> {
    /// Parameters or body are wrong
    #[response(status = 422)]
    Invalid(ValidationBody<'a>),
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "observability", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

/// A page for people. It is no operation of the API.
pub(crate) async fn page() -> Html<&'static str> {
    Html(include_str!("docs.html"))
}
