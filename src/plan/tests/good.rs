use std::time::Duration;

use super::*;
use crate::plan::template::{JsonPart, Part};
use crate::plan::{
    Arrivals, Body, Burst, CaptureFrom, Document, Excepted, Fault, Gate, Metrics, Profile, Provider, Ramp, RuleKind,
    SideKind, Spacing, Speaks, Stack, Stage, Think, Transport, describe, parse_rate,
};
use crate::role::Role;

fn literal(text: &str) -> Part {
    Part::Literal(text.to_owned())
}

#[test]
fn faults_arrive_in_their_own_order_with_probes_that_log_in() {
    let faults = parse(EVERYTHING).unwrap_or_else(|errors| panic!("{errors}")).faults.expect("faults");
    assert_eq!(faults.inject, [Fault::UniqueViolation, Fault::StatementTimeout, Fault::DatabaseStopped]);
    assert_eq!((faults.lock.as_deref(), faults.recovery), (Some("public.students"), Duration::from_secs(3)));
    let step = |step: &Option<(String, String)>| step.clone().map(|(flow, step)| format!("{flow} / {step}"));
    assert_eq!(step(&faults.unique_violation).as_deref(), Some("second / PUT /b"));
    assert_eq!(step(&faults.stale_if_match).as_deref(), Some("first / named"));
    let probes: Vec<_> = faults.probe.steps.iter().map(|step| (&*step.name, step.auth)).collect();
    assert_eq!(probes, [("PATCH /students/1", true), ("health", false)]);
    assert_eq!(faults.probe.variables, ["token"]);
}

#[test]
fn a_constant_header_is_sent_by_probes_too() {
    let lines = "auth: { header: \"X-Key: k\" }\nfaults: { inject: [database-slow], probe: [ { request: GET /a } ] }";
    let faults = parse(&plan_with(lines)).unwrap_or_else(|errors| panic!("{errors}")).faults.expect("faults");
    assert_eq!(faults.probe.steps[0].headers.len(), 1);
}

#[test]
fn every_key_arrives_in_the_plan() {
    let plan = parse(EVERYTHING).unwrap_or_else(|errors| panic!("{errors}"));
    let baseline = plan.sides.baseline.as_ref().unwrap();
    let SideKind::Command { command, env, dir } = &baseline.kind else { panic!("{baseline:?}") };
    assert_eq!(command, &["uvicorn", "app:app", "--port", "{{port}}"]);
    let env: Vec<_> = env.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(env, [("DATABASE_URL", "{{database_url}}"), ("EMPTY", ""), ("WORKERS", "4")]);
    assert_eq!(dir.as_deref(), Some(std::path::Path::new("services/old")));
    assert_eq!((&*baseline.ready, baseline.ready_timeout), ("/ready", Duration::from_mins(1)));
    assert_eq!(baseline.metrics.as_ref().map(|m| (&*m.path, &*m.names)), Some(("/prometheus", "hikaricp")));

    let candidate = plan.sides.candidate.as_ref().unwrap();
    let SideKind::Bundled { stack, defects, args } = &candidate.kind else { panic!("{candidate:?}") };
    assert_eq!(
        (*stack, &**defects, &**args),
        (Stack::Async, &["slow-tail=50".into(), "lost-header".into()][..], &["--pool-size=20".into()][..])
    );
    assert_eq!(candidate.metrics.as_ref().map(|m| (&*m.path, &*m.names)), Some(("/metrics", "opentelemetry")));

    let database = &plan.database;
    assert_eq!(
        (&database.provider, database.latency, database.students),
        (&Provider::Local, Duration::from_millis(3), 5000)
    );
    assert_eq!(database.setup.as_deref(), Some(&["./migrate".into(), "{{database_url}}".into()][..]));
    assert_eq!(database.image, "postgres:16");
    let burst = Some(Burst { size: 60, every: Duration::from_secs(12) });
    let arrivals = Arrivals::Open { rate: 200.0, spacing: Spacing::Uniform, burst, users: 64 };
    assert_eq!((plan.load.arrivals, plan.load.pairs, plan.load.max_pairs), (arrivals, 6, Some(18)));
    assert_eq!((plan.load.block, plan.load.settle), (Duration::from_secs(4), Duration::from_millis(500)));
    assert!(!plan.load.parity && !plan.load.stop_early, "on unless they are switched off");
    let millis = Duration::from_millis;
    let between = Some(Think { least: millis(200), most: millis(1000) });
    let own = Some(Think { least: millis(1500), most: millis(1500) });
    assert_eq!(plan.flows[0].think, [between, between, own], "a step's own pause wins over that of its flow");
    assert_eq!(plan.flows[1].think, [None]);
    assert_eq!((plan.timeout, plan.seed), (Duration::from_secs(5), Some(7)));
    assert_eq!(plan.estimated_load_time(), Duration::from_secs(48));
    assert_eq!((plan.gates.len(), plan.targets.len()), (1, 1));
    let contract = plan.contract.unwrap();
    assert_eq!(contract.document, Document::File("contracts/openapi.yaml".into()));
    let operations: Vec<_> = contract.except.iter().map(|exception| exception.operation.as_deref()).collect();
    assert_eq!(operations, [None, Some("GET /a")]);
    assert_eq!(contract.except[0].what, Excepted::Statuses(vec![503, 504]));
}

#[test]
fn a_contract_is_a_file_beside_the_plan_or_a_path_of_the_baseline() {
    let plan = |document: &str| parse(&plan_with(&format!("contract: {document}"))).unwrap().contract.unwrap().document;
    let beside = plan("api/openapi.json").file(Some(std::path::Path::new("plans/students.yaml")));
    assert_eq!(beside.as_deref(), Some(std::path::Path::new("plans/api/openapi.json")));
    assert_eq!(plan("openapi.json").file(None).as_deref(), Some(std::path::Path::new("openapi.json")));
    assert_eq!(plan("/openapi.json"), Document::Served("/openapi.json".to_owned()));
    assert_eq!(plan("/openapi.json").file(None), None);
    assert_eq!(plan("{ document: /v3/api-docs }"), Document::Served("/v3/api-docs".to_owned()));
}

#[test]
fn what_is_filled_in_at_the_start_has_one_spelling() {
    let text = plan_with(
        "sides: { baseline: { command: [run, \"--port={{ port }}\", \"{{x\"], env: { A: \"a{{  database_url}}{{port }}b\" } }, candidate: { bundled: { stack: async } } }
database: { setup: [migrate, \"{{ database_url }}\"] }",
    );
    let plan = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let Some(SideKind::Command { command, env, .. }) = plan.sides.baseline.map(|side| side.kind) else {
        panic!("{text}")
    };
    assert_eq!(command, ["run", "--port={{port}}", "{{x"]);
    assert_eq!(env, [("A".to_owned(), "a{{database_url}}{{port}}b".to_owned())]);
    assert_eq!(plan.database.setup.as_deref(), Some(&["migrate".to_owned(), "{{database_url}}".to_owned()][..]));
}

#[test]
fn metrics_may_have_any_names_that_are_known_or_be_looked_for() {
    for name in Metrics::NAMES {
        let side = format!("{{ url: \"http://a\", metrics: {{ path: /m, names: {name} }} }}");
        let plan = parse(&plan_with(&format!("sides: {{ baseline: {side}, candidate: {side} }}")));
        let side = plan.unwrap_or_else(|errors| panic!("{errors}")).sides.candidate.unwrap();
        assert_eq!(side.metrics, Some(Metrics { path: "/m".to_owned(), names: name.to_owned() }));
    }
}

#[test]
fn the_login_comes_first_and_its_captures_are_known_everywhere() {
    let plan = parse(EVERYTHING).unwrap();
    let auth = plan.auth.unwrap();
    assert!(!auth.login.auth);
    assert_eq!(auth.header.0, "Authorization");
    assert_eq!(auth.header.1.parts, [literal("Bearer "), Part::Variable(0)]);
    assert!(plan.flows.iter().all(|flow| flow.variables == ["token"]), "{:?}", plan.flows);
    let Body::Json(json) = auth.login.body else { panic!("no body") };
    assert_eq!(json.parts, [JsonPart::Literal(r#"{"username":"admin","password":"hunter2"}"#.to_owned())]);
}

#[test]
fn a_side_over_tls_is_read_with_whom_to_trust() {
    let lines = "sides: { baseline: { url: \"https://old:8443\", ca: certs/ca.pem, protocol: http2 }, \
        candidate: { url: \"https://new\", insecure: true } }";
    let plan = parse(&plan_with(lines)).unwrap_or_else(|errors| panic!("{errors}"));
    let transport = |role| plan.sides.get(role).as_ref().unwrap().transport.clone();
    let baseline = Transport { speaks: Speaks::Http2, ca: Some("certs/ca.pem".into()), insecure: false };
    assert_eq!(transport(Role::Baseline), baseline);
    assert_eq!(transport(Role::Candidate), Transport { insecure: true, ..Transport::default() });
    let described = describe(&plan);
    assert!(described.contains("https://old:8443, ready at /health within 30s, HTTP/2, certificates of certs/ca.pem"));
    assert!(described.contains("certificate not checked"), "{described}");
}

#[test]
fn steps_are_named_by_method_and_path_and_uniquely() {
    let plan = parse(EVERYTHING).unwrap();
    let flow = &plan.flows[0];
    let names: Vec<&str> = flow.steps.iter().map(|step| &*step.name).collect();
    assert_eq!((&*flow.name, flow.weight, names), ("first", 3, vec!["GET /a", "GET /a (2)", "named"]));
    assert_eq!(flow.steps[0].target.parts, [literal("/a?b=1")]);
    let headers: Vec<&str> = flow.steps[0].headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(headers, ["Accept", "User-Agent"]);
    let last = &flow.steps[2];
    assert_eq!((&*last.method, &*last.expect.status, last.auth), ("POST", &[200, 204][..], false));
    let Body::Text(text) = &last.body else { panic!("no text") };
    assert_eq!(text.parts, [literal("text "), Part::Unique]);
}

#[test]
fn json_bodies_are_written_as_they_stand_with_variables_between() {
    let plan = parse(EVERYTHING).unwrap();
    let Body::Json(json) = &plan.flows[1].steps[0].body else { panic!("no body") };
    let text = |text: &str| JsonPart::Literal(text.to_owned());
    assert_eq!(
        json.parts,
        [
            text(r#"{"n":1.10,"s":"a\"b","v":"#),
            JsonPart::Value(Part::Variable(0)),
            text(r#","t":"x"#),
            JsonPart::InString(Part::Variable(0)),
            text(r#"","r":"#),
            JsonPart::Value(Part::Random { low: 1, high: 9 }),
            text(r#","u":""#),
            JsonPart::InString(Part::Unique),
            text(r#"","e":[],"o":null}"#),
        ]
    );
}

#[test]
fn yaml_scalars_become_the_json_that_they_mean() {
    for (yaml, json) in [
        ("1.10", "1.10"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("-0", "-0"),
        ("+7", "7"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e5", "1e5"),
        ("-1.5E-3", "-1.5E-3"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("true", "true"),
        ("~", "null"),
        ("\"12\"", "\"12\""),
        ("!!str 12", "\"12\""),
        ("yes", "\"yes\""),
        ("1.2.3", "\"1.2.3\""),
        ("1e", "\"1e\""),
        ("e5", "\"e5\""),
        ("'tab\té'", "\"tab\\té\""),
        ("2024-01-01", "\"2024-01-01\""),
    ] {
        let plan = parse(&plan_with_steps(&format!("{{ request: POST /a, json: {yaml} }}")));
        let plan = plan.unwrap_or_else(|errors| panic!("{yaml}: {errors}"));
        let Body::Json(body) = &plan.flows[0].steps[0].body else { panic!("{yaml}: no body") };
        assert_eq!(body.parts, [JsonPart::Literal(json.to_owned())], "{yaml}");
        serde_json::from_str::<serde_json::Value>(json).unwrap_or_else(|error| panic!("{json}: {error}"));
    }
}

#[test]
fn rules_keep_their_order_and_each_has_one_line() {
    let rules = parse(EVERYTHING).unwrap().compare.rules;
    let lines: Vec<String> = rules.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "datetime within 5s $..at only in first / named",
            "uuid $.items[*].id",
            "number within 1e-9 $..mean",
            "number within 0.5% header x-load",
            "unordered $.tags",
            "keyed by $.owner.id $.items only in second",
            r"matches /^[A-Z]{3}-\d+$/ $.code",
            "schema $.debug",
            "ignore header x-request-id",
            "ignore $['odd name'][0] only in second",
        ]
    );
    let RuleKind::Schema { schema } = &rules[7].kind else { panic!("{:?}", rules[7]) };
    assert!(schema.is_valid(&serde_json::json!({ "at": 1, "n/a": -1.5 })));
    assert!(!schema.is_valid(&serde_json::json!({ "at": 1, "n/a": -2 })));
    assert!(!schema.is_valid(&serde_json::json!({ "at": 1 })));
}

#[test]
fn captures_come_from_bodies_and_headers_and_can_be_set_again() {
    let plan = parse(&plan_with_steps(
        "{ request: GET /a, capture: { id: $.id, etag: header ETag } },
         { request: GET /b, capture: { id: $.other } },
         { request: \"GET /c/{{ id }}\" }",
    ));
    let flow = &plan.unwrap_or_else(|errors| panic!("{errors}")).flows[0];
    assert_eq!(flow.variables, ["id", "etag"]);
    assert!(matches!(&flow.steps[0].capture[1].from, CaptureFrom::Header(name) if name == "etag"));
    assert_eq!(flow.steps[1].capture[0].variable, 0);
    assert_eq!(flow.steps[2].target.parts, [literal("/c/"), Part::Variable(0)]);
}

#[test]
fn a_header_without_a_login_is_sent_by_each_step() {
    let text = plan_with(
        "auth: { header: \"X-Key: ${PLAN_PASSWORD}\" }\nflows: [ { name: a, steps: [ { request: GET /a }, { request: GET /b, auth: false } ] } ]",
    );
    let plan = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(plan.auth.is_none());
    assert_eq!(plan.flows[0].steps[0].headers[0].1.parts, [literal("hunter2")]);
    assert!(plan.flows[0].steps[1].headers.is_empty());
}

#[test]
fn what_is_left_out_has_its_default() {
    let plan =
        parse(&plan_with("sides: { baseline: { url: \"http://a:1/\" }, candidate: { url: \"HTTP://b\" } }")).unwrap();
    let side = plan.sides.baseline.unwrap();
    assert!(matches!(&side.kind, SideKind::Url { url } if url == "http://a:1"), "{side:?}");
    assert_eq!((&*side.ready, side.ready_timeout, side.metrics), ("/health", Duration::from_secs(30), None));
    assert!(matches!(plan.load.arrivals, Arrivals::Open { users: 256, spacing: Spacing::Poisson, .. }));
    assert_eq!(
        (plan.load.pairs, plan.load.block, plan.load.settle),
        (12, Duration::from_secs(5), Duration::from_secs(1))
    );
    assert_eq!((plan.timeout, plan.seed, plan.database.provider), (Duration::from_secs(10), None, Provider::Auto));
}

#[test]
fn values_come_from_the_environment() {
    let plan = parse(&plan_with("load: { rate: 5/s, pairs: \"${PLAN_PAIRS}\" }\ntimeout: \"${PLAN_PAIRS}s\"")).unwrap();
    assert_eq!((plan.load.pairs, plan.timeout), (3, Duration::from_secs(3)));
    let plan = parse(&plan_with_steps("{ request: POST /a, body: \"$${PLAN_PAIRS} $5\" }")).unwrap();
    let Body::Text(body) = &plan.flows[0].steps[0].body else { panic!("no body") };
    assert_eq!(body.parts, [literal("${PLAN_PAIRS} $5")]);
}

#[test]
fn anchors_and_merge_keys_are_filled_in() {
    let text = plan_with(
        "x-base: &base { request: GET /a, expect: { status: 200 } }
flows:
  - name: a
    steps:
      - *base
      - { <<: *base, request: GET /b }",
    );
    let plan = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<_> = plan.flows[0].steps.iter().map(|step| (&*step.name, &*step.expect.status)).collect();
    assert_eq!(names, [("GET /a", &[200][..]), ("GET /b", &[200][..])]);
}

#[test]
fn stages_make_the_block_as_long_as_they_are_and_the_highest_target_is_the_rate() {
    let stages = |seconds: &[(u64, f64)]| -> Vec<Stage> {
        let stage =
            |(duration, target): &(u64, f64)| Stage { duration: Duration::from_secs(*duration), target: *target };
        seconds.iter().map(stage).collect()
    };
    let written = "stages: [ { duration: 2s, target: 12000/m }, { duration: 4s, target: 200 }, { duration: 0s, target: 0 }, { duration: 1s, target: 0/s } ]";
    let expected = stages(&[(2, 200.0), (4, 200.0), (0, 0.0), (1, 0.0)]);
    let load = |text: &str| parse(&plan_with(text)).unwrap_or_else(|errors| panic!("{errors}")).load;
    let open = load(&format!("load: {{ {written} }}"));
    assert_eq!(open.block, Duration::from_secs(7));
    assert!(matches!(open.arrivals, Arrivals::Open { rate: 200.0, users: 256, .. }), "{:?}", open.arrivals);
    assert_eq!(open.ramp, Some(Ramp { start: 0.0, stages: expected }));
    assert_eq!(
        open.in_words(),
        "in each block from 0 to 200 in 2s, 200 for 4s, at once to 0, 0 for 1s: flow iterations per second, at random"
    );
    let from = load("load: { rate: 50/s, stages: [ { duration: 2s, target: 10 } ] }");
    assert!(matches!(from.arrivals, Arrivals::Open { rate: 50.0, .. }), "it begins with the most");

    let closed =
        load("load: { model: closed, users: 2, stages: [ { duration: 2s, target: 8 }, { duration: 2s, target: 4 } ] }");
    assert_eq!(closed.arrivals, Arrivals::Closed { users: 8 });
    assert_eq!(closed.ramp, Some(Ramp { start: 2.0, stages: stages(&[(2, 8.0), (2, 4.0)]) }));
    let mut constant = closed;
    constant.replace_arrivals(Arrivals::Closed { users: 3 });
    assert_eq!(constant.profile(), Profile::constant(3.0, Duration::from_secs(4)));
}

#[test]
fn rates_are_read_per_second() {
    for (text, rate) in [("200/s", 200.0), ("12000/m", 200.0), ("200", 200.0), (" 0.5 / s ", 0.5), ("7200/h", 2.0)] {
        assert_eq!(parse_rate(text), Ok(rate), "{text}");
    }
    for text in ["", "0", "-1/s", "nan", "inf/s", "1e9", "1/d", "2000000/s", "/s", "1/s/s"] {
        assert!(parse_rate(text).is_err(), "{text}");
    }
}

#[test]
fn the_bundled_plans_are_valid() {
    let plan = parse(STUDENTS).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(plan.roles(), Role::BOTH);
    let smoke = parse(SMOKE).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(smoke.estimated_load_time() < Duration::from_secs(20));
    let steps = |plan: &Plan| -> Vec<String> {
        plan.flows
            .iter()
            .flat_map(|flow| flow.steps.iter().map(|step| format!("{}/{}", flow.name, step.name)))
            .collect()
    };
    assert_eq!(steps(&plan), steps(&smoke), "both hold the same contract");
}

#[test]
fn a_url_alone_makes_a_plan() {
    let closed = Arrivals::Closed { users: 32 };
    let plan = Plan::ad_hoc("http://127.0.0.1:8080/students?page=2", closed, Duration::from_secs(10)).unwrap();
    assert_eq!(plan.roles(), [Role::Candidate]);
    assert_eq!(plan.estimated_load_time(), Duration::from_secs(10));
    let side = plan.sides.candidate.as_ref().unwrap();
    assert!(matches!(&side.kind, SideKind::Url { url } if url == "http://127.0.0.1:8080"), "{side:?}");
    let step = &plan.flows[0].steps[0];
    assert_eq!((&*step.name, &step.target.parts[..]), ("GET /students", &[literal("/students?page=2")][..]));
    let bare = Plan::ad_hoc("http://h", closed, Duration::from_secs(1)).unwrap();
    assert_eq!(bare.flows[0].steps[0].target.parts, [literal("/")]);
    for url in ["127.0.0.1:8080", "ftp://h", "http://", "http://me:secret@h/", "http://a b/"] {
        let error = Plan::ad_hoc(url, closed, Duration::from_secs(1)).expect_err(url);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(Plan::ad_hoc("http://h", Arrivals::Closed { users: 0 }, Duration::from_secs(1)).is_err());
    assert!(Plan::ad_hoc("http://h", closed, Duration::ZERO).is_err());
    // 1.2 million arrivals in a minute are not in memory at once.
    let fast = Arrivals::Open { rate: 20_000.0, spacing: Spacing::Poisson, burst: None, users: 64 };
    let fast = Plan::ad_hoc("http://h", fast, Duration::from_mins(1)).unwrap();
    assert_eq!((fast.load.pairs, fast.load.block), (6, Duration::from_secs(10)));
    let hours = Plan::ad_hoc("http://h", closed, Duration::from_hours(2)).unwrap();
    assert_eq!((hours.load.pairs, hours.load.block), (120, Duration::from_mins(1)), "in pieces that fit into memory");
}

#[test]
fn a_plan_says_whether_it_can_measure_a_gate() {
    let plan = Plan::ad_hoc("http://h/x", Arrivals::Closed { users: 1 }, Duration::from_secs(1)).unwrap();
    let admits = |gate: &str| plan.admits(&Gate::parse(gate).unwrap());
    assert_eq!(admits("candidate.p95 < 1s for request/GET /x"), Ok(()));
    assert!(admits("candidate.pool.timeouts == 0").unwrap_err().contains("no metrics"));
    assert!(admits("candidate.cpu < 50%").unwrap_err().contains("URL"));
    assert!(admits("candidate.p95 < 1s for requests").unwrap_err().contains("did you mean `request`?"));
    assert!(admits("candidate.p95 <= baseline.p95").unwrap_err().contains("has no baseline"));
    assert!(admits("parity.breaking == 0").unwrap_err().contains("both sides"));
}

#[test]
fn a_plan_is_described_without_its_secrets() {
    let text = EVERYTHING.replace("provider: local", "provider: \"postgres://me:hunter2@host/db\"");
    let words = describe(&parse(&text).unwrap_or_else(|errors| panic!("{errors}")));
    assert!(!words.contains("hunter2"), "{words}");
    let expected = include_str!("../../../tests/fixtures/plans/everything.described");
    assert_eq!(words, expected);
}

proptest::proptest! {
    #[test]
    fn a_duration_in_a_plan_is_what_was_written(micros in 1_000_u64..600_000_000) {
        let timeout = Duration::from_micros(micros);
        let text = plan_with(&format!("timeout: {}", crate::units::format_duration(timeout)));
        proptest::prop_assert_eq!(parse(&text).map(|plan| plan.timeout), Ok(timeout));
    }
}
