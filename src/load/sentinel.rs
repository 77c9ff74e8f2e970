//! A tiny server of the harness, and a thread that asks it at a low steady rate while the sides are loaded.
//!
//! It does nothing but send a byte back. If its answers come late, the machine has stalled, whichever side is under load:
//! both threads ask to run before others (`clock.rs`), so that a side that uses the processor up does not hold them up
//! where that is granted.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::clock::{micros_between, sharpen_this_thread, sleep_until};
use crate::record::load::Sentinel as Delays;

/// Time between two questions.
const EVERY: Duration = Duration::from_millis(10);
/// A question may take this long before the sentinel gives up for good.
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer later than this is slow: a hundred times what it takes on a machine that has time.
const SLOW_US: u64 = 20_000;

/// The two threads; dropping it ends them.
pub(super) struct Sentinel {
    /// From the moment that a question was due to its answer, in µs, since it was last asked for.
    delays: Arc<Mutex<Vec<u64>>>,
    over: Arc<AtomicBool>,
    asking: Option<JoinHandle<()>>,
}

impl Sentinel {
    /// Starts to ask.
    ///
    /// # Errors
    /// There is no port or no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let connection = TcpStream::connect(listener.local_addr()?)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        let (answering, _) = listener.accept()?;
        answering.set_nodelay(true)?;
        thread(move || answer(answering))?;
        let (delays, over) = (Arc::<Mutex<Vec<u64>>>::default(), Arc::<AtomicBool>::default());
        let asking = thread({
            let (delays, over) = (delays.clone(), over.clone());
            move || ask(connection, &delays, &over)
        })?;
        Ok(Self { delays, over, asking: Some(asking) })
    }

    /// What was seen since this was last called; `None`: nothing.
    pub(super) fn take(&self) -> Option<Delays> {
        let mut delays = std::mem::take(&mut *self.delays.lock().unwrap_or_else(PoisonError::into_inner));
        delays.sort_unstable();
        let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
        let slow = delays.iter().filter(|delay| **delay > SLOW_US).count() as u64;
        let max = *delays.last()?;
        Some(Delays { asked: delays.len() as u64, slow, p50_us: at(0.5), p99_us: at(0.99), max_us: max })
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It ends after the question that it is at, and the other thread with it.
        if let Some(asking) = self.asking.take() {
            let _ = asking.join();
        }
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let work = move || {
        sharpen_this_thread();
        work();
    };
    std::thread::Builder::new().name("sentinel".to_owned()).spawn(work)
}

/// Sends back what comes, until nobody asks any more.
fn answer(mut connection: TcpStream) {
    let mut byte = [0];
    while connection.read_exact(&mut byte).is_ok() && connection.write_all(&byte).is_ok() {}
}

/// Asks at moments that are fixed beforehand, so that a stall is seen by all the questions that were due in it.
fn ask(mut connection: TcpStream, delays: &Mutex<Vec<u64>>, over: &AtomicBool) {
    let mut due = Instant::now();
    let mut byte = [0];
    while !over.load(Ordering::SeqCst) {
        sleep_until(due);
        if connection.write_all(&byte).is_err() || connection.read_exact(&mut byte).is_err() {
            return;
        }
        let delay = micros_between(due, Instant::now());
        delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        due += EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_at_a_steady_rate_and_each_look_begins_anew() {
        let start = Instant::now();
        let sentinel = Sentinel::start().unwrap();
        while start.elapsed() < Duration::from_millis(300) {
            sleep_until(Instant::now() + EVERY);
        }
        let first = sentinel.take().unwrap();
        let most = start.elapsed().as_millis() as u64 / 10 + 2;
        assert!((15..=most).contains(&first.asked), "{first:?}, at most {most}");
        assert!(first.p50_us <= first.p99_us && first.p99_us <= first.max_us);
        assert!(sentinel.take().is_none_or(|next| next.asked < 15), "seen twice");
    }

    #[test]
    fn a_stall_is_seen_by_every_question_that_was_due_in_it() {
        let sentinel = Sentinel::start().unwrap();
        // Whoever holds this keeps the asking thread from going on, as a machine that has stopped would.
        let held = sentinel.delays.lock().unwrap();
        sleep_until(Instant::now() + Duration::from_millis(400));
        drop(held);
        sleep_until(Instant::now() + Duration::from_millis(100));
        let seen = sentinel.take().unwrap();
        assert!(seen.slow >= 30, "400 ms are 40 questions, all but the last two slow: {seen:?}");
        assert!(seen.max_us >= 350_000, "{seen:?}");
    }
}
