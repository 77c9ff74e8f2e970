use super::*;
use crate::plan::JsonPath;

fn sent(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Sent {
    Sent {
        title: "flow / step".to_owned(),
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        captures: Vec::new(),
    }
}

fn line(request: Sent) -> String {
    Shell::new(&[]).lines(&[request], &[]).remove(0)
}

#[test]
fn a_request_is_a_line_for_a_shell() {
    let request = sent(
        "POST",
        "/students?q=a&n=[1]",
        &[("content-type", "application/json"), ("accept", "*/*"), ("user-agent", "cutover/1"), ("x-empty", "")],
        "{\"name\":\"Zoë O'Neil\"}",
    );
    let expected = r#"# flow / step
curl -sS -i --globoff --request POST "$SIDE/students?q=a&n=[1]" \
  --header 'content-type: application/json' \
  --header 'x-empty;' \
  --data-raw '{"name":"Zoë O'\''Neil"}'"#;
    assert_eq!(line(request), expected);
}

#[test]
fn curl_adds_nothing_of_its_own() {
    assert!(line(sent("PUT", "/x", &[], "@file")).ends_with("--header content-type: \\\n  --data-raw @file"));
    assert!(line(sent("HEAD", "/x", &[], "")).contains("curl -sS -i --head \"$SIDE/x\""));
    assert!(line(sent("GET", "/a/../b", &[], "")).contains("--path-as-is"));
}

#[test]
fn captured_values_go_from_line_to_line() {
    let names = ["id".to_owned(), "etag".to_owned(), "ID".to_owned()];
    let (id, id_json) = placeholders(0);
    let (etag, _) = placeholders(1);
    let mut create = sent("POST", "/s", &[], "{}");
    create.captures = vec![
        (0, CaptureFrom::Body(JsonPath::parse("$.id").unwrap())),
        (1, CaptureFrom::Header("etag".to_owned())),
        (2, CaptureFrom::Body(JsonPath::parse("$.unused").unwrap())),
    ];
    let change =
        sent("PATCH", &format!("/s/{id}/x"), &[("if-match", &etag)], &format!("{{\"id\":{id_json},\"s\":\"{id}\"}}"));
    let lines = Shell::new(&[]).lines(&[create, change], &names);
    assert_eq!(
        lines[0],
        r#"# flow / step
answer=$(curl -sS -i --request POST "$SIDE/s" \
  --header content-type: \
  --data-raw '{}' | tr -d '\r')
id=$(printf '%s\n' "$answer" | sed '1,/^$/d' | jq -r .id)
id_json=$(printf '%s\n' "$answer" | sed '1,/^$/d' | jq -c .id)
etag=$(printf '%s\n' "$answer" | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' | head -n 1)"#
    );
    assert!(lines[1].contains("\"$SIDE/s/$id/x\""), "{}", lines[1]);
    assert!(lines[1].contains("--header \"if-match: $etag\""), "{}", lines[1]);
    assert!(lines[1].contains(r#"'{"id":'"$id_json"',"s":"'"$id"'"}'"#), "{}", lines[1]);
}

#[test]
fn no_secret_gets_into_a_line_and_each_has_one_name() {
    let filled = [Filled { name: "SHOP_KEY".to_owned(), value: "k-4711-x".to_owned() }];
    let mut shell = Shell::new(&filled);
    let login = |password: &str| sent("POST", "/t", &[], &format!("{{\"user\":\"a\",\"password\":\"{password}\"}}"));
    let requests = [
        login("hunter2"),
        login("hunter3"),
        login("hunter2"),
        sent("GET", "/x?api_key=abcd-1&k=k-4711-x", &[("authorization", "Bearer no-such-token")], ""),
        sent("POST", "/f", &[("content-type", "application/x-www-form-urlencoded")], "a=1&client_secret=c3po"),
    ];
    let text = shell.lines(&requests, &[]).join("\n");
    for secret in ["hunter", "k-4711-x", "abcd-1", "no-such-token", "c3po"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(text.matches("\"$PASSWORD\"").count(), 2, "{text}");
    for variable in ["\"$PASSWORD_2\"", "$SHOP_KEY", "Bearer $AUTHORIZATION", "api_key=$API_KEY", "$CLIENT_SECRET"] {
        assert!(text.contains(variable), "{variable}: {text}");
    }
    let names: Vec<String> = shell.secrets().into_iter().map(|secret| secret.name).collect();
    assert_eq!(names, ["SHOP_KEY", "PASSWORD", "PASSWORD_2", "API_KEY", "AUTHORIZATION", "CLIENT_SECRET"]);
}
