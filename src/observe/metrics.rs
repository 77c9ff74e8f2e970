//! Sampler of a side's metrics endpoint.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;

use super::Error;
use super::counters::Counters;
use super::grid::Grid;
use super::mapping::{self, Reading};
use super::mappings::Mapping;
use crate::plan::Metrics;
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

impl From<reqwest::Error> for ScrapeError {
    /// Without the address: it may hold a password.
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Http("no answer in time".to_owned());
        }
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self::Http(cause.to_string())
    }
}

/// Reads pool figures from one endpoint over one kept connection.
pub(crate) struct Sampler {
    client: Client,
    url: reqwest::Url,
    /// What may be found; one mapping as soon as `auto` has found it.
    mappings: &'static [Mapping],
    grid: Grid,
    /// One row per sample.
    pub(crate) series: PoolSeries,
    /// Growth of the counters.
    pub(crate) counters: Counters,
    /// The first failure in words.
    pub(crate) failure: Option<String>,
}

impl Sampler {
    /// Nothing is sent yet. A sample may take four intervals.
    pub(crate) fn new(url: &str, names: &str, grid: Grid) -> Result<Self, Error> {
        let mappings = mapping::candidates(names).ok_or_else(|| Error::unknown_mapping(names))?;
        let url = reqwest::Url::parse(url).map_err(|_| Error::MetricsUrl)?;
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .http1_only()
            .pool_max_idle_per_host(1)
            .timeout(grid.interval() * 4)
            .connect_timeout(grid.interval() * 2)
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(|error| Error::Client(error.to_string()))?;
        let (series, counters) = (PoolSeries::default(), Counters::default());
        Ok(Self { client, url, mappings, grid, series, counters, failure: None })
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

    async fn fetch(&self) -> Result<Vec<u8>, ScrapeError> {
        let request = self.client.get(self.url.clone()).header(ACCEPT, "text/plain;version=0.0.4;q=1,*/*;q=0.1");
        let mut response = request.send().await?;
        if !response.status().is_success() {
            return Err(ScrapeError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(ScrapeError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn no_names(&self) -> ScrapeError {
        let names = self.mappings.iter().map(|mapping| mapping.name);
        ScrapeError::NoNames(names.collect::<Vec<_>>().join(", "))
    }

    fn take(&mut self, at_ms: u64, reading: &Reading) {
        self.counters.push(at_ms, reading);
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
