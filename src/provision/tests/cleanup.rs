//! Whatever ends a run, nothing of it stays.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use super::database::run_of;
use super::support::{
    Workplace, assert_nothing_left, containers_of, containers_with, directories_of, eventually, is_running, pid_of,
    plan_with_databases, processes_with, server_providers, this_test_binary,
};
use crate::plan::Provider;
use crate::role::Role;

#[tokio::test]
async fn nothing_is_left_after_a_drop_without_stop() {
    for provider in server_providers() {
        let sides = Workplace::new().start(&plan_with_databases(provider)).await.expect("sides");
        let (run, pids) = (run_of(&sides), Role::BOTH.map(|role| pid_of(&sides, role)));
        drop(sides);
        assert!(!pids.into_iter().any(is_running));
        assert_nothing_left(&run);
    }
}

#[test]
fn nothing_is_left_after_a_panic() {
    for provider in server_providers() {
        let (tell, told) = std::sync::mpsc::channel();
        let panicked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let sides = Workplace::new().start(&plan_with_databases(provider)).await.expect("sides");
                tell.send((run_of(&sides), pid_of(&sides, Role::Baseline))).expect("told");
                panic!("on purpose");
            });
        });
        assert!(panicked.join().is_err());
        let (run, pid) = told.recv().expect("told");
        assert!(!is_running(pid));
        assert_nothing_left(&run);
    }
}

/// In a process of its own, whose children and temporary files are those of this test alone.
#[test]
fn nothing_is_left_when_starting_is_dropped_half_way() {
    for provider in server_providers() {
        let dir = directory_for_child();
        let output = this_test_binary("provision::tests::cleanup::child_that_drops_half_way")
            .env("CUTOVER_TEST_PROVIDER", provider.name())
            .env("TMPDIR", dir.path())
            .output()
            .expect("a process");
        assert!(output.status.success(), "{provider:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Temporary files of a child go here, so that they can be told from those of other tests.
fn directory_for_child() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    // The server's user must get through.
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    dir
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn child_that_drops_half_way() {
    for millis in [1, 50, 150, 300, 500, 700, 900, 1200, 1600, 2000, 2500] {
        let (workplace, plan) = (Workplace::new(), plan_with_databases(provider_of_child()));
        let _ = tokio::time::timeout(Duration::from_millis(millis), workplace.start(&plan)).await;
        drop(workplace);
        assert_eq!(children_of_this_process(), Vec::<u32>::new(), "after {millis}ms");
        assert_eq!(std::fs::read_dir(std::env::temp_dir()).expect("a directory").count(), 0, "after {millis}ms");
        let ours = format!("label=cutover.process={}", std::process::id());
        assert_eq!(containers_with(&ours), "", "after {millis}ms");
    }
}

fn children_of_this_process() -> Vec<u32> {
    let own = std::process::id().to_string();
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).is_some_and(|parent| parent == own)
    };
    processes_with("").into_iter().filter(is_child).collect()
}

fn provider_of_child() -> Provider {
    let docker = std::env::var("CUTOVER_TEST_PROVIDER").is_ok_and(|name| name == "docker");
    if docker { Provider::Docker } else { Provider::Local }
}

/// Even SIGKILL, after which nothing in the harness runs any more.
#[test]
fn nothing_is_left_after_the_harness_was_killed() {
    for provider in server_providers() {
        let dir = directory_for_child();
        let mut harness = this_test_binary("provision::tests::cleanup::child_that_is_killed")
            .env("CUTOVER_TEST_PROVIDER", provider.name())
            .env("TMPDIR", dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let lines = BufReader::new(harness.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let words: Vec<String> = lines
            .filter_map(|line| line.split_once("running ").map(|(_, rest)| rest.to_owned()))
            .filter(|line| line.split(' ').count() == 3 && !line.contains("test"))
            .take(1)
            .flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let [run, first, second] = words.try_into().expect("a run and two processes");
        harness.kill().expect("killed");
        harness.wait().expect("ended");
        let pids = [first, second].map(|pid| pid.parse::<u32>().expect("an id"));
        assert!(eventually(|| !pids.into_iter().any(is_running)), "{provider:?}: sides are left");
        assert!(eventually(|| containers_of(&run).is_empty()), "{provider:?}: a container is left");
        assert!(eventually(|| directories_of(&run, dir.path()).is_empty()), "{provider:?}: a directory is left");
        assert_nothing_left(&run);
    }
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn child_that_is_killed() {
    let sides = Workplace::new().start(&plan_with_databases(provider_of_child())).await.expect("sides");
    println!("running {} {} {}", run_of(&sides), pid_of(&sides, Role::Baseline), pid_of(&sides, Role::Candidate));
    std::future::pending::<()>().await;
}
