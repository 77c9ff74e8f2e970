//! The request of `cutover load URL`: a method, headers and a body besides the URL.

use super::args::RequestArgs;
use super::options::UsageError;
use crate::plan::template::Template;
use crate::plan::{Body, Filled, Plan};

/// Headers that frame a message and are set by whoever sends it.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// Puts what the arguments say into the one request of a plan. `environment` gives the value of a variable.
pub(super) fn shape(
    plan: &mut Plan,
    args: &RequestArgs,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(), UsageError> {
    let Some(step) = plan.flows.first_mut().and_then(|flow| flow.steps.first_mut()) else { return Ok(()) };
    let body = body(args)?;
    // As curl does: whoever sends something means to post it.
    let method = args.method.clone().unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    if http::Method::from_bytes(method.as_bytes()).is_err() {
        return Err(error("--method", &format!("`{method}` is no method, write it like `POST`")));
    }
    step.name = step.name.replacen("GET", &method, 1);
    step.method = method;
    for text in &args.headers {
        let (name, value) = header(text)?;
        let value = fill(value, environment, &mut plan.filled).map_err(|message| error("--header", &message))?;
        if http::HeaderValue::from_str(&value).is_err() {
            return Err(error("--header", &format!("the value of `{name}` is not one line of printable characters")));
        }
        step.headers.push((name.to_owned(), Template::literal(&value)));
    }
    step.body = body.map_or(Body::None, |body| Body::Text(Template::literal(&body)));
    Ok(())
}

/// The arguments as records may hold them: values stand in them only where the environment has them.
pub(super) fn settings(args: &RequestArgs) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |name: &str, value: String| all.extend([name.to_owned(), value]);
    args.method.iter().for_each(|method| add("--method", method.clone()));
    for text in &args.headers {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim();
        // `Bearer ${TOKEN}` says what it is and no secret.
        let is_named =
            value.contains("${") && value.split_whitespace().all(|word| word == "Bearer" || word.starts_with("${"));
        add("--header", format!("{}: {}", name.trim(), if is_named { value } else { "…" }));
    }
    args.body.iter().for_each(|_| add("--body", "…".to_owned()));
    args.body_file.iter().for_each(|file| add("--body-file", file.display().to_string()));
    all
}

/// The first argument that is given, if any.
pub(super) fn given(args: &RequestArgs) -> Option<&'static str> {
    [
        ("--method", args.method.is_some()),
        ("--header", !args.headers.is_empty()),
        ("--body", args.body.is_some()),
        ("--body-file", args.body_file.is_some()),
    ]
    .into_iter()
    .find_map(|(option, is_given)| is_given.then_some(option))
}

fn error(option: &str, message: &str) -> UsageError {
    UsageError(format!("error: {option}: {message}"))
}

fn body(args: &RequestArgs) -> Result<Option<String>, UsageError> {
    let Some(file) = &args.body_file else { return Ok(args.body.clone()) };
    let text = std::fs::read_to_string(file);
    text.map(Some).map_err(|why| error("--body-file", &format!("cannot read `{}`\n  Caused by: {why}", file.display())))
}

/// `name: value`. The value is never quoted: it may be a secret.
fn header(text: &str) -> Result<(&str, &str), UsageError> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(error("--header", "there is no `:`, write it like `Accept: application/json`"));
    };
    let (name, value) = (name.trim(), value.trim());
    match http::HeaderName::from_bytes(name.as_bytes()) {
        Err(_) => Err(error("--header", &format!("`{name}` cannot be the name of a header"))),
        Ok(lower) if FRAMING.contains(&lower.as_str()) => {
            Err(error("--header", &format!("`{name}` frames the message and is set for you")))
        }
        Ok(_) => Ok((name, value)),
    }
}

/// A text with each `${NAME}` replaced by the environment variable of that name.
fn fill(text: &str, environment: &dyn Fn(&str) -> Option<String>, filled: &mut Vec<Filled>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("`${` is not closed")?;
        let value = environment(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
        out.extend([before, &value]);
        filled.push(Filled { name: name.to_owned(), value });
        rest = after;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Arrivals;

    fn shaped(args: &RequestArgs) -> Result<Plan, String> {
        let arrivals = Arrivals::Closed { users: 1 };
        let mut plan = Plan::ad_hoc("http://127.0.0.1:1/a?b=1", arrivals, Duration::from_secs(1)).unwrap();
        let environment = |name: &str| (name == "TOKEN").then(|| "hidden".to_owned());
        shape(&mut plan, args, &environment).map_err(|UsageError(message)| message)?;
        Ok(plan)
    }

    fn with_header(text: &str) -> RequestArgs {
        RequestArgs { headers: vec![text.to_owned()], ..RequestArgs::default() }
    }

    #[test]
    fn a_request_is_what_the_arguments_say() {
        let args = RequestArgs {
            body: Some("{\"a\": \"{{x}}\"}".to_owned()),
            ..with_header("Authorization: Bearer ${TOKEN}")
        };
        let plan = shaped(&args).unwrap();
        let step = &plan.flows[0].steps[0];
        assert_eq!((&*step.name, &*step.method), ("POST /a", "POST"));
        assert_eq!(step.headers[0].0, "Authorization");
        let sent = format!("{:?}{:?}", step.headers[0].1, step.body);
        assert!(sent.contains("Bearer hidden") && sent.contains("{{x}}"), "as it stands: {sent}");
        assert_eq!(plan.filled[0].name, "TOKEN");
        let plan = shaped(&RequestArgs { method: Some("DELETE".to_owned()), ..RequestArgs::default() }).unwrap();
        assert_eq!(plan.flows[0].steps[0].name, "DELETE /a");
    }

    #[test]
    fn no_value_is_on_record_or_in_a_message() {
        for (text, kept) in [
            ("Authorization: Bearer ${TOKEN}", "Authorization: Bearer ${TOKEN}"),
            ("Authorization: Bearer hidden", "Authorization: …"),
            ("X-Key: hidden ${TOKEN}", "X-Key: …"),
        ] {
            assert_eq!(settings(&with_header(text)), ["--header", kept]);
        }
        let args = RequestArgs { body: Some("hidden".to_owned()), ..RequestArgs::default() };
        assert_eq!(settings(&args), ["--body", "…"]);
        for (text, part) in [
            ("hidden", "there is no `:`"),
            ("a b: hidden", "`a b` cannot be the name of a header"),
            ("Content-Length: hidden", "`Content-Length` frames the message"),
            ("X-A: hidden\u{7}", "the value of `X-A` is not one line"),
            ("X-A: hidden ${NOBODY}", "the environment variable `NOBODY` is not set"),
            ("X-A: hidden ${", "`${` is not closed"),
        ] {
            let message = shaped(&with_header(text)).unwrap_err();
            assert!(message.starts_with("error: --header: ") && message.contains(part), "{message}");
            assert!(!message.contains("hidden"), "{message}");
        }
    }
}
