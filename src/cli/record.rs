//! `cutover record`: a recording reverse proxy, and a plan at its end.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::args::{DraftArgs, Format, OutputArgs, RecordArgs};
use super::draft::{self, Recording};
use super::options::UsageError;
use super::terminal::Terminal;
use super::{Exit, Refused, interrupt};
use crate::http::Origin;
use crate::import::Dropped;
use crate::plan::{Speaks, Transport};
use crate::stop::Stop;
use crate::tap::{self, Counters, Recorder, Spool, TapOptions, read_spool};
use crate::units::parse_duration;

/// Where the plan goes if nobody says.
const DEFAULT_OUT: &str = "recorded.yaml";
/// Most exchanges of which a plan is made; a plan has room for far fewer.
const MOST: usize = 200_000;

impl Refused {
    fn environment(what: &str, error: &io::Error, hint: &str) -> Self {
        Self(format!("error: {what}\n  Caused by: {error}{hint}"), Exit::Environment)
    }
}

pub(super) fn record(mut args: RecordArgs) -> Exit {
    let terminal = Terminal::new(&OutputArgs { out: None, quiet: args.quiet, no_color: false, format: Format::Text });
    let out = args.draft.out.get_or_insert_with(|| PathBuf::from(DEFAULT_OUT)).clone();
    match run(&args, &out, &terminal) {
        Ok(()) => Exit::Pass,
        Err(Refused(message, exit)) => {
            terminal.clear();
            terminal.error(&message);
            exit
        }
    }
}

fn run(args: &RecordArgs, out: &Path, terminal: &Terminal) -> Result<(), Refused> {
    draft::check(&args.draft)?;
    let duration = args.duration.as_deref().map(parse_duration).transpose();
    let duration = duration.map_err(|error| UsageError(format!("error: --duration: {error}")))?;
    let stop = Stop::default();
    interrupt::install(&stop, terminal);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Refused::environment("no threads to be had", &error, ""))?;
    let spool = out.with_extension("recording");
    if spool == out {
        return Err(UsageError(format!(
            "error: --out: `{}` is where the traffic itself is written until the plan is made\nhint: a plan ends in \
             `.yaml`",
            out.display()
        ))
        .into());
    }
    let dropped = runtime.block_on(tap(args, &spool, duration, terminal, &stop))?;
    drop(runtime);
    make_plan(&spool, &args.draft, dropped)?;
    // The plan has what was in it; a file that stays does no harm.
    let _ = std::fs::remove_file(&spool);
    Ok(())
}

/// Records until the end is asked for. Gives back what was not recorded, by reason.
async fn tap(
    args: &RecordArgs,
    spool: &Path,
    duration: Option<Duration>,
    terminal: &Terminal,
    stop: &Stop,
) -> Result<BTreeMap<Dropped, usize>, Refused> {
    // What is passed on piece by piece is HTTP/1.1 on both sides.
    let transport = Transport { speaks: Speaks::Http1, ..Transport::default() };
    let upstream = Origin::resolve_over(&args.upstream, &transport).await;
    let upstream = upstream.map_err(|error| UsageError(format!("error: --upstream: {}", error.in_full())))?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Refused::environment(
            &format!("cannot listen at {}", args.listen),
            &error,
            "\nhint: take another port with `--listen`",
        )
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let file = Spool::create(spool, &upstream.base_url).map_err(|error| {
        let hint = format!(
            "\nhint: if a recording was left there, make its plan with `cutover import recording {}`",
            spool.display()
        );
        Refused::environment(&format!("cannot write `{}`", spool.display()), &error, &hint)
    })?;
    let counters = Arc::new(Counters::default());
    let recorder = Recorder::start(file, upstream.base_url.clone(), args.draft.all, Arc::clone(&counters));
    let recorder = recorder.map_err(|error| Refused::environment("no thread to be had", &error, ""))?;
    terminal.note(&format!("recording http://{address} → {}; Ctrl-C ends it", upstream.base_url));
    let options = TapOptions {
        upstream,
        preserve_host: args.preserve_host,
        keep_body: args.keep_body,
        max_requests: args.max_requests,
    };
    tokio::select! {
        () = tap::run(listener, options, &recorder, stop) => {}
        () = watch(terminal, &counters, duration, stop) => {}
    }
    let dropped = tokio::task::spawn_blocking(move || recorder.finish()).await.unwrap_or_default();
    terminal.clear();
    conclude(terminal, &counters);
    Ok(dropped)
}

/// Says how far it is, asks for the end when it is time, and never ends itself.
async fn watch(terminal: &Terminal, counters: &Counters, duration: Option<Duration>, stop: &Stop) {
    terminal.progress().phase("recording");
    let begun = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    loop {
        ticks.tick().await;
        if duration.is_some_and(|duration| begun.elapsed() >= duration) {
            stop.trigger();
        }
        let missed = Counters::get(&counters.missed);
        let missed = if missed > 0 { format!(", {missed} missed") } else { String::new() };
        let (requests, recorded) = (Counters::get(&counters.requests), Counters::get(&counters.recorded));
        terminal.status(&format!("{requests} requests, {recorded} recorded{missed}"));
    }
}

fn conclude(terminal: &Terminal, counters: &Counters) {
    let get = Counters::get;
    let (requests, recorded) = (get(&counters.requests), get(&counters.recorded));
    terminal.note(&format!("{requests} requests went through, {recorded} were recorded"));
    if get(&counters.missed) > 0 {
        terminal.note(&format!(
            "warning: {} were not recorded, because they came faster than they could be written down",
            get(&counters.missed)
        ));
    }
    if get(&counters.unwritten) > 0 {
        terminal.note(&format!("warning: {} could not be written to disk", get(&counters.unwritten)));
    }
    if get(&counters.failed) > 0 {
        terminal.note(&format!("warning: {} got no answer from upstream", get(&counters.failed)));
    }
}

/// Makes the plan of a recording.
pub(super) fn make_plan(spool: &Path, args: &DraftArgs, mut dropped: BTreeMap<Dropped, usize>) -> Result<(), Refused> {
    let read = read_spool(spool, MOST);
    let (origin, exchanges, left_out) = read.map_err(|error| {
        let cause =
            std::error::Error::source(&error).map(|cause| format!("\n  Caused by: {cause}")).unwrap_or_default();
        UsageError(format!("error: `{}`: {error}{cause}", spool.display()))
    })?;
    if left_out > 0 {
        *dropped.entry(Dropped::Limit).or_default() += left_out;
    }
    draft::write(
        args,
        Recording { from: "a recording", origin: &origin, others: &[], one_caller: false, exchanges, dropped },
    )
}
