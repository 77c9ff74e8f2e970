//! Samplers: the metrics endpoint, PostgreSQL's activity, the side's process.
