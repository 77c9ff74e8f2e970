//! RFC 8259 as written: no comments, no trailing commas, no byte order mark. Bytes inside strings are not checked to be
//! UTF-8; they are compared as they are.

use super::{Document, Node, NodeKind};

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {offset}: {message}")]
pub struct JsonError {
    /// Byte of the source at which it became clear.
    pub offset: usize,
    /// What is wrong there.
    pub message: &'static str,
}

/// Reads one JSON text.
pub fn parse(source: &[u8]) -> Result<Document<'_>, JsonError> {
    if u32::try_from(source.len()).is_err() {
        return Err(JsonError { offset: 0, message: "longer than 4 GiB" });
    }
    let nodes = Vec::with_capacity(source.len() / 8 + 1);
    let mut reader = Reader { source, at: 0, nodes, open: Vec::new() };
    reader.document()?;
    Ok(Document { source, nodes: reader.nodes })
}

struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    /// Containers that are not closed yet, by index.
    open: Vec<u32>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            let opened = self.value()?;
            if !opened && !self.after_value()? {
                break;
            }
        }
        self.skip_space();
        if self.at < self.source.len() { Err(self.error("text after the value")) } else { Ok(()) }
    }

    /// Reads a scalar, an empty container, or the start of another one up to where its first value begins (`true`).
    fn value(&mut self) -> Result<bool, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(|()| false),
            Some(b'{') => self.open(NodeKind::Object, b'}'),
            Some(b'[') => self.open(NodeKind::Array, b']'),
            Some(b't') => self.word(b"true", NodeKind::Bool).map(|()| false),
            Some(b'f') => self.word(b"false", NodeKind::Bool).map(|()| false),
            Some(b'n') => self.word(b"null", NodeKind::Null).map(|()| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(_) => Err(self.error("a value was expected")),
            None => Err(self.error("the text ends where a value was expected")),
        }
    }

    /// Closes containers until one goes on (`true`) or all are closed (`false`).
    fn after_value(&mut self) -> Result<bool, JsonError> {
        while let Some(&container) = self.open.last() {
            let is_object = self.nodes[container as usize].kind == NodeKind::Object;
            self.skip_space();
            match (self.peek(), is_object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.name()?;
                    return Ok(true);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.close(container),
                (Some(_), true) => return Err(self.error("`,` or `}` was expected")),
                (Some(_), false) => return Err(self.error("`,` or `]` was expected")),
                (None, _) => return Err(self.error("the text ends inside a container")),
            }
        }
        Ok(false)
    }

    /// Reads the start of a container; `false` if it is empty and closed already.
    fn open(&mut self, kind: NodeKind, closing: u8) -> Result<bool, JsonError> {
        let index = self.nodes.len() as u32;
        self.push(kind, self.at, self.at);
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(closing) {
            self.at += 1;
            self.nodes[index as usize].end = self.at as u32;
            return Ok(false);
        }
        self.open.push(index);
        if kind == NodeKind::Object {
            self.name()?;
        }
        Ok(true)
    }

    fn close(&mut self, container: u32) {
        self.at += 1;
        self.open.pop();
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[container as usize];
        node.end = self.at as u32;
        node.next = next;
    }

    /// Reads the name of a member and its colon.
    fn name(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.error("the name of a member was expected"));
        }
        self.string()?;
        if let Some(name) = self.nodes.last_mut() {
            name.is_name = true;
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.error("`:` was expected"));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.at += 1;
        let mut kind = NodeKind::PlainString;
        loop {
            let rest = &self.source[self.at..];
            let Some(plain) = rest.iter().position(|byte| STOPS[*byte as usize]) else {
                self.at = self.source.len();
                return Err(self.error("the text ends inside a string"));
            };
            self.at += plain;
            match rest[plain] {
                b'"' => break,
                b'\\' => {
                    kind = NodeKind::EscapedString;
                    self.escape()?;
                }
                _ => return Err(self.error("a control character inside a string")),
            }
        }
        self.at += 1;
        self.push(kind, start, self.at);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let rest = &self.source[self.at + 1..];
        match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if rest.len() > 4 && rest[1..5].iter().all(u8::is_ascii_hexdigit) => self.at += 6,
            Some(b'u') => return Err(self.error("`\\u` needs four hexadecimal digits")),
            _ => return Err(self.error("an escape that JSON does not have")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.skip_if(b"-");
        if self.skip_if(b"0") {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.error("a number with a leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.skip_if(b".") {
            self.digits()?;
        }
        if self.skip_if(b"eE") {
            self.skip_if(b"+-");
            self.digits()?;
        }
        self.push(NodeKind::Number, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = &self.source[self.at..];
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        if count == 0 {
            return Err(self.error("a digit was expected"));
        }
        self.at += count;
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: NodeKind) -> Result<(), JsonError> {
        if !self.source[self.at..].starts_with(word) {
            return Err(self.error("a value was expected"));
        }
        self.push(kind, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: end as u32, next, is_name: false });
    }

    fn skip_if(&mut self, any_of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any_of.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    const fn error(&self, message: &'static str) -> JsonError {
        JsonError { offset: self.at, message }
    }
}

/// Bytes at which the plain part of a string ends.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        stops[control] = true;
        control += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};
