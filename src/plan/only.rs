//! One flow or one step of a plan that alone is compared.

use super::Plan;
use crate::diagnostic::did_you_mean;

/// The flow, or the step of it, that alone is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step; `None`: every step of the flow. Those before it are sent all the same, for what they capture
    /// and for what they leave behind.
    pub step: Option<String>,
}

impl std::fmt::Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.step {
            Some(step) => write!(f, "{}/{step}", self.flow),
            None => f.write_str(&self.flow),
        }
    }
}

impl Plan {
    /// Compares only what `FLOW` or `FLOW/STEP` names; both names may hold slashes themselves.
    ///
    /// # Errors
    /// There is no such flow or step, as a sentence with what was most likely meant.
    pub fn select(&mut self, text: &str) -> Result<(), String> {
        self.only = Some(self.find(text)?);
        Ok(())
    }

    fn find(&self, text: &str) -> Result<Only, String> {
        let text = text.strip_suffix("/*").unwrap_or(text);
        if let Some(flow) = self.flows.iter().find(|flow| flow.name == text) {
            return Ok(Only { flow: flow.name.clone(), step: None });
        }
        let step_of = |name: &str| text.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'));
        let Some((flow, step)) = self.flows.iter().find_map(|flow| Some((flow, step_of(&flow.name)?))) else {
            let name = text.split('/').next().unwrap_or_default();
            let names = self.flows.iter().map(|flow| &*flow.name);
            return Err(unknown(&format!("there is no flow `{name}`"), name, names));
        };
        if flow.steps.iter().any(|known| known.name == step) {
            return Ok(Only { flow: flow.name.clone(), step: Some(step.to_owned()) });
        }
        let names = flow.steps.iter().map(|step| &*step.name);
        Err(unknown(&format!("flow `{}` has no step `{step}`", flow.name), step, names))
    }
}

fn unknown<'a>(message: &str, word: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    did_you_mean(word, names).map_or_else(|| message.to_owned(), |hint| format!("{message}; {hint}"))
}

#[cfg(test)]
mod tests {

    const SMOKE: &str = include_str!("../../scenarios/students-smoke.yaml");

    fn only(text: &str) -> Result<String, String> {
        crate::plan::parse("smoke", SMOKE).unwrap().find(text).map(|only| format!("{:?} {:?}", only.flow, only.step))
    }

    #[test]
    fn a_flow_or_a_step_is_found_by_its_name() {
        assert_eq!(only("enrol").unwrap(), "\"enrol\" None");
        assert_eq!(only("enrol/*").unwrap(), "\"enrol\" None");
        assert_eq!(only("enrol/gone").unwrap(), "\"enrol\" Some(\"gone\")");
        assert_eq!(only("browse/GET /api/v1/students").unwrap(), "\"browse\" Some(\"GET /api/v1/students\")");
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_one_that_is() {
        assert_eq!(only("enroll/gone").unwrap_err(), "there is no flow `enroll`; did you mean `enrol`?");
        assert_eq!(only("enrol/gnoe").unwrap_err(), "flow `enrol` has no step `gnoe`; did you mean `gone`?");
    }
}
