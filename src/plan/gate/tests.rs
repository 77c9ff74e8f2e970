use proptest::prelude::*;

use super::quantity::SIDE_QUANTITIES;
use super::*;

const CANDIDATE: Subject = Subject::Side(Role::Candidate);
const BASELINE: Subject = Subject::Side(Role::Baseline);

fn metric(subject: Subject, quantity: Quantity) -> Metric {
    Metric { subject, quantity, scope: None }
}

fn relative(quantity: Quantity, factor: f64, slack: f64) -> Limit {
    Limit::Relative { metric: metric(BASELINE, quantity), factor, slack }
}

#[test]
fn gates_are_read_into_base_units() {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    use Quantity as Q;
    let p95 = Q::ResponseTime(0.95);
    for (text, quantity, comparison, limit) in [
        ("candidate.p95 <= 1s", p95, LessOrEqual, Limit::Literal(1e6)),
        ("candidate.p95<200ms", p95, Less, Limit::Literal(2e5)),
        ("candidate.p95 < 1.5 s", p95, Less, Limit::Literal(1.5e6)),
        ("p(95)<500", p95, Less, Limit::Literal(5e5)),
        ("p(99.9) < 2s", Q::ResponseTime(0.999), Less, Limit::Literal(2e6)),
        ("candidate.p99.9 < 1s", Q::ResponseTime(0.999), Less, Limit::Literal(1e6)),
        ("candidate.p999 < 1s", Q::ResponseTime(0.999), Less, Limit::Literal(1e6)),
        ("candidate.p5 < 1s", Q::ResponseTime(0.05), Less, Limit::Literal(1e6)),
        ("candidate.max < 1m", Q::ResponseTimeMax, Less, Limit::Literal(6e7)),
        ("candidate.service.p99 < 1s", Q::ServiceTime(0.99), Less, Limit::Literal(1e6)),
        ("candidate.pool.wait.p99 < 10ms", Q::PoolWait(0.99), Less, Limit::Literal(1e4)),
        ("candidate.error_rate <= 1%", Q::ErrorRate, LessOrEqual, Limit::Literal(0.01)),
        ("candidate.error_rate <= 0.01", Q::ErrorRate, LessOrEqual, Limit::Literal(0.01)),
        ("candidate.cpu < 250%", Q::Cpu, Less, Limit::Literal(2.5)),
        ("candidate.throughput > 800/s", Q::Throughput, Greater, Limit::Literal(800.0)),
        ("candidate.throughput > 600/m", Q::Throughput, Greater, Limit::Literal(10.0)),
        ("candidate.rss < 64MiB", Q::Rss, Less, Limit::Literal(67_108_864.0)),
        ("candidate.pool.timeouts == 0", Q::PoolTimeouts, Equal, Limit::Literal(0.0)),
        ("candidate.requests >= 1000", Q::Requests, GreaterOrEqual, Limit::Literal(1000.0)),
        ("candidate.p95 <= baseline.p95", p95, LessOrEqual, relative(p95, 1.0, 0.0)),
        ("candidate.p95 <= baseline.p95 * 1.25", p95, LessOrEqual, relative(p95, 1.25, 0.0)),
        ("candidate.p95 <= 1.25*baseline.p95", p95, LessOrEqual, relative(p95, 1.25, 0.0)),
        ("candidate.p95 <= baseline.p95 * 1.25 + 2ms", p95, LessOrEqual, relative(p95, 1.25, 2e3)),
        ("candidate.p95 <= baseline.mean - 2ms", p95, LessOrEqual, relative(Q::ResponseTimeMean, 1.0, -2e3)),
        ("p(95) <= baseline.p95 * 2", p95, LessOrEqual, relative(p95, 2.0, 0.0)),
    ] {
        let metric = metric(CANDIDATE, quantity);
        let expected = Gate { source: text.to_owned(), metric, comparison, limit };
        assert_eq!(Gate::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_gate_about_the_other_side_has_the_sides_turned_and_its_spelling_kept() {
    let gate = Gate::parse("candidate.p95 <= baseline.p95 * 2").unwrap();
    assert_eq!(gate.clone().about(Role::Candidate), gate);
    let turned = gate.clone().about(Role::Baseline);
    assert_eq!(turned.metrics().map(|metric| metric.subject).collect::<Vec<_>>(), [BASELINE, CANDIDATE]);
    assert_eq!(turned.source, gate.source);
    let parity = Gate::parse("parity.breaking == 0").unwrap();
    assert_eq!(parity.clone().about(Role::Baseline), parity);
}

#[test]
fn a_scope_holds_for_both_metrics() {
    let gate = Gate::parse("candidate.p95 <= baseline.p95 * 2 for browse/GET /api/v1/students").unwrap();
    let scope = Scope { flow: "browse".into(), step: Some("GET /api/v1/students".into()) };
    assert!(gate.metrics().all(|metric| metric.scope.as_ref() == Some(&scope)));
    assert_eq!(gate.metrics().count(), 2);
    let gate = Gate::parse("candidate.errors == 0 for browse").unwrap();
    assert_eq!(gate.metric.scope, Some(Scope { flow: "browse".into(), step: None }));
}

#[test]
fn what_is_no_gate_is_refused_at_its_place() {
    for (text, at, message, suggestion) in [
        ("", (0, 1), "metric is missing", "candidate.p95"),
        ("candidate.pp95 < 1s", (0, 14), "unknown metric", "did you mean `candidate.p95`?"),
        ("candidate.eror_rate < 1%", (0, 19), "unknown metric", "did you mean `candidate.error_rate`?"),
        ("candidate.pool.usd.mean < 1", (0, 23), "unknown metric", "`candidate.pool.used.mean`"),
        ("candidate.p100 < 1s", (0, 14), "unknown metric", "`candidate.max`"),
        ("candidate.p0 < 1s", (0, 12), "unknown metric", ""),
        ("candidate.pool < 1", (0, 14), "unknown metric", ""),
        ("candidate < 1", (0, 9), "unknown metric", ""),
        ("candidat.p95 < 1s", (0, 8), "unknown metric", "did you mean `candidate`?"),
        ("p95 < 1s", (0, 3), "unknown metric", "did you mean `candidate.p95`?"),
        ("parity.braking == 0", (0, 14), "unknown metric", "did you mean `parity.breaking`?"),
        ("parity.p95 < 1s", (0, 10), "unknown metric", "breaking"),
        ("candidate.p95 = 1s", (14, 1), "comparison", "did you mean `==`?"),
        ("candidate.p95", (13, 1), "comparison", ""),
        ("candidate.p95 < ", (16, 1), "limit is missing", ""),
        ("candidate.p95 < -1s", (16, 1), "limit is missing", "negative"),
        ("candidate.p95 < 200", (16, 3), "no unit", "write `200ms` or `200s`"),
        ("candidate.p95 < 5%", (16, 2), "does not fit", "200ms"),
        ("candidate.p95 < 1.2.3s", (16, 5), "not a number", ""),
        ("candidate.error_rate < 1", (23, 1), "share", "did you mean `1%`?"),
        ("candidate.error_rate < 120%", (23, 4), "share", "1%"),
        ("candidate.throughput > 8ms", (23, 3), "does not fit", "800/s"),
        ("candidate.pool.timeouts == 0ms", (27, 3), "does not fit", "plain number"),
        ("candidate.rss < 5ms", (16, 3), "does not fit", "64MiB"),
        ("candidate.p95 < baseline.cpu", (16, 12), "`p95` is a time, `cpu` is a share", ""),
        ("candidate.p95 < baseline.p95 * 2ms", (16, 18), "plain number", ""),
        ("candidate.p95 < baseline.p95 * 0", (16, 16), "above 0", ""),
        ("candidate.p95 < 2 * 3", (16, 5), "multiplied", ""),
        ("candidate.p95 < baseline.p95 + 5", (31, 1), "no unit", "5ms"),
        ("candidate.p95 < baseline.p95 + baseline.p50", (31, 12), "number is missing", ""),
        ("candidate.p95 <= candidate.p95", (17, 13), "with itself", ""),
        ("candidate.p95 < 1s please", (19, 6), "cannot follow", "for FLOW"),
        ("candidate.p95 < 1s for", (19, 3), "needs a flow", ""),
        ("candidate.p95 < 1s for browse/", (19, 11), "needs a flow", ""),
        ("candidate.cpu < 50% for browse", (0, 30), "whole run", ""),
        ("parity.breaking == 0 for browse", (0, 31), "whole run", ""),
        ("p(x) < 5", (0, 4), "between 0 and 100", "p(95)"),
        ("p(9é) < 5", (0, 6), "between 0 and 100", "p(95)"),
        ("candidate.p9é9 < 1s", (0, 15), "unknown metric", ""),
        ("p(95", (0, 4), "comparison", ""),
    ] {
        let error = Gate::parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {error:?}");
        assert!(error.suggestion.as_deref().unwrap_or("").contains(suggestion), "{text}: {error:?}");
        if text != "p(95" {
            assert_eq!((error.offset, error.len), at, "{text}: {error:?}");
        }
    }
}

#[test]
fn values_are_shown_with_their_units() {
    assert_eq!(Unit::Microseconds.format(12_432.0), "12.4 ms");
    assert_eq!(Unit::Share.format(0.0035), "0.35 %");
    assert_eq!(Unit::PerSecond.format(812.4), "812/s");
    assert_eq!(Unit::Count.format(0.0), "0");
    assert_eq!(Unit::Count.format(4.25), "4.25");
    assert_eq!(Unit::Bytes.format(67_108_864.0), "64.0 MiB");
}

fn some_quantity() -> impl Strategy<Value = Quantity> {
    let fixed = prop::sample::select(SIDE_QUANTITIES.map(|(_, quantity)| quantity).to_vec());
    let quantile = (1_u32..100_000).prop_map(|parts| f64::from(parts) / 1e5);
    prop_oneof![
        fixed,
        quantile.clone().prop_map(Quantity::ResponseTime),
        quantile.clone().prop_map(Quantity::ServiceTime),
        quantile.prop_map(Quantity::PoolWait),
    ]
}

fn some_comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    prop::sample::select(vec![Less, LessOrEqual, Greater, GreaterOrEqual, Equal])
}

const fn unit_text(unit: Unit) -> &'static str {
    match unit {
        Unit::Microseconds => "us",
        Unit::Share => "%",
        Unit::PerSecond => "/s",
        Unit::Count => "",
        Unit::Bytes => "B",
        Unit::BytesPerHour => "B/h",
        Unit::PerHour => "/h",
    }
}

proptest! {
    #[test]
    fn a_gate_that_was_written_is_read_back(
        quantity in some_quantity(),
        comparison in some_comparison(),
        value in 0_u32..100,
        blanks in "[ ]{0,2}",
    ) {
        let metric = metric(CANDIDATE, quantity);
        let unit = quantity.unit();
        let text = format!("{metric}{blanks}{comparison}{blanks}{value}{}", unit_text(unit));
        let gate = Gate::parse(&text).unwrap();
        prop_assert_eq!(&gate.metric, &metric);
        prop_assert_eq!(gate.comparison, comparison);
        let scale = if unit == Unit::Share { 0.01 } else { 1.0 };
        prop_assert_eq!(gate.limit, Limit::Literal(f64::from(value) * scale));
    }

    #[test]
    fn a_relative_gate_that_was_written_is_read_back(
        quantity in some_quantity(),
        factor in 1_u32..10_000,
        slack in -50_i32..50,
    ) {
        let factor = f64::from(factor) / 1000.0;
        let sign = if slack < 0 { '-' } else { '+' };
        let (followed, unit) = (metric(BASELINE, quantity), quantity.unit());
        let text = format!("candidate.{} <= {followed} * {factor} {sign} {}{}", quantity.name(), slack.abs(), unit_text(unit));
        let scale = if unit == Unit::Share { 0.01 } else { 1.0 };
        let expected = Limit::Relative { metric: followed, factor, slack: f64::from(slack) * scale };
        prop_assert_eq!(Gate::parse(&text).unwrap().limit, expected);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r"(candidate\.|p\(|baseline\.)?[a-zé0-9.%/*+<=>() -]{0,30}") {
        if let Err(error) = Gate::parse(&text) {
            prop_assert!(error.offset <= text.len() && !error.message.is_empty());
        }
    }
}
