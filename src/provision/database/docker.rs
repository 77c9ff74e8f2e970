//! `docker`: a PostgreSQL container, by testcontainers. The only file that names it.
//!
//! A container belongs to a task on a runtime of its own, which removes it whatever becomes of those who asked for it:
//! testcontainers' own destructor needs a runtime around it, does not know a container whose start failed after it was
//! created, and cannot run while the future that starts it is being dropped.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as DockerError;
use testcontainers::bollard::models::{HostConfig, PortBinding};
use testcontainers::bollard::query_parameters::{
    CreateImageOptionsBuilder, KillContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
};
use testcontainers::core::IntoContainerPort;
use testcontainers::core::client::docker_client_instance;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::postgres::Server;
use crate::provision::error::ProvisionError;
use crate::provision::guard::Guard;

/// The image where a plan names none.
pub(super) const DEFAULT_IMAGE: &str = "postgres:17-alpine";
/// What `tests/images/postgres/build` makes.
const LOCAL_IMAGE: &str = "cutover-postgres:local";
/// A daemon that does not answer by then is not there.
const ANSWER: Duration = Duration::from_secs(5);
/// A pull that makes no progress for so long has failed.
const PULL_IDLE: Duration = Duration::from_secs(20);
/// From the start of the container to the first connection.
const START: Duration = Duration::from_mins(1);
/// How long a stop may take that waits for no client.
const HALT: Duration = Duration::from_secs(15);
/// Removing takes well under a second; a destructor waits no longer than this.
const REMOVE: Duration = Duration::from_secs(20);
const PORT: u16 = 5432;
/// How often it is looked whether a container that is not ready yet has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The same once it is ready: the daemon shares the machine with what is measured.
const LOOK_WHEN_READY_EVERY: Duration = Duration::from_millis(500);

/// A running container; dropping it waits until the container is removed.
pub(super) struct Container {
    name: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    /// Says what went wrong with the removal, if anything did.
    removed: Option<mpsc::Receiver<Option<String>>>,
    _guard: Guard,
}

#[derive(Default)]
struct State {
    ready: AtomicBool,
    ended: AtomicBool,
    /// Its last words, once it has ended.
    last_lines: Mutex<Vec<String>>,
    /// Goes up when the server is stopped for a fault and when it is back: odd in between.
    halts: AtomicU64,
}

impl Container {
    /// Starts a container and waits for a connection.
    pub(super) async fn start(image: &str, password: &str, run: &str) -> Result<(Self, Server), ProvisionError> {
        let name = format!("cutover-{run}-postgres");
        let (stop, stopped) = oneshot::channel();
        let (tell_removed, removed) = mpsc::channel();
        let (tell_started, started) = oneshot::channel();
        let state = Arc::<State>::default();
        let guard = Guard::new("docker rm --force --volumes \"$1\"", [&name])
            .map_err(|error| failed("starting a guard", error))?;
        let container = Self {
            name: name.clone(),
            state: Arc::clone(&state),
            stop: Some(stop),
            removed: Some(removed),
            _guard: guard,
        };
        let request = request(image, &name, password);
        runtime()?.spawn(async move {
            let warning = live(request, &name, tell_started, stopped, &state).await;
            // Nobody may be waiting any more.
            let _ = tell_removed.send(warning);
        });
        let (host, port) = started.await.map_err(|_| failed("starting the container", "the task ended early"))??;
        let server = Server::new("docker", &format!("postgres://{USER}:{password}@{host}:{port}/postgres"), run)?;
        let state = Arc::clone(&container.state);
        if let Err(error) = server.wait_until_ready(START, || state.ended.load(Ordering::Acquire)).await {
            return Err(error.with_log(last_lines(&container.name).await));
        }
        state.ready.store(true, Ordering::Relaxed);
        Ok((container, server))
    }

    /// The server's last words, if it has ended although nobody had asked it to.
    pub(super) fn has_ended(&self) -> Option<Vec<String>> {
        let has_ended = self.state.ended.load(Ordering::Acquire);
        has_ended.then(|| self.state.last_lines.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Stops the server as an administrator would who does not wait for its clients; the container stays.
    pub(super) async fn halt(&self) -> Result<(), ProvisionError> {
        let name = self.name.clone();
        self.state.halts.fetch_or(1, Ordering::Relaxed);
        on_runtime(async move {
            let docker = docker_client_instance().await.map_err(|error| failed("stopping the server", error))?;
            // SIGTERM, which `docker stop` may send, would wait for the clients.
            let options = KillContainerOptionsBuilder::new().signal("SIGINT").build();
            let killed = docker.kill_container(&name, Some(options)).await;
            killed.map_err(|error| failed("stopping the server", error))?;
            let deadline = Instant::now() + HALT;
            while is_running(&docker, &name).await? {
                if Instant::now() >= deadline {
                    return Err(failed("stopping the server", format!("still running after {}s", HALT.as_secs())));
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        })
        .await?
    }

    /// Starts the server again; the daemon may give it another port.
    pub(super) async fn resume(&self, server: &mut Server) -> Result<(), ProvisionError> {
        let name = self.name.clone();
        let port = on_runtime(async move {
            let docker = docker_client_instance().await.map_err(|error| failed("starting the server again", error))?;
            let started = docker.start_container(&name, None).await;
            started.map_err(|error| failed("starting the server again", error))?;
            host_port(&docker, &name).await
        })
        .await??;
        let (host, _) = server.endpoint();
        server.move_to(&host, port);
        server.wait_until_ready(START, || false).await?;
        self.state.halts.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Removes the container. Returns what went wrong on the way.
    pub(super) async fn stop(mut self) -> Vec<String> {
        let waited = tokio::task::spawn_blocking(move || self.remove()).await;
        waited.unwrap_or_else(|error| Some(error.to_string())).into_iter().collect()
    }

    /// Blocks until the task has removed the container.
    fn remove(&mut self) -> Option<String> {
        drop(self.stop.take());
        match self.removed.take()?.recv_timeout(REMOVE) {
            Ok(warning) => warning,
            Err(error) => Some(format!("container `{}` may be left: {error}", self.name)),
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(warning) = self.remove() {
            tracing::warn!("{warning}");
        }
    }
}

/// Parallel queries run out of Docker's default of 64 MiB.
const SHARED_MEMORY: u64 = 256 * 1024 * 1024;
/// Name of the superuser.
const USER: &str = "cutover";

/// The life of a container from its creation to its removal.
async fn live(
    request: ContainerRequest<GenericImage>,
    name: &str,
    tell_started: oneshot::Sender<Result<(String, u16), ProvisionError>>,
    stopped: oneshot::Receiver<()>,
    state: &State,
) -> Option<String> {
    match start(request).await {
        Ok((container, address)) => {
            // Whoever asked may have gone; then `stopped` is closed as well.
            let _ = tell_started.send(Ok(address));
            tokio::select! {
                _ = stopped => {}
                () = watch(name, state) => {}
            }
            let error = container.rm().await.err()?;
            remove_by_name(name).await.map(|_| format!("container `{name}` may be left: {error}"))
        }
        Err(error) => {
            let _ = tell_started.send(Err(failed("starting a container", error)));
            remove_by_name(name).await
        }
    }
}

async fn start(
    request: ContainerRequest<GenericImage>,
) -> Result<(ContainerAsync<GenericImage>, (String, u16)), TestcontainersError> {
    let container = request.start().await?;
    let port = container.get_host_port_ipv4(PORT.tcp()).await?;
    let host = match container.get_host().await?.to_string() {
        // It may stand for an IPv6 address, on which nothing listens.
        name if name == "localhost" => "127.0.0.1".to_owned(),
        other => other,
    };
    Ok((container, (host, port)))
}

/// Notices a container that ends, unless its server was stopped for a fault.
async fn watch(name: &str, state: &State) {
    loop {
        let is_ready = state.ready.load(Ordering::Relaxed);
        tokio::time::sleep(if is_ready { LOOK_WHEN_READY_EVERY } else { LOOK_EVERY }).await;
        let halts = state.halts.load(Ordering::Relaxed);
        // A stop that was asked for while the daemon was asked counts as well.
        if halts.is_multiple_of(2) && is_over(name).await && state.halts.load(Ordering::Relaxed) == halts {
            break;
        }
    }
    *state.last_lines.lock().unwrap_or_else(PoisonError::into_inner) = words_of(name).await;
    state.ended.store(true, Ordering::Release);
    std::future::pending::<()>().await;
}

/// Whether a container runs no more or is gone; a daemon that does not say is not believed to have lost it.
async fn is_over(name: &str) -> bool {
    let Ok(docker) = docker_client_instance().await else { return false };
    match docker.inspect_container(name, None).await {
        Ok(found) => found.state.and_then(|state| state.running) == Some(false),
        Err(error) => matches!(error, DockerError::DockerResponseServerError { status_code: 404, .. }),
    }
}

fn request(image: &str, name: &str, password: &str) -> ContainerRequest<GenericImage> {
    let (image, tag) = split_tag(image);
    GenericImage::new(image, tag)
        .with_exposed_port(PORT.tcp())
        .with_container_name(name)
        .with_label("cutover", name)
        .with_label("cutover.process", std::process::id().to_string())
        .with_env_var("POSTGRES_USER", USER)
        .with_env_var("POSTGRES_PASSWORD", password)
        .with_env_var("POSTGRES_DB", "postgres")
        .with_cmd(["postgres", "-c", "max_connections=200"])
        .with_shm_size(SHARED_MEMORY)
        .with_startup_timeout(START)
        .with_host_config_modifier(publish)
}

/// For this machine only, unless the daemon is elsewhere or we are in a container ourselves.
fn publish(config: &mut HostConfig) {
    let remote = std::env::var("DOCKER_HOST").is_ok_and(|host| !host.is_empty() && !host.starts_with("unix:"));
    if remote || std::path::Path::new("/.dockerenv").exists() {
        return;
    }
    let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: None };
    config.publish_all_ports = Some(false);
    config.port_bindings = Some([(format!("{PORT}/tcp"), Some(vec![binding]))].into());
}

/// `registry:5000/name:tag` → name and tag.
fn split_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

/// An image that can be started, and how it came to be chosen.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) image: String,
    pub(super) because: String,
}

/// Finds the image: one named in the plan must be had; for the default a local stand-in will do.
pub(super) async fn choose_image(wanted: &str, progress: &dyn Fn(String)) -> Result<Choice, ProvisionError> {
    let wanted = if wanted.is_empty() { DEFAULT_IMAGE } else { wanted }.to_owned();
    let docker = connect().await?;
    if has_image(&docker, &wanted).await {
        return Ok(Choice { image: wanted, because: "the daemon answers and has the image".to_owned() });
    }
    if wanted == DEFAULT_IMAGE && has_image(&docker, LOCAL_IMAGE).await {
        let because = format!("the daemon answers and has this image, but not `{DEFAULT_IMAGE}`");
        return Ok(Choice { image: LOCAL_IMAGE.to_owned(), because });
    }
    progress(format!("database: pulling image `{wanted}`"));
    let image = wanted.clone();
    on_runtime(async move { pull(&docker, &image).await }).await??;
    Ok(Choice { image: wanted, because: "the daemon answers and the image could be pulled".to_owned() })
}

async fn is_running(docker: &Docker, name: &str) -> Result<bool, ProvisionError> {
    let inspected = docker.inspect_container(name, None).await;
    let state = inspected.map_err(|error| failed("looking at the container", error))?.state;
    Ok(state.and_then(|state| state.running).unwrap_or(false))
}

/// The port of this machine that leads to the server.
async fn host_port(docker: &Docker, name: &str) -> Result<u16, ProvisionError> {
    let inspected = docker.inspect_container(name, None).await;
    let network = inspected.map_err(|error| failed("looking at the container", error))?.network_settings;
    let bindings = network.and_then(|network| network.ports).and_then(|mut ports| ports.remove("5432/tcp")?);
    let ports = bindings.into_iter().flatten().filter_map(|binding| binding.host_port?.parse().ok());
    ports.into_iter().next().ok_or_else(|| failed("looking at the container", "it has no port any more"))
}

async fn connect() -> Result<Docker, ProvisionError> {
    let connected = on_runtime(async {
        let docker = docker_client_instance().await.map_err(|error| error.to_string())?;
        match tokio::time::timeout(ANSWER, docker.ping()).await {
            Ok(answer) => answer.map(|_| docker).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {}s", ANSWER.as_secs())),
        }
    });
    connected.await?.map_err(|error| {
        failed("the docker daemon does not answer", error)
            .with_hint("start docker, or use `--database local` (PostgreSQL programs of this machine)")
    })
}

async fn has_image(docker: &Docker, image: &str) -> bool {
    let (docker, image) = (docker.clone(), image.to_owned());
    let inspected = on_runtime(async move {
        tokio::time::timeout(ANSWER, docker.inspect_image(&image)).await.is_ok_and(|answer| answer.is_ok())
    });
    inspected.await.unwrap_or(false)
}

async fn pull(docker: &Docker, image: &str) -> Result<(), ProvisionError> {
    let (name, tag) = split_tag(image);
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let mut steps = docker.create_image(Some(options), None, None);
    loop {
        match tokio::time::timeout(PULL_IDLE, steps.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return Err(not_pulled(image, &error.to_string())),
            Err(_) => return Err(not_pulled(image, &format!("no progress for {}s", PULL_IDLE.as_secs()))),
        }
    }
}

fn not_pulled(image: &str, error: &str) -> ProvisionError {
    failed(&format!("image `{image}` is not on this machine and could not be pulled"), error)
        .with_hint("`tests/images/postgres/build` makes a local image without a registry; or use `--database local`")
}

/// Removes a container if it is there. Returns what went wrong.
async fn remove_by_name(name: &str) -> Option<String> {
    let docker = docker_client_instance().await.ok()?;
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(name, Some(options)).await {
        Ok(()) => None,
        Err(error) if error.to_string().contains("404") => None,
        Err(error) => Some(format!("container `{name}` may be left: {error}")),
    }
}

async fn last_lines(name: &str) -> Vec<String> {
    let name = name.to_owned();
    on_runtime(async move { words_of(&name).await }).await.unwrap_or_default()
}

/// The end of what a container has said.
async fn words_of(name: &str) -> Vec<String> {
    let Ok(docker) = docker_client_instance().await else { return Vec::new() };
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("10").build();
    let lines = docker.logs(name, Some(options)).filter_map(async |line| line.ok().map(|line| line.to_string()));
    lines.map(|line| line.trim_end().to_owned()).collect().await
}

/// One runtime for everything that talks to the daemon: the client keeps connections that die with their runtime.
fn runtime() -> Result<&'static Runtime, ProvisionError> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let build = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("cutover-docker").enable_all().build()
    };
    RUNTIME.get_or_init(build).as_ref().map_err(|error| failed("starting a thread", error))
}

async fn on_runtime<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, ProvisionError> {
    runtime()?.spawn(future).await.map_err(|error| failed("talking to docker", error))
}

fn failed(doing: &str, error: impl std::fmt::Display) -> ProvisionError {
    ProvisionError::database("docker", doing, error.to_string())
}
