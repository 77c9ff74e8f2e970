//! What clients may send, checked as a whole before any statement runs.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::model::{STATUSES, Status, Student};
use crate::http::{Fields, Invalid, Kind, QueryParameters};

const LONGEST_NAME: usize = 100;
const MOST_CREDITS: i64 = 100_000;
const LARGEST_BATCH: usize = 100;

/// A whole student, for POST and PUT.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({"student_no": "S900001", "name": "Ada Lovelace", "email": "ada@example.org"}))]
pub(crate) struct StudentInput {
    /// Letters, digits, `-`, `_` and `.`
    #[schema(max_length = 64)]
    pub(super) student_no: String,
    #[schema(max_length = 100)]
    pub(super) name: String,
    #[schema(max_length = 254)]
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) class_id: Option<i64>,
    /// `active` when missing
    #[schema(value_type = Status, required = false, example = "active")]
    pub(super) status: String,
    /// 0 when missing
    #[schema(required = false, minimum = 0, maximum = 100_000)]
    pub(super) credits: i64,
}

/// Some fields of a student, for PATCH; `null` empties `phone` and `class_id`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(example = json!({"credits": 24}))]
#[expect(clippy::option_option, reason = "left out, `null`, or a value")]
pub(crate) struct StudentChange {
    #[schema(nullable = false, max_length = 64)]
    pub(super) student_no: Option<String>,
    #[schema(nullable = false, max_length = 100)]
    pub(super) name: Option<String>,
    #[schema(nullable = false, max_length = 254)]
    pub(super) email: Option<String>,
    #[schema(value_type = Option<String>)]
    pub(super) phone: Option<Option<String>>,
    #[schema(value_type = Option<i64>)]
    pub(super) class_id: Option<Option<i64>>,
    #[schema(value_type = Option<Status>, nullable = false)]
    pub(super) status: Option<String>,
    #[schema(nullable = false, minimum = 0, maximum = 100_000)]
    pub(super) credits: Option<i64>,
}

/// Several students at once.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Batch {
    /// 1 to 100
    #[schema(min_items = 1, max_items = 100)]
    pub(super) students: Vec<StudentInput>,
}

/// What a list is asked for.
#[derive(Debug, Clone)]
pub(crate) struct ListQuery {
    pub(super) page: i64,
    pub(super) page_size: i64,
    pub(super) q: Option<String>,
    pub(super) class_id: Option<i64>,
    pub(super) status: Option<&'static str>,
    pub(super) sort: &'static str,
}

/// What lists can be sorted by; `-` is descending.
pub(super) const SORTS: [&str; 10] =
    ["id", "-id", "student_no", "-student_no", "name", "-name", "credits", "-credits", "created_at", "-created_at"];

impl ListQuery {
    /// Reads the parameters.
    pub(super) fn read(mut parameters: QueryParameters) -> Result<Self, Invalid> {
        let query = Self {
            page: parameters.int("page", 1, 1_000_000).unwrap_or(1),
            page_size: parameters.int("page_size", 1, 100).unwrap_or(20),
            q: parameters.short_text("q", LONGEST_NAME),
            class_id: parameters.int("class_id", 1, i64::MAX),
            status: parameters.word("status", &STATUSES),
            sort: parameters.word("sort", &SORTS).unwrap_or("id"),
        };
        parameters.finish(query)
    }
}

impl StudentInput {
    /// Reads a body.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Invalid> {
        Self::from_fields(Fields::of_body(bytes)?)
    }

    fn from_fields(mut fields: Fields) -> Result<Self, Invalid> {
        let student_no = fields.text("student_no", Kind::StudentNo);
        let name = fields.text("name", Kind::Text { longest: LONGEST_NAME });
        let email = fields.text("email", Kind::Email);
        let phone = fields.optional_text("phone", Kind::Phone);
        let class_id = fields.optional_int("class_id", 1, i64::MAX);
        let status = fields.word_or("status", "active", &STATUSES);
        let credits = fields.int_or("credits", 0, MOST_CREDITS);
        let input = (|| {
            Some(Self {
                student_no: student_no?,
                name: name?,
                email: email?,
                phone,
                class_id,
                status: status?,
                credits: credits?,
            })
        })();
        fields.finish(input)
    }
}

impl StudentChange {
    /// Reads a body.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::of_body(bytes)?;
        let f = &mut fields;
        let change = Self {
            student_no: written(f, "student_no", |f, n| f.text(n, Kind::StudentNo)).flatten(),
            name: written(f, "name", |f, n| f.text(n, Kind::Text { longest: LONGEST_NAME })).flatten(),
            email: written(f, "email", |f, n| f.text(n, Kind::Email)).flatten(),
            phone: written(f, "phone", |f, n| f.optional_text(n, Kind::Phone)),
            class_id: written(f, "class_id", |f, n| f.optional_int(n, 1, i64::MAX)),
            status: written(f, "status", |f, n| f.word_or(n, "", &STATUSES)).flatten(),
            credits: written(f, "credits", |f, n| f.int_or(n, 0, MOST_CREDITS)).flatten(),
        };
        fields.finish(Some(change))
    }

    /// The whole student that comes of it.
    pub(super) fn applied_to(self, student: &Student) -> StudentInput {
        StudentInput {
            student_no: self.student_no.unwrap_or_else(|| student.student_no.clone()),
            name: self.name.unwrap_or_else(|| student.name.clone()),
            email: self.email.unwrap_or_else(|| student.email.clone()),
            phone: self.phone.unwrap_or_else(|| student.phone.clone()),
            class_id: self.class_id.unwrap_or(student.class_id),
            status: self.status.unwrap_or_else(|| student.status.clone()),
            credits: self.credits.unwrap_or(student.credits),
        }
    }
}

/// Reads a field only if it is written, so that what is left out stays as it is.
fn written<T>(fields: &mut Fields, name: &str, read: impl FnOnce(&mut Fields, &str) -> T) -> Option<T> {
    fields.has(name).then(|| read(fields, name))
}

impl Batch {
    /// Reads a body; every wrong row is named.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut fields = Fields::of_body(bytes)?;
        let rows = match fields.take("students") {
            Some(Value::Array(rows)) if (1..=LARGEST_BATCH).contains(&rows.len()) => Some(rows),
            Some(Value::Array(_)) => {
                let message = format!("List should have 1 to {LARGEST_BATCH} items");
                fields.complain("students", "list_length", message)
            }
            Some(_) => fields.complain("students", "list_type", "Input should be a valid list"),
            None => None,
        };
        let rows = fields.finish(rows)?;
        Ok(Self { students: read_rows(rows)? })
    }
}

fn read_rows(rows: Vec<Value>) -> Result<Vec<StudentInput>, Invalid> {
    let mut students = Vec::with_capacity(rows.len());
    let mut wrong = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let location = vec!["body".into(), "students".into(), index.into()];
        match Fields::of(row, location).and_then(StudentInput::from_fields) {
            Ok(student) => students.push(student),
            Err(Invalid(details)) => wrong.extend(details),
        }
    }
    if wrong.is_empty() { Ok(students) } else { Err(Invalid(wrong)) }
}
