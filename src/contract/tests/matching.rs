//! Which operation a request belongs to.

use super::contract;

#[test]
fn the_most_special_template_wins() {
    let paths =
        ["/s", "/s/{id}", "/s/batch", "/s/{id}/stats", "/s/reviews/{what}", "/f/{name}.{ext}", "/f/{any}", "/a%20b"];
    let items: Vec<String> =
        paths.iter().map(|path| format!("{path:?}: {{ \"get\": {{ \"responses\": {{}} }} }}")).collect();
    let contract = contract(&format!("{{ \"openapi\": \"3.1.0\", \"paths\": {{ {} }} }}", items.join(",")));
    for (target, expected) in [
        ("/s", "/s"),
        ("/s?page=1&page=2", "/s"),
        ("/s/7", "/s/{id}"),
        ("/s/batch", "/s/batch"),
        ("/s/b%61tch", "/s/batch"),
        ("/s/batch/stats", "/s/{id}/stats"),
        ("/s/reviews/stats", "/s/reviews/{what}"),
        ("/f/report.tar.gz", "/f/{name}.{ext}"),
        ("/f/report", "/f/{any}"),
        ("/a%20b", "/a%20b"),
    ] {
        let found = contract.find("GET", target).map(|found| found.operation.path.as_str());
        assert_eq!(found, Some(expected), "{target}");
    }
    for target in ["/", "", "s", "/s/", "/s/7/", "/s/7/stats/x", "/S", "*"] {
        assert!(contract.find("GET", target).is_none(), "{target}");
    }
    assert!(contract.find("POST", "/s").is_none());
}

#[test]
fn values_of_path_and_query_are_decoded() {
    let contract = contract("openapi: 3.1.0\npaths: { '/a/{x}/{y}': { get: { responses: {} } } }");
    let found = contract.find("GET", "/a/1%2F2/%C3%A9?q=a+b&q=%26&flag#top").unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(found.path_values, [("x", "1/2".to_owned()), ("y", "é".to_owned())]);
    assert_eq!(found.query[..2], [pair("q", "a b"), pair("q", "&")]);
}

#[test]
fn the_base_path_of_servers_may_be_there_or_not() {
    let contract = contract(
        "openapi: 3.1.0\nservers: [ { url: /api/v1/ }, { url: 'http://{host}:80/other', variables: { host: { default: h } } } ]
paths: { /s: { get: { responses: {} } }, /t: { servers: [ { url: /t1 } ], get: { responses: {} } } }",
    );
    for (target, found) in [
        ("/api/v1/s", true),
        ("/other/s", true),
        ("/s", true),
        ("/api/s", false),
        ("/api/v1s", false),
        ("/t1/t", true),
        ("/t", true),
        ("/api/v1/t", false),
    ] {
        assert_eq!(contract.find("GET", target).is_some(), found, "{target}");
    }
}
