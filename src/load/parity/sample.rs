//! Answers of one block that are kept to be compared: noted while the block runs, looked into when it is over.
//!
//! This is on the way of every measured request, so it decides once per flow iteration whether its answers are kept, and
//! takes a lock only when such an iteration is over. Which iterations these are follows from their numbers, so both
//! sides of a pair keep the same ones. What is kept is bounded: when it becomes too much, half of the iterations are let
//! go. Knows nothing of what the answers are compared for.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::compare::HEADERS_LEFT_OUT;
use crate::http::{Keep, Response};
use crate::step::{Done, Problem};

/// Most bytes of answers that are kept of a block. At most four blocks are kept at a time.
pub(super) const MOST_BYTES: usize = 6 << 20;
/// Most answers that are kept of a block: looking into them takes time between blocks.
const MOST_ANSWERS: usize = 4_096;
/// Largest body that is kept.
const LARGEST_BODY: usize = 256 << 10;
/// Most answers outside the plan's expectations that are remembered besides.
const MOST_UNEXPECTED: usize = 1_000;
/// Statuses that say no more than that the service was busy.
const BUSY: [u16; 5] = [408, 429, 502, 503, 504];

/// The answers of one block.
#[derive(Debug)]
pub(in crate::load) struct BlockSample {
    /// Iterations are kept whose mixed number ends in so many zero bits.
    level: AtomicU32,
    answers: AtomicU64,
    left_out: AtomicU64,
    broken_off: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    iterations: Vec<Notes>,
    unexpected: Vec<Unexpected>,
    bytes: usize,
    answers: usize,
}

/// A status that the plan does not expect, of an iteration whose answers are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unexpected {
    pub(super) step: usize,
    pub(super) status: u16,
    pub(super) number: u64,
}

/// What is noted of one flow iteration.
#[derive(Debug)]
pub(in crate::load) struct Notes {
    /// Its number within the block, the same on both sides of a pair.
    pub(super) number: u64,
    is_kept: bool,
    /// A request went out twice: what was answered afterwards may be its doing.
    is_doubtful: bool,
    /// Changes that were asked for.
    changes: u32,
    seen: u64,
    left_out: u64,
    unexpected: Vec<Unexpected>,
    answers: Vec<Entry>,
    buffer: Vec<u8>,
}

/// One answer within the buffer of its iteration.
#[derive(Debug, Clone)]
struct Entry {
    step: usize,
    status: u16,
    /// In seconds since the start of the block.
    at_s: u32,
    head: Range<usize>,
    /// `None`: too large.
    body: Option<Range<usize>>,
}

/// An answer that was kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptAnswer<'a> {
    pub(super) step: usize,
    pub(super) status: u16,
    pub(super) at_s: u32,
    head: &'a [u8],
    /// `None`: it was too large to be kept.
    pub(super) body: Option<&'a [u8]>,
}

/// What a block left.
#[derive(Debug, Default)]
pub(in crate::load) struct Sample {
    /// Iterations whose answers were kept, in the order of their numbers.
    pub(super) iterations: Vec<Notes>,
    pub(super) unexpected: Vec<Unexpected>,
    pub(super) answers: u64,
    pub(super) left_out: u64,
    pub(super) broken_off: u64,
    /// The level at the end, to begin the next block with.
    pub(super) level: u32,
}

impl BlockSample {
    /// Nothing kept yet; see [`Sample::level`].
    pub(in crate::load) fn new(level: u32) -> Self {
        Self {
            level: AtomicU32::new(level),
            answers: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            broken_off: AtomicU64::new(0),
            kept: Mutex::default(),
        }
    }

    /// An iteration begins.
    pub(in crate::load) fn begin(&self, number: u64) -> Notes {
        Notes {
            number,
            is_kept: is_of_level(number, self.level.load(Relaxed)),
            is_doubtful: false,
            changes: 0,
            seen: 0,
            left_out: 0,
            unexpected: Vec::new(),
            answers: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// An iteration is over. `is_whole`: all of its steps were done.
    pub(in crate::load) fn end(&self, mut notes: Notes, is_whole: bool) {
        self.answers.fetch_add(notes.seen, Relaxed);
        if notes.left_out > 0 {
            self.left_out.fetch_add(notes.left_out, Relaxed);
        }
        if notes.changes > 0 && (!is_whole || notes.is_doubtful) {
            self.broken_off.fetch_add(1, Relaxed);
        }
        if notes.answers.is_empty() && notes.unexpected.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_UNEXPECTED.saturating_sub(kept.unexpected.len());
        kept.unexpected.extend(notes.unexpected.drain(..).take(room));
        if !is_of_level(notes.number, self.level.load(Relaxed)) || notes.answers.is_empty() {
            return;
        }
        kept.bytes += notes.size();
        kept.answers += notes.answers.len();
        kept.iterations.push(notes);
        while kept.bytes > MOST_BYTES || kept.answers > MOST_ANSWERS {
            let level = self.level.fetch_add(1, Relaxed) + 1;
            kept.iterations.retain(|notes| is_of_level(notes.number, level));
            kept.bytes = kept.iterations.iter().map(Notes::size).sum();
            kept.answers = kept.iterations.iter().map(|notes| notes.answers.len()).sum();
        }
    }

    /// What was kept, once nobody notes anything any more.
    pub(in crate::load) fn finish(&self) -> Sample {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let mut iterations = kept.iterations;
        iterations.sort_unstable_by_key(|notes| notes.number);
        Sample {
            iterations,
            unexpected: kept.unexpected,
            answers: self.answers.load(Relaxed),
            left_out: self.left_out.load(Relaxed),
            broken_off: self.broken_off.load(Relaxed),
            level: self.level.load(Relaxed),
        }
    }
}

impl Notes {
    /// Whether the bodies of this iteration are wanted.
    pub(in crate::load) const fn keep(&self) -> Keep {
        if self.is_kept { Keep::Body } else { Keep::Length }
    }

    /// A step was done. `at_s` is when, since the start of the block; `changes`, whether it asked for a change.
    pub(in crate::load) fn note(&mut self, step: usize, at_s: u32, changes: bool, done: &Done) {
        self.changes += u32::from(changes);
        self.is_doubtful |= done.exchange.resent;
        let Ok(response) = &done.exchange.outcome else {
            self.left_out += 1;
            return;
        };
        self.seen += 1;
        if self.is_doubtful || BUSY.contains(&response.status) {
            self.left_out += 1;
        } else if self.is_kept {
            self.keep_answer(step, at_s, response);
        } else if let Some(Problem::Status { status, .. }) = done.problem {
            self.unexpected.push(Unexpected { step, status, number: self.number });
        }
    }

    fn keep_answer(&mut self, step: usize, at_s: u32, response: &Response) {
        let start = self.buffer.len();
        for (name, value) in &response.headers {
            if !HEADERS_LEFT_OUT.contains(&name.as_str()) {
                self.buffer.extend_from_slice(name.as_str().as_bytes());
                self.buffer.push(b':');
                self.buffer.extend_from_slice(value.as_bytes());
                self.buffer.push(b'\n');
            }
        }
        let head = start..self.buffer.len();
        let body = (response.length <= LARGEST_BODY).then(|| {
            self.buffer.extend_from_slice(&response.body);
            head.end..self.buffer.len()
        });
        self.answers.push(Entry { step, status: response.status, at_s, head, body });
    }

    /// The answers that were kept, in the order of the steps.
    pub(super) fn answers(&self) -> impl Iterator<Item = KeptAnswer<'_>> {
        self.answers.iter().map(|entry| KeptAnswer {
            step: entry.step,
            status: entry.status,
            at_s: entry.at_s,
            head: &self.buffer[entry.head.clone()],
            body: entry.body.clone().map(|body| &self.buffer[body]),
        })
    }

    const fn size(&self) -> usize {
        self.buffer.capacity() + self.answers.capacity() * size_of::<Entry>() + size_of::<Self>()
    }
}

impl KeptAnswer<'_> {
    /// The headers as they came, save for those that are never compared.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // A header's value holds no line end.
        for line in self.head.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let name = HeaderName::from_bytes(&line[..colon]);
            let value = HeaderValue::from_bytes(&line[colon + 1..]);
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        headers
    }
}

/// Whether an iteration is kept at a level; the higher the level, the fewer are.
pub(super) const fn is_of_level(number: u64, level: u32) -> bool {
    // Mixed, so that what is kept is spread over the block whatever the flows' order.
    number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15).leading_zeros() >= level
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Exchange;
    use bytes::Bytes;
    use std::time::Instant;

    fn done(status: u16, body: &str) -> Done {
        let mut headers = HeaderMap::new();
        headers.append("etag", HeaderValue::from_static("\"7\""));
        headers.append("date", HeaderValue::from_static("now"));
        let body = Bytes::copy_from_slice(body.as_bytes());
        let length = body.len();
        let now = Instant::now();
        let outcome = Ok(Response { status, headers, body, length });
        Done {
            exchange: Exchange { sent: now, done: now, read: now, reconnected: false, resent: false, outcome },
            problem: None,
            request: None,
        }
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let sample = BlockSample::new(0);
        let mut notes = sample.begin(4);
        notes.note(2, 0, false, &done(200, "first"));
        notes.note(3, 1, true, &done(201, "second"));
        notes.note(3, 1, true, &done(503, "busy"));
        sample.end(notes, true);
        let kept = sample.finish();
        assert_eq!((kept.answers, kept.left_out, kept.broken_off), (3, 1, 0));
        let answers: Vec<_> = kept.iterations[0].answers().collect();
        let seen: Vec<_> = answers.iter().map(|answer| (answer.step, answer.status, answer.body.unwrap())).collect();
        assert_eq!(seen, [(2, 200, &b"first"[..]), (3, 201, &b"second"[..])]);
        let headers = answers[0].headers();
        assert_eq!((headers.len(), &headers["etag"]), (1, &HeaderValue::from_static("\"7\"")));
    }

    #[test]
    fn memory_is_bounded_and_both_sides_keep_the_same_iterations() {
        let body = "x".repeat(100_000);
        let keep = |count: u64| {
            let sample = BlockSample::new(0);
            for number in 0..count {
                let mut notes = sample.begin(number);
                if notes.keep() == Keep::Body {
                    notes.note(0, 0, false, &done(200, &body));
                }
                sample.end(notes, true);
            }
            sample.finish()
        };
        let (few, many) = (keep(10), keep(2_000));
        assert_eq!(few.iterations.len(), 10);
        let bytes: usize = many.iterations.iter().map(Notes::size).sum();
        assert!(bytes <= MOST_BYTES && many.level > 0 && !many.iterations.is_empty(), "{bytes} at {}", many.level);
        assert!(many.iterations.iter().all(|notes| is_of_level(notes.number, many.level)));
        let numbers = |sample: &Sample| sample.iterations.iter().map(|notes| notes.number).collect::<Vec<_>>();
        assert_eq!(numbers(&many), numbers(&keep(2_000)));
    }

    #[test]
    fn changes_that_broke_off_are_counted_and_reads_are_not() {
        let sample = BlockSample::new(0);
        for (changes, is_whole) in [(true, false), (true, true), (false, false)] {
            let mut notes = sample.begin(0);
            notes.note(0, 0, changes, &done(200, ""));
            sample.end(notes, is_whole);
        }
        assert_eq!(sample.finish().broken_off, 1);
    }

    #[test]
    fn an_unexpected_status_is_remembered_of_iterations_that_are_not_kept() {
        let sample = BlockSample::new(64);
        let mut notes = sample.begin(9);
        assert_eq!(notes.keep(), Keep::Length);
        let mut refused = done(403, "");
        refused.problem = Some(Problem::Status { status: 403, expected: "200".to_owned() });
        notes.note(5, 0, false, &refused);
        notes.note(5, 0, false, &done(200, ""));
        sample.end(notes, true);
        assert_eq!(sample.finish().unexpected, [Unexpected { step: 5, status: 403, number: 9 }]);
    }
}
