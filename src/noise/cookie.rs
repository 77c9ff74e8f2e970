//! Of a cookie only the value is noise, and when it ends: its name and what it may be used for are promises (RFC 6265, 4.1.1).

use std::collections::BTreeSet;

/// Which of its promises the candidate's cookie does not keep, in words.
pub(super) fn objection(baseline: &str, candidate: &str) -> Option<String> {
    let name = |cookie: &str| cookie.split('=').next().unwrap_or_default().trim().to_owned();
    if name(baseline) != name(candidate) {
        return Some(format!("its name is `{}` here", name(candidate)));
    }
    // What is shown of a long one has no end to look at.
    if [baseline, candidate].iter().any(|cookie| cookie.ends_with('…')) {
        return None;
    }
    let (promised, kept) = (attributes(baseline), attributes(candidate));
    let without = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
    };
    let (lost, new) = (without(&promised, &kept), without(&kept, &promised));
    match (lost.is_empty(), new.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("its cookie is without {lost} here")),
        (true, false) => Some(format!("its cookie has {new} here")),
        (false, false) => Some(format!("its cookie has {new} in place of {lost} here")),
    }
}

/// Attributes with their values, but for the time at which it ends.
fn attributes(cookie: &str) -> BTreeSet<String> {
    let attribute = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        let is_moment = ["expires", "max-age"].contains(&&*name);
        if value.is_empty() || is_moment { name } else { format!("{name}={value}") }
    };
    cookie.split(';').skip(1).map(attribute).filter(|attribute| !attribute.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_keeps_its_name_and_what_it_may_be_used_for() {
        let before = "sid=a1; Path=/; HttpOnly; Secure; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT";
        for (candidate, expected) in [
            ("sid=b2; path=/; Expires=Wed, 21 Oct 2026 07:29:00 GMT; secure; HttpOnly; SameSite=lax", None),
            ("sid=b2; Path=/; Secure; SameSite=Lax; Expires=x", Some("its cookie is without `httponly` here")),
            (
                "sid=b2; Path=/; HttpOnly; Secure; SameSite=None; Expires=x",
                Some("its cookie has `samesite=none` in place of `samesite=lax` here"),
            ),
            (
                "sid=b2; Path=/; HttpOnly; Secure; SameSite=Lax; Expires=x; Domain=example.org",
                Some("its cookie has `domain=example.org` here"),
            ),
            ("sid=b2; Path=/; HttpOnly; Secure; SameSite=Lax", Some("its cookie is without `expires` here")),
            ("sid=a-long-o…", None),
            ("tid=b2; Path=/", Some("its name is `tid` here")),
        ] {
            assert_eq!(objection(before, candidate).as_deref(), expected, "{candidate}");
        }
    }
}
