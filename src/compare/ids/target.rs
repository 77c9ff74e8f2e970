//! Paths of requests and of `Location`, segment by segment: which segments name collections, and which name one thing.

use super::Namespace;
use crate::compare::is_uuid;
use crate::plan::Template;
use crate::plan::template::Part;

/// Last segments that do something with a collection instead of naming another.
const VERBS: [&str; 10] = ["batch", "bulk", "search", "_search", "query", "import", "export", "list", "all", "many"];

/// One segment of a path in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Written in the plan.
    Fixed(String),
    /// Filled in, or a number or UUID in the plan: it names one thing.
    Filled,
}

/// The segments of a step's path, without the query.
pub(super) fn segments(target: &Template) -> Vec<Segment> {
    // A byte that no path has stands for whatever is filled in.
    let piece = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        _ => "\u{0}".to_owned(),
    };
    let text: String = target.parts.iter().map(piece).collect();
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let segment = |segment: &str| {
        let names_one = segment.contains('\u{0}') || is_id_shaped(segment);
        if names_one { Segment::Filled } else { Segment::Fixed(segment.to_owned()) }
    };
    path.split('/').filter(|segment| !segment.is_empty()).map(segment).collect()
}

/// The collections of a path: segments that something named by an id follows.
pub(super) fn collections(segments: &[Segment]) -> impl Iterator<Item = Namespace> {
    segments.windows(2).filter_map(|two| match two {
        [Segment::Fixed(name), Segment::Filled] => Some(Namespace::resource(name)),
        _ => None,
    })
}

/// What the answers to requests of a path are about: its last collection. Where the path goes on behind the last one
/// that is known, that is something of its own, such as `student/reviews/claim`.
pub(super) fn resource(segments: &[Segment], is_collection: impl Fn(&Namespace) -> bool) -> Option<Namespace> {
    let mut names: Vec<&str> = segments
        .iter()
        .filter_map(|segment| match segment {
            Segment::Fixed(name) => Some(name.as_str()),
            Segment::Filled => None,
        })
        .collect();
    while names.len() > 1 && names.last().is_some_and(|last| VERBS.contains(last)) {
        names.pop();
    }
    let last = Namespace::resource(names.last()?);
    if names.len() == 1 || is_collection(&last) {
        return Some(last);
    }
    let known = names.iter().rposition(|name| is_collection(&Namespace::resource(name)));
    match known {
        Some(known) => Some(Namespace::tail(&names[known..])),
        // Nothing is known of this path; a prefix such as `/api/v1` says nothing.
        None => Some(last),
    }
}

/// Whether text looks like an id that a service generates: digits, or a UUID.
pub fn is_id_shaped(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) || is_uuid(text.as_bytes())
}

/// Two paths, segment by segment: the namespace and both texts of each that may be an id, whether it is the last, and
/// where it stands in the second path. `None` where the paths do not have the same segments otherwise.
pub(super) fn joined<'t>(baseline: &'t str, candidate: &'t str) -> Option<Vec<JoinedSegment<'t>>> {
    let path = |text: &'t str| text.split(['?', '#']).next().unwrap_or_default();
    let (left, right): (Vec<&str>, Vec<&str>) =
        (path(baseline).split('/').collect(), path(candidate).split('/').collect());
    if left.len() != right.len() || baseline[path(baseline).len()..] != candidate[path(candidate).len()..] {
        return None;
    }
    let mut found = Vec::new();
    let mut start = 0;
    for (at, (one, other)) in left.iter().zip(&right).enumerate() {
        if one != other || is_id_shaped(one) {
            let name = at.checked_sub(1).map(|before| left[before]).filter(|name| !name.is_empty())?;
            let are_uuids = is_uuid(one.as_bytes()) && is_uuid(other.as_bytes());
            let namespace = if are_uuids { Namespace::uuid() } else { Namespace::resource(name) };
            let is_last = at + 1 == left.len();
            found.push(JoinedSegment { namespace, baseline: one, candidate: other, is_last, start });
        }
        start += other.len() + 1;
    }
    Some(found)
}

/// One segment that may be an id, on both sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JoinedSegment<'t> {
    pub(super) namespace: Namespace,
    pub(super) baseline: &'t str,
    pub(super) candidate: &'t str,
    pub(super) is_last: bool,
    /// Byte of the candidate's text at which it begins.
    pub(super) start: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        let mut parts = Vec::new();
        for (at, piece) in text.split('*').enumerate() {
            if at > 0 {
                parts.push(Part::Variable(0));
            }
            parts.push(Part::Literal(piece.to_owned()));
        }
        Template { parts }
    }

    #[test]
    fn the_answers_to_a_path_are_about_its_last_collection() {
        let known = [Namespace::resource("students"), Namespace::resource("classes")];
        for (path, expected) in [
            ("/api/v1/students", "student"),
            ("/api/v1/students/*?page=1", "student"),
            ("/api/v1/students/batch", "student"),
            ("/api/v1/students/reviews/claim", "student/reviews/claim"),
            ("/classes/*/students", "student"),
            ("/classes/*/stats", "class/stats"),
            ("/classes/7", "class"),
            ("/api/v1/courses", "course"),
            ("/login", "login"),
        ] {
            let found = resource(&segments(&template(path)), |namespace| known.contains(namespace));
            assert_eq!(found.as_ref().map(Namespace::name), Some(expected), "{path}");
        }
        assert_eq!(resource(&[], |_| true), None);
    }

    #[test]
    fn what_stands_before_an_id_is_a_collection() {
        let found: Vec<_> = collections(&segments(&template("/api/v1/classes/7/students/*/grades"))).collect();
        assert_eq!(found, [Namespace::resource("class"), Namespace::resource("student")]);
    }

    #[test]
    fn paths_that_differ_in_more_than_ids_are_not_joined() {
        let found = joined("/students/17", "/students/18").expect("joined");
        let expected = JoinedSegment {
            namespace: Namespace::resource("student"),
            baseline: "17",
            candidate: "18",
            is_last: true,
            start: 10,
        };
        assert_eq!(found, [expected]);
        assert_eq!(joined("/students", "/students").map(|found| found.len()), Some(0));
        assert_eq!(joined("/students/17", "/students/17/"), None);
        assert_eq!(joined("/students/17?a=1", "/students/18?a=2"), None);
        assert_eq!(joined("/a", "/b"), None, "nothing says what these would be ids of");
    }
}
