use std::time::Duration;

use super::support::{
    Workplace, assert_nothing_left, file_server, has_local, plan, plan_with_databases, query, server_providers, side,
    this_program, this_test_binary,
};
use crate::plan::{Provider, SideKind, Stack};
use crate::provision::{ProvisionError, Sides};
use crate::role::Role;

fn admin_url(sides: &Sides, role: Role) -> String {
    let database = sides.get(role).and_then(|side| side.database.clone()).expect("a database");
    database.admin_url.expose().to_owned()
}

/// What a side itself connects to.
fn url_of_side(sides: &Sides, role: Role) -> String {
    let pid = super::support::pid_of(sides, role);
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("an environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    environment.split('\0').find_map(|line| line.strip_prefix("DATABASE_URL=")).expect("a URL").to_owned()
}

/// The run's id, from the name of a database.
pub(super) fn run_of(sides: &Sides) -> String {
    let side = sides.get(Role::Baseline).and_then(|side| side.database.clone()).expect("a database");
    side.name.split('_').nth(1).expect("an id").to_owned()
}

#[tokio::test]
async fn twins_are_alike_separate_and_fresh_after_a_reset() {
    for provider in server_providers() {
        let workplace = Workplace::new();
        let mut sides = workplace.start(&plan_with_databases(provider.clone())).await.expect("sides");
        let run = run_of(&sides);
        assert_eq!(sides.database().provider, provider.name());
        assert!(sides.database().version.as_ref().is_some_and(|version| version.starts_with("PostgreSQL 1")));
        let [baseline, candidate] = Role::BOTH.map(|role| admin_url(&sides, role));
        let rows = "SELECT string_agg(id || name, ',' ORDER BY id) FROM pupil";
        assert_eq!([query(&baseline, rows), query(&candidate, rows)], ["1Ada,2Alan", "1Ada,2Alan"]);
        query(&baseline, "DELETE FROM pupil WHERE id = 1");
        assert_eq!([query(&baseline, rows), query(&candidate, rows)], ["2Alan", "1Ada,2Alan"]);
        assert!(sides.reset(&|_| ()).await.expect("a reset"));
        assert_eq!(query(&admin_url(&sides, Role::Baseline), rows), "1Ada,2Alan");
        assert_eq!(sides.stop().await, Vec::<String>::new());
        assert_nothing_left(&run);
    }
}

#[tokio::test]
async fn observers_tell_a_sides_connections_from_their_own() {
    if !has_local() {
        return;
    }
    let workplace = Workplace::new();
    let sides = workplace.start(&plan_with_databases(Provider::Local)).await.expect("sides");
    let database = sides.get(Role::Candidate).and_then(|side| side.database.clone()).expect("a database");
    // psql gives a name of its own unless the URL or the environment has one.
    let named = "SELECT setting FROM pg_db_role_setting, unnest(setconfig) AS setting \
                 WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let named = query(database.admin_url.expose(), named);
    assert!(named.starts_with("application_name=cutover-") && named.ends_with("-candidate"), "{named}");
    let own = query(database.admin_url.expose(), "SELECT current_setting('application_name')");
    assert!(own.ends_with("-observer"), "{own}");
    sides.stop().await;
}

#[tokio::test]
async fn a_local_server_is_durable_and_admits_nobody_without_the_password() {
    if !has_local() {
        return;
    }
    let sides = Workplace::new().start(&plan_with_databases(Provider::Local)).await.expect("sides");
    let url = admin_url(&sides, Role::Baseline);
    let setting = |name: &str| query(&url, &format!("SHOW {name}"));
    assert_eq!(["fsync", "full_page_writes", "synchronous_commit"].map(setting), ["on", "on", "on"]);
    assert_eq!(setting("unix_socket_directories"), "");
    assert_eq!(setting("listen_addresses"), "127.0.0.1");
    let password = reqwest::Url::parse(&url).expect("a URL").password().expect("a password").to_owned();
    let wrong = url.replace(&password, "wrong");
    let refused = std::process::Command::new("psql").args(["-c", "SELECT 1", &wrong]).output().expect("psql");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("password authentication failed"));
    sides.stop().await;
}

#[tokio::test]
async fn latency_lies_between_a_side_and_its_database_but_not_before_observers() {
    if !has_local() {
        return;
    }
    let mut plan = plan_with_databases(Provider::Local);
    plan.database.latency = Duration::from_millis(100);
    let sides = Workplace::new().start(&plan).await.expect("sides");
    let time = |url: &str| {
        let begun = std::time::Instant::now();
        query(url, "SELECT 1");
        begun.elapsed()
    };
    let side = time(&url_of_side(&sides, Role::Baseline));
    // The quickest: a machine that is busy with other things makes any of them slow.
    let observer = (0..5).map(|_| time(&admin_url(&sides, Role::Baseline))).min().expect("a time");
    // Opening, start-up, scram's two exchanges and the statement: at least four round trips.
    assert!(side > Duration::from_millis(400) && observer < side / 2, "{side:?} against {observer:?}");
    assert!(sides.database().words.ends_with("; latency 100ms"), "{}", sides.database().words);
    sides.stop().await;
}

/// Makes a table with one row, and leaves the write-ahead log behind as a program does that is just ended.
#[tokio::test]
#[ignore = "another test runs it as `database.setup`"]
async fn fill_a_file() {
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    let Ok(url) = std::env::var("DATABASE_URL") else { return };
    let options: SqliteConnectOptions = url.parse().expect("a URL of a file");
    let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let mut connection = options.connect().await.expect("a file");
    sqlx::query("CREATE TABLE pupil (name)").execute(&mut connection).await.expect("a table");
    sqlx::query("INSERT INTO pupil VALUES ('Ada')").execute(&mut connection).await.expect("a row");
    std::process::exit(0);
}

#[tokio::test]
async fn files_are_twins_too() {
    let mut plan = plan(file_server(true), file_server(true), Provider::Sqlite);
    plan.database.latency = Duration::from_millis(3);
    plan.database.setup = Some(this_program("provision::tests::database::fill_a_file"));
    let workplace = Workplace::new();
    let mut sides = workplace.start(&plan).await.expect("sides");
    let words = &sides.database().words;
    assert!(words.contains("the latency of 3ms does not apply to a file"), "{words}");
    let path = admin_url(&sides, Role::Candidate).replace("sqlite://", "");
    assert_eq!(rows_of(&path, "").await, 1);
    assert_eq!(rows_of(&path, "INSERT INTO pupil VALUES ('Alan')").await, 2);
    assert!(sides.reset(&|_| ()).await.expect("a reset"));
    assert_eq!(rows_of(&path, "").await, 1);
    sides.stop().await;
    assert!(!std::path::Path::new(&path).exists());
}

/// Runs an order on a file, leaves its write-ahead log behind, and counts.
async fn rows_of(path: &str, order: &'static str) -> i64 {
    use sqlx::{Connection, Executor};
    let mut connection = sqlx::sqlite::SqliteConnection::connect(&format!("sqlite://{path}")).await.expect("a file");
    connection.execute(order).await.expect("done");
    sqlx::query_scalar("SELECT count(*) FROM pupil").fetch_one(&mut connection).await.expect("a count")
}

#[tokio::test]
async fn on_a_server_of_the_users_only_our_own_databases_come_and_go() {
    if !has_local() {
        return;
    }
    let theirs = Workplace::new().start(&plan_with_databases(Provider::Local)).await.expect("a server");
    let url = admin_url(&theirs, Role::Baseline);
    let names = || query(&url, "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database");
    let before = names();
    let sides = Workplace::new().start(&plan_with_databases(Provider::Url(url.clone()))).await.expect("sides");
    assert_eq!(names().split(' ').count(), before.split(' ').count() + 3);
    sides.stop().await;
    assert_eq!(names(), before);
    drop(Workplace::new().start(&plan_with_databases(Provider::Url(url.clone()))).await.expect("sides"));
    assert_eq!(names(), before, "after a drop without `stop`");
    starting_is_dropped_half_way(&url).await;
    assert_eq!(names(), before, "after starting was dropped half-way");
    theirs.stop().await;
}

/// Drops the future of `start` at many moments.
async fn starting_is_dropped_half_way(url: &str) {
    for millis in [5, 20, 40, 60, 80, 100, 150, 200, 300] {
        let (workplace, plan) = (Workplace::new(), plan_with_databases(Provider::Url(url.to_owned())));
        let _ = tokio::time::timeout(Duration::from_millis(millis), workplace.start(&plan)).await;
    }
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_told_so_and_its_password_is_not_shown() {
    if !has_local() {
        return;
    }
    let theirs = Workplace::new().start(&plan_with_databases(Provider::Local)).await.expect("a server");
    let url = admin_url(&theirs, Role::Baseline);
    query(&url, "CREATE ROLE humble LOGIN PASSWORD 'hush-hush'");
    let mut humble = reqwest::Url::parse(&url).expect("a URL");
    humble.set_username("humble").expect("a name");
    humble.set_password(Some("hush-hush")).expect("a password");
    let error = refused(Provider::Url(humble.to_string())).await;
    assert!(error.in_one_line().contains("permission denied to create database"), "{}", error.in_one_line());
    assert!(error.hint().unwrap_or_default().contains("ALTER ROLE humble CREATEDB"), "{:?}", error.hint());
    humble.set_password(Some("mistaken-secret")).expect("a password");
    let error = refused(Provider::Url(humble.to_string())).await;
    assert!(error.in_one_line().contains("password authentication failed"), "{}", error.in_one_line());
    assert!(!format!("{error:?} {}", error.in_one_line()).contains("mistaken-secret"));
    theirs.stop().await;
}

async fn refused(provider: Provider) -> ProvisionError {
    match Workplace::new().start(&plan_with_databases(provider)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let error = refused(Provider::Url("postgres://u:hush-hush@127.0.0.1:9/d".to_owned())).await;
    assert_eq!(error.to_string(), "database provider `url`: connecting to 127.0.0.1:9");
    assert!(!format!("{error:?} {}", error.in_one_line()).contains("hush"), "{error:?}");
}

#[tokio::test]
async fn a_setup_that_fails_is_reported_with_its_last_words() {
    let mut plan = plan_with_databases(Provider::Sqlite);
    plan.database.setup = Some(["sh", "-c", "echo no such table; exit 3"].map(str::to_owned).to_vec());
    let error = Workplace::new().start(&plan).await.err().expect("an error");
    assert_eq!(error.in_one_line(), "`database.setup` failed: `sh`: it ended with status 3");
    assert_eq!(error.details(), ["| no such table"]);
}

#[tokio::test]
async fn bundled_sides_find_the_reference_services_data() {
    let bundled = || side(SideKind::Bundled { stack: Stack::Async, defects: Vec::new(), args: Vec::new() });
    for provider in server_providers() {
        let workplace = Workplace::new();
        let mut plan = plan(bundled(), bundled(), provider);
        plan.database.students = 123;
        let options = workplace.options_with_fake_executable();
        let sides = crate::provision::start(&plan, options, &|_| ()).await.expect("sides");
        let rows = "SELECT count(*), md5(string_agg(s::text, ' ' ORDER BY id)) FROM students AS s";
        let [baseline, candidate] = Role::BOTH.map(|role| query(&admin_url(&sides, role), rows));
        assert!(baseline.starts_with("123|"), "{baseline}");
        assert_eq!(baseline, candidate);
        sides.stop().await;
    }
}

#[tokio::test]
async fn what_was_chosen_automatically_is_said_with_the_reason() {
    if server_providers().is_empty() {
        return;
    }
    let sides = Workplace::new().start(&plan_with_databases(Provider::Auto)).await.expect("sides");
    let info = sides.database().clone();
    assert!(info.words.starts_with(info.provider) && info.words.contains("because"), "{}", info.words);
    sides.stop().await;
}

/// The environment of a running program cannot be changed safely, so a process of its own looks for the daemon.
#[test]
fn without_a_docker_daemon_the_error_says_what_to_do_instead() {
    let output = this_test_binary("provision::tests::database::child_without_docker")
        .env("DOCKER_HOST", "tcp://127.0.0.1:9")
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("database provider `docker`: the docker daemon does not answer"), "{text}");
    assert!(text.contains("--database local"), "{text}");
}

#[tokio::test]
#[ignore = "the other half of a test"]
async fn child_without_docker() {
    let error = refused(Provider::Docker).await;
    println!("{}\nhint: {}", error.in_one_line(), error.hint().unwrap_or_default());
}

#[tokio::test]
async fn an_image_that_cannot_be_had_is_an_error_with_a_hint() {
    if !super::support::has_docker() {
        return;
    }
    let mut plan = plan_with_databases(Provider::Docker);
    plan.database.image = "localhost:9/nobody/has-this:1".to_owned();
    let error = Workplace::new().start(&plan).await.err().expect("an error");
    assert!(error.to_string().contains("`localhost:9/nobody/has-this:1` is not on this machine"), "{error}");
    assert!(error.hint().unwrap_or_default().contains("tests/images/postgres/build"));
}
