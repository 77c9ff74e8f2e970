//! `cutover schema`: the JSON Schema of the plan.

use super::{Exit, print};
use crate::plan;

pub(super) fn schema() -> Exit {
    print::out(&format!("{:#}\n", plan::schema()));
    Exit::Pass
}
