//! A server whose answers come when a script says, so that what a load generator reports can be held against the truth.
//!
//! ```text
//! truth-server SCRIPT [--listen ADDRESS] [--seed N] [--spin]   serves until its standard input ends
//! truth-server SCRIPT --expect RATE SECONDS [--seed N]         what an open client must see, in µs
//! ```

mod script;
mod server;

use std::process::ExitCode;

use script::{Script, expected, quantile};
use server::Idle;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (script, options) = arguments.split_first().ok_or("which script? e.g. `fixed:20ms`")?;
    let script: Script = script.parse()?;
    let (mut listen, mut seed, mut idle, mut expect) = ("127.0.0.1:0".to_owned(), 1, Idle::Sleep, None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().ok_or(format!("`{option}` needs a value"));
        match option.as_str() {
            "--listen" => value()?.clone_into(&mut listen),
            "--seed" => seed = value()?.parse().map_err(|_| "the seed is a whole number")?,
            "--spin" => idle = Idle::Spin,
            "--expect" => expect = Some((number(value()?)?, number(value()?)?)),
            _ => return Err(format!("unknown option `{option}`")),
        }
    }
    if let Some((rate, seconds)) = expect {
        let all = expected(script, seed, rate, (rate * seconds).ceil() as u64);
        println!("{}", percentiles(|share| quantile(&all, share)));
        return Ok(());
    }
    let listen = listen.parse().map_err(|_| format!("`{listen}` is no address"))?;
    let server =
        server::start(listen, script, seed, idle).map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    println!("listening on http://{}", server.address);
    // Nothing is asked of the other end but to be there.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let late = server.late.lock().map_err(|_| "the server panicked")?;
    println!("{}", percentiles(|share| late.value_at_quantile(share) as f64));
    Ok(())
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn percentiles(at: impl Fn(f64) -> f64) -> String {
    let shares = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
    let all = shares.map(|(name, share)| format!("\"{name}\":{:.0}", at(share)));
    format!("{{{}}}", all.join(","))
}
