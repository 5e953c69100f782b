//! Whom this server answers: programs that mean it, never a page in a browser.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use crate::objects::error::ApiError;

/// A key that may be asked for, and the names under which the server may be addressed.
pub(crate) struct Guard {
    /// The only key that is accepted; `None`: any.
    pub(crate) key: Option<String>,
    /// Names beside those of this machine.
    pub(crate) hosts: Vec<String>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

const PAGE: &str =
    "a page in a browser asks (Origin, Sec-Fetch-Site); only programs are answered here";
const NO_KEY: &str = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.";

impl Guard {
    /// Refuses what a web page may have sent: one of another origin, or one whose name was made to lead here.
    /// `here` is the address at which the connection arrived. The error says what is wrong.
    pub(crate) fn admit(&self, head: &Parts, here: IpAddr) -> Result<(), String> {
        let site = head.headers.get("sec-fetch-site");
        // `none`: typed by a person.
        if head.headers.contains_key(ORIGIN) || site.is_some_and(|site| site != "none") {
            return Err(PAGE.to_owned());
        }
        let hosts = head.headers.get_all(HOST).iter();
        let hosts = hosts.map(|host| host.to_str().unwrap_or_default());
        let hosts: Vec<&str> = hosts
            .chain(head.uri.authority().map(Authority::as_str))
            .collect();
        match hosts.iter().find(|host| !self.knows(host, here)) {
            Some(host) => Err(format!("'{host}' is no name of this server (--host NAME)")),
            None if hosts.is_empty() => Err("no Host was named".to_owned()),
            None => Ok(()),
        }
    }

    /// Whether a Host is this machine by its name: whoever made another name lead here means no good.
    fn knows(&self, host: &str, here: IpAddr) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            _ => (host, "0"),
        };
        if port.parse::<u16>().is_err() {
            return false;
        }
        let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        let address: Option<IpAddr> = match inner {
            Some(inner) => inner.parse().ok().map(IpAddr::V6),
            None => name.parse().ok().map(IpAddr::V4),
        };
        if let Some(address) = address.map(|address| address.to_canonical()) {
            let own = [here.to_canonical(), self.address.ip().to_canonical()];
            return address.is_loopback() || own.contains(&address);
        }
        let name = name.to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.hosts.contains(&name)
    }

    /// Refuses a request without the key.
    pub(crate) fn authorize(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let header = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let key = header
            .and_then(|header| header.strip_prefix("Bearer "))
            .map(str::trim);
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Err(ApiError::new(401, NO_KEY));
        };
        if self.key.as_deref().is_none_or(|wanted| wanted == key) {
            return Ok(());
        }
        let start: String = key.chars().take(3).collect();
        let message = format!(
            "Incorrect API key provided: {start}…. You can find your API key at https://platform.openai.com/account/api-keys."
        );
        Err(ApiError::new(401, message).code("invalid_api_key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_known() {
        let guard = Guard {
            key: None,
            hosts: vec!["mock.test".to_owned()],
            address: SocketAddr::from(([0, 0, 0, 0], 80)),
        };
        let here = IpAddr::from([10, 0, 0, 7]);
        for host in [
            "localhost",
            "LocalHost:1",
            "a.b.localhost:80",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
            "10.0.0.7:80",
            "0.0.0.0:80",
            "MOCK.test:80",
        ] {
            assert!(guard.knows(host, here), "{host}");
        }
        for host in [
            "",
            ":80",
            "localhost:x",
            "localhost:99999",
            "localhost.evil.test",
            "evillocalhost",
            "127.0.0.1.evil.test",
            "127.1",
            "2130706433",
            "0x7f.1",
            "::1",
            "[::1",
            "[127.0.0.1]",
            "10.0.0.8",
            "user@localhost",
            "localhost, evil.test",
            "evil.test:80",
        ] {
            assert!(!guard.knows(host, here), "{host}");
        }
    }
}
