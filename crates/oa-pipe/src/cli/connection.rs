//! The server and the way to it, from options and environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oa_core::retry::Limits;
use oa_core::settings::{Notice, Route, Settings, is_loopback, split};
use oa_core::{Error, Kind, Result};

use crate::interrupt::Interrupt;
use crate::local;
use crate::log::{Level, Log};
use crate::shell::word;

/// Bytes of a key file that are read; a device never ends.
const LONGEST_KEY_FILE: u64 = 64 << 10;
/// Bytes of a file with certificates; the bundles of systems have a quarter of a million.
const LONGEST_CERTIFICATES: u64 = 16 << 20;
/// Headers that say where a request ends, or whom it is for.
const FRAMING: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// Options of the connection.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
#[expect(clippy::doc_markdown, reason = "the doc comments are the help text")]
pub struct Connection {
    /// Address of the API, with /v1
    #[arg(
        long,
        value_name = "URL",
        env = "OPENAI_BASE_URL",
        default_value = DEFAULT_BASE_URL,
        hide_env_values = true
    )]
    pub base_url: String,
    /// Read the key from FILE, not from OPENAI_API_KEY [env: OPENAI_API_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Give up a connection that is not made in time
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = super::duration)]
    pub connect_timeout: Duration,
    /// Wait that long for one answer
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = super::duration)]
    pub timeout: Duration,
    /// Try again that often where it is safe
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub retries: u32,
    /// Do not wait for a server that asks for more than this before the next try
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = super::duration)]
    pub max_wait: Duration,
    /// Repeat also requests that may have been paid for already
    #[arg(long)]
    pub retry_unknown: bool,
    /// Trust the certificates in FILE (PEM) [env: SSL_CERT_FILE, SSL_CERT_DIR]
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Name this side by the certificate in FILE (PEM)
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// Private key of --cert, where it is not in the same file (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Probe a silent connection after this time, so that a dead peer is noticed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::duration)]
    pub keepalive_time: Duration,
    /// Send the key over plain http to a host that is not this one
    #[arg(long)]
    pub allow_insecure_http: bool,
}

/// What a base URL comes to.
pub(crate) struct Target {
    pub(crate) base: String,
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Connection {
    /// The key: `--api-key-file`, else `OPENAI_API_KEY`, else `OPENAI_API_KEY_FILE`.
    pub(crate) fn api_key(&self, log: &Log, interrupt: &Interrupt) -> Result<String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let read = |file: &Path| {
            let about = format!("key file {}", shown_path(file));
            let key = read_key(file, log, interrupt);
            key.map_err(|error| error.as_kind(Kind::Auth).about(&about))
        };
        let key = if let Some(file) = &self.api_key_file {
            read(file)?
        } else if let Some(key) = variable("OPENAI_API_KEY") {
            key.trim().to_owned()
        } else if let Some(file) = variable("OPENAI_API_KEY_FILE") {
            read(Path::new(&file))?
        } else {
            return Err(Error::new(Kind::Auth, "no API key")
                .hint("export OPENAI_API_KEY=…, or name a file with --api-key-file; to try without one: oa-mock -- …"));
        };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "the API key is empty or holds characters that no key has";
            return Err(Error::new(Kind::Auth, message).hint("a quote, a blank or a second line?"));
        }
        Ok(key)
    }

    /// The base URL, checked.
    pub(crate) fn target(&self) -> Result<Target> {
        // A variable that is set but empty says nothing, as with the official SDKs.
        let base = match self.base_url.trim().trim_end_matches('/') {
            "" => DEFAULT_BASE_URL,
            base => base,
        };
        let wrong = || {
            Error::usage(format!("base URL {}: not an address", shown(base)))
                .hint("it looks like https://api.openai.com/v1")
        };
        let (scheme, rest) = base.split_once("://").ok_or_else(wrong)?;
        let place = rest.split('/').next().unwrap_or_default();
        if place.contains('@') {
            let message = format!("base URL {}: it holds a user or a password", shown(base));
            return Err(Error::usage(message).hint(
                "take them out: the key is what names you; what a gateway wants beside it goes into OPENAI_CUSTOM_HEADERS",
            ));
        }
        let (host, port) = split(place).ok_or_else(wrong)?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(wrong()),
        };
        // Nothing that two readers could take for two hosts: the key goes where the later one looks.
        let clean = |byte: u8| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte);
        if !rest.bytes().all(clean) {
            return Err(wrong());
        }
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        if !secure && !self.allow_insecure_http && !is_loopback(host, port) {
            return Err(Error::usage(format!(
                "base URL {}: the key would travel in the clear",
                shown(base)
            ))
            .hint("use https, or say --allow-insecure-http"));
        }
        Ok(Target {
            base: base.to_owned(),
            secure,
            host: host.to_owned(),
            port,
        })
    }

    /// All that a client is to know.
    ///
    /// # Errors
    /// `auth` without a key; `usage` for a URL that cannot be used, and for a key that would travel over plain http.
    pub(crate) fn settings(&self, log: &Arc<Log>, interrupt: &Arc<Interrupt>) -> Result<Settings> {
        let key = self.api_key(log, interrupt)?;
        log.keep_secret(&key);
        let target = self.target()?;
        let advice = (!target.base.contains("/v1")).then(|| {
            let meant = word(&format!("{}/v1", target.base));
            format!("the base URL has no /v1: is it {meant}?")
        });
        let route = Route {
            secure: target.secure,
            host: target.host,
            port: target.port,
            allow_insecure: self.allow_insecure_http,
            cacert: self.cacert.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
            keepalive: self.keepalive_time,
            read: {
                let interrupt = Arc::clone(interrupt);
                Box::new(move |path, what| {
                    let bytes = local::read(path, LONGEST_CERTIFICATES, &interrupt);
                    Ok(bytes.map_err(|error| error.about(what))?)
                })
            },
        };
        let observed = Arc::clone(log);
        Ok(Settings {
            base: target.base,
            key,
            headers: headers()?,
            user_agent: format!("{}/{}", log.tool(), env!("CARGO_PKG_VERSION")),
            route,
            connect_timeout: self.connect_timeout,
            timeout: self.timeout,
            limits: Limits {
                retries: self.retries,
                retry_unknown: self.retry_unknown,
                max_wait: self.max_wait,
            },
            advice,
            secrets: log.secrets(),
            cancel: interrupt.cancel(),
            tells_headers: log.shows(Level::Headers),
            observer: Box::new(move |notice| match notice {
                Notice::Exchange(text) => observed.detail(Level::Exchanges, text),
                Notice::Header(text) => observed.detail(Level::Headers, text),
                Notice::Note(text) => observed.note(text),
            }),
        })
    }
}

/// An address for a message: without user, password and query, and not at all where it looks like a key that
/// came to the wrong place.
fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return if address.len() < 16 {
            address
        } else {
            "(not shown)"
        }
        .to_owned();
    };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = place.rsplit('@').next().unwrap_or_default();
    let host = host.split(['?', '#']).next().unwrap_or_default();
    let path = path.split(['?', '#', '@']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// A path for a message, unless it looks like a key that came to the wrong place.
fn shown_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let key = text.starts_with("sk-") || (text.len() > 40 && !text.contains(['/', '.', ' ']));
    if key {
        "(not shown: it looks like a key)".to_owned()
    } else {
        text.into_owned()
    }
}

/// Headers that the environment adds to every request, names in lower case.
pub(crate) fn headers() -> Result<Vec<(String, String)>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut headers = Vec::new();
    let scopes = [
        ("openai-organization", "OPENAI_ORG_ID"),
        ("openai-project", "OPENAI_PROJECT_ID"),
    ];
    for (header, name) in scopes {
        headers.extend(variable(name).map(|value| (header.to_owned(), value)));
    }
    let custom = variable("OPENAI_CUSTOM_HEADERS").unwrap_or_default();
    for line in custom.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Error::usage("OPENAI_CUSTOM_HEADERS: a line is not `Name: value`"))?;
        headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
    }
    if let Some((name, _)) = headers
        .iter()
        .find(|(name, _)| FRAMING.contains(&name.as_str()))
    {
        return Err(Error::usage(format!(
            "OPENAI_CUSTOM_HEADERS: `{name}` is set by the tool itself"
        )));
    }
    let proper = |text: &str| text.bytes().all(|byte| (32..127).contains(&byte));
    let token = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match headers
        .iter()
        .find(|(name, value)| !token(name) || !proper(value))
    {
        Some((name, _)) => Err(Error::usage(format!("header `{name}` cannot be sent"))),
        None => Ok(headers),
    }
}

fn read_key(path: &Path, log: &Log, interrupt: &Interrupt) -> Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let bytes = local::read(path, LONGEST_KEY_FILE, interrupt)?;
    let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if mode & 0o077 != 0 {
        log.warning(&format!(
            "key file {}: others may read it; `chmod 600 {}`",
            shown_path(path),
            word(&path.to_string_lossy())
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::input("is no UTF-8 text"))?;
    match text.trim() {
        "" => Err(Error::input("it is empty")),
        key => Ok(key.to_owned()),
    }
}
