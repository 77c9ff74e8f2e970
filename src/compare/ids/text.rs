//! Ids inside texts: paths, and running text that names something.

use super::{Bijection, target};
use crate::compare::own_url::OwnUrl;

/// Characters of an id in running text.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Whether two texts are the same but for ids that are known to be one.
pub(super) fn says_the_same(known: &Bijection, baseline: &[u8], candidate: &[u8]) -> bool {
    let is_end = |byte: &u8| !is_token_byte(*byte);
    let ends = |text: &[u8]| text.iter().copied().filter(|byte| is_end(byte)).collect::<Vec<_>>();
    ends(baseline) == ends(candidate)
        && baseline.split(is_end).zip(candidate.split(is_end)).all(|(one, other)| is_one(known, one, other))
}

fn is_one(known: &Bijection, baseline: &[u8], candidate: &[u8]) -> bool {
    let is_pair = |one: &[u8], other: &[u8]| {
        one == other || known.is_unequal_pair(&String::from_utf8_lossy(one), &String::from_utf8_lossy(other))
    };
    if is_pair(baseline, candidate) {
        return true;
    }
    let pieces =
        |text: &'_ [u8]| text.split(|byte| matches!(byte, b'-' | b'_')).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (one, other) = (pieces(baseline), pieces(candidate));
    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| is_pair(one, other))
}

/// A text without what may be an id in it.
pub(super) fn without_ids(text: &str) -> String {
    text.split('/').filter(|segment| !target::is_id_shaped(segment)).collect::<Vec<_>>().join("/")
}

/// Whether a text is a path or a URL, and nothing else.
pub(super) fn is_path(text: &str) -> bool {
    (text.starts_with('/') || text.contains("://")) && !text.contains(char::is_whitespace) && !text.contains(['<', '"'])
}

/// An absolute URL of the side itself as the path that it names.
pub(super) fn own_path<'t>(url: &OwnUrl<'_>, text: &'t str) -> &'t str {
    // What is cut off is text itself.
    url.path_of(text.as_bytes()).and_then(|path| std::str::from_utf8(path).ok()).map_or(text, |path| {
        text.get(text.len().saturating_sub(path.len())..).filter(|end| *end == path).unwrap_or(text)
    })
}
