//! Starts services for tests and talks to them.

use std::future::Future;
use std::time::Duration;

use clap::Parser;
use reference_service::{Seed, ServeArgs, ServeError, prepare, serve_on};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::postgres;

/// What test databases are filled with.
pub(crate) const SEED: Seed = Seed { number: 7, students: 200 };

/// How long anything may take before a test gives up. Not an expectation of speed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

/// A database that is ready for a service.
pub(crate) struct Database {
    pub(crate) url: String,
    _directory: Option<TempDir>,
}

impl Database {
    /// A file that is gone afterwards.
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let url = format!("sqlite://{}", directory.path().join("students.db").display());
        prepare(&url, &SEED).await.expect("prepare");
        Self { url, _directory: Some(directory) }
    }

    /// A database of the tests' server.
    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self { url: postgres::database().await?, _directory: None })
    }

    /// One of each kind that there is.
    pub(crate) async fn each() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        all.extend(Self::postgres().await);
        all
    }
}

/// Both stacks.
pub(crate) const STACKS: [&str; 2] = ["async", "blocking"];

/// A running service.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Service {
    /// Starts a service on a database.
    pub(crate) async fn start(url: &str, flags: &[&str]) -> Self {
        let fixed = ["it", "--database-url", url];
        let cli = Cli::parse_from(fixed.into_iter().chain(flags.iter().copied()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let announce = move |_| ready.send(()).expect("someone waits");
        let served = tokio::spawn(serve_on(listener, cli.serve, announce, shutdown));
        is_ready.await.expect("the service starts");
        let client = Client::builder().timeout(PATIENCE).build().expect("client");
        Self { base, client, stop, served }
    }

    /// A request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A token of a seeded user.
    pub(crate) async fn token(&self, user: &str) -> String {
        let login = json!({"username": user, "password": format!("{user}-password")});
        let request = self.request(Method::POST, "/api/v1/auth/token").json(&login);
        let body: Value = request.send().await.expect("log in").json().await.expect("token");
        body["access_token"].as_str().expect("access_token").to_owned()
    }

    /// Reads something as a teacher.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Response {
        self.request(Method::GET, path).bearer_auth(token).send().await.expect("answer")
    }

    /// One figure of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> i64 {
        let text = self.request(Method::GET, "/metrics").send().await.expect("metrics").text().await.expect("text");
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    }

    /// Waits until a figure of `/metrics` is as wanted.
    pub(crate) async fn until(&self, name: &str, wanted: impl Fn(i64) -> bool) {
        within(async {
            while !wanted(self.metric(name).await) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// Tells the service to stop.
    pub(crate) fn tell_to_stop(self) -> JoinHandle<Result<(), ServeError>> {
        let _ = self.stop.send(());
        self.served
    }

    /// Stops the service and waits until it has.
    pub(crate) async fn stop(self) {
        within(self.tell_to_stop()).await.expect("joined").expect("served");
    }
}

/// Names of `/metrics`.
pub(crate) const USED: &str =
    "db_client_connection_count{db_client_connection_pool_name=\"students\",db_client_connection_state=\"used\"}";
/// Connections at rest.
pub(crate) const IDLE: &str =
    "db_client_connection_count{db_client_connection_pool_name=\"students\",db_client_connection_state=\"idle\"}";
/// Sessions that wait.
pub(crate) const PENDING: &str = "db_client_connection_pending_requests";
/// Sessions that waited in vain.
pub(crate) const TIMEOUTS: &str = "db_client_connection_timeouts_total";

/// Fails a test that hangs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("done before patience ran out")
}

/// A student that no other test has.
pub(crate) fn student(number: u32) -> Value {
    json!({"student_no": format!("N{number}"), "name": "New", "email": format!("n{number}@example.org")})
}
