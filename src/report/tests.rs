//! What every rendering holds, over stored records and damaged ones.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{File, read_record, render, sample, write, write_record};
use crate::record::load::Second;
use crate::record::load_parity::LoadParity;
use crate::record::reproduce::{Again, FailingCase};
use crate::record::{Class, Difference, Ending, GateResult, RunRecord, Verdict};

const FIXTURES: [&str; 4] = ["record", "load-only", "parity-only", "empty"];

fn fixture_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/report").join(format!("{name}.json"))
}

fn fixture(name: &str) -> RunRecord {
    read_record(&fixture_path(name)).expect("a stored record")
}

fn text_of(files: &[File], path: &str) -> String {
    let file = files.iter().find(|file| file.path == path).expect("the file is rendered");
    String::from_utf8(file.bytes.clone()).expect("the file is text")
}

/// Text as a browser shows it, one line per element: what snapshots hold.
fn skeleton(html: &str) -> String {
    let body = html.split("</style>").nth(1).unwrap_or(html);
    let mut out = String::new();
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        if matches!(tag, "h1" | "h2" | "h3" | "tr") || tag.starts_with("tr ") {
            out.push('\n');
        }
        if !text.trim().is_empty() && !tag.contains("font-size") {
            out.push_str(text.trim());
            out.push_str(" · ");
        }
    }
    out
}

#[test]
fn summary_of_the_sample() {
    insta::assert_snapshot!(text_of(&render(&fixture("record")), "summary.md"));
}

#[test]
fn junit_of_the_sample() {
    insta::assert_snapshot!(text_of(&render(&fixture("record")), "junit.xml"));
}

#[test]
fn html_of_the_sample() {
    insta::assert_snapshot!(skeleton(&text_of(&render(&fixture("record")), "report.html")));
}

#[test]
fn summaries_of_partial_records() {
    for name in ["load-only", "parity-only", "empty"] {
        insta::assert_snapshot!(format!("summary_of_{name}"), text_of(&render(&fixture(name)), "summary.md"));
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    for name in FIXTURES {
        assert!(render(&fixture(name)) == render(&fixture(name)), "{name}");
    }
}

#[test]
fn a_record_survives_being_written_and_read() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for name in FIXTURES {
        let record = fixture(name);
        let path = write_record(dir.path(), &record).expect("written");
        assert!(render(&record) == render(&read_record(&path).expect("read")), "{name}");
    }
}

#[test]
fn every_file_is_written_below_the_directory() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let record = fixture("record");
    let paths = write(dir.path(), &record).expect("written");
    assert_eq!(paths.len(), render(&record).len());
    assert!(paths.iter().all(|path| path.is_file() && path.starts_with(dir.path())));
    assert!(paths.iter().any(|path| path.ends_with("charts/pool.svg")));
    let log = dir.path().join("hdr/baseline-browse-get-api-v1-students-student-id.hlog");
    assert!(paths.contains(&log), "{paths:?}");
}

#[test]
fn an_interval_log_holds_every_block_and_all_values() {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    let files = render(&fixture("record"));
    let log = text_of(&files, "hdr/candidate-enrol-post-api-v1-students.hlog");
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes()).map(|entry| entry.expect("a valid line")).collect();
    let intervals = entries.iter().filter(|entry| matches!(entry, LogEntry::Interval(_))).count();
    assert_eq!(intervals, 3);
    assert!(entries.iter().any(|entry| matches!(entry, LogEntry::BaseTime(_))));
}

#[test]
fn nothing_that_targets_sent_is_markup_or_loaded() {
    for name in FIXTURES {
        let html = text_of(&render(&fixture(name)), "report.html");
        let lower = html.to_lowercase();
        assert!(!lower.contains("<script"), "{name}");
        for loads in ["src=", "href=", "url(", "@import", "<link", "<img", "<iframe", "<object"] {
            assert!(!lower.contains(loads), "{name}: {loads}");
        }
        assert!(!html.contains(['\u{0}', '\u{1b}', '\u{202e}']), "{name}");
    }
}

#[test]
fn junit_is_well_formed_and_counts_what_failed() {
    for name in FIXTURES {
        let xml = text_of(&render(&fixture(name)), "junit.xml");
        let report = quick_junit::Report::deserialize_from_str(&xml).expect("valid JUnit XML");
        assert!(report.failures + report.errors > 0 || name == "load-only", "{name}");
    }
}

/// The record's gates alone, and what becomes of the run as a whole.
fn junit_gates(record: &RunRecord) -> Vec<(String, &'static str)> {
    let xml = text_of(&render(record), "junit.xml");
    let report = quick_junit::Report::deserialize_from_str(&xml).expect("valid JUnit XML");
    let suite = report.test_suites.iter().find(|suite| suite.name.as_str() == "gates").expect("gates");
    let kind = |status: &quick_junit::TestCaseStatus| match status {
        quick_junit::TestCaseStatus::Success { .. } => "success",
        quick_junit::TestCaseStatus::Skipped { .. } => "skipped",
        quick_junit::TestCaseStatus::NonSuccess { kind: quick_junit::NonSuccessKind::Failure, .. } => "failure",
        quick_junit::TestCaseStatus::NonSuccess { .. } => "error",
    };
    suite.test_cases.iter().map(|case| (case.name.to_string(), kind(&case.status))).collect()
}

#[test]
fn junit_says_the_verdict_by_a_case_and_nothing_of_what_decides_nothing() {
    let mut record = RunRecord { ending: Ending::Complete, ..fixture("record") };
    let mut gate = |index: usize, status: Verdict, decides: bool| {
        record.gates.truncate(index + 1);
        (record.gates[index].status, record.gates[index].decides) = (status, decides);
    };
    gate(1, Verdict::Fail, false);
    gate(0, Verdict::Pass, true);
    record.gates.push(GateResult { status: Verdict::Fail, decides: false, ..record.gates[0].clone() });
    record.verdict = Verdict::Pass;
    let kinds = |record: &RunRecord| junit_gates(record).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(&record), ["success", "skipped"], "a gate on the baseline alone");

    // Figures that cannot be believed, beside a gate that failed.
    record.gates[1].decides = true;
    record.verdict = Verdict::Invalid;
    let cases = junit_gates(&record);
    assert_eq!(cases[1].1, "failure");
    assert_eq!(cases[2], ("the run as a whole".to_owned(), "error"));
    record.verdict = Verdict::Fail;
    assert_eq!(kinds(&record), ["success", "failure"], "the gate says it");
}

#[test]
fn the_command_is_that_of_the_run() {
    let mut record = fixture("record");
    let command = |record: &RunRecord| super::reproduce::command(record);
    assert_eq!(command(&record), "cutover run scenarios/students.yaml --seed 42");
    record.run.settings = ["--defect", "slow-tail=50", "--rate", "5", "--faults", "none"].map(str::to_owned).to_vec();
    record.run.only = Some("too large/POST it".to_owned());
    let told = "cutover run scenarios/students.yaml --defect 'slow-tail=50' --rate 5 --faults none --only \
                'too large/POST it' --seed 42";
    assert_eq!(command(&record), told);
    let files = render(&record);
    assert!(text_of(&files, "report.html").contains("--rate 5 --faults none --only"));
    assert!(text_of(&files, "summary.md").contains(&format!("`{told}`")));
    // A plan that comes with the program is known by its name, and one URL by itself.
    record.run.plan_file = None;
    assert!(command(&record).starts_with("cutover run students --defect"));
    assert!(command(&fixture("load-only")).starts_with("cutover load http://127.0.0.1:8080/students --seed "));
}

#[test]
fn what_is_done_again_is_given_what_it_takes() {
    let mut record = fixture("record");
    record.run.settings =
        ["--noise-runs", "2", "--rate", "5", "--max-pairs", "9", "--explore", "50"].map(str::to_owned).to_vec();
    let parity = record.parity.as_ref().expect("a replay");
    let case = parity.reproduction.cases.first().expect("a case").clone();
    let again = |again| super::reproduce::again(&record, &FailingCase { again, ..case.clone() });
    let verify = again(Again::Flow);
    assert!(verify.starts_with("cutover verify scenarios/students.yaml --noise-runs 2 --only "), "{verify}");
    let load = again(Again::Load);
    assert_eq!(load, "cutover load scenarios/students.yaml --rate 5 --max-pairs 9 --seed 42");
}

#[test]
fn bursts_ramps_and_what_was_spoken_are_told() {
    let mut record = fixture("record");
    let arrivals = "60 flow iterations per second arrive at random, and 64 at once every 4s";
    record.load.as_mut().expect("has load").arrivals = arrivals.to_owned();
    record.run.protocols.candidate = Some("HTTP/2 over TLS 1.3".to_owned());
    let files = render(&record);
    let html = text_of(&files, "report.html");
    assert!(html.contains(arrivals) && html.contains("HTTP/2 over TLS 1.3"));
    assert!(text_of(&files, "summary.md").contains(&format!("Load: {arrivals}.")));
}

#[test]
fn the_summary_says_what_it_leaves_out() {
    let mut record = fixture("record");
    let parity = record.parity.as_mut().expect("a replay");
    parity.flows_left = 3;
    let difference = parity.differences.first().expect("a difference").clone();
    let case = parity.reproduction.cases.first().expect("a case").clone();
    let load = record.load.as_mut().expect("has load");
    let mut seen = LoadParity {
        differences: vec![Difference { class: Class::Breaking, ..difference }; 13],
        ..LoadParity::default()
    };
    seen.differences[0].case = Some(0);
    seen.reproduction.cases = vec![FailingCase { again: Again::Load, ..case }];
    load.parity = Some(seen);
    let summary = text_of(&render(&record), "summary.md");
    assert!(summary.contains("**Broken off:** 3 flows not done, or not to the end."), "{summary}");
    let under_load = summary.split("### Answers under load").nth(1).expect("a section");
    assert!(under_load.contains("3 more in the full report."), "{under_load}");
    assert!(under_load.contains("Again: `cutover load scenarios/students.yaml --seed 42`"), "{under_load}");
}

#[test]
fn charts_without_data_are_left_out_and_named() {
    let files = render(&fixture("empty"));
    assert!(files.iter().all(|file| !file.path.starts_with("charts/")));
    assert!(text_of(&files, "report.html").contains("Left out: response time by percentile"));
}

#[test]
fn a_damaged_histogram_is_shown_as_such() {
    let mut record = fixture("record");
    let load = record.load.as_mut().expect("has load");
    for text in ["no base64!", "AAAA", "HISTFAAAAAB42g=="] {
        let side = load.sides.candidate.as_mut().expect("has a candidate");
        side.steps[0].response_time_hdr = text.to_owned();
        load.blocks.iter_mut().for_each(|block| block.steps[0].response_time_hdr = text.to_owned());
        let record = RunRecord { load: Some(load.clone()), ..fixture("record") };
        let files = render(&record);
        assert!(text_of(&files, "report.html").contains("could not be decoded"), "{text}");
        assert!(!files.iter().any(|file| file.path.starts_with("hdr/candidate-browse-get-api-v1-students-page")));
    }
}

/// Texts that targets may send.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,20}(<script>|\\]\\]>|\\||`|\n|&|\"|'|\u{202e}|\u{0}|\u{ffff}){0,5}",
        Just(String::new())
    ]
}

fn odd() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![Just(None), Just(Some(0.0)), any::<f64>().prop_map(Some), Just(Some(f64::NAN)), Just(Some(1e300))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_record_makes_a_rendering_panic(
        text in hostile(), value in odd(), number in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
        cut in 0..40_usize, flip in any::<(usize, u8)>(), name in 0..FIXTURES.len(),
    ) {
        let mut record = fixture(FIXTURES[name]);
        damage(&mut record, &text, value, number, cut, flip);
        let files = render(&record);
        let html = text_of(&files, "report.html");
        prop_assert!(!html.to_lowercase().contains("<script"));
        let xml = text_of(&files, "junit.xml");
        prop_assert!(quick_junit::Report::deserialize_from_str(&xml).is_ok(), "{xml}");
        prop_assert!(files.iter().all(|file| file.path.chars().all(|c| c.is_ascii_alphanumeric() || "-./".contains(c))));
        prop_assert!(files.iter().all(|file| !file.path.contains("..")));
    }
}

fn damage(record: &mut RunRecord, text: &str, value: Option<f64>, number: u64, cut: usize, flip: (usize, u8)) {
    record.verdict = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Invalid][cut % 4];
    text.clone_into(&mut record.reason);
    text.clone_into(&mut record.run.started_at);
    text.clone_into(&mut record.run.plan);
    for gate in record.gates.iter_mut().chain(&mut record.targets) {
        (gate.expr, gate.unit, gate.observed) = (format!("{}{text}", gate.expr), text.to_owned(), value);
        gate.interval = value.map(|value| [value, -value]);
        if let (Some(estimate), Some(value)) = (&mut gate.estimate, value) {
            (estimate.low, estimate.high) = (-value, value);
            text.clone_into(&mut estimate.of);
            text.clone_into(&mut estimate.method);
        }
    }
    for difference in record.parity.iter_mut().flat_map(|parity| &mut parity.differences) {
        (difference.place, difference.candidate, difference.step) =
            (text.to_owned(), Some(text.to_owned()), text.to_owned());
    }
    for observations in [&mut record.observations.baseline, &mut record.observations.candidate].into_iter().flatten() {
        observations.pool.used.truncate(cut);
        observations.pool.pending.iter_mut().for_each(|pending| *pending = value);
        observations.pool.at_ms.iter_mut().step_by(7).for_each(|at| *at = number);
        observations.process.cpu_ms.truncate(cut);
        observations.process.at_ms.iter_mut().step_by(5).for_each(|at| *at = number);
    }
    let Some(load) = &mut record.load else { return };
    load.settle_s = value.unwrap_or(-1.0);
    load.block_s = value.unwrap_or(0.0);
    load.blocks.truncate(cut);
    for block in &mut load.blocks {
        block.started_ms = block.started_ms.saturating_add(number);
        block
            .seconds
            .iter_mut()
            .step_by(3)
            .for_each(|second| *second = Second { requests: number, errors: number, ..*second });
        block.steps.iter_mut().for_each(|step| step.response_time_hdr = damaged(&step.response_time_hdr, flip));
    }
    for side in [&mut load.sides.baseline, &mut load.sides.candidate].into_iter().flatten() {
        (side.throughput, side.cpu, side.requests) = (value, value, number);
        for step in &mut side.steps {
            text.clone_into(&mut step.flow);
            step.response_time_hdr = damaged(&step.response_time_hdr, flip);
        }
    }
}

/// One character of the text changed.
fn damaged(text: &str, (at, by): (usize, u8)) -> String {
    let mut bytes = text.as_bytes().to_vec();
    if let Some(byte) = bytes.len().checked_sub(1).and_then(|last| bytes.get_mut(at % (last + 1))) {
        *byte = b"ABCDEFGHabcdefgh0123456789+/=!"[usize::from(by) % 30];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
#[ignore = "writes the stored records again: run it after a change of the record, then look at the snapshots"]
fn write_fixtures() {
    let records = vec![sample::full(), sample::load_only(), sample::parity_only(), sample::empty()];
    for (name, record) in FIXTURES.iter().zip(records) {
        let json = serde_json::to_string_pretty(&record).expect("JSON");
        std::fs::write(fixture_path(name), json + "\n").expect("written");
    }
}

#[test]
#[ignore = "renders the stored records to look at; `CUTOVER_REPORTS` says where"]
fn render_fixtures() {
    let dir = std::env::var_os("CUTOVER_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    for name in FIXTURES {
        write(&dir.join(name), &fixture(name)).expect("written");
    }
}
