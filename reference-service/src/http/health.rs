//! Whether the service lives, and whether its database does.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use super::call::Call;
use super::documentation::Failures;
use super::problem::Problem;
use super::reply::{Reply, json};
use crate::db::Session;

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`; anything else is an error.
    #[schema(example = "ok")]
    status: &'static str,
}

#[derive(FromRow)]
struct One {
    #[sqlx(rename = "one")]
    _one: i64,
}

/// The process answers; its database is not asked.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn alive() -> Response {
    json(StatusCode::OK, &Health { status: "ok" })
}

/// A connection can be had and the database answers on it.
#[utoipa::path(
    get, path = "/health/postgres", tag = "health",
    responses((status = 200, body = Health), Failures)
)]
pub(crate) async fn database(call: Call) -> Response {
    call.answer_anyone(|| Ok(()), |session, ()| Box::pin(ask(session))).await
}

async fn ask(session: &mut Session) -> Result<Reply<Health>, Problem> {
    session.fetch_one::<One>("SELECT CAST(1 AS BIGINT) AS one", &[]).await?;
    Ok(Reply::ok(Health { status: "ok" }))
}
