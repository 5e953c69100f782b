//! What an answer must be, and whether it is.

use serde_json::value::RawValue;

use crate::field::Fields;
use crate::id::kind_of;
use crate::words::says_something;

/// What an answer with a good status must be. Objects are known by what was asked for and by their `id`: the word
/// in `object` differs from server to server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// An object with an id; the word for it in a message, e.g. `file`.
    Object(&'static str),
    /// A Response: an object with an id, or, from servers that leave it out, with `status` or `output`.
    Response,
    /// The same, asked for by its id, so that it need not say that again: its `status` or `file_counts` will do.
    Known(&'static str),
    /// An object with `data`.
    List,
    /// An object with `input_tokens`: how large a question is.
    Count,
    /// Bytes of any kind, for a file ([`crate::client::Client::download`]).
    Bytes,
    /// A JSON object that is no other object and does not say `"deleted":false`; or nothing at all.
    Deleted,
}

impl Expect {
    /// Bytes that are read of such an answer. A page of a list and one object are small; a Response may hold
    /// pictures.
    #[must_use]
    pub fn most(self) -> usize {
        match self {
            Expect::Response => 256 << 20,
            _ => 16 << 20,
        }
    }
}

/// Whether an object is what was asked for.
pub(crate) fn is_known(object: &RawValue, expect: Expect) -> bool {
    let fields = Fields::of(
        object,
        &[
            "id",
            "object",
            "status",
            "output",
            "file_counts",
            "error",
            "deleted",
            "data",
            "input_tokens",
        ],
    );
    let has = |key| fields.raw(key).is_some();
    let id = fields.text("id").is_some_and(|id| !id.is_empty());
    let fault = fields.raw("error").is_some_and(says_something);
    let deleted: Option<bool> = fields.get("deleted");
    match expect {
        _ if other_kind(object, expect).is_some() => false,
        Expect::Response => id || has("status") || has("output"),
        Expect::Object(_) => id && !fault,
        Expect::Known(_) => (id || has("status") || has("file_counts")) && !fault,
        Expect::List => fields.raw("data").is_some_and(|d| d.get().starts_with('[')),
        Expect::Count => fields.get::<u64>("input_tokens").is_some() && !fault,
        Expect::Bytes => true,
        Expect::Deleted => {
            let says = has("deleted") && deleted != Some(false);
            !fault && (says || !has("deleted") && !has("object"))
        }
    }
}

/// The kind of thing that an object is, where it is none that was asked for: its id and its `object` agree on it.
pub(crate) fn other_kind(object: &RawValue, expect: Expect) -> Option<&'static str> {
    let wanted = match expect {
        Expect::Response => "response",
        Expect::Object(kind) | Expect::Known(kind) => kind,
        Expect::List | Expect::Count | Expect::Bytes | Expect::Deleted => return None,
    };
    let fields = Fields::of(object, &["id", "object"]);
    let named = kind_of(&fields.text("id")?)?;
    (named != wanted && fields.text("object").as_deref() == Some(named)).then_some(named)
}
