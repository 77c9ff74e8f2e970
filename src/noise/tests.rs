use super::*;
use crate::compare::Comparison;
use crate::role::Pair;

fn difference(kind: Kind, place: &str, candidate: &str) -> Difference {
    Difference {
        class: Class::Breaking,
        kind,
        place: place.to_owned(),
        baseline: Some("\"2026-03-14T09:26:55.123456Z\"".to_owned()),
        candidate: Some(candidate.to_owned()),
        rule: None,
        note: None,
    }
}

#[test]
fn requests_that_differ_in_what_they_fill_in_are_one() {
    for target in ["/a/7/b", "/a/{id}/b?x=1", "/a/{}/b", "/a/6f1e2a34-0000-4000-8000-00000000000a/b#c"] {
        assert_eq!(request("GET", target), "GET /a/*/b", "{target}");
    }
    assert_eq!(request("POST", "/a/batch"), "POST /a/batch");
    assert_ne!(request("GET", "/a/7"), request("PUT", "/a/7"));
}

#[test]
fn a_status_is_noise_only_as_one_that_the_baseline_had() {
    let status = |baseline: &str, candidate: &str| Difference {
        baseline: Some(baseline.to_owned()),
        ..difference(Kind::Status, "status", candidate)
    };
    let mut noisy = Noisy::default();
    noisy.see(&status("200", "503"));
    assert_eq!(noisy.judge(&mut status("200", "503"), &Hearing::default()), Ruling::Excused);
    let mut other = status("200", "500");
    assert_eq!(noisy.judge(&mut other, &Hearing::default()), Ruling::Refused);
    assert!(other.note.is_some_and(|note| note.ends_with("but never this status")));
}

#[test]
fn no_more_is_missing_or_too_much_than_chance_has_it() {
    let lack = |kind: Kind, at: usize| difference(kind, &format!("$.items[{at}]"), "");
    let mut noisy = Noisy::default();
    noisy.see(&lack(Kind::Missing, 4));
    noisy.see_lacking(2);
    let refused = |kind: Kind, count: usize, baseline: &[u8]| {
        let mut hearing = Hearing::of(Pair { baseline, candidate: b"{}" });
        let mut found: Vec<Difference> = (0..count).map(|at| lack(kind, at)).collect();
        for found in &found {
            noisy.weigh(found, &mut hearing);
        }
        found.iter_mut().filter_map(|found| (noisy.judge(found, &hearing) == Ruling::Refused).then_some(())).count()
    };
    let list = |length: usize| format!("{{\"items\":[{}]}}", vec!["1"; length].join(",")).into_bytes();
    for kind in [Kind::Missing, Kind::Extra] {
        assert_eq!([1, 2, 10, 11].map(|count| refused(kind, count, &list(100))), [0, 0, 0, 11], "{kind:?}");
    }
    assert_eq!([1, 4, 8].map(|count| refused(Kind::Missing, count, &list(count))), [0, 0, 8], "all of them");
    let mut noisy = Noisy::default();
    noisy.see(&difference(Kind::Value, "$.items[3]", "1"));
    assert_eq!(noisy.judge(&mut lack(Kind::Missing, 3), &Hearing::default()), Ruling::Refused);
}

#[test]
fn a_time_of_now_is_the_same_on_both_sides() {
    let at = |baseline: &str, candidate: &str| Difference {
        baseline: Some(format!("\"{baseline}\"")),
        ..difference(Kind::Value, "$.at", &format!("\"{candidate}\""))
    };
    let ruling = |seen: &str, candidate: &str| {
        let mut noisy = Noisy::default();
        noisy.see(&at("2026-03-14T09:26:55.1Z", seen));
        let mut found = at("2026-03-14T09:26:55.1Z", candidate);
        (noisy.judge(&mut found, &Hearing::default()), found.note.unwrap_or_default())
    };
    let soon = "2026-03-14T09:27:40.6Z";
    for (seen, candidate, expected) in [
        (soon, "2026-03-14T09:26:55.3Z", Ruling::Excused),
        (soon, "2026-03-14T09:39:01.3Z", Ruling::Excused),
        (soon, "2026-03-14T11:26:55.3Z", Ruling::Refused),
        (soon, "2026-03-14T03:56:54.9Z", Ruling::Refused),
        (soon, "0001-01-01T00:00:00.0Z", Ruling::Refused),
        // The baseline itself has been as far off.
        ("2026-03-14T08:26:55.1Z", "2026-03-14T11:26:55.3Z", Ruling::Excused),
        ("2025-01-01T00:00:00.1Z", "2027-03-14T11:26:50.0Z", Ruling::Excused),
    ] {
        let (ruling, note) = ruling(seen, candidate);
        assert_eq!(ruling, expected, "{candidate}: {note}");
    }
}

#[test]
fn another_body_is_no_noise_for_one_line_that_is() {
    let body = |baseline: &str, candidate: &str| Difference {
        baseline: Some(baseline.to_owned()),
        ..difference(Kind::Body, "body", candidate)
    };
    let mut noisy = Noisy::default();
    noisy.see(&body("line 1: at 10", "line 1: at 11"));
    noisy.see_bodies(b"at 10\na,b\n", b"at 11\na,b\n");
    let mut known = Known::default();
    known.add(request("GET", "/a"), "body".to_owned(), noisy.clone());
    let of = |candidate: &'static str| Hearing::of(Pair { baseline: b"at 11\na,b\n", candidate: candidate.as_bytes() });
    for (candidate, expected) in [
        ("at 12\na,b\n", Ruling::Excused),
        ("at 12\na,c\n", Ruling::Refused),
        ("<html>an error</html>", Ruling::Refused),
    ] {
        let mut found = body("line 1: at 11", "line 1: at 12");
        assert_eq!(noisy.judge(&mut found, &of(candidate)), expected, "{candidate}: {found:?}");
    }
    // Where only the first line that differs is known.
    for (shown, expected) in [
        (["line 1: at 11", "line 1: at 12"], Class::Volatile),
        (["line 1: at 11", "line 1: an error"], Class::Breaking),
        (["line 2: a,b", "line 2: a,c"], Class::Breaking),
    ] {
        let mut comparison =
            Comparison { places: 1, differences: vec![body(shown[0], shown[1])], rule_matches: Vec::new() };
        known.excuse("GET /a", &mut comparison, &mut Hearing::default());
        assert_eq!(comparison.differences[0].class, expected, "{shown:?}");
    }
}

#[test]
fn a_token_in_a_header_may_have_digits_alone_and_one_in_a_body_is_no_number() {
    let class = |place: &str, seen: [&str; 2], candidate: &str| {
        let mut noisy = Noisy::default();
        for value in seen {
            noisy.see_value(value);
        }
        let mut found = difference(Kind::Value, place, candidate);
        let mut hearing = Hearing::default();
        noisy.weigh(&found, &mut hearing);
        noisy.judge(&mut found, &hearing);
        found.class
    };
    let (bare, quoted) = (["6ce0ab2297c0eae7", "0b7d93f1a2c4e586"], ["\"6ce0ab2297c0eae7\"", "\"0b7d93f1a2c4e586\""]);
    for digits in ["9032326271826626", "1234e56789012345"] {
        assert_eq!(class("header x-request-id", bare, digits), Class::Volatile, "{digits}");
    }
    assert_eq!(class("header x-request-id", bare, "9032326271"), Class::Breaking, "too short");
    assert_eq!(class("header x-request-id", bare, "z03232627182662a"), Class::Breaking, "other letters");
    assert_eq!(class("$.id", quoted, "\"9032326271826626\""), Class::Volatile);
    assert_eq!(class("$.id", quoted, "9032326271826626"), Class::Breaking, "a number where text was");
}

#[test]
fn one_time_that_ends_in_zeros_is_chance_and_several_are_none() {
    let time = |at: usize, fraction: &str| {
        difference(Kind::Value, &format!("$.items[{at}].at"), &format!("\"2026-03-14T09:27:00.{fraction}Z\""))
    };
    let mut noisy = Noisy::default();
    noisy.see(&time(0, "654321"));
    let mut known = Known::default();
    known.add(request("GET", "/a"), "$.items[].at".to_owned(), noisy);
    let judged = |short: usize, of: usize, hearing: &mut Hearing<'_>| {
        let differences = (0..of).map(|at| time(at, if at < short { "123" } else { "123456" })).collect();
        let mut comparison = Comparison { places: 1, differences, rule_matches: Vec::new() };
        known.excuse("GET /a", &mut comparison, hearing);
        comparison.differences.iter().filter(|found| found.class == Class::Breaking).count()
    };
    for (short, of, breaking) in [(0, 3, 0), (1, 1, 0), (1, 40, 0), (2, 2, 2), (3, 3, 3), (40, 40, 40)] {
        assert_eq!(judged(short, of, &mut Hearing::default()), breaking, "{short} of {of}");
    }
    // In one answer after the other.
    let mut remembered = Remembered::default();
    let told: Vec<usize> = (0..3)
        .map(|_| {
            let mut hearing = Hearing::default().after(remembered);
            let breaking = judged(1, 1, &mut hearing);
            remembered = hearing.remembered();
            breaking
        })
        .collect();
    assert_eq!(told, [0, 1, 1]);
}

#[test]
fn another_type_is_excused_only_where_the_baseline_had_it() {
    let mut noisy = Noisy::default();
    let found = |candidate: &str| difference(Kind::Type, "$.at", candidate);
    noisy.see(&found("null"));
    assert_eq!(noisy.judge(&mut found("null"), &Hearing::default()), Ruling::Excused);
    assert_eq!(noisy.judge(&mut found("17"), &Hearing::default()), Ruling::Refused);
}

#[test]
fn a_header_a_time_or_a_token_is_noise_in_the_answers_to_other_requests_too() {
    let mut known = Known::default();
    let mut learn = |place: &str, before: &str, now: &str| {
        let mut noisy = Noisy::default();
        let found = difference(Kind::Value, place, now);
        noisy.see(&Difference { baseline: Some(before.to_owned()), ..found });
        known.add(request("GET", "/a"), place.to_owned(), noisy);
    };
    learn("header x-cache", "hit", "miss");
    learn("$.timestamp", "\"2026-03-14T09:26:55.123456Z\"", "\"2026-03-14T09:26:57.654321Z\"");
    learn("$.role", "\"admin\"", "\"guest\"");
    let class = |place: &str, baseline: &str, candidate: &str| {
        let found = difference(Kind::Value, place, candidate);
        let found = Difference { baseline: Some(baseline.to_owned()), ..found };
        let mut comparison = Comparison { places: 1, differences: vec![found], rule_matches: Vec::new() };
        known.excuse(&request("POST", "/b"), &mut comparison, &mut Hearing::default());
        comparison.differences.remove(0).class
    };
    assert_eq!(class("header x-cache", "miss", "hit"), Class::Volatile);
    let time = "\"2026-03-14T09:26:59.123456Z\"";
    assert_eq!(class("$.timestamp", time, "\"2026-03-14T09:26:58.923456Z\""), Class::Volatile);
    assert_eq!(class("$.timestamp", time, "\"2026-03-14T09:26:58.923456\""), Class::Breaking);
    assert_eq!(class("$.timestamp", time, "null"), Class::Breaking);
    assert_eq!(class("$.role", "\"admin\"", "\"guest\""), Class::Breaking, "a word means what it says");
}

#[test]
fn what_is_known_of_a_request_excuses_the_same_form_there_and_no_other() {
    let time = |second: u32| format!("\"2026-03-14T09:27:{second:02}.654321Z\"");
    let mut noisy = Noisy::default();
    noisy.see(&difference(Kind::Value, "$.items[3].at", &time(1)));
    let mut known = Known::default();
    known.add(request("GET", "/a/7"), "$.items[].at".to_owned(), noisy);
    let class = |asked: &str, found: Difference| {
        let mut comparison = Comparison { places: 1, differences: vec![found], rule_matches: Vec::new() };
        known.excuse(&request("GET", asked), &mut comparison, &mut Hearing::default());
        comparison.differences.remove(0).class
    };
    let at = |place: &str, candidate: &str| difference(Kind::Value, place, candidate);
    assert_eq!(class("/a/8", at("$.items[0].at", &time(2))), Class::Volatile);
    assert_eq!(class("/a/8", at("$.items[0].at", "\"2026-03-14T09:27:02Z\"")), Class::Breaking, "another form");
    assert_eq!(class("/a/8", at("$.items[0].on", &time(2))), Class::Breaking, "another place");
    assert_eq!(class("/a/8", difference(Kind::Missing, "$.items[0].at", "")), Class::Breaking);
    let ruled = Difference { rule: Some(0), ..at("$.items[0].at", &time(2)) };
    assert_eq!(class("/a/8", ruled), Class::Breaking, "a rule of the plan goes first");
}
