//! `cutover import`: plans from what others wrote down.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::Exit;
use super::args::{HarArgs, ImportCommand};
use super::draft::{self, Recording};
use super::options::UsageError;
use super::{Refused, openapi, print, record};
use crate::import::{self, Dropped, HarRead, Sealed, Sealer};

pub(super) fn import(command: &ImportCommand) -> Exit {
    let written = match command {
        ImportCommand::Openapi(args) => openapi::import(args),
        ImportCommand::Har(args) => har(args),
        ImportCommand::Recording(args) => {
            let checked = draft::check(&args.draft).map_err(Refused::from);
            checked.and_then(|()| record::make_plan(&args.file, &args.draft, BTreeMap::new()))
        }
    };
    match written {
        Ok(()) => Exit::Pass,
        Err(Refused(message, exit)) => {
            print::note(&message);
            exit
        }
    }
}

fn har(args: &HarArgs) -> Result<(), Refused> {
    draft::check(&args.draft)?;
    let name = args.file.display().to_string();
    let mut sealer = Sealer::default();
    let mut exchanges: Vec<Sealed> = Vec::new();
    let mut dropped: BTreeMap<Dropped, usize> = BTreeMap::new();
    let mut with_credentials = 0;
    let read = import::read_har(open(&args.file)?, |exchange| {
        let unwanted = import::unwanted(&exchange).filter(|_| !args.draft.all);
        let names = exchange.request_headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        with_credentials += names.filter(|name| name == "authorization" || name == "cookie").count();
        match unwanted.map_or_else(|| sealer.seal(&exchange), Err) {
            Ok(exchange) => exchanges.push(exchange),
            Err(reason) => *dropped.entry(reason).or_default() += 1,
        }
    });
    let read = read.map_err(|error| {
        UsageError(format!("error: cannot import `{name}`\n  Caused by: {error}\nhint: {}", hint_for(&args.file)))
    })?;
    tell(&name, &read, with_credentials == 0 && !exchanges.is_empty());
    let (origin, others) = choose(&exchanges, args.host.as_deref())?;
    let before = exchanges.len();
    exchanges.retain(|exchange| exchange.origin() == origin);
    if before > exchanges.len() {
        dropped.insert(Dropped::OtherHost, before - exchanges.len());
    }
    draft::write(
        &args.draft,
        Recording { from: &name, origin: &origin, others: &others, one_caller: true, exchanges, dropped },
    )
}

fn open(file: &Path) -> Result<Box<dyn Read>, UsageError> {
    let plain: Box<dyn Read> =
        if file.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let opened = File::open(file);
            Box::new(opened.map_err(|error| {
                UsageError(format!("error: cannot read `{}`\n  Caused by: {error}", file.display()))
            })?)
        };
    let mut plain = BufReader::new(plain);
    // An input that cannot be read says so again when it is.
    let is_packed = plain.fill_buf().is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
    Ok(if is_packed { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(plain) })
}

fn hint_for(file: &Path) -> &'static str {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension {
        "yaml" | "yml" => "a plan is used as it is: `cutover check FILE`",
        _ => "a HAR is JSON that begins with `{\"log\": {`; export it again from the browser's network panel",
    }
}

/// What a reader of the plan must know about the file.
fn tell(name: &str, read: &HarRead, is_without_credentials: bool) {
    let creator = if read.creator.is_empty() { String::new() } else { format!(", written by {}", read.creator) };
    print::note(&format!("{name}: {} entries{creator}", read.entries));
    if let Some(cut) = &read.cut {
        print::note(&format!("warning: the file is not whole: {cut}; its first {} entries are used", read.entries));
    }
    if let Some((number, error)) = &read.first_broken {
        print::note(&format!(
            "warning: {} entries are broken and left out; the first is entry {number}: {error}",
            read.broken
        ));
    }
    if read.without_content > 0 {
        print::note(&format!(
            "warning: {} answers have no content in this file: values that came from them are sent as recorded\n\
             hint: export \u{201c}HAR with content\u{201d}",
            read.without_content
        ));
    }
    if is_without_credentials {
        print::note(
            "warning: no request has a cookie or a token; a browser leaves them out unless asked for \u{201c}HAR with \
             sensitive data\u{201d}",
        );
    }
}

/// The origin that the plan is for, and the others with how many requests each had.
fn choose(sealed: &[Sealed], host: Option<&str>) -> Result<(String, Vec<(String, usize)>), UsageError> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in sealed {
        *counts.entry(exchange.origin()).or_default() += 1;
    }
    let is_host = |origin: &str| {
        let authority = origin.split("://").nth(1).unwrap_or(origin);
        host.is_none_or(|host| [origin, authority, authority.split(':').next().unwrap_or_default()].contains(&host))
    };
    let best = counts.iter().filter(|(origin, _)| is_host(origin)).max_by_key(|(_, count)| **count);
    let Some((best, _)) = best else {
        let hosts = counts.keys().map(|origin| format!("`{origin}`")).collect::<Vec<_>>().join(", ");
        return Err(UsageError(match host {
            Some(host) if !hosts.is_empty() => {
                format!("error: no request went to `{host}`\nhint: there are requests to {hosts}")
            }
            _ => "error: the file has no request that could become a step\nhint: `--all` keeps pages, pictures and \
                  scripts too"
                .to_owned(),
        }));
    };
    let others = counts.iter().filter(|(origin, _)| *origin != best);
    Ok(((*best).to_owned(), others.map(|(origin, count)| ((*origin).to_owned(), *count)).collect()))
}
