//! A difference is seen again: by pasted `curl` lines, by `--only`, and accepted by what the report proposes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::scripted::serve;
use crate::support::{CANDIDATE, CUTOVER, Ended, Place, differences, list, smoke};

const READ: &str = "GET /api/v1/students/{{student_id}}";

/// Without its gate on coverage: a promise that a side breaks is not covered, whoever accepts that.
const COVERAGE: (&str, &str) = ("  - parity.coverage >= 90%\n", "");

pub(crate) fn with_defects(defects: &str) -> String {
    smoke(&[(CANDIDATE, &format!("candidate: {{ bundled: {{ stack: async, defects: [{defects}] }} }}")), COVERAGE])
}

pub(crate) fn verify(place: &Place, plan: &str, more: &[&str]) -> (Ended, Value) {
    let plan = place.file("plan.yaml", plan);
    let ended = place.run(&[&["verify", &plan, "--database", "sqlite", "--seed", "7", "--no-color"], more].concat());
    let record = place.record();
    (ended, record)
}

pub(crate) fn find<'r>(record: &'r Value, class: &str, [flow, step, at]: [&str; 3]) -> Option<&'r Value> {
    differences(record, class).into_iter().find(|difference| {
        (&difference["flow"], &difference["step"], &difference["where"]) == (&flow.into(), &step.into(), &at.into())
    })
}

/// A service that a person has started with a command of the report.
struct Served(std::process::Child, String);

impl Served {
    fn start(command: &str) -> Self {
        // The port is taken from the system here: tests run side by side.
        let (command, _) = command.split_once("--listen ").expect("an address to listen at");
        let command = command.replacen("cutover ", &format!("exec {CUTOVER} "), 1);
        let child = Command::new("bash")
            .args(["-c", &format!("{command} --listen 127.0.0.1:0")])
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash");
        let mut served = Self(child, String::new());
        let address = BufReader::new(served.0.stdout.as_mut().expect("a pipe"))
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on http://").map(str::to_owned));
        served.1 = address.unwrap_or_else(|| panic!("it does not listen: {command}"));
        served
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It serves until it is killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What bash prints for the requests of a case, asked of one side.
fn paste(record: &Value, difference: &Value, side: &str, address: &str) -> String {
    let at = usize::try_from(difference["case"].as_u64().expect("a case")).expect("an index");
    let case = &record["parity"]["reproduction"]["cases"][at];
    paste_lines(&case["requests"], side, address)
}

fn paste_lines(requests: &Value, side: &str, address: &str) -> String {
    let lines: Vec<&str> = list(requests).iter().filter_map(Value::as_str).collect();
    let script = format!("set -u\nSIDE=${{{side}:?}}\n{}", lines.join("\n"));
    let output = Command::new("bash")
        .args(["-c", &script])
        .env(side, format!("http://{address}"))
        .env("PASSWORD", "admin-password")
        .output()
        .expect("bash");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn has_curl() -> bool {
    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let there = is_there("curl") && is_there("jq") && is_there("bash");
    // Where all is demanded, nothing may be missing.
    assert!(there || std::env::var_os("CUTOVER_REQUIRE_POSTGRES").is_none(), "`curl`, `jq` or `bash` is missing");
    if !there {
        println!("skipped: `curl`, `jq` or `bash` is not on this machine");
    }
    there
}

#[test]
fn pasted_requests_of_a_generated_sequence_get_the_answers_that_were_told() {
    if !has_curl() {
        return;
    }
    let place = Place::new();
    let (_, record) = verify(&place, &with_defects("lost-write"), &["--explore", "300"]);
    let statuses = |call: &Value| (call["status"]["baseline"].as_u64(), call["status"]["candidate"].as_u64());
    // Made by one request and asked for by another: the id must go from the one to the other.
    let of_two = |finding: &&Value| {
        let calls = list(&finding["calls"]);
        finding["operation"] == "GET /api/v1/students/{id}"
            && calls.len() == 2
            && statuses(&calls[1]) == (Some(200), Some(404))
    };
    let findings = list(&record["explore"]["findings"]);
    let finding = findings.iter().find(of_two).unwrap_or_else(|| panic!("{findings:#?}"));
    let sides = &record["parity"]["reproduction"]["sides"];
    let start = |side: &str| Served::start(sides[side]["start"].as_str().expect("a command"));
    let (baseline, candidate) = (start("baseline"), start("candidate"));
    for (side, address, status) in
        [("BASELINE", &baseline.1, "HTTP/1.1 200"), ("CANDIDATE", &candidate.1, "HTTP/1.1 404")]
    {
        let answer = paste_lines(&finding["requests"], side, address);
        assert!(answer.contains(status), "{side}: {answer}\n{finding:#}");
    }
}

#[test]
fn pasted_requests_get_the_answers_that_were_told() {
    if !has_curl() {
        return;
    }
    let place = Place::new();
    let (_, record) = verify(&place, &with_defects("wrong-status, missing-field, error-code"), &[]);
    let sides = &record["parity"]["reproduction"]["sides"];
    let start = |side: &str| Served::start(sides[side]["start"].as_str().expect("a command"));
    let (baseline, candidate) = (start("baseline"), start("candidate"));
    for (at, parts) in [
        (["enrol", "gone", "status"], ["HTTP/1.1 404", "HTTP/1.1 400"]),
        (["enrol", "gone", "$.code"], ["\"code\":\"STUDENT_NOT_FOUND\"", "\"code\":\"NOT_FOUND\""]),
        (["refusals", "no such student", "status"], ["HTTP/1.1 404", "HTTP/1.1 400"]),
    ] {
        let difference = find(&record, "breaking", at).expect("a difference");
        let answers = [
            paste(&record, difference, "BASELINE", &baseline.1),
            paste(&record, difference, "CANDIDATE", &candidate.1),
        ];
        for (answer, part) in answers.iter().zip(parts) {
            assert!(answer.contains(part), "`{part}` is not in {answer}");
        }
    }
    let difference = find(&record, "breaking", ["browse", READ, "$.email"]).expect("a difference");
    assert!(paste(&record, difference, "BASELINE", &baseline.1).contains("\"email\":"));
    let candidates = paste(&record, difference, "CANDIDATE", &candidate.1);
    assert!(candidates.contains("HTTP/1.1 200") && !candidates.contains("\"email\":"), "{candidates}");
}

#[test]
fn the_two_answers_stand_side_by_side_in_every_report() {
    let place = Place::new();
    let (ended, record) = verify(&place, &with_defects("wrong-status"), &[]);
    let difference = find(&record, "breaking", ["enrol", "gone", "status"]).expect("a difference");
    let at = difference["case"].as_u64().expect("a case") as usize;
    let diff = record["parity"]["reproduction"]["cases"][at]["diff"].as_str().expect("a diff");
    for line in ["-HTTP 404", "+HTTP 400", " content-type: application/json", " x-request-id: [ignored]"] {
        assert!(diff.lines().any(|other| other == line), "`{line}` is not in\n{diff}");
    }
    let read = |name: &str| std::fs::read_to_string(place.out().join(name)).expect("a report");
    for name in ["report.html", "junit.xml", "summary.md"] {
        assert!(read(name).contains("-HTTP 404") && read(name).contains("+HTTP 400"), "{name}");
    }
    for name in ["report.html", "junit.xml"] {
        assert!(read(name).contains("--request DELETE"), "{name}");
    }
    assert!(ended.stdout.contains("--database sqlite --only enrol/gone --seed 7"), "{}", ended.stdout);
    for (name, bytes) in crate::support::files(&place.out()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("admin-password"), "{}", name.display());
    }
}

#[test]
fn one_step_alone_is_compared_with_the_same_draws() {
    let place = Place::new();
    let plan = with_defects("wrong-status, missing-field");
    let (_, whole) = verify(&place, &plan, &[]);
    let (ended, record) = verify(&place, &plan, &["--only", "enrol/gone"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let parity = &record["parity"];
    let steps = smoke_steps(&record, "enrol");
    let before = steps.iter().position(|step| step == "gone").expect("a step");
    assert_eq!(parity["compared"], 1);
    assert_eq!(parity["requests"], before as u64 + 1, "steps before it are sent, steps after it are not");
    assert_eq!(record["run"]["only"], "enrol/gone");
    let places: Vec<&Value> = differences(&record, "breaking").iter().map(|difference| &difference["where"]).collect();
    assert_eq!(places, ["status"], "what the steps before it differ in does not count");
    let sent = |record: &Value| {
        let cases = list(&record["parity"]["reproduction"]["cases"]);
        cases.iter().find(|case| case["step"] == "gone").expect("a case")["requests"].clone()
    };
    assert_eq!(sent(&whole), sent(&record));
    let (ended, record) = verify(&place, &plan, &["--only", "health"]);
    assert_eq!((ended.code, &record["parity"]["compared"]), (Some(0), &2.into()), "{}", ended.stdout);
    let ended = place.run(&["verify", "students-smoke", "--only", "enrol/gnoe"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("has no step `gnoe`; did you mean `gone`?"), "{}", ended.stderr);
}

fn smoke_steps(record: &Value, flow: &str) -> Vec<Value> {
    let flow = list(&record["run"]["flows"]).iter().find(|known| known["name"] == flow).expect("a flow");
    list(&flow["steps"]).to_vec()
}

/// Every difference comes with what would accept it; once it stands in the plan or the file, that difference is gone
/// and no other.
#[test]
fn what_is_proposed_accepts_that_difference_and_no_other() {
    let place = Place::new();
    let plan = with_defects("wrong-status, missing-field, error-code");
    let (_, record) = verify(&place, &plan, &[]);
    for at in [["enrol", "gone", "$.code"], ["browse", READ, "$.email"], ["enrol", "gone", "status"]] {
        let difference = find(&record, "breaking", at).expect("a difference");
        let yaml = difference["remedy"]["yaml"].as_str().expect("lines");
        let (plan, file) = if difference["remedy"]["target"] == "plan" {
            let (_, rule) = yaml.split_once("ignore:\n").expect("a place to ignore");
            (plan.replacen("  ignore:\n", &format!("  ignore:\n{rule}\n"), 1), "version: 1\naccepted:\n".to_owned())
        } else {
            (plan.clone(), format!("version: 1\n{yaml}\n"))
        };
        let file = place.file("accepted.yaml", &file);
        let (ended, after) = verify(&place, &plan, &["--accept", &file]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let count = |record: &Value| record["parity"]["breaking"].as_u64().expect("a count");
        let gone = difference["count"].as_u64().expect("a count");
        assert_eq!(count(&after) + gone, count(&record), "{yaml}\n{}", ended.stdout);
    }
}

/// What two services say in each step, as JSON text, and what part of the proposal makes it one of its kind.
const SAID: [(&str, &str, &str); 15] = [
    (r#""2024-01-01T00:00:00Z""#, r#""2024-01-01T00:00:02Z""#, "as: datetime, within: 5s"),
    // The same time written otherwise is no matter of distance, nor is a time without its fraction.
    (r#""2024-01-01T00:00:00Z""#, r#""2024-01-01T00:00:00+00:00""#, "accepted:"),
    (r#""2024-01-01T00:00:00.500Z""#, r#""2024-01-01T00:00:01Z""#, "accepted:"),
    (r#""2024-01-01T00:00:00.5Z""#, r#""2024-01-01T00:00:00.500Z""#, "accepted:"),
    (r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#, r#""7ba7b810-9dad-11d1-80b4-00c04fd430c8""#, "as: uuid"),
    (r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#, r#""6BA7B810-9DAD-11D1-80B4-00C04FD430C8""#, "as: uuid"),
    ("12", "14", "as: number, within: 2"),
    ("9007199254740992", "9007199254740993", "as: number, within: 1"),
    ("0.1", "0.30000000000000004", "as: number, within: 1e0"),
    ("1e400", "1.5e400", "as: number, within: 1e400"),
    ("1", "1.0", "as: number, within: 0"),
    ("[1,2]", "[2,1]", "as: unordered"),
    (r#""a""#, r#""b""#, "ignore:"),
    ("1", r#""1""#, "ignore:"),
    ("0", "-0", "as: number, within: 0"),
];

/// The same for whatever rule or entry can be proposed, of an answer's value, its status and its `Location`.
#[test]
fn every_kind_of_proposal_accepts_its_difference_and_no_other() {
    fn service(side: usize) -> std::net::SocketAddr {
        serve(move |_, path, _| {
            let step = path.strip_prefix("/s").and_then(|step| step.parse::<usize>().ok());
            let value = |(baseline, candidate, _): &(&'static str, &'static str, _)| [*baseline, *candidate][side];
            match (step, step.and_then(|step| SAID.get(step)).map(value)) {
                (Some(_), Some(value)) => (200, String::new(), format!("{{\"v\":{value}}}")),
                (Some(step), None) if step == SAID.len() => ([200, 202][side], String::new(), "{}".to_owned()),
                (Some(_), None) => (200, ["/one", "/other"][side].to_owned(), "{}".to_owned()),
                (None, _) => (200, String::new(), "{}".to_owned()),
            }
        })
    }
    let [baseline, candidate] = [service(0), service(1)];
    let step = |at| format!("      - {{ name: s{at}, request: GET /s{at} }}");
    let steps = (0..SAID.len() + 2).map(step).collect::<Vec<_>>().join("\n");
    let plan = format!(
        "version: 1\nname: said\nsides:\n  baseline: {{ url: \"http://{baseline}\" }}\n  \
         candidate: {{ url: \"http://{candidate}\" }}\nflows:\n  - name: f\n    steps:\n{steps}\n"
    );
    let place = Place::new();
    let run = |plan: &str, accepted: Option<&str>| {
        let plan = place.file("said.yaml", plan);
        let accepted = accepted.map(|text| place.file("accepted.yaml", text));
        let more = accepted.iter().flat_map(|file| ["--accept", file]);
        let ended = place.run(&["verify", &plan, "--no-color"].into_iter().chain(more).collect::<Vec<_>>());
        (ended, place.record())
    };
    let count = |record: &Value| {
        ["breaking", "representation"]
            .map(|class| record["parity"][class].as_u64().expect("a count"))
            .iter()
            .sum::<u64>()
    };
    let (_, before) = run(&plan, None);
    let open = [differences(&before, "breaking"), differences(&before, "representation")].concat();
    assert!(open.len() >= SAID.len() + 2, "{open:#?}");
    for difference in open {
        let yaml = difference["remedy"]["yaml"].as_str().expect("lines");
        let step = difference["step"].as_str().and_then(|step| step[1..].parse::<usize>().ok()).expect("a step");
        if let Some((.., expected)) = SAID.get(step) {
            assert!(yaml.contains(expected), "{step}: `{expected}` in {yaml}");
        }
        let (ended, after) = if difference["remedy"]["target"] == "plan" {
            run(&format!("{plan}{yaml}\n"), None)
        } else {
            run(&plan, Some(&format!("version: 1\n{yaml}\n")))
        };
        let gone = difference["count"].as_u64().expect("a count");
        assert_eq!(count(&after) + gone, count(&before), "{yaml}\n{}\n{}", ended.stdout, ended.stderr);
    }
}
