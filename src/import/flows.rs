//! Which exchanges belong together, and which of them let a caller in.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::exchange::{Digest, Part, Place, Sealed, Value};
use super::link::Known;

/// How most requests of a recording get in.
pub(super) struct Login<'a> {
    /// The request that answered with the token; `None`: it was not recorded.
    pub(super) exchange: Option<&'a Sealed>,
    /// Where the token is in its answer.
    pub(super) place: Option<String>,
    /// All requests that are the same.
    pub(super) requests: Vec<&'a Sealed>,
    /// Tokens that they answered with.
    pub(super) tokens: HashSet<Digest>,
    /// Header that carries the token.
    pub(super) header: String,
    /// What stands before it there: `Bearer `.
    pub(super) prefix: String,
    /// The token that most requests have.
    pub(super) token: Digest,
}

impl Login<'_> {
    /// Whether an exchange is one of the logins.
    pub(super) fn is(&self, exchange: &Sealed) -> bool {
        self.requests.iter().any(|login| std::ptr::eq(*login, exchange))
    }

    /// Whether a header is the one that the plan sends by itself.
    pub(super) fn carries(&self, name: &str, parts: &[Part]) -> bool {
        let (prefix, token) = match parts {
            [Part::Value(token)] => ("", token),
            [Part::Fixed(prefix), Part::Value(token)] => (prefix.as_str(), token),
            _ => return false,
        };
        name == self.header && prefix == self.prefix && self.tokens.contains(&token.digest)
    }
}

/// Header, what stands before the token, and the token.
type Credential<'a> = (&'a str, &'a str, Digest);

/// What lets a request in, cookies aside.
fn credential(exchange: &Sealed) -> Option<Credential<'_>> {
    exchange.headers.iter().find_map(|(name, parts)| {
        let (prefix, token) = match parts.as_slice() {
            [Part::Value(token)] => ("", token),
            [Part::Fixed(prefix), Part::Value(token)] => (prefix.as_str(), token),
            _ => return None,
        };
        let is_one =
            token.text.is_none() && token.place == Place::Header && !name.contains("csrf") && !name.contains("xsrf");
        is_one.then_some((name.as_str(), prefix, token.digest))
    })
}

/// Credentials that are looked at when the one that most requests have is sought.
const CANDIDATES: usize = 32;

/// Finds how most requests get in.
pub(super) fn login(exchanges: &[Sealed]) -> Option<Login<'_>> {
    let mut counts: HashMap<Credential<'_>, usize> = HashMap::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.status != 401) {
        if let Some(credential) = credential(exchange) {
            *counts.entry(credential).or_default() += 1;
        }
    }
    let mut candidates: Vec<_> = counts.into_iter().collect();
    candidates.sort_by_key(|(credential, count)| (std::cmp::Reverse(*count), *credential));
    let logins = candidates.into_iter().take(CANDIDATES).map(|(credential, _)| login_of(credential, exchanges));
    logins.max_by_key(|login| {
        let admits = |exchange: &&Sealed| exchange.headers.iter().any(|(name, parts)| login.carries(name, parts));
        let count = exchanges.iter().filter(admits).count();
        (count, login.exchange.is_some(), login.header == "authorization")
    })
}

/// The login that answered with a token, and all that are the same request.
fn login_of<'a>((header, prefix, token): Credential<'_>, exchanges: &'a [Sealed]) -> Login<'a> {
    let exchange = exchanges
        .iter()
        .find(|exchange| credential(exchange).is_none() && exchange.found.iter().any(|found| found.digest == token));
    let found = exchange.and_then(|exchange| exchange.found.iter().find(|found| found.digest == token));
    let place = found.map(|found| found.place.clone());
    let same = |left: &Sealed, right: &Sealed| {
        left.method == right.method
            && left.target == right.target
            && left.body == right.body
            && left.status == right.status
    };
    let requests: Vec<&Sealed> =
        exchange.map(|one| exchanges.iter().filter(|other| same(one, other)).collect()).unwrap_or_default();
    let answered = requests.iter().flat_map(|exchange| &exchange.found);
    let tokens = answered.filter(|found| Some(&found.place) == place.as_ref()).map(|found| found.digest);
    let tokens = tokens.chain([token]).collect();
    Login { exchange, place, requests, tokens, header: header.to_owned(), prefix: prefix.to_owned(), token }
}

/// Flows: the exchanges of a session until it pauses, in order. Sessions of one caller that use each other's values are
/// one flow. Where a flow needs a login that another one did, it gets a copy.
pub(super) fn group<'a>(
    exchanges: &'a [Sealed],
    login: Option<&Login<'_>>,
    gap: Duration,
    one_caller: bool,
) -> Vec<Vec<&'a Sealed>> {
    let kept: Vec<&Sealed> =
        exchanges.iter().filter(|exchange| !login.is_some_and(|login| login.is(exchange))).collect();
    let mut group_of = by_session(&kept, gap);
    if one_caller {
        join(&kept, &mut group_of);
    }
    let mut order: Vec<usize> = Vec::new();
    let mut groups: HashMap<usize, Vec<&Sealed>> = HashMap::new();
    for (exchange, group) in kept.iter().zip(&group_of) {
        groups.entry(*group).or_insert_with(|| {
            order.push(*group);
            Vec::new()
        });
        groups.entry(*group).or_default().push(exchange);
    }
    let mut groups: Vec<Vec<&Sealed>> = order.into_iter().filter_map(|group| groups.remove(&group)).collect();
    for group in &mut groups {
        bring_logins(group, exchanges, login);
    }
    groups
}

fn by_session(exchanges: &[&Sealed], gap: Duration) -> Vec<usize> {
    let gap = u64::try_from(gap.as_micros()).unwrap_or(u64::MAX);
    let mut last: HashMap<&str, (usize, u64)> = HashMap::new();
    let mut next = 0;
    let mut group = |exchange: &Sealed, last: Option<(usize, u64)>| match last {
        Some((group, at)) if exchange.at_us.saturating_sub(at) <= gap => group,
        _ => {
            next += 1;
            next
        }
    };
    let mut groups = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        let group = group(exchange, last.get(exchange.session.as_str()).copied());
        last.insert(&exchange.session, (group, exchange.at_us));
        groups.push(group);
    }
    groups
}

/// Joins groups of which one uses what another was answered.
fn join(exchanges: &[&Sealed], groups: &mut [usize]) {
    let mut known = Known::default();
    let mut joined: HashMap<usize, usize> = HashMap::new();
    let root = |joined: &HashMap<usize, usize>, mut group: usize| {
        while let Some(next) = joined.get(&group) {
            group = *next;
        }
        group
    };
    for (index, exchange) in exchanges.iter().enumerate() {
        for value in exchange.values() {
            let Some((from, _)) = known.origin(value) else { continue };
            let (left, right) = (root(&joined, groups[from]), root(&joined, groups[index]));
            if left != right {
                joined.insert(left.max(right), left.min(right));
            }
        }
        known.request(exchange);
        known.answer(index, exchange);
    }
    for group in groups {
        *group = root(&joined, *group);
    }
}

/// Puts copies of logins in front of a flow whose own tokens were answered elsewhere.
fn bring_logins<'a>(group: &mut Vec<&'a Sealed>, exchanges: &'a [Sealed], login: Option<&Login<'_>>) {
    let mut own: HashSet<Digest> = HashSet::new();
    let mut brought: Vec<&Sealed> = Vec::new();
    for exchange in group.iter() {
        for value in exchange.values().into_iter().filter(|value| is_token(value)) {
            let is_plans = login.is_some_and(|login| login.tokens.contains(&value.digest));
            if is_plans || own.contains(&value.digest) {
                continue;
            }
            let source = exchanges.iter().take_while(|other| other.at_us <= exchange.at_us).find(|other| {
                other.found.iter().any(|found| found.digest == value.digest)
                    && !other.values().into_iter().any(is_token)
            });
            if let Some(source) = source {
                own.extend(source.found.iter().map(|found| found.digest));
                brought.push(source);
            }
        }
        own.extend(exchange.found.iter().map(|found| found.digest));
    }
    group.splice(0..0, brought);
}

/// A secret that lets a caller in.
fn is_token(value: &Value) -> bool {
    value.text.is_none() && matches!(value.place, Place::Header | Place::Cookie)
}
