//! What a plan says of ids that the sides generate.

use super::JsonPath;

/// Ids that the sides generate, so that they may differ as long as each is one on the other side.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Where two different ids may be introduced as one.
    pub learn: Learn,
    /// Places that hold an id, or do not, whatever their name says; the first that fits is applied.
    pub places: Vec<IdPlace>,
}

/// Where two different ids may be introduced as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Learn {
    /// Nowhere: ids must be equal.
    Never,
    /// In answers that say that they created something: 201, or a `Location` on an answer to a changing request.
    #[default]
    Created,
    /// In every successful answer to a changing request.
    Changed,
    /// In every answer. A list that holds other rows is not found then.
    Anywhere,
}

/// A place that holds an id, or does not.
#[derive(Debug, Clone)]
pub struct IdPlace {
    /// Places in a JSON body.
    pub path: JsonPath,
    /// What the id names, such as `student`; `None`: it is no id.
    pub of: Option<String>,
    /// Only for this flow.
    pub flow: Option<String>,
    /// Only for this step.
    pub step: Option<String>,
}
