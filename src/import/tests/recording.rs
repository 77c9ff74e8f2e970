//! What becomes of recorded traffic.

use std::time::Duration;

use crate::import::{Content, Dropped, Exchange, Imported, Options, Sealed, Sealer, draft, unwanted};
use crate::role::Pair;

const SECOND: u64 = 1_000_000;

/// An exchange of JSON; the session and the time are those of the number.
pub(super) fn exchange(at: u64, request: &str, sent: &str, status: u16, answer: &str) -> Exchange {
    let (method, target) = request.split_once(' ').expect("a request");
    let json = |name: &str| (name.to_owned(), "application/json".to_owned());
    let body = |text: &str| Content { bytes: text.as_bytes().to_vec(), is_cut: false };
    Exchange {
        session: "one".to_owned(),
        at_us: at * SECOND,
        origin: "http://127.0.0.1:1".to_owned(),
        method: method.to_owned(),
        target: target.to_owned(),
        request_headers: vec![json("Content-Type"), ("User-Agent".to_owned(), "a browser".to_owned())],
        request_body: body(sent),
        status,
        response_headers: vec![json("content-type")],
        response_body: body(answer),
    }
}

fn with_header(mut exchange: Exchange, name: &str, value: &str) -> Exchange {
    exchange.request_headers.push((name.to_owned(), value.to_owned()));
    exchange
}

fn answered(mut exchange: Exchange, name: &str, value: &str) -> Exchange {
    exchange.response_headers.push((name.to_owned(), value.to_owned()));
    exchange
}

fn seal(exchanges: &[Exchange]) -> Vec<Sealed> {
    let mut sealer = Sealer::default();
    exchanges.iter().map(|exchange| sealer.seal(exchange).expect("a step")).collect()
}

fn import(exchanges: &[Exchange]) -> Imported {
    import_with(exchanges, |_| {})
}

fn import_with(exchanges: &[Exchange], change: impl FnOnce(&mut Options)) -> Imported {
    let mut options = Options {
        name: "shop".to_owned(),
        comments: Vec::new(),
        sides: Pair::from_fn(|_| "http://127.0.0.1:1".to_owned()),
        gap: Duration::from_secs(30),
        one_caller: true,
        max_steps: 1000,
        unique: Vec::new(),
    };
    change(&mut options);
    draft(seal(exchanges), &options)
}

/// The lines of a plan from `flows` on, without indentation.
fn lines(imported: &Imported) -> Vec<String> {
    let text = imported.draft.to_yaml();
    let environment: Vec<String> = imported.environment.keys().map(|name| format!("${{{name}}}")).collect();
    // Variables of the environment are not set here.
    let readable = environment.iter().fold(text.clone(), |text, name| text.replace(name, "set"));
    crate::plan::parse("plan.yaml", &readable).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    text.lines().map(|line| line.trim().trim_start_matches("- ").to_owned()).collect()
}

fn assert_lines(imported: &Imported, expected: &[&str]) {
    let found = lines(imported);
    for line in expected {
        assert!(found.iter().any(|known| known == line), "`{line}` in\n{}", imported.draft.to_yaml());
    }
}

#[test]
fn what_an_answer_gave_is_captured_where_it_is_used() {
    let imported = import(&[
        answered(
            exchange(1, "POST /api/students", r#"{"name":"Ada"}"#, 201, r#"{"id":17,"name":"Ada"}"#),
            "ETag",
            "\"a1\"",
        ),
        with_header(exchange(2, "PATCH /api/students/17", r#"{"credits":17}"#, 200, "{}"), "If-Match", "\"a1\""),
        exchange(3, "POST /api/enrolments", r#"{"student_id":17,"page":17,"note":"17"}"#, 201, "{}"),
        exchange(4, "GET /api/rooms/17?limit=17", "", 200, "{}"),
    ]);
    assert_lines(
        &imported,
        &[
            "capture: { student_id: $.id, etag: header etag }",
            "request: PATCH /api/students/{{student_id}}",
            "headers: { if-match: \"{{etag}}\" }",
            "json: { credits: 17 }",
            "json: { student_id: \"{{student_id}}\", page: 17, note: \"17\" }",
            "request: GET /api/rooms/17?limit=17",
        ],
    );
    assert_eq!((imported.steps, imported.captures), (4, 2));
}

#[test]
fn odd_values_are_captured_wherever_they_stand() {
    let id = "123e4567-e89b-12d3-a456-426614174000";
    let imported = import(&[
        exchange(1, "POST /v1/orders", "{}", 201, &format!(r#"{{"order":{{"ref number":"{id}"}}}}"#)),
        exchange(2, &format!("GET /v1/things?after={id}"), "", 200, "{}"),
        exchange(3, "POST /v1/x", &format!(r#"["{id}"]"#), 200, "{}"),
    ]);
    assert_lines(
        &imported,
        &[
            "capture: { ref_number: \"$.order['ref number']\" }",
            "request: GET /v1/things?after={{ref_number}}",
            "json: [\"{{''}}{{ref_number}}\"]",
        ],
    );
}

#[test]
fn what_the_caller_said_first_stays_as_it_was_said() {
    let imported = import(&[
        exchange(
            1,
            "POST /api/students",
            r#"{"student_no":"S-2024-001"}"#,
            201,
            r#"{"id":5,"student_no":"S-2024-001"}"#,
        ),
        exchange(2, "GET /api/students?q=S-2024-001", "", 200, "{}"),
    ]);
    assert_lines(&imported, &["request: GET /api/students?q=S-2024-001"]);
}

#[test]
fn a_value_that_is_made_unique_is_so_wherever_it_stands() {
    let exchanges = [
        exchange(1, "POST /s", r#"{"no":"S-2024-001","email":"a@example.org","name":"Ada"}"#, 201, "{}"),
        exchange(2, "GET /s?q=S-2024-001", "", 200, "{}"),
    ];
    let imported = import_with(&exchanges, |options| options.unique = vec!["no".to_owned(), "email".to_owned()]);
    assert_lines(
        &imported,
        &[
            "json: { \"no\": \"{{unique}}-1\", email: \"{{unique}}-2@example.org\", name: Ada }",
            "request: GET /s?q={{unique}}-1",
        ],
    );
}

const TOKEN: &str = "tok-7b1f0c9d-5ecre7";

fn log_in(at: u64, user: &str, token: &str) -> Exchange {
    let sent = format!(r#"{{"username":"{user}","password":"{user}-hunter2"}}"#);
    exchange(at, "POST /api/login", &sent, 200, &format!(r#"{{"jwt_or_so":"x","access_token":"{token}"}}"#))
}

#[test]
fn secrets_are_in_no_part_of_a_recording_and_the_login_is_done_again() {
    let exchanges = [
        log_in(1, "ada", TOKEN),
        with_header(
            exchange(2, &format!("GET /api/me?also={TOKEN}"), "", 200, "{}"),
            "Authorization",
            &format!("Bearer {TOKEN}"),
        ),
        log_in(3, "ada", "tok-another-of-hers-1"),
        with_header(exchange(4, "GET /api/me", "", 200, "{}"), "Authorization", "Bearer tok-another-of-hers-1"),
        with_header(
            exchange(5, "POST /api/x", r#"{"api_key":"k-3y","note":"hush-hush-hush"}"#, 200, "{}"),
            "X-Api-Key",
            "hush-hush-hush",
        ),
        with_header(exchange(6, "GET /api/me", "", 401, "{}"), "Authorization", "Bearer tok-nobody-knows"),
    ];
    let kept = serde_json::to_string(&seal(&exchanges)).expect("JSON");
    let imported = import(&exchanges);
    let plan = imported.draft.to_yaml();
    for secret in [TOKEN, "hunter2", "tok-another", "k-3y", "tok-nobody-knows"] {
        assert!(!kept.contains(secret), "`{secret}` is kept: {kept}");
        assert!(!plan.contains(secret), "`{secret}` is in the plan:\n{plan}");
    }
    assert!(!plan.contains("hush-hush-hush"), "{plan}");
    assert_eq!((imported.logins, imported.steps), (2, 4));
    assert_lines(
        &imported,
        &[
            "json: { username: ada, password: \"${SHOP_PASSWORD_ADA}\" }",
            "capture: { login_access_token: $.access_token }",
            "header: \"authorization: Bearer {{login_access_token}}\"",
            "request: GET /api/me?also={{login_access_token}}",
            "headers: { authorization: Bearer not-valid }",
        ],
    );
    let names: Vec<&String> = imported.environment.keys().collect();
    assert_eq!(names, ["SHOP_API_KEY", "SHOP_PASSWORD_ADA", "SHOP_X_API_KEY"]);
}

/// A request whose body is of a media type.
fn sent(kind: &str, body: &str) -> Exchange {
    let mut exchange = exchange(1, "POST /a", body, 200, "{}");
    exchange.request_headers[0].1 = kind.to_owned();
    exchange
}

/// What is made of one request, in which these stand nowhere.
fn import_without(exchange: &Exchange, secrets: &[&str]) -> Imported {
    let exchanges = std::slice::from_ref(exchange);
    let kept = serde_json::to_string(&seal(exchanges)).expect("JSON");
    let imported = import(exchanges);
    let plan = imported.draft.to_yaml();
    for secret in secrets {
        assert!(!kept.contains(secret), "`{secret}` is kept: {kept}");
        assert!(!plan.contains(secret), "`{secret}` is in the plan:\n{plan}");
    }
    imported
}

#[test]
fn a_secret_that_is_a_number_is_one_of_the_environment() {
    let request = sent("application/json", r#"{"pin":482913,"n":482914,"codes":{"otp":[123456]}}"#);
    let imported = import_without(&request, &["482913", "123456"]);
    assert_lines(&imported, &["\"n\": 482914", "pin: ${SHOP_PIN}", "${SHOP_OTP}"]);
    // A number in the request is one in the plan.
    let readable = imported.draft.to_yaml().replace("${SHOP_PIN}", "7").replace("${SHOP_OTP}", "8");
    let plan = crate::plan::parse("plan.yaml", &readable).unwrap_or_else(|problems| panic!("{problems}"));
    let body = format!("{:?}", plan.flows[0].steps[0].body);
    assert!(body.contains(":7,") && body.contains("[8]"), "{body}");
}

#[test]
fn secrets_are_found_in_json_whatever_it_is_sent_as_and_wherever_it_stands() {
    for (kind, body) in [
        ("text/plain;charset=UTF-8", r#" {"password":"hunter2"}"#),
        ("application/x-www-form-urlencoded", "data=%7B%22password%22%3A%22hunter2%22%7D&n=1"),
        ("application/json", r#"{"inner":"{\"password\":\"hunter2\"}"}"#),
        ("application/json", r#"{"url":"/x?token=hunter2"}"#),
    ] {
        let imported = import_without(&sent(kind, body), &["hunter2"]);
        assert_eq!((imported.steps, imported.environment.len()), (1, 1), "{body}");
    }
}

#[test]
fn what_holds_a_secret_that_nothing_can_stand_for_is_left_out() {
    let deep = format!(r#"{{"token":"hunter2","a":{}1{}}}"#, "[".repeat(60), "]".repeat(60));
    let wide = format!(r#"{{"password":"hunter2","a":[{}1]}}"#, "1,".repeat(5_000));
    let mut sealer = Sealer::default();
    for (kind, body) in [
        ("application/json", deep.as_str()),
        ("application/json", &wide),
        ("application/json", r#"{"password":"hunter2","a":1,"a":2}"#),
        ("application/json", r#"{"p\u0061ssword":"hunter2","a":1,"a":2}"#),
        ("application/json", r#"{"password":"hunter2""#),
        ("application/xml", "<user><password>hunter2</password></user>"),
        ("application/soap+xml", r#"<x:Password Type="Text">hunter2</x:Password>"#),
        ("application/xml", r#"<user pin = "hunter2"/>"#),
        ("text/plain", "user: ada\npassword: hunter2"),
    ] {
        assert_eq!(sealer.seal(&sent(kind, body)).err(), Some(Dropped::SecretForm), "{body}");
    }
    for (kind, body) in [
        ("application/xml", "<user><name>pin</name><passenger>1</passenger></user>"),
        ("text/plain", "the author asks: a token of passage, please"),
    ] {
        let kept = sealer.seal(&sent(kind, body)).expect(body);
        assert!(serde_json::to_string(&kept).expect("JSON").contains("pass"), "{body}");
    }
}

#[test]
fn another_caller_logs_in_by_a_step_of_its_own() {
    let viewer = "tok-viewer-0001-1";
    let mut later =
        with_header(exchange(9, "GET /api/me", "", 403, "{}"), "Authorization", &format!("Bearer {viewer}"));
    later.session = "two".to_owned();
    let by = |at| with_header(exchange(at, "GET /api/me", "", 200, "{}"), "Authorization", &format!("Bearer {TOKEN}"));
    let exchanges = [log_in(1, "ada", TOKEN), by(2), by(3), log_in(4, "vi", viewer), later];
    let imported = import_with(&exchanges, |options| options.one_caller = false);
    let second = &imported.draft.flows[1];
    assert_eq!(second.steps.len(), 2, "{}", imported.draft.to_yaml());
    assert_lines(&imported, &["headers: { authorization: \"Bearer {{access_token}}\" }"]);
}

#[test]
fn cookies_that_a_service_set_are_captured_and_others_are_left_out() {
    let imported = import(&[
        answered(exchange(1, "GET /api/start", "", 200, "{}"), "Set-Cookie", "sid=s3cr3t-s3ss10n; Path=/; HttpOnly"),
        with_header(exchange(2, "GET /api/me", "", 200, "{}"), "Cookie", "theme=dark; sid=s3cr3t-s3ss10n"),
    ]);
    assert_lines(
        &imported,
        &["capture: { sid: \"header set-cookie matching ^sid=([^;]+)\" }", "headers: { cookie: \"sid={{sid}}\" }"],
    );
}

#[test]
fn sessions_and_pauses_make_flows_and_equal_ones_are_counted() {
    let step =
        |session: &str, at| Exchange { session: session.to_owned(), ..exchange(at, "GET /api/a", "", 200, "{}") };
    let exchanges = [step("one", 1), step("one", 2), step("two", 3), step("two", 4), step("one", 100)];
    let imported = import(&exchanges);
    let shape: Vec<_> = imported.draft.flows.iter().map(|flow| (&*flow.name, flow.steps.len(), flow.weight)).collect();
    assert_eq!(shape, [("a", 2, 2), ("a-2", 1, 1)]);
    assert_eq!(imported.repeated, 1);
    let few = import_with(&exchanges, |options| options.max_steps = 1);
    assert_eq!((few.steps, few.dropped.get(&Dropped::Limit)), (1, Some(&4)));
}

#[test]
fn what_differs_from_run_to_run_gets_a_rule() {
    let now = jiff::Timestamp::from_microsecond(5_000_000).expect("a time");
    let body =
        format!(r#"{{"made":"{now}","born":"1815-12-10T00:00:00Z","trace":"r-1","items":[{{"odd at":"{now}"}}]}}"#);
    let imported = import(&[answered(exchange(5, "GET /a", "", 200, &body), "X-Request-Id", "r-1")]);
    assert_lines(
        &imported,
        &[
            "{ header: x-request-id, reason: the identity of the request }",
            "{ path: $..trace, reason: the identity of the request }",
            "{ path: $..made, as: datetime, within: 5s, reason: written by each side when it was asked }",
            "{ path: \"$..['odd at']\", as: datetime, within: 5s, reason: written by each side when it was asked }",
        ],
    );
    assert_eq!(imported.draft.rules.len(), 4);
}

/// A rule that nobody needs hides differences.
#[test]
fn a_document_about_secrets_gets_no_rules() {
    let document =
        r#"{"properties":{"password":{"type":"string","description":"of the user"},"token":{"type":["string"]}}}"#;
    let imported = import(&[exchange(5, "GET /openapi.json", "", 200, document)]);
    assert_eq!(imported.draft.rules, []);
}

#[test]
fn bodies_that_are_no_data_are_sent_as_text() {
    let form = |exchange: Exchange| {
        let mut exchange = exchange;
        exchange.request_headers[0].1 = "application/x-www-form-urlencoded".to_owned();
        exchange
    };
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let imported = import(&[
        exchange(1, "POST /a", r#"{"a":1,"a":2}"#, 200, "{}"),
        exchange(2, "POST /a", "{", 200, "{}"),
        exchange(3, "POST /a", &deep, 200, "{}"),
        form(exchange(4, "POST /a", "user=ada&password=hunter2%21&n=1", 200, "{}")),
    ]);
    assert_lines(
        &imported,
        &[
            "body: \"{\\\"a\\\":1,\\\"a\\\":2}\"",
            "body: \"{\"",
            &format!("body: \"{deep}\""),
            "body: user=ada&password=${SHOP_PASSWORD_ADA}&n=1",
        ],
    );
}

#[test]
fn what_is_not_of_the_api_is_named() {
    let kind = |request: &str, kind: &str| {
        let mut exchange = exchange(1, request, "", 200, "");
        exchange.response_headers[0].1 = kind.to_owned();
        unwanted(&exchange)
    };
    assert_eq!(kind("GET /logo.png", "image/png"), Some(Dropped::StaticAsset));
    assert_eq!(kind("GET /app.js?v=1", "text/plain"), Some(Dropped::StaticAsset));
    assert_eq!(kind("GET /", "text/html; charset=utf-8"), Some(Dropped::Page));
    for scraped in ["application/openmetrics-text; version=1.0.0", "text/plain; version=0.0.4; charset=utf-8"] {
        assert_eq!(kind("GET /metrics", scraped), Some(Dropped::Metrics));
    }
    assert_eq!(kind("GET /favicon.ico", "application/json"), Some(Dropped::StaticAsset));
    assert_eq!(kind("GET /api/photo.png", "application/json"), None);
    assert_eq!(kind("POST /upload.png", "image/png"), None);
    let preflight = with_header(exchange(1, "OPTIONS /a", "", 204, ""), "Access-Control-Request-Method", "POST");
    assert_eq!(unwanted(&preflight), Some(Dropped::Preflight));

    let mut sealer = Sealer::default();
    let mut refused = |exchange: &Exchange| sealer.seal(exchange).expect_err("no step");
    assert_eq!(refused(&exchange(1, "PROPFIND /a", "", 207, "")), Dropped::Method);
    assert_eq!(refused(&exchange(1, "GET /a b", "", 200, "")), Dropped::Target);
    assert_eq!(refused(&exchange(1, "GET /a", "", 0, "")), Dropped::NoAnswer);
    assert_eq!(refused(&exchange(1, "GET /a", "", 101, "")), Dropped::NoAnswer);
    let with_body = |bytes: &[u8], is_cut| Exchange {
        request_body: Content { bytes: bytes.to_vec(), is_cut },
        ..exchange(1, "POST /a", "", 200, "")
    };
    assert_eq!(refused(&with_body(b"abc", true)), Dropped::TooLong);
    assert_eq!(refused(&with_body(b"\xff\xfe", false)), Dropped::NotText);
}
