use super::relations;

#[test]
fn what_always_held_between_two_times_must_hold() {
    let object = |created: &str, updated: &str| {
        format!(
            r#"{{"items":[{{"created_at":"2026-01-01T00:00:{created}Z","updated_at":"2026-01-01T00:00:{updated}Z"}}]}}"#
        )
    };
    let held = |bodies: &[String]| {
        relations::held(bodies.iter().map(String::as_bytes), &|place: &str| place == "$.items[].updated_at")
    };
    let known = held(&[object("01", "02"), object("03", "03")]);
    assert_eq!(known.iter().map(ToString::to_string).collect::<Vec<_>>(), ["updated_at >= created_at"]);
    assert!(relations::broken(&known, object("05", "09").as_bytes()).is_empty());
    let broken = relations::broken(&known, object("05", "04").as_bytes());
    assert_eq!(broken.iter().map(|found| found.place.as_str()).collect::<Vec<_>>(), ["$.items[].updated_at"]);
    // Equal for want of exactness: the names say which comes first, and nothing more is asked.
    let known = held(&[object("01", "01"), object("03", "03")]);
    assert_eq!(known.iter().map(ToString::to_string).collect::<Vec<_>>(), ["updated_at >= created_at"]);
    assert!(held(&[object("01", "02"), object("04", "03")]).is_empty(), "it did not always hold");
}

#[test]
fn what_was_seen_by_chance_is_no_relation() {
    let object = |login: u32, payment: u32| {
        format!(r#"{{"last_login":"2026-01-01T00:00:{login:02}Z","last_payment":"2026-01-01T00:00:{payment:02}Z"}}"#)
    };
    let held = |bodies: &[String]| {
        let found = relations::held(bodies.iter().map(String::as_bytes), &|_: &str| true);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let list =
        |times: std::ops::Range<u32>| format!("[{}]", times.map(|at| object(at, at + 1)).collect::<Vec<_>>().join(","));
    // In the last run alone; of a single object in each of two; of a few.
    assert_eq!(held(&["{}".to_owned(), object(1, 2)]), [""; 0]);
    assert_eq!(held(&[object(1, 2), object(3, 4)]), [""; 0]);
    assert_eq!(held(&[list(0..4), list(10..15)]), [""; 0]);
    assert_eq!(held(&[list(0..5), list(10..15)]), ["last_payment >= last_login"]);
    assert_eq!(held(&["[]".to_owned(), list(0..10), list(10..20)]), [""; 0], "not in every run");
    let other = list(20..30).replacen("00:20Z", "00:59Z", 1);
    assert_eq!(held(&[list(0..10), other]), [""; 0], "not in every object");
}

#[test]
fn deep_wide_and_long_bodies_are_read_in_proportion() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!(r#"{{"{}":[{}1]}}"#, "k".repeat(200_000), r#"{"a":1},"#.repeat(20_000));
    let times: Vec<String> = (0..5_000).map(|at| format!(r#""t{at}":"2026-01-01T00:00:00.{at:06}Z""#)).collect();
    let wide = format!("{{{}}}", times.join(","));
    let many = format!("[{}{wide}]", format!("{{{}}},", times[..40].join(",")).repeat(500));
    let objects: Vec<String> = (0..500).map(|at| format!(r#""o{at}":{{{}}}"#, times[..40].join(","))).collect();
    let objects = format!("{{{}}}", objects.join(","));
    for body in [deep, nested, long, wide, many, objects] {
        let mut seen = 0_usize;
        crate::noise::each_value(body.as_bytes(), |place, _| seen += place.len().min(1));
        assert!(seen > 0);
        let known = relations::held([body.as_bytes(); 3].into_iter(), &|_: &str| true);
        assert!(known.len() <= 10_000, "{}", known.len());
        let turned = body
            .replace("00:00:00.", "00:00:01.")
            .replace(r#"t0":"2026-01-01T00:00:01"#, r#"t0":"2027-01-01T00:00:01"#);
        assert!(relations::broken(&known, turned.as_bytes()).len() < 3_000);
    }
}
