//! Reading gates.

use super::quantity::{
    PARITY_QUANTITIES, SIDE_QUANTITIES, STATE_QUANTITIES, convert, describe, parity_quantity, quantile, side_quantity,
    state_quantity,
};
use super::{Comparison, Gate, GateError, Limit, Metric, Quantity, Scope, Subject};
use crate::diagnostic::{did_you_mean, suggest};
use crate::role::Role;

pub(super) fn parse(source: &str) -> Result<Gate, GateError> {
    let mut reader = Reader { source, at: 0 };
    let (subject, quantity, is_k6) = reader.subject_of_gate()?;
    let comparison = reader.comparison()?;
    let limit_at = reader.start_of_next();
    let mut limit = reader.limit(quantity, is_k6)?;
    let scope = reader.scope()?;
    if let (Some(_), false) = (&scope, quantity.is_per_step()) {
        let message = format!("`{}` is measured for the whole run, not for a flow", quantity.name());
        return Err(reader.error_at(0, reader.at, &message, Some("leave `for …` out".to_owned())));
    }
    let metric = Metric { subject, quantity, scope: scope.clone() };
    if let Limit::Relative { metric: followed, .. } = &mut limit {
        followed.scope = scope;
        if *followed == metric {
            return Err(reader.error_at(limit_at, reader.at, "a metric cannot be compared with itself", None));
        }
    }
    Ok(Gate { source: source.trim().to_owned(), metric, comparison, limit })
}

/// What a limit is made of.
enum Term {
    Number { value: f64, unit: String, start: usize, end: usize },
    Metric(Subject, Quantity, usize),
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The metric on the left, and whether it has k6's spelling, which goes without a side and with milliseconds.
    fn subject_of_gate(&mut self) -> Result<(Subject, Quantity, bool), GateError> {
        let start = self.start_of_next();
        if let Some(inner) = self.rest().strip_prefix("p(") {
            let number = inner.split(')').next().unwrap_or("");
            let quantile = quantile(&format!("p{}", number.trim()));
            self.at += (2 + number.len() + 1).min(self.rest().len());
            let quantile = quantile.ok_or_else(|| {
                self.error_at(start, self.at, "`p(…)` holds a number between 0 and 100", Some("such as `p(95)`".into()))
            })?;
            return Ok((Subject::Side(Role::Candidate), Quantity::ResponseTime(quantile), true));
        }
        let (subject, quantity) = self.metric()?;
        Ok((subject, quantity, false))
    }

    fn metric(&mut self) -> Result<(Subject, Quantity), GateError> {
        let start = self.start_of_next();
        let name = self.word();
        if name.is_empty() {
            let hint = Some("such as `candidate.p95`".to_owned());
            return Err(self.error_at(start, start + 1, "a metric is missing", hint));
        }
        let (subject_name, quantity) = name.split_once('.').unwrap_or((name, ""));
        let subjects = ["baseline", "candidate", "parity", "state"];
        let subject = match subject_name {
            "baseline" => Subject::Side(Role::Baseline),
            "candidate" => Subject::Side(Role::Candidate),
            "parity" => Subject::Parity,
            "state" => Subject::State,
            other => {
                let whole = side_quantity(name).map(|_| format!("did you mean `candidate.{name}`?"));
                let hint = whole.or_else(|| did_you_mean(other, subjects));
                return Err(self.error_at(start, start + other.len(), &format!("unknown metric `{name}`"), hint));
            }
        };
        let found = match subject {
            Subject::Parity => parity_quantity(quantity),
            Subject::State => state_quantity(quantity),
            Subject::Side(_) => side_quantity(quantity),
        };
        found.map(|found| (subject, found)).ok_or_else(|| {
            let hint = meant(subject, quantity);
            self.error_at(start, self.at, &format!("unknown metric `{name}`"), Some(hint))
        })
    }

    fn comparison(&mut self) -> Result<Comparison, GateError> {
        let start = self.start_of_next();
        // The longer signs first.
        for sign in ["<=", ">=", "==", "<", ">"] {
            if self.take(sign) {
                return Ok(match sign {
                    "<=" => Comparison::LessOrEqual,
                    ">=" => Comparison::GreaterOrEqual,
                    "==" => Comparison::Equal,
                    "<" => Comparison::Less,
                    _ => Comparison::Greater,
                });
            }
        }
        let message = "expected a comparison: `<`, `<=`, `>`, `>=` or `==`";
        let hint = self.rest().starts_with('=').then(|| "did you mean `==`?".to_owned());
        Err(self.error_at(start, start + 1, message, hint))
    }

    fn limit(&mut self, quantity: Quantity, is_k6: bool) -> Result<Limit, GateError> {
        let first = self.term()?;
        let second = if self.take("*") { Some(self.term()?) } else { None };
        match (first, second) {
            (Term::Number { value, unit, start, end }, None) => {
                let unit = if is_k6 && unit.is_empty() { "ms".to_owned() } else { unit };
                self.base(quantity, value, &unit, start, end).map(Limit::Literal)
            }
            (Term::Metric(subject, followed, start), None) => self.relative(quantity, subject, followed, start, 1.0),
            (Term::Metric(subject, followed, start), Some(Term::Number { value, unit, .. }))
            | (Term::Number { value, unit, .. }, Some(Term::Metric(subject, followed, start)))
                if unit.is_empty() && value > 0.0 =>
            {
                self.relative(quantity, subject, followed, start, value)
            }
            (Term::Metric(_, _, start) | Term::Number { start, .. }, Some(_)) => {
                let hint = Some("such as `baseline.p95 * 1.25`".to_owned());
                Err(self.error_at(start, self.at, "a metric can be multiplied by one plain number above 0", hint))
            }
        }
    }

    fn relative(
        &mut self,
        quantity: Quantity,
        subject: Subject,
        followed: Quantity,
        start: usize,
        factor: f64,
    ) -> Result<Limit, GateError> {
        if followed.unit() != quantity.unit() {
            let units = (describe(quantity.unit()), describe(followed.unit()));
            let message = format!("`{}` is {}, `{}` is {}", quantity.name(), units.0, followed.name(), units.1);
            return Err(self.error_at(start, self.at, &message, None));
        }
        let sign = if self.take("+") { Some(1.0) } else { self.take("-").then_some(-1.0) };
        let mut slack = 0.0;
        if let Some(sign) = sign {
            let start = self.start_of_next();
            let Term::Number { value, unit, start, end } = self.term()? else {
                return Err(self.error_at(start, self.at, "a number is missing here", None));
            };
            slack = sign * self.base(quantity, value, &unit, start, end)?;
        }
        Ok(Limit::Relative { metric: Metric { subject, quantity: followed, scope: None }, factor, slack })
    }

    fn term(&mut self) -> Result<Term, GateError> {
        let start = self.start_of_next();
        if !self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let message = "a limit is missing: a number with its unit, or a metric";
            if !self.rest().starts_with(char::is_alphabetic) {
                let hint = self.rest().starts_with('-').then(|| "no metric is ever negative".to_owned());
                return Err(self.error_at(start, start + 1, message, hint));
            }
            let (subject, quantity) = self.metric()?;
            return Ok(Term::Metric(subject, quantity, start));
        }
        let number = self.while_in(|c| c.is_ascii_digit() || c == '.');
        let value: Option<f64> = number.parse().ok().filter(|value: &f64| value.is_finite());
        let value = value.ok_or_else(|| self.error_at(start, self.at, &format!("`{number}` is not a number"), None))?;
        let unit = self.unit().to_owned();
        Ok(Term::Number { value, unit, start, end: self.at })
    }

    /// What follows a number directly or after a blank, unless it is the word `for`.
    fn unit(&mut self) -> &'a str {
        let number_ends = self.at;
        self.start_of_next();
        let unit = self.while_in(|c| c.is_alphabetic() || c == '%' || c == '/');
        if unit.is_empty() || unit == "for" {
            self.at = number_ends;
            return "";
        }
        unit
    }

    /// A number with its unit in the base unit of a quantity.
    fn base(&self, quantity: Quantity, value: f64, unit: &str, start: usize, end: usize) -> Result<f64, GateError> {
        convert(quantity, value, unit).map_err(|(message, hint)| self.error_at(start, end, &message, Some(hint)))
    }

    fn scope(&mut self) -> Result<Option<Scope>, GateError> {
        let start = self.start_of_next();
        let rest = self.rest().trim_end();
        if rest.is_empty() {
            return Ok(None);
        }
        let named = rest.strip_prefix("for").filter(|name| name.is_empty() || name.starts_with(char::is_whitespace));
        let Some(named) = named else {
            return Err(self.error_at(
                start,
                start + rest.len(),
                "this cannot follow a limit",
                Some("only `+ 2ms` after a relative limit, or `for FLOW`".to_owned()),
            ));
        };
        let (flow, step) = named.split_once('/').map_or((named, None), |(flow, step)| (flow, Some(step.trim())));
        if flow.trim().is_empty() || step == Some("") {
            return Err(self.error_at(
                start,
                start + rest.len(),
                "`for` needs a flow: `for FLOW` or `for FLOW/STEP`",
                None,
            ));
        }
        self.at = self.source.len();
        Ok(Some(Scope { flow: flow.trim().to_owned(), step: step.map(str::to_owned) }))
    }

    fn word(&mut self) -> &'a str {
        self.while_in(|c| c.is_alphanumeric() || c == '.' || c == '_')
    }

    fn while_in(&mut self, admits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !admits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn start_of_next(&mut self) -> usize {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    fn take(&mut self, sign: &str) -> bool {
        self.start_of_next();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn error_at(&self, start: usize, end: usize, message: &str, suggestion: Option<String>) -> GateError {
        let offset = start.min(self.source.len());
        let len = end.min(self.source.len()).saturating_sub(offset).max(1);
        GateError { offset, len, message: message.to_owned(), suggestion }
    }
}

/// What a mistyped metric was meant to be.
fn meant(subject: Subject, quantity: &str) -> String {
    let quantiles = ["p50", "p75", "p90", "p95", "p99", "p99.9", "service.p95", "service.p99", "pool.wait.p99"];
    let fixed: &[(&str, Quantity)] = match subject {
        Subject::Parity => &PARITY_QUANTITIES,
        Subject::State => &STATE_QUANTITIES,
        Subject::Side(_) => &SIDE_QUANTITIES,
    };
    let quantiles = quantiles.into_iter().filter(|_| matches!(subject, Subject::Side(_)));
    let names: Vec<&str> = fixed.iter().map(|(name, _)| *name).chain(quantiles).collect();
    let guess = match quantity {
        "p100" => Some("max"),
        "avg" | "average" => Some("mean"),
        "median" | "med" => Some("p50"),
        "memory" | "mem" => Some("rss"),
        other => suggest(other, names.iter().copied()),
    };
    match guess.filter(|guess| names.contains(guess)) {
        Some(name) => format!("did you mean `{}.{name}`?", subject.name()),
        None => format!("known: {}", names.join(", ")),
    }
}
