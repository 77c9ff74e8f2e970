//! However a run ends, nothing that it started is left: no process, no container, no temporary file, no server.

use rustix::process::Signal;

use crate::support::{CANDIDATE, CUTOVER, Place, SMOKE_STEPS, children, eventually, has_server, list, script, smoke};

/// Enough load for a signal to arrive in the middle of it.
fn long_plan(place: &Place) -> String {
    place.file("plan.yaml", &smoke(&[("pairs: 2", "pairs: 20"), ("rate: 10/s", "rate: 40/s")]))
}

#[test]
fn nothing_is_left_after_a_run_that_went_well_or_did_not_start() {
    for database in ["sqlite", "local", "docker"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let good = place.run(&["verify", "students-smoke", "--database", database]);
        assert_eq!(good.code, Some(0), "{database}: {}", good.stderr);
        place.assert_nothing_left(good.pid);

        let broken = script("sleep 1000 & exit 1");
        let file = place.file("plan.yaml", &smoke(&[(CANDIDATE, &broken)]));
        let failed = place.run(&["verify", &file, "--database", database]);
        assert_eq!(failed.code, Some(3), "{database}: {}", failed.stderr);
        place.assert_nothing_left(failed.pid);
    }
}

#[test]
fn a_signal_under_load_is_130_and_keeps_what_was_measured() {
    for (database, signal) in [("sqlite", Signal::INT), ("local", Signal::TERM)] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let mut running = place.start(&["run", &long_plan(&place), "--database", database, "--seed", "7"]);
        running.wait_for_load(60);
        running.signal(signal);
        let ended = running.wait();
        assert_eq!(ended.code, Some(130), "{database}: {}", ended.stderr);
        assert!(ended.stderr.contains("stopping: what was measured is written"), "{}", ended.stderr);
        let record = place.record();
        assert_eq!((&record["ending"]["kind"], &record["verdict"]), (&"interrupted".into(), &"invalid".into()));
        assert_eq!(record["parity"]["compared"], SMOKE_STEPS, "{database}");
        let blocks = list(&record["load"]["blocks"]);
        assert!(!blocks.is_empty() && blocks.len() < 40, "{database}: {} blocks", blocks.len());
        assert!(blocks.iter().any(|block| block["requests"].as_u64() > Some(20)), "{database}");
        assert!(!list(&record["observations"]["baseline"]["process"]["at_ms"]).is_empty(), "{database}");
        assert!(place.out().join("report.html").is_file());
        place.assert_nothing_left(ended.pid);
    }
}

#[test]
fn a_signal_while_things_come_up_is_130() {
    for (database, signal) in [("sqlite", Signal::TERM), ("local", Signal::INT), ("docker", Signal::TERM)] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        // A side that never gets ready keeps the run where it is.
        let waiting = "candidate: { bundled: { stack: async }, ready: /nothing, ready_timeout: 80s }";
        let file = place.file("plan.yaml", &smoke(&[(CANDIDATE, waiting)]));
        let mut running = place.start(&["verify", &file, "--database", database]);
        running.lines("baseline: ready at", 1);
        running.signal(signal);
        let ended = running.wait();
        assert_interrupted_without_evidence(&place, ended.code, &ended.stderr);
        place.assert_nothing_left(ended.pid);
    }
}

/// At once, when servers are being made and nothing is ready.
#[test]
fn a_signal_at_the_very_beginning_is_130() {
    for database in ["local", "docker"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let mut running = place.start(&["verify", "students-smoke", "--database", database]);
        running.lines("provision", 1);
        let pid = running.pid();
        assert!(eventually(|| !children(pid).is_empty()), "nothing was started");
        running.signal(Signal::INT);
        let ended = running.wait();
        assert_interrupted_without_evidence(&place, ended.code, &ended.stderr);
        place.assert_nothing_left(ended.pid);
    }
}

fn assert_interrupted_without_evidence(place: &Place, code: Option<i32>, stderr: &str) {
    assert_eq!(code, Some(130), "{stderr}");
    let record = place.record();
    assert_eq!((&record["ending"]["kind"], &record["verdict"]), (&"interrupted".into(), &"invalid".into()));
    assert!(record["parity"].is_null() && record["load"].is_null());
}

/// Nothing of the harness runs after SIGKILL; what it had started ends all the same.
#[test]
fn nothing_is_left_after_the_harness_was_killed() {
    for database in ["sqlite", "local", "docker"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let mut running = place.start(&["run", &long_plan(&place), "--database", database]);
        running.wait_for_load(20);
        assert!(place.processes().len() >= 3, "{database}: {:?}", place.processes());
        running.signal(Signal::KILL);
        let ended = running.wait();
        assert_eq!(ended.code, None, "{database}");
        place.assert_nothing_left(ended.pid);
        // What was saved before the load is there and says that it is not the end.
        let record = place.record();
        assert_eq!(record["ending"]["kind"], "running", "{database}");
        assert_eq!(record["parity"]["compared"], SMOKE_STEPS, "{database}");
    }
}

/// Two signals do not make it worse.
#[test]
fn a_second_signal_changes_nothing() {
    let place = Place::new();
    let mut running = place.start(&["run", &long_plan(&place), "--database", "sqlite"]);
    running.wait_for_load(20);
    running.signal(Signal::INT);
    running.lines("stopping: ", 1);
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(place.record()["ending"]["kind"], "interrupted");
    place.assert_nothing_left(ended.pid);
}

/// What a run was doing when the signal came, by a line that it prints, and what is on record then.
struct Moment {
    arguments: &'static [&'static str],
    line: &'static str,
    count: usize,
    has: fn(&serde_json::Value) -> bool,
}

/// In each phase: what was measured until then is written and judged as far as it goes, and nothing is left.
#[test]
fn a_signal_in_any_phase_keeps_what_there_is_and_leaves_nothing() {
    fn compared(record: &serde_json::Value) -> bool {
        record["parity"]["compared"] == SMOKE_STEPS
    }
    fn loaded(record: &serde_json::Value) -> bool {
        compared(record) && list(&record["load"]["blocks"]).len() == 2
    }
    let moments = [
        Moment { arguments: &["verify"], line: "noise run 1 of 1", count: 1, has: |_| true },
        // Up again after the baseline was done on its own.
        Moment { arguments: &["verify"], line: ": ready at http://", count: 4, has: |_| true },
        Moment { arguments: &["verify", "--explore", "100000"], line: "explore", count: 1, has: compared },
        Moment { arguments: &["run"], line: "load", count: 1, has: compared },
        Moment { arguments: &["run"], line: "databases: compared before the load", count: 1, has: compared },
        Moment { arguments: &["run"], line: "databases: compared after the load", count: 1, has: loaded },
        Moment { arguments: &["run"], line: "stop", count: 1, has: loaded },
        Moment { arguments: &["run"], line: "judge", count: 1, has: loaded },
    ];
    for Moment { arguments, line, count, has } in moments {
        let place = Place::new();
        let plan = place.file("plan.yaml", &crate::support::short(&[]));
        let all = [&arguments[..1], &[&plan, "--database", "sqlite", "--seed", "7"], &arguments[1..]].concat();
        let mut running = place.start(&all);
        running.lines(line, count);
        running.signal(Signal::INT);
        let ended = running.wait();
        let record = place.record();
        let ending = &record["ending"]["kind"];
        // Once there is nothing more to measure a signal changes nothing.
        let is_over = ["databases: compared after the load", "stop", "judge"].contains(&line) && *ending == "complete";
        if is_over {
            assert!(matches!(ended.code, Some(0 | 1 | 4)), "{line}: {:?} {}", ended.code, ended.stderr);
        } else {
            assert_eq!((ended.code, ending.as_str()), (Some(130), Some("interrupted")), "{line}: {}", ended.stderr);
            assert_eq!(record["verdict"], "invalid", "{line}");
        }
        assert!(has(&record), "{line}: {:#}\n{}", record["load"], ended.stderr);
        for report in ["report.html", "summary.md", "junit.xml"] {
            assert!(place.out().join(report).is_file(), "{line}: no {report}");
        }
        place.assert_nothing_left(ended.pid);
    }
}

/// A directory of so many bytes, in which everything is gone when the program in it has ended: what it left is copied out.
#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_there() {
    let place = Place::new();
    let plan = place.file("plan.yaml", &crate::support::short(&[]));
    let program = |room: &str| {
        let script = format!(
            "mkdir -p out kept && mount -t tmpfs -o size={room} none out && echo '{{\"old\":true}}' > out/run.json; \
             {CUTOVER} run {plan} --database sqlite --seed 7 --faults none --out out --no-color; code=$?; \
             cp -r out/. kept; exit $code"
        );
        place.run_program(&["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script])
    };
    let has_room = program("64m");
    if has_room.stderr.contains("unshare: ") || has_room.stderr.contains("mount: ") {
        println!("skipped: no file system can be made here: {}", has_room.stderr);
        return;
    }
    let kept = || std::fs::read_to_string(place.path().join("kept/run.json")).expect("run.json");
    let all = kept().len();
    assert!(all > 100_000, "there is room, and the record is written: {}", has_room.stderr);

    // Room for the plan's beginning, and for what the replay found, but not for the load.
    let ended = program(&format!("{}k", all / 1024 / 2));
    assert_eq!(ended.code, Some(3), "{}\n{}", ended.stdout, ended.stderr);
    assert!(
        ended.stderr.contains("cannot write `out/run.json`") && ended.stderr.contains("No space left"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("hint: make room there, or write elsewhere with `--out`"), "{}", ended.stderr);
    assert!(ended.stdout.contains("verdict"), "what was found is told all the same: {}", ended.stdout);
    let record: serde_json::Value = serde_json::from_str(&kept()).expect("the last that fitted, whole");
    assert_eq!(record["ending"]["kind"], "running");
    place.assert_nothing_left(ended.pid);
}
