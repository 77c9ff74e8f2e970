//! A request as it is on the wire.

use std::io::Write as _;

use bytes::Bytes;
use http::Request;
use http::header::HOST;

/// Writes a request behind what is in `out`.
pub fn encode(request: &Request<Bytes>, out: &mut Vec<u8>) {
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    out.extend_from_slice(request.method().as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    // First, as RFC 9110 (7.2) wishes.
    let headers = request.headers();
    let host = headers.get(HOST).map(|value| (&HOST, value));
    for (name, value) in host.into_iter().chain(headers.iter().filter(|(name, _)| *name != HOST)) {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    finish(request.method().as_str(), request.body(), out);
}

/// Ends a head with the length of the body, and writes the body behind it. That there is none is said only where a server
/// may expect one (RFC 9110, section 8.6). A head never says how long its body is: plans may not, and we know it here.
pub fn finish(method: &str, body: &[u8], out: &mut Vec<u8>) {
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        // Writing to a vector cannot fail.
        let _ = write!(out, "content-length: {}\r\n", body.len());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}
