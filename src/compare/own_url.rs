//! Each side's own address inside its answers: the same place said by either side, so no difference.

use std::borrow::Cow;

use crate::role::Pair;

/// What stands for a side's address; no text contains these bytes, as they are not UTF-8.
const BASE: &[u8] = b"\xFF{base}\xFF";
const AUTHORITY: &[u8] = b"\xFF{host}\xFF";

/// One side's own address.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnUrl<'a> {
    /// `http://127.0.0.1:8081`
    base: &'a [u8],
    /// `127.0.0.1:8081`; a host without a port is too easily something else.
    authority: Option<&'a [u8]>,
}

impl<'a> OwnUrl<'a> {
    /// Takes a base URL apart.
    pub(super) fn new(base_url: &'a str) -> Self {
        let base = base_url.trim_end_matches('/');
        let authority = base.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
        let authority = authority.filter(|authority| authority.contains(':')).map(str::as_bytes);
        Self { base: base.as_bytes(), authority }
    }

    /// Text with a placeholder wherever this address stands in it.
    pub(super) fn scrub<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self.next_in(text, 0) {
            Some(found) => Cow::Owned(self.scrub_from(text, found)),
            None => Cow::Borrowed(text),
        }
    }

    /// What follows the address, if text begins with it: the place on this side that an absolute URL names.
    pub(super) fn path_of<'t>(&self, url: &'t [u8]) -> Option<&'t [u8]> {
        let rest = url.strip_prefix(self.base)?;
        if rest.is_empty() { Some(b"/") } else { ends_here(rest).then_some(rest) }
    }

    fn scrub_from(&self, text: &[u8], first: (usize, usize, &'static [u8])) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        let mut found = Some(first);
        while let Some((start, end, placeholder)) = found {
            out.extend_from_slice(&text[copied..start]);
            out.extend_from_slice(placeholder);
            copied = end;
            found = self.next_in(text, copied);
        }
        out.extend_from_slice(&text[copied..]);
        out
    }

    /// Start and end of the next occurrence, and what stands for it.
    fn next_in(&self, text: &[u8], from: usize) -> Option<(usize, usize, &'static [u8])> {
        let base = find(text, self.base, from, |_| true).map(|at| (at, at + self.base.len(), BASE));
        let authority = self.authority.and_then(|authority| {
            let at = find(text, authority, from, |at| begins_here(&text[..at]))?;
            Some((at, at + authority.len(), AUTHORITY))
        });
        [base, authority].into_iter().flatten().min()
    }
}

/// Whether two texts are the same but for each side's own address.
pub(super) fn same(urls: &Pair<OwnUrl<'_>>, baseline: &[u8], candidate: &[u8]) -> bool {
    urls.baseline.scrub(baseline) == urls.candidate.scrub(candidate)
}

fn find(text: &[u8], wanted: &[u8], mut from: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let first = *wanted.first()?;
    while let Some(skipped) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + skipped;
        if text[at..].starts_with(wanted) && ends_here(&text[at + wanted.len()..]) && fits(at) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Whether a host name can begin after this text: it does not go on with it.
fn begins_here(before: &[u8]) -> bool {
    !before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// Whether a host or port can end before this text: it is no other host or port that only begins like it.
fn ends_here(after: &[u8]) -> bool {
    match after {
        [b'.' | b':', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !(next.is_ascii_alphanumeric() || *next == b'-'),
        [] => true,
    }
}
