//! A draft as a plan file.

use std::fmt::{self, Write};

use super::draft::{Draft, DraftAuth, DraftBody, DraftFlow, DraftRule, DraftRuleKind, DraftSide, DraftStep};
use super::text::{Text, without_environment as fixed};
use super::yaml::{comment, inner, json, key, scalar};

/// Longest line on which headers and captures are written in braces.
const WIDTH: usize = 110;

pub(super) fn plan(draft: &Draft) -> String {
    let mut out = String::new();
    write_plan(&mut out, draft).expect("a String takes everything");
    out
}

impl DraftStep {
    /// Bytes of its lines and about how many values they have.
    pub(super) fn size(&self) -> (usize, usize) {
        let mut lines = String::new();
        write_step(&mut lines, self, "      - ").expect("a String takes everything");
        let values = lines.bytes().filter(|byte| matches!(byte, b':' | b',' | b'\n')).count() * 2;
        (lines.len(), values)
    }
}

fn write_plan(out: &mut String, draft: &Draft) -> fmt::Result {
    for line in &draft.comments {
        comment(out, 0, line)?;
    }
    writeln!(out, "version: 1\nname: {}", scalar(&plan_name(&draft.name)))?;
    if let Some(contract) = &draft.contract {
        writeln!(out, "contract: {}", scalar(&fixed(contract)))?;
    }
    writeln!(out, "\nsides:\n  baseline: {}", side(&draft.sides.baseline))?;
    writeln!(out, "  candidate: {}", side(&draft.sides.candidate))?;
    if let Some(auth) = &draft.auth {
        write_auth(out, auth)?;
    }
    write!(out, "\nflows:")?;
    for flow in &draft.flows {
        write_flow(out, flow)?;
    }
    write_rules(out, &draft.rules)?;
    if !draft.gates.is_empty() {
        writeln!(out, "\ngates:")?;
    }
    draft.gates.iter().try_for_each(|gate| writeln!(out, "  - {}", scalar(gate)))
}

/// The name goes into file names.
fn plan_name(name: &str) -> String {
    let name = name.trim_start_matches('.');
    let admitted = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().take(64).map(admitted).collect();
    if name.is_empty() { "imported".to_owned() } else { name }
}

/// What has variables of the environment only.
fn plain(text: &str) -> String {
    inner(&fixed(text))
}

fn side(side: &DraftSide) -> String {
    let ready = side.ready.as_ref().map(|path| format!(", ready: {}", plain(path))).unwrap_or_default();
    format!("{{ url: {}{ready} }}", plain(&side.url))
}

fn write_auth(out: &mut String, auth: &DraftAuth) -> fmt::Result {
    writeln!(out, "\nauth:")?;
    if let Some(login) = &auth.login {
        writeln!(out, "  login:")?;
        write_step(out, login, "    ")?;
    }
    let (name, value) = &auth.header;
    writeln!(out, "  header: {}", scalar(&behind(&format!("{name}: "), value).spelled()))
}

fn behind(start: &str, text: &Text) -> Text {
    text.pieces().iter().cloned().fold(Text::literal(start), Text::then)
}

fn write_flow(out: &mut String, flow: &DraftFlow) -> fmt::Result {
    writeln!(out)?;
    if let Some(line) = &flow.comment {
        comment(out, 2, line)?;
    }
    let name: String = flow.name.chars().map(|c| if c == '/' || c.is_control() { '-' } else { c }).collect();
    writeln!(out, "  - name: {}", scalar(&fixed(&name)))?;
    if flow.weight != 1 {
        writeln!(out, "    weight: {}", flow.weight)?;
    }
    writeln!(out, "    steps:")?;
    for step in &flow.steps {
        if let Some(line) = &step.comment {
            comment(out, 6, line)?;
        }
        write_step(out, step, "      - ")?;
    }
    Ok(())
}

/// The lines of a step; the first begins with `first`, the others with as many blanks.
fn write_step(out: &mut String, step: &DraftStep, first: &str) -> fmt::Result {
    let indent = first.len();
    let blanks = " ".repeat(indent);
    match step.name.as_ref().filter(|name| !name.trim().is_empty()) {
        Some(name) => write!(out, "{first}name: {}\n{blanks}", scalar(&fixed(name)))?,
        None => out.push_str(first),
    }
    writeln!(out, "request: {}", scalar(&behind(&format!("{} ", step.method), &step.target).spelled()))?;
    if step.without_auth {
        writeln!(out, "{blanks}auth: false")?;
    }
    let headers = step.headers.iter().map(|(name, value)| (name.as_str(), value.spelled_never_blank()));
    write_mapping(out, "headers", &headers.collect::<Vec<_>>(), indent)?;
    match &step.body {
        DraftBody::None => {}
        DraftBody::Json(value) => {
            write!(out, "{blanks}json:")?;
            json(out, value, indent + 2, indent + 6)?;
        }
        DraftBody::Text(text) => writeln!(out, "{blanks}body: {}", scalar(&text.spelled_never_blank()))?,
    }
    match step.status.as_slice() {
        [] => {}
        [one] => writeln!(out, "{blanks}expect: {{ status: {one} }}")?,
        several => {
            let list = several.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            writeln!(out, "{blanks}expect: {{ status: [{list}] }}")?;
        }
    }
    let captures = step.capture.iter().map(|(name, from)| (name.as_str(), fixed(from)));
    write_mapping(out, "capture", &captures.collect::<Vec<_>>(), indent)
}

/// Keys and texts, in braces where they fit on a line.
fn write_mapping(out: &mut String, name: &str, entries: &[(&str, String)], indent: usize) -> fmt::Result {
    if entries.is_empty() {
        return Ok(());
    }
    let line = entries.iter().map(|(name, value)| format!("{}: {}", key(name), inner(value))).collect::<Vec<_>>();
    let line = format!("{name}: {{ {} }}", line.join(", "));
    if line.len() + indent <= WIDTH {
        return writeln!(out, "{:indent$}{line}", "");
    }
    writeln!(out, "{:indent$}{name}:", "")?;
    entries.iter().try_for_each(|(name, value)| writeln!(out, "{:indent$}  {}: {}", "", key(name), scalar(value)))
}

fn write_rules(out: &mut String, rules: &[DraftRule]) -> fmt::Result {
    let (ignored, others): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.kind == DraftRuleKind::Ignore);
    if !rules.is_empty() {
        writeln!(out, "\ncompare:")?;
    }
    for (name, rules) in [("ignore", ignored), ("rules", others)] {
        if !rules.is_empty() {
            writeln!(out, "  {name}:")?;
        }
        for rule in rules {
            write_rule(out, rule)?;
        }
    }
    Ok(())
}

fn write_rule(out: &mut String, rule: &DraftRule) -> fmt::Result {
    match rule.place.strip_prefix("header ") {
        Some(name) => write!(out, "    - {{ header: {}", plain(name))?,
        None => write!(out, "    - {{ path: {}", plain(&rule.place))?,
    }
    if let DraftRuleKind::As(keys) = &rule.kind {
        keys.iter().try_for_each(|(name, value)| write!(out, ", {}: {}", key(name), plain(value)))?;
    }
    writeln!(out, ", reason: {} }}", plain(&rule.reason))
}
