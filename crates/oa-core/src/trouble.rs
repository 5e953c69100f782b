//! Trouble on the way to the server, in words that say what to do.

use std::io::ErrorKind;

use rustls::AlertDescription;
use ureq::{Error, Timeout};

use crate::error::plain;

/// What went wrong.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            "nothing came in time (--connect-timeout)".to_owned()
        }
        Error::Timeout(Timeout::PerWrite) => "the server took nothing for too long".to_owned(),
        Error::Timeout(_) => "nothing came in time (--timeout)".to_owned(),
        Error::Io(io) if gone(io.kind()) => "the server closed the connection".to_owned(),
        Error::ConnectProxyFailed(why) => match why.strip_prefix("proxy server responded ") {
            Some(status) => format!("it answered {}", status.split('/').next().unwrap_or(status)),
            None => why.replace("proxy server", "it"),
        },
        Error::HostNotFound => "it has no address".to_owned(),
        other => plain(other),
    }
}

/// Why the rest of an answer did not come.
pub(crate) fn of_body(error: &std::io::Error) -> String {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
    {
        Some(inner) => words(inner),
        None if gone(error.kind()) => "the server closed the connection".to_owned(),
        None => plain(error),
    }
}

/// Whether the other side ended the connection.
pub(crate) fn is_end(error: &Error) -> bool {
    matches!(error, Error::Io(io) if gone(io.kind()))
}

fn gone(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}

/// What is wrong with a certificate, by a piece of its error, and what to do.
const CERTIFICATES: [(&str, &str); 5] = [
    (
        "CaUsedAsEndEntity",
        "the server shows the certificate of an authority as its own: make it one that is none (openssl req -x509 … -addext basicConstraints=CA:FALSE)",
    ),
    (
        "UnsupportedCertVersion",
        "the certificate is of an old version: make one of version 3 (openssl req -x509 … -addext subjectAltName=…)",
    ),
    (
        "Expired",
        "the server's certificate has expired: renew it, or is the clock of this machine wrong?",
    ),
    (
        "NotValidYet",
        "the server's certificate is not valid yet: is the clock of this machine wrong?",
    ),
    (
        "NotValidForName",
        "the certificate is for other names than this one: is the base URL the name that it is for?",
    ),
];
const UNTRUSTED: &str =
    "is this the right server? A private authority is trusted by --cacert FILE or SSL_CERT_FILE";
const NO_TLS: &str =
    "what answers there speaks no TLS: is it the right port, or http:// instead of https://?";
const NO_CIPHER: &str = "the server speaks no version of TLS that is taken here (1.2 and 1.3)";

fn certificate(why: &str) -> &'static str {
    let known = CERTIFICATES.iter().find(|(piece, _)| why.contains(piece));
    known.map_or(UNTRUSTED, |(_, hint)| hint)
}

/// What to do, where no trying again helps: one side does not trust the other.
pub(crate) fn hint(error: &Error) -> Option<&'static str> {
    let tls = match error {
        Error::ConnectProxyFailed(why) if why.contains("407") => {
            return Some(
                "the proxy wants to know who asks: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
            );
        }
        Error::ConnectProxyFailed(why) if why.starts_with("log-in") => {
            return Some(
                "the proxy wants to know who asks: ALL_PROXY=socks5h://USER:PASSWORD@HOST:PORT",
            );
        }
        Error::Rustls(tls) => tls,
        Error::Io(io) => io.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    match tls {
        rustls::Error::InvalidMessage(_) => Some(NO_TLS),
        rustls::Error::InvalidCertificate(why) => Some(certificate(&format!("{why:?}"))),
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => Some(NO_CIPHER),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => Some(
            "the two sides share no cipher, or the server wants a certificate (--cert and --key)",
        ),
        rustls::Error::AlertReceived(alert) => refuses_us(*alert).then_some(
            "the server wants to know who asks: name a certificate that it trusts by --cert and --key",
        ),
        _ => None,
    }
}

/// Whether this alert says that the certificate of this side, or the lack of one, is the matter.
fn refuses_us(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
    )
}
