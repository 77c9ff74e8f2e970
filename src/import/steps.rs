//! Steps of a flow: values that came from answers become captures, secrets that nobody answered become variables of
//! the environment, everything else stays as it was sent.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::draft::{DraftBody, DraftStep, Json};
use super::exchange::{Digest, Found, Part, Place, Sealed, SealedBody, SealedJson, Value};
use super::flows::Login;
use super::link::Known;
use super::names;
use super::text::{Piece, Text};

/// Stands for a secret that was refused: any other would be refused as well.
const REFUSED: &str = "not-valid";

/// Secrets that no answer gave.
pub(super) struct Secrets {
    prefix: String,
    /// Secrets that were never let in.
    refused: HashSet<Digest>,
    names: HashMap<Digest, String>,
    /// What a secret is called where its name says that it is one.
    nouns: HashMap<Digest, String>,
    about: BTreeMap<String, String>,
}

impl Secrets {
    pub(super) fn new(plan: &str, exchanges: &[Sealed]) -> Self {
        let mut refused = HashSet::new();
        let mut admitted = HashSet::new();
        let mut nouns = HashMap::new();
        for exchange in exchanges {
            for value in exchange.values() {
                if value.text.is_none() && names::is_secret(&value.noun) {
                    nouns.entry(value.digest).or_insert_with(|| value.noun.clone());
                }
            }
            let set = if exchange.status == 401 { &mut refused } else { &mut admitted };
            set.extend(exchange.values().iter().filter(|value| value.text.is_none()).map(|value| value.digest));
        }
        let refused = refused.difference(&admitted).copied().collect();
        let prefix = names::identifier(plan).to_ascii_uppercase();
        Self { prefix, refused, names: HashMap::new(), nouns, about: BTreeMap::new() }
    }

    /// Variables and what each is.
    pub(super) fn environment(self) -> BTreeMap<String, String> {
        self.about
    }

    fn piece(&mut self, value: &Value, owner: Option<&str>, request: &str) -> Piece {
        if self.refused.contains(&value.digest) {
            return Piece::Literal(REFUSED.to_owned());
        }
        if let Some(name) = self.names.get(&value.digest) {
            return Piece::Environment(name.clone());
        }
        let noun = self.nouns.get(&value.digest).unwrap_or(&value.noun).clone();
        let words = [Some(self.prefix.as_str()), Some(&noun), owner].into_iter().flatten().map(names::identifier);
        let base = words.collect::<Vec<_>>().join("_").to_ascii_uppercase();
        let mut name = base.clone();
        for number in 2.. {
            if !self.about.contains_key(&name) {
                break;
            }
            name = format!("{base}_{number}");
        }
        let owner = owner.map(|owner| format!(" of `{owner}`")).unwrap_or_default();
        let noun = if noun.is_empty() { "secret".to_owned() } else { noun };
        self.about.insert(name.clone(), format!("`{noun}`{owner} in {request}"));
        self.names.insert(value.digest, name.clone());
        Piece::Environment(name)
    }
}

/// Makes steps.
pub(super) struct Steps<'a, 's> {
    login: Option<&'a Login<'a>>,
    secrets: &'s mut Secrets,
    unique: &'s [String],
    /// Variables of the login by the digest of what it answered.
    shared: HashMap<Digest, String>,
    /// The same as captures of the plan's login.
    shared_captures: Vec<(String, String)>,
    /// Captures of all flows.
    pub(super) captures: usize,
}

/// What is known while the steps of one flow are made.
struct Flow<'a> {
    known: Known<'a>,
    /// Variables by step and place.
    variables: HashMap<(usize, String), String>,
    taken: HashSet<String>,
    unique: HashMap<Digest, usize>,
}

impl<'a, 's> Steps<'a, 's> {
    pub(super) fn new(login: Option<&'a Login<'a>>, secrets: &'s mut Secrets, unique: &'s [String]) -> Self {
        Self { login, secrets, unique, shared: HashMap::new(), shared_captures: Vec::new(), captures: 0 }
    }

    /// The steps of one flow.
    pub(super) fn flow(&mut self, exchanges: &[&'a Sealed]) -> Vec<DraftStep> {
        let taken = self.shared_captures.iter().map(|(name, _)| name.clone()).collect();
        let mut flow =
            Flow { known: Known::default(), variables: HashMap::new(), taken, unique: self.unique_values(exchanges) };
        let mut steps = Vec::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            steps.push(self.step(exchange, &mut flow));
            flow.known.request(exchange);
            flow.known.answer(index, exchange);
        }
        let mut captured: Vec<_> = flow.variables.into_iter().collect();
        captured.sort();
        self.captures += captured.len();
        for ((step, place), name) in captured {
            steps[step].capture.push((name, place));
        }
        steps
    }

    /// The plan's login. After all flows, for they say what is captured.
    pub(super) fn login(&mut self, exchange: &'a Sealed) -> DraftStep {
        let mut flow =
            Flow { known: Known::default(), variables: HashMap::new(), taken: HashSet::new(), unique: HashMap::new() };
        let mut step = self.step(exchange, &mut flow);
        step.without_auth = false;
        step.capture.clone_from(&self.shared_captures);
        step
    }

    /// The value of the plan's header.
    pub(super) fn credential(&mut self, login: &Login<'_>) -> Text {
        let text = Text::literal(login.prefix.as_str());
        let Some(place) = &login.place else {
            let value = Value {
                text: None,
                digest: login.token,
                noun: login.header.clone(),
                place: Place::Header,
                is_odd: true,
            };
            return text.then(self.secrets.piece(&value, None, "most requests"));
        };
        let name = self.share(login.token, place, &[]);
        text.then(Piece::Hole(name))
    }

    /// The variable of something that the login answered.
    fn share(&mut self, digest: Digest, place: &str, nouns: &[String]) -> String {
        if let Some(name) = self.shared.get(&digest) {
            return name.clone();
        }
        let known = self.shared_captures.iter().find(|(_, known)| known == place).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let taken: HashSet<String> = self.shared_captures.iter().map(|(name, _)| name.clone()).collect();
            let name = free_name(&format!("login_{}", variable_name(place, nouns)), &taken);
            self.shared_captures.push((name.clone(), place.to_owned()));
            name
        });
        self.shared.insert(digest, name.clone());
        name
    }

    fn unique_values(&self, exchanges: &[&Sealed]) -> HashMap<Digest, usize> {
        let mut found: HashMap<Digest, usize> = HashMap::new();
        for value in exchanges.iter().flat_map(|exchange| exchange.values()) {
            let is_named = value.place == Place::Body && self.unique.contains(&value.noun);
            if is_named && value.text.as_ref().is_some_and(|text| !text.is_empty()) {
                let next = found.len() + 1;
                found.entry(value.digest).or_insert(next);
            }
        }
        found
    }

    fn step(&mut self, exchange: &Sealed, flow: &mut Flow<'a>) -> DraftStep {
        let request = format!("{} {}", exchange.method, exchange.path());
        let owner = exchange.values().into_iter().find(|value| is_owner(value)).and_then(|value| value.text.clone());
        let mut maker = Maker { steps: self, flow, owner: owner.as_deref(), request: &request };
        let target = maker.text(&exchange.target);
        let body = match &exchange.body {
            SealedBody::None => DraftBody::None,
            SealedBody::Text(parts) => DraftBody::Text(maker.text(parts)),
            SealedBody::Json(json) => DraftBody::Json(maker.json(json)),
        };
        let mut headers = Vec::new();
        let mut without_auth = maker.steps.login.is_some();
        for (name, parts) in &exchange.headers {
            if maker.steps.login.is_some_and(|login| login.carries(name, parts)) {
                without_auth = false;
                continue;
            }
            let value = if name == "cookie" { maker.cookie(parts) } else { maker.text(parts) };
            if !(name == "cookie" && value.pieces().is_empty()) {
                headers.push((name.clone(), value));
            }
        }
        DraftStep {
            method: exchange.method.clone(),
            target,
            headers,
            body,
            status: vec![exchange.status],
            without_auth,
            ..DraftStep::default()
        }
    }
}

/// Whether a value names whom a secret belongs to.
fn is_owner(value: &Value) -> bool {
    let name = value.noun.to_ascii_lowercase();
    value.place == Place::Body
        && value.text.is_some()
        && ["username", "user", "login", "email", "client_id"].contains(&&*name)
}

struct Maker<'m, 'a, 's> {
    steps: &'m mut Steps<'a, 's>,
    flow: &'m mut Flow<'a>,
    owner: Option<&'m str>,
    request: &'m str,
}

impl Maker<'_, '_, '_> {
    fn text(&mut self, parts: &[Part]) -> Text {
        let mut text = Text::default();
        for part in parts {
            match part {
                Part::Fixed(fixed) => text.push(Piece::Literal(fixed.clone())),
                Part::Value(value) => self.pieces(value).into_iter().for_each(|piece| text.push(piece)),
            }
        }
        text
    }

    /// Cookies that the service did not set while it was recorded, and by which it cannot know its callers, are left out.
    fn cookie(&mut self, parts: &[Part]) -> Text {
        let mut text = Text::default();
        for pair in parts.chunks(2) {
            let [Part::Fixed(name), Part::Value(value)] = pair else { continue };
            let name = name.trim_start_matches("; ");
            if self.variable(value).is_none() && !names::is_session_cookie(name.trim_end_matches('=')) {
                continue;
            }
            text.push(Piece::Literal(if text.pieces().is_empty() { name.to_owned() } else { format!("; {name}") }));
            self.pieces(value).into_iter().for_each(|piece| text.push(piece));
        }
        text
    }

    fn json(&mut self, json: &SealedJson) -> Json {
        match json {
            SealedJson::Bare(text) if text == "null" => Json::Null,
            SealedJson::Bare(text) => Json::Bool(text == "true"),
            SealedJson::Number(value) => match self.variable(value) {
                Some((name, true)) => Json::Hole(name),
                _ => match &value.text {
                    Some(number) => Json::Number(number.clone()),
                    None => match self.steps.secrets.piece(value, self.owner, self.request) {
                        Piece::Environment(name) => Json::Environment(name),
                        // One that was refused: any other would be refused as well.
                        _ => Json::Number("0".to_owned()),
                    },
                },
            },
            SealedJson::Text(value) => {
                let pieces = self.pieces(value);
                Json::Text(pieces.into_iter().fold(Text::default(), Text::then))
            }
            SealedJson::List(items) => Json::List(items.iter().map(|item| self.json(item)).collect()),
            SealedJson::Map(members) => {
                Json::Map(members.iter().map(|(name, item)| (name.clone(), self.json(item))).collect())
            }
        }
    }

    fn pieces(&mut self, value: &Value) -> Vec<Piece> {
        if let Some(number) = self.flow.unique.get(&value.digest) {
            let domain =
                value.text.as_ref().and_then(|text| text.split_once('@')).map(|(_, domain)| format!("@{domain}"));
            let end = format!("-{number}{}", domain.unwrap_or_default());
            return vec![Piece::Hole("unique".to_owned()), Piece::Literal(end)];
        }
        if let Some((name, _)) = self.variable(value) {
            return vec![Piece::Hole(name)];
        }
        vec![match &value.text {
            Some(text) => Piece::Literal(text.clone()),
            None => self.steps.secrets.piece(value, self.owner, self.request),
        }]
    }

    /// The variable that a value was captured in, and whether it is a number.
    fn variable(&mut self, value: &Value) -> Option<(String, bool)> {
        if let Some((step, found)) = self.flow.known.origin(value) {
            let key = (step, found.place.clone());
            if let Some(name) = self.flow.variables.get(&key) {
                return Some((name.clone(), found.is_number));
            }
            let base = variable_name(&found.place, &found.nouns);
            // Names of the login's variables begin so.
            let base = if base.starts_with("login_") { format!("of_{base}") } else { base };
            let name = free_name(&base, &self.flow.taken);
            self.flow.taken.insert(name.clone());
            self.flow.variables.insert(key, name.clone());
            return Some((name, found.is_number));
        }
        let login = self.steps.login?;
        let answered: Vec<&Found> = login.requests.iter().flat_map(|exchange| &exchange.found).collect();
        let found = answered
            .into_iter()
            .find(|found| found.digest == value.digest && (value.text.is_none() || value.is_odd))?;
        Some((self.steps.share(found.digest, &found.place, &found.nouns), found.is_number))
    }
}

/// `$.items[0].id` of students → `student_id`; `header etag` → `etag`.
fn variable_name(place: &str, nouns: &[String]) -> String {
    let noun = nouns.first().map(String::as_str).unwrap_or_default();
    if let Some(rest) = place.strip_prefix("header ") {
        return match rest.split_once(" matching ") {
            Some(("location", _)) => names::identifier(&format!("{noun}_id")),
            Some(_) => names::identifier(noun),
            None => names::identifier(rest),
        };
    }
    let last = place
        .rsplit(['.', '['])
        .find(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '\''));
    let last = last.unwrap_or_default().trim_end_matches(']').trim_matches('\'');
    match names::stem(last) {
        Some(stem) if stem.is_empty() => names::identifier(&format!("{noun}_{last}")),
        _ => names::identifier(last),
    }
}

fn free_name(base: &str, taken: &HashSet<String>) -> String {
    let names = std::iter::once(base.to_owned()).chain((2..).map(|number| format!("{base}_{number}")));
    names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default()
}
