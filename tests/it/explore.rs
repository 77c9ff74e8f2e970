//! Generated requests: nothing between two clean stacks, and defects without being told where.

use serde_json::Value;

use crate::support::{CANDIDATE, Ended, Place, list, smoke};

fn explore(place: &Place, defect: Option<&str>, requests: &str) -> (Ended, Value) {
    let candidate = defect.map_or_else(
        || CANDIDATE.to_owned(),
        |defect| format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}"),
    );
    let plan = place.file("plan.yaml", &smoke(&[(CANDIDATE, &candidate)]));
    let arguments = ["verify", &plan, "--database", "sqlite", "--seed", "7", "--no-color", "--explore", requests];
    let ended = place.run(&arguments);
    (ended, place.record())
}

#[test]
fn two_clean_stacks_answer_two_thousand_generated_requests_alike() {
    let place = Place::new();
    let (ended, record) = explore(&place, None, "2000");
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let explored = &record["explore"];
    assert_eq!(list(&explored["findings"]).len(), 0, "{explored:#}");
    assert!(explored["requests"].as_u64() >= Some(2_000), "{explored:#}");
    // Every operation was asked, and answered well and badly.
    for operation in list(&explored["operations"]) {
        assert!(operation["requests"].as_u64() > Some(20), "{operation:#}");
    }
    let statuses: std::collections::BTreeSet<String> = list(&explored["operations"])
        .iter()
        .filter_map(|operation| operation["statuses"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()))
        .flatten()
        .collect();
    for status in ["200", "201", "204", "401", "404", "409", "412", "422"] {
        assert!(statuses.contains(status), "{status} is not among {statuses:?}");
    }
    let answered = |operation: &str, status: &str| {
        let found = list(&explored["operations"]).iter().find(|found| found["operation"] == operation);
        found.and_then(|found| found["statuses"][status].as_u64()).unwrap_or(0)
    };
    // A list without a body is refused only where a call was made wrong on purpose.
    let list_of = "GET /api/v1/students";
    assert!(answered(list_of, "401") > 0 && answered(list_of, "422") > 0, "{explored:#}");
    // Rows are met by ids that earlier answers had, under whatever name; by chance most would not be there.
    let stats = "GET /api/v1/classes/{id}/stats";
    assert!(answered(stats, "200") > answered(stats, "404"), "{explored:#}");
    assert!(ended.stdout.contains("generated requests in"), "{}", ended.stdout);
}

/// The defect, and what one of the findings must show: a part of the place, of the baseline's and the candidate's value.
const FOUND: [(&str, &str, &str, &str); 4] = [
    ("wrong-status", "status", "404", "400"),
    ("null-for-absent", ".phone", "", "null"),
    ("error-detail", "$.message", "is taken", "UNIQUE constraint failed"),
    ("off-by-one-page", "$.items[0].id", "1", "21"),
];

#[test]
fn defects_are_found_without_being_told_where_and_shown_by_few_requests() {
    for (defect, place_of_it, baseline, candidate) in FOUND {
        let place = Place::new();
        let (ended, record) = explore(&place, Some(defect), "400");
        let findings = list(&record["explore"]["findings"]);
        let has = |value: &Value, part: &str| value.as_str().unwrap_or_default().contains(part);
        let shows = |finding: &&Value| {
            list(&finding["differences"]).iter().any(|difference| {
                has(&difference["where"], place_of_it)
                    && has(&difference["baseline"], baseline)
                    && has(&difference["candidate"], candidate)
            })
        };
        let Some(finding) = findings.iter().find(shows) else { panic!("{defect}: {findings:#?}") };
        assert!((1..=2).contains(&list(&finding["calls"]).len()), "{defect}: {finding:#}");
        let html = std::fs::read_to_string(place.out().join("report.html")).unwrap();
        assert!(html.contains("Generated requests"), "{defect}");
        assert!(ended.stdout.contains("explore"), "{}", ended.stdout);
    }
}

#[test]
fn the_same_seed_finds_the_same() {
    let findings = |(_, record): (Ended, Value)| {
        let findings = list(&record["explore"]["findings"]);
        let sequence = |finding: &Value| {
            let calls = list(&finding["calls"]);
            calls.iter().map(|call| format!("{} {}", call["method"], call["target"]["baseline"])).collect::<Vec<_>>()
        };
        (record["explore"]["sequences"].as_u64(), findings.iter().map(sequence).collect::<Vec<_>>())
    };
    let (one, other) = (Place::new(), Place::new());
    let first = findings(explore(&one, Some("wrong-status"), "200"));
    assert_eq!(first, findings(explore(&other, Some("wrong-status"), "200")));
    assert!(!first.1.is_empty());
}
