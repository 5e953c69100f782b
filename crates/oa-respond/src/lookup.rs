//! Files of which only the id is known, asked for once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::machine::lock;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Id, Result};
use oa_pipe::file::File;

/// What the server said of files so far.
#[derive(Default)]
pub(crate) struct Lookup {
    known: Mutex<BTreeMap<Id, File>>,
}

impl Lookup {
    /// The file with its name, which decides how it is attached. Where nothing is sent it stays as it is.
    pub(crate) fn complete(&self, file: File, client: Option<&Client>) -> Result<File> {
        let (Some(id), None, None, Some(client)) =
            (&file.id, &file.filename, &file.purpose, client)
        else {
            return Ok(file);
        };
        let known = lock(&self.known).get(id).cloned();
        let known = known.map_or_else(|| self.ask(id, client), Ok)?;
        // What the record says of it stays.
        Ok(File {
            id: file.id,
            path: file.path,
            bytes: file.bytes.or(known.bytes),
            expires_at: file.expires_at.or(known.expires_at),
            ..known
        })
    }

    fn ask(&self, id: &Id, client: &Client) -> Result<File> {
        let answer = client.call(&Request::get(id.under("/files"), Expect::Object("file")));
        let answer = answer.map_err(|mut error| {
            if error.status == Some(404) {
                let hint = "does the key belong to another project, or has the file expired?";
                error.hint = Some(hint.to_owned());
            }
            error.about(id.as_str())
        })?;
        let found = File::read(&answer.object);
        lock(&self.known).insert(id.clone(), found.clone());
        Ok(found)
    }
}
