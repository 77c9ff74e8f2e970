//! A table that both sides have, as its rows are read and compared.

use super::catalogue::{Catalogue, Column, Table};
use super::ids::is_uuid;
use crate::compare::rows::{Cell, RowRules};
use std::cmp::Ordering;

/// A table that both sides have. Columns are those of both, in the baseline's order; what only one side has is a
/// difference of the schemas.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    pub(super) name: String,
    /// As SQL names it; the same on both sides.
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
    /// Indices of the columns by which rows are ordered and joined: the primary key, or all that is compared.
    pub(super) key: Vec<usize>,
    /// Whether the key is a primary key.
    pub(super) has_primary_key: bool,
    /// Sets of columns that identify a row beside the primary key.
    pub(super) uniques: Vec<Vec<usize>>,
    /// Of each column, the table whose key it refers to.
    pub(super) references: Vec<Option<String>>,
    /// Of each column, the rule that decides it.
    pub(super) rules: Vec<Option<usize>>,
    /// Of each column, whether it is left out of checksums, because a rule ignores it.
    pub(super) ignored: Vec<bool>,
}

/// The columns' cells of one row.
pub(super) type Row = Vec<Cell>;

impl Joined {
    pub(super) fn new(baseline: &Table, candidate: &Table, rules: &RowRules) -> Self {
        let columns: Vec<Column> = baseline
            .columns
            .iter()
            .filter_map(|column| candidate.column(&column.name).map(|other| both(column, other)))
            .collect();
        let place = |name: &String| columns.iter().position(|column| column.name == *name);
        let places = |names: &Vec<String>| names.iter().map(place).collect::<Option<Vec<usize>>>();
        let column_rules: Vec<_> = columns.iter().map(|column| rules.of_column(&baseline.name, &column.name)).collect();
        let ignored: Vec<bool> =
            column_rules.iter().map(|rule| rule.is_some_and(|rule| rules.is_ignore(rule))).collect();
        let primary_key = places(&baseline.primary_key).filter(|key| !key.is_empty());
        let refers = |column: &Column| {
            let found = baseline.references.iter().find(|(own, _, _)| *own == column.name);
            found.map(|(_, table, _)| table.clone())
        };
        let uniques = baseline.uniques.iter().filter(|unique| candidate.uniques.contains(unique));
        Self {
            name: baseline.name.clone(),
            sql: baseline.sql.clone(),
            has_primary_key: primary_key.is_some(),
            key: primary_key.unwrap_or_else(|| (0..columns.len()).filter(|at| !ignored[*at]).collect()),
            uniques: uniques.filter_map(places).collect(),
            references: columns.iter().map(refers).collect(),
            rules: column_rules,
            ignored,
            columns,
        }
    }

    /// The tables that both sides have and whose rows are compared, those that others refer to first.
    pub(super) fn all(baseline: &Catalogue, candidate: &Catalogue, rules: &RowRules) -> Vec<Self> {
        let both = baseline.tables.iter().filter_map(|table| Some((table, candidate.table(&table.name)?)));
        let compared = both.filter(|(table, _)| rules.of_table(&table.name).is_none() && !is_migrations(&table.name));
        in_order(compared.map(|(baseline, candidate)| Self::new(baseline, candidate, rules)).collect())
    }

    /// Which of two rows comes first in the order in which both databases were asked for them.
    pub(super) fn order(&self, one: &Row, other: &Row) -> Ordering {
        let by = |at: &usize| self.order_cells(*at, &one[*at], &other[*at]);
        self.key.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn order_cells(&self, column: usize, one: &Cell, other: &Cell) -> Ordering {
        if self.columns[column].orders_by_value { one.order(other) } else { one.order_as_text(other) }
    }

    /// The one column that is the primary key.
    pub(super) fn only_key(&self) -> Option<usize> {
        match self.key.as_slice() {
            [only] if self.has_primary_key => Some(*only),
            _ => None,
        }
    }

    /// Whether rows that share a key may be two things: the databases made it up, or a rule says that it may be any.
    pub(super) fn has_arbitrary_key(&self) -> bool {
        let refers = |key: usize| self.references[key].is_some();
        self.only_key().is_some_and(|key| self.ignored[key] || self.columns[key].is_generated && !refers(key))
    }

    /// Whether a row's key says nothing of what the row is on the other side: it is such a key, or a UUID, which each side
    /// draws for itself.
    pub(super) fn is_drawn(&self, row: &Row) -> bool {
        let is_uuid = |key: usize| self.references[key].is_none() && is_uuid(&row[key]);
        self.has_arbitrary_key() || self.only_key().is_some_and(is_uuid)
    }
}

/// A column as both sides can be asked for it.
fn both(baseline: &Column, candidate: &Column) -> Column {
    Column {
        orders_by_value: baseline.orders_by_value && candidate.orders_by_value,
        is_generated: baseline.is_generated && candidate.is_generated,
        ..baseline.clone()
    }
}

/// Tables in which tools keep which migrations they ran, and when: rows about the schema, which is compared itself.
const MIGRATIONS: [&str; 14] = [
    "_sqlx_migrations",
    "alembic_version",
    "flyway_schema_history",
    "schema_migrations",
    "ar_internal_metadata",
    "django_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "databasechangelog",
    "databasechangeloglock",
    "_prisma_migrations",
    "goose_db_version",
    "__efmigrationshistory",
    "__diesel_schema_migrations",
];

/// Whether a table is one in which a tool keeps its migrations.
pub(super) fn is_migrations(table: &str) -> bool {
    let name = table.rsplit('.').next().unwrap_or(table).to_ascii_lowercase();
    MIGRATIONS.contains(&&*name)
}

/// Tables that others refer to before these; those in a circle come as they are.
fn in_order(mut tables: Vec<Joined>) -> Vec<Joined> {
    let mut ordered: Vec<Joined> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waiting: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let is_free = |table: &Joined| {
            let mut referred = table.references.iter().flatten();
            referred.all(|name| *name == table.name || !waiting.contains(name))
        };
        let (free, bound): (Vec<_>, Vec<_>) = tables.into_iter().partition(is_free);
        tables = bound;
        if free.is_empty() {
            ordered.push(tables.remove(0));
        }
        ordered.extend(free);
    }
    ordered
}
