//! What counts as covered.

use http::Request;

use super::contract;
use crate::contract::{Compared, Coverage};
use crate::plan::{ContractSource, Document, Excepted, Exception};
use crate::record;
use crate::role::Pair;

const SHOP: &str = r"
openapi: 3.1.0
paths:
  /orders:
    get:
      parameters:
        - { in: query, name: page }
        - { in: query, name: filter, style: deepObject, schema: { type: object } }
        - { in: query, name: range, schema: { type: object, properties: { from: {}, to: {} } } }
        - { in: header, name: If-None-Match }
        - { in: cookie, name: session }
      responses: { 200: { description: '' }, 4XX: { description: '' }, 404: { description: '' }, default: { description: '' } }
  /orders/{id}:
    delete:
      parameters: [ { in: path, name: id, required: true } ]
      responses: { 204: { description: '' }, 503: { description: '' } }
";

fn exception(status: u16, operation: Option<&str>) -> Exception {
    let what = Excepted::Statuses(vec![status]);
    Exception { what, operation: operation.map(str::to_owned), reason: "only a fault brings it".to_owned() }
}

/// Method, target, headers, statuses of both sides.
type Sent<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], [u16; 2]);

/// What requests cover.
fn covered(requests: &[Sent], except: Vec<Exception>) -> record::Coverage {
    let contract = contract(SHOP);
    let source = ContractSource { except, ..ContractSource::new(Document::parse("/openapi.json")) };
    let mut coverage = Coverage::new(&contract, &source);
    for (method, target, headers, [baseline, candidate]) in requests {
        let mut request = Request::builder().method(*method).uri(*target);
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let answered = Pair { baseline: *baseline, candidate: *candidate };
        coverage.compared(&Compared { flow: "f", step: target, request: &request.body(()).unwrap(), answered });
    }
    coverage.into_record()
}

/// Promises that were covered, as `GET /orders 404`.
fn names(coverage: &record::Coverage) -> Vec<String> {
    let of = |operation: &record::coverage::OperationCoverage| {
        let all = operation.statuses.iter().chain(&operation.parameters).filter(|promise| promise.compared > 0);
        all.map(|promise| format!("{} {}", operation.operation, promise.name)).collect::<Vec<_>>()
    };
    coverage.operations.iter().flat_map(of).collect()
}

#[test]
fn nothing_compared_covers_nothing() {
    let coverage = covered(&[], Vec::new());
    assert_eq!((coverage.promised, coverage.covered, coverage.share), (12, 0, Some(0.0)));
    assert_eq!(coverage.operations.iter().map(|operation| operation.missing().count()).sum::<usize>(), 12);
}

#[test]
fn an_answer_covers_its_status_and_the_parameters_that_were_sent() {
    for (target, headers, status, expected) in [
        ("/orders", &[][..], 200, &["GET /orders 200"][..]),
        ("/orders", &[], 404, &["GET /orders 404"]),
        ("/orders", &[], 409, &["GET /orders 4XX"]),
        ("/orders", &[], 500, &["GET /orders default"]),
        ("/orders?page=1&other=2", &[], 200, &["GET /orders 200", "GET /orders query page"]),
        ("/orders?filter[size]=1", &[], 200, &["GET /orders 200", "GET /orders query filter"]),
        ("/orders?filters=1", &[], 200, &["GET /orders 200"]),
        ("/orders?from=1", &[], 200, &["GET /orders 200", "GET /orders query range"]),
        ("/orders", &[("if-none-match", "x")], 200, &["GET /orders 200", "GET /orders header If-None-Match"]),
        ("/orders", &[("cookie", "a=1; session=2")], 200, &["GET /orders 200", "GET /orders cookie session"]),
    ] {
        let coverage = covered(&[("GET", target, headers, [status, status])], Vec::new());
        assert_eq!(names(&coverage), expected, "{target}");
    }
    let coverage = covered(&[("DELETE", "/orders/7", &[], [204, 204])], Vec::new());
    assert_eq!(names(&coverage), ["DELETE /orders/{id} 204", "DELETE /orders/{id} path id"]);
    assert_eq!((coverage.covered, coverage.share), (2, Some(2.0 / 12.0)));
}

#[test]
fn the_same_answer_twice_is_covered_once() {
    let twice = [("GET", "/orders", &[][..], [200, 200]), ("GET", "/orders", &[], [200, 200])];
    let coverage = covered(&twice, Vec::new());
    assert_eq!((coverage.covered, coverage.operations[0].compared), (1, 2));
}

#[test]
fn what_the_contract_does_not_know_is_told_and_covers_nothing() {
    let requests = [
        ("GET", "/other?token=secret", &[][..], [200, 200]),
        ("GET", "/other?token=secret", &[], [200, 200]),
        ("POST", "/orders", &[], [201, 201]),
        ("DELETE", "/orders/1", &[], [200, 204]),
        ("DELETE", "/orders/2", &[], [200, 404]),
    ];
    let coverage = covered(&requests, Vec::new());
    let strangers: Vec<_> = coverage.strangers.iter().map(|it| it.step.as_str()).collect();
    assert_eq!(strangers, ["/other?token=secret", "/orders"]);
    let [delete] = [&coverage.operations[1]];
    let undocumented: Vec<_> = delete
        .undocumented
        .iter()
        .map(|it| (it.status, it.answered.baseline, it.answered.candidate, it.step.as_str()))
        .collect();
    assert_eq!(undocumented, [(200, 2, 0, "/orders/1"), (404, 0, 1, "/orders/2")]);
    assert_eq!(names(&coverage), ["DELETE /orders/{id} path id"], "a status covers by what the baseline answered");
}

#[test]
fn exceptions_are_left_out_unless_they_are_covered() {
    let delete = Some("DELETE /orders/{id}");
    let all = |except| covered(&[("DELETE", "/orders/1", &[], [204, 204])], except);
    let coverage = all(vec![exception(503, None)]);
    assert_eq!((coverage.promised, coverage.covered), (11, 2));
    assert_eq!(coverage.operations[1].statuses[1].excepted.as_deref(), Some("only a fault brings it"));
    let coverage = all(vec![exception(204, None), exception(503, delete)]);
    assert_eq!((coverage.promised, coverage.covered), (11, 2), "204 was covered all the same");
    assert_eq!(coverage.idle_exceptions, [""; 0]);
    let coverage = all(vec![exception(418, None), exception(503, Some("GET /orders"))]);
    assert_eq!(coverage.promised, 12);
    assert_eq!(coverage.idle_exceptions, ["status 418", "status 503 of GET /orders"]);
    let parameter = Exception { what: Excepted::Parameter("page".to_owned()), operation: None, reason: String::new() };
    assert_eq!(all(vec![parameter]).promised, 11);
}
