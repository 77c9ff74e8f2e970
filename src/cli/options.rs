//! What the arguments mean: a plan with its settings changed, checked before anything is started.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Zoned;

use super::args::{LoadOverrides, Overrides};
use crate::contract::Contract;
use crate::diagnostic::did_you_mean;
use crate::plan::{
    self, AdHocError, Arrivals, ContractSource, Document, Fault, Gate, Metrics, Plan, PlanError, Provider, SideKind,
    Spacing, UrlError,
};
use crate::role::Role;
use crate::run::{Command, contract_file};
use crate::tally::secrets::is_secret_name;
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
/// Most blocks of an ad-hoc load test that has gates.
const MOST_BLOCKS: f64 = 10.0;
/// Most arrivals that an ad-hoc test in the open model has under way.
const MOST_UNDERWAY: usize = 256;

/// Arguments that make no sense, in words for people.
#[derive(Debug)]
pub(super) struct UsageError(pub(super) String);

impl UsageError {
    pub(super) fn new(message: impl std::fmt::Display) -> Self {
        Self(format!("error: {message}"))
    }

    fn url(option: &str, UrlError { message, hint }: &UrlError) -> Self {
        Self::new(format_args!("{option}: {message}\nhint: {hint}"))
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
    for (role, url) in [(Role::Baseline, &overrides.baseline), (Role::Candidate, &overrides.candidate)] {
        if let Some(url) = url {
            plan.replace_by_url(role, url).map_err(|error| UsageError::url(&format!("--{role}"), &error))?;
        }
    }
    apply_metrics(plan, overrides)?;
    if let Some(provider) = &overrides.database {
        plan.database.provider = Provider::parse(provider).map_err(|error| usage("--database", error))?;
    }
    if let Some(image) = &overrides.postgres_image {
        plan.database.image.clone_from(image);
    }
    add_defects(plan, &overrides.defects)?;
    if let Some(document) = &overrides.contract {
        let except = plan.contract.take().map_or_else(Vec::new, |contract| contract.except);
        plan.contract = Some(ContractSource { document: document_of(document)?, except });
    }
    choose_faults(plan, &overrides.faults)?;
    plan.seed = overrides.seed.or(plan.seed);
    plan.compare.noise_runs = overrides.noise_runs.or(plan.compare.noise_runs);
    apply_load(plan, &overrides.load)?;
    plan.check_load()
        .map_err(|message| UsageError::new(format_args!("the load of this plan cannot be run: {message}")))?;
    add_gates(plan, &overrides.gates)
}

/// Settings that decide what answers come, for whoever wants to see the same again. The address of a database server is a
/// secret; whoever has it gives it again.
pub(super) fn settings(overrides: &Overrides) -> Vec<String> {
    let Overrides { load, .. } = overrides;
    let provider = overrides.database.as_ref().filter(|text| !text.contains("://"));
    let faults = (!overrides.faults.is_empty()).then(|| overrides.faults.join(","));
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let single = [
        ("--baseline", overrides.baseline.clone()),
        ("--candidate", overrides.candidate.clone()),
        ("--baseline-metrics", overrides.baseline_metrics.clone()),
        ("--candidate-metrics", overrides.candidate_metrics.clone()),
        ("--database", provider.cloned()),
        ("--postgres-image", overrides.postgres_image.clone()),
        ("--noise-runs", number(overrides.noise_runs)),
        ("--contract", overrides.contract.clone()),
        ("--faults", faults),
        ("--rate", load.rate.clone()),
        ("--users", load.users.map(|users| users.to_string())),
        ("--duration", load.duration.clone()),
        ("--pairs", number(load.pairs)),
        ("--max-pairs", number(load.max_pairs)),
    ];
    let defects = overrides.defects.iter().map(|defect| ("--defect", Some(defect.clone())));
    let all = single.into_iter().chain(defects).filter_map(|(name, value)| Some([name.to_owned(), value?]));
    all.flatten().collect()
}

/// A URL as records may hold it: what may be a secret in its query is left out.
pub(super) fn without_secrets(url: &str) -> String {
    /// Longer values are more likely keys than choices.
    const LONGEST: usize = 16;
    const OTHERS: [&str; 5] = ["key", "auth", "sig", "session", "code"];
    let Some((before, query)) = url.split_once('?') else { return url.to_owned() };
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, value))
            if is_secret_name(name)
                || OTHERS.iter().any(|other| name.to_ascii_lowercase().contains(other))
                || value.chars().count() > LONGEST =>
        {
            format!("{name}=…")
        }
        _ => part.to_owned(),
    });
    format!("{before}?{}", parts.collect::<Vec<_>>().join("&"))
}

/// A path of the baseline, or a file relative to the working directory rather than to the plan.
fn document_of(text: &str) -> Result<Document, UsageError> {
    match Document::parse(text) {
        Document::File(file) => {
            let absolute = std::path::absolute(file);
            absolute.map(Document::File).map_err(|error| UsageError::new(format_args!("--contract: {error}")))
        }
        served @ Document::Served(_) => Ok(served),
    }
}

fn apply_metrics(plan: &mut Plan, overrides: &Overrides) -> Result<(), UsageError> {
    let given = [(Role::Baseline, &overrides.baseline_metrics), (Role::Candidate, &overrides.candidate_metrics)];
    for (role, metrics) in given.into_iter().filter_map(|(role, metrics)| Some((role, metrics.as_ref()?))) {
        let usage = |message| UsageError::new(format_args!("--{role}-metrics: {message}"));
        let metrics = Metrics::parse(metrics).map_err(usage)?;
        let side = plan.sides.get_mut(role).as_mut();
        side.ok_or_else(|| usage(format!("there is no {role}")))?.metrics = Some(metrics);
    }
    Ok(())
}

/// Adds the gates of the command line. Then each gate must be one that the plan, as it is now, can measure; targets that
/// it cannot stay open, for the verdict does not depend on them.
fn add_gates(plan: &mut Plan, texts: &[String]) -> Result<(), UsageError> {
    for text in texts {
        plan.gates.push(parse_gate(text)?);
    }
    let refusals: Vec<String> = plan
        .gates
        .iter()
        .filter_map(|gate| plan.admits(gate).err().map(|refusal| format!("\n  gate `{gate}`: {refusal}")))
        .collect();
    match refusals.len() {
        0 => Ok(()),
        1 => Err(UsageError::new(refusals[0].trim_start())),
        count => Err(UsageError::new(format_args!("{count} gates cannot be judged{}", refusals.concat()))),
    }
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

/// The faults that are named in place of the plan's, which must say how they are shown.
fn choose_faults(plan: &mut Plan, names: &[String]) -> Result<(), UsageError> {
    let usage = |message: String| UsageError::new(format_args!("--faults: {message}"));
    if names.is_empty() {
        return Ok(());
    }
    let Some(faults) = &mut plan.faults else {
        if *names == ["none"] {
            return Ok(());
        }
        return Err(usage("the plan has no `faults`, which name the requests that show them".to_owned()));
    };
    let chosen = match names {
        [word] if word == "none" => Vec::new(),
        [word] if word == "all" => Fault::ALL.into_iter().filter(|fault| faults.lacks(*fault).is_none()).collect(),
        _ => names.iter().map(|name| parse_fault(name).map_err(usage)).collect::<Result<Vec<_>, _>>()?,
    };
    if let Some(lack) = chosen.iter().find_map(|fault| faults.lacks(*fault)) {
        return Err(usage(format!("{lack}, in the plan's `faults`")));
    }
    faults.inject = Fault::ALL.into_iter().filter(|fault| chosen.contains(fault)).collect();
    Ok(())
}

fn parse_fault(name: &str) -> Result<Fault, String> {
    Fault::parse(name).ok_or_else(|| {
        let hint = did_you_mean(name, Fault::NAMES).unwrap_or_else(|| format!("there are {}", Fault::NAMES.join(", ")));
        format!("unknown fault `{name}`; {hint}")
    })
}

fn apply_load(plan: &mut Plan, overrides: &LoadOverrides) -> Result<(), UsageError> {
    if let Some(arrivals) = arrivals(overrides, plan.load.arrivals)? {
        plan.load.replace_arrivals(arrivals);
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
    plan.load.max_pairs = overrides.max_pairs.or(plan.load.max_pairs);
    let pairs = plan.load.pairs;
    if overrides.max_pairs.is_some_and(|most| most < pairs) {
        return Err(UsageError::new(format_args!("--max-pairs: less than the {pairs} pairs there are anyway")));
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
    let mut plan = Plan::ad_hoc(url, arrivals, duration).map_err(|error| match error {
        AdHocError::Url(error) => UsageError::url("load", &error),
        AdHocError::Load(message) => UsageError::new(message),
    })?;
    plan.seed = overrides.seed;
    apply_metrics(&mut plan, overrides)?;
    add_gates(&mut plan, &overrides.gates)?;
    if !plan.gates.is_empty() {
        divide(&mut plan.load);
    }
    Ok(plan)
}

/// Gates on times are judged by how much they vary from block to block, so few blocks are made many. Each lasts a second
/// at least and has an arrival.
fn divide(load: &mut plan::Load) {
    let length = load.block * load.pairs;
    let arrivals = match load.arrivals {
        Arrivals::Open { rate, .. } => rate * length.as_secs_f64(),
        Arrivals::Closed { .. } => f64::INFINITY,
    };
    let blocks = length.as_secs_f64().min(arrivals).clamp(1.0, MOST_BLOCKS) as u32;
    if blocks > load.pairs {
        (load.block, load.pairs) = (length / blocks, blocks);
    }
}

/// The contract of a plan, if it is in a file and the command compares anything.
pub(super) fn read_contract(plan: &Plan, command: Command) -> Result<Option<Contract>, UsageError> {
    if matches!(command, Command::Load | Command::Search) {
        return Ok(None);
    }
    contract_file(plan).map_err(UsageError::new)
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{self, Cli};

    /// The plan that `cutover check` would show, or what it would say.
    fn check(arguments: &[&str]) -> Result<Plan, String> {
        let cli =
            Cli::try_parse_from([&["cutover", "check"], arguments].concat()).map_err(|error| error.to_string())?;
        let args::Command::Check(args) = cli.command else { panic!("not `check`") };
        let mut plan = read_plan(&args.plan.plan).map_err(|UsageError(message)| message)?;
        apply(&mut plan, &args.plan.overrides).map_err(|UsageError(message)| message)?;
        Ok(plan)
    }

    fn load(arguments: &[&str]) -> Result<Plan, String> {
        let cli = Cli::try_parse_from([&["cutover", "load"], arguments].concat()).map_err(|error| error.to_string())?;
        let args::Command::Load(args) = cli.command else { panic!("not `load`") };
        crate::cli::meaning::refuse_what_says_nothing(crate::cli::meaning::About::LoadUrl, &args.overrides)
            .map_err(|UsageError(message)| message)?;
        ad_hoc(&args.target, &args.overrides).map_err(|UsageError(message)| message)
    }

    #[test]
    fn a_url_may_be_one_of_tls_and_of_nothing_else() {
        assert!(check(&["--baseline", "https://old", "--candidate", "https://new:8000"]).is_ok());
        assert!(load(&["https://new:8000/students"]).is_ok());
        let message = load(&["ftp://new:8000/students"]).expect_err("refused");
        assert!(message.starts_with("error: load: a URL begins with `http://` or `https://`"), "{message}");
    }

    #[test]
    fn an_ad_hoc_test_with_gates_has_blocks_to_judge_them_by() {
        let blocks = |arguments: &[&str]| {
            let plan = load(&[&["http://new:8000/students", "--gate", "p(95)<500"], arguments].concat()).unwrap();
            (plan.load.pairs, plan.load.block)
        };
        assert_eq!(blocks(&[]), (10, Duration::from_secs(1)));
        assert_eq!(blocks(&["-d", "60s"]), (10, Duration::from_secs(6)));
        assert_eq!(blocks(&["-d", "500ms"]), (1, Duration::from_millis(500)));
        assert_eq!(blocks(&["-d", "10s", "--rate", "0.5"]), (5, Duration::from_secs(2)));
        assert_eq!(load(&["http://new:8000/students"]).unwrap().load.pairs, 1);
    }

    #[test]
    fn pairs_may_be_added_but_not_taken_away() {
        assert_eq!(check(&["students", "--pairs", "4", "--max-pairs", "8"]).unwrap().load.max_pairs, Some(8));
        let refused = check(&["students", "--max-pairs", "2"]).unwrap_err();
        assert!(refused.contains("--max-pairs: less than the 10 pairs"), "{refused}");
    }

    const SERVED: [&str; 4] = ["--baseline", "http://127.0.0.1:8081", "--candidate", "http://127.0.0.1:8082"];

    #[test]
    fn a_side_that_was_started_by_hand_is_ready_and_measured_as_the_plan_says() {
        for name in ["students", "students-smoke"] {
            let bundled = check(&[name]).unwrap();
            let served = check(&[&[name], &SERVED[..]].concat()).unwrap_or_else(|message| panic!("{message}"));
            for (role, side) in served.sides.iter() {
                let (side, was) = (side.as_ref().unwrap(), bundled.sides.get(role).as_ref().unwrap());
                assert!(matches!(side.kind, SideKind::Url { .. }));
                assert_eq!(
                    (&side.ready, side.ready_timeout, &side.metrics),
                    (&was.ready, was.ready_timeout, &was.metrics)
                );
                assert_eq!(side.metrics.as_ref().map(|metrics| &*metrics.path), Some("/metrics"));
            }
            assert_eq!((&served.gates, &served.targets), (&bundled.gates, &bundled.targets), "targets stay open");
        }
    }

    #[test]
    fn every_gate_that_can_no_longer_be_measured_is_named() {
        let message = check(&[&SERVED[..], &["--gate", "candidate.cpu < 40%"]].concat()).unwrap_err();
        assert!(message.starts_with("error: gate `candidate.cpu < 40%`: `candidate.cpu` is not measured"), "{message}");
        assert!(message.contains("known by its URL only"), "{message}");

        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("plan.yaml");
        let text = "version: 1\nname: two
sides: { baseline: { bundled: { stack: blocking } }, candidate: { bundled: { stack: async } } }
flows: [ { name: browse, steps: [ { request: GET /students } ] } ]
gates: [ candidate.rss < 64MiB, candidate.p95 < 1s, baseline.cpu < 50% ]\n";
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        assert!(check(&[file]).is_ok());
        let message = check(&[&[file], &SERVED[..]].concat()).unwrap_err();
        assert!(message.starts_with("error: 2 gates cannot be judged\n  gate `candidate.rss < 64MiB`: "), "{message}");
        assert!(message.contains("\n  gate `baseline.cpu < 50%`: ") && !message.contains("candidate.p95"), "{message}");
    }

    #[test]
    fn metrics_are_given_to_a_side_by_path_and_names() {
        let metrics = |path: &str, names: &str| Some(Metrics { path: path.to_owned(), names: names.to_owned() });
        for (text, expected) in [
            ("/prometheus", metrics("/prometheus", "opentelemetry")),
            ("/metrics:hikaricp", metrics("/metrics", "hikaricp")),
            ("/metrics:auto", metrics("/metrics", "auto")),
            ("/a:b/metrics", metrics("/a:b/metrics", "opentelemetry")),
        ] {
            let plan = check(&["--candidate", "http://new", "--candidate-metrics", text]).unwrap();
            assert_eq!(plan.sides.candidate.unwrap().metrics, expected);
            let plan = check(&["--baseline-metrics", text]).unwrap();
            assert_eq!(plan.sides.baseline.unwrap().metrics, expected);
        }
        for (text, part) in [
            ("metrics", "--candidate-metrics: `metrics` is not a path"),
            (":hikaricp", "`` is not a path"),
            ("/metrics:hikari", "unknown mapping `hikari`; did you mean `hikaricp`?"),
        ] {
            let message = check(&["--candidate-metrics", text]).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn what_has_no_meaning_for_one_url_is_refused_and_not_ignored() {
        for more in [
            ["--baseline", "http://old"],
            ["--candidate", "http://new"],
            ["--database", "docker"],
            ["--postgres-image", "postgres:17"],
            ["--defect", "wrong-status"],
            ["--noise-runs", "2"],
            ["--contract", "/openapi.json"],
            ["--faults", "database-slow"],
            ["--pairs", "3"],
        ] {
            let message = load(&[&["http://new/x"], &more[..]].concat()).expect_err(more[0]);
            assert!(
                message.starts_with(&format!("error: {} has no meaning for one URL\nhint: ", more[0])),
                "{message}"
            );
        }
        for more in [["--faults", "none"], ["--duration", "3s"], ["--rate", "5"], ["--seed", "5"]] {
            assert!(load(&[&["http://new/x"], &more[..]].concat()).is_ok(), "{more:?}");
        }
    }

    #[test]
    fn settings_are_given_again_as_they_were() {
        let given = [
            "--postgres-image",
            "postgres:17",
            "--noise-runs",
            "0",
            "--contract",
            "/openapi.json",
            "--faults",
            "none",
            "--max-pairs",
            "30",
            "--defect",
            "wrong-status",
        ];
        let settings = |given: &[&str]| {
            let cli = Cli::try_parse_from([&["cutover", "check"], given].concat()).unwrap();
            let args::Command::Check(args) = cli.command else { panic!("not `check`") };
            settings(&args.plan.overrides)
        };
        assert_eq!(settings(&given), given);
        assert_eq!(settings(&["--database", "postgres://me:secret@db/x", "--seed", "5"]), [""; 0]);
    }

    #[test]
    fn a_url_on_record_has_no_secret_in_its_query() {
        for (url, kept) in [
            ("http://h/a", "http://h/a"),
            ("http://h/a?page=2&size=20", "http://h/a?page=2&size=20"),
            ("http://h/a?page=2&access_token=abc", "http://h/a?page=2&access_token=…"),
            ("http://h/a?API_KEY=abc&x", "http://h/a?API_KEY=…&x"),
            ("http://h/a?q=0123456789abcdef0", "http://h/a?q=…"),
        ] {
            assert_eq!(without_secrets(url), kept);
        }
    }

    #[test]
    fn load_that_cannot_be_run_is_refused_with_a_reason() {
        for (arguments, part) in [
            (["--rate", "0"], "--rate: `0` must be above 0"),
            (["--rate", "1e9"], "--rate: `1e9` is not a rate"),
            (["--rate", "1000000000"], "at most 1000000/s"),
            (["--rate", "nan"], "--rate: `nan` is not a rate"),
            (["--rate", "0.001"], "nothing may arrive in the"),
            (["--rate", "900000"], "are the most that are kept in memory; make `block` shorter"),
            (["--users", "0"], "--users: at least 1"),
            (["--users", "2"], "`users` is 2, and each of the "),
            (["--users", "100001"], "users must be from 1 to 100000"),
            (["--pairs", "0"], "--pairs: at least 1"),
            (["--pairs", "4000000000"], "pairs must be from 1 to 10000"),
            (["--duration", "9000h"], "pairs must be from 1 to 10000; make `--duration` shorter"),
        ] {
            let message = check(&[&["students"], &arguments[..]].concat()).expect_err(arguments[1]);
            assert!(message.contains(part), "{message}");
        }
        let fast = load(&["http://new/x", "--rate", "900000"]).expect("cut into blocks that memory holds").load;
        assert_eq!((fast.block, fast.pairs), (Duration::from_secs(1), 10));
    }

    #[test]
    fn metrics_make_a_pool_gate_of_one_url_possible() {
        let load = |more: &[&str]| load(&[&["http://new/x", "--gate", "candidate.pool.timeouts == 0"], more].concat());
        assert!(load(&[]).unwrap_err().contains("`--candidate-metrics /metrics`"));
        assert!(load(&["--candidate-metrics", "/metrics"]).is_ok());
        assert!(load(&["--baseline-metrics", "/metrics"]).unwrap_err().contains("there is no baseline"));
    }
}
