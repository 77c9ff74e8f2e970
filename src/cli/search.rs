//! `cutover search`.

use std::time::Duration;

use super::Exit;
use super::args::SearchArgs;
use super::meaning::About;
use super::options::{self, UsageError};
use super::run::{Asked, plan_to_load, start, url_of};
use crate::plan::{self, Arrivals, Plan};
use crate::run::{Command, SearchOptions, check_search, search_gates};
use crate::units::{format_duration, parse_duration};

/// The first rate where the plan has none.
const START: f64 = 50.0;
/// Part of the plan's rate at which to begin.
const START_SHARE: f64 = 0.25;
/// Longest step.
const LONGEST: Duration = Duration::from_hours(1);
/// No rate below this is tried.
const LEAST: f64 = 1.0;

pub(super) fn search(args: &SearchArgs) -> Exit {
    let abouts = [About::Search, About::SearchUrl];
    let asked = plan_to_load(&args.target, &args.overrides, abouts).and_then(|mut plan| {
        let options = options_of(args, &plan)?;
        if search_gates(&plan).is_empty() {
            return Err(UsageError(
                "error: there is nothing to hold a rate against\nhint: give a gate with a limit of its own: `--gate \
                 'candidate.p95 <= 200ms'`"
                    .to_owned(),
            ));
        }
        // They say nothing of a single step.
        plan.targets.clear();
        Ok((plan, options))
    });
    let (plan, search) = match asked {
        Ok((plan, options)) => (Ok(plan), Some(options)),
        Err(error) => (Err(error), None),
    };
    let (target, settings) = (url_of(&args.target), settings(args));
    let asked = Asked { search, show_output: args.show_output, target, settings, ..Asked::of(Command::Search) };
    start(plan.map(|plan| (plan, asked)), &args.output)
}

/// What of the command line decides what is found; the seed is on record by itself.
fn settings(args: &SearchArgs) -> Vec<String> {
    let own = [
        ("--start", args.start.clone()),
        ("--most", Some(args.most.clone())),
        ("--step", Some(args.step.clone())),
        ("--precision", Some(args.precision.clone())),
        ("--repeats", Some(args.repeats.to_string())),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
    options::settings(&args.overrides).into_iter().chain(own.flatten()).collect()
}

/// `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, factor) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |number| (number.trim(), 0.01));
    let number: f64 = number.parse().map_err(|_| format!("`{text}` is no share, write it like `5%`"))?;
    let share = number * factor;
    if (0.01..=0.5).contains(&share) { Ok(share) } else { Err("between 1% and 50%".to_owned()) }
}

fn options_of(args: &SearchArgs, plan: &Plan) -> Result<SearchOptions, UsageError> {
    let error = |option: &str, message: String| UsageError(format!("error: {option}: {message}"));
    let rate = |option: &str, text: &str| plan::parse_rate(text).map_err(|message| error(option, message));
    let present = match plan.load.arrivals {
        Arrivals::Open { rate, .. } => rate * START_SHARE,
        Arrivals::Closed { .. } => START,
    };
    let start = args.start.as_deref().map_or(Ok(present), |text| rate("--start", text))?;
    let most = rate("--most", &args.most)?;
    if most < start {
        return Err(error("--most", format!("{most}/s is below the first rate, {start}/s")));
    }
    let measured = parse_duration(&args.step).map_err(|message| error("--step", message))?;
    if measured < Duration::from_secs(1) {
        return Err(error("--step", "at least 1s, or there is nothing to see".to_owned()));
    }
    if measured > LONGEST {
        return Err(error("--step", format!("at most {}, for there are many of them", format_duration(LONGEST))));
    }
    let precision = share(&args.precision).map_err(|message| error("--precision", message))?;
    let options = SearchOptions {
        start: start.max(LEAST),
        least: LEAST,
        most: most.max(LEAST),
        measured,
        precision,
        repeats: args.repeats,
    };
    check_search(plan, &options).map_err(|message| error("--step", format!("{message} (`--most` too)")))?;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_with_and_without_a_sign() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share(" 0.1 "), Ok(0.1));
        for text in ["", "x", "0%", "5", "60%", "NaN", "-5%"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
