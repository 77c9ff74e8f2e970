//! No password, token or connection string gets out: not into a file of the run, not onto the terminal.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{CANDIDATE, Place, children, files, has_server, list, script, short};

/// Fails if one of the secrets is in a file of the run or in what the program printed.
fn assert_nowhere(place: &Place, secrets: &BTreeSet<String>) {
    assert!(secrets.iter().all(|secret| secret.len() >= 8), "what is looked for is too short: {secrets:?}");
    for (name, bytes) in files(place.path()) {
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets {
            let at = text
                .find(secret.as_str())
                .map(|at| text[at.saturating_sub(80)..].chars().take(160).collect::<String>());
            assert_eq!(at, None, "a secret is in {}", name.display());
        }
        assert!(!text.contains("postgres://"), "a connection string is in {}", name.display());
    }
}

/// The URL of a side's database, from its environment.
fn database_url(pid: u32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let text = String::from_utf8_lossy(&environment).into_owned();
    text.split('\0').find_map(|pair| pair.strip_prefix("DATABASE_URL=")).map(str::to_owned)
}

fn password(url: &str) -> &str {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('@').next()).expect("a user");
    authority.split_once(':').expect("a password").1
}

#[test]
fn passwords_and_connection_strings_stay_inside() {
    if !has_server("local") {
        return;
    }
    let place = Place::new();
    let file = place.file("plan.yaml", &short(&[]));
    let mut running = place.start(&["run", &file, "--database", "local", "--seed", "7", "--show-output", "candidate"]);
    running.wait_for_load(1);
    let urls: Vec<String> = children(running.pid()).into_iter().filter_map(database_url).collect();
    assert_eq!(urls.len(), 2, "the sides have databases: {urls:?}");
    let secrets: BTreeSet<String> = urls.iter().flat_map(|url| [password(url).to_owned(), url.clone()]).collect();
    let ended = running.wait();
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    fs::remove_file(file).expect("removed");
    assert_nowhere(&place, &secrets);
}

/// A side that prints what it must not, at start and when it fails.
#[test]
fn what_a_side_says_is_kept_without_its_connection_string() {
    for database in ["sqlite", "local"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let telling = script("echo \"cannot reach $URL\" >&2; echo $URL; exit 1");
        let file = place.file("plan.yaml", &short(&[(CANDIDATE, &telling)]));
        let ended = place.run(&["verify", &file, "--database", database, "--show-output", "candidate"]);
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        fs::remove_file(file).expect("removed");
        for (name, bytes) in files(place.path()) {
            let text = String::from_utf8_lossy(&bytes);
            for scheme in ["postgres://", "sqlite://"] {
                assert!(!text.contains(scheme), "{database}: a connection string is in {}", name.display());
            }
        }
        assert!(ended.stderr.contains("cannot reach [secret]"), "{}", ended.stderr);
    }
}

/// What a plan says `${NAME}` for is a secret of whoever runs it, whether or not the harness makes the database.
#[test]
fn what_a_command_says_is_kept_without_what_came_from_the_environment() {
    let (url, password, key) = ("postgres://app:hush-4711-x@db.example/x", "hush-4711-x", "k-08152342");
    let secrets = [url, password, key].map(str::to_owned).into();
    let environment = [("REAL_DB", url), ("API_KEY", key)];
    let telling = "candidate: { command: [sh, -c, 'echo \"cannot connect to $DB as hush-4711-x\" >&2; echo $KEY; exit 1', sh, \
                   '{{port}}'], env: { DB: '${REAL_DB}', KEY: '${API_KEY}' }, metrics: /metrics }";
    let setting_up = "  provider: auto\n  setup: [sh, -c, 'echo using $0 and $1; exit 1', '${API_KEY}', '${REAL_DB}']";
    for (change, words) in [
        ((CANDIDATE, telling), "cannot connect to [secret] as [secret]"),
        (("  provider: auto", setting_up), "using [secret] and [secret]"),
    ] {
        let place = Place::new();
        let file = place.file("plan.yaml", &short(&[change]));
        let arguments = ["verify", &file, "--database", "sqlite", "--show-output", "candidate"];
        let ended = place.run_with(&environment, &arguments);
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        fs::remove_file(file).expect("removed");
        assert_nowhere(&place, &secrets);
    }
}

/// What stands in the plan as `${NAME}` may come back in answers.
#[test]
fn what_came_from_the_environment_stays_inside_under_load() {
    let key = "k-5ecre7-4711";
    let place = Place::new();
    let sides = ["a", "b"].map(|name| service(key, name));
    let text = format!(
        "version: 1\nname: keys\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  candidate: {{ url: \"http://{}\" }}\n\
         flows:\n  - name: one\n    steps:\n      - {{ request: GET /x, headers: {{ X-Caller: \"${{KEY}}\" }} }}\n\
         load: {{ model: closed, users: 1, pairs: 1, block: 500ms, settle: 100ms }}\n",
        sides[0], sides[1]
    );
    let file = place.file("plan.yaml", &text);
    let ended = place.run_with(&[("KEY", key)], &["load", &file]);
    assert!(matches!(ended.code, Some(0 | 1 | 4)), "{}", ended.stderr);
    let record = place.record();
    let greeting = list(&record["load"]["parity"]["differences"]).iter().find(|found| found["where"] == "$.greeting");
    let greeting = greeting.expect("each side greets in its own way");
    assert!(greeting["candidate"].as_str().is_some_and(|text| text.contains("welcome")), "{greeting}");
    assert_nowhere(&place, &BTreeSet::from([key.to_owned()]));
}

#[test]
fn what_came_from_the_environment_stays_inside_when_databases_are_compared_after_the_load() {
    let key = "k-5ecre7-4711";
    let place = Place::new();
    let leaving = "candidate: { bundled: { stack: async, defects: [partial-batch] } }";
    let often = ("  - name: batch\n    weight: 3", "  - name: batch\n    weight: 300");
    let file =
        place.file("plan.yaml", &short(&[(CANDIDATE, leaving), often, ("name: Frances Allen", "name: \"${KEY}\"")]));
    let ended = place.measure_with(&[("KEY", key)], &["load", &file, "--database", "sqlite", "--seed", "7"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let record = place.record();
    let is_of_students =
        |found: &serde_json::Value| found["where"].as_str().is_some_and(|at| at.contains("table students"));
    assert!(list(&record["state"]["differences"]).iter().any(is_of_students), "{:#}", record["state"]);
    assert!(record["state"].to_string().contains("[secret]"), "{:#}", record["state"]);
    assert_nowhere(&place, &BTreeSet::from([key.to_owned()]));
}

/// Tokens come in answers, are sent in headers, and may stand in bodies that differ.
#[test]
fn tokens_stay_inside() {
    // The reference service's tokens are drawn at random; one that is fixed can be looked for.
    let token = "tok-5ecre7-7b1f0c9d";
    let place = Place::new();
    let sides = ["a", "b"].map(|name| service(token, name));
    let text = format!(
        "version: 1\nname: tokens\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  candidate: {{ url: \"http://{}\" }}\n\
         auth:\n  login: {{ request: POST /token, capture: {{ token: $.access_token }} }}\n  \
         header: \"Authorization: Bearer {{{{token}}}}\"\n\
         flows:\n  - name: one\n    steps:\n      - name: log in\n        request: POST /token\n        \
         capture: {{ own: $.access_token }}\n      - name: with a token in the path\n        request: GET /x?token={{{{own}}}}\n\
         compare:\n  ignore: [ {{ path: $.access_token, reason: drawn at random }} ]\n\
         load: {{ model: closed, users: 1, pairs: 1, block: 500ms, settle: 100ms }}\n",
        sides[0], sides[1]
    );
    let file = place.file("plan.yaml", &text);
    let ended = place.run(&["run", &file]);
    assert!(matches!(ended.code, Some(0 | 1 | 4)), "{}", ended.stderr);
    let record = place.record();
    assert_eq!(record["parity"]["requests"], 2);
    let greeting = list(&record["parity"]["differences"]).iter().find(|found| found["where"] == "$.greeting");
    let greeting = greeting.expect("both sides tell their tokens where no rule excepts it");
    assert!(greeting["candidate"].as_str().is_some_and(|text| text.contains("welcome")), "{greeting}");
    assert_nowhere(&place, &BTreeSet::from([format!("{token}-a"), format!("{token}-b")]));
}

/// Answers every request with a token of its own side's, twice.
fn service(token: &str, name: &str) -> std::net::SocketAddr {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let body = format!("{{\"access_token\":\"{token}-{name}\",\"greeting\":\"welcome, bearer of {token}-{name}\"}}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = head.clone() + &body;
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
                // None of the requests has a body.
                while let Some(Ok(line)) = lines.next() {
                    if line.is_empty() && (&stream).write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}
