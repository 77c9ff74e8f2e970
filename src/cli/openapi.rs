//! `cutover import openapi`: a plan made of an `OpenAPI` document, from a file or from a service that runs.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::args::OpenapiArgs;
use super::options::UsageError;
use super::{Refused, print, save};
use crate::contract::{self, Contract, MAX_BYTES};
use crate::import::{self, ContractOptions, ImportedContract};
use crate::role::Pair;

/// How long a service may take to hand its document out.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Warnings of a document that are shown.
const MOST_WARNINGS: usize = 20;

/// Makes the plan, writes it and says what it is.
pub(super) fn import(args: &OpenapiArgs) -> Result<(), Refused> {
    if let Some(out) = args.out.as_ref().filter(|out| out.exists() && !args.force) {
        let hint = "give another file, or `--force` to write over it";
        return Err(UsageError(format!("error: `{}` is there already\nhint: {hint}", out.display())).into());
    }
    let source = Source::open(&args.document)?;
    let contract = contract::read(&source.bytes).map_err(|error| cannot_import(&args.document, &error))?;
    if contract.operations.is_empty() {
        return Err(cannot_import(&args.document, &"the document has no operations").into());
    }
    let options = ContractOptions {
        name: plan_name(args, &contract),
        from: without_credentials(&args.document),
        contract: source.place(args.out.as_deref()),
        sides: sides(args, &source, &contract),
    };
    let imported = import::draft_of_contract(&contract, &options);
    save::plan(args.out.as_deref(), args.force, &imported.draft.to_yaml())?;
    print::note(&in_words(args, &contract, &imported));
    Ok(())
}

fn cannot_import(document: &str, why: &dyn std::fmt::Display) -> UsageError {
    UsageError(format!("error: cannot import `{}`\n  Caused by: {why}", without_credentials(document)))
}

/// A document and where it comes from.
struct Source {
    bytes: Vec<u8>,
    /// Where it was found in the end, if it came from a service.
    url: Option<reqwest::Url>,
    file: Option<PathBuf>,
}

impl Source {
    fn open(document: &str) -> Result<Self, UsageError> {
        if document.starts_with("http://") || document.starts_with("https://") {
            return fetch(document).map_err(|why| cannot_import(document, &why));
        }
        let file = (document != "-").then(|| PathBuf::from(document));
        let mut bytes = Vec::new();
        let most = MAX_BYTES as u64 + 1;
        let read = match &file {
            Some(file) => File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)),
            None => io::stdin().take(most).read_to_end(&mut bytes),
        };
        read.map_err(|error| UsageError(format!("error: cannot read `{document}`\n  Caused by: {error}")))?;
        Ok(Self { bytes, url: None, file })
    }

    /// As `contract:` of the plan has it: a path of the baseline, or a file beside the plan.
    fn place(&self, out: Option<&Path>) -> Option<String> {
        if let Some(url) = &self.url {
            return url.query().is_none().then(|| url.path().to_owned());
        }
        let directory = out.and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
        let (file, directory) = (
            std::path::absolute(self.file.as_ref()?).ok()?,
            std::path::absolute(directory.unwrap_or(Path::new("."))).ok()?,
        );
        Some(relative(&directory, &file).display().to_string())
    }
}

/// A file as it is named from a directory; both absolute.
fn relative(directory: &Path, file: &Path) -> PathBuf {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (directory.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to[shared..].iter().copied()).collect()
}

/// Redirects are followed; what comes in the end must be a document.
fn fetch(url: &str) -> Result<Source, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| in_full(&error))?;
        let mut answer = client.get(url).send().await.map_err(|error| in_full(&error.without_url()))?;
        let url = answer.url().clone();
        if !answer.status().is_success() {
            return Err(format!("{} answered {}", without_credentials(url.as_str()), answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| in_full(&error.without_url()))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BYTES {
                return Err(format!("the document has more than the {MAX_BYTES} bytes that are read"));
            }
        }
        Ok(Source { bytes, url: Some(url), file: None })
    })
}

fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A URL without the user and password that it may have.
fn without_credentials(document: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(document) else { return document.to_owned() };
    if url.username().is_empty() && url.password().is_none() {
        return document.to_owned();
    }
    // Both fail for URLs that cannot have them, and those have none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.to_string()
}

/// The title as the name of a plan; the file's name says more where there is one.
fn plan_name(args: &OpenapiArgs, contract: &Contract) -> String {
    let stem = args.out.as_deref().and_then(Path::file_stem).and_then(|stem| stem.to_str());
    let name = stem.map_or_else(|| contract.title.to_lowercase(), str::to_owned);
    let name: String = name.split_whitespace().collect::<Vec<_>>().join("-");
    if name.is_empty() { "imported".to_owned() } else { name }
}

/// As asked, else where the document comes from, else what it says itself.
fn sides(args: &OpenapiArgs, source: &Source, contract: &Contract) -> Pair<String> {
    let served = source.url.as_ref().map(reqwest::Url::to_string);
    let named = contract.document().pointer("/servers/0/url").and_then(|url| url.as_str()).map(str::to_owned);
    let known = served.or(named).and_then(|url| origin(&url));
    let side = |given: &Option<String>, other: &str| {
        let given = given.clone().map(|url| url.trim_end_matches('/').to_owned());
        given.or_else(|| known.clone()).unwrap_or_else(|| other.to_owned())
    };
    Pair {
        baseline: side(&args.baseline, "http://127.0.0.1:8000"),
        candidate: side(&args.candidate, "http://127.0.0.1:8001"),
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// What was made, what was left out and why, and what to do next.
fn in_words(args: &OpenapiArgs, contract: &Contract, imported: &ImportedContract) -> String {
    let mut text = String::new();
    let draft = &imported.draft;
    let steps: usize = draft.flows.iter().map(|flow| flow.steps.len()).sum();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "plan {}: {} operations, {} flows, {steps} steps",
        draft.name,
        contract.operations.len(),
        draft.flows.len()
    );
    for warning in contract.warnings.iter().take(MOST_WARNINGS) {
        let _ = writeln!(text, "warning: {warning}");
    }
    if contract.warnings.len() > MOST_WARNINGS {
        let _ = writeln!(text, "warning: … and {} more", contract.warnings.len() - MOST_WARNINGS);
    }
    for operation in &imported.left_out {
        let _ = writeln!(text, "left out: {operation}");
    }
    if !imported.environment.is_empty() {
        let _ = writeln!(text, "secrets are not in the plan; set before it is used:");
    }
    for (name, what) in &imported.environment {
        let _ = writeln!(text, "  {name}  {what}");
    }
    if let Some(out) = &args.out {
        let _ = writeln!(text, "next: cutover verify {} --baseline URL --candidate URL", out.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_where_the_plan_is() {
        for (directory, file, expected) in [
            ("/a/b", "/a/b/openapi.json", "openapi.json"),
            ("/a/b", "/a/c/openapi.json", "../c/openapi.json"),
            ("/a", "/a/b/c.yaml", "b/c.yaml"),
            ("/", "/x.json", "x.json"),
        ] {
            assert_eq!(relative(Path::new(directory), Path::new(file)), Path::new(expected));
        }
    }

    #[test]
    fn a_side_is_scheme_host_and_port() {
        assert_eq!(origin("https://api.example:8443/v1?x").as_deref(), Some("https://api.example:8443"));
        assert_eq!(origin("/v1"), None);
        assert_eq!(without_credentials("http://me:secret@h/openapi.json"), "http://h/openapi.json");
    }
}
