//! What a database is made of, as its catalogue tells it. Data only.

use crate::compare::rows::Form;

/// A database by its catalogue.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    /// By name.
    pub(super) tables: Vec<Table>,
    /// Everything of which the schema consists, for comparing it.
    pub(super) items: Vec<Item>,
}

/// One table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// As plans and reports name it.
    pub(super) name: String,
    /// As SQL names it.
    pub(super) sql: String,
    pub(super) columns: Vec<Column>,
    /// Columns of the primary key in its order; empty: there is none.
    pub(super) primary_key: Vec<String>,
    /// Columns of each unique constraint and of each unique index without expression or condition.
    pub(super) uniques: Vec<Vec<String>>,
    /// Columns that refer to one column of a table: own column, table, its column.
    pub(super) references: Vec<(String, String, String)>,
}

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// What its values are; SQLite decides that for each value anew.
    pub(super) form: Form,
    /// Whether the database orders it by value as [`crate::compare::rows::Cell::order`] does; else it is ordered by text.
    pub(super) orders_by_value: bool,
    /// Whether the database makes its values: an identity, a sequence, a row number, a drawn UUID.
    pub(super) is_generated: bool,
}

/// One part of a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// The table that it belongs to; the item itself where it belongs to none.
    pub(super) table: String,
    pub(super) kind: ItemKind,
    pub(super) name: String,
    /// All that matters about it, in the words of the database.
    pub(super) definition: String,
}

/// What a part of a schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ItemKind {
    Table,
    Column,
    /// Primary keys, unique constraints and indexes, foreign keys, checks, exclusions: what is refused.
    Constraint,
    /// Indexes that only make something faster.
    Index,
    Trigger,
    View,
    /// An enumeration and its values.
    Type,
    /// What a sequence counts in.
    Sequence,
    /// Where a sequence stands.
    Counter,
}

impl ItemKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Trigger => "trigger",
            Self::View => "view",
            Self::Type => "type",
            Self::Sequence => "sequence",
            Self::Counter => "last value of sequence",
        }
    }

    /// Whether parts of this kind are the same whatever they are called.
    pub(super) const fn is_known_by_definition(self) -> bool {
        matches!(self, Self::Constraint | Self::Index)
    }
}

impl Catalogue {
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
