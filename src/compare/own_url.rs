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
    /// Length of `http://`.
    scheme: usize,
    /// `127.0.0.1:8081`; a host without a port is too easily something else.
    authority: Option<&'a [u8]>,
}

impl<'a> OwnUrl<'a> {
    /// Takes a base URL apart.
    pub(super) fn new(base_url: &'a str) -> Self {
        let base = base_url.trim_end_matches('/');
        let scheme = base.find("://").map_or(0, |at| at + 3);
        let authority = base[scheme..].split('/').next().filter(|authority| authority.contains(':'));
        Self { base: base.as_bytes(), scheme, authority: authority.map(str::as_bytes) }
    }

    /// Whether this address may stand anywhere in a text, in a string without escapes.
    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        let wanted = self.authority.unwrap_or(self.base);
        find(text, wanted, 0, |_| true).is_some()
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
        path_after(url, self.base)
    }

    /// As [`Self::path_of`] for `//host:port/path`.
    pub(super) fn path_without_scheme<'t>(&self, url: &'t [u8]) -> Option<&'t [u8]> {
        path_after(url.strip_prefix(b"//")?, self.authority?)
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
        let Some(authority) = self.authority else {
            let at = find(text, self.base, from, |_| true)?;
            return Some((at, at + self.base.len(), BASE));
        };
        let at = find(text, authority, from, |at| begins_here(&text[..at]))?;
        // Found by its authority, the base is looked for nowhere else: one pass over the text.
        let start = at.checked_sub(self.scheme).filter(|start| *start >= from);
        let base = start.filter(|start| self.path_of(&text[*start..]).is_some());
        Some(base.map_or((at, at + authority.len(), AUTHORITY), |start| (start, start + self.base.len(), BASE)))
    }
}

fn path_after<'t>(url: &'t [u8], start: &[u8]) -> Option<&'t [u8]> {
    let rest = url.strip_prefix(start)?;
    if rest.is_empty() { Some(b"/") } else { ends_here(rest).then_some(rest) }
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
