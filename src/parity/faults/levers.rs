//! What has to be in somebody's hands so that faults can be made. Whoever has the sides implements it.

use crate::parity::After;
use crate::plan::Fault;
use crate::record::faults::Connections;
use crate::role::{Pair, Role};

/// A hand on the sides' databases and on the ways to them. Whatever is done ends at the latest with the value itself.
pub trait Levers {
    /// A lock that ends when it is dropped.
    type Lock;
    /// Why a database did not come back, which ends the run.
    type Error;

    /// Why a fault cannot be made here, as a sentence; `None`: it can.
    fn refuses(&self, fault: Fault) -> Option<String>;

    /// Locks a table of a side's database. The error is a sentence without secrets.
    fn lock(&self, role: Role, table: &str) -> impl Future<Output = Result<Self::Lock, String>>;

    /// Gives a lock back and waits until the database has it.
    fn release(&self, lock: Self::Lock) -> impl Future<Output = ()>;

    /// Lets nothing through between a side and its database, or everything again.
    fn stall(&self, role: Role, stalled: bool);

    /// Resets every connection between a side and its database.
    fn cut(&self, role: Role);

    /// Stops the server behind both sides without waiting for its clients.
    fn stop_server(&mut self) -> impl Future<Output = Result<(), Self::Error>>;

    /// Starts it again and waits until it accepts connections.
    fn start_server(&mut self) -> impl Future<Output = Result<(), Self::Error>>;

    /// Counts the connections of both sides now.
    fn look(&mut self) -> impl Future<Output = Pair<Connections>>;

    /// Both sides are at rest, before the first fault or after one: whoever has the databases looks at what they hold.
    fn at_rest(&mut self, after: After<'_>) -> impl Future<Output = ()>;
}
