//! TLS to a side: whom to trust, and which HTTP to offer.
//!
//! Certificates are checked against those that the system trusts or, where the plan names a file, against those in it and
//! no others.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore, SignatureScheme,
};

use super::OriginError;
use super::socket::Socket;
use crate::plan::{Speaks, Transport};

/// HTTP/2 in the list of protocols that TLS negotiates.
const H2: &[u8] = b"h2";
/// HTTP/1.1 there.
const H1: &[u8] = b"http/1.1";

/// How connections to one side shake hands.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.name)
    }
}

/// What a handshake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Negotiated {
    /// The side chose HTTP/2.
    pub is_h2: bool,
    /// `1.2` or `1.3`.
    pub version: &'static str,
}

impl Tls {
    pub(super) fn new(host: &str, transport: &Transport) -> Result<Self, OriginError> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| OriginError::ServerName { host: host.to_owned() })?;
        let offered: &[&[u8]] = match transport.speaks {
            Speaks::Auto => &[H2, H1],
            Speaks::Http1 => &[H1],
            Speaks::Http2 => &[H2],
        };
        let mut config = config(transport)?;
        config.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(super) async fn handshake(&self, stream: Socket) -> io::Result<TlsStream<Socket>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// What was agreed on.
pub(super) fn negotiated(stream: &TlsStream<Socket>) -> Negotiated {
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        _ => "1.3",
    };
    Negotiated { is_h2: connection.alpn_protocol() == Some(H2), version }
}

fn config(transport: &Transport) -> Result<ClientConfig, OriginError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let unusable = |error: Error| OriginError::Tls { source: error };
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(unusable)?;
    if transport.insecure {
        let anybody = Arc::new(Anybody(provider.signature_verification_algorithms));
        return Ok(builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth());
    }
    match &transport.ca {
        Some(file) => Ok(builder.with_root_certificates(roots(file)?).with_no_client_auth()),
        None => Ok(builder.with_platform_verifier().map_err(unusable)?.with_no_client_auth()),
    }
}

/// The certificates in a PEM file.
fn roots(file: &Path) -> Result<RootCertStore, OriginError> {
    let unreadable = |problem: String| OriginError::Ca { file: file.to_owned(), problem };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("it has no certificate in PEM form".to_owned()));
    }
    Ok(roots)
}

/// What to try where a handshake failed; `None`: TLS was not the reason.
pub(super) fn hint(error: &io::Error) -> Option<&'static str> {
    use tokio_rustls::rustls::CertificateError as Bad;
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "name the file of the authority that signed it with `ca:` at the side"
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "write the URL with a name that the certificate is for"
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => "renew it, or set this machine's clock",
        Error::InvalidCertificate(_) => {
            "a certificate that signs itself must be for the host and may be named with `ca:` at the side; \
             `insecure: true` checks nothing"
        }
        Error::NoApplicationProtocol | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the side does not speak what `protocol:` asks for; leave it out to take what there is"
        }
        Error::InvalidMessage(_) => "is this port `http://`?",
        _ => "see what `openssl s_client -connect HOST:PORT` says",
    })
}

/// Takes whoever answers for the side: `insecure: true`.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
