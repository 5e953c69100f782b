//! Which proxy a URL goes through, as curl reads the environment.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;

use anyhow::anyhow;
use ureq::Proxy;

use super::connection::place;
use super::settings::{Settings, Unusable, is_loopback};

/// The proxy for this server; `None` for a direct connection.
///
/// # Errors
/// It is no address of a proxy; or the key would travel to it in the clear.
pub(super) fn of_environment(settings: &Settings) -> Result<Option<Proxy>, Unusable> {
    let scheme = if settings.secure { "https" } else { "http" };
    let environment = |name: &str| std::env::var(name).ok();
    let chosen = choose(scheme, &settings.host, settings.port, environment);
    let Some((name, address)) = chosen else {
        return Ok(None);
    };
    let proxy = Proxy::new(&address).ok().filter(|_| is_address(&address));
    let proxy = proxy.ok_or_else(|| Unusable {
        cause: anyhow!("{name}: not the address of a proxy"),
        hint: Some("it looks like http://HOST:PORT, or socks5h://HOST:PORT".to_owned()),
    })?;
    if settings.local_only() && !is_loopback(proxy.host(), proxy.port()) {
        let place = place(proxy.uri());
        return Err(Unusable {
            cause: anyhow!("the key would travel in the clear to the proxy {place}"),
            hint: Some(format!("NO_PROXY={}?", settings.host)),
        });
    }
    Ok(Some(proxy))
}

/// Whether its host and port are what they should be: what ureq makes of a port that is none is another port.
fn is_address(proxy: &str) -> bool {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    place.rsplit('@').next().and_then(split).is_some()
}

/// The variable that names a proxy for this scheme, host and port, and the proxy; `None` for a direct connection. The
/// lower-case name wins, as in curl. `HTTP_PROXY` in upper case is read, too: the danger that makes curl skip it (CGI)
/// does not exist for tools that no web server runs.
fn choose(
    scheme: &str,
    host: &str,
    port: u16,
    environment: impl Fn(&str) -> Option<String>,
) -> Option<(String, String)> {
    let said = |name: String| {
        let value = environment(&name).filter(|value| !value.is_empty());
        value.map(|value| (name, value))
    };
    let read = |name: &str| said(name.to_lowercase()).or_else(|| said(name.to_uppercase()));
    let (name, proxy) = read(&format!("{scheme}_proxy")).or_else(|| read("all_proxy"))?;
    let exempt = read("no_proxy").is_some_and(|(_, list)| is_exempt(host, port, &list));
    let proxy = if proxy.contains("://") {
        proxy
    } else {
        format!("http://{proxy}")
    };
    (!exempt).then_some((name, proxy))
}

fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    let host = bare(host).to_lowercase();
    list.to_lowercase()
        .split([',', ' ', '\t'])
        .any(|entry| entry == "*" || matches(&host, port, entry))
}

fn matches(host: &str, port: u16, entry: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
        return in_network(address, bare(network), bits).unwrap_or(false);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            (name, digits.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    let name = bare(name).trim_start_matches('.');
    let above = host.strip_suffix(name).filter(|_| !name.is_empty());
    let within = |above: &str| above.is_empty() || above.ends_with('.') && address.is_none();
    above.is_some_and(within) && wanted.is_none_or(|wanted| wanted == port)
}

/// A name without the dot of the root, an address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']']).trim_end_matches('.')
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    let (address, network, width) = match (address, network.parse().ok()?) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return None,
    };
    let shift = u32::checked_sub(width, bits)?;
    Some((address ^ network).checked_shr(shift).unwrap_or(0) == 0)
}

/// Host and port of `HOST[:PORT]`; `None` where it names no place.
#[must_use]
pub fn split(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    // A port that is none is no missing port.
    let number = |port: &str| port.parse().ok().filter(|_| !port.starts_with('+'));
    let number = port.map(|port| number(port).map(NonZero::get));
    (is_host(host) && number != Some(None)).then_some((host, number.flatten()))
}

/// Whether this is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let inner = text.strip_prefix('[');
    match inner.and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !text.is_empty() && text.bytes().all(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_variable() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://s:1".to_owned()),
            "http_proxy" => Some("p:2".to_owned()),
            "NO_PROXY" => Some("x.test".to_owned()),
            _ => None,
        };
        let chosen = |scheme, host| choose(scheme, host, 80, environment);
        let named = |name: &str, proxy: &str| Some((name.to_owned(), proxy.to_owned()));
        assert_eq!(chosen("https", "a"), named("HTTPS_PROXY", "http://s:1"));
        assert_eq!(chosen("http", "a"), named("http_proxy", "http://p:2"));
        assert_eq!(chosen("http", "a.x.test"), None);
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        let cases = [
            ("api.openai.com", "openai.com", true),
            ("openai.com", ".openai.com", true),
            ("notopenai.com", "openai.com", false),
            ("a.b", "x, a.b", true),
            ("a.b", "a.b:443", true),
            ("a.b", "a.b:80", false),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("127.0.0.1", "localhost,127.0.0.1", true),
            ("[::1]", "::1", true),
            ("[fd00::1]", "fd00::/8", true),
            ("a", "*", true),
            ("a", "", false),
        ];
        for (host, list, exempt) in cases {
            assert_eq!(is_exempt(host, 443, list), exempt, "{host} {list}");
        }
    }
}
