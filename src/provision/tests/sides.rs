use std::time::{Duration, Instant};

use super::support::{
    Workplace, command, eventually, file_server, is_running, pid_of, plan, processes_with, shell, side, this_program,
};
use crate::plan::{Filled, Metrics, Provider, Side, SideKind, Stack};
use crate::provision::output::LARGEST_LOG;
use crate::provision::{ProvisionError, Sides};
use crate::role::Role;

/// Starts this as the candidate, with a side that works as the baseline.
async fn start_with(workplace: &Workplace, candidate: Side) -> Result<Sides, ProvisionError> {
    workplace.start(&plan(file_server(false), candidate, Provider::Auto)).await
}

/// The error, where success would be one.
async fn refused(candidate: Side) -> ProvisionError {
    match start_with(&Workplace::new(), candidate).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn sides_that_need_no_database_get_none() {
    let workplace = Workplace::new();
    let mut candidate = file_server(false);
    candidate.metrics = Some(Metrics { path: "/metrics".to_owned(), names: "hikaricp".to_owned() });
    let mut sides = start_with(&workplace, candidate).await.expect("sides");
    assert_eq!(sides.database().provider, "none");
    let (pid, running) = (pid_of(&sides, Role::Candidate), sides.get(Role::Candidate).expect("a side").clone());
    assert_eq!(running.metrics_url, Some(format!("{}/metrics", running.base_url)));
    let program = std::path::PathBuf::from(this_program("").swap_remove(0));
    let name = program.file_name().expect("a name").display().to_string();
    assert_eq!(running.words, format!("command {name}"));
    assert!(reqwest::get(&running.base_url).await.expect("an answer").status().is_success());
    sides.check_alive().expect("alive");
    assert_eq!(sides.stop().await, Vec::<String>::new());
    assert!(!is_running(pid));
}

#[tokio::test]
async fn a_side_that_runs_elsewhere_is_found_and_left_alone() {
    let workplace = Workplace::new();
    let other = start_with(&workplace, file_server(false)).await.expect("sides");
    let url = other.get(Role::Baseline).expect("a side").base_url.clone();
    let pid = pid_of(&other, Role::Baseline);
    let elsewhere = Workplace::new();
    let mut sides = start_with(&elsewhere, side(SideKind::Url { url: format!("{url}/") })).await.expect("sides");
    assert_eq!(sides.get(Role::Candidate).expect("a side").base_url, url);
    let before = pid_of(&sides, Role::Baseline);
    assert!(!sides.reset(&|_| ()).await.expect("a reset"), "one side could not be reset");
    assert_ne!(pid_of(&sides, Role::Baseline), before);
    sides.stop().await;
    assert!(is_running(pid));
}

#[tokio::test]
async fn a_side_that_ends_at_start_is_reported_at_once_with_its_last_words() {
    let begun = Instant::now();
    let error = refused(shell("echo one; echo 'DATABASE_URL must be set' >&2; exit 101")).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "it waited for the deadline");
    assert_eq!(error.to_string(), "side `candidate` ended before it was ready");
    assert_eq!(error.details()[0], "the process ended with status 101; its last line: `DATABASE_URL must be set`");
    assert_eq!(error.hint().as_deref(), Some("rerun with `--show-output candidate`"));
}

#[tokio::test]
async fn a_port_in_use_is_named_as_the_reason() {
    let error = refused(shell("echo 'OSError: [Errno 98] Address already in use'; exit 1")).await;
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains("port in use") && hint.contains("`{{port}}`"), "{hint}");
}

#[tokio::test]
async fn a_side_whose_port_was_taken_is_started_again_with_another_but_not_for_ever() {
    let directory = tempfile::tempdir().expect("a directory");
    let given = directory.path().join("given");
    let ports = || std::fs::read_to_string(&given).expect("a file").lines().map(str::to_owned).collect::<Vec<_>>();
    let unlucky = |times: usize| {
        let file = given.display();
        shell(&format!(
            "echo $CUTOVER_TEST_PORT >>'{file}'; \
             [ $(wc -l <'{file}') -gt {times} ] || {{ echo 'Address already in use'; exit 1; }}; exec serve"
        ))
    };
    let sides = start_with(&Workplace::new(), unlucky(2)).await.expect("sides");
    let url = &sides.get(Role::Candidate).expect("a side").base_url;
    assert_eq!((ports().len(), url.rsplit(':').next()), (3, ports().last().map(String::as_str)));
    sides.stop().await;
    std::fs::remove_file(&given).expect("removed");
    let error = refused(unlucky(3)).await;
    assert!(error.hint().is_some_and(|hint| hint.contains("port in use")), "{error}");
    assert_eq!(ports().len(), 3);
}

#[tokio::test]
async fn a_side_that_never_answers_is_given_up_and_ended() {
    let marker = "cutover-test-never-answers";
    let mut silent = command(&["sh", "-c", "sleep 600 & echo waiting; wait", marker], false);
    silent.ready_timeout = Duration::from_millis(700);
    let error = refused(silent).await;
    assert_eq!(error.to_string(), "side `candidate` was not ready after 700ms");
    assert!(error.in_one_line().contains("/: "), "{}", error.in_one_line());
    assert_eq!(error.details(), ["| waiting"]);
    assert_eq!(processes_with(marker), Vec::<u32>::new());
}

#[tokio::test]
async fn an_answer_that_is_not_2xx_is_not_ready() {
    let mut missing = file_server(false);
    missing.ready = "/no-such-file".to_owned();
    missing.ready_timeout = Duration::from_secs(4);
    let error = refused(missing).await.in_one_line();
    assert!(error.ends_with("/no-such-file: status 404"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = refused(command(&["no-such-program", "{{port}}"], false)).await;
    assert_eq!(error.to_string(), "side `candidate` could not be started: `no-such-program`");
}

#[tokio::test]
async fn a_side_that_dies_is_noticed() {
    let workplace = Workplace::new();
    let directory = tempfile::tempdir().expect("a directory");
    let end = directory.path().join("end");
    let wait = format!("until [ -e '{}' ]; do sleep 0.02; done", end.display());
    let mortal = shell(&format!("serve & {wait}; echo farewell; kill $!; exit 7"));
    let mut sides = start_with(&workplace, mortal).await.expect("sides");
    std::fs::write(&end, "").expect("a file");
    assert!(eventually(|| sides.check_alive().is_err()));
    let error = sides.check_alive().expect_err("dead");
    assert!(matches!(&error, ProvisionError::SideDied { role: Role::Candidate, status, .. } if status == "status 7"));
    assert!(error.details()[0].contains("status 7"), "{:?}", error.details());
    sides.stop().await;
}

#[tokio::test]
async fn children_of_a_command_end_with_it() {
    let marker = "cutover-test-grandchild";
    let parent = shell(&format!("sh -c 'trap \"\" TERM; while :; do sleep 1; done' {marker} & exec serve"));
    let sides = start_with(&Workplace::new(), parent).await.expect("sides");
    let grandchildren = || processes_with(marker).len();
    assert!(grandchildren() > 0);
    sides.stop().await;
    assert!(eventually(|| grandchildren() == 0));
}

#[tokio::test]
async fn endless_output_neither_blocks_the_side_nor_fills_the_disk() {
    let workplace = Workplace::new();
    let talker = shell("yes 'a line of output that goes on and on' & exec serve");
    let sides = start_with(&workplace, talker).await.expect("sides");
    let length = || workplace.log("candidate").len() as u64;
    assert!(eventually(|| length() + 100 > LARGEST_LOG), "{} bytes so far", length());
    let url = &sides.get(Role::Candidate).expect("a side").base_url;
    assert!(reqwest::get(url).await.expect("an answer").status().is_success());
    sides.stop().await;
    assert!(length() < LARGEST_LOG + 1000, "{} bytes", length());
}

#[tokio::test]
async fn logs_are_those_of_one_run() {
    let workplace = Workplace::new();
    for _ in 0..2 {
        let mut sides = start_with(&workplace, shell("echo hello; exec serve")).await.expect("sides");
        sides.reset(&|_| ()).await.expect("a reset");
        sides.stop().await;
    }
    // Once at the start and once after the reset; not those of the first run.
    let log = workplace.log("candidate");
    assert_eq!(log.matches("hello").count(), 2, "{log}");
}

#[tokio::test]
async fn values_of_the_environment_are_in_no_output() {
    let workplace = Workplace::new();
    let value = "postgres://app:hush-4711@db/x";
    let filled = [("REAL_DB", value), ("API_KEY", "k-08152342")];
    let telling = "echo \"cannot connect to $1 as hush-4711\" >&2; echo \"key $2\"; exit 1";
    let mut plan =
        plan(file_server(false), command(&["sh", "-c", telling, "sh", value, "k-08152342"], false), Provider::Sqlite);
    plan.filled = filled.map(|(name, value)| Filled { name: name.to_owned(), value: value.to_owned() }).into();
    let error = workplace.start(&plan).await.err().expect("it ends at once");
    let (details, log) = (error.details().join("\n"), workplace.log("candidate"));
    assert!(log.contains("cannot connect to [secret] as [secret]\nkey [secret]"), "{log}");
    assert!(details.contains("key [secret]"), "{details}");
    assert!(!format!("{error:?}{details}{log}").contains("4711"), "{error:?} {details}");

    // The same of what fills the database.
    let words = ["sh", "-c", "echo setting up with $1; exit 1", "sh", "k-08152342"];
    plan.sides.candidate = Some(file_server(true));
    plan.database.setup = Some(words.map(str::to_owned).into());
    let error = workplace.start(&plan).await.err().expect("it ends at once");
    assert!(workplace.log("setup").contains("setting up with [secret]"), "{}", workplace.log("setup"));
    assert_eq!(error.details(), ["| setting up with [secret]"]);
}

#[tokio::test]
async fn a_bundled_side_is_our_own_program_and_gets_its_database_from_the_environment() {
    let workplace = Workplace::new();
    let bundled =
        |stack, defects| side(SideKind::Bundled { stack, defects, args: vec!["--pool-size".into(), "3".into()] });
    let mut plan = plan(
        bundled(Stack::Blocking, Vec::new()),
        bundled(Stack::Async, vec!["slow-tail=50".to_owned()]),
        Provider::Sqlite,
    );
    plan.database.setup = Some(vec!["true".to_owned()]);
    let options = workplace.options_with_fake_executable();
    let sides = crate::provision::start(&plan, options, &|_| ()).await.expect("sides");
    assert_eq!(sides.get(Role::Candidate).expect("a side").words, "bundled, stack async, defects slow-tail=50");
    sides.stop().await;
    let log = workplace.log("candidate");
    let arguments =
        "arguments: serve --stack async --listen 127.0.0.1:0 --exit-with-stdin --defect slow-tail=50 --pool-size 3";
    assert!(log.contains(arguments), "{log}");
    assert!(log.contains("url [secret]"), "{log}");
}
