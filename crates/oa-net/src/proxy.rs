//! Which proxy a URL goes through, as curl reads the environment.

use std::net::IpAddr;

/// What is looked up in the environment; the lower-case name wins, as in curl.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The proxy for this scheme, host and port and the variable that names it, or `None` for a direct connection. `HTTP_PROXY` in upper case is
/// read, too: the danger that makes curl skip it (CGI) does not exist for tools that no web server runs.
pub(super) fn choose(
    scheme: &str,
    host: &str,
    port: u16,
    environment: Lookup,
) -> Option<(String, String)> {
    let said = |name: String| {
        let value = environment(&name).filter(|value| !value.is_empty());
        value.map(|value| (name, value))
    };
    let read = |name: &str| said(name.to_lowercase()).or_else(|| said(name.to_owned()));
    let own = if scheme == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    let (name, proxy) = read(own).or_else(|| read("ALL_PROXY"))?;
    let exempt = read("NO_PROXY").is_some_and(|(_, list)| is_exempt(host, port, &list));
    let proxy = if proxy.contains("://") {
        proxy
    } else {
        format!("http://{proxy}")
    };
    (!exempt).then_some((name, proxy))
}

/// Whether this is the address of a proxy, as far as its host and port go.
pub(super) fn is_address(proxy: &str) -> bool {
    let rest = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    split(place).is_some()
}

fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    let host = host
        .trim_matches(['[', ']'])
        .trim_end_matches('.')
        .to_lowercase();
    list.split([',', ' ', '\t'])
        .filter(|entry| !entry.is_empty())
        .any(|entry| entry == "*" || matches(&host, port, &entry.to_lowercase()))
}

fn matches(host: &str, port: u16, entry: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
        let network = network.trim_matches(['[', ']']).parse().ok();
        return network.is_some_and(|network| in_network(address, network, bits));
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            (name, digits.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    let name = name
        .trim_matches(['[', ']'])
        .trim_start_matches('.')
        .trim_end_matches('.');
    let same = host == name
        || (address.is_none()
            && host
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('.')));
    same && !name.is_empty() && wanted.is_none_or(|wanted| wanted == port)
}

fn in_network(address: IpAddr, network: IpAddr, bits: &str) -> bool {
    let Ok(bits) = bits.parse::<u32>() else {
        return false;
    };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (address ^ network).checked_shr(width - bits).unwrap_or(0) == 0
}

/// Host and port of `HOST[:PORT]`; `None` where it names no place.
#[must_use]
pub fn split(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.map(|port| {
        port.parse()
            .ok()
            .filter(|number| *number > 0 && digits(port))
    });
    // A port that is none is no missing port.
    (is_host(host) && number != Some(None)).then_some((host, number.flatten()))
}

/// Whether this is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    match text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
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
        let chosen = |scheme, host| choose(scheme, host, 80, &environment);
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
