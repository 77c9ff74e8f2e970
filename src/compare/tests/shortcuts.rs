//! What makes comparing with ids quick changes neither what is found nor what is learned.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{BASELINE, CANDIDATE, headers};
use crate::compare::findings::Findings;
use crate::compare::ids::{Namespace, Watch};
use crate::compare::own_url::OwnUrl;
use crate::compare::{Answer, Asked, Comparator, Comparison, Context, Ids, json, structure};
use crate::plan;
use crate::role::Pair;

/// One student as an answer tells it; `class_id` only if there is a class.
#[derive(Debug, Clone)]
struct Item {
    id: u32,
    class: Option<u32>,
    name: char,
    /// Which of the other members it has.
    members: u8,
}

/// What the candidate does to the baseline's items.
#[derive(Debug, Clone)]
enum Edit {
    Remove(usize),
    Repeat(usize),
    Swap(usize, usize),
    Rename(usize),
    Class(usize),
    Shift(usize),
}

/// One answer of both sides.
#[derive(Debug, Clone)]
struct Told {
    step: &'static str,
    method: &'static str,
    status: u16,
    items: Vec<Item>,
    edits: Vec<Edit>,
    /// Whether the candidate has numbers of its own for all that the requests have made.
    is_shifted: bool,
    is_spaced: bool,
    shape: u8,
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (0_u32..5, prop::option::of(0_u32..3), prop::char::range('a', 'b'), 0_u8..=255);
    prop::collection::vec(item.prop_map(|(id, class, name, members)| Item { id, class, name, members }), 0..5)
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0_usize..5).prop_map(Edit::Remove),
        (0_usize..5).prop_map(Edit::Repeat),
        (0_usize..5, 0_usize..5).prop_map(|(one, other)| Edit::Swap(one, other)),
        (0_usize..5).prop_map(Edit::Rename),
        (0_usize..5).prop_map(Edit::Class),
        (0_usize..5).prop_map(Edit::Shift),
    ];
    prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(edit, 0..3)]
}

fn told() -> impl Strategy<Value = Told> {
    let asked = prop_oneof![
        2 => Just(("list", "GET", 200)),
        1 => Just(("create", "POST", 201)),
        1 => Just(("batch", "POST", 201)),
        1 => Just(("class", "GET", 200)),
    ];
    (asked, items(), edits(), any::<bool>(), any::<bool>(), 0_u8..6).prop_map(
        |((step, method, status), items, edits, is_shifted, is_spaced, shape)| Told {
            step,
            method,
            status,
            items,
            edits,
            is_shifted,
            is_spaced,
            shape,
        },
    )
}

impl Told {
    fn bodies(&self) -> Pair<String> {
        let mut changed = self.items.clone();
        for edit in &self.edits {
            let count = changed.len();
            let at = |at: usize| at % count.max(1);
            match *edit {
                _ if count == 0 => {}
                Edit::Remove(item) => _ = changed.remove(at(item)),
                Edit::Repeat(item) => changed.insert(at(item), changed[at(item)].clone()),
                Edit::Swap(one, other) => changed.swap(at(one), at(other)),
                Edit::Rename(item) => changed[at(item)].name = 'c',
                Edit::Class(item) => changed[at(item)].class = Some(3),
                Edit::Shift(item) => changed[at(item)].id += 1,
            }
        }
        let shift = if self.is_shifted { 20 } else { 0 };
        let candidate = body(self.shape, &changed, shift);
        let candidate = if self.is_spaced { candidate.replace(',', ", ") } else { candidate };
        Pair { baseline: body(self.shape, &self.items, 0), candidate }
    }
}

fn body(shape: u8, items: &[Item], shift: u32) -> String {
    let texts: Vec<String> = items.iter().map(|item| written(item, shift)).collect();
    let (head, tail) = texts.split_at(texts.len() / 2);
    match shape {
        0 => texts.first().cloned().unwrap_or_else(|| "{}".to_owned()),
        1 => format!("[{}]", texts.join(",")),
        // Nothing but ids.
        3 => {
            let ids: Vec<String> = items.iter().map(|item| item.number(shift).to_string()).collect();
            format!(r#"{{"class_ids":[{}]}}"#, ids.join(","))
        }
        4 => {
            let item = |item: &Item| format!(r#"{{"id":{0},"self":"/api/v1/students/{0}"}}"#, item.number(shift));
            format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
        }
        2 => format!(r#"{{"items":[{}],"total":{}}}"#, texts.join(","), texts.len()),
        _ => format!(r#"{{"class":{{"id":7,"students":[{}]}},"rest":[{}]}}"#, head.join(","), tail.join(",")),
    }
}

impl Item {
    /// Its id, where those that were made in between have numbers of their own.
    fn number(&self, shift: u32) -> u32 {
        if self.id > 1 { 500 + self.id + shift } else { self.id }
    }
}

fn written(item: &Item, shift: u32) -> String {
    let Item { class, name, members, .. } = item;
    let id = item.number(shift);
    let mut out = format!(r#"{{"id":{id},"name":"{name}""#);
    let _ = class.map(|class| write!(out, r#","class_id":{class}"#));
    let others = [
        format!(r#""self":"/api/v1/students/{id}""#),
        format!(r#""owner_id":{id}"#),
        format!(r#""text":"student {id}, again""#),
        format!(r#""key":"00000000-0000-4000-8000-000000000{id:03}""#),
        r#""tags":["a","b"],"flags":[true,null,1.0]"#.to_owned(),
        format!(r#""friend_ids":[{id},1]"#),
        r#""class_id":null"#.to_owned(),
        r#""slug":"a","at":"x""#.to_owned(),
    ];
    for (_, other) in others.iter().enumerate().filter(|(bit, _)| members >> bit & 1 == 1) {
        let _ = write!(out, ",{other}");
    }
    out.push('}');
    out
}

const STEPS: &str = "
  - name: f
    steps:
      - { name: create, request: POST /api/v1/students, capture: { id: $.id, slug: $.slug } }
      - { name: batch, request: POST /api/v1/students/batch }
      - { name: list, request: GET /api/v1/students }
      - { name: class, request: GET /api/v1/classes/7 }
      - { name: read, request: \"GET /api/v1/students/{{id}}\" }
      - { name: by slug, request: \"GET /api/v1/pages/{{slug}}\" }
";

/// What a plan says of comparing.
const COMPARES: [&str; 5] = [
    "{}",
    "{ ids: { learn: changed } }",
    "{ ids: { learn: anywhere } }",
    "{ ignore: [ { path: $..name, reason: x } ] }",
    "{ rules: [ { path: $.items, as: unordered, reason: x }, { path: $.rest, as: keyed, by: $.id, reason: x } ] }",
];

/// One way to compare answers, one after the other.
struct Way {
    comparator: Comparator,
    ids: Ids,
}

impl Way {
    fn new(compare: &str) -> Self {
        let sides = "{ baseline: { bundled: { stack: async } }, candidate: { bundled: { stack: async } } }";
        let text = format!("version: 1\nname: ids\nsides: {sides}\nflows:{STEPS}compare: {compare}\n");
        let plan = plan::parse("test", &text).unwrap_or_else(|error| panic!("{error}"));
        Self { comparator: Comparator::new(&plan.compare), ids: Ids::new(&plan) }
    }

    fn compare(&mut self, told: &Told, bodies: &Pair<String>, is_quick: bool) -> Comparison {
        let maps = headers(&[("content-type", "application/json")]);
        let answer = |body, base_url| Answer { status: told.status, headers: &maps, body, base_url };
        let baseline = answer(bodies.baseline.as_bytes(), BASELINE);
        let candidate = answer(bodies.candidate.as_bytes(), CANDIDATE);
        let at = "/api/v1/students";
        let asked =
            Asked { flow: "f", step: told.step, method: told.method, targets: Pair { baseline: at, candidate: at } };
        if is_quick {
            return self.comparator.compare_with_ids(&asked, &mut self.ids, &baseline, &candidate);
        }
        let context = Context {
            scope: self.comparator.rules.scope("f", told.step),
            ids: Watch::new(&self.ids, &asked, &baseline, &candidate),
            urls: Pair { baseline: OwnUrl::new(BASELINE), candidate: OwnUrl::new(CANDIDATE) },
            is_head: false,
        };
        let mut findings = Findings::new(self.comparator.rules.len());
        // The status and one header.
        findings.visit_untouched(2);
        let (one, other) = (json::parse(baseline.body).unwrap(), json::parse(candidate.body).unwrap());
        structure::compare_thoroughly(&context, &mut findings, Pair { baseline: &one, candidate: &other });
        context.ids.finish();
        findings.into_comparison()
    }

    /// All that is known of ids, with the places where it was learned.
    fn known(&mut self) -> String {
        let mut out = String::new();
        for name in ["student", "class", "page", "owner", "friend", "uuid", "key", "rest", "slug", "flag", "tag", ""] {
            let _ = writeln!(out, "{name}: {:?}", self.ids.known().pairs(&Namespace::resource(name)));
        }
        let _ = writeln!(out, "{:?}", self.ids.known().count());
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_quick_way_finds_and_learns_what_the_thorough_one_does(
        story in prop::collection::vec(told(), 1..5),
        compare in prop::sample::select(COMPARES.to_vec()),
    ) {
        let (mut quick, mut thorough) = (Way::new(compare), Way::new(compare));
        for told in story {
            let bodies = told.bodies();
            let (found, expected) =
                (quick.compare(&told, &bodies, true), thorough.compare(&told, &bodies, false));
            prop_assert_eq!(found, expected, "{:?}", bodies);
            prop_assert_eq!(quick.known(), thorough.known(), "{:?}", bodies);
        }
    }
}
