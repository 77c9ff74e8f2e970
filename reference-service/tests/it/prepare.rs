//! The same seed gives the same rows, and preparing twice changes nothing.

use reference_service::{PrepareError, Seed, prepare};
use sqlx::{Connection, PgConnection, Row};

use crate::postgres;
use crate::support::{Database, SEED, Service};

#[tokio::test(flavor = "multi_thread")]
async fn preparing_again_changes_nothing_and_another_seed_is_refused() {
    for database in Database::each().await {
        let before = rows(&database.url).await;
        prepare(&database.url, &SEED).await.expect("idempotent");
        assert_eq!(before, rows(&database.url).await);
        let other = Seed { number: SEED.number + 1, ..SEED };
        let refused = prepare(&database.url, &other).await;
        assert!(matches!(refused, Err(PrepareError::OtherSeed { number: 7, students: 200, .. })));
    }
}

/// What the service shows of every student.
async fn rows(url: &str) -> String {
    let service = Service::start(url, &[]).await;
    let token = service.token("viewer").await;
    let mut text = String::new();
    for page in 1..=2 {
        let list = service.get(&token, &format!("/api/v1/students?page_size=100&page={page}")).await;
        text += &list.text().await.expect("body");
    }
    service.stop().await;
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_are_equal_row_by_row() {
    let (Some(one), Some(other)) = (postgres::database().await, postgres::database().await) else { return };
    for table in ["users", "classes", "students", "reviews", "seeds"] {
        let one = dump(&one, table).await;
        assert!(!one.is_empty());
        assert_eq!(one, dump(&other, table).await, "{table}");
    }
}

async fn dump(url: &str, table: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    let sql = format!("SELECT CAST(t AS TEXT) FROM {table} t ORDER BY 1");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_do_not_tell_the_password() {
    for url in ["postgres://bob:secret@127.0.0.1:1/x", "postgres://bob:secret@127.0.0.1:x/x", "mysql://bob:secret@h/x"]
    {
        let error = reference_service::ServeError::from(prepare(url, &SEED).await.expect_err("no database"));
        let text = format!("{}{error:?}", error.explain());
        assert!(text.contains("hint: "), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
