//! Trouble on purpose: what may be done to the databases and connections of the sides, and taken back.
//!
//! Sides take part after [`Sides::reset_for_trouble`]: then a proxy stands between each and its server, and bundled ones
//! have limits that a person can wait for. Everything here ends with [`Sides`], however that ends.

use super::context::Progress;
use super::database::Databases;
use super::{HeldLock, ProvisionError, Sides};
use crate::plan::{Side, SideKind};
use crate::role::Role;

/// What bundled sides are started with, unless the plan says otherwise: who waits for a connection gives up first, then
/// PostgreSQL a statement, then the service the database.
const LIMITS: [(&str, &str); 3] =
    [("--pool-timeout", "1s"), ("--statement-timeout", "2s"), ("--operation-timeout", "3s")];

/// The same side with limits that make waiting short. Both sides get the same.
pub(super) fn with_short_limits(side: &Side) -> Side {
    let mut side = side.clone();
    if let SideKind::Bundled { args, .. } = &mut side.kind {
        let missing = LIMITS.into_iter().filter(|(flag, _)| !args.iter().any(|arg| is_flag(arg, flag)));
        let missing: Vec<String> = missing.map(|(flag, value)| format!("{flag}={value}")).collect();
        args.extend(missing);
    }
    side
}

fn is_flag(arg: &str, flag: &str) -> bool {
    arg.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

impl Sides {
    /// As [`Self::reset`], with a proxy before each database and short limits, for trouble to be made. The next
    /// [`Self::reset`] takes that back.
    ///
    /// # Errors
    /// A side that does not come up again.
    pub async fn reset_for_trouble(&mut self, progress: Progress<'_>) -> Result<(), ProvisionError> {
        self.troubled = true;
        if let Some(databases) = &mut self.databases {
            databases.expect_trouble(true)?;
        }
        self.restart(progress).await.map(drop)
    }

    /// Whether the harness has a hand on the database of a side, and if not, why.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn has_hand_on_database(&self, role: Role) -> Result<(), String> {
        match self.get(role) {
            None => Err(format!("there is no {role}")),
            Some(side) if side.pid.is_none() => {
                Err(format!("{role} runs elsewhere, and its database is not known here"))
            }
            Some(side) if side.database.is_none() => Err(format!("{role} has no database of the harness")),
            Some(_) => Ok(()),
        }
    }

    /// Whether there is a way between a side and its database that can be stalled and cut.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn has_hand_on_way(&self, role: Role) -> Result<(), String> {
        self.has_hand_on_database(role)?;
        match self.databases.as_ref().and_then(|databases| databases.proxy(role)) {
            Some(_) => Ok(()),
            None => Err("a SQLite database is a file: there is no connection to it".to_owned()),
        }
    }

    /// Whether the harness may stop the database server.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn has_hand_on_server(&self) -> Result<(), String> {
        self.databases.as_ref().map_or_else(|| Err("there is no database".to_owned()), Databases::may_be_stopped)
    }

    /// Locks a table of a side's database, or the whole file. The lock ends with the value.
    ///
    /// # Errors
    /// Why it could not be had, as a sentence without secrets.
    pub async fn lock(&self, role: Role, table: &str) -> Result<HeldLock, String> {
        let database = self.get(role).and_then(|side| side.database.as_ref());
        let database = database.ok_or_else(|| format!("{role} has no database of the harness"))?;
        super::database::lock(database.admin_url.expose(), table).await
    }

    /// Lets nothing through between a side and its database, or everything again.
    pub fn stall(&self, role: Role, stalled: bool) {
        if let Some(proxy) = self.databases.as_ref().and_then(|databases| databases.proxy(role)) {
            proxy.stall(stalled);
        }
    }

    /// Resets every connection between a side and its database.
    pub fn cut(&self, role: Role) {
        if let Some(proxy) = self.databases.as_ref().and_then(|databases| databases.proxy(role)) {
            proxy.cut();
        }
    }

    /// Stops the database server as an administrator would who does not wait for its clients.
    ///
    /// # Errors
    /// It did not stop.
    pub async fn stop_server(&mut self) -> Result<(), ProvisionError> {
        match &mut self.databases {
            Some(databases) => databases.stop_server().await,
            None => Ok(()),
        }
    }

    /// Starts the database server again and waits until it accepts connections.
    ///
    /// # Errors
    /// It did not come up.
    pub async fn start_server(&mut self) -> Result<(), ProvisionError> {
        let Some(databases) = &mut self.databases else { return Ok(()) };
        databases.start_server().await?;
        for role in Role::BOTH {
            if let (Some(started), Some(address)) = (self.running.get_mut(role), databases.address(role)) {
                started.running.database = started.running.database.take().map(|_| address);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_flag;

    #[test]
    fn a_flag_is_known_in_both_ways_of_writing() {
        assert!(is_flag("--pool-timeout", "--pool-timeout") && is_flag("--pool-timeout=1s", "--pool-timeout"));
        assert!(!is_flag("--pool-timeouts", "--pool-timeout") && !is_flag("1s", "--pool-timeout"));
    }
}
