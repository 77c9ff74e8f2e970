//! Faults of the sample: one that both sides took alike, one after which a side lost connections and said too much, one
//! that could not be made.

use crate::record::faults::{Aftermath, AnswerCount, ComparedBy, Connections, FaultAnswers, FaultEvidence};
use crate::role::Pair;

pub(super) fn faults() -> Vec<FaultEvidence> {
    vec![
        FaultEvidence {
            name: "statement-timeout".to_owned(),
            applied: Some("table `students` was locked for as long as the answers took".to_owned()),
            not_applied: None,
            compared: 21,
            breaking: 0,
            answers: vec![
                answers("change", ComparedBy::Answer, [("503 DATABASE_BUSY", 1)], [("503 DATABASE_BUSY", 1)]),
                answers("health", ComparedBy::Answer, [("200", 1)], [("200", 1)]),
            ],
            aftermath: Pair { baseline: Some(aftermath(Some(31), 0)), candidate: Some(aftermath(Some(26), 0)) },
        },
        FaultEvidence {
            name: "pool-exhausted".to_owned(),
            applied: Some("15 requests took all connections".to_owned()),
            not_applied: Some("no request was seen to wait for the lock".to_owned()),
            compared: 20,
            breaking: 2,
            answers: vec![answers(
                "<b>hold</b> | `x`",
                ComparedBy::Kinds,
                [("503 DATABASE_BUSY", 15)],
                [("no answer: timeout", 2), ("500 </td><script>", 13)],
            )],
            aftermath: Pair { baseline: Some(aftermath(Some(24), 0)), candidate: Some(aftermath(None, 2)) },
        },
        FaultEvidence {
            name: "database-stopped".to_owned(),
            applied: None,
            not_applied: Some("a side had not recovered from `pool-exhausted`".to_owned()),
            compared: 0,
            breaking: 0,
            answers: Vec::new(),
            aftermath: Pair::default(),
        },
    ]
}

fn answers<const B: usize, const C: usize>(
    step: &str,
    by: ComparedBy,
    baseline: [(&str, u64); B],
    candidate: [(&str, u64); C],
) -> FaultAnswers {
    let count = |(answer, count): (&str, u64)| AnswerCount { answer: answer.to_owned(), count };
    let sides = Pair {
        baseline: baseline.into_iter().map(count).collect(),
        candidate: candidate.into_iter().map(count).collect(),
    };
    FaultAnswers { step: step.to_owned(), by, sides }
}

fn aftermath(recovered_ms: Option<u64>, used: u64) -> Aftermath {
    let rest = Connections {
        used: Some(0),
        idle: Some(5),
        max: Some(15),
        pending: Some(0),
        timeouts: Some(0),
        sessions: Some(5),
        busy: Some(0),
        waiting: Some(0),
    };
    let during = Connections { used: Some(15), idle: Some(5), sessions: Some(15), waiting: Some(15), ..rest };
    Aftermath { recovered_ms, before: rest, during, after: Connections { used: Some(used), ..rest } }
}
