//! `url`: a server that the user has. Databases of our own names are made and dropped there, no other is touched.
//!
//! Dropping them while somebody is connected takes PostgreSQL 13. After SIGKILL of the harness they stay: nothing of ours
//! keeps a password in order to come back.

use super::postgres::Server;
use crate::provision::error::ProvisionError;

/// Somebody else's server; dropping it drops the databases that are left.
pub(super) struct Foreign {
    /// Knows what was made.
    server: Server,
}

impl Foreign {
    /// Takes the list of what was made, from which a destructor works.
    pub(super) const fn new(server: Server) -> Self {
        Self { server }
    }

    /// The server.
    pub(super) const fn server(&mut self) -> &mut Server {
        &mut self.server
    }
}

/// Connects once, so that a wrong address or password is told from a missing right.
pub(super) async fn reach(url: &str, run: &str) -> Result<Foreign, ProvisionError> {
    let server = Server::new("url", url, run)?;
    server
        .wait_until_ready(std::time::Duration::ZERO, || false)
        .await
        .map_err(|error| error.with_hint("the URL has the form `postgres://user:password@host:5432/database`"))?;
    Ok(Foreign::new(server))
}

impl Drop for Foreign {
    /// On a thread with a runtime of its own: destructors run with and without one around them.
    fn drop(&mut self) {
        if self.server.is_clean() {
            return;
        }
        let mut server = self.server.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(server.drop_all()).map_err(|error| std::io::Error::other(error.in_one_line()))
        });
        if let Ok(Err(error)) = dropped.join() {
            tracing::warn!("databases `cutover_*` may be left on the server: {error}");
        }
    }
}
