//! Comparing two databases, on files of SQLite and on a real PostgreSQL.

use cutover::plan::{RuleKind, StateCompare, StateRule, StateSum};
use cutover::record::reproduce::Again;
use cutover::record::{Class, State};
use cutover::role::{Pair, Role};
use cutover::state::{AfterFault, Comparison, Undone};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::support::{CANDIDATE, Place, has_server, list, smoke};

use std::time::Duration;

mod answers;
mod apart;
mod databases;

use answers::{
    answers_say_which_rows_are_one, ids_that_are_no_keys_are_no_false_alarm, what_answers_say_is_one_must_be_one_row,
};
use apart::{
    an_arrival_explains_ten_rows_of_a_table_and_no_more, as_many_rows_as_a_load_makes_are_paired,
    keys_that_a_service_draws_itself_say_nothing, rows_that_join_two_tables_are_one_by_what_they_join,
};
use databases::{Database, Store};

/// Two databases that begin alike.
struct Twins {
    pair: Pair<Database>,
    compare: StateCompare,
}

impl Twins {
    async fn new(store: &Store, schema: &str) -> Self {
        let twins = Self {
            pair: Pair { baseline: store.database().await, candidate: store.database().await },
            compare: StateCompare::default(),
        };
        twins.both(schema).await;
        twins
    }

    fn ignoring(mut self, table: Option<&str>, column: Option<&str>) -> Self {
        self.compare.rules.push(StateRule {
            table: table.map(str::to_owned),
            column: column.map(str::to_owned),
            kind: RuleKind::Ignore,
            reason: "for a test".to_owned(),
        });
        self
    }

    async fn both(&self, sql: &str) {
        self.pair.baseline.run(sql).await;
        self.pair.candidate.run(sql).await;
    }

    async fn only(&self, role: Role, sql: &str) {
        self.pair.get(role).run(sql).await;
    }

    async fn connect(&self) -> Comparison {
        let urls = Pair::from_fn(|role| self.pair.get(role).url.clone());
        Comparison::connect(&self.compare, urls, None).await.expect("both can be reached")
    }

    async fn compared(&self) -> State {
        let mut comparison = self.connect().await;
        comparison.look("a flow", true).await;
        let state = comparison.into_state();
        assert_eq!(state.failure, None);
        state
    }

    /// The state after a load that did something on each side.
    async fn loaded(&self, baseline: &str, candidate: &str, arrivals: u64) -> State {
        let mut comparison = self.connect().await;
        comparison.before_load().await;
        self.only(Role::Baseline, baseline).await;
        self.only(Role::Candidate, candidate).await;
        let undone = Undone { arrivals, apart: Duration::from_secs(10) };
        comparison.after_load(undone, Duration::from_secs(5)).await;
        let state = comparison.into_state();
        assert_eq!(state.failure, None);
        state
    }
}

/// `breaking table t row id=1 column a`, sorted.
fn told(state: &State) -> Vec<String> {
    let line = |it: &cutover::record::Difference| format!("{} {} ×{}", it.class.name(), it.place, it.count);
    let mut lines: Vec<String> = state.differences.iter().map(line).collect();
    lines.sort();
    lines
}

const THINGS: &str = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, size NUMERIC(10, 2));
    INSERT INTO things VALUES (1, 'one', 1.5), (2, 'two', 2), (3, NULL, NULL)";

async fn equal_databases_have_no_difference(store: &Store) {
    let state = Twins::new(store, THINGS).await.compared().await;
    assert_eq!((told(&state), state.tables, state.rows, state.compared), (vec![], 1, 3, 3));
    assert_eq!(state.compared_by_row, 0, "the checksum says it");
}

async fn a_row_that_is_lost_added_or_changed_is_named(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    twins.only(Role::Candidate, "DELETE FROM things WHERE id = 1").await;
    twins.only(Role::Candidate, "UPDATE things SET name = '' WHERE id = 3").await;
    twins.only(Role::Candidate, "INSERT INTO things VALUES (9, 'nine', 9)").await;
    let state = twins.compared().await;
    assert_eq!(
        told(&state),
        [
            "breaking table things row id=1 ×1",
            "breaking table things row id=3 column name ×1",
            "breaking table things row id=9 ×1",
        ]
    );
    let changed = state.differences.iter().find(|it| it.place.ends_with("column name")).expect("the change");
    assert_eq!((changed.baseline.as_deref(), changed.candidate.as_deref()), (Some("NULL"), Some("''")));
    assert_eq!(state.breaking, 3);
}

async fn what_was_told_is_not_told_again(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    let mut comparison = twins.connect().await;
    comparison.look("login", true).await;
    twins.only(Role::Baseline, "INSERT INTO things VALUES (4, 'four', 4)").await;
    comparison.look("first", false).await;
    twins.both("UPDATE things SET name = 'uno' WHERE id = 1").await;
    comparison.look("second", false).await;
    twins.only(Role::Baseline, "INSERT INTO things VALUES (5, 'five', 5)").await;
    comparison.look("third", true).await;
    comparison.look("fourth", false).await;
    let state = comparison.into_state();
    let found: Vec<_> = state.differences.iter().map(|it| (&*it.flow, &*it.place)).collect();
    assert_eq!(found, [("first", "table things row id=4"), ("third", "table things row id=5")]);
    assert_eq!(state.looks.iter().map(|look| look.breaking).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
    let by_row: Vec<bool> = state.looks.iter().map(|look| look.compared_by_row > 0).collect();
    assert_eq!(by_row, [false, true, true, true, false], "what stays as it was is not read again");
}

async fn one_row_among_many_is_found_by_reading_one_chunk(store: &Store) {
    let many = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO things WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
        SELECT i * 2, 'thing ' || i FROM n";
    let twins = Twins::new(store, many).await;
    twins.only(Role::Candidate, "INSERT INTO things VALUES (101, 'between')").await;
    let state = twins.compared().await;
    assert_eq!(told(&state), ["breaking table things row id=101 ×1"]);
    assert_eq!(state.rows, 200_000);
    assert!((1..=twins.compare.chunk).contains(&state.compared_by_row), "{}", state.compared_by_row);
}

async fn what_a_rule_ignores_is_left_out_of_the_checksum(store: &Store) {
    let twins = Twins::new(store, THINGS).await.ignoring(None, Some("name"));
    twins.only(Role::Candidate, "UPDATE things SET name = 'other'").await;
    let state = twins.compared().await;
    assert_eq!((told(&state), state.compared_by_row), (vec![], 0));
    let twins = Twins::new(store, THINGS).await.ignoring(Some("things"), None);
    twins.only(Role::Candidate, "DELETE FROM things").await;
    let state = twins.compared().await;
    assert_eq!((told(&state), state.left_out.len(), state.tables), (vec![], 1, 0));
    assert!(state.rules[0].matched > 0, "a rule that leaves out a table is in use");
    let twins = Twins::new(store, THINGS).await.ignoring(Some("thing"), None);
    assert_eq!(twins.compared().await.rules[0].matched, 0, "a rule about no table is not");
}

async fn schemas_are_compared(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    twins.only(Role::Baseline, "CREATE INDEX things_size_idx ON things (size)").await;
    twins.only(Role::Candidate, "CREATE UNIQUE INDEX things_name_key ON things (name)").await;
    twins.only(Role::Candidate, "CREATE TABLE more (id INTEGER PRIMARY KEY CHECK (id > 0))").await;
    let state = twins.compared().await;
    assert_eq!(
        told(&state),
        [
            "breaking table more ×1",
            "breaking table things constraint things_name_key ×1",
            "representation table things index things_size_idx ×1",
        ]
    );
}

async fn a_lost_check_a_lost_reference_and_another_name_are_told_apart(store: &Store) {
    let twins = Twins::new(store, "CREATE TABLE owners (id INTEGER PRIMARY KEY)").await;
    let table = |check: &str, reference: &str, index: &str| {
        format!(
            "CREATE TABLE kept (id INTEGER PRIMARY KEY, n INTEGER {check}, owner INTEGER {reference});
             CREATE INDEX {index} ON kept (n)"
        )
    };
    twins.only(Role::Baseline, &table("CHECK (n > 0)", "REFERENCES owners (id)", "kept_n_idx")).await;
    twins.only(Role::Candidate, &table("", "", "index_of_n")).await;
    let state = twins.compared().await;
    let class = |class| state.differences.iter().filter(|it| it.class == class).collect::<Vec<_>>();
    let breaking: String = class(Class::Breaking).iter().filter_map(|it| it.baseline.clone()).collect();
    assert!(breaking.contains("CHECK") && breaking.contains("FOREIGN KEY"), "{:#?}", state.differences);
    assert_eq!(class(Class::Breaking).len(), 2, "{:#?}", state.differences);
    assert_eq!(class(Class::Representation)[0].candidate.as_deref(), Some("index_of_n"));
}

async fn hostile_names_and_keys_are_compared(store: &Store) {
    let odd = r#"CREATE TABLE "a ""b"" ; DROP" ("select" TEXT PRIMARY KEY, "x y" TEXT);
        INSERT INTO "a ""b"" ; DROP" VALUES ('k''1', 'v'), ('Ä', NULL);
        CREATE TABLE keyless (a INTEGER, b TEXT);
        INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
        CREATE TABLE pairs (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b));
        INSERT INTO pairs VALUES ('b', 2, ''), ('B', 10, ''), ('a', 1, ''), ('b', 10, '');
        CREATE TABLE vacant (a INTEGER)"#;
    let twins = Twins::new(store, odd).await;
    assert_eq!(told(&twins.compared().await), Vec::<String>::new());
    twins.only(Role::Candidate, r#"UPDATE "a ""b"" ; DROP" SET "x y" = 'w' WHERE "select" = 'Ä'"#).await;
    twins.only(Role::Candidate, "UPDATE pairs SET c = 'other' WHERE a = 'b' AND b = 10").await;
    twins.only(Role::Baseline, "INSERT INTO keyless VALUES (1, 'x')").await;
    assert_eq!(
        told(&twins.compared().await),
        [
            "breaking table a \"b\" ; DROP row select='Ä' column x y ×1",
            "breaking table keyless row a=1 b='x' ×1",
            "breaking table pairs row a='b' b=10 column c ×1",
        ]
    );
}

async fn ids_that_differ_are_compared_by_what_they_name(store: &Store) {
    let id = store.generated_id();
    let schema = format!(
        "CREATE TABLE people ({id}, email TEXT NOT NULL UNIQUE);
         CREATE TABLE visits ({id}, person INTEGER REFERENCES people (id), note TEXT UNIQUE)"
    );
    let twins = Twins::new(store, &schema).await;
    twins.only(Role::Baseline, "INSERT INTO people (id, email) VALUES (1, 'ada'), (2, 'grace')").await;
    twins.only(Role::Candidate, "INSERT INTO people (id, email) VALUES (2, 'ada'), (1, 'grace')").await;
    twins.only(Role::Baseline, "INSERT INTO visits (id, person, note) VALUES (1, 1, 'a'), (2, 2, 'g')").await;
    twins.only(Role::Candidate, "INSERT INTO visits (id, person, note) VALUES (7, 2, 'a'), (8, 1, 'g')").await;
    let state = twins.compared().await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
    // The same numbers, and yet each visit is of somebody else.
    twins.only(Role::Candidate, "UPDATE visits SET person = 3 - person").await;
    let state = twins.compared().await;
    assert_eq!(state.breaking, 2, "{:#?}", state.differences);
    assert!(state.differences.iter().any(|it| it.place.ends_with("column person")));
}

async fn a_thousand_tables_are_compared(store: &Store) {
    let tables =
        |at: usize| format!("CREATE TABLE t{at} (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t{at} VALUES (1, 'v');");
    let schema = format!("BEGIN; {} COMMIT", (0..1_000).map(tables).collect::<String>());
    let twins = Twins::new(store, &schema).await;
    twins.only(Role::Candidate, "UPDATE t777 SET v = 'w'").await;
    let state = twins.compared().await;
    assert_eq!((told(&state), state.tables), (vec!["breaking table t777 row id=1 column v ×1".to_owned()], 1_000));
}

async fn databases_without_a_table_are_no_failure(store: &Store) {
    let state = Twins::new(store, "").await.compared().await;
    assert_eq!((told(&state), state.tables), (vec![], 0));
}

async fn after_a_load_rows_may_have_other_ids_and_none_may_be_lost(store: &Store) {
    let schema = format!("CREATE TABLE people ({}, email TEXT NOT NULL UNIQUE, age INTEGER)", store.generated_id());
    let one = "INSERT INTO people (email, age) VALUES ('a', 1); INSERT INTO people (email, age) VALUES ('b', 2)";
    let other = "INSERT INTO people (email, age) VALUES ('b', 2); INSERT INTO people (email, age) VALUES ('a', 1)";
    let state = Twins::new(store, &schema).await.loaded(one, other, 0).await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
    let lost = "INSERT INTO people (email, age) VALUES ('b', 2)";
    let state = Twins::new(store, &schema).await.loaded(one, lost, 0).await;
    assert_eq!(state.breaking, 1, "{:#?}", state.differences);
    assert!(state.differences.iter().any(|it| it.baseline.as_deref().is_some_and(|row| row.contains("email='a'"))));
    let state = Twins::new(store, &schema).await.loaded(one, lost, 1).await;
    assert_eq!(state.breaking, 0, "an arrival that failed explains it: {:#?}", state.differences);
}

async fn after_a_load_a_lost_update_is_breaking_and_another_order_is_not(store: &Store) {
    let schema = "CREATE TABLE people (id INTEGER PRIMARY KEY, age INTEGER, version INTEGER);
        INSERT INTO people VALUES (1, 10, 1), (2, 20, 1)";
    let lost = Twins::new(store, schema).await;
    let state = lost.loaded("UPDATE people SET age = 11 WHERE id = 1", "SELECT 1", 0).await;
    assert_eq!(told(&state), ["breaking table people row id=1 column age ×1"]);
    let order = Twins::new(store, schema).await;
    let state =
        order.loaded("UPDATE people SET age = 11 WHERE id = 1", "UPDATE people SET age = 12 WHERE id = 1", 0).await;
    assert_eq!(told(&state), ["volatile table people row id=1 column age ×1"]);
    let mut sums = Twins::new(store, schema).await;
    let reason = "counts changes".to_owned();
    sums.compare.sums.push(StateSum { table: "people".to_owned(), column: "version".to_owned(), reason });
    let state = sums.loaded("UPDATE people SET version = 3", "UPDATE people SET version = 2", 0).await;
    assert!(told(&state).contains(&"breaking table people sum of column version ×1".to_owned()), "{:?}", told(&state));
}

/// The state after two faults, each of which leaves what it does on the candidate alone.
async fn after_two_faults(twins: &Twins, [one, other]: [&str; 2], let_pass: [u64; 2], before: Option<State>) -> State {
    let urls = Pair::from_fn(|role| twins.pair.get(role).url.clone());
    let mut comparison = Comparison::connect(&twins.compare, urls, before).await.expect("both can be reached");
    comparison.before_faults().await;
    for ((name, sql), let_pass) in [("fault one", one), ("fault other", other)].into_iter().zip(let_pass) {
        twins.only(Role::Candidate, sql).await;
        let patience = Duration::from_secs(5);
        comparison.after_fault(AfterFault { name, about: "it was done".to_owned(), let_pass, patience }).await;
    }
    let state = comparison.into_state();
    assert_eq!(state.failure, None);
    state
}

async fn what_a_fault_leaves_on_one_side_is_told_under_it_once(store: &Store) {
    let schema = format!("CREATE TABLE people ({}, email TEXT NOT NULL UNIQUE, age INTEGER)", store.generated_id());
    let changes =
        ["INSERT INTO people (email, age) VALUES ('a', 1)", "INSERT INTO people (email, age) VALUES ('b', 2)"];
    let twins = Twins::new(store, &schema).await;
    let state = after_two_faults(&twins, changes, [0, 0], None).await;
    // Where the sequence stands now is no matter.
    let found: Vec<_> = state.differences.iter().map(|it| (&*it.flow, it.class, &*it.place)).collect();
    let breaking = Class::Breaking;
    let expected =
        [("fault one", breaking, "table people row id=1"), ("fault other", breaking, "table people row id=2")];
    assert_eq!(found, expected);
    assert_eq!(state.looks.iter().map(|look| look.breaking).collect::<Vec<_>>(), [0, 1, 1]);
    let case = &state.cases[state.differences[0].case.expect("a case")];
    assert_eq!((case.about.as_deref(), case.again), (Some("it was done"), Again::Verify));
    // Requests that were let pass explain what they may have left, under the fault and under those that follow.
    for (let_pass, expected) in [([1, 0], [0, 0, 0]), ([0, 1], [0, 1, 0])] {
        let twins = Twins::new(store, &schema).await;
        let state = after_two_faults(&twins, changes, let_pass, None).await;
        assert_eq!(state.looks.iter().map(|look| look.breaking).collect::<Vec<_>>(), expected, "{let_pass:?}");
    }
}

async fn a_schema_that_differs_is_told_once_in_a_run(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    twins.only(Role::Candidate, "CREATE UNIQUE INDEX things_name_key ON things (name)").await;
    let before = twins.compared().await;
    assert_eq!(before.breaking, 1, "{:#?}", before.differences);
    let changes = ["DELETE FROM things WHERE id = 1", "CREATE UNIQUE INDEX things_size_key ON things (size)"];
    let state = after_two_faults(&twins, changes, [0, 0], Some(before)).await;
    assert_eq!(state.looks.iter().map(|look| look.breaking).collect::<Vec<_>>(), [1, 0, 1, 1], "{:#?}", told(&state));
}

async fn a_connection_that_was_lost_is_made_again(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    let mut comparison = twins.connect().await;
    comparison.look("first", true).await;
    store.disconnect_others(&twins.pair.baseline).await;
    twins.only(Role::Candidate, "DELETE FROM things WHERE id = 2").await;
    comparison.look("second", true).await;
    let state = comparison.into_state();
    assert_eq!((state.failure.clone(), told(&state)), (None, vec!["breaking table things row id=2 ×1".to_owned()]));
}

async fn a_database_that_is_gone_is_a_failure_and_not_equal(store: &Store) {
    let twins = Twins::new(store, THINGS).await;
    let mut comparison = twins.connect().await;
    store.remove(&twins.pair.candidate).await;
    comparison.look("a flow", true).await;
    let state = comparison.into_state();
    let failure = state.failure.expect("a failure");
    assert!(failure.contains("the database of the candidate"), "{failure}");
    assert!(!failure.contains("://") && state.looks.is_empty(), "{failure}");
}

/// Every test as a function of where its databases are.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                super::$name(&super::Store::sqlite()).await;
            }
        })*

        #[tokio::test]
        async fn all_of_it_on_postgres() {
            if !has_server("local") {
                return;
            }
            let place = Place::new();
            let store = Store::postgres(&place).await;
            $(
                println!("{}", stringify!($name));
                $name(&store).await;
            )*
            store.stop().await;
        }
    };
}

on_both!(
    equal_databases_have_no_difference,
    a_row_that_is_lost_added_or_changed_is_named,
    what_was_told_is_not_told_again,
    one_row_among_many_is_found_by_reading_one_chunk,
    what_a_rule_ignores_is_left_out_of_the_checksum,
    schemas_are_compared,
    a_lost_check_a_lost_reference_and_another_name_are_told_apart,
    hostile_names_and_keys_are_compared,
    ids_that_differ_are_compared_by_what_they_name,
    a_thousand_tables_are_compared,
    databases_without_a_table_are_no_failure,
    after_a_load_rows_may_have_other_ids_and_none_may_be_lost,
    after_a_load_a_lost_update_is_breaking_and_another_order_is_not,
    what_a_fault_leaves_on_one_side_is_told_under_it_once,
    a_schema_that_differs_is_told_once_in_a_run,
    a_connection_that_was_lost_is_made_again,
    a_database_that_is_gone_is_a_failure_and_not_equal,
    what_answers_say_is_one_must_be_one_row,
    answers_say_which_rows_are_one,
    ids_that_are_no_keys_are_no_false_alarm,
    an_arrival_explains_ten_rows_of_a_table_and_no_more,
    as_many_rows_as_a_load_makes_are_paired,
    rows_that_join_two_tables_are_one_by_what_they_join,
    keys_that_a_service_draws_itself_say_nothing,
);

/// Keys with nothing in them are possible in SQLite alone, as are values of any type in any column.
#[tokio::test]
async fn sqlite_rows_with_empty_keys_and_values_of_any_type_are_compared() {
    let store = Store::sqlite();
    let odd = "CREATE TABLE odd (k TEXT PRIMARY KEY, v);
        INSERT INTO odd VALUES (NULL, 1), (NULL, 2), ('a', 1), ('b', '1'), ('c', x'31'), ('d', 1.0), ('e', 'a' || char(0) || 'b')";
    let twins = Twins::new(&store, odd).await;
    assert_eq!(told(&twins.compared().await), Vec::<String>::new());
    twins.only(Role::Candidate, "UPDATE odd SET v = '1' WHERE k = 'a'; UPDATE odd SET v = x'32' WHERE k = 'c'").await;
    twins.only(Role::Candidate, "UPDATE odd SET v = 'a' || char(0) || 'c' WHERE k = 'e'").await;
    twins.only(Role::Candidate, "DELETE FROM odd WHERE k IS NULL AND v = 2").await;
    assert_eq!(
        told(&twins.compared().await),
        ["breaking table odd row k='a' column v ×3", "breaking table odd row k=NULL ×1"]
    );
}

/// Longer together than any text that SQLite would join them to.
#[tokio::test]
async fn sqlite_rows_with_much_in_them_are_compared() {
    let store = Store::sqlite();
    let twins = Twins::new(&store, "CREATE TABLE files (name TEXT PRIMARY KEY, content BLOB)").await;
    let rows = "INSERT INTO files WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
        SELECT 'file ' || i, zeroblob(30000000) FROM n";
    twins.only(Role::Baseline, rows).await;
    assert_eq!(twins.compared().await.breaking, 9);
}

/// Types that lose something when a program reads them carelessly.
#[tokio::test]
async fn postgres_values_are_compared_without_loss() {
    if !has_server("local") {
        return;
    }
    let place = Place::new();
    let store = Store::postgres(&place).await;
    let cases = [
        ("numeric", "18446744073709551616.000000000000000001", "18446744073709551616.000000000000000002"),
        ("double precision", "0.1", "0.10000000000000002"),
        ("double precision", "NaN", "Infinity"),
        ("timestamptz", "2024-01-01 00:00:00.123456+00", "2024-01-01 00:00:00.123457+00"),
        ("bytea", "\\x00ff", "\\x00fe"),
        ("jsonb", "{\"a\": 18446744073709551616}", "{\"a\": 18446744073709551617}"),
        ("text[]", "{a,NULL}", "{a,\"NULL\"}"),
        ("interval", "1 mon", "30 days"),
        ("uuid", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"),
    ];
    let columns = |values: [&str; 9]| {
        let values = values.iter().zip(cases).map(|(value, (of_type, ..))| format!("'{value}'::{of_type}"));
        format!("INSERT INTO kept VALUES (1, {})", values.collect::<Vec<_>>().join(", "))
    };
    let types: Vec<String> = cases.iter().enumerate().map(|(at, (of_type, ..))| format!("c{at} {of_type}")).collect();
    let types = types.join(", ");
    let twins = Twins::new(&store, &format!("CREATE TABLE kept (id INTEGER PRIMARY KEY, {types})")).await;
    twins.only(Role::Baseline, &columns(cases.map(|(_, one, _)| one))).await;
    twins.only(Role::Candidate, &columns(cases.map(|(_, _, other)| other))).await;
    let state = twins.compared().await;
    assert_eq!(state.breaking, cases.len() as u64, "{:#?}", told(&state));
    store.stop().await;
}

/// What a run of the smoke plan with a defect found in the databases: class, kind, flow, place.
fn found_with(defect: &str, command: &str, database: &str) -> (Option<i32>, Vec<[String; 4]>) {
    let place = Place::new();
    let to = format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}");
    let plan = place.file("plan.yaml", &smoke(&[(CANDIDATE, &to)]));
    let arguments = [command, &plan, "--database", database, "--seed", "7"];
    let ended = if command == "run" { place.measure(&arguments) } else { place.run(&arguments) };
    let record = place.record();
    assert_eq!(record["state"]["failure"], serde_json::Value::Null, "{}", ended.stdout);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = list(&record["state"]["differences"]).iter();
    (ended.code, found.map(|it| ["class", "kind", "flow", "where"].map(|key| text(&it[key]))).collect())
}

#[test]
fn rows_that_a_defect_loses_or_leaves_are_named() {
    for database in ["sqlite", "local"].into_iter().filter(|database| has_server(database)) {
        for (defect, kind, flow) in [("lost-write", "row_missing", "enrol"), ("partial-batch", "row_extra", "batch")] {
            let (code, found) = found_with(defect, "verify", database);
            let is_it = |it: &[String; 4]| {
                it[0] == "breaking" && it[1] == kind && it[2] == flow && it[3].starts_with("table students row id=")
            };
            assert!(code == Some(1) && found.iter().any(is_it), "{defect} on {database}: {found:#?}");
        }
    }
}

#[test]
fn updates_and_claims_that_are_lost_under_load_are_found_in_the_database() {
    if !has_server("local") {
        return;
    }
    for (defect, place) in [("lost-update", "table students sum of column version"), ("double-claim", " column status")]
    {
        let (code, found) = found_with(defect, "run", "local");
        let is_it = |it: &[String; 4]| it[0] == "breaking" && it[2] == "load" && it[3].ends_with(place);
        assert!(code == Some(1) && found.iter().any(is_it), "{defect}: {found:#?}");
    }
}
