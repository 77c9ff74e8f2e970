//! The databases behind the sides: one server, one template, and a twin of it for each side.

mod docker;
pub(super) mod local;
mod lock;
mod postgres;
mod sqlite;
mod template;
mod url;

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

pub use self::lock::HeldLock;
pub(super) use self::lock::lock;
use self::postgres::Server;
use super::context::{Context, Progress};
use super::error::ProvisionError;
use super::proxy::Proxy;
use super::secret::{Redactions, Secret};
use crate::plan::{Database, Plan, Provider};
use crate::role::{Pair, Role};
use crate::units::format_duration;

/// What reports say about the databases.
#[derive(Debug, Clone)]
pub struct DatabaseInfo {
    /// For people: `docker (postgres:17-alpine), because …; latency 3ms`.
    pub words: String,
    /// `PostgreSQL 17.2`, `SQLite 3.50.4`; `None` without a database.
    pub version: Option<String>,
    /// `docker`, `local`, `sqlite`, `url` or `none`.
    pub provider: &'static str,
}

/// A side's own database, as observers reach it.
#[derive(Debug, Clone)]
pub struct SideDatabase {
    /// Connects directly, not through the delaying proxy, under a name that is not the side's.
    pub admin_url: Secret,
    /// Name of the database; of the file for `SQLite`.
    pub name: String,
}

/// A twin that was made for a side.
pub(super) struct Twin {
    /// What the side connects to, through the proxy if there is one.
    pub(super) url: Secret,
    pub(super) database: SideDatabase,
}

/// The server, its template and its twins. Dropping it removes everything, as quickly as it can be done in order.
pub(super) struct Databases {
    // Dropped in this order: no connection through a proxy outlives the server's end.
    proxies: Pair<Option<Proxy>>,
    store: Store,
    latency: Duration,
    /// Sides go through a proxy whether or not there is a latency.
    in_trouble: bool,
    run: String,
    info: DatabaseInfo,
}

/// Where databases are kept.
enum Store {
    Docker(docker::Container, Server),
    Local(local::Cluster, Server),
    Url(url::Foreign),
    Sqlite(sqlite::Files),
}

/// A store that has come up, and why it was chosen.
struct Chosen {
    store: Store,
    words: String,
}

impl Databases {
    /// Brings a store up with its template; twins are made by [`Self::create_twin`].
    pub(super) async fn provide(
        plan: &Plan,
        context: &Context,
        progress: Progress<'_>,
    ) -> Result<Self, ProvisionError> {
        let Chosen { mut store, words } = choose(&plan.database, context, progress).await?;
        let version = store.version().await?;
        let words = format!("{words}{}", latency_words(&store, plan.database.latency));
        progress(format!("database: {words}"));
        let filled = std::time::Instant::now();
        let template = store.create_template().await?;
        template::fill(plan, &template, context).await?;
        store.seal_template().await?;
        progress(format!("database: template filled in {:.1}s", filled.elapsed().as_secs_f64()));
        let latency = Some(plan.database.latency).filter(|latency| !latency.is_zero());
        let proxies = latency.map_or_else(|| Ok(Pair::default()), |latency| store.proxies(latency))?;
        let info = DatabaseInfo { words, version, provider: store.provider() };
        let latency = plan.database.latency;
        Ok(Self { proxies, store, latency, in_trouble: false, run: context.run.clone(), info })
    }

    pub(super) const fn info(&self) -> &DatabaseInfo {
        &self.info
    }

    /// From now on twins are reached through a proxy even where there is no latency, or only where there is one again.
    pub(super) fn expect_trouble(&mut self, in_trouble: bool) -> Result<(), ProvisionError> {
        if in_trouble && self.proxies.baseline.is_none() {
            self.proxies = self.store.proxies(self.latency)?;
        }
        self.in_trouble = in_trouble;
        Ok(())
    }

    /// What stands between a side and its server, if it is in use.
    pub(super) fn proxy(&self, role: Role) -> Option<&Proxy> {
        self.proxies.get(role).as_ref().filter(|_| self.in_trouble || !self.latency.is_zero())
    }

    /// Whether the server is ours to stop.
    pub(super) fn may_be_stopped(&self) -> Result<(), String> {
        match &self.store {
            Store::Docker(..) | Store::Local(..) => Ok(()),
            Store::Url(_) => Err("the server is your own, and others may use it".to_owned()),
            Store::Sqlite(_) => Err("a SQLite database is a file: there is no server to stop".to_owned()),
        }
    }

    /// Stops the server without waiting for its clients.
    pub(super) async fn stop_server(&mut self) -> Result<(), ProvisionError> {
        match &mut self.store {
            Store::Docker(container, _) => container.halt().await,
            Store::Local(cluster, _) => cluster.halt().await,
            Store::Url(_) | Store::Sqlite(_) => Ok(()),
        }
    }

    /// Starts the server again; proxies lead to where it is then.
    pub(super) async fn start_server(&mut self) -> Result<(), ProvisionError> {
        match &mut self.store {
            Store::Docker(container, server) => container.resume(server).await?,
            Store::Local(cluster, server) => cluster.resume(server).await?,
            Store::Url(_) | Store::Sqlite(_) => return Ok(()),
        }
        let upstream = self.store.upstream()?;
        for (proxy, upstream) in self.proxies.iter().filter_map(|(_, proxy)| Some((proxy.as_ref()?, upstream?))) {
            proxy.lead_to(upstream);
        }
        Ok(())
    }

    /// A side's database where it is now.
    pub(super) fn address(&mut self, role: Role) -> Option<SideDatabase> {
        let run = &self.run;
        let server = self.store.server()?;
        Some(side_database(server, role, run))
    }

    /// A fresh copy of the template.
    pub(super) async fn create_twin(&mut self, role: Role) -> Result<Twin, ProvisionError> {
        let proxy = self.proxy(role).map(Proxy::address);
        match &mut self.store {
            Store::Sqlite(files) => files.create_twin(role).map(|url| file_twin(url, role)),
            Store::Docker(_, server) | Store::Local(_, server) => server_twin(server, role, &self.run, proxy).await,
            Store::Url(foreign) => server_twin(foreign.server(), role, &self.run, proxy).await,
        }
    }

    pub(super) async fn drop_twin(&mut self, role: Role) -> Result<(), ProvisionError> {
        match &mut self.store {
            Store::Sqlite(files) => files.drop_twin(role),
            Store::Docker(_, server) | Store::Local(_, server) => server.drop_twin(role).await,
            Store::Url(foreign) => foreign.server().drop_twin(role).await,
        }
    }

    /// An error if a server of ours has ended by itself. Its words are in the log, or nowhere else than in the error.
    pub(super) fn check_alive(&mut self, context: &Context) -> Result<(), ProvisionError> {
        let has_ended =
            |provider| ProvisionError::database(provider, "the server has ended by itself", "it was not asked to");
        match &mut self.store {
            Store::Local(cluster, _) => {
                let words = || format!("its words are in `{}`", context.log("database").display());
                if cluster.has_ended() { Err(has_ended("local").with_hint(words())) } else { Ok(()) }
            }
            Store::Docker(container, _) => match container.has_ended() {
                Some(last_lines) => {
                    let lines = last_lines.iter().map(|line| context.redactions.redact(line)).collect();
                    Err(has_ended("docker").with_log(lines))
                }
                None => Ok(()),
            },
            Store::Url(_) | Store::Sqlite(_) => Ok(()),
        }
    }

    /// Removes everything in order. Returns what went wrong on the way.
    pub(super) async fn stop(self) -> Vec<String> {
        drop(self.proxies);
        match self.store {
            Store::Docker(container, _) => container.stop().await,
            Store::Local(cluster, _) => cluster.stop().await,
            Store::Url(mut foreign) => warning(foreign.server().drop_all().await),
            Store::Sqlite(files) => warning(files.remove()),
        }
    }
}

impl Store {
    const fn provider(&self) -> &'static str {
        match self {
            Self::Docker(..) => "docker",
            Self::Local(..) => "local",
            Self::Url(_) => "url",
            Self::Sqlite(_) => "sqlite",
        }
    }

    fn server(&mut self) -> Option<&mut Server> {
        match self {
            Self::Docker(_, server) | Self::Local(_, server) => Some(server),
            Self::Url(foreign) => Some(foreign.server()),
            Self::Sqlite(_) => None,
        }
    }

    async fn version(&mut self) -> Result<Option<String>, ProvisionError> {
        match self.server() {
            Some(server) => Ok(Some(format!("PostgreSQL {}", server.version().await?))),
            None => Ok(sqlite::version().await.map(|version| format!("SQLite {version}"))),
        }
    }

    async fn create_template(&mut self) -> Result<String, ProvisionError> {
        match self {
            Self::Sqlite(files) => files.create_template(),
            Self::Docker(_, server) | Self::Local(_, server) => server.create_template().await.map(String::from),
            Self::Url(foreign) => foreign.server().create_template().await.map(String::from),
        }
    }

    async fn seal_template(&mut self) -> Result<(), ProvisionError> {
        match self {
            Self::Sqlite(files) => files.seal_template().await,
            Self::Docker(_, server) | Self::Local(_, server) => server.seal_template().await,
            Self::Url(foreign) => foreign.server().seal_template().await,
        }
    }

    /// Where the server listens; `None`: there is none.
    fn upstream(&mut self) -> Result<Option<SocketAddr>, ProvisionError> {
        let provider = self.provider();
        let Some(server) = self.server() else { return Ok(None) };
        let (host, port) = server.endpoint();
        let failed = |error| ProvisionError::database(provider, "finding the server's address", error);
        resolve(&host, port).map(Some).map_err(failed)
    }

    /// One proxy for each side, if there is a server.
    fn proxies(&mut self, latency: Duration) -> Result<Pair<Option<Proxy>>, ProvisionError> {
        let provider = self.provider();
        let Some(upstream) = self.upstream()? else { return Ok(Pair::default()) };
        let failed = |error: std::io::Error| ProvisionError::database(provider, "starting a proxy", error);
        let start = || Proxy::start(upstream, latency).map(Some).map_err(failed);
        Ok(Pair { baseline: start()?, candidate: start()? })
    }
}

async fn choose(database: &Database, context: &Context, progress: Progress<'_>) -> Result<Chosen, ProvisionError> {
    match &database.provider {
        Provider::Auto => choose_automatically(database, context, progress).await,
        Provider::Docker => docker_store(database, context, progress).await,
        Provider::Local => local_store(context, "as asked").await,
        Provider::Sqlite => sqlite_store(context, "as asked"),
        Provider::Url(url) => {
            let store = Store::Url(url::reach(url, &context.run).await?);
            Ok(Chosen { store, words: "a server of your own".to_owned() })
        }
    }
}

/// Docker, else local, else a file, and says why.
async fn choose_automatically(
    database: &Database,
    context: &Context,
    progress: Progress<'_>,
) -> Result<Chosen, ProvisionError> {
    let no_docker = match docker_store(database, context, progress).await {
        Ok(chosen) => return Ok(chosen),
        Err(error) => error.in_one_line(),
    };
    let no_local = match local_store(context, &no_docker).await {
        Ok(chosen) => return Ok(chosen),
        Err(error) => error.in_one_line(),
    };
    sqlite_store(context, &format!("{no_docker}; {no_local}"))
}

async fn docker_store(
    database: &Database,
    context: &Context,
    progress: Progress<'_>,
) -> Result<Chosen, ProvisionError> {
    let docker::Choice { image, because } = docker::choose_image(&database.image, progress).await?;
    let (container, server) = docker::Container::start(&image, &context.password, &context.run).await?;
    Ok(Chosen { store: Store::Docker(container, server), words: format!("docker ({image}), because {because}") })
}

async fn local_store(context: &Context, because: &str) -> Result<Chosen, ProvisionError> {
    let bindir = local::find_programs()?;
    let log = context.log("database");
    let (cluster, server) =
        local::Cluster::start(&bindir, &context.password, &log, (&context.run, &context.redactions)).await?;
    let words = format!("local ({}), because {because}", bindir.display());
    Ok(Chosen { store: Store::Local(cluster, server), words })
}

fn sqlite_store(context: &Context, because: &str) -> Result<Chosen, ProvisionError> {
    let files = sqlite::Files::new(&context.run)?;
    Ok(Chosen { store: Store::Sqlite(files), words: format!("sqlite, because {because}") })
}

fn latency_words(store: &Store, latency: Duration) -> String {
    match store {
        _ if latency.is_zero() => String::new(),
        Store::Sqlite(_) => format!("; the latency of {} does not apply to a file", format_duration(latency)),
        _ => format!("; latency {}", format_duration(latency)),
    }
}

async fn server_twin(
    server: &mut Server,
    role: Role,
    run: &str,
    proxy: Option<SocketAddr>,
) -> Result<Twin, ProvisionError> {
    let mut url = server.create_twin(role, &format!("cutover-{run}-{role}")).await?;
    if let Some(address) = proxy {
        // An address and a port can always be put into a URL that has a host.
        let _ = (url.set_ip_host(address.ip()), url.set_port(Some(address.port())));
    }
    Ok(Twin { url: Secret::new(url), database: side_database(server, role, run) })
}

/// The twin of a side as observers reach it.
fn side_database(server: &Server, role: Role, run: &str) -> SideDatabase {
    let name = server.twin_name(role);
    let mut admin = server.url_of(&name);
    admin.query_pairs_mut().append_pair("application_name", &format!("cutover-{run}-observer"));
    SideDatabase { admin_url: Secret::new(admin), name }
}

fn file_twin(url: String, role: Role) -> Twin {
    let url = Secret::new(url);
    let database = SideDatabase { admin_url: url.clone(), name: format!("{role}.db") };
    Twin { url, database }
}

impl Twin {
    /// What must not be seen in the output of the side that uses it.
    pub(super) fn redactions(&self) -> Redactions {
        let mut redactions = Redactions::default();
        redactions.hide_url(self.url.expose());
        redactions.hide_url(self.database.admin_url.expose());
        redactions
    }
}

fn resolve(host: &str, port: u16) -> std::io::Result<SocketAddr> {
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, format!("`{host}` has no address"));
    (host, port).to_socket_addrs()?.next().ok_or_else(missing)
}

fn warning(result: Result<(), ProvisionError>) -> Vec<String> {
    result.err().map(|error| error.in_one_line()).into_iter().collect()
}

/// Name of a program for messages.
pub(super) fn program_name(program: &str) -> String {
    Path::new(program).file_name().map_or_else(|| program.to_owned(), |name| name.to_string_lossy().into_owned())
}
