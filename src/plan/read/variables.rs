//! Names of captured values while a flow is read.

use crate::diagnostic::did_you_mean;

/// The variables that are set so far, and those that later steps set.
pub(super) struct Variables {
    names: Vec<String>,
    /// Names with the step that captures them first, counted from 1.
    captured_in: Vec<(String, usize)>,
    /// The step that is being read, counted from 1.
    pub(super) step: usize,
}

impl Variables {
    pub(super) fn new(names: Vec<String>, captured_in: Vec<(String, usize)>) -> Self {
        Self { names, captured_in, step: 0 }
    }

    /// Index of a variable that is set now; a name that was captured before is set again.
    pub(super) fn set(&mut self, name: &str) -> usize {
        self.index(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Index of a variable that is used; else a message and a hint.
    pub(super) fn find(&self, name: &str) -> Result<usize, (String, Option<String>)> {
        if let Some(index) = self.index(name) {
            return Ok(index);
        }
        let later = self.captured_in.iter().find(|(known, _)| known == name).map(|(_, step)| *step);
        match later {
            Some(step) if step == self.step => {
                let hint = "this step captures it, from an answer that is not there yet".to_owned();
                Err((format!("`{name}` is used before it is captured"), Some(hint)))
            }
            Some(step) => {
                let hint = format!("step {step} of this flow captures it");
                Err((format!("`{name}` is used before it is captured"), Some(hint)))
            }
            None => {
                let known = self.names.iter().map(String::as_str).chain(["unique", "random:1..100"]);
                Err((format!("nothing captures `{name}`"), did_you_mean(name, known)))
            }
        }
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.names
    }
}
