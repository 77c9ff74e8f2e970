//! Sides over TLS and over HTTP/2: who is trusted, what is spoken, and that replay and load do as they do over plain HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use cutover::clock::Epoch;
use cutover::http::Origin;
use cutover::plan::{self, Plan};
use cutover::progress::Progress;
use cutover::role::{Pair, Role};
use cutover::stop::Stop;
use cutover::{load, parity};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{ALL_VERSIONS, ServerConfig, SupportedProtocolVersion};

use super::support::Place;

/// An authority of our own: its certificate as PEM, and TLS servers that it vouches for as `127.0.0.1`.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A server for a name that speaks what it offers by ALPN, in the order of its liking.
    fn acceptor(&self, name: &str, offers: &[&str]) -> TlsAcceptor {
        self.acceptor_of(ALL_VERSIONS, name, offers)
    }

    /// The same of some versions of TLS.
    fn acceptor_of(&self, versions: &[&'static SupportedProtocolVersion], name: &str, offers: &[&str]) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_protocol_versions(versions).expect("versions").with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).expect("a server");
        config.alpn_protocols = offers.iter().map(|offer| offer.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Serves TLS; each answer says what is spoken.
async fn serve(acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => http2(stream).await,
                    _ => drop(http1(stream).await),
                }
            });
        }
    });
    address
}

/// Serves HTTP/2 without TLS to whoever knows.
async fn serve_in_the_open() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http2(stream));
        }
    });
    address
}

async fn http1(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nHTTP/1.1").await?;
        stream.flush().await?;
    }
}

async fn http2(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((mut request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            // Read to its end, as a service does.
            while let Some(Ok(data)) = request.body_mut().data().await {
                let _ = request.body_mut().flow_control().release_capacity(data.len());
            }
            if let Ok(mut body) = respond.send_response(http::Response::new(()), false) {
                let _ = body.send_data("HTTP/2".into(), true);
            }
        });
    }
}

const FLOW: &str = "flows:\n  - name: one\n    steps:\n      - request: GET /x?y=z\n      - request: POST /x\n        json: { a: b }\n\
    load: { model: closed, users: 3, pairs: 1, block: 700ms, settle: 100ms }\n";

fn text(side: &str) -> String {
    format!("version: 1\nname: tls\nsides:\n  baseline: {side}\n  candidate: {side}\n{FLOW}")
}

async fn origins(plan: &Plan, base_url: &str) -> Pair<Origin> {
    let mut origins = Vec::new();
    for role in Role::BOTH {
        let side = plan.sides.get(role).as_ref().expect("a side");
        origins.push(Origin::resolve_over(base_url, &side.transport).await.expect("an origin"));
    }
    let candidate = origins.pop().expect("two");
    Pair { baseline: origins.pop().expect("two"), candidate }
}

/// Replays and loads a plan; gives back what was spoken.
async fn replay_and_load(plan: &Plan, base_url: &str) -> String {
    let origins = origins(plan, base_url).await;
    let spoken = origins.candidate.protocol.to_string();
    let found = parity::run(
        parity::Setup { plan, contract: None, origins: &origins, seed: 1, stop: &Stop::default() },
        &Progress::silent(),
    )
    .await
    .expect("evidence");
    assert_eq!((found.requests, found.differences.len()), (2, 0), "{:?}", found.differences);
    let setup = load::Setup {
        plan,
        origins: origins.map(|_, origin| Some(origin)),
        seed: 1,
        epoch: Epoch::now(),
        shard: None,
        noise: None,
    };
    let load = load::run(setup, &Progress::silent(), &Stop::default()).await.expect("evidence");
    let side = load.sides.candidate.expect("a candidate");
    assert!(side.requests > 20, "{}", side.requests);
    assert_eq!((side.errors, side.reconnects), (0, 0), "{:?}", side.errors_by_kind);
    spoken
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_and_load_speak_what_was_agreed_on() {
    let (place, authority) = (Place::new(), Authority::new("ours"));
    let ca = place.file("ca.pem", &authority.pem);
    for (offers, asked, expected) in [
        (&["h2", "http/1.1"][..], "auto", "HTTP/2 over TLS 1.3"),
        (&["h2", "http/1.1"], "http1", "HTTP/1.1 over TLS 1.3"),
        (&["http/1.1"], "auto", "HTTP/1.1 over TLS 1.3"),
        (&[], "auto", "HTTP/1.1 over TLS 1.3"),
        (&["h2"], "http2", "HTTP/2 over TLS 1.3"),
    ] {
        let address = serve(authority.acceptor("127.0.0.1", offers)).await;
        let url = format!("https://{address}");
        let text = text(&format!("{{ url: \"{url}\", ca: \"{ca}\", protocol: {asked} }}"));
        let plan = plan::parse("tls.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(replay_and_load(&plan, &url).await, expected, "{offers:?}, {asked}");
    }
    let url = format!("http://{}", serve_in_the_open().await);
    let text = text(&format!("{{ url: \"{url}\", protocol: http2 }}"));
    let plan = plan::parse("open.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(replay_and_load(&plan, &url).await, "HTTP/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_of_tls_is_spoken_and_told() {
    let (place, authority) = (Place::new(), Authority::new("ours"));
    let ca = place.file("ca.pem", &authority.pem);
    let address = serve(authority.acceptor_of(&[&TLS12], "127.0.0.1", &["h2"])).await;
    let url = format!("https://{address}");
    let text = text(&format!("{{ url: \"{url}\", ca: \"{ca}\" }}"));
    let plan = plan::parse("tls.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(origins(&plan, &url).await.candidate.protocol.to_string(), "HTTP/2 over TLS 1.2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_cannot_be_trusted_is_an_error_that_says_what_to_do() {
    let (place, authority, stranger) = (Place::new(), Authority::new("ours"), Authority::new("another"));
    let (ca, other) = (place.file("ca.pem", &authority.pem), place.file("other.pem", &stranger.pem));
    let good = serve(authority.acceptor("127.0.0.1", &["h2"])).await;
    let misnamed = serve(authority.acceptor("elsewhere.example", &["h2"])).await;
    let old = serve(authority.acceptor("127.0.0.1", &["http/1.1"])).await;
    let bare = serve_in_the_open().await;
    let empty = place.file("empty.pem", "nothing\n");
    for (side, cause, hint) in [
        (format!("{{ url: \"https://{good}\" }}"), "UnknownIssuer", "hint: name the file of the authority"),
        (format!("{{ url: \"https://{good}\", ca: \"{other}\" }}"), "UnknownIssuer", "with `ca:` at the side"),
        (
            format!("{{ url: \"https://{misnamed}\", ca: \"{ca}\" }}"),
            "not valid for",
            "hint: write the URL with a name",
        ),
        (
            format!("{{ url: \"https://{old}\", ca: \"{ca}\", protocol: http2 }}"),
            "NoApplicationProtocol",
            "`protocol:`",
        ),
        (format!("{{ url: \"https://{bare}\", ca: \"{ca}\" }}"), "corrupt message", "is this port `http://`?"),
        (format!("{{ url: \"https://{good}\", ca: \"{empty}\" }}"), "no certificate", "BEGIN CERTIFICATE"),
        (format!("{{ url: \"https://{good}\", ca: \"{ca}.not\" }}"), "cannot use", ""),
    ] {
        let plan = place.file("plan.yaml", &text(&side));
        let ended = place.run(&["verify", &plan]);
        assert_eq!(ended.code, Some(3), "{side}: {ended:?}");
        assert!(ended.stderr.contains("` cannot be reached"), "{side}: {}", ended.stderr);
        assert!(ended.stderr.contains(cause) && ended.stderr.contains(hint), "{side}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_file_is_found_beside_its_plan_and_what_was_spoken_is_in_the_record() {
    let (place, authority) = (Place::new(), Authority::new("ours"));
    place.file("ca.pem", &authority.pem);
    let address = serve(authority.acceptor("127.0.0.1", &["h2", "http/1.1"])).await;
    for trust in ["ca: ca.pem", "insecure: true"] {
        let side = format!("{{ url: \"https://{address}\", ready: /x, {trust} }}");
        let plan = place.file("plan.yaml", &text(&side));
        let ended = place.run(&["verify", &plan]);
        assert_eq!(ended.code, Some(0), "{trust}: {ended:?}");
        assert_eq!(place.record()["run"]["protocols"]["candidate"], "HTTP/2 over TLS 1.3");
        std::fs::remove_dir_all(place.out()).expect("removed");
    }
}
