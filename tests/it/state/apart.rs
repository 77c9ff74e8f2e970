//! Rows that are one although nothing that both sides wrote says so, and how much an arrival that failed explains.

use cutover::plan::StateSum;

use super::{Role, State, Store, Twins, told};

/// Two hundred people, of whom each has changed once.
const PEOPLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, age INTEGER, version INTEGER);
    INSERT INTO people WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    SELECT i, i, 1 FROM n";

async fn loaded(store: &Store, candidate: &str, arrivals: u64) -> State {
    let mut twins = Twins::new(store, PEOPLE).await;
    let (table, column) = ("people".to_owned(), "version".to_owned());
    twins.compare.sums.push(StateSum { table, column, reason: "counts changes".to_owned() });
    twins.loaded("SELECT 1", candidate, arrivals).await
}

pub(super) async fn an_arrival_explains_ten_rows_of_a_table_and_no_more(store: &Store) {
    for (candidate, arrivals, breaking) in [
        ("UPDATE people SET age = -1 WHERE id = 1", 0, 1),
        ("UPDATE people SET age = -1 WHERE id <= 10", 1, 0),
        ("UPDATE people SET age = -1 WHERE id <= 11", 1, 11),
        ("UPDATE people SET age = -1 WHERE id <= 11", 2, 0),
        ("UPDATE people SET age = -1", 1, 200),
        ("DELETE FROM people WHERE id <= 5; UPDATE people SET age = -1 WHERE id > 195", 1, 0),
        // Rows that changed and rows that are gone are of one arrival; five that are gone explain another sum.
        ("DELETE FROM people WHERE id <= 5; UPDATE people SET age = -1 WHERE id > 194", 1, 11),
        ("UPDATE people SET version = 2 WHERE id <= 10", 1, 0),
        ("UPDATE people SET version = 2 WHERE id <= 11", 1, 12),
    ] {
        let state = loaded(store, candidate, arrivals).await;
        assert_eq!(state.breaking, breaking, "{candidate} {arrivals}: {:#?}", told(&state));
        // What is excused is counted all the same.
        assert!(state.breaking + state.volatile > 0, "{candidate} {arrivals}");
    }
}

pub(super) async fn as_many_rows_as_a_load_makes_are_paired(store: &Store) {
    let schema = format!("CREATE TABLE people ({}, email TEXT NOT NULL UNIQUE, age INTEGER)", store.generated_id());
    let insert = |order: &str| {
        format!(
            "INSERT INTO people (email, age) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
             SELECT 'person ' || i, i FROM n ORDER BY {order}"
        )
    };
    let twins = Twins::new(store, &schema).await;
    let state = twins.loaded(&insert("i"), &insert("i % 7, i"), 0).await;
    assert_eq!(state.breaking, 0, "{:#?}", told(&state));
    let twins = Twins::new(store, &schema).await;
    let other = format!("{}; UPDATE people SET age = -1 WHERE email = 'person 77'", insert("i % 7, i"));
    let state = twins.loaded(&insert("i"), &other, 0).await;
    let breaking: Vec<_> = told(&state).into_iter().filter(|line| line.starts_with("breaking")).collect();
    assert_eq!(breaking, ["breaking table people row id=77 column age ×1"]);
}

pub(super) async fn rows_that_join_two_tables_are_one_by_what_they_join(store: &Store) {
    let id = store.generated_id();
    let schema = format!(
        "CREATE TABLE students ({id}, email TEXT UNIQUE);
         CREATE TABLE classes ({id}, name TEXT UNIQUE);
         CREATE TABLE enrolments (student_id INTEGER REFERENCES students (id), class_id INTEGER REFERENCES classes (id),
             note TEXT, PRIMARY KEY (student_id, class_id));
         CREATE TABLE badges (student_id INTEGER PRIMARY KEY REFERENCES students (id), text TEXT);
         CREATE TABLE seats (student_id INTEGER REFERENCES students (id), seat TEXT)"
    );
    let twins = Twins::new(store, &schema).await;
    let rows = |students: [u32; 3], classes: [u32; 2]| {
        let ([ada, grace, emmy], [art, law]) = (students, classes);
        format!(
            "INSERT INTO students (id, email) VALUES ({ada}, 'ada'), ({grace}, 'grace'), ({emmy}, 'emmy');
             INSERT INTO classes (id, name) VALUES ({art}, 'art'), ({law}, 'law');
             INSERT INTO enrolments VALUES ({ada}, {art}, 'x'), ({grace}, {art}, 'x'), ({emmy}, {law}, 'z');
             INSERT INTO badges VALUES ({ada}, 'a'), ({grace}, 'g'), ({emmy}, 'e');
             INSERT INTO seats VALUES ({ada}, '1'), ({ada}, '1'), ({emmy}, '2')"
        )
    };
    twins.only(Role::Baseline, &rows([1, 2, 3], [1, 2])).await;
    twins.only(Role::Candidate, &rows([2, 1, 8], [7, 1])).await;
    let state = twins.compared().await;
    assert_eq!(state.breaking, 0, "{:#?}", told(&state));
    // Each of these says something else of the same thing, or the same of something else.
    twins.only(Role::Candidate, "UPDATE enrolments SET note = 'y' WHERE student_id = 8").await;
    twins.only(Role::Candidate, "UPDATE badges SET text = 'other' WHERE student_id = 2").await;
    twins.only(Role::Candidate, "UPDATE seats SET student_id = 2 WHERE student_id = 8").await;
    let state = twins.compared().await;
    let breaking: Vec<_> = told(&state).into_iter().filter(|line| line.starts_with("breaking")).collect();
    assert_eq!(
        breaking,
        [
            "breaking table badges row student_id=1 column text ×1",
            "breaking table enrolments row student_id=3 class_id=2 column note ×1",
            "breaking table seats row student_id=2 seat='2' ×1",
            "breaking table seats row student_id=3 seat='2' ×1",
        ]
    );
}

pub(super) async fn keys_that_a_service_draws_itself_say_nothing(store: &Store) {
    let uuid = |number: u32| format!("{number:08}-1111-4111-8111-111111111111");
    let schema = "CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT UNIQUE, text TEXT);
        CREATE TABLE pages (number INTEGER PRIMARY KEY, note_id TEXT REFERENCES notes (id));
        CREATE TABLE tickets (code TEXT PRIMARY KEY, about TEXT)";
    let twins = Twins::new(store, schema).await.ignoring(Some("tickets"), Some("code"));
    for (role, [one, other], code) in
        [(Role::Baseline, [uuid(1), uuid(2)], ["a", "b"]), (Role::Candidate, [uuid(4), uuid(3)], ["b", "c"])]
    {
        twins.only(role, &format!("INSERT INTO notes VALUES ('{one}', 'one', ''), ('{other}', NULL, 'two')")).await;
        twins.only(role, &format!("INSERT INTO pages VALUES (1, '{one}'), (2, '{other}')")).await;
        let [first, second] = code;
        twins.only(role, &format!("INSERT INTO tickets VALUES ('{first}', 'x'), ('{second}', 'y')")).await;
    }
    let state = twins.compared().await;
    assert_eq!(state.breaking, 0, "{:#?}", told(&state));
    // A title says which note it is, nothing says it of the other; and a page is of one note.
    twins.only(Role::Candidate, "UPDATE notes SET text = 'changed'").await;
    twins.only(Role::Candidate, &format!("UPDATE pages SET note_id = '{}' WHERE number = 2", uuid(4))).await;
    twins.only(Role::Candidate, "UPDATE tickets SET about = 'z' WHERE about = 'y'").await;
    let state = twins.compared().await;
    let breaking: Vec<_> = told(&state).into_iter().filter(|line| line.starts_with("breaking")).collect();
    let (first, second, third) = (uuid(1), uuid(2), uuid(3));
    let expected = [
        format!("breaking table notes row id='{first}' column text ×1"),
        format!("breaking table notes row id='{second}' ×1"),
        format!("breaking table notes row id='{third}' ×1"),
        "breaking table pages row number=2 column note_id ×1".to_owned(),
        "breaking table tickets row code='b' ×1".to_owned(),
        "breaking table tickets row code='c' ×1".to_owned(),
    ];
    assert_eq!(breaking, expected);
}
