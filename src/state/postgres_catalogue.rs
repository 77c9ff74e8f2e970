//! The catalogue of a PostgreSQL database, by one statement for each kind of thing, however many tables there are.

use std::collections::HashMap;
use std::fmt::Write as _;

use sqlx::postgres::PgConnection;

use super::catalogue::{Catalogue, Column, Item, ItemKind, Table};
use super::error::StateError;
use super::postgres::quote;
use crate::compare::rows::Form;

/// Schemas of the user's; what an extension brought is the extension's business.
macro_rules! own {
    ($class:literal, $namespace:literal) => {
        concat!(
            $namespace,
            ".nspname <> 'information_schema' AND ",
            $namespace,
            ".nspname !~ '^pg_' AND NOT EXISTS (",
            "SELECT 1 FROM pg_depend e WHERE e.objid = ",
            $class,
            ".oid AND e.deptype = 'e')"
        )
    };
}

const COLUMNS: &str = concat!(
    "SELECT n.nspname::text, c.relname::text, c.relkind::text || c.relpersistence::text, a.attname::text, a.attnum,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
            a.attidentity::text, a.attgenerated::text, l.collname::text
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     LEFT JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ",
    own!("c", "n"),
    " ORDER BY n.nspname, c.relname, a.attnum"
);

const CONSTRAINTS: &str = concat!(
    "SELECT n.nspname::text, c.relname::text, k.conname::text, k.contype::text,
            pg_get_constraintdef(k.oid), k.conkey, fn.nspname::text, f.relname::text, k.confkey
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
     WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND NOT c.relispartition AND ",
    own!("c", "n")
);

const INDEXES: &str = concat!(
    "SELECT n.nspname::text, c.relname::text, x.relname::text, pg_get_indexdef(i.indexrelid), i.indisunique,
            i.indisvalid, CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL THEN string_to_array(i.indkey::text, ' ')::int2[] END
     FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
       AND ",
    own!("c", "n")
);

const SEQUENCES: &str = "SELECT schemaname::text, sequencename::text,
            format('%s from %s by %s, %s to %s%s', data_type, start_value, increment_by, min_value, max_value,
                   CASE WHEN cycle THEN ', in a circle' ELSE '' END),
            coalesce(last_value::text, 'not used yet')
     FROM pg_sequences WHERE schemaname !~ '^pg_'";

const OTHERS: &str = concat!(
    "SELECT n.nspname::text, c.relname::text, 'trigger', g.tgname::text, pg_get_triggerdef(g.oid) || g.tgenabled::text
     FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT g.tgisinternal AND ",
    own!("c", "n"),
    " UNION ALL SELECT n.nspname::text, c.relname::text, 'view', c.relname::text, pg_get_viewdef(c.oid)
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ",
    own!("c", "n"),
    " UNION ALL SELECT n.nspname::text, t.typname::text, 'type', t.typname::text,
            string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
     FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ",
    own!("t", "n"),
    " GROUP BY 1, 2"
);

#[derive(sqlx::FromRow)]
struct ColumnRow(
    String,
    String,
    String,
    Option<String>,
    Option<i16>,
    Option<String>,
    Option<bool>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

type ConstraintRow =
    (String, String, String, String, String, Option<Vec<i16>>, Option<String>, Option<String>, Option<Vec<i16>>);
type IndexRow = (String, String, String, String, bool, bool, Option<Vec<i16>>);

/// What is being put together.
#[derive(Default)]
struct Draft {
    catalogue: Catalogue,
    /// Places of the tables in the catalogue.
    places: HashMap<String, usize>,
    /// Names of the columns by table and number.
    numbers: HashMap<(String, i16), String>,
}

pub(super) async fn read(connection: &mut PgConnection) -> Result<Catalogue, StateError> {
    let mut draft = Draft::default();
    let columns: Vec<ColumnRow> =
        sqlx::query_as(COLUMNS).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for column in columns {
        draft.column(column);
    }
    let constraints: Vec<ConstraintRow> =
        sqlx::query_as(CONSTRAINTS).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for constraint in constraints {
        draft.constraint(constraint);
    }
    let indexes: Vec<IndexRow> =
        sqlx::query_as(INDEXES).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for index in indexes {
        draft.index(index);
    }
    let sequences: Vec<(String, String, String, String)> =
        sqlx::query_as(SEQUENCES).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for (schema, name, counts, last) in sequences {
        let name = shown(&schema, &name);
        draft.item(&name, ItemKind::Sequence, &name, counts);
        draft.item(&name, ItemKind::Counter, &name, last);
    }
    let others: Vec<(String, String, String, String, String)> =
        sqlx::query_as(OTHERS).fetch_all(&mut *connection).await.map_err(StateError::database)?;
    for (schema, table, kind, name, definition) in others {
        let kind = match kind.as_str() {
            "trigger" => ItemKind::Trigger,
            "view" => ItemKind::View,
            _ => ItemKind::Type,
        };
        draft.item(&shown(&schema, &table), kind, &name, definition);
    }
    Ok(draft.catalogue)
}

impl Draft {
    fn item(&mut self, table: &str, kind: ItemKind, name: &str, definition: String) {
        self.catalogue.items.push(Item { table: table.to_owned(), kind, name: name.to_owned(), definition });
    }

    fn table(&mut self, name: &str) -> Option<&mut Table> {
        self.catalogue.tables.get_mut(*self.places.get(name)?)
    }

    fn column(&mut self, row: ColumnRow) {
        let ColumnRow(schema, table, kind, column, number, of_type, not_null, default, identity, generated, collation) =
            row;
        let name = shown(&schema, &table);
        if !self.places.contains_key(&name) {
            self.places.insert(name.clone(), self.catalogue.tables.len());
            let sql = format!("{}.{}", quote(&schema), quote(&table));
            self.catalogue.tables.push(Table { name: name.clone(), sql, ..Table::default() });
            self.item(&name, ItemKind::Table, &name, kind_in_words(&kind).to_owned());
        }
        let (Some(column), Some(number), Some(of_type)) = (column, number, of_type) else { return };
        let identity = identity.unwrap_or_default();
        let default = default.unwrap_or_default();
        let mut definition = of_type.clone();
        definition.push_str(if not_null == Some(true) { " not null" } else { "" });
        for (word, value) in [("collate", collation.unwrap_or_default()), ("default", default.clone())] {
            if !value.is_empty() {
                let _ = write!(definition, " {word} {value}");
            }
        }
        definition.push_str(match (&*identity, &*generated.unwrap_or_default()) {
            ("a", _) => " generated always as identity",
            ("d", _) => " generated by default as identity",
            (_, "s" | "v") => " generated",
            _ => "",
        });
        self.item(&name, ItemKind::Column, &column, definition);
        self.numbers.insert((name.clone(), number), column.clone());
        let whole = ["smallint", "integer", "bigint"].contains(&&*of_type);
        let is_generated = !identity.is_empty() || default.starts_with("nextval(") || default.contains("uuid");
        let column = Column { name: column, form: form(&of_type), orders_by_value: whole, is_generated };
        if let Some(table) = self.table(&name) {
            table.columns.push(column);
        }
    }

    fn constraint(&mut self, row: ConstraintRow) {
        let (schema, table, name, kind, definition, columns, to_schema, to_table, to_columns) = row;
        let table = shown(&schema, &table);
        self.item(&table, ItemKind::Constraint, &name, definition);
        let columns = self.names(&table, columns.as_deref().unwrap_or_default());
        let target = to_schema.zip(to_table).map(|(schema, table)| shown(&schema, &table));
        let targets = target.as_ref().map(|target| self.names(target, to_columns.as_deref().unwrap_or_default()));
        let Some(found) = self.table(&table) else { return };
        match (kind.as_str(), columns) {
            ("p", Some(columns)) => found.primary_key = columns,
            ("u", Some(columns)) => found.uniques.push(columns),
            ("f", Some(columns)) => {
                if let (Some(target), Some(Some(targets)), [own]) = (target, targets, columns.as_slice())
                    && let [other] = targets.as_slice()
                {
                    found.references.push((own.clone(), target, other.clone()));
                }
            }
            _ => {}
        }
    }

    fn index(&mut self, row: IndexRow) {
        let (schema, table, name, definition, is_unique, is_valid, columns) = row;
        let table = shown(&schema, &table);
        let kind = if is_unique { ItemKind::Constraint } else { ItemKind::Index };
        let how = definition.split_once(" USING ").map_or(&*definition, |(_, how)| how);
        let unique = if is_unique { "unique " } else { "" };
        let valid = if is_valid { "" } else { ", not valid" };
        self.item(&table, kind, &name, format!("{unique}index using {how}{valid}"));
        let columns = columns.and_then(|columns| self.names(&table, &columns));
        if let (true, Some(columns), Some(table)) = (is_unique, columns, self.table(&table)) {
            table.uniques.push(columns);
        }
    }

    fn names(&self, table: &str, numbers: &[i16]) -> Option<Vec<String>> {
        numbers.iter().map(|number| self.numbers.get(&(table.to_owned(), *number)).cloned()).collect()
    }
}

const fn kind_in_words(kind: &str) -> &'static str {
    match kind.as_bytes() {
        [b'p', ..] => "a partitioned table",
        [_, b'u', ..] => "a table that a crash empties",
        _ => "a table",
    }
}

fn form(of_type: &str) -> Form {
    let base = of_type.split('(').next().unwrap_or(of_type);
    match base {
        "smallint" | "integer" | "bigint" | "oid" => Form::Integer,
        "numeric" | "real" | "double precision" => Form::Real,
        "json" | "jsonb" => Form::Json,
        _ => Form::Text,
    }
}

/// As plans and reports name it: with its schema where that is not `public`.
fn shown(schema: &str, name: &str) -> String {
    if schema == "public" { name.to_owned() } else { format!("{schema}.{name}") }
}
