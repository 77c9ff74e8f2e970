//! The databases of the sample, with texts that no report may take at their word.

use crate::record::parity::{Class, Difference, Example, Kind, RuleUse};
use crate::record::reproduce::{Again, FailingCase};
use crate::record::state::{LeftOut, Look, State};
use crate::role::Pair;

pub(super) fn state() -> State {
    State {
        after: "load".to_owned(),
        tables: 6,
        rows: 5_012,
        compared: 20_048,
        compared_by_row: 612,
        breaking: 4,
        representation: 1,
        volatile: 41,
        accepted: 0,
        acceptances: Vec::new(),
        cases: vec![case()],
        cases_left_out: 0,
        differences: differences(),
        looks: vec![
            look("parity", "login", 0, 0),
            look("parity", "enrol", 3, 0),
            look("faults", "before the faults", 0, 0),
            look("faults", "fault statement-timeout", 0, 0),
            look("faults", "fault pool-exhausted", 1, 2),
            look("load", "before the load", 0, 0),
            look("load", "load", 0, 4),
        ],
        rules: vec![RuleUse {
            rule: "column updated_at: datetime within 5s".to_owned(),
            reason: "both sides stamp their own time".to_owned(),
            flow: None,
            step: None,
            matched: 612,
            allowed: 37,
        }],
        left_out: vec![LeftOut { table: "tokens".to_owned(), reason: "drawn at `random` <b>".to_owned() }],
        skipped: None,
        failure: None,
    }
}

fn look(phase: &str, after: &str, breaking: u64, explained_by: u64) -> Look {
    Look {
        phase: phase.to_owned(),
        after: after.to_owned(),
        tables: 6,
        rows: 5_012,
        compared_by_row: 204 * u64::from(after != "login"),
        breaking,
        explained_by,
    }
}

/// How the lost row is seen again, with what no report may take for its own.
fn case() -> FailingCase {
    let query = "psql \"$DATABASE\" --expanded --command 'SELECT * FROM students WHERE \"id\" = 17'";
    FailingCase {
        flow: "enrol".to_owned(),
        step: "database".to_owned(),
        requests: vec!["# enrol / create\ncurl -sS -i --request POST \"$SIDE/students\"".to_owned()],
        diff: "@@ -1,2 +0,0 @@\n-id: 17\n-name: '<script>alert(1)</script>'".to_owned(),
        diff_left_out: 0,
        about: Some("a `fault` with <b>markup</b> ]]>".to_owned()),
        queries: Pair { baseline: Some(query.to_owned()), candidate: Some(query.to_owned()) },
        again: Again::Flow,
    }
}

type Found<'a> = (Class, Kind, &'a str, &'a str, Option<&'a str>, Option<&'a str>, u64);

fn differences() -> Vec<Difference> {
    let found: [Found; 5] = [
        (
            Class::Breaking,
            Kind::RowMissing,
            "enrol",
            "table students row id=17",
            Some("id=17, name='<script>alert(1)</script>', email=NULL"),
            None,
            2,
        ),
        (Class::Breaking, Kind::Value, "enrol", "table students row id=3 column credits", Some("12"), Some("NULL"), 1),
        (
            Class::Breaking,
            Kind::Value,
            "fault pool-exhausted",
            "table students row id=1 column version",
            Some("4"),
            Some("5"),
            1,
        ),
        (
            Class::Representation,
            Kind::Schema,
            "login",
            "table students index students_class_id_idx",
            Some("index using btree (class_id)"),
            None,
            1,
        ),
        (Class::Volatile, Kind::RowExtra, "load", "table reviews row id=9", None, Some("id=9, kind='|`]]>'"), 4),
    ];
    found.into_iter().map(difference).collect()
}

fn difference((class, kind, flow, place, baseline, candidate, count): Found) -> Difference {
    let example = Example {
        place: "table students row id=18".to_owned(),
        baseline: Some("id=18, name='Ada', email=''".to_owned()),
        candidate: None,
    };
    Difference {
        class,
        kind,
        flow: flow.to_owned(),
        step: "database".to_owned(),
        place: place.to_owned(),
        baseline: baseline.map(str::to_owned),
        candidate: candidate.map(str::to_owned),
        count,
        rule: None,
        accepted: None,
        remedy: None,
        case: (kind == Kind::RowMissing).then_some(0),
        note: None,
        examples: if kind == Kind::RowMissing { vec![example] } else { Vec::new() },
    }
}
