//! The head of an answer: its status, the headers that decide how its body comes, and all of them if they are wanted.

use std::mem::MaybeUninit;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use httparse::{Header, ParserConfig, Status};

use super::Body;
use crate::http::{Failure, FailureKind, Keep};

/// Most headers of an answer.
const MOST_HEADERS: usize = 100;

/// What a head says.
#[derive(Debug)]
pub(super) struct Head {
    /// Its bytes.
    pub length: usize,
    /// Status code.
    pub status: u16,
    /// Whether the connection may carry another request afterwards.
    pub keep_alive: bool,
    /// All headers; none with [`Keep::Length`].
    pub headers: HeaderMap,
}

/// The headers that decide how a body comes.
#[derive(Debug, Default)]
struct Framing {
    length: Option<u64>,
    encoding: Option<Encoding>,
    close: bool,
    keep_alive: bool,
}

/// How a body is encoded for the way, whatever its length is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// In chunks, the last of which tells the end.
    Chunked,
    /// In a way that does not tell its end.
    Other,
}

/// Reads a head, and how its body comes; `None`: it is not whole yet. `is_head`: a `HEAD` request asked for it.
pub(super) fn parse(bytes: &[u8], keep: Keep, is_head: bool) -> Result<Option<(Head, Body)>, Failure> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut answer, bytes, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error.to_string())),
    };
    let mut framing = Framing::default();
    for header in &*answer.headers {
        framing.see(header)?;
    }
    let status = answer.code.unwrap_or_default();
    if status == 101 {
        return Err(malformed("the protocol was switched, which nobody asked for"));
    }
    let headers = if keep == Keep::Length { HeaderMap::new() } else { all(answer.headers)? };
    let keep_alive = !framing.close && (answer.version == Some(1) || framing.keep_alive);
    let has_no_body = is_head || status < 200 || status == 204 || status == 304;
    let body = if has_no_body { Body::length(0) } else { framing.body() };
    Ok(Some((Head { length, status, keep_alive, headers }, body)))
}

impl Framing {
    fn see(&mut self, header: &Header<'_>) -> Result<(), Failure> {
        // Told apart by their lengths first: this is done for every header of every answer.
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let length = length(header.value)?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(malformed("two `content-length` that differ"));
                }
                self.length = Some(length);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                let is_chunked = words(header.value).last().is_some_and(|word| word.eq_ignore_ascii_case("chunked"));
                self.encoding = Some(if is_chunked { Encoding::Chunked } else { Encoding::Other });
            }
            10 if header.name.eq_ignore_ascii_case("connection") => {
                for word in words(header.value) {
                    self.close |= word.eq_ignore_ascii_case("close");
                    self.keep_alive |= word.eq_ignore_ascii_case("keep-alive");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112, section 6.3.
    fn body(&self) -> Body {
        match (self.encoding, self.length) {
            (Some(Encoding::Chunked), _) => Body::chunked(),
            (None, Some(length)) => Body::length(length),
            (Some(Encoding::Other), _) | (None, None) => Body::until_closed(),
        }
    }
}

/// A list of lengths, as some proxies join them, is one if all are the same.
fn length(value: &[u8]) -> Result<u64, Failure> {
    let wrong = || malformed(format!("`content-length: {}`", String::from_utf8_lossy(value)));
    let mut all = words(value).map(|word| {
        // `parse` would take a sign.
        if word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse::<u64>().ok() } else { None }
    });
    let first = all.next().flatten().ok_or_else(wrong)?;
    if all.all(|other| other == Some(first)) { Ok(first) } else { Err(wrong()) }
}

fn words(value: &[u8]) -> impl Iterator<Item = &str> {
    std::str::from_utf8(value).unwrap_or_default().split(',').map(str::trim)
}

fn all(headers: &[Header<'_>]) -> Result<HeaderMap, Failure> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| malformed(error.to_string()))?;
        let value = HeaderValue::from_bytes(header.value).map_err(|error| malformed(error.to_string()))?;
        map.append(name, value);
    }
    Ok(map)
}

fn malformed(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Malformed, detail)
}
