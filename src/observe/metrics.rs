//! Sampler of a side's metrics endpoint.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};

use super::counters::Counters;
use super::grid::Grid;
use super::mapping::{self, Reading};
use super::mappings::Mapping;
use super::{Error, PoolListener};
use crate::http::{Connection, Failure, FailureKind, Keep, Limits, Origin};
use crate::judge::PoolLook;
use crate::plan::{Metrics, Transport};
use crate::record::PoolSeries;

/// Largest exposition that is read.
const LARGEST_BODY: usize = 4 << 20;

/// Why a sample failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScrapeError {
    #[error("{0}")]
    Http(String),
    #[error("status {0}")]
    Status(u16),
    #[error("more than 4 MiB")]
    TooLarge,
    #[error("no pool metrics under the names of {0}")]
    NoNames(String),
}

impl From<Failure> for ScrapeError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Timeout => Self::Http("no answer in time".to_owned()),
            FailureKind::TooLarge => Self::TooLarge,
            _ => Self::Http(failure.detail),
        }
    }
}

/// Reads pool figures from one endpoint over one kept connection.
pub(crate) struct Sampler {
    base_url: String,
    target: String,
    transport: Transport,
    /// Kept from one sample to the next.
    connection: Option<Connection>,
    /// What may be found; one mapping as soon as `auto` has found it.
    mappings: &'static [Mapping],
    grid: Grid,
    /// One row per sample.
    pub(crate) series: PoolSeries,
    /// Growth of the counters.
    pub(crate) counters: Counters,
    /// The first failure in words.
    pub(crate) failure: Option<String>,
    /// Whoever wants to know at once.
    pub(crate) listener: Option<PoolListener>,
}

impl Sampler {
    /// Nothing is sent yet. A sample may take four intervals.
    pub(crate) fn new(url: &str, names: &str, transport: &Transport, grid: Grid) -> Result<Self, Error> {
        let mappings = mapping::candidates(names).ok_or_else(|| Error::unknown_mapping(names))?;
        let uri: http::Uri = url.parse().map_err(|_| Error::MetricsUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Error::MetricsUrl);
        };
        Ok(Self {
            base_url: format!("{scheme}://{authority}"),
            target: uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned(),
            transport: transport.clone(),
            connection: None,
            mappings,
            grid,
            series: PoolSeries::default(),
            counters: Counters::default(),
            failure: None,
            listener: None,
        })
    }

    /// Samples at every mark, for ever. May be dropped at any await.
    pub(crate) async fn run(&mut self) {
        loop {
            let at_ms = self.grid.next().await;
            self.sample(at_ms).await;
        }
    }

    /// One sample: a row of figures, or rows of nothing for every mark that the failed attempt took.
    pub(crate) async fn sample(&mut self, at_ms: u64) {
        match self.scrape().await {
            Ok(reading) => self.take(at_ms, &reading),
            Err(error) => self.push_failure(at_ms, &error),
        }
    }

    /// The sample at the end, between marks. It is for the counters: if it fails, the side has gone and that is no news.
    pub(crate) async fn last_sample(&mut self, at_ms: u64) {
        if let Ok(reading) = self.scrape().await {
            self.take(at_ms, &reading);
        }
    }

    /// Where the figures come from, in words.
    pub(crate) fn source(&self) -> String {
        match self.mappings {
            [mapping] => format!("metrics endpoint, names of {}", mapping.name),
            _ => "metrics endpoint, no known names found".to_owned(),
        }
    }

    /// One look, which leaves no row.
    pub(crate) async fn scrape(&mut self) -> Result<Reading, ScrapeError> {
        let body = self.fetch().await?;
        let text = String::from_utf8_lossy(&body);
        let (index, reading) = mapping::read(&text, self.mappings).ok_or_else(|| self.no_names())?;
        self.mappings = &self.mappings[index..=index];
        Ok(reading)
    }

    async fn fetch(&mut self) -> Result<Bytes, ScrapeError> {
        let within = self.grid.interval() * 4;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let resolved =
                    tokio::time::timeout(within, Origin::resolve_over(&self.base_url, &self.transport)).await;
                let origin = resolved.map_err(|_| ScrapeError::Http("no answer in time".to_owned()))?;
                let origin = origin.map_err(|error| ScrapeError::Http(error.in_full()))?;
                none.insert(Connection::new(origin, Limits { timeout: within, max_body: LARGEST_BODY }))
            }
        };
        let request = connection.origin().get(&self.target);
        let mut request = request.map_err(|error| ScrapeError::Http(error.to_string()))?;
        let accept = HeaderValue::from_static("text/plain;version=0.0.4;q=1,*/*;q=0.1");
        request.headers_mut().insert(ACCEPT, accept);
        let answer = connection.exchange(&request, Keep::Body).await.outcome?;
        if (200..300).contains(&answer.status) { Ok(answer.body) } else { Err(ScrapeError::Status(answer.status)) }
    }

    fn no_names(&self) -> ScrapeError {
        let names = self.mappings.iter().map(|mapping| mapping.name);
        ScrapeError::NoNames(names.collect::<Vec<_>>().join(", "))
    }

    fn take(&mut self, at_ms: u64, reading: &Reading) {
        let timeouts = self.counters.push(at_ms, reading);
        if let Some(listener) = &mut self.listener {
            listener(PoolLook { at_ms, used: reading.used, max: reading.max, pending: reading.pending, timeouts });
        }
        self.push(at_ms, reading);
    }

    fn push_failure(&mut self, at_ms: u64, error: &ScrapeError) {
        self.failure.get_or_insert_with(|| error.to_string());
        self.push(at_ms, &Reading::default());
        for missed_ms in self.grid.marks_between(at_ms, self.grid.now_ms()) {
            self.push(missed_ms, &Reading::default());
        }
    }

    fn push(&mut self, at_ms: u64, reading: &Reading) {
        let series = &mut self.series;
        series.at_ms.push(at_ms);
        series.used.push(reading.used);
        series.idle.push(reading.idle);
        series.max.push(reading.max);
        series.pending.push(reading.pending);
        series.timeouts.push(reading.timeouts);
    }
}

impl Error {
    fn unknown_mapping(name: &str) -> Self {
        Self::UnknownMapping { name: name.to_owned(), known: Metrics::NAMES.join(", ") }
    }
}
