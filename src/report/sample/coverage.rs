//! The coverage of the sample, with names from a contract that no report may take at their word.

use crate::record::coverage::{Coverage, OperationCoverage, Promise, Stranger, Undocumented};
use crate::role::Pair;

pub(super) fn coverage() -> Coverage {
    Coverage {
        document: "/openapi.json of the baseline".to_owned(),
        title: "Students <script>alert(1)</script>".to_owned(),
        problem: None,
        promised: 8,
        covered: 5,
        share: Some(5.0 / 8.0),
        operations: operations(),
        strangers: vec![Stranger { flow: "enrol".to_owned(), step: "GET /internal|`x`".to_owned() }],
        idle_exceptions: vec!["status 418 of GET /tea".to_owned()],
        warnings: vec!["/paths/~1a/get: `$ref` to another document is not followed: `<b>other</b>.yaml`".to_owned()],
    }
}

fn operations() -> Vec<OperationCoverage> {
    let promise = |name: &str, compared, excepted: Option<&str>| Promise {
        name: name.to_owned(),
        compared,
        excepted: excepted.map(str::to_owned),
    };
    let undocumented = Undocumented {
        status: 418,
        answered: Pair { baseline: 0, candidate: 2 },
        flow: "browse".to_owned(),
        step: "GET /api/v1/students/{{student_id}}".to_owned(),
    };
    let operation = |name: &str, compared, statuses, parameters, undocumented| OperationCoverage {
        operation: name.to_owned(),
        operation_id: None,
        compared,
        statuses,
        parameters,
        undocumented,
    };
    vec![
        operation(
            "GET /api/v1/students",
            206,
            vec![promise("200", 206, None), promise("4XX", 0, None), promise("503", 0, Some("only a fault brings it"))],
            vec![promise("query page", 206, None), promise("query sort", 0, None)],
            Vec::new(),
        ),
        operation(
            "GET /api/v1/students/{id}",
            206,
            vec![promise("200", 204, None), promise("default", 2, None)],
            vec![promise("path id", 206, None)],
            vec![undocumented],
        ),
        operation("POST /api/v1/students/{id}/`x`|<b>", 0, vec![promise("201", 0, None)], Vec::new(), Vec::new()),
    ]
}
