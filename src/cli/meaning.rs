//! Which options have a meaning for a command: the others are refused, so that nobody believes that they did something.

use super::args::Overrides;
use super::options::UsageError;

/// What a command is about, as far as options have a meaning for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// `verify PLAN`.
    Verify,
    /// `load PLAN`.
    Load,
    /// `load URL`.
    LoadUrl,
    /// `search PLAN`.
    Search,
    /// `search URL`.
    SearchUrl,
}

impl About {
    /// As messages have it.
    const fn name(self) -> &'static str {
        match self {
            Self::Verify => "`cutover verify`",
            Self::Load => "`cutover load`",
            Self::LoadUrl => "one URL",
            Self::Search | Self::SearchUrl => "`cutover search`",
        }
    }
}

/// What would change nothing is refused, so that nobody believes that it did.
pub(super) fn refuse_what_says_nothing(about: About, overrides: &Overrides) -> Result<(), UsageError> {
    use About::{Load, LoadUrl, Search, SearchUrl, Verify};
    const URL: &[About] = &[LoadUrl, SearchUrl];
    const NO_REPLAY: &[About] = &[Load, LoadUrl, Search, SearchUrl];
    const SEARCHES: &[About] = &[Search, SearchUrl];
    const NO_LOAD: &[About] = &[Verify];
    let no_replay = "answers are compared one by one by `cutover verify PLAN` and `cutover run PLAN`";
    let two_sides = "the URL is the only side; to load two, use `cutover load PLAN`";
    let own_database = "a service that runs already has its database";
    let own_load = "a search finds the rate itself; `--start`, `--most` and `--step` say where and how long";
    let no_load = "it runs no load; `cutover run PLAN` compares and loads, `cutover load PLAN` loads";
    let no_pairs = "there are no pairs of one side; use `--duration`";
    let load = &overrides.load;
    // From the environment it is a habit of the machine and no wish.
    let database = overrides.database.as_ref().filter(|asked| std::env::var("CUTOVER_DATABASE").as_ref() != Ok(asked));
    let faults = !overrides.faults.is_empty() && overrides.faults != ["none"];
    let table: [(&str, bool, &[About], &str); 19] = [
        ("--baseline", overrides.baseline.is_some(), URL, two_sides),
        ("--candidate", overrides.candidate.is_some(), URL, two_sides),
        ("--database", database.is_some(), URL, own_database),
        ("--postgres-image", overrides.postgres_image.is_some(), URL, own_database),
        (
            "--defect",
            !overrides.defects.is_empty(),
            URL,
            "only a bundled candidate has defects; use `cutover load PLAN`",
        ),
        ("--noise-runs", overrides.noise_runs.is_some(), NO_REPLAY, no_replay),
        ("--contract", overrides.contract.is_some(), NO_REPLAY, no_replay),
        ("--faults", faults, NO_REPLAY, no_replay),
        ("--users", load.users.is_some(), SEARCHES, own_load),
        ("--duration", load.duration.is_some(), SEARCHES, own_load),
        ("--pairs", load.pairs.is_some(), SEARCHES, own_load),
        ("--max-pairs", load.max_pairs.is_some(), SEARCHES, own_load),
        ("--pairs", load.pairs.is_some(), &[LoadUrl], no_pairs),
        ("--max-pairs", load.max_pairs.is_some(), &[LoadUrl], no_pairs),
        ("--rate", load.rate.is_some(), NO_LOAD, no_load),
        ("--users", load.users.is_some(), NO_LOAD, no_load),
        ("--duration", load.duration.is_some(), NO_LOAD, no_load),
        ("--pairs", load.pairs.is_some(), NO_LOAD, no_load),
        ("--max-pairs", load.max_pairs.is_some(), NO_LOAD, no_load),
    ];
    for (option, is_given, abouts, hint) in table {
        if is_given && abouts.contains(&about) {
            return Err(UsageError::new(format_args!("{option} has no meaning for {}\nhint: {hint}", about.name())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{self, Cli};

    #[test]
    fn what_has_no_meaning_for_a_command_is_refused_and_not_ignored() {
        const ALL: [About; 5] = [About::Verify, About::Load, About::LoadUrl, About::Search, About::SearchUrl];
        for (more, refused) in [
            (["--noise-runs", "2"], &ALL[1..]),
            (["--contract", "/openapi.json"], &ALL[1..]),
            (["--faults", "database-slow"], &ALL[1..]),
            (["--faults", "none"], &[]),
            (["--duration", "9s"], &[About::Verify, About::Search, About::SearchUrl]),
            (["--users", "9"], &[About::Verify, About::Search, About::SearchUrl]),
            (["--rate", "9"], &[About::Verify]),
            (["--pairs", "9"], &[About::Verify, About::LoadUrl, About::Search, About::SearchUrl]),
            (["--max-pairs", "9"], &[About::Verify, About::LoadUrl, About::Search, About::SearchUrl]),
            (["--baseline", "http://old"], &[About::LoadUrl, About::SearchUrl]),
            (["--seed", "5"], &[]),
            (["--gate", "candidate.p95 <= 1s"], &[]),
        ] {
            let cli = Cli::try_parse_from([&["cutover", "check"], &more[..]].concat()).unwrap();
            let args::Command::Check(args) = cli.command else { panic!("not `check`") };
            for about in ALL {
                let told = refuse_what_says_nothing(about, &args.plan.overrides);
                assert_eq!(told.is_err(), refused.contains(&about), "{more:?} for {about:?}: {told:?}");
            }
        }
    }
}
