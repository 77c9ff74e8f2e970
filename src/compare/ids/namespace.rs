//! Which ids are of one kind: student 5 and class 5 are two things, `class_id` 5 and `/classes/5` are one.

use std::fmt;
use std::sync::Arc;

use crate::compare::is_uuid;

/// The kind of thing that an id names, as one word in the singular. UUIDs are of one namespace, whatever they name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace(Arc<str>);

/// Words whose singular follows no rule.
const IRREGULAR: [(&str, &str); 6] = [
    ("people", "person"),
    ("children", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("indices", "index"),
    ("statuses", "status"),
];
/// What UUIDs name, whatever they name.
const UUID: &str = "uuid";
/// Ends of names that say "this is an id", longest first.
const ENDS: [&str; 8] = ["uuids", "guids", "uuid", "guid", "ids", "id", "pks", "pk"];

impl Namespace {
    /// The things of a collection or a table: `students`, `Student` and `student` are one namespace.
    pub fn resource(name: &str) -> Self {
        Self(singular(&words(name).join("_")).into())
    }

    /// Something that has no collection of its own, by the path that leads to it from one that has.
    pub(super) fn tail(names: &[&str]) -> Self {
        let [first, rest @ ..] = names else { return Self(Arc::default()) };
        Self([&[Self::resource(first).name()], rest].concat().join("/").into())
    }

    /// By the last word of a name: a `home_class` is a class.
    pub(super) fn last_word(&self) -> Option<Self> {
        self.0.rsplit_once('_').map(|(_, last)| Self(last.into()))
    }

    /// UUIDs, which are unique whatever they name.
    pub fn uuid() -> Self {
        Self(UUID.into())
    }

    /// Whether it is that of UUIDs.
    pub(super) fn is_uuid(&self) -> bool {
        &*self.0 == UUID
    }

    /// The namespace of an id of such a thing: UUIDs are one namespace, whatever they name.
    #[must_use]
    pub fn of_id(self, id: &str) -> Self {
        if is_uuid(id.as_bytes()) { Self::uuid() } else { self }
    }

    /// What a member or column refers to by its name: `class_id`, `classId`, `class_ids` and `ClassUUID` to a class.
    /// `None` for a name that is no reference: `grid`, and `id` alone, which says nothing of what it names.
    pub fn reference(name: &str) -> Option<Self> {
        let mut words = words(name);
        let last = words.pop()?;
        let is_reference = !words.is_empty() && ENDS.contains(&&*last);
        is_reference.then(|| Self(singular(&words.join("_")).into()))
    }

    /// Whether a member of this name holds the id of what it stands in: `id`, `_id`, `uuid`, `ids`.
    pub fn is_own(name: &str) -> bool {
        matches!(words(name).as_slice(), [only] if ENDS.contains(&&**only))
    }

    /// Whether a member of this name may be [`Self::is_own`] or a [`Self::reference`]: quick, and never wrong about a no.
    pub(super) fn may_say_id(name: &[u8]) -> bool {
        // In lower case, all ends are the last two letters of these.
        const LAST: [&[u8; 2]; 4] = [b"id", b"ds", b"pk", b"ks"];
        let trimmed = name.iter().rposition(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        let name = trimmed.map_or(&name[..0], |last| &name[..=last]);
        match name {
            [.., one, two] if one.is_ascii() && two.is_ascii() => {
                LAST.iter().any(|last| last[0] == one.to_ascii_lowercase() && last[1] == two.to_ascii_lowercase())
            }
            _ => !name.is_ascii(),
        }
    }

    /// The namespace as one word.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `classId`, `class_id`, `class-id` and `ClassID` are the words `class` and `id`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before: Option<char> = None;
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The singular of an English word, near enough to bring `classes` and `class` together.
fn singular(word: &str) -> String {
    let (head, last) = word.rsplit_once('_').map_or(("", word), |(head, last)| (head, last));
    let last = singular_word(last);
    if head.is_empty() { last } else { format!("{head}_{last}") }
}

fn singular_word(word: &str) -> String {
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| *plural == word) {
        return (*singular).to_owned();
    }
    let is_plain = |end: &str| word.ends_with(end);
    if word.len() > 4 && is_plain("ies") {
        return format!("{}y", &word[..word.len() - 3]);
    }
    if ["sses", "xes", "ches", "shes", "zzes"].into_iter().any(is_plain) {
        return word[..word.len() - 2].to_owned();
    }
    let is_plural = is_plain("s") && !["ss", "us", "is"].into_iter().any(is_plain) && word.len() > 2;
    if is_plural { word[..word.len() - 1].to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plural_and_singular_are_one_namespace() {
        for (one, other) in [
            ("students", "student"),
            ("classes", "Class"),
            ("categories", "category"),
            ("people", "person"),
            ("boxes", "box"),
            ("branches", "branch"),
            ("courses", "course"),
            ("status", "statuses"),
            ("class-groups", "classGroup"),
            ("bus", "bus"),
        ] {
            assert_eq!(Namespace::resource(one), Namespace::resource(other), "{one} {other}");
        }
        assert_ne!(Namespace::resource("students"), Namespace::resource("classes"));
    }

    #[test]
    fn a_name_refers_to_what_stands_before_its_id() {
        for (name, expected) in [
            ("class_id", Some("class")),
            ("classId", Some("class")),
            ("ClassID", Some("class")),
            ("class_ids", Some("class")),
            ("class-uuid", Some("class")),
            ("home_class_id", Some("home_class")),
            ("id", None),
            ("grid", None),
            ("paid", None),
            ("valid", None),
            ("id_card", None),
            ("", None),
        ] {
            let found = Namespace::reference(name);
            assert_eq!(found.as_ref().map(Namespace::name), expected, "{name}");
        }
        for (name, is_own) in [("id", true), ("_id", true), ("ID", true), ("uuid", true), ("ids", true)] {
            assert_eq!(Namespace::is_own(name), is_own, "{name}");
        }
        assert!(!["class_id", "grid", "identity"].into_iter().any(Namespace::is_own));
    }

    proptest! {
        /// With the Kelvin sign, which is a `k` in lower case, and characters that are no letters.
        #[test]
        fn no_name_of_an_id_is_passed_over(name in "[a-zA-Z]{0,3}[_ é]?[uUgGiIdDsSpPkK\u{212a}]{0,5}[-_. é→]{0,2}") {
            let says_id = Namespace::is_own(&name) || Namespace::reference(&name).is_some();
            prop_assert!(Namespace::may_say_id(name.as_bytes()) || !says_id, "{}", name);
        }

        #[test]
        fn the_last_words_are_ids_whatever_stands_before(before in "[a-z]{0,4}[_-]?", end in prop::sample::select(ENDS.to_vec())) {
            for name in [format!("{before}{end}"), format!("{before}{}_", end.to_uppercase())] {
                prop_assert!(Namespace::may_say_id(name.as_bytes()), "{}", name);
            }
        }
    }

    #[test]
    fn most_names_are_passed_over() {
        for name in ["name", "email", "created_at", "tags", "k", "", "_", "student_no"] {
            assert!(!Namespace::may_say_id(name.as_bytes()), "{name}");
        }
    }
}
