//! Why two databases could not be compared.

use crate::role::Role;

/// Why two databases could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The address of a database is none.
    #[error("the address of the database is none that this program knows")]
    Address,
    /// The database refused, or went away.
    #[error("{0}")]
    Database(String),
    /// Rows did not come in the order that was asked for.
    #[error("rows of a table came in another order than was asked for")]
    OutOfOrder,
    /// More rows differ than fit into memory until it is known which of them are one.
    #[error(
        "more rows of table `{table}` differ than can be held against each other: {rows} did not fit, so it is not known \
         which rows of it are missing or changed"
    )]
    TooMany {
        /// Its name.
        table: String,
        /// Rows that there was no room for.
        rows: u64,
    },
    /// Which side's.
    #[error("the database of the {role}")]
    Side {
        /// Whose database it is.
        role: Role,
        /// Why.
        source: Box<StateError>,
    },
    /// A plan names something that no database has.
    #[error("{0}")]
    Plan(String),
}

impl StateError {
    /// In words that cannot hold a part of the connection string.
    pub(super) fn database(error: sqlx::Error) -> Self {
        Self::Database(match error {
            sqlx::Error::Database(error) => {
                format!("{} ({})", error.message(), error.code().as_deref().unwrap_or("no code"))
            }
            sqlx::Error::Io(error) => format!("the connection was lost: {}", error.kind()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "a value could not be read".to_owned(),
            _ => "the connection failed".to_owned(),
        })
    }

    /// With the side.
    pub(super) fn of(role: Role) -> impl FnOnce(Self) -> Self {
        move |source| Self::Side { role, source: Box::new(source) }
    }
}
