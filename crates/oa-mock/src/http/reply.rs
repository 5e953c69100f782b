//! An answer before it is bytes on a connection: status, headers, and what it holds.

use std::time::Duration;

use bytes::Bytes;

use crate::json::Json;
use crate::limit::words::Admitted;
use crate::objects::error::ApiError;
use crate::objects::stream::Play;

/// The content type of documents.
pub(crate) const JSON: &str = "application/json";
/// The content type of server-sent events.
pub(crate) const EVENTS: &str = "text/event-stream; charset=utf-8";

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    /// The connection ends behind it, although nothing in it says so.
    pub(crate) last: bool,
    /// The work on it takes that long.
    pub(crate) takes: Duration,
}

/// What an answer holds.
pub(crate) enum Content {
    Bytes(Bytes),
    /// Bytes that are not the end, whatever length was promised: then the connection closes, or falls
    /// silent.
    Broken {
        bytes: Bytes,
        promised: Option<u64>,
        silent: bool,
    },
    /// A JSON string of so many bytes.
    Huge(u64),
    Events(Play),
}

impl Reply {
    /// An answer of this content type.
    pub(crate) fn new(status: u16, kind: &str, content: Content) -> Reply {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Reply {
            status,
            headers,
            content,
            last: false,
            takes: Duration::ZERO,
        }
    }

    /// A JSON document.
    pub(crate) fn json(document: &Json) -> Reply {
        Reply::text(200, JSON, document.write())
    }

    /// What is said of an object that is gone.
    pub(crate) fn deleted(id: &str, object: &str) -> Reply {
        let id = ("id", id.into());
        Reply::json(&Json::object([
            id,
            ("object", object.into()),
            ("deleted", true.into()),
        ]))
    }

    /// A text of this content type.
    pub(crate) fn text(status: u16, kind: &str, text: String) -> Reply {
        Reply::new(status, kind, Content::Bytes(text.into()))
    }

    /// Server-sent events.
    pub(crate) fn events(play: Play) -> Reply {
        Reply::new(200, EVENTS, Content::Events(play))
    }

    /// The same answer to something that a limit let in.
    pub(crate) fn admitted(mut self, admitted: Admitted) -> Reply {
        self.headers.extend(admitted.headers);
        self.takes = admitted.latency;
        self
    }

    /// Whether it is no whole answer.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.content, Content::Broken { .. })
    }

    /// The same answer with this header, in place of one of its name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Reply {
        Reply::text(error.status, JSON, error.body().write())
    }
}
