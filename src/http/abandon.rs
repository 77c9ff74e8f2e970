//! A client that goes away before it is answered.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Failure, Origin};

/// A request that was sent whole and whose answer nobody reads. Dropping it closes the connection.
#[derive(Debug)]
pub struct Abandoned {
    _stream: TcpStream,
}

/// Sends a request on a connection of its own and does not wait for the answer.
///
/// # Errors
/// The side could not be reached.
pub async fn send_only(origin: &Origin, request: Request<Full<Bytes>>) -> Result<Abandoned, Failure> {
    let failed = |error: std::io::Error| Failure::connect(&error);
    let mut stream = TcpStream::connect(origin.address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.write_all(&bytes_of(request).await).await.map_err(failed)?;
    Ok(Abandoned { _stream: stream })
}

/// The request as it is on the wire.
async fn bytes_of(request: Request<Full<Bytes>>) -> Vec<u8> {
    let (head, body) = request.into_parts();
    // A body that is there already cannot fail.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut bytes = format!("{} {target} HTTP/1.1\r\n", head.method).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_written_as_it_stands_on_the_wire() {
        let request = Request::builder().method("PATCH").uri("/a?b=1").header("host", "x").body(Full::from("{}"));
        let bytes = bytes_of(request.expect("a request")).await;
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(text, "PATCH /a?b=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}");
    }

    #[tokio::test]
    async fn the_connection_ends_when_it_is_dropped() {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let origin = Origin::resolve(&base).await.expect("an origin");
        let sent = send_only(&origin, Request::new(Full::default())).await.expect("sent");
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut text = vec![0; 256];
        let read = stream.read(&mut text).await.expect("a request");
        assert!(text[..read].starts_with(b"GET / HTTP/1.1\r\n"));
        drop(sent);
        assert_eq!(stream.read(&mut text).await.expect("the end"), 0);
    }
}
