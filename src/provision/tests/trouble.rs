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
    assert_eq!(args(&[]), "--pool-timeout=500ms --statement-timeout=1s --operation-timeout=1500ms");
    assert_eq!(
        args(&["--pool-timeout", "9s", "--operation-timeout=8s"]),
        "--pool-timeout 9s --operation-timeout=8s --statement-timeout=1s"
    );
}
