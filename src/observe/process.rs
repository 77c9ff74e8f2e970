//! Sampler of a side's process and of everything it started.
//!
//! A side may be a shell or a supervisor with workers, so figures are sums over the process tree. Processes that join
//! the tree are found once a second, and bring the processor time they used until then with them. Processor time of
//! those that ended is kept: their parent has it once it has waited for them. Memory that processes share counts once
//! for each.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use procfs::process::{Process, Stat};

use super::grid::Grid;
use crate::record::ProcessSeries;

/// How often new members of the tree are looked for and files are counted.
const SCAN_EVERY: Duration = Duration::from_secs(1);

/// Reads `/proc`.
pub(crate) struct Sampler {
    root: i32,
    members: Vec<Process>,
    scanned: Option<Instant>,
    fds: u64,
    cpu: Cpu,
    grid: Grid,
    /// One row per sample.
    pub(crate) series: ProcessSeries,
}

/// What one look at a tree says.
#[derive(Debug, Default)]
struct Figures {
    ticks: u64,
    pages: u64,
    threads: u64,
}

impl Sampler {
    /// Nothing is read yet.
    pub(crate) fn new(pid: u32, grid: Grid) -> Self {
        Self {
            root: i32::try_from(pid).unwrap_or(-1),
            members: Vec::new(),
            scanned: None,
            fds: 0,
            cpu: Cpu::default(),
            grid,
            series: ProcessSeries::default(),
        }
    }

    /// Samples at every mark until no process of the tree is left.
    pub(crate) async fn run(&mut self) {
        loop {
            let at_ms = self.grid.next().await;
            if !self.sample(at_ms) {
                return;
            }
        }
    }

    /// One sample; `false`: there is nothing left to sample.
    pub(crate) fn sample(&mut self, at_ms: u64) -> bool {
        if self.scanned.is_none_or(|at| at.elapsed() >= SCAN_EVERY) {
            self.scan();
        }
        let stats = self.stats();
        if !stats.iter().any(is_alive) {
            return false;
        }
        let mut figures = Figures::default();
        for stat in &stats {
            figures.add(stat);
        }
        let series = &mut self.series;
        series.at_ms.push(at_ms);
        series.cpu_ms.push(self.cpu.push(figures.ticks * 1000 / procfs::ticks_per_second().max(1)));
        series.rss_bytes.push(figures.pages * procfs::page_size());
        series.threads.push(figures.threads);
        series.fds.push(self.fds);
        true
    }

    /// Of the members that still exist; the others are forgotten.
    fn stats(&mut self) -> Vec<Stat> {
        let mut stats = Vec::with_capacity(self.members.len());
        self.members.retain(|process| {
            process.stat().is_ok_and(|stat| {
                stats.push(stat);
                true
            })
        });
        stats
    }

    /// Looks for new members and counts open files.
    fn scan(&mut self) {
        if self.scanned.is_none() {
            self.members.extend(Process::new(self.root));
        }
        self.scanned = Some(Instant::now());
        let mut known: HashSet<i32> = self.members.iter().map(Process::pid).collect();
        for pid in descendants(&mut known, &parents()) {
            self.members.extend(Process::new(pid));
        }
        self.fds = self.members.iter().filter_map(|process| process.fd_count().ok()).map(|count| count as u64).sum();
    }
}

impl Figures {
    fn add(&mut self, stat: &Stat) {
        self.ticks += stat.utime + stat.stime + (stat.cutime.max(0) + stat.cstime.max(0)) as u64;
        self.pages += stat.rss;
        self.threads += stat.num_threads.max(0) as u64;
    }
}

/// Neither a zombie nor dead.
fn is_alive(stat: &Stat) -> bool {
    !matches!(stat.state, 'Z' | 'X' | 'x')
}

/// Every process of the machine with its parent.
fn parents() -> Vec<(i32, i32)> {
    let Ok(processes) = procfs::process::all_processes() else { return Vec::new() };
    let stats = processes.filter_map(|process| process.ok()?.stat().ok());
    stats.map(|stat| (stat.pid, stat.ppid)).collect()
}

/// Those below the known ones that were not known; they are known afterwards.
fn descendants(known: &mut HashSet<i32>, parents: &[(i32, i32)]) -> Vec<i32> {
    let mut found = Vec::new();
    loop {
        let before = found.len();
        for (pid, parent) in parents {
            if known.contains(parent) && known.insert(*pid) {
                found.push(*pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Processor time that never falls: what a process took with it that nobody waited for stays counted.
#[derive(Debug, Default)]
struct Cpu {
    last_ms: u64,
    lost_ms: u64,
}

impl Cpu {
    fn push(&mut self, now_ms: u64) -> u64 {
        self.lost_ms += self.last_ms.saturating_sub(now_ms);
        self.last_ms = now_ms;
        now_ms + self.lost_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(pid: u32) -> Sampler {
        Sampler::new(pid, Grid::new(Instant::now(), Duration::from_millis(100)))
    }

    /// Uses at least some processor time that the kernel has counted.
    fn burn() {
        let ticks = || Process::myself().and_then(|me| me.stat()).map(|stat| stat.utime + stat.stime).unwrap();
        let before = ticks();
        while ticks() < before + 3 {
            std::hint::black_box((0..10_000_u64).sum::<u64>());
        }
    }

    #[test]
    fn our_own_process_has_figures() {
        let mut sampler = sampler(std::process::id());
        assert!(sampler.sample(100));
        burn();
        assert!(sampler.sample(200));
        let series = &sampler.series;
        assert_eq!(series.at_ms, [100, 200]);
        assert!(series.cpu_ms[1] > series.cpu_ms[0], "{series:?}");
        assert!(series.rss_bytes[0] > 1 << 20 && series.threads[0] >= 1 && series.fds[0] >= 3, "{series:?}");
    }

    #[test]
    fn a_process_that_is_not_there_has_no_rows() {
        let mut sampler = sampler(u32::MAX);
        assert!(!sampler.sample(100));
        assert!(sampler.series.at_ms.is_empty());
    }

    #[test]
    fn a_shell_and_what_it_started_are_one_and_end_together() {
        let mut shell = std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let mut sampler = sampler(shell.id());
        while sampler.members.len() < 2 {
            sampler.scanned = sampler.scanned.map(|_| Instant::now().checked_sub(SCAN_EVERY).unwrap());
            assert!(sampler.sample(100));
        }
        assert_eq!(sampler.series.threads.last(), Some(&2));
        let sleep = rustix::process::Pid::from_raw(sampler.members[1].pid()).unwrap();
        rustix::process::kill_process(sleep, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
        assert!(!sampler.sample(200));
    }

    #[test]
    fn descendants_are_found_however_they_are_listed() {
        let mut known = HashSet::from([10]);
        let mut found = descendants(&mut known, &[(13, 12), (12, 10), (10, 1), (11, 1), (14, 10)]);
        found.sort_unstable();
        assert_eq!(found, [12, 13, 14]);
        assert!(descendants(&mut known, &[(13, 12)]).is_empty());
    }

    #[test]
    fn processor_time_never_falls() {
        let mut cpu = Cpu::default();
        assert_eq!([100, 150, 40, 60, 60].map(|now| cpu.push(now)), [100, 150, 150, 170, 170]);
    }
}
