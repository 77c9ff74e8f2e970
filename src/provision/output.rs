//! What a process writes: kept in a file and, its end, in memory, both bounded; secrets are taken out on the way.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::secret::Redactions;

/// A log file grows no further than this; the process may go on writing.
pub(super) const LARGEST_LOG: u64 = 16 * 1024 * 1024;
/// So many lines are kept in memory.
const KEPT_LINES: usize = 10;
/// A line kept in memory is cut after so many characters.
const KEPT_LINE: usize = 500;
/// A line is passed on in pieces of at most this many bytes.
const LONGEST_PIECE: usize = 64 * 1024;

/// Where output goes.
pub(super) struct Destination {
    /// The log file, opened for appending; `None`: kept in memory only.
    pub(super) log: Option<File>,
    /// Copies each line to standard error with this name in front.
    pub(super) show_as: Option<&'static str>,
    /// What is taken out.
    pub(super) redactions: Redactions,
    /// The rest of the first line that begins so is kept: [`Output::announced`].
    pub(super) announcement: Option<&'static str>,
}

/// Opens a log file for appending, with its directory.
pub(super) fn open_log(path: &Path) -> std::io::Result<File> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// The output of one process, read by a thread until the last writer is gone.
pub(super) struct Output {
    kept: Arc<Mutex<Kept>>,
    ended: Arc<AtomicBool>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<String>,
    announced: Option<String>,
}

impl Output {
    /// Begins to read. The thread ends with the last writer of the pipe.
    pub(super) fn collect(source: impl Read + Send + 'static, destination: Destination) -> std::io::Result<Self> {
        let output = Self { kept: Arc::default(), ended: Arc::default() };
        let (kept, ended) = (Arc::clone(&output.kept), Arc::clone(&output.ended));
        std::thread::Builder::new().name("cutover-output".to_owned()).spawn(move || {
            Collector::new(destination, kept).run(source);
            ended.store(true, Ordering::Release);
        })?;
        Ok(output)
    }

    /// The last lines, oldest first.
    pub(super) fn last_lines(&self) -> Vec<String> {
        lock(&self.kept).lines.iter().cloned().collect()
    }

    /// The same once the process has ended: waits a moment for what is still in the pipe.
    pub(super) fn final_lines(&self) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_millis(300);
        while !self.ended.load(Ordering::Acquire) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.last_lines()
    }

    /// The rest of the first line that began with [`Destination::announcement`].
    pub(super) fn announced(&self) -> Option<String> {
        lock(&self.kept).announced.clone()
    }
}

/// Writes lines to their destinations.
struct Collector {
    destination: Destination,
    kept: Arc<Mutex<Kept>>,
    logged: u64,
}

impl Collector {
    fn new(destination: Destination, kept: Arc<Mutex<Kept>>) -> Self {
        let logged = destination.log.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |data| data.len());
        Self { destination, kept, logged }
    }

    fn run(mut self, mut source: impl Read) {
        let mut pending = Vec::new();
        let mut chunk = vec![0; 16 * 1024];
        loop {
            match source.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => pending.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            self.pass_on_lines(&mut pending);
        }
        if !pending.is_empty() {
            self.pass_on(&String::from_utf8_lossy(&pending));
        }
    }

    fn pass_on_lines(&mut self, pending: &mut Vec<u8>) {
        let mut start = 0;
        while let Some(length) = pending[start..].iter().position(|byte| *byte == b'\n') {
            self.pass_on(&String::from_utf8_lossy(&pending[start..start + length]));
            start += length + 1;
        }
        pending.drain(..start);
        if pending.len() > LONGEST_PIECE {
            self.pass_on_piece(pending);
        }
    }

    /// A line without an end: all but its tail, in which a secret may have begun.
    fn pass_on_piece(&mut self, pending: &mut Vec<u8>) {
        let text = self.destination.redactions.redact(&String::from_utf8_lossy(pending));
        let cut = text.floor_char_boundary(text.len().saturating_sub(self.destination.redactions.longest()));
        self.pass_on(&text[..cut]);
        *pending = text.as_bytes()[cut..].to_vec();
    }

    fn pass_on(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        // As it was said: an address may hold what must not be shown elsewhere.
        self.hear(line);
        let line = self.destination.redactions.redact(line);
        self.log(&line);
        if let Some(name) = self.destination.show_as {
            // Nobody may be reading standard error any more; that is no reason to stop reading the process.
            let _ = writeln!(std::io::stderr().lock(), "{name} | {line}");
        }
        self.keep(line);
    }

    fn log(&mut self, line: &str) {
        let Some(file) = &mut self.destination.log else { return };
        let length = line.len() as u64 + 1;
        let text = if self.logged + length > LARGEST_LOG {
            "… this log has reached its limit; what follows is not kept\n".to_owned()
        } else {
            format!("{line}\n")
        };
        let full = self.logged + length > LARGEST_LOG;
        self.logged += length;
        if file.write_all(text.as_bytes()).is_err() || full {
            self.destination.log = None;
        }
    }

    fn hear(&self, line: &str) {
        let rest = self.destination.announcement.and_then(|prefix| line.strip_prefix(prefix));
        if let Some(rest) = rest {
            lock(&self.kept).announced.get_or_insert_with(|| rest.to_owned());
        }
    }

    fn keep(&self, line: String) {
        let mut kept = lock(&self.kept);
        if line.trim().is_empty() {
            return;
        }
        if kept.lines.len() == KEPT_LINES {
            kept.lines.pop_front();
        }
        kept.lines.push_back(shorten(line));
    }
}

fn shorten(mut line: String) -> String {
    if line.len() > KEPT_LINE {
        line.truncate(line.floor_char_boundary(KEPT_LINE));
        line.push('…');
    }
    line
}

/// A thread that panicked while it held lines has not made them unusable.
fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn collect(text: impl Into<Vec<u8>>, log: Option<File>) -> Output {
        let mut redactions = Redactions::default();
        redactions.hide_url("postgres://u:hush-hush@h/d");
        let destination = Destination { log, show_as: None, redactions, announcement: Some("listening on ") };
        let output = Output::collect(Cursor::new(text.into()), destination).expect("a thread");
        while !output.ended.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        output
    }

    #[test]
    fn the_last_lines_are_kept_and_an_announcement_however_old() {
        let lines: Vec<String> = (0..100).map(|number| format!("line {number}\r\n\n")).collect();
        let output = collect(format!("listening on http://a\n{}unfinished", lines.concat()), None);
        assert_eq!(output.announced().as_deref(), Some("http://a"));
        assert_eq!(output.last_lines().len(), KEPT_LINES);
        assert_eq!(output.last_lines()[KEPT_LINES - 2..], ["line 99", "unfinished"]);
    }

    #[test]
    fn a_secret_is_found_wherever_a_long_line_is_cut() {
        for before in LONGEST_PIECE - 40..LONGEST_PIECE + 5 {
            let mut log = tempfile::tempfile().expect("a file");
            let text = format!("{}postgres://u:hush-hush@h/d{}", "x".repeat(before), "y".repeat(LONGEST_PIECE));
            collect(text, Some(log.try_clone().expect("a file")));
            let mut written = String::new();
            std::io::Seek::rewind(&mut log).and_then(|()| log.read_to_string(&mut written)).expect("a log");
            assert!(!written.contains("hush"), "{before}");
            assert!(written.replace('\n', "").contains("[secret]"), "{before}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let output = collect([b'a', 0xff, b'\n', 0xf0, 0x9f].to_vec(), None);
        assert_eq!(output.last_lines(), ["a\u{fffd}", "\u{fffd}"]);
    }
}
