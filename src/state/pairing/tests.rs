use super::*;
use crate::compare::rows::{Form, RowRules};
use crate::plan::StateCompare;
use crate::state::catalogue::{Column, Table};

/// A table of an id and a name.
fn table(is_generated: bool) -> Joined {
    let column =
        |name: &str, form, is_generated| Column { name: name.to_owned(), form, orders_by_value: true, is_generated };
    let table = Table {
        name: "people".to_owned(),
        columns: vec![column("id", Form::Integer, is_generated), column("name", Form::Text, false)],
        primary_key: vec!["id".to_owned()],
        ..Table::default()
    };
    Joined::new(&table, &table, &RowRules::new(&StateCompare::default(), std::time::Duration::ZERO))
}

fn row(id: u32, name: u32) -> Row {
    vec![Cell::new(Form::Integer, id.to_string().into_bytes()), Cell::new(Form::Text, format!("n{name}").into_bytes())]
}

/// The same rows on both sides, of which each has the id that another has on the other side. `apart`: how far away.
fn shifted(rows: u32, apart: u32) -> impl Iterator<Item = Event> {
    (0..rows).map(move |id| Event::Differ(row(id, id), row(id, (id + apart) % rows)))
}

fn residue(table: &Joined, ids: &Ids, most_bytes: usize) -> Residue {
    Residue { most_bytes, ..Residue::new(table, ids) }
}

#[test]
fn rows_are_joined_as_they_come_and_few_wait() {
    let (table, mut ids) = (table(true), Ids::default());
    let mut residue = residue(&table, &ids, 50 * size(&row(10_000, 10_000)));
    let mut joined = 0;
    for event in shifted(10_000, 10) {
        joined += residue.take_in(&table, &mut ids, event).iter().filter(|kept| matches!(kept, Kept::One(..))).count();
    }
    residue.pair(&table, &mut ids);
    assert_eq!((joined + residue.pairs.len(), residue.left, residue.lone_rows()), (10_000, 0, 0));
    assert!(joined > 9_900, "{joined}");
    assert_eq!(ids.partner("people", Role::Baseline, "17").as_deref(), Some("7"));
}

#[test]
fn of_rows_that_do_not_fit_none_is_said_to_be_missing() {
    let (table, mut ids) = (table(true), Ids::default());
    let mut residue = residue(&table, &ids, 50 * size(&row(0, 0)));
    for event in shifted(1_000, 500) {
        assert!(residue.take_in(&table, &mut ids, event).iter().all(|kept| !matches!(kept, Kept::Lone(..))));
    }
    residue.pair(&table, &mut ids);
    assert!(residue.left > 0);
    assert_eq!(residue.lone_rows(), 0);
}

#[test]
fn a_key_that_says_all_needs_no_room() {
    let (table, mut ids) = (table(false), Ids::default());
    let mut residue = residue(&table, &ids, 2 * size(&row(0, 0)));
    let missing = |id| Event::Missing(row(id, id));
    let kept: Vec<Kept> = (0..4).flat_map(|id| residue.take_in(&table, &mut ids, missing(id))).collect();
    let lone = |id| Kept::Lone(Role::Baseline, row(id, id));
    assert_eq!(kept, [Kept::Waits, Kept::Waits, lone(2), lone(3)]);
    let kept = residue.take_in(&table, &mut ids, Event::Differ(row(5, 5), row(5, 6)));
    assert_eq!(kept, [Kept::One(row(5, 5), row(5, 6))]);
    residue.pair(&table, &mut ids);
    assert_eq!((residue.left, residue.lone_rows()), (0, 2));
}
