//! How much two strings or numbers are alike.

use super::json::Text;
use super::moment::Moment;
use super::number::Decimal;
use super::own_url::{self, OwnUrl};
use crate::record::Class;
use crate::role::Pair;

/// `None`: no difference at all.
pub(super) type Verdict = Option<Class>;

/// Two numbers as written.
pub(super) fn numbers(baseline: &[u8], candidate: &[u8]) -> Verdict {
    if baseline == candidate {
        None
    } else {
        Some(representation_if(Decimal::new(baseline) == Decimal::new(candidate)))
    }
}

/// Two strings of a JSON body.
pub(super) fn strings(urls: &Pair<OwnUrl<'_>>, baseline: Text<'_>, candidate: Text<'_>) -> Verdict {
    if baseline == candidate {
        return None;
    }
    let (baseline, candidate) = (baseline.decode(), candidate.decode());
    // Equal bytes of unequal texts: a lone surrogate against the bytes that it would have.
    if baseline == candidate { Some(Class::Breaking) } else { texts(urls, &baseline, &candidate) }
}

/// Two texts, decoded.
pub(super) fn texts(urls: &Pair<OwnUrl<'_>>, baseline: &[u8], candidate: &[u8]) -> Verdict {
    if baseline == candidate {
        return None;
    }
    let baseline = urls.baseline.scrub(baseline);
    let candidate = urls.candidate.scrub(candidate);
    if baseline == candidate { None } else { Some(representation_if(normal(&baseline) == normal(&candidate))) }
}

/// Two texts that are no JSON strings and have no form of their own.
pub(super) fn plain(urls: &Pair<OwnUrl<'_>>, baseline: &[u8], candidate: &[u8]) -> Verdict {
    if own_url::same(urls, baseline, candidate) { None } else { Some(Class::Breaking) }
}

/// Representation if it is so, else breaking.
pub(super) const fn representation_if(alike: bool) -> Class {
    if alike { Class::Representation } else { Class::Breaking }
}

/// A text by what it says; equal for spellings that every reader takes for the same.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Normal<'a> {
    /// A point in time.
    Moment(Moment<'a>),
    /// A UUID in lower case.
    Uuid(Vec<u8>),
    /// A URL with its percent-encoding in capitals.
    Url(Vec<u8>),
    /// Any other text.
    Text(&'a [u8]),
}

/// What a text says.
pub(super) fn normal(text: &[u8]) -> Normal<'_> {
    if is_uuid(text) {
        Normal::Uuid(text.to_ascii_lowercase())
    } else if let Some(moment) = Moment::parse(text) {
        Normal::Moment(moment)
    } else if text.contains(&b'%') && is_url(text) {
        Normal::Url(percent_capitals(text))
    } else {
        Normal::Text(text)
    }
}

/// Whether text is a UUID with its hyphens, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case.
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_url(text: &[u8]) -> bool {
    let absolute = || text.windows(3).any(|three| three == b"://");
    // The placeholder of a side's own address begins with a byte that no text has.
    matches!(text.first(), Some(b'/' | 0xFF)) || absolute()
}

fn percent_capitals(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    for at in 0..out.len().saturating_sub(2) {
        if out[at] == b'%' && out[at + 1..at + 3].iter().all(u8::is_ascii_hexdigit) {
            out[at + 1..at + 3].make_ascii_uppercase();
        }
    }
    out
}
