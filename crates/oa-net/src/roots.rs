//! The certificates that a server's own must lead to; read when the first https request needs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::settings::ReadFile;

/// Where Linux systems and the BSDs keep their bundle; the first that exists is taken.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The roots: `--cacert`, else `SSL_CERT_FILE`, else `SSL_CERT_DIR`, else the system's bundle, else those
/// that are built in.
///
/// # Errors
/// A file or folder that was named is missing or holds no certificate: it is never passed over in silence.
pub(super) fn load(named: Option<&Path>, read: &ReadFile) -> anyhow::Result<RootCerts> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let file = named
        .map(Path::to_owned)
        .or_else(|| variable("SSL_CERT_FILE").map(PathBuf::from));
    let certificates = if let Some(file) = file {
        of_file(&file, read)?
    } else if let Some(folder) = variable("SSL_CERT_DIR") {
        of_folder(Path::new(&folder), read)?
    } else {
        match BUNDLES.iter().map(Path::new).find(|path| path.is_file()) {
            Some(bundle) => of_file(bundle, read)?,
            None => return Ok(RootCerts::WebPki),
        }
    };
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

pub(super) fn of_file(path: &Path, read: &ReadFile) -> anyhow::Result<Vec<Certificate<'static>>> {
    let name = path.display();
    let pem = read(path, &format!("certificates of {name}"))?;
    let certificates = certificates(&pem);
    ensure!(
        !certificates.is_empty(),
        "certificates of {name}: there is none in it (PEM is expected)"
    );
    Ok(certificates)
}

fn of_folder(path: &Path, read: &ReadFile) -> anyhow::Result<Vec<Certificate<'static>>> {
    let name = path.display();
    let entries = std::fs::read_dir(path).with_context(|| format!("certificates of {name}"))?;
    let files = entries.filter_map(|entry| read(&entry.ok()?.path(), "").ok());
    let found: Vec<_> = files.flat_map(|pem| certificates(&pem)).collect();
    ensure!(
        !found.is_empty(),
        "certificates of {name}: there is none in it (PEM is expected)"
    );
    Ok(found)
}

/// The certificates among all that stands there; none if all of them are so in name only.
fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let found: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    let good = |certificate: &Certificate| {
        let der = CertificateDer::from(certificate.der());
        RootCertStore::empty().add(der).is_ok()
    };
    if found.iter().any(good) {
        found
    } else {
        Vec::new()
    }
}
