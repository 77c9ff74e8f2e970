//! The rows that a seed stands for. No clock and no random source but the seed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Seed;
use crate::auth::{hex, password_hash};
use crate::db::{Timestamp, Value};

/// 2024-09-01T08:00:00Z, when the school year began.
const BEGIN: i64 = 1_725_177_600;
const CLASSES: i64 = 40;
const ROLES: [&str; 3] = ["admin", "teacher", "viewer"];
const KINDS: [&str; 3] = ["enrolment", "grades", "transfer"];
const FIRST_NAMES: [&str; 20] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Jean",
    "Katherine",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Ole",
    "Peter",
    "Radia",
    "Sophie",
    "Tony",
];
const LAST_NAMES: [&str; 20] = [
    "Allen",
    "Bartik",
    "Codd",
    "Dahl",
    "Dijkstra",
    "Hamilton",
    "Hoare",
    "Hopper",
    "Johnson",
    "Knuth",
    "Lamarr",
    "Lamport",
    "Liskov",
    "Lovelace",
    "Perlman",
    "Shannon",
    "Sutherland",
    "Turing",
    "Wilson",
    "Wirth",
];

/// One table's rows, in the order of their ids.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<Value>>,
}

/// Every table, in the order in which rows refer to one another.
pub(super) fn tables(seed: &Seed) -> [Table; 4] {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed.number);
    [users(&mut random), classes(), students(seed, &mut random), reviews(seed)]
}

fn users(random: &mut Xoshiro256PlusPlus) -> Table {
    let row = |role: &&str| {
        let salt = hex(&random.random::<[u8; 8]>());
        let hash = password_hash(&salt, &format!("{role}-password"));
        vec![Value::from(*role), Value::from(*role), Value::from(salt), Value::from(hash)]
    };
    Table {
        name: "users",
        columns: &["username", "role", "password_salt", "password_hash"],
        rows: ROLES.iter().map(row).collect(),
    }
}

fn classes() -> Table {
    let row = |number| vec![Value::from(format!("Class {number:02}")), Value::from(100 + number % 5 * 25)];
    Table { name: "classes", columns: &["name", "capacity"], rows: (1..=CLASSES).map(row).collect() }
}

fn students(seed: &Seed, random: &mut Xoshiro256PlusPlus) -> Table {
    Table {
        name: "students",
        columns: &[
            "student_no",
            "name",
            "email",
            "phone",
            "class_id",
            "status",
            "credits",
            "created_at",
            "updated_at",
            "version",
        ],
        rows: (1..=seed.students.cast_signed()).map(|number| student(number, random)).collect(),
    }
}

fn student(number: i64, random: &mut Xoshiro256PlusPlus) -> Vec<Value> {
    let first = FIRST_NAMES[random.random_range(0..FIRST_NAMES.len())];
    let last = LAST_NAMES[random.random_range(0..LAST_NAMES.len())];
    let email = format!("{}.{}.{number}@example.org", first.to_lowercase(), last.to_lowercase());
    let phone = random.random_bool(0.5).then(|| format!("+44 20 7946 {:04}", number % 10_000));
    let class_id = random.random_bool(0.95).then(|| random.random_range(1..=CLASSES));
    let status = match random.random_range(0..10) {
        0 => "suspended",
        1 | 2 => "graduated",
        _ => "active",
    };
    let created = instant(number, random.random_range(0..1_000_000));
    vec![
        format!("S{number:06}").into(),
        format!("{first} {last}").into(),
        email.into(),
        phone.into(),
        class_id.into(),
        status.into(),
        random.random_range(0_i64..=120).into(),
        created.into(),
        created.into(),
        1_i64.into(),
    ]
}

/// One pending review per student.
fn reviews(seed: &Seed) -> Table {
    let row = |number: i64| {
        let kind = KINDS[number.unsigned_abs() as usize % KINDS.len()];
        let created = instant(number, number * 7919 % 1_000_000);
        vec![number.into(), kind.into(), "pending".into(), created.into()]
    };
    Table {
        name: "reviews",
        columns: &["student_id", "kind", "status", "created_at"],
        rows: (1..=seed.students.cast_signed()).map(row).collect(),
    }
}

/// A minute per student after the beginning, and some microseconds.
fn instant(number: i64, microseconds: i64) -> Timestamp {
    let begin = DateTime::<Utc>::from_timestamp(BEGIN, 0).unwrap_or_default();
    Timestamp::from(begin + TimeDelta::minutes(number) + TimeDelta::microseconds(microseconds))
}
