//! Errors as clients see them: two shapes, and never a word of the database's.

use axum::Extension;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{Detail, Invalid};
use super::observe::QueryId;
use super::reply::json;
use crate::db::DbError;
use crate::defects::{Defect, Defects};

/// What clients are told to wait after a 503, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not done.
#[derive(Debug)]
pub(crate) enum Problem {
    /// 401: no token, or one that is unknown or over.
    Unauthorized,
    /// 401: user name and password do not belong together.
    InvalidCredentials,
    /// 403: the role does not allow it.
    Forbidden,
    /// 404: no such route.
    NoSuchRoute,
    /// 404: no student of that id.
    StudentNotFound(i64),
    /// 404: no class of that id.
    ClassNotFound(i64),
    /// 405.
    MethodNotAllowed,
    /// 409: the code and what is taken.
    Conflict(&'static str, String),
    /// 412: the `If-Match` is stale.
    PreconditionFailed,
    /// 413.
    TooLarge,
    /// 422: everything that is wrong with the input.
    Invalid(Invalid),
    /// 503: the database, or the pool before it, took too long.
    Busy,
    /// 503: the database is not there.
    Unavailable,
    /// 500.
    Internal,
    /// 500 with the database's own text: the defect `error-detail`.
    Leaky(String),
    /// Another status than the right one: the defects `wrong-status` and `error-code`.
    Twisted(StatusCode, &'static str, Box<Problem>),
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "STUDENT_NOT_FOUND", "message": "There is no student 42", "query_id": "8f14e45fceea167a"
}))]
pub(crate) struct ErrorBody<'a> {
    /// A stable name.
    code: &'a str,
    /// A sentence for people.
    message: String,
    /// The identity of this request, also in `x-request-id`.
    query_id: &'a str,
}

/// A refusal of the input, as FastAPI writes it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValidationBody<'a> {
    /// Everything that is wrong.
    detail: &'a [Detail],
}

impl Problem {
    /// The answer.
    pub(crate) fn respond(&self, query_id: &QueryId) -> Response {
        let (status, code, message) = self.describe();
        if let Self::Invalid(invalid) = self {
            return json(status, &ValidationBody { detail: &invalid.0 });
        }
        let body = ErrorBody { code, message, query_id: &query_id.0 };
        let mut response = json(status, &body);
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }

    fn describe(&self) -> (StatusCode, &'static str, String) {
        let (status, code, message) = match self {
            Self::Unauthorized => (401, "UNAUTHORIZED", "A valid bearer token is needed"),
            Self::InvalidCredentials => (401, "INVALID_CREDENTIALS", "User name or password is wrong"),
            Self::Forbidden => (403, "FORBIDDEN", "Your role does not allow this"),
            Self::NoSuchRoute => (404, "NOT_FOUND", "There is nothing here"),
            Self::StudentNotFound(id) => {
                return (StatusCode::NOT_FOUND, "STUDENT_NOT_FOUND", format!("There is no student {id}"));
            }
            Self::ClassNotFound(id) => {
                return (StatusCode::NOT_FOUND, "CLASS_NOT_FOUND", format!("There is no class {id}"));
            }
            Self::MethodNotAllowed => (405, "METHOD_NOT_ALLOWED", "The method is not allowed here"),
            Self::Conflict(code, message) => return (StatusCode::CONFLICT, code, message.clone()),
            Self::PreconditionFailed => (412, "PRECONDITION_FAILED", "The student was changed in between"),
            Self::TooLarge => (413, "PAYLOAD_TOO_LARGE", "The body is larger than 1 MiB"),
            Self::Invalid(_) => (422, "INVALID", "The input is not valid"),
            Self::Busy => (503, "DATABASE_BUSY", "The database is busy, try again later"),
            Self::Unavailable => (503, "DATABASE_UNAVAILABLE", "The database cannot be reached"),
            Self::Internal => (500, "INTERNAL_ERROR", "Something went wrong on our side"),
            Self::Leaky(text) => {
                return (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", text.clone());
            }
            Self::Twisted(status, code, inner) => return (*status, code, inner.describe().2),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, code, message.to_owned())
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized | Self::InvalidCredentials => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::Busy | Self::Unavailable => Some((header::RETRY_AFTER, RETRY_AFTER)),
            _ => None,
        }
    }

    /// The hook of `wrong-status` and `error-code`.
    pub(crate) fn twist(self, defects: &Defects) -> Self {
        let (status, code, _) = self.describe();
        let wrong = defects.has(Defect::WrongStatus) && status == StatusCode::NOT_FOUND;
        let renamed = defects.has(Defect::ErrorCode) && code == "STUDENT_NOT_FOUND";
        if !wrong && !renamed {
            return self;
        }
        let status = if wrong { StatusCode::BAD_REQUEST } else { status };
        Self::Twisted(status, if renamed { "NOT_FOUND" } else { code }, Box::new(self))
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::PoolTimeout | DbError::OperationTimeout | DbError::Busy(_) => Self::Busy,
            DbError::Unavailable(_) => Self::Unavailable,
            DbError::Unique(..) | DbError::ForeignKey(_) | DbError::Other(_) => Self::Internal,
        }
        .logged(&error)
    }
}

impl Problem {
    fn logged(self, error: &DbError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        if matches!(self, Self::Internal) {
            tracing::error!(%error, cause, "a request failed");
        } else {
            tracing::warn!(%error, cause, "a request was not done");
        }
        self
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

/// 404 for everything that is not a route.
pub(crate) async fn no_such_route(Extension(query_id): Extension<QueryId>) -> Response {
    Problem::NoSuchRoute.respond(&query_id).into_response()
}

/// 405; axum adds `Allow`.
pub(crate) async fn method_not_allowed(Extension(query_id): Extension<QueryId>) -> Response {
    Problem::MethodNotAllowed.respond(&query_id).into_response()
}
