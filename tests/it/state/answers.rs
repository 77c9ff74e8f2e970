//! Ids of answers and ids of rows: services that say what a test wants them to say, and databases that hold something else.

use cutover::parity::After;
use cutover::record::parity::Kind;

use super::{Class, Pair, Role, State, Store, Twins, told};
use crate::scripted::{replay_with, serve};

/// Ids that a service says it has given to what it made, one after the other.
type Named = &'static [&'static str];

/// The state after a replay in which both services said that they made something in a collection.
async fn replayed(twins: &Twins, collection: &str, named: Pair<Named>) -> State {
    let step = |at| format!("      - {{ name: make {at}, request: POST /{collection} }}");
    let steps = (0..named.baseline.len()).map(step).collect::<Vec<_>>().join("\n");
    let addresses = named.map(|_, named| {
        let collection = collection.to_owned();
        let next = std::sync::atomic::AtomicUsize::new(0);
        serve(move |_, _, _| {
            let id = named[next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)];
            (201, format!("/{collection}/{id}"), format!(r#"{{"id":"{id}"}}"#))
        })
    });
    let mut comparison = twins.connect().await;
    let replay = replay_with(addresses, &steps, "{}", async |after| {
        if let After::Flow { ids, .. } = after {
            comparison.hear(ids);
            comparison.look("f", true).await;
        }
    });
    let parity = Box::pin(replay).await;
    assert_eq!((parity.breaking, parity.compared), (0, named.baseline.len() as u64), "{:#?}", parity.differences);
    let state = comparison.into_state();
    assert_eq!(state.failure, None);
    state
}

async fn people(store: &Store, baseline: &str, candidate: &str) -> Twins {
    let schema = format!("CREATE TABLE people ({}, email TEXT NOT NULL UNIQUE, age INTEGER)", store.generated_id());
    let twins = Twins::new(store, &schema).await;
    twins.only(Role::Baseline, &format!("INSERT INTO people (id, email, age) VALUES {baseline}")).await;
    twins.only(Role::Candidate, &format!("INSERT INTO people (id, email, age) VALUES {candidate}")).await;
    twins
}

pub(super) async fn what_answers_say_is_one_must_be_one_row(store: &Store) {
    let named = Pair { baseline: &["501"][..], candidate: &["521"][..] };
    let twins = people(store, "(501, 'ada', 36)", "(521, 'ada', 36)").await;
    let state = replayed(&twins, "people", named).await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
    // Both databases hold the same, and the candidate has said something else.
    let twins = people(store, "(501, 'ada', 36), (521, 'grace', 85)", "(501, 'ada', 36), (521, 'grace', 85)").await;
    let state = replayed(&twins, "people", named).await;
    assert_eq!(told(&state), ["breaking table people row id=501 column id ×1"]);
    let found = &state.differences[0];
    assert_eq!(
        (found.kind, found.baseline.as_deref(), found.candidate.as_deref()),
        (Kind::Id, Some("501"), Some("501"))
    );
    let note = "person 501 of the baseline was 521 of the candidate at f / make 0 at header location, and is 501 here, \
                in the rows";
    assert_eq!(found.note.as_deref(), Some(note));
    // The rows have other ids on the two sides, and not those that were said.
    let twins = people(store, "(501, 'ada', 36)", "(530, 'ada', 36), (521, 'grace', 85)").await;
    let state = replayed(&twins, "people", named).await;
    let ids: Vec<_> = state.differences.iter().filter(|it| it.kind == Kind::Id).collect();
    assert_eq!(ids.len(), 1, "{:#?}", state.differences);
    assert!(ids[0].note.as_deref().is_some_and(|note| note.contains("and is 530 here")), "{ids:#?}");
    // The same id was said, and by all else the row is another.
    let twins = people(store, "(501, 'ada', 36)", "(530, 'ada', 36), (501, 'grace', 85)").await;
    let state = replayed(&twins, "people", Pair { baseline: &["501"], candidate: &["501"] }).await;
    assert!(
        state.differences.iter().any(|it| it.kind == Kind::Id && it.class == Class::Breaking),
        "{:#?}",
        state.differences
    );
}

pub(super) async fn answers_say_which_rows_are_one(store: &Store) {
    const ONE: &str = "11111111-1111-4111-8111-111111111111";
    const OTHER: &str = "22222222-2222-4222-8222-222222222222";
    const THIRD: &str = "33333333-3333-4333-8333-333333333333";
    let schema = "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT);
        CREATE TABLE pages (number INTEGER PRIMARY KEY, note_id TEXT)";
    let twins = Twins::new(store, schema).await;
    for (role, id) in [(Role::Baseline, ONE), (Role::Candidate, OTHER)] {
        twins.only(role, &format!("INSERT INTO notes VALUES ('{id}', 'one')")).await;
        twins.only(role, &format!("INSERT INTO pages VALUES (1, '{id}')")).await;
    }
    assert_eq!(
        told(&twins.compared().await),
        [
            "breaking table pages row number=1 column note_id ×1",
            "volatile table notes row id='11111111-1111-4111-8111-111111111111' column id ×1"
        ],
        "nothing says whose id a page has"
    );
    let state = replayed(&twins, "notes", Pair { baseline: &[ONE], candidate: &[OTHER] }).await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
    twins.only(Role::Candidate, "UPDATE notes SET text = 'two'").await;
    twins.only(Role::Candidate, &format!("UPDATE pages SET note_id = '{THIRD}'")).await;
    let state = replayed(&twins, "notes", Pair { baseline: &[ONE], candidate: &[OTHER] }).await;
    let breaking: Vec<_> = state.differences.iter().filter(|it| it.class == Class::Breaking).collect();
    let places: Vec<_> = breaking.iter().map(|it| it.place.clone()).collect();
    let expected =
        [format!("table notes row id='{ONE}' column text"), "table pages row number=1 column note_id".to_owned()];
    assert_eq!(places, expected, "{breaking:#?}");
    assert!(breaking[1].note.as_deref().is_some_and(|note| note.contains("make 0")), "{breaking:#?}");
}

pub(super) async fn ids_that_are_no_keys_are_no_false_alarm(store: &Store) {
    // What answers call the id of an order is its number; keys are another matter.
    let id = store.generated_id();
    let schema = format!("CREATE TABLE orders ({id}, number INTEGER UNIQUE, note TEXT)");
    let twins = Twins::new(store, &schema).await;
    twins.only(Role::Baseline, "INSERT INTO orders (id, number, note) VALUES (1, 1, 'a'), (2, 2, 'b')").await;
    twins.only(Role::Candidate, "INSERT INTO orders (id, number, note) VALUES (2, 1, 'a'), (1, 2, 'b')").await;
    let state = replayed(&twins, "orders", Pair { baseline: &["1", "2"], candidate: &["1", "2"] }).await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
    // Ids that stand in no row at all.
    let state = replayed(&twins, "orders", Pair { baseline: &["7001"], candidate: &["7002"] }).await;
    assert_eq!(state.breaking, 0, "{:#?}", state.differences);
}
