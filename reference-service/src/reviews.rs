//! `POST /api/v1/students/reviews/claim`: hands out the next pending review, each to one caller only.

use axum::response::Response;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::db::{DbError, Dialect, Session, Timestamp, values};
use crate::defects::Defect;
use crate::http::{Call, Failures, Permission, Problem, Reply, Roles, Strangers};

const NEXT: &str = "SELECT id FROM reviews WHERE status = 'pending' ORDER BY id LIMIT 1";
const NEXT_LOCKED: &str = "SELECT id FROM reviews WHERE status = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
const CLAIM: &str = "UPDATE reviews SET status = 'claimed', claimed_by = $2, claimed_at = $3 \
    WHERE id = $1 RETURNING id, student_id, kind, status, claimed_by, claimed_at, created_at";
const CLAIM_NEXT: &str = "UPDATE reviews SET status = 'claimed', claimed_by = $1, claimed_at = $2 \
    WHERE id = (SELECT id FROM reviews WHERE status = 'pending' ORDER BY id LIMIT 1) \
    RETURNING id, student_id, kind, status, claimed_by, claimed_at, created_at";

/// A review that was claimed.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct Review {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = 1)]
    student_id: i64,
    #[schema(example = "enrolment")]
    kind: String,
    /// Always `claimed`.
    #[schema(example = "claimed")]
    status: String,
    /// The user who claimed it.
    #[schema(example = 2)]
    claimed_by: i64,
    #[schema(value_type = String, format = DateTime, example = "2024-09-01T08:00:00.000001Z")]
    claimed_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2024-09-01T08:00:00.000001Z")]
    created_at: Timestamp,
}

#[derive(FromRow)]
struct Id {
    id: i64,
}

/// The next pending review, handed out to this caller alone.
#[utoipa::path(
    post, path = "/api/v1/students/reviews/claim", tag = "reviews", security(("bearer" = [])),
    responses(
        (status = 200, body = Review),
        (status = 204, description = "No review is pending"),
        Strangers, Roles, Failures,
    )
)]
pub(crate) async fn claim(call: Call) -> Response {
    call.answer(Permission::Write, || Ok(()), |session, caller, ()| Box::pin(claim_next(session, caller))).await
}

async fn claim_next(session: &mut Session, caller: Caller) -> Result<Reply<Review>, Problem> {
    let claimed = if session.defects().has(Defect::DoubleClaim) {
        unlocked(session, &caller).await?
    } else {
        session.begin_write().await?;
        match session.dialect() {
            Dialect::Postgres => locked(session, &caller).await?,
            Dialect::Sqlite => single_statement(session, &caller).await?,
        }
    };
    session.commit().await?;
    Ok(claimed.map_or_else(Reply::nothing, Reply::ok))
}

async fn locked(session: &mut Session, caller: &Caller) -> Result<Option<Review>, DbError> {
    match session.fetch_optional::<Id>(NEXT_LOCKED, &[]).await? {
        Some(next) => mark(session, next.id, caller).await,
        None => Ok(None),
    }
}

async fn single_statement(session: &mut Session, caller: &Caller) -> Result<Option<Review>, DbError> {
    session.fetch_optional(CLAIM_NEXT, &values![caller.user_id, Timestamp::now()]).await
}

/// The defect `double-claim`: between choosing and marking, someone else may choose the same.
async fn unlocked(session: &mut Session, caller: &Caller) -> Result<Option<Review>, DbError> {
    let next = session.fetch_optional::<Id>(NEXT, &[]).await?;
    session.rollback().await?;
    match next {
        Some(next) => {
            session.begin_write().await?;
            mark(session, next.id, caller).await
        }
        None => Ok(None),
    }
}

async fn mark(session: &mut Session, id: i64, caller: &Caller) -> Result<Option<Review>, DbError> {
    session.fetch_optional(CLAIM, &values![id, caller.user_id, Timestamp::now()]).await
}
