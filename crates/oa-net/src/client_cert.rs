//! The certificate by which this side names itself, and its private key.

use std::path::Path;

use anyhow::{anyhow, ensure};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{ClientCert, PrivateKey};

use super::roots;
use super::settings::ReadFile;

/// Reads `--cert` and `--key`; a key may stand in the certificate's own file, as with curl.
///
/// # Errors
/// A file is missing or holds nothing of what it should, or the two do not belong together.
pub(super) fn load(
    cert: Option<&Path>,
    key: Option<&Path>,
    read: &ReadFile,
) -> anyhow::Result<Option<ClientCert>> {
    let Some(cert) = cert else {
        return Ok(None);
    };
    let key = key.unwrap_or(cert);
    let name = key.display();
    let chain = roots::of_file(cert, read)?;
    let pem = read(key, &format!("private key {name}"))?;
    let none =
        || anyhow!("private key {name}: there is none in it (PEM without a password is expected)");
    let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| none())?;
    let ours = PrivateKey::from_pem(&pem).map_err(|_| none())?;
    // ureq would find this out in the middle of the first request, and panic.
    let ders = chain
        .iter()
        .map(|one| CertificateDer::from(one.der().to_vec()));
    let fits = CertifiedKey::from_der(ders.collect(), der, &ring::default_provider());
    ensure!(
        fits.is_ok(),
        "private key {name}: it does not belong to the certificate {}",
        cert.display()
    );
    Ok(Some(ClientCert::new_with_certs(&chain, ours)))
}
