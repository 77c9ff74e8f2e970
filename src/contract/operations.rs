//! The operations of a document, each read on its own: one that is broken costs itself.

use serde_json::{Map, Value};

use super::model::{Content, Operation, Parameter, Place, RequestBody, Response, StatusPattern, Warning};
use super::path::PathTemplate;
use super::reference::{escaped, follow};
use super::security;

/// Methods as documents spell them.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Headers that are no parameters, whatever a document says: the format has other words for them.
const NO_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// All operations, by path and method.
pub(super) fn read(document: &Value, warnings: &mut Vec<Warning>) -> Vec<Operation> {
    let mut reader = Reader { document, warnings };
    let Some(paths) = document.get("paths") else {
        reader.warn("", "the document has no `paths`: no operation can be read from it");
        return Vec::new();
    };
    let mut operations = Vec::new();
    for (path, item) in reader.object(paths, "/paths").into_iter().flatten() {
        let pointer = format!("/paths/{}", escaped(path));
        if path.starts_with('/') {
            reader.path_item(path, item, &pointer, &mut operations);
        } else if !path.starts_with("x-") {
            reader.warn(&pointer, "a path must begin with `/`; it is left out");
        }
    }
    operations
}

struct Reader<'d, 'w> {
    document: &'d Value,
    warnings: &'w mut Vec<Warning>,
}

impl<'d> Reader<'d, '_> {
    fn warn(&mut self, pointer: &str, message: impl Into<String>) {
        self.warnings.push(Warning { pointer: pointer.to_owned(), message: message.into() });
    }

    /// A mapping; anything else is warned of.
    fn object(&mut self, value: &'d Value, pointer: &str) -> Option<&'d Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.warn(pointer, "expected a mapping; it is left out");
        }
        object
    }

    /// A mapping, its references followed. Those that lead nowhere have been warned of.
    fn part(&mut self, value: &'d Value, pointer: &str) -> Option<(&'d Map<String, Value>, String)> {
        let (value, pointer) = follow(self.document, value, pointer)?;
        Some((self.object(value, &pointer)?, pointer))
    }

    fn path_item(&mut self, path: &str, item: &'d Value, pointer: &str, operations: &mut Vec<Operation>) {
        let Some((item, pointer)) = self.part(item, pointer) else { return };
        let shared = item
            .get("parameters")
            .map_or_else(Vec::new, |list| self.parameters(list, &format!("{pointer}/parameters")));
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let pointer = format!("{pointer}/{method}");
            if let Some(object) = self.object(operation, &pointer) {
                let operation = self.operation(method, path, item, object, &shared, &pointer);
                operations.push(operation);
            }
        }
    }

    fn operation(
        &mut self,
        method: &str,
        path: &str,
        item: &'d Map<String, Value>,
        object: &'d Map<String, Value>,
        shared: &[Parameter],
        pointer: &str,
    ) -> Operation {
        let template = PathTemplate::parse(path);
        let own = object
            .get("parameters")
            .map_or_else(Vec::new, |list| self.parameters(list, &format!("{pointer}/parameters")));
        let parameters = merged(shared, own);
        self.check_path_parameters(&template, &parameters, pointer);
        let responses =
            object.get("responses").map_or_else(Vec::new, |all| self.responses(all, &format!("{pointer}/responses")));
        if responses.is_empty() {
            self.warn(pointer, "no answer is documented");
        }
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let servers = object.get("servers").or_else(|| item.get("servers")).or_else(|| self.document.get("servers"));
        let security = object.get("security").or_else(|| self.document.get("security"));
        Operation {
            operation_id: text("operationId"),
            method: method.to_ascii_uppercase(),
            path: template,
            bases: bases(servers),
            summary: text("summary"),
            tags: strings(object.get("tags")),
            parameters,
            body: object.get("requestBody").and_then(|body| self.body(body, &format!("{pointer}/requestBody"))),
            responses,
            security: security.and_then(security::requirements).unwrap_or_default(),
        }
    }

    fn check_path_parameters(&mut self, template: &PathTemplate, parameters: &[Parameter], pointer: &str) {
        let known = |name: &str| parameters.iter().any(|it| it.place == Place::Path && it.name == name);
        for name in template.variables().filter(|name| !known(name)) {
            self.warn(pointer, format!("`{{{name}}}` of the path has no parameter that describes it"));
        }
    }

    fn parameters(&mut self, list: &'d Value, pointer: &str) -> Vec<Parameter> {
        let Some(items) = list.as_array() else {
            self.warn(pointer, "expected a list; the parameters are left out");
            return Vec::new();
        };
        let read = |(index, item)| self.parameter(item, &format!("{pointer}/{index}"));
        items.iter().enumerate().filter_map(read).collect()
    }

    fn parameter(&mut self, value: &'d Value, pointer: &str) -> Option<Parameter> {
        let (object, pointer) = self.part(value, pointer)?;
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let place = match text("in") {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            _ => {
                self.warn(&pointer, "`in` must be `path`, `query`, `header` or `cookie`; the parameter is left out");
                return None;
            }
        };
        let Some(name) = text("name") else {
            self.warn(&pointer, "a parameter needs a `name`; it is left out");
            return None;
        };
        if place == Place::Header && NO_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) {
            return None;
        }
        let style =
            text("style").unwrap_or(if matches!(place, Place::Query | Place::Cookie) { "form" } else { "simple" });
        let content =
            object.get("content").and_then(|content| self.contents(content, &format!("{pointer}/content")).pop());
        let flag = |name: &str| object.get(name).and_then(Value::as_bool);
        Some(Parameter {
            place,
            name: name.to_owned(),
            required: place == Place::Path || flag("required").unwrap_or(false),
            style: style.to_owned(),
            explode: flag("explode").unwrap_or(style == "form"),
            example: self.example(object).or_else(|| content.as_ref()?.example.clone()),
            media_type: content.as_ref().map(|content| content.media_type.clone()),
            schema: content.map_or_else(|| schema(object), |content| content.schema),
        })
    }

    fn body(&mut self, value: &'d Value, pointer: &str) -> Option<RequestBody> {
        let (object, pointer) = self.part(value, pointer)?;
        let Some(content) = object.get("content") else {
            self.warn(&pointer, "a body needs `content`; it is left out");
            return None;
        };
        let contents = self.contents(content, &format!("{pointer}/content"));
        Some(RequestBody { required: object.get("required").and_then(Value::as_bool).unwrap_or(false), contents })
    }

    fn contents(&mut self, value: &'d Value, pointer: &str) -> Vec<Content> {
        let mut contents = Vec::new();
        for (media_type, value) in self.object(value, pointer).into_iter().flatten() {
            if let Some(object) = self.object(value, &format!("{pointer}/{}", escaped(media_type))) {
                let example = self.example(object);
                contents.push(Content { media_type: media_type.clone(), schema: schema(object), example });
            }
        }
        contents
    }

    fn responses(&mut self, value: &'d Value, pointer: &str) -> Vec<Response> {
        let mut responses = Vec::new();
        for (key, value) in self.object(value, pointer).into_iter().flatten().filter(|(key, _)| !key.starts_with("x-"))
        {
            let pointer = format!("{pointer}/{}", escaped(key));
            let Some(status) = StatusPattern::parse(key) else {
                self.warn(
                    &pointer,
                    format!("`{key}` is not a status, a class such as `4XX`, or `default`; it is left out"),
                );
                continue;
            };
            // The status is promised even where what follows cannot be read.
            let object = self.part(value, &pointer);
            responses.push(self.response(status, object));
        }
        responses.sort_by_key(|response| order(response.status));
        responses
    }

    fn response(&mut self, status: StatusPattern, object: Option<(&'d Map<String, Value>, String)>) -> Response {
        let Some((object, pointer)) = object else {
            return Response { status, description: String::new(), contents: Vec::new(), headers: Vec::new() };
        };
        let content = object.get("content");
        let headers = object.get("headers").and_then(Value::as_object);
        Response {
            status,
            description: object.get("description").and_then(Value::as_str).unwrap_or("").to_owned(),
            contents: content.map_or_else(Vec::new, |content| self.contents(content, &format!("{pointer}/content"))),
            headers: headers.map_or_else(Vec::new, |headers| headers.keys().cloned().collect()),
        }
    }

    /// `example`, or the first value of `examples`.
    fn example(&self, object: &'d Map<String, Value>) -> Option<Value> {
        let first = || {
            let (_, first) = object.get("examples")?.as_object()?.iter().next()?;
            follow(self.document, first, "")?.0.get("value").cloned()
        };
        object.get("example").cloned().or_else(first)
    }
}

/// The parameters of an operation; those of its path count where it has none of that name and place.
fn merged(shared: &[Parameter], own: Vec<Parameter>) -> Vec<Parameter> {
    let is_own = |it: &&Parameter| own.iter().any(|own| own.place == it.place && own.name == it.name);
    let mut all: Vec<Parameter> = shared.iter().filter(|it| !is_own(it)).cloned().collect();
    all.extend(own);
    all
}

/// By status as people count: classes after their members, `default` last.
fn order(status: StatusPattern) -> (u16, bool) {
    match status {
        StatusPattern::Exact(status) => (status, false),
        StatusPattern::Class(hundreds) => (hundreds * 100 + 99, true),
        StatusPattern::Default => (u16::MAX, true),
    }
}

fn schema(object: &Map<String, Value>) -> Value {
    object.get("schema").cloned().unwrap_or(Value::Bool(true))
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The paths of servers, variables at their defaults.
fn bases(servers: Option<&Value>) -> Vec<String> {
    let servers = servers.and_then(Value::as_array).into_iter().flatten();
    let mut bases: Vec<String> =
        servers.filter_map(|server| Some(base(server.get("url")?.as_str()?, server))).collect();
    bases.dedup();
    if bases.is_empty() { vec![String::new()] } else { bases }
}

fn base(url: &str, server: &Value) -> String {
    let mut url = url.to_owned();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        let default = variable.get("default").and_then(Value::as_str).unwrap_or("");
        url = url.replace(&format!("{{{name}}}"), default);
    }
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => url.as_str(),
    };
    let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{}", path.trim_start_matches("./"))
    }
}
