//! What comparing costs, in times of what `serde_json` takes to read both bodies: `cargo bench --bench compare`.
//!
//! Each figure is the median of many rounds in which the candidates take turns, so that what disturbs the machine
//! disturbs all of them. The large body is compared in a process of its own, whose peak memory the kernel knows.

#![allow(missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cutover::compare::{Answer, Asked, Comparator, Comparison, Ids};
use cutover::plan;
use cutover::role::Pair;
use http::{HeaderMap, HeaderValue, header};

const ROUNDS: usize = 400;
/// Argument of the child that compares the large body.
const LARGE: &str = "--large";

fn main() {
    let rules = Rules { none: comparator("[]"), ordinary: comparator(ORDINARY) };
    if std::env::args().any(|arg| arg == LARGE) {
        return large(&rules);
    }
    ten_kilobytes(&rules);
    insertions(&rules);
    let child = std::env::current_exe().and_then(|own| std::process::Command::new(own).arg(LARGE).status());
    child.expect("this program can be started again");
}

struct Rules {
    none: Comparator,
    ordinary: Comparator,
}

/// The kind of rules that the plan for the reference service has.
const ORDINARY: &str = r"[
    { path: $..created_at, as: datetime, within: 5s, reason: x },
    { path: $..updated_at, as: datetime, within: 5s, reason: x },
    { path: $..claimed_at, as: datetime, within: 5s, reason: x },
    { path: $.query_id, as: uuid, reason: x },
    { header: x-request-id, as: uuid, reason: x }
]";

fn comparator(rules: &str) -> Comparator {
    Comparator::new(&plan(rules).compare)
}

fn plan(rules: &str) -> plan::Plan {
    let plan = format!(
        "version: 1\nname: bench\nsides: {{ baseline: {{ url: \"http://a:1\" }}, candidate: {{ url: \"http://b:2\" }} }}\n\
         flows: [ {{ name: browse, steps: [ {{ request: GET /students, name: list }} ] }} ]\ncompare: {{ rules: {rules} }}\n"
    );
    plan::parse("bench", &plan).expect("a valid plan")
}

fn compare(comparator: &Comparator, baseline: &[u8], candidate: &[u8]) -> Comparison {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = |body, base_url| Answer { status: 200, headers: &headers, body, base_url };
    comparator.compare("browse", "list", &answer(baseline, "http://a:1"), &answer(candidate, "http://b:2"))
}

/// As the replay compares: ids that the sides made up are learned and checked on the way, so nothing is passed over.
fn compare_in_replay(comparator: &Comparator, ids: &mut Ids, baseline: &[u8], candidate: &[u8]) -> Comparison {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = |body, base_url| Answer { status: 200, headers: &headers, body, base_url };
    let targets = Pair { baseline: "/students", candidate: "/students" };
    let asked = Asked { flow: "browse", step: "list", method: "GET", targets };
    let (baseline, candidate) = (answer(baseline, "http://a:1"), answer(candidate, "http://b:2"));
    comparator.compare_with_ids(&asked, ids, &baseline, &candidate)
}

/// One student as the baseline writes it.
fn one(out: &mut String, id: usize) {
    let _ = write!(
        out,
        r#"{{"id":{id},"student_no":"S{id:06}","name":"Ada Lovelace {id}","email":"ada.{id}@example.org","gpa":{}.50,"credits":{},"is_active":true,"note":null,"created_at":"2024-05-01T12:{:02}:00.120000Z","updated_at":"2024-05-01T12:{:02}:30Z","tags":["a","b{id}"]}}"#,
        id % 4,
        id % 180,
        id % 60,
        id % 60,
    );
}

/// The same as a candidate may write it: other order of keys, other spelling of numbers and times.
fn other(out: &mut String, id: usize) {
    let _ = write!(
        out,
        r#"{{"created_at":"2024-05-01T12:{:02}:00.12+00:00","credits":{},"email":"ada.{id}@example.org","gpa":{}.5,"id":{id},"is_active":true,"name":"Ada Lovelace {id}","note":null,"student_no":"S{id:06}","tags":["a","b{id}"],"updated_at":"2024-05-01T12:{:02}:30+00:00"}}"#,
        id % 60,
        id % 180,
        id % 4,
        id % 60,
    );
}

fn page(items: usize, write: impl Fn(&mut String, usize)) -> Vec<u8> {
    let mut out = String::from("{\"items\":[");
    for id in 0..items {
        if id > 0 {
            out.push(',');
        }
        write(&mut out, id);
    }
    let _ = write!(out, "],\"total\":{items}}}");
    out.into_bytes()
}

fn ten_kilobytes(rules: &Rules) {
    let (baseline, candidate) = (page(40, one), page(40, other));
    let spaced = String::from_utf8_lossy(&baseline).replace(",\"", ", \"").into_bytes();
    let copy = baseline.clone();
    println!("bodies of {} bytes; times of reading both with serde_json into Value\n", baseline.len());
    println!("{:<44}{:>10}{:>10}{:>8}", "", "median", "serde", "ratio");
    for (name, comparator, other) in [
        ("white space", &rules.none, &spaced),
        ("order of keys, spelling of numbers, times", &rules.none, &candidate),
        ("  the same with ordinary rules", &rules.ordinary, &candidate),
        ("white space with ordinary rules", &rules.ordinary, &spaced),
        ("identical bytes with ordinary rules", &rules.ordinary, &copy),
    ] {
        let found = compare(comparator, &baseline, other);
        assert!(found.differences.iter().all(|found| found.class != cutover::record::Class::Breaking), "{name}");
        let [own, serde] = medians([
            &mut || drop(black_box(compare(comparator, black_box(&baseline), black_box(other)))),
            &mut || {
                for body in [&baseline, other] {
                    drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(body))));
                }
            },
        ]);
        println!("{name:<44}{:>10}{:>10}{:>8.2}", us(own), us(serde), ratio(own, serde));
    }
    for (name, other) in [
        ("in the replay, with ids: white space", &spaced),
        ("  order of keys, spelling of numbers, times", &candidate),
        ("  identical bytes", &copy),
    ] {
        let mut ids = Ids::new(&plan("[]"));
        let mut own = || drop(black_box(compare_in_replay(&rules.none, &mut ids, &baseline, black_box(other))));
        let mut serde = || {
            for body in [&baseline, other] {
                drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(body))));
            }
        };
        let [own, serde] = medians([&mut own, &mut serde]);
        println!("{name:<44}{:>10}{:>10}{:>8.2}", us(own), us(serde), ratio(own, serde));
    }
    let [own, bytes] =
        medians([&mut || drop(black_box(compare(&rules.none, black_box(&baseline), black_box(&copy)))), &mut || {
            _ = black_box(black_box(&baseline) == black_box(&copy));
        }]);
    println!("{:<44}{:>10}{:>10}   (a comparison of bytes)\n", "identical bytes", us(own), us(bytes));
    let (large, again) = (page(40_000, one), page(40_000, one));
    let [own, bytes] =
        medians([&mut || drop(black_box(compare(&rules.none, black_box(&large), black_box(&again)))), &mut || {
            _ = black_box(black_box(&large) == black_box(&again));
        }]);
    println!(
        "identical bytes, {} of them: {} and {}, ratio {:.2}\n",
        large.len(),
        us(own),
        us(bytes),
        ratio(own, bytes)
    );
}

fn insertions(rules: &Rules) {
    println!("{:<44}{:>10}{:>12}{:>8}", "one element inserted in the middle", "median", "per element", "found");
    for size in [1_000, 2_000, 4_000, 8_000] {
        let baseline = page(size, one);
        let shifted = page(size + 1, |out, id| match id.cmp(&(size / 2)) {
            std::cmp::Ordering::Less => one(out, id),
            std::cmp::Ordering::Equal => one(out, 999_999),
            std::cmp::Ordering::Greater => one(out, id - 1),
        });
        let candidate = String::from_utf8_lossy(&shifted)
            .replace(&format!("\"total\":{}", size + 1), &format!("\"total\":{size}"))
            .into_bytes();
        let found = compare(&rules.none, &baseline, &candidate).differences.len();
        let [own] = medians([&mut || drop(black_box(compare(&rules.none, &baseline, &candidate)))]);
        println!("{:<44}{:>10}{:>12}{found:>8}", format!("  {size} elements"), us(own), us(own / size as u32));
    }
    println!();
}

fn large(rules: &Rules) {
    let (baseline, candidate) = (page(100_000, one), page(100_000, other));
    let before = peak_memory();
    let started = Instant::now();
    let found = compare(&rules.ordinary, &baseline, &candidate);
    println!(
        "bodies of {:.1} MB, 100 000 elements, ordinary rules: {:.2} s, {} differences, peak memory {} MB ({} MB before)",
        baseline.len() as f64 / 1e6,
        started.elapsed().as_secs_f64(),
        found.differences.len(),
        peak_memory(),
        before,
    );
}

/// The kernel's high-water mark of this process, in MB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1000
}

/// The median time of each, taken in turns.
fn medians<const N: usize>(mut subjects: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(ROUNDS));
    let budget = Instant::now();
    for round in 0..ROUNDS {
        if round > 20 && budget.elapsed() > Duration::from_secs(8) {
            break;
        }
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            let started = Instant::now();
            subject();
            times.push(started.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(1e-9)
}

fn us(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
