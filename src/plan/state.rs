//! What may differ between the two sides' databases, as a plan says it.

use super::RuleKind;

/// How the databases are compared.
#[derive(Debug, Clone)]
pub struct StateCompare {
    /// Rules in the order written; the first that fits a table or column is applied.
    pub rules: Vec<StateRule>,
    /// Columns whose sum over all rows must be the same on both sides once the load is over.
    pub sums: Vec<StateSum>,
    /// Rows of a table beyond which checksums are compared first, over so many rows at a time.
    pub chunk: u64,
}

/// One permission to differ.
#[derive(Debug, Clone)]
pub struct StateRule {
    /// The table it is about; `None`: every table.
    pub table: Option<String>,
    /// The column it is about; `None`: the rows of the table altogether.
    pub column: Option<String>,
    /// What may differ there.
    pub kind: RuleKind,
    /// Why; printed in every report.
    pub reason: String,
}

/// A column whose values add up to the same, in whatever order the rows were changed.
#[derive(Debug, Clone)]
pub struct StateSum {
    /// The table.
    pub table: String,
    /// A column of whole numbers.
    pub column: String,
    /// Why; printed in every report.
    pub reason: String,
}

impl Default for StateCompare {
    fn default() -> Self {
        Self { rules: Vec::new(), sums: Vec::new(), chunk: Self::CHUNK }
    }
}

impl StateCompare {
    /// Rows in a chunk unless the plan says otherwise.
    pub const CHUNK: u64 = 5_000;
}

impl std::fmt::Display for StateRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.table, &self.column) {
            (Some(table), Some(column)) => write!(f, "table {table} column {column}"),
            (Some(table), None) => write!(f, "table {table}"),
            (None, Some(column)) => write!(f, "column {column}"),
            (None, None) => f.write_str("every table"),
        }
    }
}
