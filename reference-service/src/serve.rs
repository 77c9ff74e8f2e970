//! Starts the service, keeps it going, and ends it without breaking what is under way.

use std::future::pending;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::serve::ListenerExt;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::args::ServeArgs;
use crate::db::{Connection, Pool, Target};
use crate::defects::Defects;
use crate::error::ServeError;
use crate::http::{App, router};
use crate::metrics::Metrics;
use crate::prepare::{CONNECT_TIMEOUT, prepare};
use crate::stack::Stack;

/// How long requests in flight may take once the service is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// As [`serve`], on a runtime of its own; blocks this thread.
pub fn run(args: ServeArgs) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let doing = "start the runtime";
    let runtime = runtime.map_err(|source| ServeError::System { doing, source })?;
    let served = runtime.block_on(serve(args));
    // What is still running has had its time; worker threads that wait would panic if the runtime went first.
    std::mem::forget(runtime);
    served
}

/// Serves until SIGTERM, SIGINT, or the end of standard input if that was asked for.
///
/// Prints one line to standard output once requests are accepted: `listening on http://ADDR`.
pub async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let address = args.listen;
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| ServeError::Listen { address, source })?;
    let shutdown = shutdown_requested(args.exit_with_stdin)?;
    serve_on(listener, args, announce, shutdown).await
}

/// As [`serve`], on a listener that is bound already and until `shutdown` is ready. `ready` is called with
/// the address as soon as requests are accepted.
pub async fn serve_on(
    listener: TcpListener,
    args: ServeArgs,
    ready: impl FnOnce(std::net::SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let failed = |doing| move |source| ServeError::System { doing, source };
    let address = listener.local_addr().map_err(failed("read the address of the listener"))?;
    let database = Database::choose(&args)?;
    let mut shutdown = Box::pin(shutdown);
    let target = tokio::select! {
        ready = ready_target(&args, &database) => ready?,
        () = &mut shutdown => return Ok(()),
    };
    let app = Arc::new(app(&args, target));
    ready(address);
    let served = accept(listener, app, shutdown).await;
    served.map_err(failed("serve"))
}

async fn ready_target(args: &ServeArgs, database: &Database) -> Result<Target, ServeError> {
    let target = Target::parse(&database.url, args.statement_timeout)?;
    if args.migrate || database.directory.is_some() {
        prepare(&database.url, &args.seed()).await?;
    }
    check(&target).await?;
    Ok(target)
}

fn announce(address: std::net::SocketAddr) {
    println!("listening on http://{address}");
}

/// The database of the URL, or one that lasts as long as this value.
struct Database {
    url: String,
    directory: Option<TempDir>,
}

impl Database {
    fn choose(args: &ServeArgs) -> Result<Self, ServeError> {
        if let Some(url) = &args.database_url {
            return Ok(Self { url: url.clone(), directory: None });
        }
        let made = tempfile::Builder::new().prefix("reference-service-").tempdir();
        let doing = "make a temporary directory";
        let directory = made.map_err(|source| ServeError::System { doing, source })?;
        let url = format!("sqlite://{}", directory.path().join("students.db").display());
        Ok(Self { url, directory: Some(directory) })
    }
}

/// Better to say so now than at the first request.
async fn check(target: &Target) -> Result<(), ServeError> {
    let opened = Connection::open_within(target, CONNECT_TIMEOUT).await;
    let mut connection = opened.map_err(|source| ServeError::Connect { target: target.to_string(), source })?;
    let answered = connection.command("SELECT 1 FROM users LIMIT 1").await;
    answered.map_err(|source| ServeError::NotMigrated { target: target.to_string(), source })?;
    connection.close().await;
    Ok(())
}

fn app(args: &ServeArgs, target: Target) -> App {
    let metrics = Metrics::new();
    App {
        pool: Pool::new(target, args.pool_options(), metrics.pool()),
        stack: Stack::new(args.stack, usize::from(args.threads)),
        defects: Arc::new(Defects::new(&args.defect)),
        metrics,
    }
}

async fn accept(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stop, stopped) = watch::channel(None);
    tokio::spawn(async move {
        shutdown.await;
        let _ = stop.send(Some(Instant::now()));
    });
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for the client's acknowledgements.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, router(Arc::clone(&app))).with_graceful_shutdown(told(stopped.clone()));
    let served = tokio::select! {
        served = serving.into_future() => served,
        () = overdue(stopped.clone()) => Ok(()),
    };
    let stopping_for = stopped.borrow().map_or(Duration::ZERO, |since| since.elapsed());
    app.pool.close(GRACE.saturating_sub(stopping_for)).await;
    served
}

type Stopped = watch::Receiver<Option<Instant>>;

async fn told(mut stopped: Stopped) {
    let _ = stopped.wait_for(Option::is_some).await;
}

async fn overdue(stopped: Stopped) {
    told(stopped).await;
    tokio::time::sleep(GRACE).await;
    tracing::warn!("some requests were not done in time; stopping without them");
}

fn shutdown_requested(with_stdin: bool) -> Result<impl Future<Output = ()> + Send, ServeError> {
    let handler = |kind| {
        let doing = "handle signals";
        signal(kind).map_err(|source| ServeError::System { doing, source })
    };
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    let stdin_ended = with_stdin.then(stdin_end);
    Ok(async move {
        let ended = async {
            match stdin_ended {
                Some(ended) => drop(ended.await),
                None => pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
            () = ended => tracing::info!("stopping: standard input ended"),
        }
    })
}

/// Waits for the end of standard input on a thread of its own: a read cannot be cancelled, and Tokio's would
/// hold up the end of the runtime.
fn stdin_end() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while !matches!(std::io::stdin().read(&mut buffer), Ok(0) | Err(_)) {}
        let _ = ended.send(());
    });
    end
}
