//! Ids that the sides generated: what is learned from answers, and what must never be.

use super::{BASELINE, CANDIDATE, found, headers};
use crate::compare::{Answer, Asked, Comparator, Comparison, Ids};
use crate::plan::{self, Plan};
use crate::role::Pair;

/// Both sides' answers to the steps of a plan, one after the other.
struct Story {
    comparator: Comparator,
    ids: Ids,
}

/// One side's target, status, `Location` and body.
type Side<'a> = (&'a str, u16, &'a str, &'a str);

const STEPS: &str = "
  - name: f
    steps:
      - { name: create, request: POST /api/v1/students, capture: { id: $.id, slug: $.slug } }
      - { name: batch, request: POST /api/v1/students/batch }
      - { name: read, request: \"GET /api/v1/students/{{id}}\" }
      - { name: by slug, request: \"GET /api/v1/pages/{{slug}}\" }
      - { name: list, request: GET /api/v1/students }
      - { name: class, request: GET /api/v1/classes/7 }
      - { name: claim, request: POST /api/v1/students/reviews/claim }
      - { name: delete, request: \"DELETE /api/v1/students/{{id}}\" }
";

fn plan(compare: &str) -> Plan {
    let sides = "{ baseline: { bundled: { stack: async } }, candidate: { bundled: { stack: async } } }";
    let text = format!("version: 1\nname: ids\nsides: {sides}\nflows:{STEPS}compare: {compare}\n");
    plan::parse("test", &text).unwrap_or_else(|error| panic!("{error}"))
}

impl Story {
    fn new(compare: &str) -> Self {
        let plan = plan(compare);
        Self { comparator: Comparator::new(&plan.compare), ids: Ids::new(&plan) }
    }

    fn compare(&mut self, step: &str, method: &str, baseline: Side<'_>, candidate: Side<'_>) -> Comparison {
        let maps = [baseline, candidate].map(|side| {
            let location: &[(&str, &str)] = if side.2.is_empty() { &[] } else { &[("location", side.2)] };
            headers(&[&[("content-type", "application/json")], location].concat())
        });
        let asked = Asked { flow: "f", step, method, targets: Pair { baseline: baseline.0, candidate: candidate.0 } };
        let baseline =
            Answer { status: baseline.1, headers: &maps[0], body: baseline.3.as_bytes(), base_url: BASELINE };
        let candidate =
            Answer { status: candidate.1, headers: &maps[1], body: candidate.3.as_bytes(), base_url: CANDIDATE };
        self.comparator.compare_with_ids(&asked, &mut self.ids, &baseline, &candidate)
    }

    fn creates(&mut self, baseline: &str, candidate: &str) -> Vec<String> {
        found(&self.compare(
            "create",
            "POST",
            ("/api/v1/students", 201, "", baseline),
            ("/api/v1/students", 201, "", candidate),
        ))
    }

    fn reads(&mut self, step: &str, baseline: &str, candidate: &str) -> Vec<String> {
        found(&self.compare(step, "GET", ("/", 200, "", baseline), ("/", 200, "", candidate)))
    }
}

#[test]
fn ids_of_what_was_created_are_one_from_then_on() {
    let mut story = Story::new("{}");
    assert_eq!(story.creates(r#"{"id":501,"name":"Ada"}"#, r#"{"id":521,"name":"Ada"}"#), ["volatile id $.id"]);
    let read = story.compare(
        "read",
        "GET",
        ("/api/v1/students/501", 200, "", r#"{"id":501,"self":"/api/v1/students/501?x=1"}"#),
        ("/api/v1/students/521", 200, "", r#"{"id":521,"self":"/api/v1/students/521?x=1"}"#),
    );
    assert_eq!(found(&read), ["volatile id $.id", "volatile id $.self"]);
    let other = r#"[{"student_id":501,"owner_id":501,"text":"student 501, again"}]"#;
    assert_eq!(
        story.reads("class", other, &other.replace("501", "521")),
        ["volatile id $[0].student_id", "volatile id $[0].owner_id", "volatile id $[0].text"]
    );
    assert_eq!(story.ids.known().count(), (1, 1));
}

#[test]
fn what_nothing_introduced_must_be_equal() {
    for (step, baseline, candidate, expected) in [
        ("list", r#"{"items":[{"id":1}]}"#, r#"{"items":[{"id":21}]}"#, vec!["breaking value $.items[0].id"]),
        ("read", r#"{"class_id":7}"#, r#"{"class_id":8}"#, vec!["breaking value $.class_id"]),
        ("read", r#"{"text":"student 1"}"#, r#"{"text":"student 2"}"#, vec!["breaking value $.text"]),
        ("read", r#"{"self":"/students/1"}"#, r#"{"self":"/students/2"}"#, vec!["breaking value $.self"]),
        (
            "list",
            r#"{"items":[{"id":1},{"id":2}]}"#,
            r#"{"items":[{"id":2},{"id":1}]}"#,
            vec!["breaking order $.items"],
        ),
        (
            "read",
            r#"{"id":"00000000-0000-4000-8000-000000000001"}"#,
            r#"{"id":"00000000-0000-4000-8000-000000000002"}"#,
            vec!["breaking value $.id"],
        ),
    ] {
        let mut story = Story::new("{}");
        assert_eq!(story.reads(step, baseline, candidate), expected, "{baseline}");
        assert_eq!(story.reads(step, baseline, candidate), expected, "{baseline}: the second time too");
    }
}

/// An answer that created something introduces the id of that and of nothing else.
#[test]
fn an_answer_that_creates_introduces_nothing_but_its_own_id() {
    let mut story = Story::new("{}");
    let made = |id: u32, class: u32| format!(r#"{{"id":{id},"class_id":{class},"class":{{"id":{class}}}}}"#);
    assert_eq!(
        story.creates(&made(501, 7), &made(521, 8)),
        ["volatile id $.id", "breaking value $.class_id", "breaking value $.class.id"]
    );
    // An answer that changed something has created nothing: it may have given out another row.
    let mut story = Story::new("{}");
    let at = "/api/v1/students/reviews/claim";
    let claim = story.compare("claim", "POST", (at, 200, "", r#"{"id":5}"#), (at, 200, "", r#"{"id":7}"#));
    assert_eq!(found(&claim), ["breaking value $.id"]);
}

#[test]
fn one_id_that_would_be_two_is_breaking_and_names_both_places() {
    let mut story = Story::new("{}");
    story.creates(r#"{"id":501}"#, r#"{"id":521}"#);
    let again = story.compare("read", "GET", ("/", 200, "", r#"{"id":501}"#), ("/", 200, "", r#"{"id":522}"#));
    assert_eq!(found(&again), ["breaking id $.id"]);
    let words = "student 501 of the baseline was 521 of the candidate at f / create at $.id, and is 522 here";
    assert_eq!(again.differences[0].note.as_deref(), Some(words));
    // Equal ids that cannot be, in a body that is the same on both sides.
    assert_eq!(story.reads("read", r#"{"id":501}"#, r#"{"id":501}"#), ["breaking id $.id"]);
    assert_eq!(story.reads("list", r#"[{"id":521}]"#, r#"[{"id":521}]"#), ["breaking id $[0].id"]);
    // Another kind of thing may have the same number.
    assert_eq!(story.reads("class", r#"{"id":501}"#, r#"{"id":501}"#), Vec::<String>::new());
    assert_eq!(story.creates(r#"{"id":502}"#, r#"{"id":521}"#), ["breaking id $.id"]);
}

#[test]
fn a_row_that_was_there_before_is_not_taken_for_a_new_one() {
    let mut story = Story::new("{}");
    story.reads("list", r#"[{"id":7}]"#, r#"[{"id":7}]"#);
    assert_eq!(story.creates(r#"{"id":501}"#, r#"{"id":7}"#), ["breaking id $.id"]);
}

#[test]
fn requests_and_locations_are_checked_too() {
    let mut story = Story::new("{}");
    let at = "/api/v1/students";
    let absolute = format!("{CANDIDATE}/api/v1/students/521");
    let created = story.compare("create", "POST", (at, 201, "/api/v1/students/501", "{}"), (at, 201, &absolute, "{}"));
    assert_eq!(found(&created), ["representation value header location"]);
    let created = story.compare(
        "create",
        "POST",
        (at, 201, "/api/v1/students/502", r#"{"id":502}"#),
        (at, 201, "/api/v1/students/522", r#"{"id":523}"#),
    );
    assert_eq!(found(&created), ["volatile id header location", "breaking id $.id"]);
    let wrong = story.compare("read", "GET", ("/students/501", 200, "", "{}"), ("/students/522", 200, "", "{}"));
    assert_eq!(found(&wrong), ["breaking id request"]);
    assert!(wrong.differences[0].note.as_deref().is_some_and(|text| text.contains("header location")));
    let elsewhere = story.compare("create", "POST", (at, 201, "/a/1", "{}"), (at, 201, "/b/1", "{}"));
    assert_eq!(found(&elsewhere), ["breaking value header location"]);
}

#[test]
fn a_type_that_changed_is_breaking_whatever_the_id() {
    let mut story = Story::new("{}");
    assert_eq!(story.creates(r#"{"id":501}"#, r#"{"id":"501"}"#), ["breaking type $.id"]);
    assert_eq!(story.ids.known().count(), (0, 0));
}

#[test]
fn elements_are_paired_by_what_their_ids_are_on_the_other_side() {
    let mut story = Story::new("{}");
    let list = |ids: &[u32]| {
        let items: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":{id},"name":"same"}}"#)).collect();
        format!(r#"{{"items":[{}]}}"#, items.join(","))
    };
    let at = "/api/v1/students/batch";
    let batch =
        story.compare("batch", "POST", (at, 201, "", &list(&[501, 502, 503])), (at, 201, "", &list(&[521, 522, 523])));
    assert_eq!(found(&batch), ["volatile id $.items[0].id", "volatile id $.items[1].id", "volatile id $.items[2].id"]);
    // One that is missing is one difference, and not all that follows it.
    assert_eq!(
        story.reads("list", &list(&[1, 501, 502, 503]), &list(&[1, 521, 523])),
        ["volatile id $.items[1].id", "breaking missing $.items[2]", "volatile id $.items[3].id"]
    );
    assert_eq!(story.reads("list", &list(&[501, 502]), &list(&[522, 521])), ["breaking order $.items"]);
}

#[test]
fn what_a_step_captures_and_another_names_is_an_id_whatever_it_is_called() {
    let mut story = Story::new("{}");
    let made = |slug: &str| format!(r#"{{"slug":"{slug}"}}"#);
    assert_eq!(story.creates(&made("ada-1"), &made("ada-9")), ["volatile id $.slug"]);
    let path = |slug: &str| format!("/api/v1/pages/{slug}");
    let (one, other) = (path("ada-1"), path("ada-9"));
    let read = story.compare("by slug", "GET", (&one, 200, "", r#""ada-1""#), (&other, 200, "", r#""ada-9""#));
    assert_eq!(found(&read), ["volatile id $"]);
}

#[test]
fn uuids_are_ids_wherever_they_stand() {
    let one = "00000000-0000-4000-8000-00000000000a";
    let other = "00000000-0000-4000-8000-00000000000B";
    let mut story = Story::new("{}");
    let made = |id: &str| format!(r#"{{"id":"{id}"}}"#);
    assert_eq!(story.creates(&made(one), &made(other)), ["volatile id $.id"]);
    let body = |id: &str| format!(r#"{{"anything":"{}"}}"#, id.to_lowercase());
    assert_eq!(story.reads("class", &body(one), &body(other)), ["volatile id $.anything"]);
    assert_eq!(story.reads("class", &body(other), &body(other)), ["breaking id $.anything"]);
}

#[test]
fn a_plan_says_what_is_an_id_and_where_it_is_learned() {
    let claim = |compare: &str| {
        let at = "/api/v1/students/reviews/claim";
        let mut story = Story::new(compare);
        found(&story.compare("claim", "POST", (at, 200, "", r#"{"ref":5}"#), (at, 200, "", r#"{"ref":7}"#)))
    };
    let places = "places: [ { path: $.ref, of: review } ]";
    assert_eq!(claim(&format!("{{ ids: {{ {places} }} }}")), ["breaking value $.ref"]);
    assert_eq!(claim(&format!("{{ ids: {{ learn: changed, {places} }} }}")), ["volatile id $.ref"]);
    assert_eq!(claim("{ ids: { learn: changed } }"), ["breaking value $.ref"]);

    let mut story = Story::new("{ ids: { learn: anywhere } }");
    assert_eq!(story.reads("read", r#"{"class_id":7}"#, r#"{"class_id":8}"#), ["volatile id $.class_id"]);
    assert_eq!(story.reads("read", r#"{"class_id":7}"#, r#"{"class_id":9}"#), ["breaking id $.class_id"]);
    let mut story = Story::new("{ ids: { learn: never } }");
    assert_eq!(story.creates(r#"{"id":501}"#, r#"{"id":521}"#), ["breaking value $.id"]);
    let mut story = Story::new("{ ids: { except: [ { path: $.id, reason: a word } ] } }");
    assert_eq!(story.creates(r#"{"id":501}"#, r#"{"id":521}"#), ["breaking value $.id"]);
    let mut story = Story::new("{ ignore: [ { path: $.id, reason: first } ] }");
    let ignored = story.creates(r#"{"id":501}"#, r#"{"id":521}"#);
    assert_eq!(ignored, ["volatile value $.id"], "a rule goes first");
}

#[test]
fn what_both_sides_deleted_gives_its_id_away() {
    let mut story = Story::new("{}");
    story.creates(r#"{"id":501}"#, r#"{"id":501}"#);
    let gone = ("/api/v1/students/501", 204, "", "");
    story.compare("delete", "DELETE", gone, gone);
    assert_eq!(story.creates(r#"{"id":501}"#, r#"{"id":502}"#), ["volatile id $.id"]);
}
