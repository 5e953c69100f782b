//! A stored file: what it holds and how long it lives.

use bytes::Bytes;

use crate::json::Json;

const BATCH_LIFE: u64 = 30 * 24 * 3600;

/// Where a file is looked up by its id: a copy, so that nobody waits for the store while megabytes are read.
pub(crate) type Files<'a> = dyn Fn(&str) -> Option<File> + 'a;

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
            ("id", (&self.id).into()),
            ("object", "file".into()),
            ("bytes", self.bytes.into()),
            ("created_at", self.created_at.into()),
            ("filename", (&self.name).into()),
            ("purpose", (&self.purpose).into()),
            ("status", "processed".into()),
            ("status_details", Json::Null),
        ]);
        if let Some(end) = self.expires_at {
            file.set("expires_at", end);
        }
        file.marked()
    }

    /// Whether its time has come. Batch files go after 30 days, the others only when asked.
    pub(crate) fn expired(&self, now: u64) -> bool {
        let batch = (self.purpose == "batch").then_some(self.created_at + BATCH_LIFE);
        self.expires_at.or(batch).is_some_and(|end| end <= now)
    }

    /// What its name ends with, from the last dot on; `.bashrc` has no such end.
    pub(crate) fn extension(&self) -> &str {
        extension(&self.name)
    }
}

/// Whether a file of this name may hold the requests of a Batch.
pub(crate) fn has_lines(name: &str) -> bool {
    extension(name) == ".jsonl"
}

fn extension(name: &str) -> &str {
    let dot = name.rfind('.').filter(|dot| *dot > 0);
    dot.map_or("", |dot| &name[dot..])
}

#[cfg(test)]
mod tests {
    use super::extension;

    #[test]
    fn extensions_are_told() {
        let rows = [
            ("a.pdf", ".pdf"),
            ("a.tar.gz", ".gz"),
            (".bashrc", ""),
            ("README", ""),
            ("A.PNG", ".PNG"),
        ];
        for (name, wanted) in rows {
            assert_eq!(extension(name), wanted);
        }
    }
}
