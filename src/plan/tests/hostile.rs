use std::fmt::Write;

use super::*;
use crate::plan::{PlanError, load};

fn message(text: &str) -> String {
    parse(text).expect_err("this is no plan").to_string()
}

#[test]
fn nothing_is_no_plan() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}", "~"] {
        assert!(message(text).contains("the plan is empty"), "{text:?}: {}", message(text));
    }
    assert!(message("[]").contains("expected a mapping, found a list"));
    assert!(message("plan").contains("expected a mapping, found a single value"));
}

#[test]
fn a_byte_order_mark_is_no_problem() {
    assert!(parse(&format!("\u{feff}{}", plan_with(""))).is_ok());
}

#[test]
fn a_second_document_is_refused() {
    assert!(message(&format!("{}---\na: 1\n", plan_with(""))).contains("a second one begins here"));
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    let shown = message("version: 1\nname: [a\nsides: {}\n");
    assert!(shown.starts_with("error: ") && shown.contains("--> plan.yaml:"), "{shown}");
    let shown = message("version: 1\n\tname: a\n");
    assert!(shown.contains("tab"), "{shown}");
    let shown = message("flows: [ { request: GET /a/{{id}} } ]\n");
    assert!(shown.contains("needs quotes"), "{shown}");
    assert!(message("a: *nowhere\n").contains("plan.yaml:1:4"), "{}", message("a: *nowhere\n"));
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100_000), format!("a: {}", "{a: ".repeat(100_000)), "- ".repeat(5_000)] {
        let shown = message(&text);
        assert!(shown.len() < 2_000, "{}", &shown[..2_000]);
    }
}

#[test]
fn aliases_that_grow_without_end_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{previous}]").unwrap();
    }
    assert!(message(&text).contains("once aliases are filled in"), "{}", message(&text));
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(1_000), "*a, ".repeat(1_000));
    assert!(message(&wide).contains("once aliases are filled in"), "{}", message(&wide));
    assert!(message("a: &a [*a]\n").contains("inside what it stands for"));
}

#[test]
fn many_problems_are_counted_and_not_all_shown() {
    let mut text = String::new();
    for index in 0..20_000 {
        writeln!(text, "key{index}: 1").unwrap();
    }
    let shown = message(&text);
    assert!(shown.contains("\n20004 errors; the first 40 are shown") && shown.len() < 20_000, "{shown}");
}

#[test]
fn what_is_not_text_of_a_plan_is_refused_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plan.yaml");
    for (bytes, part) in [
        (b"version: 1\nname: \xff\n".to_vec(), ":2:7"),
        (b"\xff\xfev\0e\0r\0".to_vec(), "UTF-16"),
        (vec![b'#'; (4 << 20) + 100], "too large"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let error = load(&file).expect_err(part);
        assert!(matches!(error, PlanError::Invalid(_)) && error.to_string().contains(part), "{error}");
    }
    let error = load(&dir.path().join("absent.yaml")).expect_err("no such file");
    assert!(matches!(error, PlanError::Read { .. }) && error.to_string().contains("absent.yaml"), "{error}");
}

#[test]
fn a_plan_that_is_read_knows_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plan.yaml");
    std::fs::write(&file, plan_with("")).unwrap();
    assert_eq!(load(&file).unwrap().source.as_deref(), Some(&*file));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in r"(version: 1\n)?[a-z]{0,8}[ \n:{}\[\]&*a!|>'#,$éx-]{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_change_of_a_plan_makes_the_reader_panic(at in 0..EVERYTHING.len(), by in r"[ \n:{}\[\]&*a!|>'#,$é<-]{0,3}") {
        if EVERYTHING.is_char_boundary(at) {
            let _ = parse(&format!("{}{by}{}", &EVERYTHING[..at], &EVERYTHING[at..])).map_err(|found| found.to_string());
            let _ = parse(&format!("{}{by}", &EVERYTHING[..at])).map_err(|found| found.to_string());
        }
    }
}
