//! The address of the server: what a base URL comes to.

use oa_core::settings::{is_loopback, split};
use oa_core::{Error, Result};

/// The server that is asked where nobody names another.
pub(crate) const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// What a base URL comes to.
pub(crate) struct Target {
    pub(crate) base: String,
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// The base URL, checked; over plain http a key goes to this machine only, unless `allow_insecure`.
    ///
    /// # Errors
    /// `usage`, with the address as far as it may be shown.
    pub(crate) fn parse(base_url: &str, allow_insecure: bool) -> Result<Target> {
        // A variable that is set but empty says nothing, as with the official SDKs.
        let base = match base_url.trim().trim_end_matches('/') {
            "" => DEFAULT_BASE_URL,
            base => base,
        };
        let (scheme, rest) = base.split_once("://").ok_or_else(|| wrong(base))?;
        let place = rest.split('/').next().unwrap_or_default();
        if place.contains('@') {
            let message = format!("base URL {}: it holds a user or a password", shown(base));
            return Err(Error::usage(message).hint(
                "take them out: the key is what names you; what a gateway wants beside it goes into OPENAI_CUSTOM_HEADERS",
            ));
        }
        let (host, port) = split(place).ok_or_else(|| wrong(base))?;
        // Nothing that two readers could take for two hosts: the key goes where the later one looks.
        let clean = |byte: u8| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte);
        let secure = match scheme {
            "https" if rest.bytes().all(clean) => true,
            "http" if rest.bytes().all(clean) => false,
            _ => return Err(wrong(base)),
        };
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        if !secure && !allow_insecure && !is_loopback(host, port) {
            let message = format!(
                "base URL {}: the key would travel in the clear",
                shown(base)
            );
            return Err(Error::usage(message).hint("use https, or say --allow-insecure-http"));
        }
        Ok(Target {
            base: base.to_owned(),
            secure,
            host: host.to_owned(),
            port,
        })
    }
}

fn wrong(base: &str) -> Error {
    Error::usage(format!("base URL {}: not an address", shown(base)))
        .hint("it looks like https://api.openai.com/v1")
}

/// An address for a message: without user, password and query, and not at all where it looks like a key that
/// came to the wrong place.
fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        let short = Some(address).filter(|address| address.len() < 16);
        return short.unwrap_or("(not shown)").to_owned();
    };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = place.rsplit('@').next().unwrap_or_default();
    let host = host.split(['?', '#']).next().unwrap_or_default();
    let path = path.split(['?', '#', '@']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}
