//! A step of the plan made ready for a side: whatever does not change from one iteration to the next is made once.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};

use super::Session;
use crate::http::{self as wire, Origin};
use crate::plan::template::{JsonPart, Part};
use crate::plan::{Auth, Body, CaptureFrom, Expect, Flow, JsonTemplate, Step, Template};

/// The values at hand make no valid request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A variable has no value: the step that sets it was not done.
    #[error("variable number {0} has no value")]
    Unset(usize),
    /// The path is not one.
    #[error("`{0}` is not a path that can be requested")]
    Target(String),
    /// A header has a character that headers cannot have.
    #[error("the value of header `{0}` has a character that headers cannot have")]
    Header(String),
    /// The method is not one.
    #[error("`{0}` is not a method")]
    Method(String),
}

/// A flow, ready to be done.
#[derive(Debug, Clone)]
pub struct PreparedFlow {
    /// Its name.
    pub name: String,
    /// Its steps in order.
    pub steps: Vec<PreparedStep>,
    /// How many variables its sessions have.
    pub variables: usize,
    /// Their names.
    pub variable_names: Vec<String>,
}

impl PreparedFlow {
    /// Makes a flow ready.
    ///
    /// # Errors
    /// A method, header or path that can never be sent.
    pub fn new(flow: &Flow, auth: Option<&Auth>) -> Result<Self, RenderError> {
        let header = auth.map(|auth| &auth.header);
        let steps = flow
            .steps
            .iter()
            .map(|step| PreparedStep::new(step, &flow.variables, header.filter(|_| step.auth)))
            .collect::<Result<_, _>>()?;
        let variable_names = flow.variables.clone();
        Ok(Self { name: flow.name.clone(), steps, variables: flow.variables.len(), variable_names })
    }
}

/// A step, ready to be done.
#[derive(Debug, Clone)]
pub struct PreparedStep {
    /// Its name.
    pub name: String,
    /// What must come back.
    pub expect: Expect,
    /// What is kept of the answer.
    pub captures: Vec<PreparedCapture>,
    method: Method,
    target: Target,
    headers: Vec<(HeaderName, Value)>,
    body: Payload,
    /// The head as HTTP/1.1 has it.
    head: Vec<Piece>,
}

/// A piece of a head; what never changes is one piece.
#[derive(Debug, Clone)]
enum Piece {
    Text(Vec<u8>),
    Host,
    Target(Template),
    Value(HeaderName, Template),
}

/// A capture with the name of its variable, for messages.
#[derive(Debug, Clone)]
pub struct PreparedCapture {
    /// Index of the variable.
    pub variable: usize,
    /// Its name.
    pub name: String,
    /// Where the value is.
    pub from: CaptureFrom,
}

#[derive(Debug, Clone)]
enum Target {
    Fixed(Uri),
    Made(Template),
}

#[derive(Debug, Clone)]
enum Value {
    Fixed(HeaderValue),
    Made(Template),
}

#[derive(Debug, Clone)]
enum Payload {
    Fixed(Bytes),
    Text(Template),
    Json(JsonTemplate),
}

impl PreparedStep {
    /// Makes a step ready. `auth` is the header that the plan adds to every step.
    ///
    /// # Errors
    /// A method, header or path that can never be sent.
    pub fn new(step: &Step, variables: &[String], auth: Option<&(String, Template)>) -> Result<Self, RenderError> {
        let method =
            Method::from_bytes(step.method.as_bytes()).map_err(|_| RenderError::Method(step.method.clone()))?;
        let target = match fixed(&step.target) {
            Some(text) => Target::Fixed(uri(&text)?),
            None => Target::Made(step.target.clone()),
        };
        let captures = step
            .capture
            .iter()
            .map(|capture| PreparedCapture {
                variable: capture.variable,
                name: variables.get(capture.variable).cloned().unwrap_or_default(),
                from: capture.from.clone(),
            })
            .collect();
        let headers = headers(step, auth)?;
        let head = head(&method, &target, &headers);
        let (name, expect, body) = (step.name.clone(), step.expect.clone(), payload(&step.body));
        Ok(Self { name, expect, captures, method, target, headers, body, head })
    }

    /// Whether a capture needs the body.
    pub fn captures_body(&self) -> bool {
        self.captures.iter().any(|capture| matches!(capture.from, CaptureFrom::Body(_)))
    }

    /// Whether a capture needs the headers.
    pub fn captures_headers(&self) -> bool {
        self.captures.iter().any(|capture| !matches!(capture.from, CaptureFrom::Body(_)))
    }

    /// Whether it only reads.
    pub fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// The request as it goes out.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn render(&self, session: &mut Session, origin: &Origin) -> Result<Request<Bytes>, RenderError> {
        let mut request = Request::new(self.render_body(session)?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = match &self.target {
            Target::Fixed(uri) => uri.clone(),
            Target::Made(template) => uri(&text(template, session)?)?,
        };
        let headers = request.headers_mut();
        headers.reserve(self.headers.len() + 1);
        headers.insert(HOST, header_value(&HOST, &origin.authority)?);
        for (name, value) in &self.headers {
            let value = match value {
                Value::Fixed(value) => value.clone(),
                Value::Made(template) => header_value(name, &text(template, session)?)?,
            };
            headers.append(name.clone(), value);
        }
        Ok(request)
    }

    /// The same request as HTTP/1.1 has it, written behind what is in `out`. Values are drawn in the same order.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn write(&self, session: &mut Session, authority: &str, out: &mut Vec<u8>) -> Result<(), RenderError> {
        let body = self.render_body(session)?;
        for piece in &self.head {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Host => out.extend_from_slice(authority.as_bytes()),
                Piece::Target(template) => {
                    let uri = uri(&text(template, session)?)?;
                    out.extend_from_slice(uri.path_and_query().map_or("/", |target| target.as_str()).as_bytes());
                }
                Piece::Value(name, template) => {
                    out.extend_from_slice(header_value(name, &text(template, session)?)?.as_bytes());
                }
            }
        }
        wire::finish(self.method.as_str(), &body, out);
        Ok(())
    }

    fn render_body(&self, session: &mut Session) -> Result<Bytes, RenderError> {
        match &self.body {
            Payload::Fixed(bytes) => Ok(bytes.clone()),
            Payload::Text(template) => Ok(Bytes::from(text(template, session)?)),
            Payload::Json(template) => json(template, session).map(Bytes::from),
        }
    }
}

/// The head of a request in pieces, up to the length of its body.
fn head(method: &Method, target: &Target, headers: &[(HeaderName, Value)]) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text(format!("{method} ").into_bytes())];
    match target {
        Target::Fixed(uri) => add(&mut pieces, uri.path_and_query().map_or("/", |target| target.as_str())),
        Target::Made(template) => pieces.push(Piece::Target(template.clone())),
    }
    add(&mut pieces, " HTTP/1.1\r\nhost: ");
    pieces.push(Piece::Host);
    for (name, value) in headers {
        add(&mut pieces, format!("\r\n{name}: "));
        match value {
            Value::Fixed(value) => add(&mut pieces, value.as_bytes()),
            Value::Made(template) => pieces.push(Piece::Value(name.clone(), template.clone())),
        }
    }
    add(&mut pieces, "\r\n");
    pieces
}

fn add(pieces: &mut Vec<Piece>, text: impl AsRef<[u8]>) {
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.extend_from_slice(text.as_ref()),
        _ => pieces.push(Piece::Text(text.as_ref().to_vec())),
    }
}

/// The step's headers, the plan's auth header, and those that every request has unless the step says otherwise.
fn headers(step: &Step, auth: Option<&(String, Template)>) -> Result<Vec<(HeaderName, Value)>, RenderError> {
    let mut headers = Vec::new();
    for (name, template) in &step.headers {
        headers.push(header(name, template)?);
    }
    let default = |name: HeaderName, value: &'static str, headers: &mut Vec<(HeaderName, Value)>| {
        if !headers.iter().any(|(known, _)| *known == name) {
            headers.push((name, Value::Fixed(HeaderValue::from_static(value))));
        }
    };
    if let Some((name, template)) = auth {
        let (name, value) = header(name, template)?;
        if !headers.iter().any(|(known, _)| *known == name) {
            headers.push((name, value));
        }
    }
    if matches!(step.body, Body::Json(_)) {
        default(CONTENT_TYPE, "application/json", &mut headers);
    }
    default(ACCEPT, "*/*", &mut headers);
    default(USER_AGENT, concat!("cutover/", env!("CARGO_PKG_VERSION")), &mut headers);
    Ok(headers)
}

fn header(name: &str, template: &Template) -> Result<(HeaderName, Value), RenderError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| RenderError::Header(name.to_owned()))?;
    let value = match fixed(template) {
        Some(text) => Value::Fixed(header_value(&name, &text)?),
        None => Value::Made(template.clone()),
    };
    Ok((name, value))
}

fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, RenderError> {
    HeaderValue::from_str(text).map_err(|_| RenderError::Header(name.to_string()))
}

fn payload(body: &Body) -> Payload {
    match body {
        Body::None => Payload::Fixed(Bytes::new()),
        Body::Text(template) => {
            fixed(template).map_or_else(|| Payload::Text(template.clone()), |text| Payload::Fixed(Bytes::from(text)))
        }
        Body::Json(template) => match template.parts.as_slice() {
            [] => Payload::Fixed(Bytes::new()),
            [JsonPart::Literal(text)] => Payload::Fixed(Bytes::from(text.clone())),
            _ => Payload::Json(template.clone()),
        },
    }
}

/// The text of a template without variables.
fn fixed(template: &Template) -> Option<String> {
    match template.parts.as_slice() {
        [] => Some(String::new()),
        [Part::Literal(text)] => Some(text.clone()),
        _ => None,
    }
}

fn text(template: &Template, session: &mut Session) -> Result<String, RenderError> {
    let mut out = String::with_capacity(128);
    for part in &template.parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            other => out.push_str(&value(other, session)?),
        }
    }
    Ok(out)
}

fn json(template: &JsonTemplate, session: &mut Session) -> Result<String, RenderError> {
    let mut out = String::with_capacity(256);
    for part in &template.parts {
        match part {
            JsonPart::Literal(text) => out.push_str(text),
            JsonPart::InString(part) => out.push_str(&inside_a_string(&value(part, session)?)),
            JsonPart::Value(Part::Variable(index)) => {
                out.push_str(&session.get(*index).ok_or(RenderError::Unset(*index))?.json);
            }
            JsonPart::Value(part @ Part::Random { .. }) => out.push_str(&value(part, session)?),
            JsonPart::Value(part) => {
                out.push('"');
                out.push_str(&inside_a_string(&value(part, session)?));
                out.push('"');
            }
        }
    }
    Ok(out)
}

fn value(part: &Part, session: &mut Session) -> Result<String, RenderError> {
    Ok(match part {
        Part::Literal(text) => text.clone(),
        Part::Variable(index) => session.get(*index).ok_or(RenderError::Unset(*index))?.text.clone(),
        Part::Unique => session.unique(),
        Part::Random { low, high } => session.draw(*low, *high).to_string(),
    })
}

/// Text escaped for the inside of a JSON string.
fn inside_a_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A path and query; characters that no URL can have are percent-encoded, everything else stays as it is.
fn uri(text: &str) -> Result<Uri, RenderError> {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let allowed = byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'#');
        if allowed {
            encoded.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Uri::try_from(encoded)
        .ok()
        .filter(|uri| uri.path().starts_with('/'))
        .ok_or_else(|| RenderError::Target(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Captured;

    fn origin() -> Origin {
        Origin {
            base_url: "http://127.0.0.1:1".into(),
            authority: "127.0.0.1:1".into(),
            address: ([127, 0, 0, 1], 1).into(),
            tls: None,
            protocol: wire::Protocol::default(),
            is_stamped: false,
        }
    }

    fn step(target: Vec<Part>, body: Body) -> Step {
        Step {
            name: "s".into(),
            method: "POST".into(),
            target: Template { parts: target },
            headers: vec![("accept".into(), Template { parts: vec![Part::Literal("text/plain".into())] })],
            body,
            expect: Expect::default(),
            capture: vec![],
            auth: true,
        }
    }

    fn literal(text: &str) -> Part {
        Part::Literal(text.into())
    }

    #[test]
    fn a_request_is_rendered_with_its_values_escaped_for_where_they_stand() {
        let json = JsonTemplate {
            parts: vec![
                JsonPart::Literal("{\"id\":".into()),
                JsonPart::Value(Part::Variable(0)),
                JsonPart::Literal(",\"name\":\"a ".into()),
                JsonPart::InString(Part::Variable(1)),
                JsonPart::Literal("\"}".into()),
            ],
        };
        let step =
            step(vec![literal("/students/"), Part::Variable(0), literal("?q="), Part::Variable(1)], Body::Json(json));
        let auth = ("authorization".to_owned(), Template { parts: vec![literal("Bearer "), Part::Variable(1)] });
        let prepared = PreparedStep::new(&step, &["id".into(), "text".into()], Some(&auth)).unwrap();
        let mut session = Session::new(1, 'l', 1, &[], 2);
        assert_eq!(prepared.render(&mut session, &origin()).unwrap_err(), RenderError::Unset(0));
        session.set(0, Captured { text: "12345678901234567890".into(), json: "12345678901234567890".into() });
        session.set(1, Captured::text("x \"y\""));
        let request = prepared.render(&mut session, &origin()).unwrap();
        assert_eq!(request.uri(), "/students/12345678901234567890?q=x%20%22y%22");
        assert_eq!(request.headers()["authorization"], "Bearer x \"y\"");
        assert_eq!(request.headers()["accept"], "text/plain");
        assert_eq!(request.headers()["content-type"], "application/json");
        let body = prepared.render_body(&mut session).unwrap();
        assert_eq!(&body[..], br#"{"id":12345678901234567890,"name":"a x \"y\""}"#);
    }

    #[test]
    fn what_is_written_is_what_is_rendered() {
        let random = || JsonTemplate { parts: vec![JsonPart::Value(Part::Random { low: 1, high: 1 << 40 })] };
        let bodies = [Body::None, Body::Text(Template { parts: vec![literal("a b")] }), Body::Json(random())];
        let targets =
            [vec![literal("/a?b=c d")], vec![literal("/a/"), Part::Variable(0), literal("?q="), Part::Unique]];
        let auth = ("authorization".to_owned(), Template { parts: vec![literal("Bearer "), Part::Variable(0)] });
        for (body, target) in bodies.iter().flat_map(|body| targets.iter().map(move |target| (body, target))) {
            for (method, auth) in [("POST", Some(&auth)), ("GET", None)] {
                let step = Step { method: method.into(), ..step(target.clone(), body.clone()) };
                let prepared = PreparedStep::new(&step, &["v".into()], auth).unwrap();
                let session = || Session::new(1, 'l', 1, &[Some(Captured::text("x y"))], 1);
                let (mut rendered, mut written) = (Vec::new(), Vec::new());
                wire::encode(&prepared.render(&mut session(), &origin()).unwrap(), &mut rendered);
                prepared.write(&mut session(), "127.0.0.1:1", &mut written).unwrap();
                assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&rendered));
                assert!(written.starts_with(method.as_bytes()) && written.len() > 60);
            }
        }
    }

    #[test]
    fn a_value_that_breaks_a_header_or_a_path_is_an_error_and_nothing_is_sent() {
        let auth = ("authorization".to_owned(), Template { parts: vec![Part::Variable(0)] });
        let with_header = PreparedStep::new(&step(vec![literal("/")], Body::None), &["t".into()], Some(&auth)).unwrap();
        let mut session = Session::new(1, 'l', 1, &[Some(Captured::text("a\r\nb"))], 1);
        assert_eq!(
            with_header.render(&mut session, &origin()).unwrap_err(),
            RenderError::Header("authorization".into())
        );
        let with_path = PreparedStep::new(&step(vec![Part::Variable(0)], Body::None), &["t".into()], None).unwrap();
        session.set(0, Captured::text("no slash"));
        assert_eq!(with_path.render(&mut session, &origin()).unwrap_err(), RenderError::Target("no slash".into()));
    }
}
