//! A client that goes away before it is answered.

use bytes::Bytes;
use http::Request;
use tokio::io::AsyncWriteExt;

use super::http2::{Asked, Http2};
use super::stream::Stream;
use super::{Failure, Origin, encode};

/// A request that was sent whole and whose answer nobody reads. Dropping it closes the connection.
#[derive(Debug)]
pub struct Abandoned {
    _connection: Half,
}

#[derive(Debug)]
enum Half {
    Http1 { _stream: Stream },
    Http2 { _connection: Http2, _asked: Asked },
}

/// Sends a request on a connection of its own and does not wait for the answer.
///
/// # Errors
/// The side could not be reached.
pub async fn send_only(origin: &Origin, request: &Request<Bytes>) -> Result<Abandoned, Failure> {
    let mut stream = Stream::connect(origin).await?;
    let half = if origin.protocol.is_h2 {
        let mut connection = Http2::handshake(stream).await?;
        let asked = connection.ask(origin, request).await?;
        Half::Http2 { _connection: connection, _asked: asked }
    } else {
        let mut bytes = Vec::new();
        encode(request, &mut bytes);
        stream.write_all(&bytes).await.map_err(|error| Failure::connect(&error))?;
        stream.flush().await.map_err(|error| Failure::connect(&error))?;
        Half::Http1 { _stream: stream }
    };
    Ok(Abandoned { _connection: half })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_connection_ends_when_it_is_dropped() {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let origin = Origin::resolve(&base).await.expect("an origin");
        let sent = send_only(&origin, &Request::new(Bytes::new())).await.expect("sent");
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut text = vec![0; 256];
        let read = stream.read(&mut text).await.expect("a request");
        assert!(text[..read].starts_with(b"GET / HTTP/1.1\r\n"));
        drop(sent);
        assert_eq!(stream.read(&mut text).await.expect("the end"), 0);
    }
}
