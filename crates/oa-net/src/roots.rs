//! The certificates that a server's own must lead to; read when the first https request needs them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts};

use super::settings::{ReadFile, Settings};

/// Where Linux systems and the BSDs keep their bundle; the first that exists is taken. (rustls-native-certs reads whole
/// folders beside it, and passes over in silence a file that was named and holds no certificate.)
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
pub(super) fn load(settings: &Settings) -> Result<RootCerts> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let path = |name: &str| variable(name).map(PathBuf::from);
    let bundle = || BUNDLES.iter().map(Path::new).find(|path| path.is_file());
    let file = settings.cacert.clone().or_else(|| path("SSL_CERT_FILE"));
    let found = match (file, path("SSL_CERT_DIR")) {
        (Some(file), _) => of_file(&file, &settings.read)?,
        (None, Some(folder)) => of_folder(&folder, &settings.read)?,
        (None, None) => match bundle() {
            Some(bundle) => of_file(bundle, &settings.read)?,
            None => return Ok(RootCerts::WebPki),
        },
    };
    Ok(RootCerts::Specific(Arc::new(found)))
}

pub(super) fn of_file(path: &Path, read: &ReadFile) -> Result<Vec<Certificate<'static>>> {
    let pem = read(path, &format!("certificates of {}", path.display()))?;
    checked(path, &ders(&pem))
}

fn of_folder(path: &Path, read: &ReadFile) -> Result<Vec<Certificate<'static>>> {
    let name = path.display();
    let entries = path.read_dir();
    let entries = entries.with_context(|| format!("certificates of {name}"))?;
    let files = entries.filter_map(|entry| read(&entry.ok()?.path(), "").ok());
    let found: Vec<_> = files.flat_map(|pem| ders(&pem)).collect();
    checked(path, &found)
}

fn ders(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).flatten().collect()
}

/// What was found there, unless all of it are certificates in name only.
fn checked(path: &Path, found: &[CertificateDer]) -> Result<Vec<Certificate<'static>>> {
    let name = path.display();
    let good = |der: &CertificateDer| RootCertStore::empty().add(der.clone()).is_ok();
    ensure!(
        found.iter().any(good),
        "certificates of {name}: there is none in it (PEM is expected)"
    );
    let owned = |der| Certificate::from_der(der).to_owned();
    Ok(found.iter().map(|der| owned(der)).collect())
}
