//! The two systems and their databases.

use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::did_you_mean;

/// One system and how it is reached or started.
#[derive(Debug, Clone)]
pub struct Side {
    /// How it comes up.
    pub kind: SideKind,
    /// Path that answers 2xx once the side is ready.
    pub ready: String,
    /// Whether any answer there says so, whatever its status: it is a request of the load and no question about health.
    pub ready_by_any: bool,
    /// How long it may take to get ready.
    pub ready_timeout: Duration,
    /// Where its pool metrics are; `None`: it has none.
    pub metrics: Option<Metrics>,
    /// How it is spoken to.
    pub transport: Transport,
}

/// How a side is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transport {
    /// Which HTTP.
    pub speaks: Speaks,
    /// File of certificates (PEM) that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// Whether no certificate is checked at all.
    pub insecure: bool,
}

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaks {
    /// What TLS negotiates, HTTP/2 rather than HTTP/1.1; without TLS, HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; without TLS, without asking first.
    Http2,
}

impl Speaks {
    /// As plans spell it.
    pub const NAMES: [&'static str; 3] = ["auto", "http1", "http2"];

    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Auto, Self::Http1, Self::Http2];
        Self::NAMES.iter().zip(all).find_map(|(name, speaks)| (*name == word).then_some(speaks))
    }
}

/// How a side comes up.
#[derive(Debug, Clone)]
pub enum SideKind {
    /// The reference service that comes with the harness, started as a process of its own.
    Bundled {
        /// `async` or `blocking`.
        stack: Stack,
        /// Defects to switch on, `name` or `name=value`.
        defects: Vec<String>,
        /// More arguments for `cutover serve`, such as `--pool-size`.
        args: Vec<String>,
    },
    /// A service that runs already. The harness does not know its database.
    Url {
        /// Scheme, host and port, without a trailing slash.
        url: String,
    },
    /// A command that starts a service. `{{port}}` and `{{database_url}}` are filled in.
    Command {
        /// Program and arguments.
        command: Vec<String>,
        /// Environment on top of the harness's own.
        env: Vec<(String, String)>,
        /// Working directory; `None`: that of the harness.
        dir: Option<PathBuf>,
    },
}

/// Which of the reference service's two stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// Awaits all the way.
    Async,
    /// A worker pool of threads, as a synchronous data layer behind `run_in_threadpool`.
    Blocking,
}

impl Stack {
    /// As the command line spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
        }
    }
}

/// Where a side's pool metrics are and what they are called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Path of the Prometheus endpoint.
    pub path: String,
    /// Name of the mapping, one of [`Metrics::NAMES`].
    pub names: String,
}

impl Metrics {
    /// Whose names the metrics may have; `auto` takes the first that are there.
    pub const NAMES: [&'static str; 4] = ["auto", "opentelemetry", "hikaricp", "sqlalchemy"];

    /// Whose names they have unless the plan says otherwise.
    pub const DEFAULT_NAMES: &'static str = "opentelemetry";

    /// Reads `/metrics` or, with one of [`Self::NAMES`], `/metrics:hikaricp`.
    ///
    /// # Errors
    /// Why it is neither, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        // A colon may also be part of the path.
        let split = text.rsplit_once(':').filter(|(_, names)| !names.contains('/'));
        let (path, names) = split.unwrap_or((text, Self::DEFAULT_NAMES));
        if !is_path(path) {
            return Err(format!("`{path}` is not a path, {PATH_FORM}"));
        }
        if !Self::NAMES.contains(&names) {
            let hint = did_you_mean(names, Self::NAMES).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(format!("unknown mapping `{names}`{hint}"));
        }
        Ok(Self { path: path.to_owned(), names: names.to_owned() })
    }
}

/// What [`is_path`] asks for, in words.
pub(super) const PATH_FORM: &str = "a path begins with `/` and has no blanks";

/// Whether a text is a path on a side.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains(char::is_whitespace)
}

/// The databases behind the sides.
#[derive(Debug, Clone)]
pub struct Database {
    /// Who provides them.
    pub provider: Provider,
    /// Round-trip time that a delaying proxy puts between a side and its database.
    pub latency: Duration,
    /// Seed data of the reference service: how many students.
    pub students: u64,
    /// Command that migrates and seeds the template database of `command` sides; `{{database_url}}` is filled in.
    pub setup: Option<Vec<String>>,
    /// Image of the `docker` provider.
    pub image: String,
}

/// Who provides the databases.
#[derive(Clone, PartialEq, Eq)]
pub enum Provider {
    /// Docker if it answers and has the image, else local, else `SQLite`.
    Auto,
    /// A container, by testcontainers.
    Docker,
    /// A temporary server from the machine's own PostgreSQL binaries.
    Local,
    /// A file in a temporary directory.
    Sqlite,
    /// A server that the user has. The URL is a secret.
    Url(String),
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Provider {
    /// As plans spell it; a URL is named `url`, never shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Docker => "docker",
            Self::Local => "local",
            Self::Sqlite => "sqlite",
            Self::Url(_) => "url",
        }
    }
}

impl Side {
    /// Path that tells whether a side is ready, unless the plan names another.
    pub const DEFAULT_READY: &'static str = "/health";

    /// Time that a side has to get ready, unless the plan gives it another.
    pub const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(30);

    /// A side that runs already. It has no metrics and is ready once `/health` answers 2xx.
    ///
    /// # Errors
    /// Why this is no URL of a side.
    pub fn from_url(url: &str) -> Result<Self, UrlError> {
        let (base, target) = split_url(url)?;
        if target != "/" {
            return Err(UrlError::new(format!(
                "a side is scheme, host and port only, `{target}` belongs into the requests"
            )));
        }
        Ok(Self {
            kind: SideKind::Url { url: base },
            ready: Self::DEFAULT_READY.to_owned(),
            ready_by_any: false,
            ready_timeout: Self::DEFAULT_READY_TIMEOUT,
            metrics: None,
            transport: Transport::default(),
        })
    }
}

/// Why a URL cannot be that of a side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    /// What is wrong with it, as a sentence. The URL is not quoted: it may hold a password.
    pub message: String,
    /// What to write or do instead.
    pub hint: String,
}

impl UrlError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: "such as `http://10.0.0.5:8000`".to_owned() }
    }
}

/// A URL as scheme, host and port, and as path and query.
pub(super) fn split_url(url: &str) -> Result<(String, String), UrlError> {
    let begins_with = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let schemes = ["http://", "https://"];
    let Some(scheme) = schemes.into_iter().find(|scheme| begins_with(scheme)) else {
        return Err(UrlError::new("a URL begins with `http://` or `https://`"));
    };
    let parsed: http::Uri = url.parse().map_err(|error| UrlError::new(format!("this is not a URL: {error}")))?;
    let authority = parsed.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or_else(|| UrlError::new("the URL has no host"))?.as_str();
    if authority.contains('@') {
        return Err(UrlError {
            message: "a URL with a user name would show up in reports".to_owned(),
            hint: "send a header instead".to_owned(),
        });
    }
    let target = parsed.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Ok((format!("{scheme}{authority}"), target.to_owned()))
}

impl Provider {
    /// Names of the providers, without a server's URL.
    pub(super) const NAMES: [&'static str; 4] = ["auto", "docker", "local", "sqlite"];

    /// Reads `auto`, `docker`, `local`, `sqlite` or the URL of a PostgreSQL server.
    ///
    /// # Errors
    /// Why it is none of these, as a sentence. A URL is not quoted: it is a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "docker" => Ok(Self::Docker),
            "local" => Ok(Self::Local),
            "sqlite" => Ok(Self::Sqlite),
            url if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) => {
                let is_complete = url.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
                if is_complete { Ok(Self::Url(url.to_owned())) } else { Err("the URL has no host".to_owned()) }
            }
            url if url.contains("://") => Err("only `postgres://` URLs name a provider".to_owned()),
            other => Err(format!("unknown provider `{other}`")),
        }
    }
}
