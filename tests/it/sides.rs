//! Sides of every kind, and what a run says when one does not come up, or dies.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{
    BASELINE, CANDIDATE, CUTOVER, Place, SMOKE_STEPS, differences, eventually, has_server, list, script, short, smoke,
};

/// A reference service that the test started itself.
pub(crate) struct Service {
    process: Child,
    pub(crate) url: String,
}

impl Service {
    pub(crate) fn start(place: &Place, name: &str, arguments: &[&str]) -> Self {
        let log = place.path().join(format!("{name}.log"));
        let output = std::fs::File::create(&log).expect("a file");
        let database = format!("sqlite://{}", place.path().join(format!("{name}.db")).display());
        let process = place
            .command(&["serve", "--listen", "127.0.0.1:0", "--migrate", "--seed-students", "500", "--exit-with-stdin"])
            .args(arguments)
            .args(["--database-url", &database])
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()
            .expect("the reference service");
        let announced = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            text.lines().find_map(|line| line.strip_prefix("listening on ")).map(str::to_owned)
        };
        assert!(eventually(|| announced().is_some()), "`{name}` does not listen");
        Self { process, url: announced().expect("an address") }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Places, steps and classes that differ, in the order in which they are recorded.
fn told(record: &Value) -> Vec<String> {
    let differences = list(&record["parity"]["differences"]).iter().filter(|found| found["class"] != "volatile");
    differences.map(|found| format!("{} {} {}", found["flow"], found["step"], found["where"])).collect()
}

#[test]
fn sides_that_run_already_get_the_verdict_that_bundled_ones_get() {
    let place = Place::new();
    let baseline = Service::start(&place, "old", &["--stack", "blocking"]);
    let good = Service::start(&place, "new", &["--stack", "async"]);
    let side = |role: &str, service: &Service| format!("{role}: {{ url: '{}', metrics: /metrics }}", service.url);
    let (old, new) = (side("baseline", &baseline), side("candidate", &good));
    let file = place.file("plan.yaml", &short(&[(BASELINE, &old), (CANDIDATE, &new)]));
    let ended = place.measure(&["run", &file, "--seed", "7"]);
    let record = place.record();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(told(&record), Vec::<String>::new());
    assert!(record["load"]["sides"]["candidate"]["requests"].as_u64() > Some(0));
    // Nothing is known of their processes, and nothing is made up.
    assert!(record["load"]["sides"]["candidate"]["cpu"].is_null());
    assert_eq!(record["run"]["sides"]["candidate"], format!("url {}", good.url).as_str());

    let bad = Service::start(&place, "bad", &["--stack", "async", "--defect", "lost-header"]);
    let again = Service::start(&place, "again", &["--stack", "blocking"]);
    let urls = ["--baseline", &again.url, "--candidate", &bad.url, "--seed", "7"];
    let ended = place.run(&[&["verify", "students-smoke"][..], &urls].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let by_url = told(&place.record());

    let bundled = Place::new();
    let broken = (CANDIDATE, "candidate: { bundled: { stack: async, defects: [lost-header] } }");
    let file = bundled.file("plan.yaml", &smoke(&[broken]));
    let ended = bundled.run(&["verify", &file, "--database", "sqlite", "--seed", "7"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert_eq!(by_url, told(&bundled.record()));
    assert!(!by_url.is_empty());
}

/// The reference service as a command of the user's, on a database of the harness.
fn command_side(role: &str, arguments: &str) -> String {
    format!(
        "{role}: {{ command: ['{CUTOVER}', serve, --stack, async, --listen, '127.0.0.1:{{{{port}}}}'{arguments}], \
         env: {{ DATABASE_URL: '{{{{database_url}}}}' }}, ready: /health, metrics: /metrics }}"
    )
}

/// Where both sides are commands the template is empty, and each fills its own copy.
const FILLING: &str = ", --migrate, --seed-students, '500'";

#[test]
fn commands_are_sides_like_bundled_ones() {
    for database in ["sqlite", "local"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let changes = [(BASELINE, command_side("baseline", FILLING)), (CANDIDATE, command_side("candidate", FILLING))];
        let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let file = place.file("plan.yaml", &smoke(&changes));
        let ended = place.run(&["verify", &file, "--database", database, "--seed", "7"]);
        let record = place.record();
        assert_eq!(ended.code, Some(0), "{database}: {}\n{}", ended.stdout, ended.stderr);
        assert_eq!(record["parity"]["breaking"], 0, "{:#?}", differences(&record, "breaking"));
        assert_eq!(record["parity"]["compared"], SMOKE_STEPS);
        place.assert_nothing_left(ended.pid);
    }
}

#[test]
fn a_command_is_measured_like_a_bundled_side() {
    let place = Place::new();
    let file = place.file("plan.yaml", &short(&[(CANDIDATE, &command_side("candidate", ""))]));
    let ended = place.measure(&["run", &file, "--database", "sqlite", "--seed", "7"]);
    let record = place.record();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let side = &record["load"]["sides"]["candidate"];
    assert!(side["cpu"].as_f64() > Some(0.0) && side["pool"]["max"] == 15.0, "{side}");
    assert_eq!(record["load"]["sides"]["baseline"]["requests"], side["requests"]);
    place.assert_nothing_left(ended.pid);
}

/// A run of a plan whose candidate does not come up: 3, with the words, and nothing is left.
fn fails_to_start(candidate: &str, words: &[&str]) {
    let place = Place::new();
    let file = place.file("plan.yaml", &smoke(&[(CANDIDATE, candidate)]));
    let ended = place.run(&["run", &file, "--database", "sqlite"]);
    assert_eq!(ended.code, Some(3), "{candidate}: {}", ended.stderr);
    for words in words {
        assert!(ended.stderr.contains(words), "{candidate}: `{words}` in\n{}", ended.stderr);
    }
    let record = place.record();
    assert_eq!((&record["ending"]["kind"], &record["verdict"]), (&"failed".into(), &"invalid".into()));
    assert!(record["ending"]["message"].as_str().is_some_and(|text| ended.stderr.contains(text)));
    assert!(place.out().join("report.html").is_file());
    place.assert_nothing_left(ended.pid);
}

#[test]
fn a_side_that_never_gets_ready_is_3_with_what_to_try() {
    fails_to_start(
        "candidate: { bundled: { stack: async }, ready: /nothing, ready_timeout: 5s }",
        &[
            "error: side `candidate` was not ready after 5s",
            "/nothing: status 404",
            "hint: rerun with `--show-output candidate`",
        ],
    );
}

#[test]
fn a_side_that_ends_at_start_is_3_with_its_last_line() {
    fails_to_start(
        &script("echo first; echo no licence found >&2; exit 7"),
        &["side `candidate` ended before it was ready", "status 7", "its last line: `no licence found`", "hint: "],
    );
}

#[test]
fn a_command_that_is_not_there_is_3_with_its_name() {
    fails_to_start(
        "candidate: { command: [no-such-program, '{{port}}'], metrics: /metrics }",
        &["`no-such-program`", "hint: "],
    );
}

#[test]
fn a_side_that_dies_under_load_is_3_and_what_was_measured_is_kept() {
    let place = Place::new();
    let plan =
        smoke(&[(CANDIDATE, &command_side("candidate", "")), ("pairs: 2", "pairs: 10"), ("rate: 10/s", "rate: 40/s")]);
    let file = place.file("plan.yaml", &plan);
    let mut running = place.start(&["run", &file, "--database", "sqlite", "--seed", "7"]);
    let [_, address] = running.addresses_under_load();
    running.wait_for_load(100);
    let port = address.rsplit(':').next().expect("a port");
    let listening = format!("127.0.0.1:{port}");
    let victim = crate::support::children(running.pid())
        .into_iter()
        .find(|pid| crate::support::command_line(*pid).contains(&listening))
        .expect("the candidate's process");
    let status = Command::new("kill").args(["-KILL", &victim.to_string()]).status().expect("kill");
    assert!(status.success());
    let ended = running.wait();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    for words in ["error: side `candidate` died during the run", "signal 9", "hint: "] {
        assert!(ended.stderr.contains(words), "`{words}` in\n{}", ended.stderr);
    }
    let record = place.record();
    assert_eq!((&record["ending"]["kind"], &record["verdict"]), (&"failed".into(), &"invalid".into()));
    assert_eq!(record["parity"]["compared"], SMOKE_STEPS);
    let blocks = list(&record["load"]["blocks"]);
    assert!(!blocks.is_empty() && blocks.len() < 20, "{}", blocks.len());
    assert!(record["load"]["sides"]["baseline"]["requests"].as_u64() > Some(50));
    place.assert_nothing_left(ended.pid);
}

#[test]
fn databases_that_cannot_be_had_are_3_with_what_to_try() {
    let place = Place::new();
    let absent = [("DOCKER_HOST", "unix:///nonexistent")];
    let docker = place.run_with(&absent, &["run", "students-smoke", "--database", "docker"]);
    assert_eq!(docker.code, Some(3), "{}", docker.stderr);
    for words in ["error: database provider `docker`", "hint: start docker, or use `--database local`"] {
        assert!(docker.stderr.contains(words), "`{words}` in\n{}", docker.stderr);
    }
    place.assert_nothing_left(docker.pid);

    let place = Place::new();
    let refused =
        place.run(&["run", "students-smoke", "--database", "postgres://nobody:pass-that-is-wrong@127.0.0.1:1/x"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    for words in ["error: database provider `url`", "127.0.0.1:1", "hint: "] {
        assert!(refused.stderr.contains(words), "`{words}` in\n{}", refused.stderr);
    }
    for (name, bytes) in crate::support::files(place.path()) {
        assert!(
            !String::from_utf8_lossy(&bytes).contains("pass-that-is-wrong"),
            "the password is in {}",
            name.display()
        );
    }
    place.assert_nothing_left(refused.pid);
}

/// Where nobody asked for one provider, the next best is taken.
#[test]
fn without_docker_another_database_is_taken_and_said_to_be() {
    let place = Place::new();
    let absent = [("DOCKER_HOST", "unix:///nonexistent")];
    let ended = place.run_with(&absent, &["verify", "students-smoke"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let record = place.record();
    let words = record["run"]["database"].as_str().unwrap_or_default();
    assert!(words.starts_with("local") || words.starts_with("sqlite"), "{words}");
    assert!(words.contains("because"), "{words}");
    place.assert_nothing_left(ended.pid);
}
