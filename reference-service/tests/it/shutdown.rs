//! Requests in flight finish; requests whose client has left do, too.

use reqwest::Method;

use crate::pool::Lock;
use crate::support::{Database, STACKS, Service, USED, student, within};

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_finish() {
    for stack in STACKS {
        let Some(database) = Database::postgres().await else { return };
        let service = Service::start(&database.url, &["--stack", stack]).await;
        let token = service.token("teacher").await;
        let lock = Lock::take(&database.url, "students").await;
        let create = service.request(Method::POST, "/api/v1/students").bearer_auth(&token).json(&student(1));
        let in_flight = tokio::spawn(create.send());
        service.until(USED, |used| used == 1).await;
        let base = service.base.clone();
        let served = service.tell_to_stop();
        within(async { while reqwest::get(format!("{base}/health")).await.is_ok() {} }).await;
        assert!(!served.is_finished(), "{stack}");
        lock.release().await;
        let answer = within(in_flight).await.expect("joined").expect("answer");
        assert_eq!(answer.status(), 201, "{stack}");
        within(served).await.expect("joined").expect("served");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_does_not_cancel_its_request() {
    for stack in STACKS {
        let Some(database) = Database::postgres().await else { return };
        let service = Service::start(&database.url, &["--stack", stack]).await;
        let token = service.token("teacher").await;
        let lock = Lock::take(&database.url, "students").await;
        let create = service.request(Method::POST, "/api/v1/students").bearer_auth(&token).json(&student(1));
        let leaving = tokio::spawn(create.send());
        service.until(USED, |used| used == 1).await;
        leaving.abort();
        let _ = leaving.await;
        lock.release().await;
        service.until(USED, |used| used == 0).await;
        let list = service.get(&token, "/api/v1/students?q=n1%40example.org").await;
        assert!(list.text().await.expect("body").contains("\"total\":1"), "{stack}");
        service.stop().await;
    }
}
