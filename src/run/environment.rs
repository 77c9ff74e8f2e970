//! The machine and the software, read at the start of a run.

use jiff::{Timestamp, Unit};
use procfs::Current as _;

use crate::record::Environment;

/// The time now, RFC 3339 in UTC, whole seconds.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}

/// What can be read of the machine; what cannot is left empty.
pub(super) fn read() -> Environment {
    Environment {
        cutover: env!("CARGO_PKG_VERSION").to_owned(),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        os: os(),
        cpu_model: cpu_model(),
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_bytes: procfs::Meminfo::current().map_or(0, |memory| memory.mem_total),
        load_average: procfs::LoadAverage::current().map_or(0.0, |load| f64::from(load.one)),
        database: None,
    }
}

fn os() -> String {
    let kernel = procfs::sys::kernel::Version::current();
    let kernel = kernel.map_or_else(|_| String::new(), |v| format!(" {}.{}.{}", v.major, v.minor, v.patch));
    format!("{}{kernel}", std::env::consts::OS)
}

fn cpu_model() -> String {
    procfs::CpuInfo::current().ok().and_then(|info| info.model_name(0).map(str::to_owned)).unwrap_or_default()
}
