//! The replay of the sample, with texts that no report may take at their word.

use super::{STEPS, reproduce};
use crate::record::parity::{
    Class, Difference, Example, IdParity, Kind, NoiseParity, NoisePlace, Parity, RuleUse, StepParity,
};

pub(super) fn parity() -> Parity {
    Parity {
        requests: 416,
        compared: 412,
        places: 9_876,
        breaking: 9,
        representation: 206,
        volatile: 618,
        differences: differences(),
        headers_left_out: ["date", "server", "connection", "content-length"].map(str::to_owned).to_vec(),
        rules: rules(),
        steps: steps(),
        ids: IdParity { pairs: 120, unequal: 103, places: 206, conflicts: 0 },
        noise: noise(),
        coverage: Some(super::coverage::coverage()),
        reproduction: reproduce::reproduction(),
        ..Parity::default()
    }
}

fn noise() -> NoiseParity {
    let place = NoisePlace {
        flow: STEPS[0].0.to_owned(),
        step: STEPS[0].1.to_owned(),
        place: "$.items[].updated_at".to_owned(),
        seen: 20,
        allowed: 19,
        broken: 1,
        compared: "a time to the microsecond with `Z`".to_owned(),
        relations: vec!["updated_at >= created_at<b>|`".to_owned()],
    };
    NoiseParity { runs: 1, is_fresh: true, allowed: 19, broken: 1, places: vec![place] }
}

fn steps() -> Vec<StepParity> {
    let step = |(index, (flow, step)): (usize, &(&str, &str))| StepParity {
        flow: (*flow).to_owned(),
        step: (*step).to_owned(),
        compared: if index == 3 { 0 } else { 103 },
        skipped: if index == 3 { 4 } else { 0 },
        breaking: [7, 2, 0, 0][index],
        statuses: vec![[200, 200, 201, 204][index]],
    };
    STEPS.iter().enumerate().map(step).collect()
}

fn rules() -> Vec<RuleUse> {
    let rule = |rule: &str, reason: &str, matched, allowed| RuleUse {
        rule: rule.to_owned(),
        reason: reason.to_owned(),
        flow: None,
        step: None,
        matched,
        allowed,
    };
    vec![
        rule("ignore header x-request-id", "per request", 412, 412),
        rule("$.created_at as datetime within 5s", "both sides stamp their own time", 206, 206),
        rule("ignore $.etag|$.rev", "", 0, 0),
    ]
}

type Found<'a> = (Class, Kind, usize, &'a str, Option<&'a str>, Option<&'a str>, u64, Option<&'a str>);

fn differences() -> Vec<Difference> {
    use Class::{Breaking, Representation, Volatile};
    let found: [Found; 9] = [
        (
            Breaking,
            Kind::Value,
            0,
            "$.items[0].name",
            Some("\"Ada Lovelace\""),
            Some("\"<script>alert(1)</script>\""),
            3,
            None,
        ),
        (Breaking, Kind::Status, 1, "status", Some("404"), Some("500"), 2, None),
        (Breaking, Kind::Missing, 0, "$.items[0][\"]]>|`\"]", Some("\"a|b`c]]>d\\|e\""), None, 3, None),
        (
            Breaking,
            Kind::Type,
            0,
            "$.total",
            Some("12"),
            Some("\"12\n\u{0}\u{1b}[31m\u{202e}txt.exe 👩‍💻 @everyone\""),
            1,
            Some("number within 1e-9 $.total"),
        ),
        (Representation, Kind::Order, 0, "header vary", Some("accept, origin"), Some("origin, accept"), 103, None),
        (Representation, Kind::Value, 1, "$.gpa", Some("3.50"), Some("3.5"), 103, None),
        (
            Volatile,
            Kind::Value,
            0,
            "header x-request-id",
            Some("8f2c…"),
            Some("01b9…"),
            412,
            Some("ignore header x-request-id"),
        ),
        (
            Volatile,
            Kind::Value,
            2,
            "$.created_at",
            Some("\"2026-03-14T09:26:55Z\""),
            Some("\"2026-03-14T09:26:56Z\""),
            103,
            Some("$.created_at as datetime within 5s"),
        ),
        (
            Volatile,
            Kind::Value,
            2,
            "$.note",
            Some(""),
            Some("\"http://evil.example/x.png\" ![x](http://evil.example/x.png) שלום\""),
            103,
            None,
        ),
    ];
    found.into_iter().map(difference).collect()
}

fn difference((class, kind, step, place, baseline, candidate, count, rule): Found) -> Difference {
    let mut difference = Difference {
        class,
        kind,
        flow: STEPS[step].0.to_owned(),
        step: STEPS[step].1.to_owned(),
        place: place.to_owned(),
        baseline: baseline.map(str::to_owned),
        candidate: candidate.map(str::to_owned),
        count,
        rule: rule.map(str::to_owned),
        note: (class == Class::Breaking && rule.is_some()).then(|| "the types differ <b>|`".to_owned()),
        examples: if count == 3 { vec![example(place)] } else { Vec::new() },
        accepted: None,
        remedy: None,
        case: reproduce::case_of(class, step),
    };
    difference.remedy = reproduce::remedy(&difference);
    difference
}

fn example(place: &str) -> Example {
    Example {
        place: place.replace('0', "7"),
        baseline: Some("\"Grace Hopper\"".to_owned()),
        candidate: Some("\"<b>|`\"".to_owned()),
    }
}
