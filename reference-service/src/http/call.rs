//! The way of one request: who calls, may they, is the input right, the service, the answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures_util::future::BoxFuture;

use super::App;
use super::fields::Invalid;
use super::observe::QueryId;
use super::problem::Problem;
use super::reply::{Reply, Serialized};
use crate::auth::{self, Caller};
use crate::db::Session;

/// What a route asks of its caller's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Every role.
    Read,
    /// Teachers and administrators.
    Write,
}

/// What services return, borrowed from their session.
pub(crate) type Work<'s, B> = BoxFuture<'s, Result<Reply<B>, Problem>>;

/// A request that is about to be worked.
pub(crate) struct Call {
    app: Arc<App>,
    query_id: QueryId,
    token: Option<String>,
    if_match: Option<String>,
}

impl Call {
    /// The `If-Match` header.
    pub(crate) fn if_match(&self) -> Option<String> {
        self.if_match.clone()
    }

    /// Answers a request of a known caller: the role check and the service are one job each.
    pub(crate) async fn answer<I, B, S>(
        self,
        needs: Permission,
        input: impl FnOnce() -> Result<I, Invalid> + Send,
        service: S,
    ) -> Response
    where
        I: Send + 'static,
        B: Serialized,
        S: for<'s> FnOnce(&'s mut Session, Caller, I) -> Work<'s, B> + Send + 'static,
    {
        let Some(token) = self.token.clone() else {
            return Problem::Unauthorized.respond(&self.query_id);
        };
        let session = self.app.session();
        let stack = &self.app.stack;
        let (session, caller) = stack.drive(session, move |session| auth::check(session, token)).await;
        let ready = caller.and_then(|caller| {
            caller.may(needs)?;
            Ok((caller, input()?))
        });
        let (session, outcome) = match ready {
            Err(problem) => (session, Err(problem)),
            Ok((caller, input)) => stack.drive(session, move |session| service(session, caller, input)).await,
        };
        self.finish(session, outcome).await
    }

    /// Answers a request of anyone: the service is the only job.
    pub(crate) async fn answer_anyone<I, B, S>(
        self,
        input: impl FnOnce() -> Result<I, Invalid> + Send,
        service: S,
    ) -> Response
    where
        I: Send + 'static,
        B: Serialized,
        S: for<'s> FnOnce(&'s mut Session, I) -> Work<'s, B> + Send + 'static,
    {
        let input = match input() {
            Ok(input) => input,
            Err(invalid) => return Problem::from(invalid).respond(&self.query_id),
        };
        let session = self.app.session();
        let stack = &self.app.stack;
        let (session, outcome) = stack.drive(session, move |session| service(session, input)).await;
        self.finish(session, outcome).await
    }

    async fn finish<B: Serialized>(&self, session: Session, outcome: Result<Reply<B>, Problem>) -> Response {
        let defects = &self.app.defects;
        let build = || match outcome {
            Ok(reply) => reply.build(defects),
            Err(problem) => problem.twist(defects).respond(&self.query_id),
        };
        self.app.stack.finish(session, build).await
    }
}

impl FromRequestParts<Arc<App>> for Call {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, StatusCode> {
        let query_id = parts.extensions.get::<QueryId>().cloned();
        Ok(Self {
            app: Arc::clone(app),
            query_id: query_id.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?,
            token: text(parts, &header::AUTHORIZATION).and_then(|value| bearer(&value)),
            if_match: text(parts, &header::IF_MATCH),
        })
    }
}

fn text(parts: &Parts, name: &header::HeaderName) -> Option<String> {
    parts.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn bearer(header: &str) -> Option<String> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The bytes of a body; its limit answers 413 in the service's own shape.
pub(crate) struct Body(pub(crate) Bytes);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let query_id = request.extensions().get::<QueryId>().cloned();
        Bytes::from_request(request, app).await.map(Self).map_err(|rejection| {
            let rejection = axum::response::IntoResponse::into_response(rejection);
            match (rejection.status(), query_id) {
                (StatusCode::PAYLOAD_TOO_LARGE, Some(query_id)) => Problem::TooLarge.respond(&query_id),
                _ => rejection,
            }
        })
    }
}
