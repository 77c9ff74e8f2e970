//! The baseline against itself: what differs there excuses another value, and never another format.

use std::sync::atomic::{AtomicU64, Ordering};

use cutover::clock::Epoch;
use cutover::http::Origin;
use cutover::load;
use cutover::noise::{Known, Noisy, request};
use cutover::progress::Progress;
use cutover::record::parity::{Class, Parity};
use cutover::role::{Pair, Role};
use cutover::stop::Stop;
use serde_json::Value;

use crate::scripted::{Said, places, replay_after, serve};
use crate::support::{Place, differences, list, smoke};

/// A service that says something else each time; `write` makes a body of a number that no other answer has.
fn restless(write: impl Fn(u64) -> String + Send + Sync + 'static) -> impl Fn(&str, &str, &str) -> Said {
    let answers = AtomicU64::new(0);
    move |_, _, _| (200, String::new(), write(answers.fetch_add(1, Ordering::SeqCst)))
}

/// Two things with times that move on, a token, a count, and a name that stays.
fn thing(number: u64) -> String {
    let one = |at: u64| {
        format!(
            r#"{{"created_at":"2026-03-14T09:26:{:02}.123456Z","updated_at":"2026-03-14T09:27:{:02}.654321Z","token":"00000000-0000-4000-8000-{:012x}","count":{at},"name":"Ada"}}"#,
            at % 60,
            at % 60,
            at * 7919
        )
    };
    format!("[{},{}]", one(2 * number), one(2 * number + 1))
}

const STEPS: &str = "      - { name: read, request: GET /things }";

async fn against(runs: u32, candidate: impl Fn(u64) -> String + Send + Sync + 'static, compare: &str) -> Parity {
    let sides = Pair { baseline: serve(restless(thing)), candidate: serve(restless(candidate)) };
    replay_after(runs, sides, STEPS, compare).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_between_two_runs_of_the_baseline_excuses_another_value() {
    let without = against(0, |number| thing(number + 10), "{}").await;
    assert!(without.breaking >= 4, "{:#?}", without.differences);
    for runs in [1, 3] {
        let found = against(runs, |number| thing(number + 10), "{}").await;
        assert_eq!(found.breaking, 0, "{:#?}", found.differences);
        assert!(found.noise.allowed > 0 && found.noise.allowed == found.volatile);
        assert_eq!((found.noise.runs, found.noise.broken), (u64::from(runs), 0));
        let known: Vec<_> = found.noise.places.iter().map(|place| (&*place.place, &*place.compared)).collect();
        let time = "a time to the microsecond with `Z`";
        let expected =
            [("$[].count", "an integer"), ("$[].created_at", time), ("$[].token", "a UUID"), ("$[].updated_at", time)];
        assert_eq!(known, expected);
        assert_eq!(found.noise.places[3].relations, ["updated_at >= created_at"]);
        assert!(found.differences.iter().all(|found| found.rule.as_deref() == Some("noise")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_never_excuses_another_format_type_or_order_in_time() {
    type Change = (&'static str, fn(u64) -> String, &'static str);
    let changes: [Change; 7] = [
        ("no UUID", |n| thing(n + 10).replace("00000000-0000-4000-8000-", "tok_"), "$[0].token"),
        ("a type", |n| thing(n + 10).replace("\"count\":", "\"count\":0."), "$[0].count"),
        ("null", |n| thing(n + 10).replace("\"2026-03-14T09:26", "null,\"x\":\"2026"), "$[0].created_at"),
        ("no offset", |n| thing(n + 10).replace(".123456Z", ".123456"), "$[0].created_at"),
        ("microseconds lost", |n| thing(n + 10).replace(".123456Z", ".123Z"), "$[0].created_at"),
        ("order in time", |n| thing(n + 10).replace("T09:27", "T09:20"), "$[].updated_at"),
        ("what is no noise", |n| thing(n + 10).replace("Ada", "Eve"), "$[0].name"),
    ];
    for (what, candidate, place) in changes {
        let found = against(1, candidate, "{}").await;
        let breaking = places(&found, Class::Breaking);
        assert!(breaking.contains(&format!("read {place}")), "{what}: {breaking:?}\n{:#?}", found.differences);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_the_plan_goes_first() {
    let rule = "{ rules: [ { path: '$[*].created_at', as: datetime, within: 1s, reason: a clock } ] }";
    let found = against(1, |number| thing(number + 10), rule).await;
    assert_eq!(places(&found, Class::Breaking), ["read $[0].created_at"], "it is not within a second");
    assert!(!found.noise.places.iter().any(|place| place.place == "$[].token" && place.broken > 0));
}

/// The smoke plan without its rules.
fn without_rules() -> String {
    let text = smoke(&[]);
    let rules = text.find("\ncompare:").expect("rules");
    let end = text[rules + 1..].find("\n\n").map_or(text.len(), |end| rules + 1 + end);
    format!("{}{}", &text[..rules], &text[end..])
}

/// Without the plan's own rules the smoke plan passes all the same: its clocks are noise, and known for it.
#[test]
fn the_bundled_plan_needs_no_rules_for_what_is_noise() {
    let place = Place::new();
    let plan = place.file("plan.yaml", &without_rules());
    let ended = place.run(&["verify", &plan, "--database", "sqlite", "--seed", "7"]);
    let record = place.record();
    assert_eq!(differences(&record, "breaking"), Vec::<&Value>::new(), "{}", ended.stdout);
    assert!(record["parity"]["noise"]["allowed"].as_u64() > Some(0), "{}", record["parity"]["noise"]);
    assert_eq!(record["parity"]["noise"]["is_fresh"], true);
    let without = place.run(&["verify", &plan, "--database", "sqlite", "--seed", "7", "--noise-runs", "0"]);
    assert_eq!(without.code, Some(1), "{}", without.stdout);
    assert_eq!(place.record()["parity"]["noise"]["runs"], 0);
}

/// A service counts what it is asked: both must have been asked the same, for the contract too.
#[test]
fn neither_side_is_asked_more_than_the_other() {
    let place = Place::new();
    let rule = "    - { path: $, flow: documents, step: GET /metrics, reason: figures of two processes }\n";
    let plan = place.file("plan.yaml", &smoke(&[(rule, "")]));
    let ended = place.run(&["verify", &plan, "--database", "sqlite", "--seed", "7", "--noise-runs", "0"]);
    let record = place.record();
    let cases = list(&record["parity"]["reproduction"]["cases"]);
    let of_metrics = cases.iter().find(|case| case["step"] == "GET /metrics");
    let diff =
        of_metrics.unwrap_or_else(|| panic!("figures differ\n{}", ended.stdout))["diff"].as_str().expect("a diff");
    let counted = |sign: char| {
        let counts = diff.lines().filter_map(|line| line.strip_prefix(sign));
        counts.filter(|line| line.starts_with("http_server_requests_total")).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(!counted('+').is_empty(), "{diff}");
    let (one, other) = (counted('-'), counted('+'));
    assert_eq!(one.symmetric_difference(&other).collect::<Vec<_>>(), [&""; 0]);
}

/// The identity of a request differs in every answer, and the replay has seen that in answers to all of these requests.
#[test]
fn generated_requests_and_faults_know_what_the_replay_found_to_be_noise() {
    let place = Place::new();
    let plan = place.file("plan.yaml", &without_rules());
    let settings = ["--database", "sqlite", "--seed", "7", "--explore", "200", "--faults", "statement-timeout"];
    let ended = place.run(&[&["verify", &plan][..], &settings].concat());
    let record = place.record();
    let at_it = |class: &str| {
        let all = differences(&record, class).into_iter().filter(|found| found["where"] == "header x-request-id");
        let flows = all.map(|found| found["flow"].as_str().unwrap_or_default().to_owned());
        flows.filter(|flow| flow == "explore" || flow.starts_with("fault ")).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(at_it("breaking"), [].into(), "{}", ended.stdout);
    assert_eq!(at_it("volatile"), ["explore".to_owned(), "fault statement-timeout".to_owned()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_the_same_twice_by_chance_is_asked_for_again() {
    let said = |cache: &str, name: &str| format!(r#"{{"cache":"{cache}","name":"{name}"}}"#);
    // Hit in the run on its own and in the replay, then by turns.
    let baseline = move |number: u64| said(if number > 1 && number.is_multiple_of(2) { "miss" } else { "hit" }, "Ada");
    for (name, expected) in [("Ada", &[][..]), ("Eve", &["read $.name"][..])] {
        let candidate = move |_| said("miss", name);
        let sides = Pair { baseline: serve(restless(baseline)), candidate: serve(restless(candidate)) };
        let found = replay_after(1, sides, STEPS, "{}").await;
        assert_eq!(places(&found, Class::Breaking), expected, "{:#?}", found.differences);
    }
}

/// What differs between two loaded sides, with what is known of noise.
async fn under_load(noise: Option<&Known>) -> Vec<String> {
    // Drawn once as the service starts: no answer of one side differs from another.
    let said = |second: u32, name: &'static str| {
        let body = format!(r#"{{"started_at":"2026-03-14T09:26:{second:02}.123456Z","name":"{name}"}}"#);
        serve(move |_, _, _| (200, String::new(), body.clone()))
    };
    let addresses = Pair { baseline: said(1, "Ada"), candidate: said(3, "Eve") };
    let urls = addresses.map(|_, address| format!("http://{address}"));
    let text = format!(
        "version: 1\nname: l\nsides: {{ baseline: {{ url: \"{}\" }}, candidate: {{ url: \"{}\" }} }}\nflows:\n  - name: \
         f\n    steps:\n{STEPS}\nload: {{ rate: 20/s, pairs: 4, block: 2s, settle: 0s }}\n",
        urls.baseline, urls.candidate
    );
    let plan = cutover::plan::parse("l.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    let resolve = async |role| Some(Origin::resolve(urls.get(role)).await.expect("an origin"));
    let origins = Pair { baseline: resolve(Role::Baseline).await, candidate: resolve(Role::Candidate).await };
    let setup = load::Setup { plan: &plan, origins, seed: 1, epoch: Epoch::now(), shard: None, noise };
    let load = load::run(setup, &Progress::silent(), &Stop::default()).await.expect("evidence");
    let found = load.parity.expect("answers were compared").differences;
    found.into_iter().filter(|found| found.class == Class::Breaking).map(|found| found.place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_it_is_known_what_a_side_draws_once() {
    assert_eq!(under_load(None).await, ["$.name", "$.started_at"]);
    let mut noisy = Noisy::default();
    noisy.see_value("\"2026-03-14T09:20:00.654321Z\"");
    let mut known = Known::default();
    known.add(request("GET", "/things"), "$.started_at".to_owned(), noisy);
    assert_eq!(under_load(Some(&known)).await, ["$.name"]);
}
