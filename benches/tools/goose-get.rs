//! What Goose measures by itself: `user.get` on one path, for `benches/generator` and `benches/truth`.
//!
//! Takes Goose's own options, such as `--host http://127.0.0.1:8080 --users 32 --run-time 10s`, and prints the percentiles of
//! its response times in µs as JSON.

use std::sync::Arc;

use goose::prelude::{
    GooseAttack, GooseError, GooseUser, Scenario, Transaction, TransactionFunction, TransactionResult,
};

async fn get(user: &mut GooseUser) -> TransactionResult {
    user.get("/").await?;
    Ok(())
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), GooseError> {
    let function: TransactionFunction = Arc::new(|user| Box::pin(get(user)));
    let scenario = Scenario::new("get").register_transaction(Transaction::new(function));
    let metrics = Box::pin(GooseAttack::initialize()?.register_scenario(scenario).execute()).await?;
    for request in metrics.requests.values() {
        let shares = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
        let all = shares.map(|(name, share)| format!("\"{name}\":{}", request.raw_data.percentile_us(share)));
        println!("{{\"count\":{},{}}}", request.raw_data.counter, all.join(","));
    }
    Ok(())
}
