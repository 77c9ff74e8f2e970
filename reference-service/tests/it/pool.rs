//! The pool as `QueuePool` behaves, seen through `/metrics`.

use futures_util::future::join_all;
use serde_json::Value;

use crate::postgres;
use crate::support::{Database, IDLE, STACKS, Service, TIMEOUTS, USED, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_answers_busy_and_counts_it() {
    for stack in STACKS {
        let Some(database) = Database::postgres().await else { return };
        let flags = ["--stack", stack, "--pool-size", "1", "--max-overflow", "1", "--pool-timeout", "200ms"];
        let service = Service::start(&database.url, &flags).await;
        let token = service.token("teacher").await;
        let lock = Lock::take(&database.url, "users").await;
        let holders = [holder(&service, &token), holder(&service, &token)];
        service.until(USED, |used| used == 2).await;
        let refused = service.get(&token, "/api/v1/students/1").await;
        assert_eq!(refused.status(), 503, "{stack}");
        assert_eq!(refused.headers()["retry-after"], "1");
        let body: Value = refused.json().await.expect("JSON");
        assert_eq!(body["code"], "DATABASE_BUSY");
        assert_eq!(service.metric(TIMEOUTS).await, 1);
        lock.release().await;
        for answer in join_all(holders).await {
            assert_eq!(answer.expect("joined"), 200, "{stack}");
        }
        service.until(USED, |used| used == 0).await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_connections_are_closed_when_given_back() {
    for stack in STACKS {
        for database in Database::each().await {
            let flags = ["--stack", stack, "--pool-size", "2", "--max-overflow", "6"];
            let service = Service::start(&database.url, &flags).await;
            let token = service.token("teacher").await;
            let answers = join_all((0..40).map(|_| service.get(&token, "/api/v1/students"))).await;
            assert!(answers.iter().all(|answer| answer.status() == 200), "{stack}");
            service.until(USED, |used| used == 0).await;
            assert!(service.metric(IDLE).await <= 2, "{stack}");
            assert_eq!(service.metric("db_client_connection_max").await, 8);
            service.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scraping_takes_no_connection() {
    let database = Database::sqlite().await;
    let service = Service::start(&database.url, &[]).await;
    for _ in 0..3 {
        assert_eq!(service.metric(IDLE).await + service.metric(USED).await, 0);
    }
    assert_eq!(service.metric("db_client_connection_wait_time_seconds_count").await, 0);
    service.token("viewer").await;
    assert_eq!(service.metric(IDLE).await, 1);
    assert_eq!(service.metric("db_client_connection_use_time_seconds_count").await, 1);
    let counted = r#"http_server_requests_total{method="POST",route="/api/v1/auth/token",status="200"}"#;
    assert_eq!(service.metric(counted).await, 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_connection_is_replaced_before_use() {
    let Some(database) = Database::postgres().await else { return };
    let service = Service::start(&database.url, &[]).await;
    let token = service.token("teacher").await;
    disconnect_all(&database.url).await;
    assert_eq!(service.get(&token, "/api/v1/students/1").await.status(), 200);
    service.stop().await;
    let service = Service::start(&database.url, &["--no-pre-ping"]).await;
    disconnect_all(&database.url).await;
    let token = service.token("teacher").await;
    disconnect_all(&database.url).await;
    assert_eq!(service.get(&token, "/api/v1/students/1").await.status(), 503);
    assert_eq!(service.get(&token, "/api/v1/students/1").await.status(), 200);
    service.stop().await;
}

async fn disconnect_all(url: &str) {
    let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    postgres::run(url, sql.to_owned()).await;
}

fn holder(service: &Service, token: &str) -> tokio::task::JoinHandle<u16> {
    let request = service.request(reqwest::Method::GET, "/api/v1/students/1").bearer_auth(token);
    tokio::spawn(async move { within(request.send()).await.expect("answer").status().as_u16() })
}

/// A table that nobody else can read.
pub(crate) struct Lock(sqlx::PgConnection);

impl Lock {
    /// Locks a table.
    pub(crate) async fn take(url: &str, table: &str) -> Self {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(url).await.expect("connect");
        let sql = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("lock");
        Self(connection)
    }

    /// Lets the others go on.
    pub(crate) async fn release(self) {
        sqlx::Connection::close(self.0).await.expect("close");
    }
}
