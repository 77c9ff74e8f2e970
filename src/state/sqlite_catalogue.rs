//! The catalogue of an SQLite file, by one statement for each kind of thing, however many tables there are.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use sqlx::sqlite::SqliteConnection;

use super::catalogue::{Catalogue, Column, Item, ItemKind, Table};
use super::error::StateError;
use super::postgres::quote;
use super::sqlite_checks::checks;
use crate::compare::rows::Form;

const TABLES: &str = "SELECT l.name, s.sql, l.wr, l.strict FROM pragma_table_list l
     JOIN sqlite_schema s ON s.type = 'table' AND s.name = l.name
     WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY l.name";
const COLUMNS: &str = "SELECT l.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden
     FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) x
     WHERE l.schema = 'main' AND l.type = 'table' AND x.hidden <> 1 ORDER BY l.name, x.cid";
const REFERENCES: &str = "SELECT l.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_update, f.on_delete
     FROM pragma_table_list l JOIN pragma_foreign_key_list(l.name) f
     WHERE l.schema = 'main' AND l.type = 'table' ORDER BY l.name, f.id, f.seq";
const INDEXES: &str = "SELECT l.name, i.name, i.\"unique\", i.origin, i.partial, s.sql, x.name, x.\"desc\", x.coll
     FROM pragma_table_list l JOIN pragma_index_list(l.name) i JOIN pragma_index_xinfo(i.name) x
     LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name
     WHERE l.schema = 'main' AND l.type = 'table' AND x.key = 1 ORDER BY l.name, i.name, x.seqno";
const OTHERS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger')";

type ColumnRow = (String, String, String, bool, Option<String>, i64, i64);
type ReferenceRow = (String, i64, String, String, Option<String>, String, String);
type IndexRow = (String, String, bool, String, bool, Option<String>, Option<String>, bool, Option<String>);

/// What is being put together.
#[derive(Default)]
struct Draft {
    catalogue: Catalogue,
    places: HashMap<String, usize>,
}

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Catalogue, StateError> {
    let mut draft = Draft::default();
    let tables: Vec<(String, String, bool, bool)> =
        sqlx::query_as(TABLES).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for table in tables {
        draft.table(table);
    }
    let columns: Vec<ColumnRow> =
        sqlx::query_as(COLUMNS).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    draft.columns(columns);
    let references: Vec<ReferenceRow> =
        sqlx::query_as(REFERENCES).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    draft.references(references);
    let indexes: Vec<IndexRow> =
        sqlx::query_as(INDEXES).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    draft.indexes(indexes);
    let others: Vec<(String, String, String, String)> =
        sqlx::query_as(OTHERS).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for (kind, name, table, sql) in others {
        let kind = if kind == "view" { ItemKind::View } else { ItemKind::Trigger };
        draft.item(&table, kind, &name, one_line(&sql));
    }
    draft.counters(connection).await?;
    Ok(draft.catalogue)
}

impl Draft {
    fn item(&mut self, table: &str, kind: ItemKind, name: &str, definition: String) {
        self.catalogue.items.push(Item { table: table.to_owned(), kind, name: name.to_owned(), definition });
    }

    fn find(&mut self, name: &str) -> Option<&mut Table> {
        self.catalogue.tables.get_mut(*self.places.get(name)?)
    }

    fn table(&mut self, (name, sql, without_rowid, strict): (String, String, bool, bool)) {
        self.places.insert(name.clone(), self.catalogue.tables.len());
        self.catalogue.tables.push(Table { name: name.clone(), sql: quote(&name), ..Table::default() });
        let words = match (without_rowid, strict) {
            (false, false) => "a table",
            (true, false) => "a table without rowid",
            (false, true) => "a strict table",
            (true, true) => "a strict table without rowid",
        };
        self.item(&name, ItemKind::Table, &name, words.to_owned());
        for check in checks(&sql) {
            self.item(&name, ItemKind::Constraint, "", format!("CHECK ({check})"));
        }
    }

    fn columns(&mut self, rows: Vec<ColumnRow>) {
        let mut keys: BTreeMap<String, Vec<(i64, String, String)>> = BTreeMap::new();
        for (table, name, of_type, not_null, default, key, hidden) in rows {
            if !self.places.contains_key(&table) {
                continue;
            }
            let mut definition = of_type.clone();
            definition.push_str(if not_null { " not null" } else { "" });
            if let Some(default) = &default {
                let _ = write!(definition, " default {default}");
            }
            definition.push_str(if hidden > 1 { " generated" } else { "" });
            self.item(&table, ItemKind::Column, &name, definition);
            if key > 0 {
                keys.entry(table.clone()).or_default().push((key, name.clone(), of_type));
            }
            let is_generated = default.is_some_and(|default| default.contains("randomblob"));
            if let Some(table) = self.find(&table) {
                table.columns.push(Column { name, form: Form::Text, orders_by_value: true, is_generated });
            }
        }
        for (table, mut columns) in keys {
            columns.sort();
            let names: Vec<String> = columns.iter().map(|(_, name, _)| name.clone()).collect();
            self.item(&table, ItemKind::Constraint, "", format!("PRIMARY KEY ({})", names.join(", ")));
            // The number that SQLite gives each row, under another name.
            let is_row_number =
                matches!(columns.as_slice(), [(_, _, of_type)] if of_type.eq_ignore_ascii_case("integer"));
            let Some(table) = self.find(&table) else { continue };
            for column in &mut table.columns {
                column.is_generated |= is_row_number && names.contains(&column.name);
            }
            table.primary_key = names;
        }
    }

    fn references(&mut self, rows: Vec<ReferenceRow>) {
        let mut keys: BTreeMap<(String, i64), Vec<ReferenceRow>> = BTreeMap::new();
        for row in rows {
            keys.entry((row.0.clone(), row.1)).or_default().push(row);
        }
        for ((table, _), rows) in keys {
            let Some((_, _, _, target, _, on_update, on_delete)) = rows.first().cloned() else { continue };
            let own: Vec<String> = rows.iter().map(|row| row.2.clone()).collect();
            let primary = self.find(&target).map(|target| target.primary_key.clone()).unwrap_or_default();
            let to: Vec<String> = rows.iter().map(|row| row.4.clone().unwrap_or_default()).collect();
            let to = if to.iter().all(String::is_empty) { primary } else { to };
            let definition = format!(
                "FOREIGN KEY ({}) REFERENCES {target} ({}) ON UPDATE {on_update} ON DELETE {on_delete}",
                own.join(", "),
                to.join(", ")
            );
            self.item(&table, ItemKind::Constraint, "", definition);
            if let ([own], [to], Some(table)) = (own.as_slice(), to.as_slice(), self.find(&table)) {
                table.references.push((own.clone(), target, to.clone()));
            }
        }
    }

    fn indexes(&mut self, rows: Vec<IndexRow>) {
        let mut indexes: BTreeMap<(String, String), Vec<IndexRow>> = BTreeMap::new();
        for row in rows {
            indexes.entry((row.0.clone(), row.1.clone())).or_default().push(row);
        }
        for ((table, name), rows) in indexes {
            let Some((_, _, is_unique, origin, is_partial, sql, ..)) = rows.first().cloned() else { continue };
            if origin == "pk" {
                continue;
            }
            let column = |row: &IndexRow| {
                let collation =
                    row.8.as_deref().filter(|name| *name != "BINARY").map(|name| format!(" collate {name}"));
                let name = row.6.as_deref().unwrap_or("an expression");
                format!("{name}{}{}", collation.unwrap_or_default(), if row.7 { " desc" } else { "" })
            };
            let columns = rows.iter().map(column).collect::<Vec<_>>().join(", ");
            // Only its own words tell of its condition and its expressions.
            let how =
                sql.as_deref().map(one_line).and_then(|sql| sql.split_once('(').map(|(_, how)| format!("({how}")));
            let how = how.unwrap_or_else(|| format!("({columns})"));
            let (kind, words) = match (is_unique, origin.as_str()) {
                (true, "u") => (ItemKind::Constraint, format!("UNIQUE ({columns})")),
                (true, _) => (ItemKind::Constraint, format!("unique index {how}")),
                (false, _) => (ItemKind::Index, format!("index {how}")),
            };
            self.item(&table, kind, if origin == "u" { "" } else { &name }, words);
            let names: Option<Vec<String>> = rows.iter().map(|row| row.6.clone()).collect();
            if let (true, false, Some(names), Some(table)) = (is_unique, is_partial, names, self.find(&table)) {
                table.uniques.push(names);
            }
        }
    }

    /// Where `AUTOINCREMENT` stands; the table is there once the first such table was made.
    async fn counters(&mut self, connection: &mut SqliteConnection) -> Result<(), StateError> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'";
        let there: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.map_err(StateError::database)?;
        if there == 0 {
            return Ok(());
        }
        let sql = "SELECT name, CAST(seq AS TEXT) FROM sqlite_sequence";
        let counters: Vec<(String, Option<String>)> =
            sqlx::query_as(sql).fetch_all(&mut *connection).await.map_err(StateError::database)?;
        for (table, last) in counters {
            self.item(&table, ItemKind::Counter, &table, last.unwrap_or_default());
        }
        Ok(())
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
