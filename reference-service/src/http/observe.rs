//! What happens around every request: its identity, a task of its own, its count.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::App;
use super::problem::Problem;
use crate::defects::Defect;

/// How long a request of the defect `slow-tail` sleeps.
const SLOW_TAIL: Duration = Duration::from_millis(400);

/// The identity of one request, in `x-request-id` and in error bodies.
#[derive(Debug, Clone)]
pub(crate) struct QueryId(pub(crate) Arc<str>);

impl QueryId {
    fn new() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()).into())
    }
}

/// Works a request to its end on a task of its own, so that a client that leaves does not cancel it. ASGI
/// servers do the same.
pub(crate) async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let query_id = QueryId::new();
    request.extensions_mut().insert(query_id.clone());
    // What is logged on the way carries the request's identity.
    let span = tracing::info_span!("request", query_id = &*query_id.0);
    let work = work(app, request, next, query_id.clone()).instrument(span);
    match tokio::spawn(work).await {
        Ok(response) => response,
        Err(_panicked) => identified(Problem::Internal.respond(&query_id), &query_id),
    }
}

async fn work(app: Arc<App>, request: Request, next: Next, query_id: QueryId) -> Response {
    let route = route(&request);
    let method = request.method().clone();
    if route.starts_with("/api/") {
        misbehave(&app).await;
    }
    let response = next.run(request).await;
    app.metrics.count_request(method.as_str(), &route, response.status().as_u16());
    identified(response, &query_id)
}

fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("unmatched", MatchedPath::as_str).to_owned()
}

async fn misbehave(app: &App) {
    if app.defects.strikes(Defect::SlowTail) {
        tokio::time::sleep(SLOW_TAIL).await;
    }
    app.defects.leave_behind();
    if let Some(milliseconds) = app.defects.value(Defect::BlockingCall) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

fn identified(mut response: Response, query_id: &QueryId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&query_id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
