//! `GET /api/v1/classes/{id}/stats`: an aggregate over students, the heavier query of this service.

use axum::response::Response;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::db::{Session, Timestamp, values};
use crate::http::{Call, ErrorBody, Failures, Inputs, PathId, Permission, Problem, Reply, Strangers};

const STATS: &str = "SELECT c.id, c.name, c.capacity, \
    COUNT(s.id) AS students, \
    COUNT(CASE WHEN s.status = 'active' THEN 1 END) AS active, \
    COUNT(CASE WHEN s.status = 'suspended' THEN 1 END) AS suspended, \
    COUNT(CASE WHEN s.status = 'graduated' THEN 1 END) AS graduated, \
    CAST(COALESCE(SUM(s.credits), 0) AS BIGINT) AS credits_total, \
    MAX(s.created_at) AS last_enrolled_at, \
    (SELECT COUNT(*) + 1 FROM \
        (SELECT class_id FROM students WHERE class_id IS NOT NULL GROUP BY class_id \
         HAVING SUM(credits) > (SELECT COALESCE(SUM(o.credits), 0) FROM students o WHERE o.class_id = $1) \
        ) AS better) AS rank \
    FROM classes c LEFT JOIN students s ON s.class_id = c.id \
    WHERE c.id = $1 GROUP BY c.id, c.name, c.capacity";

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    capacity: i64,
    students: i64,
    active: i64,
    suspended: i64,
    graduated: i64,
    credits_total: i64,
    last_enrolled_at: Option<Timestamp>,
    rank: i64,
}

/// A class in figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassStats {
    #[schema(example = 7)]
    class_id: i64,
    #[schema(example = "Class 07")]
    name: String,
    #[schema(example = 150)]
    capacity: i64,
    #[schema(example = 125)]
    students: i64,
    by_status: ByStatus,
    #[schema(example = 7_500)]
    credits_total: i64,
    /// Rounded to two decimals; `null` without students.
    #[schema(required, example = 60.25)]
    credits_mean: Option<f64>,
    /// `null` without students.
    #[schema(required, value_type = Option<String>, format = DateTime, example = "2024-09-01T08:00:00.000001Z")]
    last_enrolled_at: Option<Timestamp>,
    /// 1 for the class with the most credits.
    #[schema(example = 3)]
    rank: i64,
}

/// Students by status.
#[derive(Debug, Serialize, ToSchema)]
struct ByStatus {
    #[schema(example = 100)]
    active: i64,
    #[schema(example = 10)]
    suspended: i64,
    #[schema(example = 15)]
    graduated: i64,
}

impl From<Row> for ClassStats {
    fn from(row: Row) -> Self {
        let mean = row.credits_total as f64 / row.students as f64;
        Self {
            class_id: row.id,
            name: row.name,
            capacity: row.capacity,
            students: row.students,
            by_status: ByStatus { active: row.active, suspended: row.suspended, graduated: row.graduated },
            credits_total: row.credits_total,
            credits_mean: (row.students > 0).then(|| (mean * 100.0).round() / 100.0),
            last_enrolled_at: row.last_enrolled_at,
            rank: row.rank,
        }
    }
}

/// A class in figures.
#[utoipa::path(
    get, path = "/api/v1/classes/{id}/stats", tag = "classes", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, example = 7)),
    responses(
        (status = 200, body = ClassStats),
        (status = 404, body = ErrorBody, description = "`CLASS_NOT_FOUND`"),
        Strangers, Inputs, Failures,
    )
)]
pub(crate) async fn stats(call: Call, id: PathId) -> Response {
    let input = move || id.read();
    call.answer(Permission::Read, input, |session, _, id| Box::pin(of_class(session, id))).await
}

async fn of_class(session: &mut Session, id: i64) -> Result<Reply<ClassStats>, Problem> {
    let row: Option<Row> = session.fetch_optional(STATS, &values![id]).await?;
    Ok(Reply::ok(row.ok_or(Problem::ClassNotFound(id))?.into()))
}
