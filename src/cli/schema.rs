//! `cutover schema`: the JSON Schema of the plan.

use super::Exit;
use crate::plan;

pub(super) fn schema() -> Exit {
    println!("{:#}", plan::schema());
    Exit::Pass
}
