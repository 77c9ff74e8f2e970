//! Answers however they are cut, framed and broken, and what becomes of their connection.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::head;
use crate::http::{Connection, Exchange, FailureKind, Keep, Limits, Origin, Response, Sink};

/// Answers whose bodies are `hello` and whose ends are told in every way there is.
const HELLO: [&str; 7] = [
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nx: y\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\nh\r\n4\r\nello\r\n0\r\nx: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n05\r\nhello\r\n000\r\n\r\n",
    "HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
];

/// Reads an answer that comes in pieces; gives back its status, body and what was left over.
fn read(pieces: &[&[u8]]) -> Result<(u16, Bytes, usize), String> {
    let (mut seen, mut next) = (Vec::new(), pieces.iter());
    let mut more = |seen: &mut Vec<u8>| next.next().map(|piece| seen.extend_from_slice(piece)).ok_or("cut off");
    let (head, mut body) = loop {
        match head::parse(&seen, Keep::Body, false).map_err(|failure| failure.to_string())? {
            Some((head, _)) if head.status < 200 => drop(seen.drain(..head.length)),
            Some(found) => break found,
            None => more(&mut seen)?,
        }
    };
    seen.drain(..head.length);
    let mut sink = Sink::new(Keep::Body, 1 << 20);
    loop {
        let taken = body.take(&seen, &mut sink).map_err(|failure| failure.to_string())?;
        seen.drain(..taken);
        if body.is_whole() {
            return Ok((head.status, sink.into_parts().0, seen.len()));
        }
        more(&mut seen)?;
    }
}

proptest! {
    #[test]
    fn an_answer_is_the_same_however_it_is_cut(which in 0..HELLO.len(), cuts in prop::collection::vec(0_usize..130, 0..8)) {
        let text = HELLO[which].as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces), Ok((200, Bytes::from("hello"), 0)));
        let short: Vec<&[u8]> = vec![&text[..cuts[1].min(text.len() - 1)]];
        prop_assert!(read(&short).is_err(), "an answer that is cut off is none");
    }

    #[test]
    fn any_bytes_are_an_answer_or_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        let mut text = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        text.extend(&bytes);
        let cut = cut.min(text.len());
        let _ = read(&[&text[..cut], &text[cut..]]);
        let _ = read(&[&bytes]);
    }
}

#[test]
fn what_is_no_answer_is_called_malformed() {
    for text in [
        "what do you want?\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    ] {
        let found = read(&[text.as_bytes()]).expect_err(text);
        assert!(found.starts_with("malformed: "), "{text}: {found}");
    }
    // RFC 9112, 6.1: an encoding that is not `chunked` at its end lasts until the connection is closed.
    let cut = read(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello"]);
    assert_eq!(cut, Err("cut off".to_owned()));
}

#[test]
fn answers_without_a_body_have_none_whatever_their_head_says() {
    for (status, is_head) in [(204, false), (304, false), (200, true)] {
        let text = format!("HTTP/1.1 {status} x\r\ncontent-length: 5\r\n\r\n");
        let (head, body) = head::parse(text.as_bytes(), Keep::Length, is_head).unwrap().unwrap();
        assert!(body.is_whole() && head.keep_alive && head.headers.is_empty());
    }
}

/// A server that does with each connection what the script says; the connection ends with it.
async fn serve<F: Future<Output = std::io::Result<()>> + Send + 'static>(
    script: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(script(number, stream));
        }
    });
    Connection::new(Origin::resolve(&base).await.expect("an origin"), Limits::within(Duration::from_secs(5)))
}

async fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn get(connection: &mut Connection) -> Exchange {
    let request = connection.origin().get("/").expect("a request");
    connection.exchange(&request, Keep::Body).await
}

fn body(exchange: &Exchange) -> &[u8] {
    let response: &Response = exchange.outcome.as_ref().expect("an answer");
    &response.body
}

#[tokio::test]
async fn a_connection_is_kept_and_each_answer_goes_to_its_request() {
    let mut connection = serve(|number, mut stream| async move {
        for turn in 0.. {
            request(&mut stream).await?;
            let text = format!("{number}:{turn}");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
            stream.write_all(format!("{head}{text}").as_bytes()).await?;
        }
        Ok(())
    })
    .await;
    for expected in ["0:0", "0:1", "0:2"] {
        let exchange = get(&mut connection).await;
        assert_eq!((body(&exchange), exchange.reconnected), (expected.as_bytes(), false));
    }
}

#[tokio::test]
async fn what_is_said_after_an_answer_is_not_taken_for_the_next() {
    let mut connection = serve(|number, mut stream| async move {
        request(&mut stream).await?;
        let text =
            format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(text.as_bytes()).await?;
        std::future::pending().await
    })
    .await;
    let (first, second) = (get(&mut connection).await, get(&mut connection).await);
    assert_eq!((body(&first), first.reconnected), (&b"0"[..], false));
    assert_eq!((body(&second), second.reconnected), (&b"1"[..], true));
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_at_the_next_request_is_replaced_once_and_a_new_one_never() {
    // Closed without an answer: the first connection after its first answer, the second always.
    let mut connection = serve(|number, mut stream| async move {
        request(&mut stream).await?;
        if number == 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
            request(&mut stream).await?;
        }
        Ok(())
    })
    .await;
    assert!(get(&mut connection).await.outcome.is_ok());
    let second = get(&mut connection).await;
    assert!(second.resent, "it had gone out on the first");
    assert_eq!((second.outcome.expect_err("no answer").kind, second.reconnected), (FailureKind::Reset, true));
    let third = get(&mut connection).await;
    assert_eq!((third.outcome.expect_err("no answer").kind, third.reconnected), (FailureKind::Reset, false));
}

/// Servers close what is idle for some seconds: nothing was sent on it, so nothing went out twice.
#[tokio::test]
async fn a_connection_that_was_closed_while_it_was_idle_is_replaced_and_nothing_goes_out_twice() {
    for is_opened_ahead in [true, false] {
        let (tell, closed) = tokio::sync::oneshot::channel();
        let tell = std::sync::Arc::new(std::sync::Mutex::new(Some(tell)));
        let mut connection = serve(move |number, mut stream| {
            let tell = tell.clone();
            async move {
                if number == 0 {
                    if !is_opened_ahead {
                        request(&mut stream).await?;
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
                    }
                    drop(stream);
                    let _ = tell.lock().expect("nobody panicked").take().map(|tell| tell.send(()));
                    return Ok(());
                }
                request(&mut stream).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
            }
        })
        .await;
        if is_opened_ahead {
            connection.open(Duration::from_secs(5)).await;
        } else {
            assert!(get(&mut connection).await.outcome.is_ok());
        }
        closed.await.expect("it was closed");
        // The runtime hears of it at its next turn.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let exchange = get(&mut connection).await;
        assert!(exchange.outcome.is_ok(), "{:?}", exchange.outcome);
        assert_eq!((exchange.reconnected, exchange.resent), (true, false), "opened ahead: {is_opened_ahead}");
    }
}

#[tokio::test]
async fn a_long_request_goes_out_to_its_end_though_a_part_of_the_answer_came_before() {
    const LENGTH: usize = 16 << 20;
    for early in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n"] {
        let mut connection = serve(move |_, mut stream| async move {
            loop {
                request(&mut stream).await?;
                stream.write_all(early.as_bytes()).await?;
                let mut body = vec![0; LENGTH];
                stream.read_exact(&mut body).await?;
                let rest = if early.contains("100") { "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n" } else { "" };
                stream.write_all(format!("{rest}{LENGTH}").as_bytes()).await?;
            }
        })
        .await;
        let mut request = connection.origin().get("/").expect("a request");
        *request.method_mut() = http::Method::POST;
        let request: Request<Bytes> = request.map(|_| Bytes::from(vec![b'x'; LENGTH]));
        for turn in 0..2 {
            let exchange = connection.exchange(&request, Keep::Body).await;
            assert_eq!(body(&exchange), LENGTH.to_string().as_bytes(), "{early:?} {turn}");
            assert!(!exchange.reconnected, "the connection was whole");
        }
    }
}

#[tokio::test]
async fn connections_that_say_they_close_are_not_used_again_and_that_is_no_reconnect() {
    for head in ["HTTP/1.1 200 OK\r\nconnection: close\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\n"] {
        let has_length = head.starts_with("HTTP/1.0") || head.contains("close");
        let mut connection = serve(move |number, mut stream| async move {
            request(&mut stream).await?;
            let length = if has_length { "content-length: 1\r\n" } else { "" };
            stream.write_all(format!("{head}{length}\r\n{number}").as_bytes()).await
        })
        .await;
        for expected in ["0", "1", "2"] {
            let exchange = get(&mut connection).await;
            assert_eq!((body(&exchange), exchange.reconnected), (expected.as_bytes(), false), "{head}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_read_is_the_answer() {
    let mut connection = serve(|_, mut stream| async move {
        request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 413 Too Long\r\ncontent-length: 2\r\n\r\nno").await?;
        // The body is never read; it would not fit into the buffers between the two.
        std::future::pending().await
    })
    .await;
    let mut request = connection.origin().get("/").expect("a request");
    *request.method_mut() = http::Method::POST;
    let request: Request<Bytes> = request.map(|_| Bytes::from(vec![b'x'; 32 << 20]));
    let exchange = connection.exchange(&request, Keep::Body).await;
    assert_eq!(exchange.outcome.expect("an answer").status, 413);
}

#[tokio::test]
async fn long_answers_come_whole_or_are_counted_and_long_heads_are_refused() {
    let mut connection = serve(|number, mut stream| async move {
        request(&mut stream).await?;
        if number == 0 {
            let long: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
            for _ in 0..2 {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n").await?;
                stream.write_all(&long).await?;
                request(&mut stream).await?;
            }
            return Ok(());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        loop {
            stream.write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").await?;
        }
    })
    .await;
    let kept = get(&mut connection).await;
    assert!(body(&kept).iter().enumerate().all(|(n, byte)| *byte == n as u8) && body(&kept).len() == 300_000);
    let request = connection.origin().get("/").expect("a request");
    let counted = connection.exchange(&request, Keep::Length).await.outcome.expect("an answer");
    assert_eq!((counted.length, counted.body.len()), (300_000, 0));
    let refused = get(&mut connection).await.outcome.expect_err("no head");
    assert_eq!(refused.kind, FailureKind::Malformed, "{refused}");
}

#[tokio::test]
async fn an_answer_that_is_read_late_ended_when_it_came() {
    // The server has a thread of its own; ours is kept from its work while the answer comes.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept()?;
        let mut room = [0; 4096];
        while stream.read(&mut room)? > 0 {
            stream.write_all(HELLO[0].as_bytes())?;
        }
        std::io::Result::Ok(())
    });
    let limits = Limits::within(Duration::from_secs(5));
    let origin = Origin::resolve(&base).await.expect("an origin");
    assert!(origin.can_be_stamped());
    let mut connection = Connection::new(Origin { is_stamped: true, ..origin }, limits);
    // The kernel begins to stamp a moment after it was asked to.
    for _ in 0..1_000 {
        if get(&mut connection).await.unread().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let late = Duration::from_secs(1);
    let (exchange, ()) = tokio::join!(get(&mut connection), async { std::thread::sleep(late) });
    assert_eq!(body(&exchange), b"hello");
    let unread = exchange.unread().expect("the kernel told when it came");
    assert_eq!(exchange.read - exchange.done, unread);
    assert!(exchange.read - exchange.sent >= late);
    assert!(exchange.done - exchange.sent < late / 2, "the service took {:?}", exchange.done - exchange.sent);
}
