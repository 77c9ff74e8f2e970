//! Sides and databases of a plan.

use std::path::PathBuf;
use std::time::Duration;

use reference_service::{DEFECTS, DefectError, DefectSetting};

use super::super::fields::{Fields, choice, duration, entries, switch, text, texts, whole};
use super::super::keys::{BUNDLED, DATABASE, MAX_STUDENTS, METRICS, SEED, SIDE, SIDES, STACKS};
use super::super::problems::Problems;
use super::super::side::{PATH_FORM, is_path};
use super::super::template::{canonical, holes};
use super::super::yaml::{Node, Value};
use super::super::{Database, Metrics, Provider, Side, SideKind, Speaks, Stack, Transport, UrlError};
use crate::diagnostic::did_you_mean;
use crate::role::{Pair, Role};

/// Names that are filled in when a side is started.
const START_NAMES: [&str; 2] = ["port", "database_url"];

pub(super) fn sides(node: Option<&Node>, problems: &mut Problems<'_>) -> Pair<Option<Side>> {
    let fields = node.and_then(|node| Fields::open(node, &SIDES, problems));
    Pair::from_fn(|role: Role| {
        let node = fields.as_ref().and_then(|fields| fields.get(role.name()));
        node.and_then(|node| side(node, problems))
    })
}

fn side(node: &Node, problems: &mut Problems<'_>) -> Option<Side> {
    let fields = Fields::open(node, &SIDE, problems)?;
    let (env, dir) = (fields.get("env"), fields.get("dir"));
    let (is_bundled, is_command) = (fields.get("bundled").is_some(), fields.get("command").is_some());
    for (key, node) in [("env", env), ("dir", dir)] {
        if let Some(node) = node.filter(|_| !is_command) {
            let start = node.span.start;
            problems.at(&(start..start + 1), format!("`{key}` goes with `command` only"), None);
        }
    }
    let bundled = fields.get("bundled").and_then(|node| bundled(node, problems));
    let url = fields.get("url").and_then(|node| url(node, problems));
    let command = fields.get("command").and_then(|node| command(node, env, dir, problems));
    let is_encrypted = matches!(&url, Some(SideKind::Url { url }) if url.starts_with("https:"));
    let transport = transport(&fields, is_encrypted, problems);
    let ready = fields.get("ready").and_then(|node| path(node, problems));
    let most = Duration::from_hours(1);
    let timeout = fields.get("ready_timeout");
    let timeout = timeout.and_then(|node| duration(node, Duration::from_millis(1)..=most, problems));
    let named = fields.get("metrics").and_then(|node| metrics(node, problems));
    let bundled_metrics = || Metrics { path: "/metrics".to_owned(), names: Metrics::DEFAULT_NAMES.to_owned() };
    Some(Side {
        kind: bundled.or(url).or(command)?,
        ready: ready.unwrap_or_else(|| Side::DEFAULT_READY.to_owned()),
        ready_by_any: false,
        ready_timeout: timeout.unwrap_or(Side::DEFAULT_READY_TIMEOUT),
        metrics: named.or_else(|| is_bundled.then(bundled_metrics)),
        transport,
    })
}

/// How a side is spoken to; certificates are a matter of `https` only.
fn transport(fields: &Fields<'_>, is_encrypted: bool, problems: &mut Problems<'_>) -> Transport {
    let protocol = fields.get("protocol").and_then(|node| choice(node, &Speaks::NAMES, "protocol", problems));
    let (ca, insecure) = (fields.get("ca"), fields.get("insecure"));
    for (key, node) in [("ca", ca), ("insecure", insecure)] {
        if let Some(node) = node.filter(|_| !is_encrypted) {
            let start = node.span.start;
            problems.at(&(start..start + 1), format!("`{key}` goes with an `https` URL only"), None);
        }
    }
    let speaks = protocol.and_then(Speaks::parse).unwrap_or_default();
    let ca_file = ca.and_then(|node| text(node, problems)).map(PathBuf::from);
    let insecure = insecure.and_then(|node| switch(node, problems)).unwrap_or(false);
    if let (Some(node), true) = (ca, insecure) {
        problems.value(
            node,
            "`ca` says whom to trust, and `insecure` trusts anybody",
            Some("leave one out".to_owned()),
        );
    }
    Transport { speaks, ca: ca_file, insecure }
}

fn bundled(node: &Node, problems: &mut Problems<'_>) -> Option<SideKind> {
    let fields = Fields::open(node, &BUNDLED, problems)?;
    let stack = fields.get("stack").and_then(|node| choice(node, STACKS, "stack", problems));
    if let Some(Value::List(nodes)) = fields.get("defects").map(|node| &node.value) {
        for node in nodes {
            check_defect(node, problems);
        }
    }
    let defects = texts(fields.get("defects"), problems);
    let args = texts(fields.get("args"), problems);
    let stack = if stack? == "async" { Stack::Async } else { Stack::Blocking };
    Some(SideKind::Bundled { stack, defects, args })
}

fn check_defect(node: &Node, problems: &mut Problems<'_>) {
    let Some(scalar) = node.scalar().filter(|scalar| !scalar.text.is_empty()) else { return };
    match scalar.text.parse::<DefectSetting>() {
        Ok(_) => {}
        Err(DefectError::Unknown(name, _)) => {
            let hint = did_you_mean(&name, DEFECTS.map(|defect| defect.name));
            problems.value(node, format!("unknown defect `{name}`"), hint);
        }
        Err(error) => problems.value(node, error.to_string(), None),
    }
}

fn url(node: &Node, problems: &mut Problems<'_>) -> Option<SideKind> {
    match Side::from_url(text(node, problems)?.trim_end_matches('/')) {
        Ok(side) => Some(side.kind),
        Err(UrlError { message, hint }) => {
            problems.value(node, message, Some(hint));
            None
        }
    }
}

fn command(node: &Node, env: Option<&Node>, dir: Option<&Node>, problems: &mut Problems<'_>) -> Option<SideKind> {
    let command = command_line(node, &START_NAMES, problems);
    let env = environment(env, problems);
    let dir = dir.and_then(|node| text(node, problems)).map(PathBuf::from);
    let mentions_port = |text: &String| holes(text).any(|(_, _, name)| name == "port");
    if !command.iter().chain(env.iter().map(|(_, value)| value)).any(mentions_port) {
        let hint = "the harness chooses the port: pass `{{port}}` as an argument or in `env`".to_owned();
        problems.at(&(node.span.start..node.span.start + 1), "the command is not told its port", Some(hint));
    }
    (!command.is_empty()).then_some(SideKind::Command { command, env, dir })
}

fn command_line(node: &Node, names: &[&str], problems: &mut Problems<'_>) -> Vec<String> {
    if let Value::List(nodes) = &node.value {
        for node in nodes {
            check_holes(node, names, problems);
        }
        if nodes.is_empty() {
            problems.value(node, "a command needs a program", None);
        }
    }
    texts(Some(node), problems).iter().map(|text| canonical(text)).collect()
}

fn environment(node: Option<&Node>, problems: &mut Problems<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (key, node) in entries(node, problems) {
        check_holes(node, &START_NAMES, problems);
        let name = key.scalar().map_or("", |scalar| &scalar.text);
        if name.is_empty() || name.contains(['=', '\0']) {
            problems.at(&key.span, format!("`{name}` cannot be the name of an environment variable"), None);
        }
        match node.scalar() {
            Some(value) if value.is_null() => out.push((name.to_owned(), String::new())),
            Some(value) => out.push((name.to_owned(), canonical(&value.text))),
            None => problems.value(node, format!("expected text, found {}", node.kind()), None),
        }
    }
    out
}

fn check_holes(node: &Node, names: &[&str], problems: &mut Problems<'_>) {
    for (offset, length, name) in node.scalar().iter().flat_map(|scalar| holes(&scalar.text)) {
        if !names.contains(&name) {
            let hint = did_you_mean(name, names.iter().copied());
            problems.part(node, node.part(offset, length), format!("unknown variable `{{{{{name}}}}}`"), hint);
        }
    }
}

fn path(node: &Node, problems: &mut Problems<'_>) -> Option<String> {
    let path = text(node, problems)?;
    if is_path(path) {
        return Some(path.to_owned());
    }
    problems.value(node, format!("`{path}` is not a path"), Some(PATH_FORM.to_owned()));
    None
}

fn metrics(node: &Node, problems: &mut Problems<'_>) -> Option<Metrics> {
    if node.scalar().is_some() {
        return Some(Metrics { path: path(node, problems)?, names: Metrics::DEFAULT_NAMES.to_owned() });
    }
    let fields = Fields::open(node, &METRICS, problems)?;
    let names = fields.get("names").and_then(|node| choice(node, &Metrics::NAMES, "mapping", problems));
    let path = fields.get("path").and_then(|node| path(node, problems))?;
    Some(Metrics { path, names: names.unwrap_or(Metrics::DEFAULT_NAMES).to_owned() })
}

pub(super) fn default_database() -> Database {
    Database {
        provider: Provider::Auto,
        latency: Duration::ZERO,
        students: 1000,
        setup: None,
        image: "postgres:17-alpine".to_owned(),
    }
}

pub(super) fn database(node: Option<&Node>, problems: &mut Problems<'_>) -> Database {
    let default = default_database();
    let Some(fields) = node.and_then(|node| Fields::open(node, &DATABASE, problems)) else { return default };
    let provider = fields.get("provider").and_then(|node| provider(node, problems));
    let most = Duration::from_secs(10);
    let latency = fields.get("latency").and_then(|node| duration(node, Duration::ZERO..=most, problems));
    let is_file = provider == Some(Provider::Sqlite);
    if let (Some(node), true, true) = (fields.get("latency"), is_file, latency > Some(Duration::ZERO)) {
        let hint = "latency is put on the wire to a server; leave it out or choose another provider".to_owned();
        problems.value(node, "`sqlite` is a file and has no latency", Some(hint));
    }
    let students = fields.get("seed").and_then(|node| students(node, problems));
    let setup = fields.get("setup").map(|node| command_line(node, &START_NAMES[1..], problems));
    let image = fields.get("image").and_then(|node| text(node, problems));
    Database {
        provider: provider.unwrap_or(default.provider),
        latency: latency.unwrap_or(default.latency),
        students: students.unwrap_or(default.students),
        setup,
        image: image.map_or(default.image, str::to_owned),
    }
}

fn provider(node: &Node, problems: &mut Problems<'_>) -> Option<Provider> {
    let word = text(node, problems)?;
    match Provider::parse(word) {
        Ok(provider) => Some(provider),
        Err(message) => {
            let server = "`postgres://…` names a server of your own".to_owned();
            let hint = if word.contains("://") { None } else { did_you_mean(word, Provider::NAMES) };
            problems.value(node, message, Some(hint.unwrap_or(server)));
            None
        }
    }
}

fn students(node: &Node, problems: &mut Problems<'_>) -> Option<u64> {
    let fields = Fields::open(node, &SEED, problems)?;
    fields.get("students").and_then(|node| whole(node, 0..=MAX_STUDENTS, problems))
}
