//! What must hold when many do the same at once.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Database, STACKS, Service, student};

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_students_one_is_created() {
    for stack in STACKS {
        for database in Database::each().await {
            let service = Service::start(&database.url, &["--stack", stack]).await;
            let token = service.token("teacher").await;
            let create = || service.request(Method::POST, "/api/v1/students").bearer_auth(&token).json(&student(1));
            let answers = join_all((0..20).map(|_| create().send())).await;
            let mut statuses: Vec<u16> =
                answers.into_iter().map(|answer| answer.expect("answer").status().as_u16()).collect();
            statuses.sort_unstable();
            assert_eq!(statuses[0], 201, "{stack}");
            assert_eq!(statuses[1..], [409; 19], "{stack}");
            service.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_review_is_handed_out_twice() {
    for stack in STACKS {
        for database in Database::each().await {
            let service = Service::start(&database.url, &["--stack", stack]).await;
            let reviews = claim_all(&service, 220).await;
            assert_eq!(reviews.len(), 200, "{stack}");
            assert_eq!(reviews.iter().collect::<HashSet<_>>().len(), 200, "{stack}");
            service.stop().await;
        }
    }
}

/// The ids that so many claims got.
pub(crate) async fn claim_all(service: &Service, claims: usize) -> Vec<i64> {
    let token = service.token("teacher").await;
    let claim = || service.request(Method::POST, "/api/v1/students/reviews/claim").bearer_auth(&token);
    let mut ids = Vec::new();
    for round in 0..claims / 20 {
        for answer in join_all((0..20).map(|_| claim().send())).await {
            let answer = answer.expect("answer");
            let status = answer.status().as_u16();
            assert!(status == 200 || status == 204, "{status} in round {round}");
            if status == 200 {
                let review: Value = answer.json().await.expect("review");
                ids.push(review["id"].as_i64().expect("id"));
            }
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost() {
    for stack in STACKS {
        for database in Database::each().await {
            let service = Service::start(&database.url, &["--stack", stack]).await;
            assert_eq!(version_after_changes(&service, 40).await, r#""41""#, "{stack}");
            service.stop().await;
        }
    }
}

/// The `ETag` of a student after so many changes at once.
pub(crate) async fn version_after_changes(service: &Service, changes: u32) -> String {
    let token = service.token("teacher").await;
    let patch = |credits: u32| {
        let request = service.request(Method::PATCH, "/api/v1/students/1").bearer_auth(&token);
        request.json(&json!({"credits": credits})).send()
    };
    for answer in join_all((0..changes).map(patch)).await {
        assert_eq!(answer.expect("answer").status(), 200);
    }
    let read = service.get(&token, "/api/v1/students/1").await;
    read.headers()["etag"].to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_the_same_if_match_one_wins() {
    for database in Database::each().await {
        let service = Service::start(&database.url, &[]).await;
        let token = service.token("teacher").await;
        let patch = || {
            let request = service.request(Method::PATCH, "/api/v1/students/1").bearer_auth(&token);
            request.header("if-match", r#""1""#).body("{}").send()
        };
        let answers = join_all((0..10).map(|_| patch())).await;
        let won = answers.iter().filter(|answer| answer.as_ref().expect("answer").status() == 200).count();
        let lost = answers.iter().filter(|answer| answer.as_ref().expect("answer").status() == 412).count();
        assert_eq!((won, lost), (1, 9));
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_leaves_nothing() {
    for stack in STACKS {
        for database in Database::each().await {
            let service = Service::start(&database.url, &["--stack", stack]).await;
            assert_eq!(total_after_refused_batch(&service).await, 200, "{stack}");
            service.stop().await;
        }
    }
}

/// How many students there are after a batch whose last row is refused.
pub(crate) async fn total_after_refused_batch(service: &Service) -> i64 {
    let token = service.token("teacher").await;
    let batch = json!({"students": [student(1), student(2), student(1)]});
    let request = service.request(Method::POST, "/api/v1/students/batch").bearer_auth(&token).json(&batch);
    assert_eq!(request.send().await.expect("answer").status(), 409);
    let list: Value = service.get(&token, "/api/v1/students").await.json().await.expect("list");
    list["total"].as_i64().expect("total")
}
