//! One request and the beginning of its answer, over one connection.

use std::time::{Duration, Instant};

use ureq::SendBody;
use ureq::http::{self, HeaderMap, HeaderName, Response};

use crate::body::Reader;
use crate::pool::Pooled;
use crate::request::Request;
use crate::retry::Effect;
use crate::server::Server;
use crate::settings::Notice;
use crate::stream::Watched;

/// Patience for requests that no model works on.
const SHORT: Duration = Duration::from_secs(30);
/// Patience for clean-up after a signal.
const HURRIED: Duration = Duration::from_secs(3);
/// Longest silence in the sending of a body.
const WRITE_SILENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Sends the request, its body from `reader`, and reads as far as the headers of the answer.
    pub(crate) fn exchange(
        &self,
        pooled: &Pooled,
        request: &Request,
        reader: Option<&mut Reader>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let head = self.head(request);
        match (reader, &request.body) {
            (Some(reader), Some((body, content_type))) => {
                let mut watched = Watched {
                    reader,
                    progress: request.progress,
                    done: 0,
                    connection: &pooled.connection,
                };
                let head = head
                    .header("content-type", content_type)
                    .header("content-length", body.length());
                let sent = head.body(SendBody::from_reader(&mut watched))?;
                self.run(pooled, request, sent)
            }
            _ if request.method == "POST" => {
                let sent = head.header("content-length", 0).body(())?;
                self.run(pooled, request, sent)
            }
            _ => self.run(pooled, request, head.body(())?),
        }
    }

    /// Method, address and headers.
    fn head(&self, request: &Request) -> http::request::Builder {
        let mut head = http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.settings.base, request.path))
            .header("authorization", format!("Bearer {}", self.settings.key))
            .header("accept", request.accept());
        if request.streams {
            // A stream that is packed comes in pieces as large as the packer likes.
            head = head.header("accept-encoding", "identity");
        }
        for (name, value) in &self.settings.headers {
            // They take the place of our own of the same name.
            let own = head.headers_mut().zip(HeaderName::try_from(name).ok());
            if let Some((headers, name)) = own {
                headers.remove(name);
            }
            head = head.header(name, value);
        }
        head
    }

    /// Sends it with its time-outs: a model may think long, everything else is short.
    fn run<S: ureq::AsSendBody>(
        &self,
        pooled: &Pooled,
        request: &Request,
        sent: http::Request<S>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        self.show_headers(">", sent.headers());
        let answer = self.patience(request);
        let connect = self.settings.connect_timeout.min(answer);
        // The connection itself bounds the whole answer, or the silence between two events.
        pooled.connection.begin_request(answer);
        let idle = if request.may_share() {
            oa_net::IDLE
        } else {
            Duration::ZERO
        };
        let sent = pooled
            .agent
            .configure_request(sent)
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_write(Some(WRITE_SILENCE.min(answer)))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(answer))
            .max_idle_age(idle)
            .build();
        pooled.agent.run(sent)
    }

    /// How long the server may take for its answer.
    fn patience(&self, request: &Request) -> Duration {
        let answer = match request.effect {
            _ if request.cleans_up && self.cancel().signal().is_some() => HURRIED,
            Effect::Creates => self.settings.timeout,
            Effect::Idempotent => self.settings.timeout.min(SHORT),
        };
        let left = request.deadline;
        let left = left.map(|end| end.saturating_duration_since(Instant::now()));
        let answer = answer.min(left.unwrap_or(answer));
        answer.max(Duration::from_millis(1))
    }

    /// Tells headers, where they are wanted.
    pub(crate) fn show_headers(&self, arrow: &str, headers: &HeaderMap) {
        if !self.settings.tells_headers {
            return;
        }
        let own = &self.settings.headers;
        for (name, value) in headers {
            let private = name == "authorization" || own.iter().any(|own| own.0 == name.as_str());
            let value = match value.to_str() {
                Ok(value) if !private => value,
                _ => "***",
            };
            let line = format!("{arrow} {name}: {value}");
            self.settings.tell(&Notice::Header(&line));
        }
    }
}
