//! What the arguments mean: a plan with its settings changed, checked before anything is started.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Zoned;

use super::args::{LoadOverrides, Overrides};
use crate::plan::{self, Arrivals, Gate, Plan, PlanError, Provider, Side, SideKind, Spacing};
use crate::units::parse_duration;

/// Plans that come with the program, so that it can be tried anywhere.
const BUNDLED: [(&str, &str); 2] = [
    ("students", include_str!("../../scenarios/students.yaml")),
    ("students-smoke", include_str!("../../scenarios/students-smoke.yaml")),
];
/// Length of an ad-hoc load test where none is given.
const DEFAULT_DURATION: Duration = Duration::from_secs(10);
/// Users of an ad-hoc load test where none are given.
const DEFAULT_USERS: usize = 32;
/// Most arrivals that an ad-hoc test in the open model has under way.
const MOST_UNDERWAY: usize = 256;

/// Arguments that make no sense, in words for people.
#[derive(Debug)]
pub(super) struct UsageError(pub(super) String);

impl UsageError {
    fn new(message: impl std::fmt::Display) -> Self {
        Self(format!("error: {message}"))
    }
}

/// Reads a plan file, or one of those that come with the program.
pub(super) fn read_plan(name: &str) -> Result<Plan, UsageError> {
    let path = Path::new(name);
    if !path.exists()
        && let Some((source, text)) = bundled(name)
    {
        return plan::parse(source, text).map_err(|diagnostics| UsageError(diagnostics.to_string()));
    }
    plan::load(path).map_err(|error| match error {
        PlanError::Read { ref source, .. } => UsageError(format!(
            "error: {error}\n  Caused by: {source}\nhint: give the path of a plan file, or one that is built in: {}",
            BUNDLED.map(|(name, _)| format!("`{name}`")).join(" or ")
        )),
        PlanError::Invalid(diagnostics) => UsageError(diagnostics.to_string()),
    })
}

fn bundled(name: &str) -> Option<(&'static str, &'static str)> {
    let stem = name.strip_prefix("scenarios/").and_then(|rest| rest.strip_suffix(".yaml")).unwrap_or(name);
    BUNDLED.into_iter().find(|(known, _)| *known == stem)
}

/// Puts the settings of the command line into a plan.
pub(super) fn apply(plan: &mut Plan, overrides: &Overrides) -> Result<(), UsageError> {
    let usage = |option: &str, message: String| UsageError::new(format_args!("{option}: {message}"));
    if let Some(url) = &overrides.baseline {
        plan.sides.baseline = Some(Side::from_url(url).map_err(|error| usage("--baseline", error))?);
    }
    if let Some(url) = &overrides.candidate {
        plan.sides.candidate = Some(Side::from_url(url).map_err(|error| usage("--candidate", error))?);
    }
    if let Some(provider) = &overrides.database {
        plan.database.provider = Provider::parse(provider).map_err(|error| usage("--database", error))?;
    }
    if let Some(image) = &overrides.postgres_image {
        plan.database.image.clone_from(image);
    }
    add_defects(plan, &overrides.defects)?;
    plan.seed = overrides.seed.or(plan.seed);
    apply_load(plan, &overrides.load)?;
    for gate in &overrides.gates {
        plan.gates.push(read_gate(plan, gate)?);
    }
    Ok(())
}

fn add_defects(plan: &mut Plan, names: &[String]) -> Result<(), UsageError> {
    for name in names {
        let known: Result<reference_service::DefectSetting, _> = name.parse();
        known.map_err(|error| UsageError::new(format_args!("--defect: {error}")))?;
        match plan.sides.candidate.as_mut().map(|side| &mut side.kind) {
            Some(SideKind::Bundled { defects, .. }) => defects.push(name.clone()),
            _ => return Err(UsageError::new("--defect: only a bundled candidate has defects")),
        }
    }
    Ok(())
}

fn apply_load(plan: &mut Plan, overrides: &LoadOverrides) -> Result<(), UsageError> {
    if let Some(arrivals) = arrivals(overrides, plan.load.arrivals)? {
        plan.load.arrivals = arrivals;
    }
    if let Some(pairs) = overrides.pairs {
        if pairs == 0 {
            return Err(UsageError::new("--pairs: at least 1"));
        }
        plan.load.pairs = pairs;
    }
    if let Some(duration) = duration(overrides)? {
        let pair = plan.load.block * u32::try_from(plan.roles().len().max(1)).unwrap_or(1);
        plan.load.pairs = (duration.as_secs_f64() / pair.as_secs_f64()).round().max(1.0) as u32;
    }
    Ok(())
}

fn duration(overrides: &LoadOverrides) -> Result<Option<Duration>, UsageError> {
    let parsed = overrides.duration.as_deref().map(parse_duration).transpose();
    parsed.map_err(|error| UsageError::new(format_args!("--duration: {error}")))
}

/// The model that the command line asks for, if it asks for one.
fn arrivals(overrides: &LoadOverrides, present: Arrivals) -> Result<Option<Arrivals>, UsageError> {
    if let Some(rate) = &overrides.rate {
        let rate = plan::parse_rate(rate).map_err(|error| UsageError::new(format_args!("--rate: {error}")))?;
        let (spacing, burst, users) = match present {
            Arrivals::Open { spacing, burst, users, .. } => (spacing, burst, users),
            Arrivals::Closed { .. } => (Spacing::Poisson, None, MOST_UNDERWAY),
        };
        return Ok(Some(Arrivals::Open { rate, spacing, burst, users }));
    }
    match overrides.users {
        Some(0) => Err(UsageError::new("--users: at least 1")),
        Some(users) => Ok(Some(Arrivals::Closed { users })),
        None => Ok(None),
    }
}

/// The plan of `cutover load URL`.
pub(super) fn ad_hoc(url: &str, overrides: &Overrides) -> Result<Plan, UsageError> {
    let arrivals = arrivals(&overrides.load, Arrivals::Closed { users: DEFAULT_USERS })?
        .unwrap_or(Arrivals::Closed { users: DEFAULT_USERS });
    let duration = duration(&overrides.load)?.unwrap_or(DEFAULT_DURATION);
    let mut plan = Plan::ad_hoc(url, arrivals, duration).map_err(UsageError::new)?;
    plan.seed = overrides.seed;
    for gate in &overrides.gates {
        plan.gates.push(read_gate(&plan, gate)?);
    }
    Ok(plan)
}

/// A gate of the command line, checked against the plan.
pub(super) fn read_gate(plan: &Plan, text: &str) -> Result<Gate, UsageError> {
    let gate = parse_gate(text)?;
    plan.admits(&gate).map_err(|error| UsageError::new(format_args!("--gate `{text}`: {error}")))?;
    Ok(gate)
}

/// A gate of the command line, on its own.
pub(super) fn parse_gate(text: &str) -> Result<Gate, UsageError> {
    Gate::parse(text).map_err(|error| {
        let suggestion = error.suggestion.as_ref().map(|suggestion| format!("; {suggestion}")).unwrap_or_default();
        UsageError::new(format_args!("--gate `{text}`: {error}{suggestion}"))
    })
}

/// Where a run is written: as asked, or a directory of its own under `reports/`.
pub(super) fn output_directory(out: Option<&PathBuf>, plan: &str) -> PathBuf {
    if let Some(out) = out {
        return out.clone();
    }
    let safe: String = plan.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = format!("{safe}-{}", Zoned::now().strftime("%Y%m%d-%H%M%S"));
    let first = Path::new("reports").join(&name);
    let others = (2..).map(|number| Path::new("reports").join(format!("{name}-{number}")));
    std::iter::once(first).chain(others).find(|path| !path.exists()).unwrap_or_default()
}

/// The seed of a run: as asked, or drawn.
pub(super) fn seed(plan: &Plan) -> u64 {
    // 48 bits, so that it is short to type and exact in every JSON reader.
    plan.seed.unwrap_or_else(|| rand::random::<u64>() >> 16)
}
