//! A student as it is stored and as clients see it.

use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::db::Timestamp;

/// The columns of [`Student`].
pub(super) const COLUMNS: &str = "id, student_no, name, email, phone, class_id, status, credits, \
     created_at, updated_at, version";

/// What a student may be.
pub(super) const STATUSES: [&str; 3] = ["active", "suspended", "graduated"];

/// What a student may be, as the document lists it; see [`STATUSES`].
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "read by the derive only")]
pub(crate) enum Status {
    /// Enrolled.
    Active,
    /// Enrolled, but not allowed to attend.
    Suspended,
    /// Gone with a degree.
    Graduated,
}

/// A student.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Student {
    #[schema(example = 1)]
    pub(super) id: i64,
    /// Unique.
    #[schema(example = "S000001")]
    pub(super) student_no: String,
    #[schema(example = "Ada Lovelace")]
    pub(super) name: String,
    /// Unique.
    #[schema(example = "ada.lovelace@example.org")]
    pub(super) email: String,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "+44 20 7946 0001")]
    pub(super) phone: Option<String>,
    /// `null` when the student is in no class.
    #[schema(required, example = 7)]
    pub(super) class_id: Option<i64>,
    #[schema(value_type = Status, example = "active")]
    pub(super) status: String,
    #[schema(example = 12, minimum = 0)]
    pub(super) credits: i64,
    /// UTC, with microseconds.
    #[schema(value_type = String, format = DateTime, example = "2024-09-01T08:00:00.000001Z")]
    pub(super) created_at: Timestamp,
    /// UTC, with microseconds.
    #[schema(value_type = String, format = DateTime, example = "2024-09-01T08:00:00.000001Z")]
    pub(super) updated_at: Timestamp,
    /// Counts the changes; sent as `ETag`.
    #[serde(skip)]
    pub(super) version: i64,
}

impl Student {
    /// `"3"`: the third version.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// A page of students.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Page {
    pub(super) items: Vec<Student>,
    /// How many students there are on all pages.
    #[schema(example = 5000)]
    pub(super) total: i64,
    #[schema(example = 1)]
    pub(super) page: i64,
    #[schema(example = 20)]
    pub(super) page_size: i64,
    /// How many pages there are.
    #[schema(example = 250)]
    pub(super) pages: i64,
}

/// The students of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Created {
    /// How many were created: all of them.
    #[schema(example = 2)]
    pub(super) created: usize,
    pub(super) items: Vec<Student>,
}
