//! The SQL of students.

use sqlx::{AssertSqlSafe, FromRow};

use super::input::{ListQuery, StudentInput};
use super::model::{COLUMNS, Student};
use crate::db::{DbError, Dialect, Session, Timestamp, Value, values};
use crate::defects::Defect;

#[derive(FromRow)]
struct Count {
    count: i64,
}

#[derive(FromRow)]
struct Id {
    #[sqlx(rename = "id")]
    _id: i64,
}

/// One student.
pub(super) async fn find(session: &mut Session, id: i64) -> Result<Option<Student>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM students WHERE id = $1");
    session.fetch_optional(AssertSqlSafe(sql), &values![id]).await
}

/// One student that nobody else can change until this transaction ends.
pub(super) async fn find_locked(session: &mut Session, id: i64) -> Result<Option<Student>, DbError> {
    session.begin_write().await?;
    let lock = match session.dialect() {
        Dialect::Postgres => " FOR UPDATE",
        // `BEGIN IMMEDIATE` has locked the whole database.
        Dialect::Sqlite => "",
    };
    let sql = format!("SELECT {COLUMNS} FROM students WHERE id = $1{lock}");
    session.fetch_optional(AssertSqlSafe(sql), &values![id]).await
}

/// How many students a list has on all pages.
pub(super) async fn count(session: &mut Session, query: &ListQuery) -> Result<i64, DbError> {
    let (condition, values) = condition(query);
    let sql = format!("SELECT COUNT(*) AS count FROM students{condition}");
    let row: Count = session.fetch_one(AssertSqlSafe(sql), &values).await?;
    Ok(row.count)
}

/// One page of a list.
pub(super) async fn list(session: &mut Session, query: &ListQuery) -> Result<Vec<Student>, DbError> {
    let (condition, mut values) = condition(query);
    let first = if session.defects().has(Defect::OffByOnePage) { query.page } else { query.page - 1 };
    let order = order(query.sort, session.defects().has(Defect::ArrayOrder));
    let limit = values.len() + 1;
    let sql =
        format!("SELECT {COLUMNS} FROM students{condition} ORDER BY {order} LIMIT ${limit} OFFSET ${}", limit + 1);
    values.push(query.page_size.into());
    values.push((first * query.page_size).into());
    session.fetch_all(AssertSqlSafe(sql), &values).await
}

/// Total, by a tie-breaker on id. Without it (the defect `array-order`) ties come as the plan of the day has
/// them, for which `RANDOM()` stands.
fn order(sort: &str, without_tie_breaker: bool) -> String {
    let (column, direction) = match sort.strip_prefix('-') {
        Some(column) => (column, "DESC"),
        None => (sort, "ASC"),
    };
    let tie_breaker = if without_tie_breaker { "RANDOM()" } else { "id ASC" };
    match column {
        "id" => format!("id {direction}"),
        column => format!("{column} {direction}, {tie_breaker}"),
    }
}

fn condition(query: &ListQuery) -> (String, Vec<Value>) {
    let mut terms = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    if let Some(q) = &query.q {
        values.push(pattern(q).into());
        terms.push(search(values.len()));
    }
    if let Some(class_id) = query.class_id {
        values.push(class_id.into());
        terms.push(format!("class_id = ${}", values.len()));
    }
    if let Some(status) = query.status {
        values.push(status.into());
        terms.push(format!("status = ${}", values.len()));
    }
    let condition = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
    (condition, values)
}

fn search(parameter: usize) -> String {
    let columns = ["name", "student_no", "email"];
    let terms = columns.map(|column| format!("LOWER({column}) LIKE ${parameter} ESCAPE '!'"));
    format!("({})", terms.join(" OR "))
}

fn pattern(q: &str) -> String {
    let escaped = q.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Stores a new student.
pub(super) async fn insert(session: &mut Session, input: StudentInput) -> Result<Student, DbError> {
    let now = Timestamp::now();
    let sql = format!(
        "INSERT INTO students (student_no, name, email, phone, class_id, status, credits, created_at, \
         updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1) RETURNING {COLUMNS}"
    );
    let values = values![
        input.student_no,
        input.name,
        input.email,
        input.phone,
        input.class_id,
        input.status,
        input.credits,
        now,
    ];
    session.begin_write().await?;
    session.fetch_one(AssertSqlSafe(sql), &values).await
}

/// Stores every column of a student; `version` is the one that is replaced.
pub(super) async fn update(
    session: &mut Session,
    id: i64,
    version: i64,
    input: StudentInput,
) -> Result<Option<Student>, DbError> {
    let sql = format!(
        "UPDATE students SET student_no = $2, name = $3, email = $4, phone = $5, class_id = $6, \
         status = $7, credits = $8, updated_at = $9, version = $10 WHERE id = $1 RETURNING {COLUMNS}"
    );
    let values = values![
        id,
        input.student_no,
        input.name,
        input.email,
        input.phone,
        input.class_id,
        input.status,
        input.credits,
        Timestamp::now(),
        version + 1,
    ];
    session.begin_write().await?;
    session.fetch_optional(AssertSqlSafe(sql), &values).await
}

/// Removes a student; says whether there was one.
pub(super) async fn delete(session: &mut Session, id: i64) -> Result<bool, DbError> {
    session.begin_write().await?;
    let sql = "DELETE FROM students WHERE id = $1 RETURNING id";
    Ok(session.fetch_optional::<Id>(sql, &values![id]).await?.is_some())
}
