//! What may be done with students. The same functions serve both stacks.

use axum::http::header::{ETAG, LOCATION};

use super::input::{Batch, ListQuery, StudentChange, StudentInput};
use super::late::Later;
use super::model::{Created, Page, Student};
use super::repository;
use crate::db::{DbError, Session};
use crate::defects::Defect;
use crate::http::{Invalid, Problem, Reply};

/// A page of students.
pub(super) async fn list(session: &mut Session, query: ListQuery) -> Result<Reply<Page>, Problem> {
    let total = repository::count(session, &query).await?;
    let mut items = repository::list(session, &query).await?;
    if session.defects().has(Defect::NPlusOne) {
        items = read_again(session, items).await?;
    }
    let ListQuery { page, page_size, .. } = query;
    let pages = (total + page_size - 1) / page_size;
    Ok(Reply::ok(Page { items, total, page, page_size, pages }))
}

/// The defect `n-plus-one`.
async fn read_again(session: &mut Session, items: Vec<Student>) -> Result<Vec<Student>, Problem> {
    let mut again = Vec::with_capacity(items.len());
    for student in items {
        again.extend(repository::find(session, student.id).await?);
    }
    Ok(again)
}

/// One student.
pub(super) async fn read(session: &mut Session, id: i64) -> Result<Reply<Student>, Problem> {
    let student = repository::find(session, id).await?.ok_or(Problem::StudentNotFound(id))?;
    Ok(tagged(student))
}

/// A new student.
pub(super) async fn create(session: &mut Session, input: StudentInput) -> Result<Reply<Student>, Problem> {
    let inserted = repository::insert(session, input.clone()).await;
    let student = inserted.map_err(|error| refusal(session, error, &input, None))?;
    if session.defects().has(Defect::LostWrite) {
        session.rollback().await?;
    } else {
        session.commit().await?;
    }
    let location = format!("/api/v1/students/{}", student.id);
    let etag = student.etag();
    Ok(Reply::created(student).with(LOCATION, location).with(ETAG, etag))
}

/// Several new students, all or none.
pub(super) async fn create_batch(session: &mut Session, batch: Batch) -> Result<Reply<Created>, Problem> {
    let mut items = Vec::with_capacity(batch.students.len());
    for (row, input) in batch.students.into_iter().enumerate() {
        let inserted = repository::insert(session, input.clone()).await;
        items.push(inserted.map_err(|error| refusal(session, error, &input, Some(row)))?);
        if session.defects().has(Defect::PartialBatch) {
            session.commit().await?;
        }
    }
    session.commit().await?;
    Ok(Reply::created(Created { created: items.len(), items }))
}

/// A student replaced as a whole.
pub(super) async fn replace(
    session: &mut Session,
    id: i64,
    if_match: Option<String>,
    input: StudentInput,
) -> Result<Reply<Student>, Problem> {
    change(session, id, if_match, |_| input).await
}

/// Some fields of a student changed.
pub(super) async fn update(
    session: &mut Session,
    id: i64,
    if_match: Option<String>,
    change_of: StudentChange,
) -> Result<Reply<Student>, Problem> {
    let later = Later::of(session, id, &change_of);
    let outcome = change(session, id, if_match, |student| change_of.applied_to(student)).await;
    later.over(&outcome);
    outcome
}

pub(super) async fn change(
    session: &mut Session,
    id: i64,
    if_match: Option<String>,
    merge: impl FnOnce(&Student) -> StudentInput + Send,
) -> Result<Reply<Student>, Problem> {
    let found = if session.defects().has(Defect::LostUpdate) {
        find_unlocked(session, id).await?
    } else {
        repository::find_locked(session, id).await?
    };
    let student = found.ok_or(Problem::StudentNotFound(id))?;
    if !if_match.is_none_or(|header| matches(&header, &student.etag())) {
        return Err(Problem::PreconditionFailed);
    }
    let input = merge(&student);
    let updated = repository::update(session, id, student.version, input.clone()).await;
    let updated = updated.map_err(|error| refusal(session, error, &input, None))?;
    session.commit().await?;
    Ok(tagged(updated.ok_or(Problem::StudentNotFound(id))?))
}

/// The defect `lost-update`: what was read may be stale by the time it is written back.
async fn find_unlocked(session: &mut Session, id: i64) -> Result<Option<Student>, DbError> {
    let found = repository::find(session, id).await;
    session.rollback().await?;
    found
}

/// A student removed.
pub(super) async fn delete(session: &mut Session, id: i64) -> Result<Reply<()>, Problem> {
    if !repository::delete(session, id).await? {
        return Err(Problem::StudentNotFound(id));
    }
    session.commit().await?;
    Ok(Reply::nothing())
}

fn tagged(student: Student) -> Reply<Student> {
    let etag = student.etag();
    Reply::ok(student).with(ETAG, etag)
}

/// RFC 9110, section 13.1.1: any of the listed strong tags, or `*` for whatever is there.
fn matches(if_match: &str, etag: &str) -> bool {
    if_match.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag)
}

/// What a constraint's refusal means to a client.
fn refusal(session: &Session, error: DbError, input: &StudentInput, row: Option<usize>) -> Problem {
    match error {
        DbError::Unique(_, cause) if session.defects().has(Defect::ErrorDetail) => Problem::Leaky(cause.to_string()),
        DbError::Unique(constraint, _) => duplicate(&constraint, input, row),
        DbError::ForeignKey(_) => no_such_class(input, row),
        other => other.into(),
    }
}

fn duplicate(constraint: &str, input: &StudentInput, row: Option<usize>) -> Problem {
    let (code, what, value) = if constraint.contains("student_no") {
        ("STUDENT_NO_TAKEN", "Student number", &input.student_no)
    } else {
        ("EMAIL_TAKEN", "Email", &input.email)
    };
    let place = row.map(|row| format!("Row {row}: ")).unwrap_or_default();
    Problem::Conflict(code, format!("{place}{what} `{value}` is taken"))
}

fn no_such_class(input: &StudentInput, row: Option<usize>) -> Problem {
    let class_id = input.class_id.unwrap_or_default();
    let mut location = vec!["body".into()];
    if let Some(row) = row {
        location.extend(["students".into(), row.into()]);
    }
    location.push("class_id".into());
    Invalid::one(location, "no_such_class", format!("There is no class {class_id}")).into()
}
