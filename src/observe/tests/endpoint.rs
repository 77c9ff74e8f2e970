//! A metrics endpoint in a few lines, with the ways in which one can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How an endpoint answers.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// With this body.
    Says(String),
    /// With this body, after a while.
    Slow(String, Duration),
    /// Never.
    Hangs,
    /// With a body that does not end.
    Huge,
    /// With bytes that are no HTTP.
    Garbage,
    /// With a redirect to itself.
    Redirects,
}

/// A running endpoint; it ends when it is dropped.
pub(super) struct Endpoint {
    pub(super) url: String,
    connections: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Endpoint {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/metrics", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept(listener, manner, Arc::clone(&connections)));
        Self { url, connections, task }
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, manner: Manner, connections: Arc<AtomicU64>) {
    let mut open = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        let manner = manner.clone();
        open.spawn(async move { answer(stream, manner).await });
    }
}

async fn answer(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut request = [0; 4096];
    while stream.read(&mut request).await? > 0 {
        match &manner {
            Manner::Says(body) => say(&mut stream, body).await?,
            Manner::Slow(body, pause) => {
                tokio::time::sleep(*pause).await;
                say(&mut stream, body).await?;
            }
            Manner::Hangs => std::future::pending().await,
            Manner::Huge => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n").await?;
                loop {
                    stream.write_all(&[b'a'; 8192]).await?;
                }
            }
            Manner::Garbage => stream.write_all(&[0xff, 0, b'\n', b'{', 0xfe]).await?,
            Manner::Redirects => {
                stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /metrics\r\ncontent-length: 0\r\n\r\n").await?;
            }
        }
    }
    Ok(())
}

async fn say(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).await
}
