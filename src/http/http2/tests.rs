//! What a server of HTTP/2 gets, and what is made of its answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;

use crate::http::{Connection, FailureKind, Keep, Limits, Origin};
use crate::plan::{Speaks, Transport};

/// What a server does with a request.
#[derive(Clone)]
enum Reply {
    /// A status, a header and a body.
    Answer(u16, Bytes),
    /// The stream is reset.
    Reset(Reason),
}

type Seen = Arc<Mutex<Vec<(Request<()>, Bytes)>>>;

/// A server that replies to one request after the other, whatever connections they come over.
async fn serve(replies: Vec<Reply>) -> (Origin, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (replies, seen) = (Arc::new(Mutex::new(replies.into_iter())), Seen::default());
    tokio::spawn({
        let seen = seen.clone();
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (replies, seen) = (replies.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        let reply = replies.lock().unwrap().next();
                        tokio::spawn(one(
                            request,
                            respond,
                            reply.unwrap_or(Reply::Reset(Reason::CANCEL)),
                            seen.clone(),
                        ));
                    }
                });
            }
        }
    });
    let transport = Transport { speaks: Speaks::Http2, ..Transport::default() };
    (Origin::resolve_over(&url, &transport).await.unwrap(), seen)
}

async fn one(request: Request<h2::RecvStream>, mut respond: h2::server::SendResponse<Bytes>, reply: Reply, seen: Seen) {
    let (head, mut body) = request.into_parts();
    let mut whole = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        whole.extend_from_slice(&data);
        let _ = body.flow_control().release_capacity(data.len());
    }
    seen.lock().unwrap().push((Request::from_parts(head, ()), whole.into()));
    match reply {
        Reply::Reset(reason) => respond.send_reset(reason),
        Reply::Answer(status, body) => {
            let answer = Response::builder().status(status).header("x-kind", "told").body(()).unwrap();
            let _ = respond.send_response(answer, false).map(|mut out| out.send_data(body, true));
        }
    }
}

fn connection(origin: Origin, max_body: usize) -> Connection {
    Connection::new(origin, Limits { timeout: Duration::from_secs(5), max_body })
}

fn get(origin: &Origin) -> Request<Bytes> {
    origin.get("/a").unwrap()
}

/// A server that ends what is idle, as many do after some seconds.
#[tokio::test]
async fn a_connection_that_was_opened_ahead_and_ended_before_its_first_request_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            if number == 0 {
                connection.graceful_shutdown();
                let _ = tokio::time::timeout(Duration::from_millis(50), connection.accept()).await;
                continue;
            }
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_response(Response::new(()), true).unwrap();
            }
        }
    });
    let transport = Transport { speaks: Speaks::Http2, ..Transport::default() };
    let origin = Origin::resolve_over(&url, &transport).await.unwrap();
    let mut connection = connection(origin.clone(), 1 << 20);
    connection.open(Duration::from_secs(5)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let exchange = connection.exchange(&get(&origin), Keep::Body).await;
    assert_eq!(exchange.outcome.expect("an answer").status, 200);
    assert!(exchange.reconnected);
}

#[tokio::test]
async fn a_request_goes_out_whole() {
    let (origin, seen) = serve(vec![Reply::Answer(200, Bytes::new()); 2]).await;
    let authority = origin.authority.clone();
    let request = Request::put("/a?b=c&d").header("host", "elsewhere").header("x-own", "1").body(Bytes::from("hello"));
    let mut connection = connection(origin.clone(), 100);
    assert!(connection.exchange(&request.unwrap(), Keep::Body).await.outcome.is_ok());
    assert!(connection.exchange(&get(&origin), Keep::Body).await.outcome.is_ok());
    let seen = seen.lock().unwrap();
    let (head, body) = &seen[0];
    assert_eq!((head.method().as_str(), &body[..]), ("PUT", &b"hello"[..]));
    assert_eq!(head.uri().to_string(), format!("http://{authority}/a?b=c&d"));
    assert_eq!(head.headers()["x-own"], "1");
    assert!(!head.headers().contains_key("host"), "`:authority` says it");
    assert_eq!((seen[1].0.method().as_str(), seen[1].1.len()), ("GET", 0));
}

#[tokio::test]
async fn an_answer_is_read_whole_beyond_the_window_and_no_farther_than_the_limit() {
    let large = Bytes::from(vec![b'x'; 3 << 20]);
    let (origin, _) = serve(vec![Reply::Answer(418, large.clone()); 4]).await;
    let mut wide = connection(origin.clone(), 4 << 20);
    for keep in [Keep::Body, Keep::Headers, Keep::Length] {
        let answer = wide.exchange(&get(&origin), keep).await.outcome.unwrap();
        let body = if keep == Keep::Body { large.len() } else { 0 };
        assert_eq!((answer.status, answer.length, answer.body.len()), (418, large.len(), body), "{keep:?}");
        let is_told = |headers: &HeaderMap| headers.get("x-kind").is_some_and(|kind| kind == "told");
        assert_eq!(is_told(&answer.headers), keep != Keep::Length);
    }
    let mut narrow = connection(origin.clone(), 2 << 20);
    let failure = narrow.exchange(&get(&origin), Keep::Length).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooLarge);
}

#[tokio::test]
async fn what_a_kept_connection_refuses_untouched_is_sent_once_more_and_nothing_else_is() {
    let good = Reply::Answer(200, Bytes::from("ok"));
    for (reason, is_sent_again) in [(Reason::REFUSED_STREAM, true), (Reason::INTERNAL_ERROR, false)] {
        let (origin, seen) = serve(vec![good.clone(), Reply::Reset(reason), good.clone()]).await;
        let mut connection = connection(origin.clone(), 100);
        assert!(connection.exchange(&get(&origin), Keep::Body).await.outcome.is_ok());
        let second = connection.exchange(&get(&origin), Keep::Body).await;
        assert_eq!((second.reconnected, second.outcome.is_ok()), (is_sent_again, is_sent_again), "{reason:?}");
        assert_eq!(seen.lock().unwrap().len(), if is_sent_again { 3 } else { 2 });
    }
    // On a new connection nothing has gone stale.
    let (origin, seen) = serve(vec![Reply::Reset(Reason::REFUSED_STREAM), good]).await;
    let first = connection(origin.clone(), 100).exchange(&get(&origin), Keep::Body).await;
    assert_eq!(first.outcome.unwrap_err().kind, FailureKind::Reset);
    assert_eq!(seen.lock().unwrap().len(), 1);
}
