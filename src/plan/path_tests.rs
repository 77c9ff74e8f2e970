use proptest::prelude::*;

use super::*;

fn member(name: &str) -> Segment {
    Segment::Member(name.to_owned())
}

#[test]
fn paths_are_taken_apart() {
    use Segment::{Descendant, Index, Wildcard};
    for (text, expected) in [
        ("$", vec![]),
        ("$.id", vec![member("id")]),
        ("$.items[0].id", vec![member("items"), Index(0), member("id")]),
        ("$.items[-1]", vec![member("items"), Index(-1)]),
        ("$['odd name'][\"x-y\"]", vec![member("odd name"), member("x-y")]),
        ("$[ 'a\\'b' ]", vec![member("a'b")]),
        ("$['\\u0041\\ud83d\\ude00']", vec![member("A\u{1f600}")]),
        ("$.*[*]", vec![Wildcard, Wildcard]),
        ("$..created_at", vec![Descendant, member("created_at")]),
        ("$..[*]", vec![Descendant, Wildcard]),
        ("$..*", vec![Descendant, Wildcard]),
        ("$.größe", vec![member("größe")]),
    ] {
        assert_eq!(JsonPath::parse(text).map(|path| path.segments), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_path_is_refused_at_its_place() {
    for (text, offset, part) in [
        ("", 0, "begins with `$`"),
        ("id", 0, "begins with `$`"),
        ("$id", 1, "cannot follow"),
        ("$.", 2, "missing after the dot"),
        ("$..", 3, "missing after the dot"),
        ("$.a.", 4, "missing after the dot"),
        ("$.0", 2, "digit"),
        ("$.x-y", 3, "`-`"),
        ("$.a[?(@.b)]", 4, "filters"),
        ("$.a[1:2]", 5, "slices"),
        ("$.a[0,1]", 5, "several selectors"),
        ("$.a[0", 5, "not closed"),
        ("$.a[", 4, "not closed"),
        ("$.a['b", 4, "quote is not closed"),
        ("$.a[b]", 4, "index, `*` or a name"),
        ("$.a[01]", 4, "not an index"),
        ("$.a[-0]", 4, "not an index"),
        ("$.a[99999999999999999999]", 4, "not an index"),
        ("$['\\ud800']", 3, "four digits"),
        ("$['\\u00é0']", 3, "four digits"),
        ("$.a b", 3, "cannot follow"),
    ] {
        let error = JsonPath::parse(text).expect_err(text);
        assert_eq!(error.offset, offset, "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
    }
}

fn some_segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        "[a-c]".prop_map(Segment::Member),
        (0_i64..3).prop_map(Segment::Index),
        Just(Segment::Wildcard),
        Just(Segment::Descendant),
    ]
}

/// A path as people write it: `..` is always followed by something that is not `..`.
fn written(segments: &[Segment]) -> String {
    let pieces = segments.iter().enumerate().map(|(index, segment)| {
        let after_dots = index > 0 && segments[index - 1] == Segment::Descendant;
        match segment {
            Segment::Member(name) if after_dots => name.clone(),
            Segment::Member(name) => format!(".{name}"),
            Segment::Index(at) => format!("[{at}]"),
            Segment::Wildcard => "[*]".to_owned(),
            Segment::Descendant => "..".to_owned(),
        }
    });
    std::iter::once("$".to_owned()).chain(pieces).collect()
}

proptest! {
    #[test]
    fn a_path_that_was_written_is_read_back(segments in prop::collection::vec(some_segment(), 0..6)) {
        let mut segments = segments;
        segments.dedup_by(|a, b| *a == Segment::Descendant && *b == Segment::Descendant);
        if segments.last() == Some(&Segment::Descendant) {
            segments.push(Segment::Wildcard);
        }
        let path = JsonPath::parse(&written(&segments));
        prop_assert_eq!(path.map(|path| path.segments), Ok(segments));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r"\$?[a-z.\[\]'\\u0-9*:?é-]{0,24}") {
        if let Err(error) = JsonPath::parse(&text) {
            prop_assert!(error.offset <= text.len());
        }
    }
}
