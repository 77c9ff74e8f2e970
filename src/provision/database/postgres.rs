//! Databases on a PostgreSQL server: one template, and a twin of it for each side and each reset.

use std::time::{Duration, Instant};

use reqwest::Url;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::provision::error::{Cause, ProvisionError};
use crate::provision::secret::Redactions;
use crate::role::Role;

/// A connection attempt takes no longer than this.
const CONNECT: Duration = Duration::from_secs(5);
/// `CREATE DATABASE` is refused while somebody is still leaving the template; so long it is tried again.
const TEMPLATE_BUSY: Duration = Duration::from_secs(10);

/// A server on which databases of our own names are made and dropped, and no other is touched.
#[derive(Clone)]
pub(super) struct Server {
    provider: &'static str,
    /// To the database in which the harness gives its orders.
    url: Url,
    run: String,
    /// Databases that were asked for and not dropped yet.
    made: Vec<String>,
}

impl Server {
    /// Describes a server; nothing is connected yet. `run` tells the names of parallel runs apart.
    pub(super) fn new(provider: &'static str, url: &str, run: &str) -> Result<Self, ProvisionError> {
        let mut url = Url::parse(url)
            .map_err(|error| ProvisionError::database(provider, "the URL cannot be read", error.to_string()))?;
        if url.path().trim_matches('/').is_empty() {
            url.set_path("postgres");
        }
        Ok(Self { provider, url, run: run.to_owned(), made: Vec::new() })
    }

    /// The URL of one of its databases.
    pub(super) fn url_of(&self, database: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(database);
        url
    }

    /// Host and port.
    pub(super) fn endpoint(&self) -> (String, u16) {
        let host = self.url.host_str().unwrap_or("localhost").trim_matches(['[', ']']).to_owned();
        (host, self.url.port().unwrap_or(5432))
    }

    /// The server is found at another port now.
    pub(super) fn move_to(&mut self, host: &str, port: u16) {
        // A host and a port can always be put into a URL that has a host.
        let _ = (self.url.set_host(Some(host)), self.url.set_port(Some(port)));
    }

    pub(super) fn template_name(&self) -> String {
        format!("cutover_{}_template", self.run)
    }

    pub(super) fn twin_name(&self, role: Role) -> String {
        format!("cutover_{}_{role}", self.run)
    }

    /// Tries until a connection is accepted. `ended` tells that the server will never accept one.
    pub(super) async fn wait_until_ready(
        &self,
        patience: Duration,
        mut ended: impl FnMut() -> bool,
    ) -> Result<(), ProvisionError> {
        let deadline = Instant::now() + patience;
        loop {
            let error = match self.connect(&self.url).await {
                Ok(connection) => return close(connection).await,
                Err(error) => error,
            };
            if ended() || Instant::now() >= deadline {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// `15.18`, without what packagers add.
    pub(super) async fn version(&self) -> Result<String, ProvisionError> {
        let mut connection = self.connect(&self.url).await?;
        let version: Result<String, _> = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await;
        let version = version.map_err(|error| self.failed("asking for the version", &error))?;
        close(connection).await?;
        Ok(version.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Makes the empty template and returns its URL.
    pub(super) async fn create_template(&mut self) -> Result<Url, ProvisionError> {
        let name = self.template_name();
        self.create(&name, "").await?;
        Ok(self.url_of(&name))
    }

    /// Closes the template after it was filled: statistics are made once for all twins, and nobody may enter any more.
    pub(super) async fn seal_template(&self) -> Result<(), ProvisionError> {
        let name = self.template_name();
        let mut connection = self.connect(&self.url_of(&name)).await?;
        self.order(&mut connection, "VACUUM (ANALYZE)").await?;
        close(connection).await?;
        let mut connection = self.connect(&self.url).await?;
        self.order(&mut connection, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await?;
        self.order(&mut connection, &terminate_all_in(&name)).await?;
        close(connection).await
    }

    /// Makes a copy of the template. Whoever connects to it bears `application_name` unless it gives a name of its own.
    pub(super) async fn create_twin(&mut self, role: Role, application_name: &str) -> Result<Url, ProvisionError> {
        let (name, template) = (self.twin_name(role), self.template_name());
        self.create(&name, &format!(" TEMPLATE {template}")).await?;
        let mut connection = self.connect(&self.url).await?;
        let named = format!("ALTER DATABASE {name} SET application_name = '{application_name}'");
        self.order(&mut connection, &named).await?;
        close(connection).await?;
        Ok(self.url_of(&name))
    }

    pub(super) async fn drop_twin(&mut self, role: Role) -> Result<(), ProvisionError> {
        self.drop_database(&self.twin_name(role)).await
    }

    /// Drops everything that it made.
    pub(super) async fn drop_all(&mut self) -> Result<(), ProvisionError> {
        self.end_orders_under_way().await?;
        for name in self.made.clone() {
            self.drop_database(&name).await?;
        }
        Ok(())
    }

    /// Whether there is anything to drop.
    pub(super) const fn is_clean(&self) -> bool {
        self.made.is_empty()
    }

    async fn create(&mut self, name: &str, template: &str) -> Result<(), ProvisionError> {
        let deadline = Instant::now() + TEMPLATE_BUSY;
        let mut connection = self.connect(&self.url).await?;
        self.made.push(name.to_owned());
        let order = format!("CREATE DATABASE {name}{template}");
        while let Err(error) = connection.execute(AssertSqlSafe(order.clone())).await {
            let busy = code(&error).is_some_and(|code| code == OBJECT_IN_USE);
            if !busy || Instant::now() >= deadline {
                return Err(self.failed(&format!("creating database `{name}`"), &error));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        close(connection).await
    }

    async fn drop_database(&mut self, name: &str) -> Result<(), ProvisionError> {
        let mut connection = self.connect(&self.url).await?;
        self.order(&mut connection, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        self.made.retain(|made| made != name);
        close(connection).await
    }

    /// An order whose future was dropped goes on in the server; a database that it makes would come after its drop.
    async fn end_orders_under_way(&self) -> Result<(), ProvisionError> {
        let ours = format!("FROM pg_stat_activity WHERE application_name = '{}'", self.harness_name());
        let others = format!("{ours} AND pid <> pg_backend_pid()");
        let mut connection = self.connect(&self.url).await?;
        self.order(&mut connection, &format!("SELECT pg_terminate_backend(pid) {others}")).await?;
        for _ in 0..100 {
            let left: Result<i64, _> =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) {others}"))).fetch_one(&mut connection).await;
            if left.map_err(|error| self.failed("ending orders under way", &error))? == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        close(connection).await
    }

    fn harness_name(&self) -> String {
        format!("cutover-{}-harness", self.run)
    }

    async fn connect(&self, url: &Url) -> Result<PgConnection, ProvisionError> {
        let doing = || {
            let (host, port) = self.endpoint();
            format!("connecting to {host}:{port}")
        };
        let options = PgConnectOptions::from_url(url).map_err(|error| self.failed(&doing(), &error))?;
        let options = options.application_name(&self.harness_name());
        match tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await {
            Ok(connected) => connected.map_err(|error| self.failed(&doing(), &error)),
            Err(_) => Err(ProvisionError::database(self.provider, doing(), "no answer within 5s")),
        }
    }

    async fn order(&self, connection: &mut PgConnection, sql: &str) -> Result<(), ProvisionError> {
        let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
        done.map(drop).map_err(|error| self.failed(&format!("`{sql}`"), &error))
    }

    fn failed(&self, doing: &str, error: &sqlx::Error) -> ProvisionError {
        let mut redactions = Redactions::default();
        redactions.hide_url(self.url.as_str());
        let failed = ProvisionError::database(self.provider, doing, Cause(redactions.redact(&error.to_string())));
        if code(error).is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) {
            let role = self.url.username();
            return failed.with_hint(format!("the harness makes databases of its own: `ALTER ROLE {role} CREATEDB`"));
        }
        failed
    }
}

/// `55006`: the template has visitors.
const OBJECT_IN_USE: &str = "55006";
/// `42501`: the role may not create databases.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned))
}

fn terminate_all_in(database: &str) -> String {
    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
}

/// A connection that could not say goodbye is closed all the same.
async fn close(connection: PgConnection) -> Result<(), ProvisionError> {
    let _ = tokio::time::timeout(CONNECT, connection.close()).await;
    Ok(())
}
