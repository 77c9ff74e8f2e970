//! How a person sees a difference of two databases again: the rows as lines, and a query for a shell.

use super::joined::{Joined, Row};
use crate::compare::rows::{Cell, Form};
use crate::reproduce::shell_word;
use crate::role::Pair;
use crate::tally::Secrets;

/// Longest query that is kept.
const LONGEST_QUERY: usize = 2_000;

/// The program that asks a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Psql,
    Sqlite3,
}

/// What each side has, to be laid side by side, and what shows it in the database. Empty: nothing of the kind.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) lines: Pair<Vec<String>>,
    pub(super) queries: Pair<Option<String>>,
}

/// A condition on a table, one for each side.
pub(super) fn queries(client: Client, table: &Joined, conditions: Pair<Option<String>>) -> Pair<Option<String>> {
    let sql = |condition: String| format!("SELECT * FROM {} WHERE {condition}", table.sql);
    conditions.map(|_, condition| condition.map(sql).and_then(|sql| line(client, &sql)))
}

/// A query for a shell that has the database's address in `DATABASE`.
pub(super) fn line(client: Client, sql: &str) -> Option<String> {
    let sql = shell_word(sql);
    let line = match client {
        Client::Psql => format!("psql \"$DATABASE\" --expanded --command {sql}"),
        Client::Sqlite3 => format!("sqlite3 -line \"$DATABASE\" {sql}"),
    };
    (line.len() <= LONGEST_QUERY).then_some(line)
}

/// What tells a row from all others; `None`: it would tell a secret.
pub(super) fn condition(client: Client, table: &Joined, row: &Row, secrets: &Secrets) -> Option<String> {
    let one = |at: &usize| {
        let (name, cell) = (&table.columns[*at].name, &row[*at]);
        let text = String::from_utf8_lossy(&cell.text);
        (secrets.mask(name, &text) == text).then(|| format!("{} {}", super::postgres::quote(name), value(client, cell)))
    };
    let all: Option<Vec<String>> = table.key.iter().map(one).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.join(" AND "))
}

/// A column that is equal to a text, as it stands in an answer.
pub(super) fn is_text(table: &Joined, column: usize, text: &str) -> String {
    format!("{} = {}", super::postgres::quote(&table.columns[column].name), quoted(text))
}

fn value(client: Client, cell: &Cell) -> String {
    let text = String::from_utf8_lossy(&cell.text);
    let is_number = || text.parse::<f64>().is_ok_and(f64::is_finite);
    match (cell.form, client) {
        (Form::Null, _) => "IS NULL".to_owned(),
        (Form::Integer | Form::Real, _) if is_number() => format!("= {text}"),
        (Form::Bytes, Client::Sqlite3) => format!("= x'{text}'"),
        (Form::Bytes, Client::Psql) => format!("= '\\x{}'", text.trim_start_matches("\\x")),
        _ => format!("= {}", quoted(&text)),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A row as lines, one for each column that is compared.
pub(super) fn lines(table: &Joined, row: &Row, secrets: &Secrets) -> Vec<String> {
    let compared = (0..row.len()).filter(|at| !table.ignored[*at]);
    let line = |at: usize| {
        let name = &table.columns[at].name;
        format!("{name}: {}", secrets.mask(name, &row[at].shown()))
    };
    compared.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_its_database_reads_it() {
        let cell = |form, text: &str| Cell::new(form, text.as_bytes());
        for (cell, psql, sqlite) in [
            (Cell::null(), "IS NULL", "IS NULL"),
            (cell(Form::Integer, "17"), "= 17", "= 17"),
            (cell(Form::Real, "NaN"), "= 'NaN'", "= 'NaN'"),
            (cell(Form::Text, "o'clock"), "= 'o''clock'", "= 'o''clock'"),
            (cell(Form::Bytes, "00ff"), "= '\\x00ff'", "= x'00ff'"),
        ] {
            assert_eq!((&*value(Client::Psql, &cell), &*value(Client::Sqlite3, &cell)), (psql, sqlite));
        }
        let line = line(Client::Psql, "SELECT * FROM t WHERE k = 'a$b'").unwrap_or_default();
        assert_eq!(line, r#"psql "$DATABASE" --expanded --command 'SELECT * FROM t WHERE k = '\''a$b'\'''"#);
    }
}
