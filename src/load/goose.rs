//! The only file that names Goose: flows become its scenarios, steps its transactions.
//!
//! Goose gives virtual users and their life cycle. Sending, timing and recording are ours: its metrics, throttle,
//! controllers and logs are off. One attack lasts the whole load phase. It ends when every user has said that it is
//! done; the process-wide kill switch is never used, so attacks can follow each other in one process.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use goose::client::GooseClientBuilder;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction, TransactionFunction};
use goose::{GooseAttack, GooseError};
use tokio::sync::watch;

use super::Rig;
use super::user::{Next, Stage, VirtualUser};

/// A user's state in Goose's session.
struct Seat(VirtualUser);

impl Clone for Seat {
    /// Goose may copy a session; connections cannot be copied, so the copy is a user that has done nothing yet.
    fn clone(&self) -> Self {
        Self(self.0.fresh())
    }
}

/// Runs all users until the stage is [`Stage::Over`]. `users` says how many each flow has.
///
/// The future must be driven to its end: dropping it would leave the users running with nobody left to stop them.
pub(super) async fn attack(rig: Arc<Rig>, users: &[usize], stages: watch::Receiver<Stage>) -> Result<(), String> {
    drive(rig, users, stages).await.map_err(|error| error.to_string())
}

async fn drive(rig: Arc<Rig>, users: &[usize], stages: watch::Receiver<Stage>) -> Result<(), GooseError> {
    let total = users.iter().sum();
    let mut attack = GooseAttack::initialize_with_config(configuration(total))?
        // One client for all users: none of them ever sends with it.
        .set_client_builder_without_cookies(GooseClientBuilder::new().without_cookies())?;
    for (flow, users) in users.iter().enumerate() {
        attack = attack.register_scenario(scenario(&rig, flow, *users, &stages)?);
    }
    // Goose sets the process-wide log level; what this process logs afterwards is not its business.
    let level = log::max_level();
    let outcome = Box::pin(attack.execute()).await;
    log::set_max_level(level);
    outcome.map(drop)
}

fn configuration(users: usize) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some("http://127.0.0.1".to_owned());
    configuration.users = Some(users);
    // All at once: arrivals are the schedule's business, not the users' start.
    configuration.increase_rate = Some("100000".to_owned());
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_transaction_metrics = true;
    configuration.no_scenario_metrics = true;
    configuration.no_telnet = true;
    configuration.no_error_summary = true;
    configuration.quiet = 3;
    configuration
}

fn scenario(
    rig: &Arc<Rig>,
    flow: usize,
    users: usize,
    stages: &watch::Receiver<Stage>,
) -> Result<Scenario, GooseError> {
    let mut scenario = Scenario::new(&rig.flows[flow].name).set_weight(users)?;
    for step in 0..rig.flows[flow].steps.len() {
        let function = transaction(rig.clone(), flow, step, stages.clone());
        scenario = scenario.register_transaction(Transaction::new(function));
    }
    Ok(scenario)
}

fn transaction(rig: Arc<Rig>, flow: usize, step: usize, stages: watch::Receiver<Stage>) -> TransactionFunction {
    Arc::new(move |user: &mut GooseUser| {
        if user.get_session_data::<Seat>().is_none() {
            user.set_session_data(Seat(VirtualUser::new(rig.clone(), flow, stages.clone())));
        }
        let rig = rig.clone();
        Box::pin(async move {
            let seat = user.get_session_data_unchecked_mut::<Seat>();
            match AssertUnwindSafe(seat.0.step(step)).catch_unwind().await {
                Ok(Next::Continue) => {}
                // Goose ends a user that has done as many iterations as it is configured to.
                Ok(Next::Over) => user.config.iterations = Some(1),
                Err(_) => {
                    rig.panics.fetch_add(1, Ordering::SeqCst);
                    seat.0 = seat.0.fresh();
                }
            }
            Ok(())
        })
    })
}
