use super::database::run_of;
use super::support::{Workplace, assert_nothing_left, eventually, plan_with_databases, query, server_providers};
use crate::plan::{Side, SideKind, Stack};
use crate::provision::Sides;
use crate::provision::trouble::with_short_limits;
use crate::role::Role;

const BEFORE: &str = "SET statement_timeout = '200ms'; SELECT count(*) FROM pupil";

fn admin_url(sides: &Sides, role: Role) -> String {
    let database = sides.get(role).and_then(|side| side.database.clone()).expect("a database");
    database.admin_url.expose().to_owned()
}

/// Whether a table can be read without waiting.
fn can_read(url: &str) -> bool {
    let output = std::process::Command::new("psql").args(["--command", BEFORE, url]).output().expect("psql");
    output.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_holds_others_up_until_it_is_given_back_or_dropped() {
    for provider in server_providers() {
        let workplace = Workplace::new();
        let mut sides = workplace.start(&plan_with_databases(provider)).await.expect("sides");
        sides.reset_for_trouble(&|_| ()).await.expect("sides");
        let url = admin_url(&sides, Role::Candidate);
        assert!(can_read(&url));
        let lock = sides.lock(Role::Candidate, "pupil").await.expect("a lock");
        assert!(!can_read(&url), "the lock holds nobody up");
        assert!(can_read(&admin_url(&sides, Role::Baseline)), "the other side waits too");
        lock.release().await;
        assert!(can_read(&url));
        let lock = sides.lock(Role::Candidate, "public.pupil").await.expect("a lock");
        assert!(!can_read(&url));
        drop(lock);
        assert!(eventually(|| can_read(&url)), "the lock outlives its value");
        let refused = sides.lock(Role::Candidate, "pupils").await.err().expect("a refusal");
        assert!(refused.contains("pupils") && !refused.contains("password"), "{refused}");
        sides.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_stopped_and_comes_back_with_its_rows() {
    for provider in server_providers() {
        let workplace = Workplace::new();
        let mut sides = workplace.start(&plan_with_databases(provider)).await.expect("sides");
        let run = run_of(&sides);
        sides.reset_for_trouble(&|_| ()).await.expect("sides");
        sides.has_hand_on_server().expect("a server of ours");
        query(&admin_url(&sides, Role::Baseline), "DELETE FROM pupil WHERE id = 1");
        sides.stop_server().await.expect("stopped");
        assert!(!can_read(&admin_url(&sides, Role::Baseline)));
        sides.start_server().await.expect("started");
        assert_eq!(query(&admin_url(&sides, Role::Baseline), "SELECT name FROM pupil"), "Alan");
        sides.check_alive().expect("nothing died");
        // As before for whatever comes next.
        sides.reset(&|_| ()).await.expect("a reset");
        assert_eq!(query(&admin_url(&sides, Role::Baseline), "SELECT count(*) FROM pupil"), "2");
        // Ended in the middle.
        sides.stop_server().await.expect("stopped");
        sides.stop().await;
        assert_nothing_left(&run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_by_itself_is_noticed() {
    for provider in server_providers() {
        let workplace = Workplace::new();
        let mut sides = workplace.start(&plan_with_databases(provider)).await.expect("sides");
        let run = run_of(&sides);
        sides.reset_for_trouble(&|_| ()).await.expect("sides");
        // One that was stopped for a fault has not: long enough for somebody to look.
        sides.stop_server().await.expect("stopped");
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        sides.start_server().await.expect("started");
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        sides.check_alive().expect("it was asked to stop");
        kill_server(&run, &admin_url(&sides, Role::Baseline));
        assert!(eventually(|| sides.check_alive().is_err()), "{}", sides.database().provider);
        let error = sides.check_alive().expect_err("ended");
        let provider = sides.database().provider;
        assert_eq!(error.to_string(), format!("database provider `{provider}`: the server has ended by itself"));
        sides.stop().await;
        assert_nothing_left(&run);
    }
}

/// Kills the server of a run as a machine that lacks memory would.
fn kill_server(run: &str, url: &str) {
    let container = format!("cutover-{run}-postgres");
    let killed = std::process::Command::new("docker").args(["kill", &container]).output();
    if killed.is_ok_and(|output| output.status.success()) {
        return;
    }
    let directory = query(url, "SHOW data_directory");
    let pid = std::fs::read_to_string(format!("{directory}/postmaster.pid")).expect("a file");
    let pid: i32 = pid.lines().next().and_then(|line| line.parse().ok()).expect("a number");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a signal");
}

#[test]
fn short_limits_leave_what_the_plan_says() {
    let args = |args: &[&str]| {
        let args = args.iter().map(ToString::to_string).collect();
        let kind = SideKind::Bundled { stack: Stack::Async, defects: Vec::new(), args };
        let ready_timeout = std::time::Duration::ZERO;
        let side = Side { ready_timeout, ..super::support::side(kind) };
        match with_short_limits(&side).kind {
            SideKind::Bundled { args, .. } => args.join(" "),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(args(&[]), "--pool-timeout=1s --statement-timeout=2s --operation-timeout=3s");
    assert_eq!(
        args(&["--pool-timeout", "9s", "--operation-timeout=8s"]),
        "--pool-timeout 9s --operation-timeout=8s --statement-timeout=2s"
    );
}
