//! An answer before it is bytes on a connection: status, headers, and what it holds.

use bytes::Bytes;

use crate::objects::error::ApiError;
use crate::objects::json::Json;
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
        }
    }

    /// A JSON document.
    pub(crate) fn json(status: u16, document: &Json) -> Reply {
        Reply::text(status, JSON, document.write())
    }

    /// A text of this content type.
    pub(crate) fn text(status: u16, kind: &str, text: String) -> Reply {
        Reply::new(status, kind, Content::Bytes(text.into()))
    }

    /// Server-sent events.
    pub(crate) fn events(play: Play) -> Reply {
        Reply::new(200, EVENTS, Content::Events(play))
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
        Reply::json(error.status, &error.body())
    }
}
