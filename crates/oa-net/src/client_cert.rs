//! The certificate by which this side names itself, and its private key.

use anyhow::{Result, anyhow, ensure};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{ClientCert, PrivateKey};

use super::roots;
use super::settings::Settings;

/// Reads `--cert` and `--key`; a key may stand in the certificate's own file, as with curl.
///
/// # Errors
/// A file is missing or holds nothing of what it should, or the two do not belong together.
pub(super) fn load(settings: &Settings) -> Result<Option<ClientCert>> {
    let Some(cert) = &settings.cert else {
        return Ok(None);
    };
    let key = settings.key.as_ref().unwrap_or(cert);
    let name = key.display();
    let chain = roots::of_file(cert, &settings.read)?;
    let pem = (settings.read)(key, &format!("private key {name}"))?;
    let key = PrivateKey::from_pem(&pem).map_err(|_| {
        anyhow!("private key {name}: there is none in it (PEM without a password is expected)")
    })?;
    // ureq would find this out in the middle of the first request, and panic.
    let ders = chain
        .iter()
        .map(|one| CertificateDer::from(one.der().to_vec()));
    let fits = PrivateKeyDer::try_from(key.der().to_vec()).is_ok_and(|key| {
        CertifiedKey::from_der(ders.collect(), key, &ring::default_provider()).is_ok()
    });
    ensure!(
        fits,
        "private key {name}: it does not belong to the certificate {}",
        cert.display()
    );
    Ok(Some(ClientCert::new_with_certs(&chain, key)))
}
