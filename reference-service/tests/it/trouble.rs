//! A database in trouble: clients are told what to do, and nothing of the database.

use reqwest::Method;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::pool::Lock;
use crate::support::{Database, STACKS, Service, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_unavailable() {
    for stack in STACKS {
        let Some(database) = Database::postgres().await else { return };
        let door = Door::open(&database.url).await;
        let service = Service::start(&door.url, &["--stack", stack]).await;
        let token = service.token("teacher").await;
        door.shut().await;
        for path in ["/api/v1/students", "/api/v1/students/1", "/api/v1/classes/7/stats", "/health/postgres"] {
            let answer = service.get(&token, path).await;
            assert_eq!(answer.status(), 503, "{stack} {path}");
            assert!(answer.headers().contains_key("retry-after"));
            let body = says_only_what_it_should(answer).await;
            assert_eq!(body["code"], "DATABASE_UNAVAILABLE");
        }
        let alive = service.request(Method::GET, "/health").send().await.expect("answer");
        assert_eq!(alive.status(), 200);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_busy() {
    // The limits hold for logins and new connections too, and a busy machine needs its time for those.
    let limits = [["--statement-timeout", "1s"], ["--operation-timeout", "1s"]];
    for (stack, limit) in STACKS.into_iter().flat_map(|stack| limits.map(|limit| (stack, limit))) {
        let Some(database) = Database::postgres().await else { return };
        let service = Service::start(&database.url, &["--stack", stack, limit[0], limit[1]]).await;
        let token = service.token("teacher").await;
        let lock = Lock::take(&database.url, "students").await;
        let answer = service.get(&token, "/api/v1/students/1").await;
        assert_eq!(answer.status(), 503, "{stack} {limit:?}");
        assert_eq!(says_only_what_it_should(answer).await["code"], "DATABASE_BUSY");
        lock.release().await;
        assert_eq!(service.get(&token, "/api/v1/students/1").await.status(), 200, "{stack} {limit:?}");
        service.stop().await;
    }
}

/// The defect `late-write`: what was refused is done all the same once the database lets it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_done_later_by_a_defect_alone() {
    for (stack, is_on) in STACKS.into_iter().flat_map(|stack| [true, false].map(|is_on| (stack, is_on))) {
        let Some(database) = Database::postgres().await else { return };
        let defect: &[&str] = if is_on { &["--defect", "late-write"] } else { &[] };
        let flags = [&["--stack", stack, "--statement-timeout", "1s"], defect].concat();
        let service = Service::start(&database.url, &flags).await;
        let token = service.token("teacher").await;
        let etag = async || service.get(&token, "/api/v1/students/1").await.headers()["etag"].clone();
        let before = etag().await;
        let lock = Lock::take(&database.url, "students").await;
        let change = service.request(Method::PATCH, "/api/v1/students/1").bearer_auth(&token);
        let refused = change.json(&serde_json::json!({"credits": 3})).send().await.expect("answer");
        assert_eq!(refused.status(), 503, "{stack}");
        lock.release().await;
        if is_on {
            within(async { while etag().await == before {} }).await;
        } else {
            assert_eq!(etag().await, before, "{stack}");
        }
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_an_error_of_ours() {
    for database in Database::each().await {
        let service = Service::start(&database.url, &[]).await;
        let token = service.token("teacher").await;
        let sql = "DROP TABLE reviews";
        if database.url.starts_with("postgres") {
            crate::postgres::run(&database.url, sql.to_owned()).await;
        } else {
            use sqlx::{Connection, SqliteConnection};
            let mut connection = SqliteConnection::connect(&database.url).await.expect("connect");
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("drop");
        }
        let request = service.request(Method::POST, "/api/v1/students/reviews/claim").bearer_auth(&token);
        let answer = request.send().await.expect("answer");
        assert_eq!(answer.status(), 500);
        assert_eq!(says_only_what_it_should(answer).await["code"], "INTERNAL_ERROR");
        service.stop().await;
    }
}

async fn says_only_what_it_should(answer: reqwest::Response) -> Value {
    let text = answer.text().await.expect("body");
    let lower = text.to_lowercase();
    for word in ["sql", "relation", "table", "select", "refused", "os error", "timeout", "postgres"] {
        assert!(!lower.contains(word), "{text}");
    }
    let body: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(body.as_object().expect("an object").len(), 3, "{text}");
    assert_eq!(body["query_id"].as_str().map(str::len), Some(16));
    body
}

/// A way to the database that can be shut.
struct Door {
    url: String,
    forwarding: JoinHandle<()>,
}

impl Door {
    async fn open(url: &str) -> Self {
        let (before, rest) = url.split_once('@').expect("a user");
        let (address, name) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let own = listener.local_addr().expect("address");
        let forwarding = tokio::spawn(forward(listener, address.to_owned()));
        Self { url: format!("{before}@{own}/{name}"), forwarding }
    }

    /// New connections are refused, open ones break.
    async fn shut(self) {
        self.forwarding.abort();
        let _ = self.forwarding.await;
    }
}

/// Ends with all its connections, as they are part of the same task.
async fn forward(listener: TcpListener, address: String) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let address = address.clone();
        connections.spawn(async move {
            let mut server = TcpStream::connect(address).await?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
