//! Each defect does what it says, and only that.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::concurrency::{claim_all, total_after_refused_batch, version_after_changes};
use crate::support::{Database, Service, USED, student};

async fn defective(database: &Database, defect: &str) -> (Service, String) {
    let service = Service::start(&database.url, &["--defect", defect]).await;
    let token = service.token("teacher").await;
    (service, token)
}

async fn body_of(defect: &str, path: &str) -> (u16, String) {
    let database = Database::sqlite().await;
    let (service, token) = defective(&database, defect).await;
    let answer = service.get(&token, path).await;
    let status = answer.status().as_u16();
    let body = answer.text().await.expect("body");
    service.stop().await;
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_change_shape() {
    let (status, body) = body_of("wrong-status", "/api/v1/students/4711").await;
    assert!(status == 400 && body.contains("STUDENT_NOT_FOUND"), "{body}");
    let (status, body) = body_of("error-code", "/api/v1/students/4711").await;
    assert!(status == 404 && body.contains(r#""code":"NOT_FOUND""#), "{body}");
    let (_, body) = body_of("missing-field", "/api/v1/students").await;
    assert!(body.contains("student_no") && !body.contains("email"), "{body}");
    let (_, body) = body_of("null-for-absent", "/api/v1/students").await;
    assert!(body.contains(r#""phone":null"#) && body.contains(r#""phone":"+44"#), "{body}");
    let (_, body) = body_of("float-for-int", "/api/v1/students/1").await;
    let credits = body.split(r#""credits":"#).nth(1).expect("credits");
    assert!(credits.split(',').next().expect("a number").ends_with(".0"), "{body}");
    let (_, body) = body_of("off-by-one-page", "/api/v1/students?page_size=10").await;
    assert!(body.contains(r#""id":11,"#) && !body.contains(r#""id":1,"#), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_change_shape() {
    let created = |body: &str| serde_json::from_str::<Value>(body).expect("JSON")["created_at"].as_str().map(str::len);
    let (_, body) = body_of("naive-datetime", "/api/v1/students/1").await;
    assert_eq!(created(&body), Some("2024-09-01T08:01:00.730096".len()), "{body}");
    let (_, body) = body_of("truncated-micros", "/api/v1/students/1").await;
    assert_eq!(created(&body), Some("2024-09-01T08:01:00.730Z".len()), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_go_wrong() {
    for database in Database::each().await {
        let (service, token) = defective(&database, "lost-write").await;
        let created = create(&service, &token).await;
        assert_eq!(created.status(), 201);
        let path = created.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(service.get(&token, &path).await.status(), 404);
        service.stop().await;
        let (service, token) = defective(&database, "lost-header").await;
        let created = create(&service, &token).await;
        assert!(!created.headers().contains_key("location") && !created.headers().contains_key("etag"));
        service.stop().await;
        let (service, token) = defective(&database, "error-detail").await;
        let refused = create(&service, &token).await;
        assert_eq!(refused.status(), 500);
        assert!(refused.text().await.expect("body").to_lowercase().contains("unique"));
        service.stop().await;
    }
}

async fn create(service: &Service, token: &str) -> Response {
    let request = service.request(Method::POST, "/api/v1/students").bearer_auth(token).json(&student(1));
    request.send().await.expect("answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_leaves_rows() {
    for database in Database::each().await {
        let (service, _) = defective(&database, "partial-batch").await;
        assert_eq!(total_after_refused_batch(&service).await, 202);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_lost_and_reviews_claimed_twice() {
    for database in Database::each().await {
        let (service, _) = defective(&database, "lost-update").await;
        assert_ne!(version_after_changes(&service, 40).await, r#""41""#);
        service.stop().await;
        let (service, _) = defective(&database, "double-claim").await;
        let mut ids = claim_all(&service, 100).await;
        let claimed = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(ids.len() < claimed);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_leak() {
    let database = Database::sqlite().await;
    let (service, token) = defective(&database, "leak-connection=3").await;
    for _ in 0..5 {
        service.get(&token, "/api/v1/students/1").await;
    }
    assert_eq!(service.metric(USED).await, 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_reads_each_student_again_and_in_any_order() {
    let database = Database::sqlite().await;
    let path = "/api/v1/students?sort=credits&page_size=100";
    let clean = Service::start(&database.url, &[]).await;
    let token = clean.token("viewer").await;
    let right = clean.get(&token, path).await.text().await.expect("body");
    clean.stop().await;
    let (service, token) = defective(&database, "n-plus-one").await;
    assert_eq!(service.get(&token, path).await.text().await.expect("body"), right);
    service.stop().await;
    let (service, token) = defective(&database, "array-order").await;
    let wrong = service.get(&token, path).await.text().await.expect("body");
    assert!(wrong != right && wrong.len() > 1000);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_acts_in_the_role_of_another() {
    let database = Database::sqlite().await;
    let (service, _) = defective(&database, "session-bleed").await;
    let (teacher, viewer) = (service.token("teacher").await, service.token("viewer").await);
    let delete = |token: &str| service.request(Method::DELETE, "/api/v1/students/4711").bearer_auth(token).send();
    for _ in 0..50 {
        let tokens = (0..40).map(|index| if index % 2 == 0 { &teacher } else { &viewer });
        let answers = join_all(tokens.map(|token| delete(token))).await;
        let statuses = answers.into_iter().map(|answer| answer.expect("answer").status().as_u16());
        if statuses.collect::<Vec<_>>().chunks(2).any(|pair| pair != [404, 403]) {
            return service.stop().await;
        }
    }
    panic!("every caller kept their role");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_open() {
    // The service runs in this process, among other tests: only what the defect opens counts.
    let is_left = |link: PathBuf| std::fs::read_link(link).is_ok_and(|file| file == Path::new("/dev/null"));
    let open = || {
        let links = std::fs::read_dir("/proc/self/fd").expect("procfs").flatten();
        links.filter(|entry| is_left(entry.path())).count()
    };
    let database = Database::sqlite().await;
    let (service, token) = defective(&database, "leak-file=1").await;
    let before = open();
    // A few more than are demanded: a test that starts a program has the same open for a moment.
    for _ in 0..404 {
        assert_eq!(service.get(&token, "/api/v1/students/1").await.status(), 200);
    }
    assert!(open() >= before + 400, "{before} before, {} after", open());
    service.stop().await;
}
