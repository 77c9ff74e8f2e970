//! The service as HTTP: routes, the way of a request, errors as clients see them.

mod call;
mod documentation;
mod fields;
mod health;
mod observe;
mod problem;
mod query;
mod reply;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::db::{Pool, Session};
use crate::defects::Defects;
use crate::metrics::{self, Metrics};
use crate::stack::Stack;
use crate::{auth, classes, reviews, students};

pub(crate) use call::{Body, Call, Permission};
pub(crate) use documentation::{Failures, Inputs, Roles, Strangers};
pub(crate) use fields::{Fields, Invalid, Kind};
pub(crate) use problem::{ErrorBody, Problem, ValidationBody};
pub(crate) use query::{PathId, QueryParameters};
pub(crate) use reply::Reply;

/// Bodies above this are refused with 413.
const BODY_LIMIT: usize = 1024 * 1024;

/// What every request shares.
pub(crate) struct App {
    /// Where sessions take their connections.
    pub(crate) pool: Pool,
    /// How services are driven.
    pub(crate) stack: Stack,
    /// What is wrong on purpose.
    pub(crate) defects: Arc<Defects>,
    /// What is told to a scraper.
    pub(crate) metrics: Metrics,
}

impl App {
    /// A session for one request.
    pub(crate) fn session(&self) -> Session {
        Session::new(self.pool.clone(), Arc::clone(&self.defects))
    }
}

/// The whole service.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/v1/auth/token", post(auth::routes::token))
        .route("/api/v1/students", get(students::routes::list).post(students::routes::create))
        .route("/api/v1/students/batch", post(students::routes::create_batch))
        .route("/api/v1/students/reviews/claim", post(reviews::claim))
        .route(
            "/api/v1/students/{id}",
            get(students::routes::read)
                .put(students::routes::replace)
                .patch(students::routes::update)
                .delete(students::routes::delete),
        )
        .route("/api/v1/classes/{id}/stats", get(classes::stats))
        .route("/health", get(health::alive))
        .route("/health/postgres", get(health::database))
        .route("/metrics", get(scrape))
        .route("/openapi.json", get(documentation::openapi))
        .route("/docs", get(documentation::page))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .fallback(problem::no_such_route)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}

/// Figures for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "observability",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
async fn scrape(State(app): State<Arc<App>>) -> Response {
    let content_type = [(header::CONTENT_TYPE, metrics::CONTENT_TYPE)];
    (content_type, app.metrics.render()).into_response()
}
