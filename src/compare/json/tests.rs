use super::{Type, parse, select};
use crate::plan::path::{JsonPath, Segment};

fn text_at(source: &str, segments: &[Segment]) -> Option<(String, bool)> {
    let document = parse(source.as_bytes()).expect("JSON");
    let path = JsonPath { segments: segments.to_vec(), source: String::new() };
    let kept = select(&document, &path)?.scalar_text();
    Some((kept.text.into_owned(), kept.is_string))
}

fn member(name: &str) -> Segment {
    Segment::Member(name.to_owned())
}

#[test]
fn what_is_not_json_is_refused_where_it_goes_wrong() {
    let cases = [
        ("", 0),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("[1 2]", 3),
        ("01", 1),
        ("1.", 2),
        (".5", 0),
        ("+1", 0),
        ("1e", 2),
        ("-", 1),
        ("nul", 0),
        ("NaN", 0),
        ("\"a", 2),
        ("\"\\x\"", 1),
        ("\"\\u12g4\"", 1),
        ("\"a\nb\"", 2),
        ("[", 1),
        ("[}", 1),
        ("{\"a\"}", 4),
        ("1 1", 2),
        ("\u{feff}1", 0),
        ("// c\n1", 0),
    ];
    for (source, offset) in cases {
        let error = parse(source.as_bytes()).map(|_| ()).expect_err(source);
        assert_eq!(error.offset, offset, "{source}: {error}");
    }
}

#[test]
fn values_know_their_text_and_type() {
    let document = parse(br#" {"a" : [1.50, "x", true, null, {}], "a": -0} "#).expect("JSON");
    let members: Vec<_> = document.root().members().collect();
    assert_eq!(members.len(), 2, "duplicates are kept");
    assert_eq!(members[0].1.to_text(), r#"[1.50, "x", true, null, {}]"#);
    assert_eq!(members[1].1.raw(), b"-0");
    let types: Vec<_> = members[0].1.elements().map(super::Value::kind).collect();
    assert_eq!(types, [Type::Number, Type::String, Type::Bool, Type::Null, Type::Object]);
    assert_eq!(document.root().elements().count(), 0);
}

#[test]
fn strings_are_decoded() {
    let cases: [(&str, &[u8]); 5] = [
        (r#""a\"\\\/\b\f\n\r\t""#, b"a\"\\/\x08\x0C\n\r\t"),
        (r#""\u00e9\ud83d\ude00""#, "é😀".as_bytes()),
        (r#""\ud800x""#, b"\xED\xA0\x80x"),
        (r#""\ud800\u0041""#, b"\xED\xA0\x80A"),
        (r#""plain""#, b"plain"),
    ];
    for (source, expected) in cases {
        let document = parse(source.as_bytes()).expect("JSON");
        assert_eq!(document.root().text().expect("a string").decode(), expected, "{source}");
    }
}

#[test]
fn the_first_match_is_selected() {
    let source = r#"{"items":[{"id":"a\u0062"},{"id":2}],"id":3}"#;
    let id = || member("id");
    assert_eq!(text_at(source, &[member("items"), Segment::Index(0), id()]), Some(("ab".to_owned(), true)));
    assert_eq!(text_at(source, &[member("items"), Segment::Index(-1), id()]), Some(("2".to_owned(), false)));
    assert_eq!(text_at(source, &[Segment::Descendant, id()]), Some(("ab".to_owned(), true)));
    assert_eq!(text_at(source, &[id()]), Some(("3".to_owned(), false)));
    assert_eq!(text_at(source, &[member("items"), Segment::Wildcard]), Some((r#"{"id":"a\u0062"}"#.to_owned(), false)));
    assert_eq!(text_at(source, &[member("items"), Segment::Index(2)]), None);
    assert_eq!(text_at(source, &[]).map(|(text, _)| text).as_deref(), Some(source));
}

#[test]
fn deep_documents_are_read_selected_from_and_dropped() {
    let source = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let document = parse(source.as_bytes()).expect("JSON");
    let path = JsonPath { segments: vec![Segment::Descendant, Segment::Index(1)], source: String::new() };
    assert!(select(&document, &path).is_none());
}
