//! The server and the way to it, from options and environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oa_core::retry::Limits;
use oa_core::settings::{Notice, Observer, Route, Settings};
use oa_core::{Error, Kind, Result};

use crate::address::{DEFAULT_BASE_URL, Target};
use crate::duration::{duration, limit};
use crate::headers::headers;
use crate::local;
use crate::log::{Level, Log};
use crate::pipe::Pipe;
use crate::shell::word;
use crate::signal::Interrupt;

/// Bytes of a key file that are read; a device never ends.
const LONGEST_KEY_FILE: u64 = 64 << 10;
/// Bytes of a file with certificates; the bundles of systems have a quarter of a million.
const LONGEST_CERTIFICATES: u64 = 16 << 20;

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
    /// Give up a connection that is not made in time; 0: never
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = limit)]
    pub connect_timeout: Duration,
    /// Wait that long for one answer; 0: for ever
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = limit)]
    pub timeout: Duration,
    /// Try again that often where it is safe; what a rate limit refuses is asked
    /// again in any case
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub retries: u32,
    /// Give up where a server asks to wait longer than this, or where a rate
    /// limit lets nothing through for so long
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = duration)]
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
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub keepalive_time: Duration,
    /// Send the key over plain http to a host that is not this one
    #[arg(long)]
    pub allow_insecure_http: bool,
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
                .hint("export OPENAI_API_KEY=…, or name a file with --api-key-file"));
        };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "the API key is empty or holds characters that no key has";
            return Err(Error::new(Kind::Auth, message).hint("a quote, a blank or a second line?"));
        }
        Ok(key)
    }

    /// The base URL, checked.
    pub(crate) fn target(&self) -> Result<Target> {
        Target::parse(&self.base_url, self.allow_insecure_http)
    }

    /// All that a client is to know.
    ///
    /// # Errors
    /// `auth` without a key; `usage` for a URL that cannot be used, and for a key that would travel over plain http.
    pub(crate) fn settings(&self, pipe: &Pipe) -> Result<Settings> {
        let (log, interrupt) = (&pipe.log, &pipe.interrupt);
        let key = self.api_key(log, interrupt)?;
        log.keep_secret(&key);
        let target = self.target()?;
        let advice = (!target.base.contains("/v1")).then(|| {
            let meant = word(&format!("{}/v1", target.base));
            format!("the base URL has no /v1: is it {meant}?")
        });
        Ok(Settings {
            route: self.route(&target, interrupt),
            base: target.base,
            key,
            headers: headers()?,
            user_agent: format!("{}/{}", log.tool(), env!("CARGO_PKG_VERSION")),
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
            unwanted: pipe.unwanted(),
            tells_headers: log.shows(Level::Headers),
            observer: observer(log),
        })
    }

    /// How a connection is made.
    fn route(&self, target: &Target, interrupt: &Arc<Interrupt>) -> Route {
        let interrupt = Arc::clone(interrupt);
        Route {
            secure: target.secure,
            host: target.host.clone(),
            port: target.port,
            allow_insecure: self.allow_insecure_http,
            cacert: self.cacert.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
            keepalive: self.keepalive_time,
            read: Box::new(move |path, what| {
                let bytes = local::read(path, LONGEST_CERTIFICATES, &interrupt);
                Ok(bytes.map_err(|error| error.about(what))?)
            }),
        }
    }
}

/// Writes to the log what a client tells.
fn observer(log: &Arc<Log>) -> Observer {
    let (log, told) = (Arc::clone(log), AtomicBool::new(false));
    Box::new(move |notice| match notice {
        Notice::Exchange(text) => log.detail(Level::Exchanges, text),
        Notice::Header(text) => log.detail(Level::Headers, text),
        Notice::Limit(limit, now) => {
            // Where it stands in the line that is drawn, it need not be repeated.
            if !log.draws() || !told.swap(true, Ordering::SeqCst) {
                log.event("limit", &format!("{limit}, {now}"));
            }
            log.aside(limit);
        }
        Notice::Limits(sum) => {
            log.aside("");
            log.event("limit", sum);
        }
        Notice::Note(text) => log.note(text),
    })
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
