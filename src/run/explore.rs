//! Generated requests as a phase of a run.

use super::{Job, RunError};
use crate::contract::{self, Contract};
use crate::explore;
use crate::http::{Connection, Limits, Origin};
use crate::progress::Progress;
use crate::record::RunRecord;
use crate::role::Pair;

/// Sends generated requests to both sides and adds what differs to the evidence of the replay.
pub(super) async fn explore(
    job: &Job,
    origins: &Pair<Origin>,
    record: &mut RunRecord,
    progress: &Progress,
) -> Result<(), RunError> {
    let contract = fetch(job, origins).await;
    let setup =
        explore::Setup { plan: &job.plan, contract: &contract, origins, seed: job.seed, requests: job.explore };
    let (exploration, differences) = explore::run(&setup, progress).await?;
    record.explore = Some(exploration);
    record.parity.get_or_insert_default().absorb(differences);
    Ok(())
}

async fn fetch(job: &Job, origins: &Pair<Origin>) -> Contract {
    let mut connection = Connection::new(origins.baseline.clone(), Limits::within(job.plan.timeout));
    let mut request = http::Request::new(http_body_util::Full::default());
    *request.uri_mut() = http::Uri::from_static("/openapi.json");
    request.headers_mut().insert("host", origins.baseline.authority.parse().unwrap());
    let exchange = connection.exchange(request, crate::http::Keep::Body).await;
    contract::read(&exchange.outcome.unwrap().body).unwrap()
}
