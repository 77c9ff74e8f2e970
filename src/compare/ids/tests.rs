use proptest::prelude::*;

use super::*;

fn student() -> Namespace {
    Namespace::resource("student")
}

fn at(place: &str) -> impl FnOnce() -> String {
    let place = place.to_owned();
    move || place
}

#[test]
fn ids_that_nothing_introduced_are_one_only_if_they_are_equal() {
    let mut ids = Bijection::default();
    assert_eq!(ids.check(&student(), "5", "5"), Verdict::Same);
    assert_eq!(ids.check(&student(), "5", "6"), Verdict::Unknown);
    assert_eq!(ids.see(&student(), "5", "6", at("here")), Verdict::Unknown);
    assert_eq!(ids.see(&student(), "5", "6", at("here")), Verdict::Unknown, "seeing it twice teaches nothing");
    assert_eq!(ids.count(), (0, 0));
}

#[test]
fn one_id_that_maps_to_two_is_a_conflict_that_names_both_places() {
    let mut ids = Bijection::default();
    assert_eq!(ids.learn(&student(), "5", "6", at("create at $.id")), Verdict::Mapped);
    assert_eq!(ids.learn(&student(), "5", "6", || unreachable!()), Verdict::Mapped);
    for (baseline, candidate, role, id, before, now) in [
        ("5", "7", Role::Baseline, "5", "6", "7"),
        ("4", "6", Role::Candidate, "6", "5", "4"),
        ("5", "5", Role::Baseline, "5", "6", "5"),
        ("6", "6", Role::Candidate, "6", "5", "6"),
    ] {
        let expected = Conflict {
            namespace: student(),
            role,
            id: id.to_owned(),
            before: before.to_owned(),
            place: "create at $.id".to_owned(),
            now: now.to_owned(),
        };
        assert_eq!(ids.check(&student(), baseline, candidate), Verdict::Conflict(expected.clone()));
        assert_eq!(ids.see(&student(), baseline, candidate, || unreachable!()), Verdict::Conflict(expected.clone()));
        assert_eq!(ids.learn(&student(), baseline, candidate, || unreachable!()), Verdict::Conflict(expected));
    }
    assert_eq!(ids.check(&student(), "5", "6"), Verdict::Mapped, "a conflict changes nothing");
    let Verdict::Conflict(conflict) = ids.check(&student(), "5", "7") else { panic!("no conflict") };
    let words = "student 5 of the baseline was 6 of the candidate at create at $.id, and is 7 here";
    assert_eq!(conflict.to_string(), words);
}

#[test]
fn equal_ids_are_kept_so_that_neither_becomes_something_else() {
    let mut ids = Bijection::default();
    assert_eq!(ids.see(&student(), "21", "21", at("list at $.items[0].id")), Verdict::Same);
    assert!(matches!(ids.check(&student(), "1", "21"), Verdict::Conflict(_)));
    assert!(matches!(ids.learn(&student(), "501", "21", at("create")), Verdict::Conflict(_)));
    assert_eq!(ids.count(), (1, 0));
    assert!(!ids.has_unequal());
}

#[test]
fn ids_of_two_kinds_have_nothing_to_do_with_each_other() {
    let mut ids = Bijection::default();
    ids.learn(&student(), "5", "6", at("create"));
    assert_eq!(ids.check(&Namespace::resource("classes"), "5", "5"), Verdict::Same);
    assert_eq!(ids.check(&Namespace::resource("classes"), "6", "5"), Verdict::Unknown);
}

#[test]
fn a_reference_whose_name_says_nothing_is_believed_if_exactly_this_pair_is_known() {
    let mut ids = Bijection::default();
    ids.learn(&student(), "501", "521", at("create"));
    let owner = Namespace::reference("owner_id").expect("a reference");
    assert_eq!(ids.check(&owner, "501", "521"), Verdict::Mapped);
    assert_eq!(ids.check(&owner, "501", "522"), Verdict::Unknown);
    ids.see(&owner, "501", "501", at("list"));
    assert!(matches!(ids.check(&owner, "501", "521"), Verdict::Conflict(_)), "what it knows itself goes first");
}

#[test]
fn an_id_that_was_retired_may_be_given_away_again() {
    let mut ids = Bijection::default();
    ids.learn(&student(), "501", "501", at("create"));
    ids.retire(&student(), "501", "777");
    assert!(matches!(ids.learn(&student(), "501", "502", at("again")), Verdict::Conflict(_)), "not this pair");
    ids.retire(&student(), "501", "501");
    assert_eq!(ids.check(&student(), "501", "501"), Verdict::Same, "it stays what it was until then");
    assert!(matches!(ids.check(&student(), "501", "502"), Verdict::Conflict(_)), "and nobody else may take it");
    assert_eq!(ids.learn(&student(), "501", "502", at("again")), Verdict::Mapped);
    assert_eq!(ids.partner(&student(), Role::Baseline, "501"), Some("502"));
    assert_eq!(ids.partner(&student(), Role::Candidate, "502"), Some("501"));
    assert_eq!(ids.partner(&student(), Role::Candidate, "501"), None);
    assert_eq!(ids.count(), (1, 1));
    ids.retire(&student(), "501", "502");
    ids.learn(&student(), "501", "501", at("a third time"));
    assert!(!ids.has_unequal());
}

proptest! {
    /// Whatever is learned, seen and retired: each id has at most one partner, and is that one's partner.
    #[test]
    fn it_stays_a_bijection(steps in prop::collection::vec((0_u8..3, 0_u8..6, 0_u8..6), 0..60)) {
        let mut ids = Bijection::default();
        for (what, baseline, candidate) in steps {
            let (baseline, candidate) = (baseline.to_string(), candidate.to_string());
            match what {
                0 => {
                    let verdict = ids.learn(&student(), &baseline, &candidate, at("here"));
                    if !matches!(verdict, Verdict::Conflict(_)) {
                        prop_assert!(matches!(
                            ids.check(&student(), &baseline, &candidate), Verdict::Same | Verdict::Mapped));
                    }
                }
                1 => drop(ids.see(&student(), &baseline, &candidate, at("here"))),
                _ => ids.retire(&student(), &baseline, &candidate),
            }
            for id in (0_u8..6).map(|id| id.to_string()) {
                for role in Role::BOTH {
                    if let Some(partner) = ids.partner(&student(), role, &id) {
                        prop_assert_eq!(ids.partner(&student(), role.other(), partner), Some(&*id));
                    }
                }
            }
            let unequal = ids.count().1;
            prop_assert_eq!(unequal as usize, ids.unequal.values().sum::<usize>());
        }
    }

    /// What is taken back was never there, and what is kept again was never taken back.
    #[test]
    fn what_was_learned_can_be_taken_back(
        before in prop::collection::vec((0_u8..3, 0_u8..4, 0_u8..4), 0..20),
        after in prop::collection::vec((0_u8..2, 0_u8..4, 0_u8..4), 0..20),
        namespace in prop::sample::select(vec!["students", "classes"]),
    ) {
        let mut ids = Bijection::default();
        let tell = |ids: &mut Bijection, steps: Vec<(u8, u8, u8)>, namespace: &str| {
            for (what, baseline, candidate) in steps {
                let (baseline, candidate) = (baseline.to_string(), candidate.to_string());
                let namespace = Namespace::resource(namespace);
                match what {
                    0 => drop(ids.learn(&namespace, &baseline, &candidate, || format!("learned {baseline}"))),
                    1 => drop(ids.see(&namespace, &baseline, &candidate, || format!("seen {baseline}"))),
                    _ => ids.retire(&namespace, &baseline, &candidate),
                }
            }
        };
        tell(&mut ids, before, "students");
        let was = all(&ids);
        ids.begin_log();
        tell(&mut ids, after, namespace);
        let is = all(&ids);
        let taken = ids.take_back(0);
        prop_assert_eq!(all(&ids), was);
        ids.keep_again(taken);
        prop_assert_eq!(all(&ids), is);
    }
}

/// All that is known, sorted.
fn all(ids: &Bijection) -> Vec<String> {
    let mut all: Vec<_> = ids.unequal.iter().map(|known| format!("{known:?}")).collect();
    for (namespace, space) in &ids.spaces {
        all.push(format!("{namespace}"));
        for (role, partners) in space.partners.iter() {
            all.extend(partners.iter().map(|(id, partner)| format!("{namespace} {role} {id} {partner:?}")));
        }
    }
    all.sort_unstable();
    all
}
