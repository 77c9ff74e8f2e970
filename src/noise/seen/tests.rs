use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

fn seen(texts: &[&str]) -> Seen {
    let mut seen = Seen::default();
    for text in texts {
        seen.see(text);
    }
    seen
}

/// Whether what the candidate has may stand where the baseline had these, however often.
fn is_like(known: &[&str], candidate: &str) -> bool {
    seen(known).fit(&Shape::of(candidate)) == Fit::Like
}

#[test]
fn a_value_that_is_noise_keeps_its_format() {
    let uuid = "\"00000000-0000-4000-8000-00000000000a\"";
    let time = "\"2026-03-14T09:26:55.123456Z\"";
    let tokens = ["\"0a1b2c3d4e5f\"", "\"ffffffffffff\""];
    let base64 = ["\"Zm9vYmFyYmF6cXV4\"", "\"cXV4YmF6YmFyZm9v\""];
    for (seen, candidate, expected) in [
        (&[uuid][..], "\"11111111-0000-4000-8000-00000000000B\"", true),
        (&[uuid], "\"11111111000040008000000000000000\"", false),
        (&[uuid], "\"\"", false),
        (&[uuid], "null", false),
        (&[time], "\"2027-01-01T00:00:00.1234Z\"", true),
        (&[time], "\"2027-01-01T00:00:00.123456\"", false),
        (&[time], "\"2027-01-01T00:00:00.123456+00:00\"", false),
        (&[time, "\"2026-03-14T09:26:56.654321Z\""], "\"2027-01-01T00:00:00.123456789Z\"", false),
        (&[time, "\"2026-03-14T09:26:55Z\""], "\"2027-01-01T00:00:00Z\"", true),
        (&["5", "17"], "123456", true),
        (&["5", "17"], "5.5", false),
        (&["5", "17"], "\"5\"", false),
        (&["5.5", "17.25"], "7.125", true),
        (&tokens, "\"123456789012\"", true),
        (&tokens, "\"0a1b2c\"", false),
        (&tokens, "\"0a1b2c3d4e5z\"", false),
        (&["\"12345678\"", "\"98765432\""], "\"123456789\"", true),
        (&["db;dur=53.21", "db;dur=48.67"], "db;dur=101.3", true),
        (&["db;dur=53.21", "db;dur=48.67"], "db;dur=101", true),
        (&["db;dur=53.21", "db;dur=48.67"], "dur=101.3", false),
        (&["eyJh.eyJz.Sig", "eyJh.eyJz.Tig"], "eyJh.eyJ2.5ig", true),
        (&["eyJh.eyJz.Sig", "eyJh.eyJz.Tig"], "eyJh.eyJz", false),
        (&["Zm9vYmFyYmF6cXV4", "cXV4YmF6YmFyZm9v"], "Zm9v%2BmFy%2FmF6cXV4", true),
        (&base64, "\"Zm9v-mFy_mF6cXV4\"", true),
        (&base64, "\"Zm9v-mFy_mF6cXV\"", false),
        (&base64, "\"Zm9v:mFy:mF6cXV4\"", false),
        (&["\"a\"", "\"abc\""], "\"abcde\"", true),
        (&["\"some words\""], "\"other words here\"", true),
        (&["\"some words\""], "\"words\"", true),
        (&["\"some words\""], "\"\"", false),
        (&["true", "false"], "false", true),
        (&["true"], "1", false),
    ] {
        assert_eq!(is_like(seen, candidate), expected, "{seen:?} {candidate}");
    }
}

#[test]
fn what_ends_in_zeros_is_written_shorter_by_chance() {
    for (known, candidate, expected) in [
        ("\"2026-03-14T09:26:55.123456Z\"", "\"2027-01-01T00:00:00.123Z\"", Fit::ByChance(1e-3)),
        ("\"2026-03-14T09:26:55.123456Z\"", "\"2027-01-01T00:00:00Z\"", Fit::ByChance(1e-6)),
        ("\"2026-03-14T09:26:55.123Z\"", "\"2027-01-01T00:00:00Z\"", Fit::ByChance(1e-3)),
        ("\"2026-03-14T09:26:55.1234567Z\"", "\"2027-01-01T00:00:00.123456Z\"", Fit::ByChance(0.1)),
        ("\"2026-03-14T09:26:55.1234567Z\"", "\"2027-01-01T00:00:00.123Z\"", Fit::ByChance(1e-4)),
        ("\"2026-03-14T09:26:55.123Z\"", "\"2027-01-01T00:00:00+00:00\"", Fit::Unlike),
        ("0123456789abcdef", "0123456789abcde", Fit::ByChance(1.0 / 16.0)),
        ("0123456789abcdef", "0123456789abcdefg", Fit::Unlike),
        ("5.25", "7", Fit::ByChance(0.1)),
        ("7", "5.25", Fit::Unlike),
    ] {
        assert_eq!(seen(&[known]).fit(&Shape::of(candidate)), expected, "{known} {candidate}");
    }
}

#[test]
fn what_is_rare_is_none_where_it_is_often() {
    let is_none = |rare: u32, values: u32, chance: f64| {
        let mut luck = Luck::default();
        (0..values).for_each(|value| luck.add(if value < rare { Fit::ByChance(chance) } else { Fit::Like }));
        luck.is_none()
    };
    for (rare, values, chance, expected) in [
        (0, 1000, 1e-3, false),
        (1, 1, 1e-3, false),
        (1, 26, 1e-3, false),
        (2, 2, 1e-3, true),
        (2, 26, 1e-3, false),
        (3, 26, 1e-3, true),
        (3, 1000, 1e-3, false),
        (10, 1000, 1e-3, true),
        (1, 1, 1e-6, true),
        (1, 26, 1e-6, false),
        (4, 4, 0.1, false),
        (5, 5, 0.1, true),
    ] {
        assert_eq!(is_none(rare, values, chance), expected, "{rare} of {values} at {chance}");
    }
}

fn is_told(fits: &[Fit]) -> bool {
    let mut luck = Luck::default();
    for fit in fits {
        luck.add(*fit);
    }
    fits.contains(&Fit::Unlike) || luck.is_none()
}

type Make = fn(&mut Xoshiro256PlusPlus) -> String;

#[test]
fn of_two_counts_the_second_is_hardly_ever_larger_than_chance_has_it() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    for share in [0.02, 0.1, 0.25, 0.5] {
        let mut count = || (0..40).filter(|_| random.random_bool(share)).count();
        let told = (0..20_000).filter(|_| {
            let (seen, then) = (count(), count());
            seen > 0 && then > most_by_chance(seen)
        });
        let told = told.count();
        assert!(told <= 200, "{share}: {told} of 20 000");
    }
    assert_eq!([1, 2, 5, 20].map(most_by_chance), [7, 10, 15, 37]);
}

/// Texts as services make them, whatever their random number generator gives.
struct Generator {
    name: &'static str,
    make: Make,
}

fn drawn(random: &mut Xoshiro256PlusPlus, alphabet: &str, length: usize) -> String {
    let characters = alphabet.as_bytes();
    let text: String = (0..length).map(|_| char::from(characters[random.random_range(0..characters.len())])).collect();
    format!("\"{text}\"")
}

fn time(random: &mut Xoshiro256PlusPlus, write: fn(u64) -> String) -> String {
    let micros = random.random_range(0..1_000_000_u64);
    format!("\"2026-03-14T09:26:{:02}{}Z\"", random.random_range(0..60_u32), write(micros))
}

const HEXADECIMAL: &str = "0123456789abcdef";
const BASE_36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE_62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE_64_URL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

const GENERATORS: [Generator; 18] = [
    Generator { name: "4 hexadecimal digits", make: |random| drawn(random, HEXADECIMAL, 4) },
    Generator { name: "8 hexadecimal digits", make: |random| drawn(random, HEXADECIMAL, 8) },
    Generator { name: "16 hexadecimal digits", make: |random| drawn(random, HEXADECIMAL, 16) },
    Generator { name: "5 of base 36", make: |random| drawn(random, BASE_36, 5) },
    Generator { name: "21 of base 62", make: |random| drawn(random, BASE_62, 21) },
    Generator { name: "10 of base 64", make: |random| drawn(random, BASE_64_URL, 10) },
    Generator { name: "22 of base 64", make: |random| drawn(random, BASE_64_URL, 22) },
    Generator { name: "43 of base 64", make: |random| drawn(random, BASE_64_URL, 43) },
    // As jiff writes them: no zeros at the end.
    Generator {
        name: "times without zeros",
        make: |random| {
            time(random, |micros| match format!(".{micros:06}").trim_end_matches('0') {
                "." => String::new(),
                text => text.to_owned(),
            })
        },
    },
    // As chrono and Java write them: three digits or six.
    Generator {
        name: "times in threes",
        make: |random| {
            time(random, |micros| match micros {
                0 => String::new(),
                _ if micros % 1_000 == 0 => format!(".{:03}", micros / 1_000),
                _ => format!(".{micros:06}"),
            })
        },
    },
    // As .NET writes them.
    Generator {
        name: "times of seven digits",
        make: |random| {
            let tenths = random.random_range(0..10_000_000_u32);
            let text = format!(".{tenths:07}");
            format!("\"2026-03-14T09:26:55{}Z\"", text.trim_end_matches('0').trim_end_matches('.'))
        },
    },
    Generator { name: "hexadecimal without zeros in front", make: |random| format!("\"{:x}\"", random.next_u64()) },
    Generator {
        name: "Math.random().toString(36).slice(2)",
        make: |random| {
            let text = drawn(random, BASE_36, 11);
            format!("\"{}\"", text.trim_matches('"').trim_end_matches('0'))
        },
    },
    Generator {
        name: "a JWT",
        make: |random| {
            let part = |random: &mut _, length| drawn(random, BASE_64_URL, length).replace('"', "");
            format!("\"eyJhbGciOiJIUzI1NiJ9.{}.{}\"", part(random, 40), part(random, 43))
        },
    },
    Generator {
        name: "a signature in a URL",
        make: |random| {
            let text = drawn(random, BASE_64_URL, 43).replace('"', "");
            format!("\"{}\"", text.replace('-', "%2B").replace('_', "%2F"))
        },
    },
    Generator { name: "nanoseconds as text", make: |random| format!("\"{}\"", random.next_u32()) },
    Generator {
        name: "milliseconds as JavaScript writes them",
        make: |random| format!("{}", f64::from(random.random_range(0..5_000_000_u32)) / 100.0),
    },
    Generator {
        name: "timing with its unit",
        make: |random| format!("\"db;dur={:.2}\"", f64::from(random.random_range(100..200_000_u32)) / 100.0),
    },
];

/// The share of runs in which a candidate that draws as the baseline does is told to be another: each run has two answers
/// of the baseline and one of the candidate, with as many values.
fn false_alarms(make: Make, values: usize, runs: u32) -> f64 {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let told = (0..runs).filter(|_| {
        let mut seen = Seen::default();
        (0..2 * values).for_each(|_| seen.see(&make(&mut random)));
        let fits: Vec<Fit> = (0..values).map(|_| seen.fit(&Shape::of(&make(&mut random)))).collect();
        is_told(&fits)
    });
    told.count() as f64 / f64::from(runs)
}

#[test]
fn whoever_draws_as_the_baseline_does_is_hardly_ever_told() {
    for values in [1, 2, 12] {
        for Generator { name, make } in GENERATORS {
            let share = false_alarms(make, values, 3_000);
            assert!(share <= 1e-3, "{name}, {values} values: {share}");
        }
    }
}

#[test]
fn whoever_draws_otherwise_is_always_told() {
    let others: [(&str, Make, Make); 4] = [
        ("shorter", |random| drawn(random, HEXADECIMAL, 16), |random| drawn(random, HEXADECIMAL, 8)),
        ("other letters", |random| drawn(random, HEXADECIMAL, 16), |random| drawn(random, BASE_62, 16)),
        (
            "milliseconds",
            |random| time(random, |micros| format!(".{micros:06}")),
            |random| time(random, |micros| format!(".{:03}", micros / 1_000)),
        ),
        (
            "no offset",
            |random| time(random, |micros| format!(".{micros:06}")),
            |random| time(random, |micros| format!(".{micros:06}")).replace('Z', ""),
        ),
    ];
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    for (name, baseline, candidate) in others {
        for _ in 0..1_000 {
            let mut seen = Seen::default();
            (0..4).for_each(|_| seen.see(&baseline(&mut random)));
            let fits: Vec<Fit> = (0..2).map(|_| seen.fit(&Shape::of(&candidate(&mut random)))).collect();
            assert!(is_told(&fits), "{name}: {fits:?}");
        }
    }
}
