//! The floors of the house: imports point down, never up, and rooms on one floor do not know each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor, the ground floor first. ARCHITECTURE.md says what each is for.
const FLOORS: [&[&str]; 8] = [
    &["clock", "diagnostic", "progress", "role", "statistics", "stop", "units"],
    &["plan", "record"],
    &[
        "capacity",
        "compare",
        "contract",
        "import",
        "judge",
        "merge",
        "noise",
        "reproduce",
        "schedule",
        "tally",
        "trend",
    ],
    &["http", "step"],
    &["explore", "load", "observe", "parity", "provision", "state", "tap"],
    &["report"],
    &["run"],
    &["cli"],
];

/// Rooms of one floor that may be imported by their neighbours, with the reason.
const STAIRS: [(&str, &str); 7] = [
    // A step is done over a connection; both are about one request, and neither knows a side.
    ("step", "http"),
    // A plan can be made from a contract.
    ("import", "contract"),
    // Recorded bodies are read by the reader that loses nothing.
    ("import", "compare"),
    // It counts what comparing found.
    ("tally", "compare"),
    // It says of what comparing found that it is noise, by places as evidence names them.
    ("noise", "compare"),
    ("noise", "tally"),
    // What a secret is, is written once.
    ("reproduce", "tally"),
];

/// Crates that only one place may name.
const ONLY_HERE: [(&str, &str); 4] = [
    ("nix", "src/http/socket.rs"),
    ("goose", "src/load/goose.rs"),
    ("testcontainers", "src/provision/database/docker.rs"),
    ("plotters", "src/report/charts"),
];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(room) = room_of(&path) else { continue };
        for (line, imported) in imports(&text) {
            if !may_import(&room, &imported) {
                wrong.push(format!("{}:{line}: `{room}` imports `{imported}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up or across:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_floor() {
    let known: Vec<&str> = FLOORS.concat();
    let rooms: Vec<String> = sources().into_keys().filter_map(|path| room_of(&path)).collect();
    assert!(rooms.len() > known.len());
    for room in rooms {
        assert!(known.contains(&room.as_str()), "`{room}` is on no floor: put it into tests/it/floors.rs");
    }
}

#[test]
fn what_is_fenced_in_is_named_in_one_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (name, place) in ONLY_HERE {
            let named = text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
                line.contains(&format!("use {name}::"))
                    || line.contains(&format!("::{name}::")) && !line.contains("crate::")
            });
            if named && !path.starts_with(place) {
                wrong.push(format!("{} names `{name}`, which only {place} may", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_second_floor_reads_no_clock_and_awaits_nothing() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let pure = room_of(&path).is_some_and(|room| FLOORS[2].contains(&room.as_str()));
        for (number, line) in text.lines().enumerate().filter(|_| pure) {
            if ["Instant::now", "SystemTime", ".await", "tokio::", "std::net"].iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Somebody may set the clock while a run is under way. What is measured or waited for goes by a clock that nobody can set;
/// the other is for moments that people read.
#[test]
fn the_wall_clock_is_read_only_where_a_moment_is_written_down() {
    let allowed = [
        "src/cli/accept.rs",
        "src/cli/options.rs",
        "src/run/environment.rs",
        "src/tap/",
        // Shards agree on a moment to begin at; it is translated once.
        "src/cli/shard.rs",
        "src/load/mod.rs",
        "src/load/evidence.rs",
        // The kernel's stamps have no other clock; a time that cannot be is not taken.
        "src/http/socket.rs",
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let reads = ["SystemTime::now", "Zoned::now", "Timestamp::now", "Utc::now", "Local::now", "Realtime"];
            let is_allowed = allowed.iter().any(|place| path.starts_with(place));
            if reads.iter().any(|word| line.contains(word)) && !is_allowed && !line.contains("RealtimeThread") {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_that_points_up_is_found() {
    assert!(!may_import("compare", "load"));
    assert!(!may_import("load", "parity"));
    assert!(!may_import("http", "step"));
    assert!(may_import("step", "http"));
    assert!(may_import("run", "load"));
    let text = "use crate::{judge, parity::Kind, units};\nfn f() -> crate::load::X {}\nuse crate::plan::{self, Plan};";
    let found: Vec<String> = imports(text).into_iter().map(|(_, room)| room).collect();
    assert_eq!(found, ["judge", "parity", "units", "load", "plan"]);
}

fn sources() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::from("src")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&directory)).expect("a directory") {
            let name = directory.join(entry.expect("an entry").file_name());
            let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
            if full.is_dir() {
                open.push(name);
            } else if name.extension().is_some_and(|extension| extension == "rs") {
                found.insert(name, fs::read_to_string(full).expect("a source file"));
            }
        }
    }
    found
}

/// `src/load/user.rs` → `load`; nothing for `src/lib.rs` and `src/main.rs`.
fn room_of(path: &Path) -> Option<String> {
    let first = path.strip_prefix("src").ok()?.components().next()?;
    let name = first.as_os_str().to_str()?.trim_end_matches(".rs");
    (!["lib", "main"].contains(&name)).then(|| name.to_owned())
}

/// Rooms that a file names by `crate::…`, with the lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for rest in line.split("crate::").skip(1) {
            let names = rest.strip_prefix('{').map_or_else(|| vec![rest], |list| top_level(list));
            found.extend(
                names.into_iter().map(first_word).filter(|name| !name.is_empty()).map(|name| (number + 1, name)),
            );
        }
    }
    found
}

/// The parts of a `{…}` list, inner lists left out.
fn top_level(list: &str) -> Vec<&str> {
    let mut depth = 0;
    list.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && c == ','
    })
    .collect()
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn may_import(room: &str, imported: &str) -> bool {
    if room == imported || STAIRS.contains(&(room, imported)) {
        return true;
    }
    let floor = |name: &str| FLOORS.iter().position(|rooms| rooms.contains(&name));
    match (floor(room), floor(imported)) {
        (Some(from), Some(to)) => to < from,
        // Macros and items of the crate root.
        (_, None) => true,
        (None, _) => false,
    }
}
