//! The routes of students: what is read from a request, and which service answers it.

use axum::response::Response;

use super::input::{Batch, ListQuery, StudentChange, StudentInput};
use super::model::{Created, Page, Status, Student};
use super::service;
use crate::http::{Body, Call, ErrorBody, Failures, Inputs, PathId, Permission, QueryParameters, Roles, Strangers};

/// A page of students. The order is total: ties are broken by id.
#[utoipa::path(
    get, path = "/api/v1/students", tag = "students", security(("bearer" = [])),
    params(
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1, maximum = 1_000_000, example = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100, 20 by default", minimum = 1, maximum = 100, example = 20),
        ("q" = Option<String>, Query, description = "Part of name, student number or email", max_length = 100, example = "ada"),
        ("class_id" = Option<i64>, Query, description = "Students of this class only", minimum = 1, example = 7),
        ("status" = Option<Status>, Query, description = "Students of this status only", example = "active"),
        ("sort" = Option<String>, Query, description = "`-` before it is descending", pattern = "^-?(id|student_no|name|credits|created_at)$", example = "-credits"),
    ),
    responses((status = 200, body = Page), Strangers, Inputs, Failures)
)]
pub(crate) async fn list(call: Call, parameters: QueryParameters) -> Response {
    let input = move || ListQuery::read(parameters);
    call.answer(Permission::Read, input, |session, _, query| Box::pin(service::list(session, query))).await
}

/// One student.
#[utoipa::path(
    get, path = "/api/v1/students/{id}", tag = "students", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, example = 1)),
    responses(
        (status = 200, body = Student, headers(("ETag" = String, description = "Version of the student"))),
        (status = 404, body = ErrorBody, description = "`STUDENT_NOT_FOUND`"),
        Strangers, Inputs, Failures,
    )
)]
pub(crate) async fn read(call: Call, id: PathId) -> Response {
    let input = move || id.read();
    call.answer(Permission::Read, input, |session, _, id| Box::pin(service::read(session, id))).await
}

/// A new student.
#[utoipa::path(
    post, path = "/api/v1/students", tag = "students", security(("bearer" = [])),
    request_body = StudentInput,
    responses(
        (status = 201, body = Student, headers(
            ("Location" = String, description = "Path of the student"),
            ("ETag" = String, description = "Version of the student"),
        )),
        (status = 409, body = ErrorBody, description = "`STUDENT_NO_TAKEN` or `EMAIL_TAKEN`"),
        (status = 413, body = ErrorBody, description = "`PAYLOAD_TOO_LARGE`"),
        Strangers, Roles, Inputs, Failures,
    )
)]
pub(crate) async fn create(call: Call, Body(bytes): Body) -> Response {
    let input = move || StudentInput::read(&bytes);
    call.answer(Permission::Write, input, |session, _, input| Box::pin(service::create(session, input))).await
}

/// Several new students, all or none; a refusal names the row, counted from 0.
#[utoipa::path(
    post, path = "/api/v1/students/batch", tag = "students", security(("bearer" = [])),
    request_body = Batch,
    responses(
        (status = 201, body = Created),
        (status = 409, body = ErrorBody, description = "`STUDENT_NO_TAKEN` or `EMAIL_TAKEN`"),
        (status = 413, body = ErrorBody, description = "`PAYLOAD_TOO_LARGE`"),
        Strangers, Roles, Inputs, Failures,
    )
)]
pub(crate) async fn create_batch(call: Call, Body(bytes): Body) -> Response {
    let input = move || Batch::read(&bytes);
    call.answer(Permission::Write, input, |session, _, batch| Box::pin(service::create_batch(session, batch))).await
}

/// A student replaced as a whole.
#[utoipa::path(
    put, path = "/api/v1/students/{id}", tag = "students", security(("bearer" = [])),
    params(
        ("id" = i64, Path, minimum = 1, example = 1),
        ("If-Match" = Option<String>, Header, description = "Only if the student still has this `ETag`"),
    ),
    request_body = StudentInput,
    responses(
        (status = 200, body = Student, headers(("ETag" = String, description = "Version of the student"))),
        (status = 404, body = ErrorBody, description = "`STUDENT_NOT_FOUND`"),
        (status = 409, body = ErrorBody, description = "`STUDENT_NO_TAKEN` or `EMAIL_TAKEN`"),
        (status = 412, body = ErrorBody, description = "`PRECONDITION_FAILED`"),
        (status = 413, body = ErrorBody, description = "`PAYLOAD_TOO_LARGE`"),
        Strangers, Roles, Inputs, Failures,
    )
)]
pub(crate) async fn replace(call: Call, id: PathId, Body(bytes): Body) -> Response {
    let if_match = call.if_match();
    let input = move || Ok((id.read()?, StudentInput::read(&bytes)?));
    call.answer(Permission::Write, input, |session, _, (id, input)| {
        Box::pin(service::replace(session, id, if_match, input))
    })
    .await
}

/// Some fields of a student changed.
#[utoipa::path(
    patch, path = "/api/v1/students/{id}", tag = "students", security(("bearer" = [])),
    params(
        ("id" = i64, Path, minimum = 1, example = 1),
        ("If-Match" = Option<String>, Header, description = "Only if the student still has this `ETag`"),
    ),
    request_body = StudentChange,
    responses(
        (status = 200, body = Student, headers(("ETag" = String, description = "Version of the student"))),
        (status = 404, body = ErrorBody, description = "`STUDENT_NOT_FOUND`"),
        (status = 409, body = ErrorBody, description = "`STUDENT_NO_TAKEN` or `EMAIL_TAKEN`"),
        (status = 412, body = ErrorBody, description = "`PRECONDITION_FAILED`"),
        (status = 413, body = ErrorBody, description = "`PAYLOAD_TOO_LARGE`"),
        Strangers, Roles, Inputs, Failures,
    )
)]
pub(crate) async fn update(call: Call, id: PathId, Body(bytes): Body) -> Response {
    let if_match = call.if_match();
    let input = move || Ok((id.read()?, StudentChange::read(&bytes)?));
    call.answer(Permission::Write, input, |session, _, (id, change)| {
        Box::pin(service::update(session, id, if_match, change))
    })
    .await
}

/// A student removed.
#[utoipa::path(
    delete, path = "/api/v1/students/{id}", tag = "students", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, example = 1)),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, body = ErrorBody, description = "`STUDENT_NOT_FOUND`"),
        Strangers, Roles, Inputs, Failures,
    )
)]
pub(crate) async fn delete(call: Call, id: PathId) -> Response {
    let input = move || id.read();
    call.answer(Permission::Write, input, |session, _, id| Box::pin(service::delete(session, id))).await
}
