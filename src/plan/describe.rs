//! A plan in words: what would run.

use std::fmt::{self, Write};

use super::{Arrivals, ContractSource, Flow, Gate, Learn, Plan, Provider, RuleKind, Side, SideKind, Speaks};
use crate::units::{format_count, format_duration};

/// What would run, for people, line by line. Holds no secret: URLs of databases, values of headers and
/// arguments of commands are left out.
pub fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    write_plan(&mut out, plan).expect("a String takes everything");
    out
}

fn write_plan(out: &mut String, plan: &Plan) -> fmt::Result {
    writeln!(out, "plan {}", plan.name)?;
    for (role, side) in plan.sides.iter().filter_map(|(role, side)| side.as_ref().map(|side| (role, side))) {
        writeln!(out, "  {role:<10} {}", side_in_words(side))?;
    }
    writeln!(out, "  database   {}", database_in_words(plan))?;
    if let Some(auth) = &plan.auth {
        writeln!(out, "  login      {} → header {}", auth.login.name, auth.header.0)?;
    }
    write_flows(out, &plan.flows)?;
    if let Some(contract) = &plan.contract {
        write_contract(out, contract)?;
    }
    write_rules(out, plan)?;
    write_ids(out, plan)?;
    write_state(out, plan)?;
    write_faults(out, plan)?;
    writeln!(out, "\nload")?;
    write_load(out, plan)?;
    write_gates(out, "gates", &plan.gates)?;
    write_gates(out, "targets", &plan.targets)
}

fn side_in_words(side: &Side) -> String {
    let mut words = match &side.kind {
        SideKind::Bundled { stack, defects, args } => {
            let defects = defects.iter().map(|defect| format!(", defect {defect}"));
            let args = args.iter().map(|arg| format!(", {arg}"));
            format!("bundled, stack {}{}", stack.name(), defects.chain(args).collect::<String>())
        }
        SideKind::Url { url } => url.clone(),
        SideKind::Command { command, .. } => format!("command {}", program(command)),
    };
    let _ = write!(words, ", ready at {} within {}", side.ready, format_duration(side.ready_timeout));
    words.push_str(match side.transport.speaks {
        Speaks::Auto => "",
        Speaks::Http1 => ", HTTP/1.1",
        Speaks::Http2 => ", HTTP/2",
    });
    if let Some(ca) = &side.transport.ca {
        let _ = write!(words, ", certificates of {}", ca.display());
    }
    if side.transport.insecure {
        words.push_str(", certificate not checked");
    }
    match &side.metrics {
        Some(metrics) => words + &format!(", metrics {} ({})", metrics.path, metrics.names),
        None => words + ", no pool metrics",
    }
}

/// The program of a command; arguments may be secrets that came from the environment.
fn program(command: &[String]) -> String {
    let program = command.first().map_or("", String::as_str);
    if command.len() > 1 { format!("{program} …") } else { program.to_owned() }
}

fn database_in_words(plan: &Plan) -> String {
    let database = &plan.database;
    let is_used =
        plan.sides.iter().any(|(_, side)| side.as_ref().is_some_and(|side| !matches!(side.kind, SideKind::Url { .. })));
    if !is_used {
        return "that of the services, not known".to_owned();
    }
    let mut words = database.provider.name().to_owned();
    if matches!(database.provider, Provider::Auto | Provider::Docker) {
        let _ = write!(words, " (image {})", database.image);
    }
    if !database.latency.is_zero() {
        let _ = write!(words, ", {} away", format_duration(database.latency));
    }
    match &database.setup {
        Some(setup) => words + ", set up by " + &program(setup),
        None => words + &format!(", {} students", format_count(database.students)),
    }
}

fn write_flows(out: &mut String, flows: &[Flow]) -> fmt::Result {
    let total: u64 = flows.iter().map(|flow| u64::from(flow.weight)).sum();
    let steps: usize = flows.iter().map(|flow| flow.steps.len()).sum();
    writeln!(out, "\nflows ({}, {steps} steps)", flows.len())?;
    for flow in flows {
        let share = f64::from(flow.weight) * 100.0 / total.max(1) as f64;
        writeln!(out, "  {} (weight {}, {share:.1} % of arrivals)", flow.name, flow.weight)?;
        for (step, think) in flow.steps.iter().zip(&flow.think) {
            let is_default = step.name.starts_with(&format!("{} /", step.method));
            let method = if is_default { String::new() } else { format!(" ({})", step.method) };
            let think = think.map(|think| format!(", then a pause of {think}")).unwrap_or_default();
            writeln!(out, "    {}{method}{}{think}", step.name, expectation(&step.expect.status))?;
        }
    }
    Ok(())
}

fn expectation(status: &[u16]) -> String {
    let words: Vec<String> = status.iter().map(u16::to_string).collect();
    if words.is_empty() { String::new() } else { format!(" → {}", words.join(" or ")) }
}

fn write_contract(out: &mut String, contract: &ContractSource) -> fmt::Result {
    writeln!(out, "\ncontract {}", contract.document)?;
    contract.except.iter().try_for_each(|exception| writeln!(out, "  except {exception}: {}", exception.reason))
}

fn write_rules(out: &mut String, plan: &Plan) -> fmt::Result {
    writeln!(out, "\ncompared: everything, except")?;
    if plan.compare.rules.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for rule in &plan.compare.rules {
        let kind = kind_in_words(&rule.kind);
        let only = [&rule.flow, &rule.step].into_iter().flatten().map(|name| format!(", only in {name}"));
        writeln!(out, "  {} {kind}{}: {}", rule.place, only.collect::<String>(), rule.reason)?;
    }
    Ok(())
}

/// How the databases are compared, where a plan says something about it.
fn write_state(out: &mut String, plan: &Plan) -> fmt::Result {
    let state = &plan.compare.state;
    if state.rules.is_empty() && state.sums.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\ndatabases compared after each flow that changes something and after the load: everything, except"
    )?;
    for rule in &state.rules {
        writeln!(out, "  {rule} {}: {}", kind_in_words(&rule.kind), rule.reason)?;
    }
    for sum in &state.sums {
        writeln!(
            out,
            "  the sum of table {} column {} must be the same after the load: {}",
            sum.table, sum.column, sum.reason
        )?;
    }
    Ok(())
}

fn kind_in_words(kind: &RuleKind) -> String {
    match kind {
        RuleKind::Ignore => "not at all".to_owned(),
        RuleKind::Datetime { within } => format!("as times within {}", format_duration(*within)),
        RuleKind::Uuid => "as UUIDs".to_owned(),
        RuleKind::Number { within } => format!("as numbers within {within}"),
        RuleKind::Unordered => "in any order".to_owned(),
        RuleKind::Keyed { by } => format!("in any order, paired by {by}"),
        RuleKind::Matches { pattern } => format!("as texts that match /{pattern}/"),
        RuleKind::Schema { .. } => "by a JSON Schema".to_owned(),
    }
}

fn write_ids(out: &mut String, plan: &Plan) -> fmt::Result {
    let learned = match plan.compare.ids.learn {
        Learn::Never => "ids must be equal",
        Learn::Created => "ids of what the flows create may differ, as long as each stays one",
        Learn::Changed => "ids in answers to changing requests may differ, as long as each stays one",
        Learn::Anywhere => "ids may differ, as long as each stays one",
    };
    writeln!(out, "  {learned}")?;
    match plan.noise_runs() {
        0 => writeln!(out, "  no noise run: what differs between two runs of the baseline is not known"),
        1 => writeln!(out, "  the baseline is run once more on its own; what differs then is compared by format"),
        runs => {
            writeln!(out, "  the baseline is run {runs} times more on its own; what differs then is compared by format")
        }
    }
}

fn write_faults(out: &mut String, plan: &Plan) -> fmt::Result {
    let Some(faults) = plan.faults.as_ref().filter(|faults| !faults.inject.is_empty()) else { return Ok(()) };
    writeln!(out, "\nfaults, each on both sides at the same moment")?;
    for fault in &faults.inject {
        match faults.step_of(*fault) {
            Some((flow, step)) => writeln!(out, "  {fault}: step {flow}/{step} of the flows")?,
            None => writeln!(out, "  {fault}")?,
        }
    }
    let probes: Vec<&str> = faults.probe.steps.iter().map(|step| &*step.name).collect();
    writeln!(out, "  probed by {}", probes.join(", "))?;
    let locked = faults.lock.as_ref().map_or_else(String::new, |table| format!("locks table {table}, "));
    writeln!(out, "  {locked}recovered within {}", format_duration(faults.recovery))
}

fn write_load(out: &mut String, plan: &Plan) -> fmt::Result {
    let load = &plan.load;
    match load.arrivals {
        Arrivals::Open { users, .. } => {
            writeln!(out, "  open model: {}, at most {users} under way", load.in_words())?;
        }
        Arrivals::Closed { .. } => writeln!(out, "  closed model: {}", load.in_words())?,
    }
    let blocks = u64::from(load.pairs) * plan.roles().len() as u64;
    let settle = if load.settle.is_zero() {
        String::new()
    } else {
        format!(", the first {} of each not counted", format_duration(load.settle))
    };
    writeln!(out, "  {blocks} blocks of {}{settle}", format_duration(load.block))?;
    if let Some(most) = load.max_pairs.filter(|most| *most > load.pairs) {
        writeln!(out, "  goes on to at most {most} pairs if a gate is not decided by then")?;
    }
    if !load.stop_early {
        writeln!(out, "  goes on to its end also where a gate is past saving")?;
    }
    writeln!(out, "  takes {} besides starting and the parity phase", format_duration(plan.estimated_load_time()))
}

fn write_gates(out: &mut String, title: &str, gates: &[Gate]) -> fmt::Result {
    if gates.is_empty() {
        return writeln!(out, "\n{title}: none");
    }
    writeln!(out, "\n{title}")?;
    gates.iter().try_for_each(|gate| writeln!(out, "  {gate}"))
}
