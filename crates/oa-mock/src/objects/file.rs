//! A stored file, and how the API shows it.

use bytes::Bytes;

use crate::objects::error::ApiError;
use crate::objects::json::{FOREIGN, Json};

const BATCH_LIFE: u64 = 30 * 24 * 3600;

/// A stored file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// What it holds, up to the limit of the form it came in.
    pub(crate) content: Bytes,
    pub(crate) purpose: String,
    pub(crate) created_at: u64,
    pub(crate) expires_at: Option<u64>,
}

impl File {
    /// The File object.
    pub(crate) fn json(&self) -> Json {
        let mut file = Json::object([
            ("id", self.id.as_str().into()),
            ("object", "file".into()),
            ("bytes", self.bytes.into()),
            ("created_at", self.created_at.into()),
            ("filename", self.name.as_str().into()),
            ("purpose", self.purpose.as_str().into()),
            ("status", "processed".into()),
            ("status_details", Json::Null),
        ]);
        if let Some(end) = self.expires_at {
            file.set("expires_at", end.into());
        }
        file.set("x_mock", Json::read(FOREIGN).unwrap_or(Json::Null));
        file
    }

    /// Whether its time has come. Batch files go after 30 days, the others only when asked.
    pub(crate) fn expired(&self, now: u64) -> bool {
        let batch = (self.purpose == "batch").then_some(self.created_at + BATCH_LIFE);
        self.expires_at.or(batch).is_some_and(|end| end <= now)
    }
}

/// The error about a file that is not there.
pub(crate) fn unknown(id: &str) -> ApiError {
    ApiError::new(404, format!("No such File object: {id}")).param("id")
}
